//! A set of shard numbers.

/// Some of the shards 0..256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShardSet([u64; 4]);

impl ShardSet {
    /// The shards before `end`.
    #[cfg(feature = "alloc")]
    pub(super) fn below(end: usize) -> ShardSet {
        let mut set = ShardSet::default();
        (0..end).for_each(|shard| set.insert(shard));
        set
    }

    pub(super) fn insert(&mut self, shard: usize) {
        if let Some(word) = self.0.get_mut(shard / 64) {
            *word |= 1 << (shard % 64);
        }
    }

    pub(super) fn contains(&self, shard: usize) -> bool {
        self.0.get(shard / 64).is_some_and(|word| word >> (shard % 64) & 1 != 0)
    }

    /// The set of all members xor `direction`.
    #[cfg(feature = "alloc")]
    pub(super) fn moved(self, direction: usize) -> ShardSet {
        const HALVES: [u64; 6] = [
            0x5555_5555_5555_5555,
            0x3333_3333_3333_3333,
            0x0f0f_0f0f_0f0f_0f0f,
            0x00ff_00ff_00ff_00ff,
            0x0000_ffff_0000_ffff,
            0x0000_0000_ffff_ffff,
        ];
        ShardSet(core::array::from_fn(|i| {
            let mut word = self.0[(i ^ direction >> 6) & 3];
            for (bit, half) in HALVES.iter().enumerate() {
                if direction >> bit & 1 != 0 {
                    word = (word & half) << (1 << bit) | (word >> (1 << bit)) & half;
                }
            }
            word
        }))
    }

    #[cfg(feature = "alloc")]
    pub(super) fn and(self, other: ShardSet) -> ShardSet {
        ShardSet(core::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    #[cfg(feature = "alloc")]
    pub(super) fn without(self, other: ShardSet) -> ShardSet {
        ShardSet(core::array::from_fn(|i| self.0[i] & !other.0[i]))
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many members are below `shard`: its place among them.
    pub(super) fn rank(&self, shard: usize) -> usize {
        let below = self.0.iter().enumerate().map(|(i, word)| match shard.saturating_sub(64 * i) {
            0 => 0,
            bits @ 1..64 => word & ((1 << bits) - 1),
            _ => *word,
        });
        below.map(|word| word.count_ones() as usize).sum()
    }

    /// The members, in rising order.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(i, mut word)| {
            core::iter::from_fn(move || {
                let bit = word.trailing_zeros() as usize;
                // Clears the lowest bit; of an empty word there is none.
                word &= word.checked_sub(1)?;
                Some(64 * i + bit)
            })
        })
    }
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::*;

    #[test]
    fn moved_members_are_xored() {
        let mut set = ShardSet::default();
        [0, 1, 5, 63, 64, 100, 131, 200, 255].into_iter().for_each(|member| set.insert(member));
        for direction in 0..256 {
            let moved = set.moved(direction);
            for label in 0..256 {
                assert_eq!(moved.contains(label), set.contains(label ^ direction));
            }
            assert!(moved.without(set).and(set).len() == 0);
        }
    }

    #[test]
    fn ranks_count_what_is_below() {
        let mut set = ShardSet::default();
        [0, 1, 5, 63, 64, 100, 131, 200, 255].into_iter().for_each(|member| set.insert(member));
        for shard in 0..300 {
            assert_eq!(set.rank(shard), set.iter().filter(|member| *member < shard).count());
        }
    }
}
