//! Which OST gets which stripe: round robin, and no two members of a RAID set on one OST.

use alloc::vec::Vec;

use crate::layout::raid::RaidSets;

/// The OSTs that one component may use, and where the round robin stands.
pub(super) struct Robin<'a> {
    pub(super) osts: &'a [u32],
    pub(super) next: usize,
}

impl Robin<'_> {
    /// The next OST in turn that `refused` does not name.
    fn take(&mut self, refused: &[u32]) -> Option<u32> {
        for step in 0..self.osts.len() {
            let at = (self.next + step) % self.osts.len();
            if !refused.contains(&self.osts[at]) {
                self.next = at + 1;
                return Some(self.osts[at]);
            }
        }
        None
    }

    /// OSTs for `count` stripes in turn; they repeat when there are fewer OSTs.
    pub(super) fn stripes(&mut self, count: u32) -> Vec<u32> {
        (0..count).map_while(|_| self.take(&[])).collect()
    }

    /// OSTs for the parity of a row, by parity position. `None` if a RAID set has more members
    /// than there are OSTs.
    pub(super) fn parity(&mut self, row: &Row<'_>) -> Option<Vec<u32>> {
        let count = row.sets.count() * row.parity;
        let mut chosen = Vec::new();
        for position in 0..count {
            let refused = row.neighbours(position, &chosen, row.skewed);
            let ost = self.take(&refused).or_else(|| {
                // With a skewed row only the nominal set can be kept apart if OSTs are few.
                self.take(&row.neighbours(position, &chosen, false))
            })?;
            chosen.push(ost);
        }
        Some(chosen)
    }
}

/// A row of an EC pair: the OSTs of its data by position, and its RAID sets.
pub(super) struct Row<'a> {
    pub(super) sets: RaidSets,
    /// Parity stripes of each set.
    pub(super) parity: u32,
    pub(super) data: &'a [u32],
    /// The component does not start on a stripe boundary: a stripe of the code then has bytes in
    /// two objects, its own position's and the next one's.
    pub(super) skewed: bool,
}

impl Row<'_> {
    /// OSTs that hold members of the sets that parity position `position` belongs to, among the
    /// data and the parity chosen so far.
    fn neighbours(&self, position: u32, chosen: &[u32], skewed: bool) -> Vec<u32> {
        let count = self.sets.count() * self.parity;
        let stripes = self.sets.stripes();
        let mut osts = Vec::new();
        let previous = (position + count - 1) % count;
        let both = [position, previous];
        for stripe in &both[..if skewed { 2 } else { 1 }] {
            let set = self.sets.get(stripe / self.parity);
            let beyond = u32::from(skewed);
            for data in set.first..set.first + set.data + beyond {
                osts.extend(self.data.get((data % stripes) as usize));
            }
            let first = set.index * self.parity;
            for parity in first..first + self.parity + beyond {
                osts.extend(chosen.get((parity % count) as usize));
            }
        }
        osts
    }
}

/// The first OST that two members of a set would share, and the set.
pub(super) fn shared(sets: RaidSets, data: &[u32]) -> Option<(u32, u32)> {
    sets.iter().find_map(|set| {
        let members = data.get(set.first as usize..(set.first + set.data) as usize)?;
        let twice = members.iter().enumerate().find(|(at, ost)| members[..*at].contains(ost));
        twice.map(|(_, &ost)| (set.index, ost))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Every set's members on OSTs of their own, for all small geometries that there are OSTs for.
    #[test]
    fn sets_are_apart() {
        for osts in 2..=12u32 {
            let all: Vec<u32> = (100..100 + osts).collect();
            for stripes in 1..=24 {
                for k in 1..=stripes.min(osts) {
                    for parity in 1..=4 {
                        let sets = RaidSets::split(stripes, k);
                        let mut robin = Robin { osts: &all, next: (stripes * k) as usize };
                        let data = robin.stripes(stripes);
                        let row = Row { sets, parity, data: &data, skewed: false };
                        let chosen = robin.parity(&row);
                        if sets.largest() + parity > osts {
                            continue;
                        }
                        let chosen = chosen.expect("OSTs enough");
                        assert_eq!(chosen.len(), (sets.count() * parity) as usize);
                        for set in sets.iter() {
                            let mut members: Vec<u32> =
                                data[set.first as usize..(set.first + set.data) as usize].to_vec();
                            let first = (set.index * parity) as usize;
                            members.extend(&chosen[first..first + parity as usize]);
                            let count = members.len();
                            members.sort_unstable();
                            members.dedup();
                            assert_eq!(members.len(), count, "{osts} {stripes} {k}+{parity}");
                        }
                    }
                }
            }
        }
    }

    /// Where a stripe of the code goes over into the next position's object, the members of a set
    /// are apart before and behind that place.
    #[test]
    fn skewed_sets_are_apart() {
        for (stripes, k, parity) in [(4, 2, 1), (8, 4, 2), (11, 4, 2), (9, 3, 3), (5, 5, 2)] {
            let all: Vec<u32> = (0..2 * (k + parity) + stripes).collect();
            for next in 0..all.len() {
                let sets = RaidSets::split(stripes, k);
                // The data from the first OST on, the parity from any.
                let data = Robin { osts: &all, next: 0 }.stripes(stripes);
                let mut robin = Robin { osts: &all, next };
                let row = Row { sets, parity, data: &data, skewed: true };
                let chosen = robin.parity(&row).expect("OSTs enough");
                for (set, late) in sets.iter().flat_map(|set| [(set, 0), (set, 1)]) {
                    let first = set.index * parity;
                    let at = |osts: &[u32], at: u32| osts[(at + late) as usize % osts.len()];
                    let mut members: Vec<u32> = (0..set.data)
                        .map(|i| at(&data, set.first + i))
                        .chain((0..parity).map(|j| at(&chosen, first + j)))
                        .collect();
                    let count = members.len();
                    members.sort_unstable();
                    members.dedup();
                    assert_eq!(members.len(), count, "{stripes} {k}+{parity}, from {next}");
                }
            }
        }
    }

    #[test]
    fn too_few_osts_give_none() {
        let osts = [1, 2, 3];
        let mut robin = Robin { osts: &osts, next: 0 };
        let data = robin.stripes(3);
        let row = Row { sets: RaidSets::split(3, 3), parity: 1, data: &data, skewed: false };
        assert_eq!(robin.parity(&row), None);
        let mut none = Robin { osts: &[], next: 0 };
        assert_eq!(none.stripes(4), vec![]);
    }
}
