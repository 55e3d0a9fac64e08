//! A set of shard numbers.

/// Some of the shards 0..256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ShardSet([u64; 4]);

impl ShardSet {
    pub(super) fn insert(&mut self, shard: usize) {
        if let Some(word) = self.0.get_mut(shard / 64) {
            *word |= 1 << (shard % 64);
        }
    }

    pub(super) fn contains(&self, shard: usize) -> bool {
        self.0.get(shard / 64).is_some_and(|word| word >> (shard % 64) & 1 != 0)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many members are below `shard`: its place among them.
    pub(super) fn rank(&self, shard: usize) -> usize {
        self.iter().take_while(|member| *member < shard).count()
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
