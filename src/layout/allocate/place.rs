//! Which OST gets which stripe: in turn or by weight, and no two members of a RAID set together.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::layout::raid::RaidSets;

/// An OST that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) ost: u32,
    /// What fails together: members of a RAID set differ in it.
    pub(super) domain: u64,
}

/// Numbers for weighted choices: SplitMix64, of which every seed is good.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn below(&mut self, bound: u128) -> u128 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // The bound is a sum of at most 2^16 weights of 32 bits, so this fits.
        (u128::from(z) * bound) >> 64
    }
}

/// The OSTs that one component may use.
pub(super) struct Picker<'a> {
    pub(super) places: &'a [Place],
    /// Where the round robin stands.
    pub(super) next: usize,
    /// For a choice by weight: the weight of each place, at most 32 bits, and the numbers.
    pub(super) weights: Option<(&'a [u64], Random)>,
    /// Domains that other mirrors use: taken only if there is no other.
    pub(super) avoided: &'a [u64],
    /// How often each place was taken.
    used: Vec<u32>,
}

impl<'a> Picker<'a> {
    pub(super) fn new(
        places: &'a [Place],
        next: usize,
        weights: Option<(&'a [u64], Random)>,
        avoided: &'a [u64],
    ) -> Self {
        Picker { places, next, weights, avoided, used: vec![0; places.len()] }
    }

    /// The next place that `refused` does not name, outside the avoided domains if possible.
    /// `refused` is told how often the place was taken.
    fn take(&mut self, refused: &dyn Fn(&Place, u32) -> bool) -> Option<Place> {
        let avoided = self.avoided;
        let soft =
            |place: &Place, used: u32| refused(place, used) || avoided.contains(&place.domain);
        let at = match avoided.is_empty() {
            true => self.find(refused),
            false => self.find(&soft).or_else(|| self.find(refused)),
        }?;
        self.next = at + 1;
        self.used[at] += 1;
        Some(self.places[at])
    }

    fn find(&mut self, refused: &dyn Fn(&Place, u32) -> bool) -> Option<usize> {
        let count = self.places.len();
        let Some((weights, random)) = &mut self.weights else {
            let mut turn = (0..count).map(|step| (self.next + step) % count);
            return turn.find(|&at| !refused(&self.places[at], self.used[at]));
        };
        // Each place once before any is taken twice.
        let open = |at: &usize| !refused(&self.places[*at], self.used[*at]);
        let round = (0..count).filter(open).map(|at| self.used[at]).min()?;
        let open: Vec<usize> =
            (0..count).filter(open).filter(|&at| self.used[at] == round).collect();
        // A full OST can still be taken where nothing else is left.
        let total: u128 = open.iter().map(|&at| u128::from(weights[at].max(1))).sum();
        let mut point = random.below(total);
        open.into_iter().find(|&at| {
            let weight = u128::from(weights[at].max(1));
            let hit = point < weight;
            point = point.wrapping_sub(weight);
            hit
        })
    }

    /// Places for `count` stripes; they repeat when there are fewer.
    pub(super) fn stripes(&mut self, count: u32) -> Vec<Place> {
        let all = self.places.len().max(1) as u32;
        (0..count).map_while(|at| self.take(&|_, used| used > at / all)).collect()
    }

    /// Places for the data of a row by position, each RAID set in domains of its own. `once`: no
    /// OST twice in the row. `None` if that cannot be.
    pub(super) fn data(&mut self, sets: RaidSets, once: bool, skewed: bool) -> Option<Vec<Place>> {
        let start = (self.next, self.used.clone());
        let in_turn = self.data_in_turn(sets, once, skewed);
        // In turn a later set can be left without the domains that earlier ones used up.
        in_turn.or_else(|| {
            (self.next, self.used) = start;
            self.data_spread(sets, once)
        })
    }

    fn data_in_turn(&mut self, sets: RaidSets, once: bool, skewed: bool) -> Option<Vec<Place>> {
        let mut chosen: Vec<Place> = Vec::with_capacity(sets.stripes() as usize);
        for set in sets.iter() {
            for position in set.first..set.first + set.data {
                let mut near = chosen[set.first as usize..].to_vec();
                if skewed {
                    // A stripe of the code reaches into the next position's object.
                    let before = set.index.checked_sub(1).map(|before| sets.get(before));
                    if let (true, Some(before)) = (position == set.first, before) {
                        near.extend(&chosen[before.first as usize..]);
                    }
                    if set.index + 1 == sets.count() {
                        near.extend(chosen.first());
                    }
                }
                let refused = |place: &Place, used: u32, near: &[Place]| {
                    once && used > 0 || near.iter().any(|other| other.domain == place.domain)
                };
                let own = &chosen[set.first as usize..];
                let choice = self
                    .take(&|place, used| refused(place, used, &near))
                    .or_else(|| self.take(&|place, used| refused(place, used, own)));
                chosen.push(choice?);
            }
        }
        Some(chosen)
    }

    /// Each set takes the domains that have most places left, which leaves the later sets as many
    /// domains as can be.
    fn data_spread(&mut self, sets: RaidSets, once: bool) -> Option<Vec<Place>> {
        let mut left: BTreeMap<u64, u32> = BTreeMap::new();
        for place in self.places {
            *left.entry(place.domain).or_default() += 1;
        }
        let mut chosen: Vec<Place> = Vec::with_capacity(sets.stripes() as usize);
        for set in sets.iter() {
            for _ in 0..set.data {
                let own = &chosen[set.first as usize..];
                let open = |at: &usize| {
                    !(once && self.used[*at] > 0)
                        && own.iter().all(|other| other.domain != self.places[*at].domain)
                };
                // The first of those with most left.
                let key = |at: &usize| {
                    let place = &self.places[*at];
                    (core::cmp::Reverse(self.used[*at]), left.get(&place.domain).copied())
                };
                let at = (0..self.places.len()).rev().filter(open).max_by_key(key)?;
                let place = self.places[at];
                self.used[at] += 1;
                left.entry(place.domain).and_modify(|left| *left = left.saturating_sub(1));
                chosen.push(place);
            }
        }
        Some(chosen)
    }

    /// Places for the parity of a row, by parity position. `None` if a RAID set has more members
    /// than there are domains.
    pub(super) fn parity(&mut self, row: &Row<'_>) -> Option<Vec<Place>> {
        let count = row.sets.count() * row.parity;
        let mut chosen: Vec<Place> = Vec::new();
        for position in 0..count {
            let near = row.neighbours(position, &chosen, row.skewed);
            // With a skewed row only the nominal set can be kept apart if OSTs are few.
            let nominal = row.neighbours(position, &chosen, false);
            let place = self
                .take(&|place, _| near.contains(&place.domain))
                .or_else(|| self.take(&|place, _| nominal.contains(&place.domain)))?;
            chosen.push(place);
        }
        Some(chosen)
    }
}

/// A row of an EC pair: the places of its data by position, and its RAID sets.
pub(super) struct Row<'a> {
    pub(super) sets: RaidSets,
    /// Parity stripes of each set.
    pub(super) parity: u32,
    pub(super) data: &'a [Place],
    /// The component does not start on a stripe boundary: a stripe of the code then has bytes in
    /// two objects, its own position's and the next one's.
    pub(super) skewed: bool,
}

