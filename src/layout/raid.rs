//! A row of data stripes split into RAID sets.
//!
//! The layout stores only the data stripes asked for per set; the real sizes follow from the
//! component's stripe count, as Lustre's `ec_split_stripes` gives them.

/// How the data stripes of a component form RAID sets: first the larger sets, then those that are
/// one stripe smaller.
///
/// ```
/// use lustrine::layout::raid::RaidSets;
/// let sets: Vec<u32> = RaidSets::split(11, 4).iter().map(|set| set.data).collect();
/// assert_eq!(sets, [4, 4, 3]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RaidSets {
    large_sets: u32,
    large: u32,
    small_sets: u32,
    small: u32,
}

/// One RAID set: `data` consecutive data stripes of every row, from stripe `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RaidSet {
    /// Position among the sets of a row, from 0.
    pub index: u32,
    /// Its first data stripe in the row.
    pub first: u32,
    /// Its data stripes: the k of its code. 1 means that parity is a copy.
    pub data: u32,
}

impl RaidSets {
    /// Splits `stripes` data stripes into sets of about `data` (the stored k).
    ///
    /// No stripes give no sets; `data` 0 counts as 1. Constant time.
    pub fn split(stripes: u32, data: u32) -> RaidSets {
        let data = data.max(1);
        if stripes == 0 {
            return RaidSets { large_sets: 0, large: 0, small_sets: 0, small: 0 };
        }
        if data >= stripes || stripes < 4 {
            return RaidSets { large_sets: 1, large: stripes, small_sets: 0, small: 0 };
        }
        if stripes.is_multiple_of(data) {
            return RaidSets { large_sets: stripes / data, large: data, small_sets: 0, small: 0 };
        }
        let sets = stripes / data + 1;
        let small = stripes / sets;
        match stripes % sets {
            0 => RaidSets { large_sets: sets, large: small, small_sets: 0, small: 0 },
            large_sets => {
                RaidSets { large_sets, large: small + 1, small_sets: sets - large_sets, small }
            }
        }
    }

    /// Number of sets in a row.
    pub fn count(&self) -> u32 {
        self.large_sets + self.small_sets
    }

    /// Data stripes of the largest set: the widest code that the component needs.
    pub fn largest(&self) -> u32 {
        self.large
    }

    /// Data stripes of a row: what was split.
    pub fn stripes(&self) -> u32 {
        self.large_sets * self.large + self.small_sets * self.small
    }

    /// The set number `set`.
    ///
    /// # Panics
    /// If `set` is not below [`count`](Self::count).
    pub fn get(&self, set: u32) -> RaidSet {
        assert!(set < self.count(), "RAID set {set} of {}", self.count());
        if set < self.large_sets {
            RaidSet { index: set, first: set * self.large, data: self.large }
        } else {
            let first = self.large_sets * self.large + (set - self.large_sets) * self.small;
            RaidSet { index: set, first, data: self.small }
        }
    }

    /// The set that data stripe `stripe` belongs to.
    ///
    /// # Panics
    /// If `stripe` is not below [`stripes`](Self::stripes).
    pub fn set_of(&self, stripe: u32) -> RaidSet {
        assert!(stripe < self.stripes(), "stripe {stripe} of {}", self.stripes());
        let in_large = self.large_sets * self.large;
        if stripe < in_large {
            self.get(stripe / self.large)
        } else {
            self.get(self.large_sets + (stripe - in_large) / self.small)
        }
    }

    /// All sets of a row in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = RaidSet> + use<> {
        let sets = *self;
        (0..sets.count()).map(move |set| sets.get(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[track_caller]
    fn check(stripes: u32, data: u32, expected: &[(u32, u32)]) {
        let sets = RaidSets::split(stripes, data);
        let flat: Vec<u32> =
            expected.iter().flat_map(|&(n, k)| core::iter::repeat_n(k, n as usize)).collect();
        let got: Vec<u32> = sets.iter().map(|set| set.data).collect();
        assert_eq!(got, flat, "{stripes} stripes, k {data}");
    }

    /// The table of Lustre's split, pairs of (sets, stripes in each).
    #[test]
    fn splits_as_lustre() {
        check(3, 2, &[(1, 3)]);
        check(4, 2, &[(2, 2)]);
        check(5, 2, &[(2, 2), (1, 1)]);
        check(5, 4, &[(1, 3), (1, 2)]);
        check(7, 3, &[(1, 3), (2, 2)]);
        check(8, 3, &[(2, 3), (1, 2)]);
        check(9, 4, &[(3, 3)]);
        check(10, 4, &[(1, 4), (2, 3)]);
        check(11, 4, &[(2, 4), (1, 3)]);
        check(12, 8, &[(2, 6)]);
        check(13, 5, &[(1, 5), (2, 4)]);
        check(15, 7, &[(3, 5)]);
        check(15, 8, &[(1, 8), (1, 7)]);
        check(20, 8, &[(2, 7), (1, 6)]);
        check(20, 5, &[(4, 5)]);
        check(256, 64, &[(4, 64)]);
        check(2000, 32, &[(47, 32), (16, 31)]);
        check(1, 4, &[(1, 1)]);
        check(0, 4, &[]);
    }

    #[test]
    fn every_stripe_is_in_the_set_that_names_it() {
        for stripes in 1..=300 {
            for data in 0..=stripes + 1 {
                let sets = RaidSets::split(stripes, data);
                assert_eq!(sets.stripes(), stripes);
                let mut next = 0;
                for set in sets.iter() {
                    assert_eq!(set.first, next);
                    assert!(set.data >= 1 && set.data <= sets.largest());
                    for stripe in set.first..set.first + set.data {
                        assert_eq!(sets.set_of(stripe), set);
                    }
                    next += set.data;
                }
                assert_eq!(next, stripes);
            }
        }
    }
}