impl Row<'_> {
    /// Domains of the members of the sets that parity position `position` belongs to, among the
    /// data and the parity chosen so far.
    fn neighbours(&self, position: u32, chosen: &[Place], skewed: bool) -> Vec<u64> {
        let count = self.sets.count() * self.parity;
        let stripes = self.sets.stripes();
        let mut domains = Vec::new();
        let mut add = |places: &[Place], range: Range<u32>, modulus: u32| {
            let places = range.filter_map(|at| places.get((at % modulus) as usize));
            domains.extend(places.map(|place| place.domain));
        };
        let previous = (position + count - 1) % count;
        let both = [position, previous];
        for stripe in &both[..if skewed { 2 } else { 1 }] {
            let set = self.sets.get(stripe / self.parity);
            let beyond = u32::from(skewed);
            add(self.data, set.first..set.first + set.data + beyond, stripes);
            let first = set.index * self.parity;
            add(chosen, first..first + self.parity + beyond, count);
        }
        domains
    }
}

/// The first two members of a set that would be in one domain: the set, and the later one's OST.
pub(super) fn shared(sets: RaidSets, data: &[Place]) -> Option<(u32, u32)> {
    sets.iter().find_map(|set| {
        let members = data.get(set.first as usize..(set.first + set.data) as usize)?;
        let twice = members
            .iter()
            .enumerate()
            .find(|(at, place)| members[..*at].iter().any(|other| other.domain == place.domain));
        twice.map(|(_, place)| (set.index, place.ost))
    })
}

#[cfg(test)]
mod tests;
