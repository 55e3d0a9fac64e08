//! One column: from its power sums to the shards that are wrong in it.

use alloc::vec::Vec;

use super::super::geometry::{Geometry, MAX_PARITY};
use super::super::set::ShardSet;
use crate::gf::{Coef, inv, mul};

/// The most shards that can be named in one column.
pub(super) const MAX_WRONG: usize = MAX_PARITY / 2;

/// The power sums of a column, of which as many count as there are surplus shards.
pub(super) type Sums = [u8; MAX_PARITY];

/// Something for each of the culprits.
pub(super) type PerCulprit = [u8; MAX_WRONG];

/// The checks of the code that is left when the erased shards are taken away.
#[derive(Debug)]
pub(super) struct Checks {
    surplus: usize,
    /// The surviving shards, in rising order.
    labels: Vec<u8>,
    /// The multiplier of each in the power sums.
    weights: Vec<u8>,
}

impl Checks {
    /// `surviving` holds at least as many shards as `geometry` has data.
    pub(super) fn new(geometry: Geometry, surviving: ShardSet) -> Checks {
        let (k, n) = (geometry.data(), geometry.total());
        let surplus = surviving.len().saturating_sub(k);
        let distances = |of: usize, from: &mut dyn Iterator<Item = usize>| {
            from.filter(|other| *other != of).fold(1, |product, other| {
                // All labels differ, so no factor is zero.
                mul(product, (of ^ other) as u8)
            })
        };
        let weight = |shard| {
            let erased = distances(shard, &mut (0..n).filter(|s| !surviving.contains(*s)));
            mul(erased, inv(distances(shard, &mut (k..n))))
        };
        let labels = surviving.iter().map(|shard| shard as u8).collect();
        Checks { surplus, labels, weights: surviving.iter().map(weight).collect() }
    }

    /// How many power sums there are.
    pub(super) fn surplus(&self) -> usize {
        self.surplus
    }

    /// How many shards can be named in one column.
    pub(super) fn limit(&self) -> usize {
        self.surplus / 2
    }

    /// The shards that are there, in rising order.
    pub(super) fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// The table that makes power sums from the surplus shards' differences from what the others
    /// say they are: source after source, for each the sums.
    ///
    /// A row of zeros but for these differences is the row as it is plus one that has no damage, so
    /// its power sums are the same.
    pub(super) fn table(&self) -> Vec<Coef> {
        let used = self.labels.len() - self.surplus;
        let surplus = self.labels.iter().zip(&self.weights).skip(used);
        let powers = |(label, weight): (&u8, &u8)| {
            let (label, first) = (*label, *weight);
            core::iter::successors(Some(first), move |power| Some(mul(*power, label)))
                .take(self.surplus)
                .map(Coef::new)
        };
        surplus.flat_map(powers).collect()
    }

    /// The only set of at most [`limit`](Self::limit) shards that explains the sums, which are not
    /// all zero; `None` if there is none.
    pub(super) fn blame(&self, sums: &Sums) -> Option<Culprits> {
        let (locator, len) = shortest_recurrence(&sums[..self.surplus], self.limit())?;
        let mut found = [0; MAX_WRONG];
        let mut roots = 0;
        for label in &self.labels {
            let value = locator[..=len].iter().rev().fold(0, |sum, c| mul(sum, *label) ^ c);
            if value == 0 {
                *found.get_mut(roots)? = *label;
                roots += 1;
            }
        }
        // Fewer roots: some are twice there, in a larger field, or no shard's label.
        let culprits = Culprits::new(found.get(..len).filter(|_| roots == len)?);
        let values = culprits.explain(self.surplus, sums)?;
        values[..len].iter().all(|value| *value != 0).then_some(culprits)
    }

    /// The pairs of shards that, damaged by the same byte, look like damage of shard `label`.
    ///
    /// This can only be with two surplus shards: for more, three columns of the checks are
    /// independent.
    pub(super) fn look_alikes(&self, label: u8) -> Vec<LookAlike> {
        let mut pairs = Vec::new();
        if self.surplus != 2 {
            return pairs;
        }
        // w_a (a + label) = w_b (b + label), from w_a a + w_b b = label (w_a + w_b).
        let moment = |at: usize| mul(self.weights[at], self.labels[at] ^ label);
        for a in 0..self.labels.len() {
            for b in (a + 1)..self.labels.len() {
                if moment(a) == moment(b) && moment(a) != 0 {
                    pairs.push(LookAlike { a, b, factor: inv(self.weights[a] ^ self.weights[b]) });
                }
            }
        }
        pairs
    }
}

/// Two shards, by their place among the survivors. See [`Checks::look_alikes`].
#[derive(Clone, Copy, Debug)]
pub(super) struct LookAlike {
    a: usize,
    b: usize,
    /// Times the first power sum: the byte.
    factor: u8,
}

impl LookAlike {
    /// True if the column could be one where the two shards were swapped, or one where both had
    /// the same byte and now both have the same other one.
    pub(super) fn fits(&self, sums: &Sums, column: &[u8]) -> bool {
        let difference = column[self.a] ^ column[self.b];
        difference == 0 || difference == mul(self.factor, sums[0])
    }
}

/// The shortest linear recurrence of `sums` (Berlekamp and Massey), as the coefficients of its
/// characteristic polynomial, lowest first, and its length; `None` if it is longer than `limit`.
fn shortest_recurrence(sums: &[u8], limit: usize) -> Option<([u8; MAX_WRONG + 1], usize)> {
    // The recurrence so far, and the last one that was shorter, times x for each sum since.
    let (mut now, mut before) = ([0; MAX_PARITY + 1], [0; MAX_PARITY + 1]);
    (now[0], before[1]) = (1, 1);
    let (mut len, mut gap_of_before) = (0, 1);
    for (n, sum) in sums.iter().enumerate() {
        let earlier = now[1..].iter().zip(sums[..n].iter().rev()).take(len);
        let gap = earlier.fold(*sum, |gap, (c, sum)| gap ^ mul(*c, *sum));
        if gap != 0 {
            let factor = mul(gap, inv(gap_of_before));
            let shorter = now;
            for (c, b) in now.iter_mut().zip(before) {
                *c ^= mul(factor, b);
            }
            if 2 * len <= n {
                len = n + 1 - len;
                if len > limit {
                    return None;
                }
                (before, gap_of_before) = (shorter, gap);
            }
        }
        before.rotate_right(1);
        before[0] = 0;
    }
    let mut locator = [0; MAX_WRONG + 1];
    for (c, from) in locator.iter_mut().zip(now[..=len].iter().rev()) {
        *c = *from;
    }
    Some((locator, len))
}

/// A set of at most [`MAX_WRONG`] shards that may be wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Culprits {
    len: usize,
    shards: PerCulprit,
    /// The product of z + label over the set, lowest coefficient first.
    locator: [u8; MAX_WRONG + 1],
    /// For each shard, what the sums are multiplied by to give its value.
    extract: [PerCulprit; MAX_WRONG],
}

impl Culprits {
    /// `shards` are different, and at most [`MAX_WRONG`].
    pub(super) fn new(shards: &[u8]) -> Culprits {
        let shards = &shards[..shards.len().min(MAX_WRONG)];
        let len = shards.len();
        let mut set = Culprits {
            len,
            shards: [0; MAX_WRONG],
            locator: [0; MAX_WRONG + 1],
            extract: [[0; MAX_WRONG]; MAX_WRONG],
        };
        set.shards[..len].copy_from_slice(shards);
        set.locator[0] = 1;
        for label in shards {
            let mut carry = 0;
            for c in &mut set.locator {
                // Times z + label.
                (carry, *c) = (*c, carry ^ mul(*label, *c));
            }
        }
        for (row, label) in set.extract.iter_mut().zip(shards) {
            // Lagrange's polynomial, 1 at this label and 0 at the others: the locator divided by
            // z + label, from the top, and by what that is at the label.
            let (mut c, mut at_label) = (0, 0);
            for place in (0..len).rev() {
                c = set.locator[place + 1] ^ mul(*label, c);
                row[place] = c;
            }
            for c in row[..len].iter().rev() {
                at_label = mul(at_label, *label) ^ c;
            }
            let scale = inv(at_label);
            row.iter_mut().for_each(|c| *c = mul(*c, scale));
        }
        set
    }

    pub(super) fn shards(&self) -> &[u8] {
        &self.shards[..self.len]
    }

    /// If damage of these shards alone explains all sums: the multiple of its damage that each
    /// contributes, zero for one that has none.
    #[inline]
    pub(super) fn explain(&self, surplus: usize, sums: &Sums) -> Option<PerCulprit> {
        // Each window of sums, times the locator, is zero. Then the sums are those of the values
        // that explain the first of them, because they obey the same recurrence.
        for window in sums[..surplus].windows(self.len + 1) {
            if dot(&self.locator, window) != 0 {
                return None;
            }
        }
        let mut values = [0; MAX_WRONG];
        for (value, row) in values.iter_mut().zip(&self.extract[..self.len]) {
            *value = dot(row, &sums[..self.len]);
        }
        Some(values)
    }
}

fn dot(coefs: &[u8], values: &[u8]) -> u8 {
    coefs.iter().zip(values).fold(0, |sum, (c, value)| sum ^ mul(*c, *value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::vec;

    /// The checks of k+p without the erased shards.
    fn checks(k: usize, p: usize, erased: &[usize]) -> Checks {
        let mut surviving = ShardSet::default();
        (0..k + p).filter(|s| !erased.contains(s)).for_each(|s| surviving.insert(s));
        Checks::new(Geometry::new(k, p).unwrap(), surviving)
    }

    /// The power sums of shards that contribute so much each.
    fn sums_of(checks: &Checks, wrong: &[(u8, u8)]) -> Sums {
        let mut sums = [0; MAX_PARITY];
        for (label, value) in wrong {
            let mut power = *value;
            for sum in &mut sums[..checks.surplus()] {
                *sum ^= power;
                power = mul(power, *label);
            }
        }
        sums
    }

    /// All sets of at most `limit` of the labels, the empty one too.
    fn sets(labels: &[u8], limit: usize) -> Vec<Vec<u8>> {
        let mut all = vec![vec![]];
        for label in labels {
            for at in 0..all.len() {
                if all[at].len() < limit {
                    let mut set = all[at].clone();
                    set.push(*label);
                    all.push(set);
                }
            }
        }
        all
    }

    fn noise(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    /// Rows of the code have no power sums, whatever is erased.
    #[test]
    fn codewords_pass_the_checks() {
        for (k, p, erased) in [
            (4, 2, &[][..]),
            (3, 3, &[1]),
            (10, 4, &[0, 12]),
            (241, 15, &[]),
            (20, 8, &[20, 21, 3]),
        ] {
            if cfg!(miri) && k > 20 {
                continue;
            }
            let checks = checks(k, p, erased);
            assert_eq!(
                (checks.surplus(), checks.limit()),
                (p - erased.len(), (p - erased.len()) / 2)
            );
            for j in (0..k).filter(|j| !erased.contains(j)) {
                // Data shard j alone is 1, the others are 0.
                for m in 0..checks.surplus() {
                    let mut sum = 0;
                    for (label, weight) in checks.labels.iter().zip(&checks.weights) {
                        let byte = match usize::from(*label) {
                            shard if shard >= k => inv(label ^ j as u8),
                            shard => u8::from(shard == j),
                        };
                        let power = (0..m).fold(*weight, |power, _| mul(power, *label));
                        sum ^= mul(power, byte);
                    }
                    assert_eq!(sum, 0, "{k}+{p} without {erased:?}: shard {j}, sum {m}");
                }
            }
        }
    }

    /// Of all small sets, exactly the one that explains random sums is blamed, or nobody.
    #[test]
    fn blame_is_what_trying_all_sets_finds() {
        let mut noise = noise(77);
        let (mut found, mut none) = (0, 0);
        for (k, p, erased) in [
            (2, 2, &[][..]),
            (4, 3, &[]),
            (4, 4, &[]),
            (6, 6, &[0]),
            (6, 6, &[7, 2]),
            (3, 7, &[]),
            (10, 4, &[10, 0]),
        ] {
            let checks = checks(k, p, erased);
            let sets: Vec<_> = sets(&checks.labels, checks.limit());
            let sets: Vec<_> = sets.iter().map(|set| Culprits::new(set)).collect();
            let trials = if cfg!(miri) { 4 } else { 3000 };
            for trial in 0..trials {
                let mut sums = [0; MAX_PARITY];
                for sum in &mut sums[..checks.surplus()] {
                    *sum = noise() as u8;
                }
                // Random sums rarely have an explanation, so most trials get one to start from.
                if trial % 4 != 0 {
                    let mut wrong = vec![];
                    for _ in 0..=trial % (checks.limit() + 2) {
                        let label = checks.labels[noise() as usize % checks.labels.len()];
                        wrong.push((label, noise() as u8));
                    }
                    sums = sums_of(&checks, &wrong);
                }
                if sums == [0; MAX_PARITY] {
                    continue;
                }
                let exact = |set: &&Culprits| {
                    set.explain(checks.surplus(), &sums)
                        .is_some_and(|values| values[..set.len].iter().all(|value| *value != 0))
                };
                let fits: Vec<_> = sets.iter().filter(exact).collect();
                assert!(fits.len() <= 1, "two explanations");
                let blamed = checks.blame(&sums);
                assert_eq!(
                    blamed.as_ref().map(Culprits::shards),
                    fits.first().map(|set| set.shards()),
                    "{k}+{p} without {erased:?}: {sums:?}"
                );
                *if blamed.is_some() { &mut found } else { &mut none } += 1;
            }
        }
        assert!(cfg!(miri) || (found > 1000 && none > 1000), "{found}, {none}");
    }

    /// The largest code and as many culprits as can be told.
    #[test]
    fn seven_of_256() {
        let checks = checks(241, 15, &[]);
        let wrong = [(0, 1), (1, 255), (100, 7), (240, 9), (241, 1), (254, 3), (255, 200)];
        let sums = sums_of(&checks, &wrong);
        let blamed = checks.blame(&sums).unwrap();
        assert_eq!(blamed.shards(), wrong.map(|(label, _)| label));
        let values = blamed.explain(15, &sums).unwrap();
        assert_eq!(values, wrong.map(|(_, value)| value));
        // A set explains damage of some of its shards, and says of which.
        let values = blamed.explain(15, &sums_of(&checks, &wrong[2..5])).unwrap();
        assert_eq!(values, [0, 0, 7, 9, 1, 0, 0]);
        // One sum that is wrong is seen; the first is as shard 0 would have it, which is blamed.
        for at in 1..15 {
            let mut spoiled = sums;
            spoiled[at] ^= 1;
            assert!(blamed.explain(15, &spoiled).is_none(), "{at}");
        }
    }

    #[test]
    fn look_alikes_look_alike() {
        let mut count = 0;
        for k in 2..=if cfg!(miri) { 6 } else { 40 } {
            let checks = checks(k, 2, &[]);
            for label in checks.labels.clone() {
                for pair in checks.look_alikes(label) {
                    count += 1;
                    let of = |at: usize| (checks.labels[at], mul(checks.weights[at], 0x5a));
                    let sums = sums_of(&checks, &[of(pair.a), of(pair.b)]);
                    assert_eq!(checks.blame(&sums).unwrap().shards(), [label]);
                    // Swapped bytes; equal bytes; others.
                    let column = |a, b| {
                        let mut column = vec![0; k + 2];
                        (column[pair.a], column[pair.b]) = (a, b);
                        column
                    };
                    assert!(pair.fits(&sums, &column(0x10, 0x4a)));
                    assert!(pair.fits(&sums, &column(0x33, 0x33)));
                    assert!(!pair.fits(&sums, &column(0x33, 0x34)));
                }
            }
        }
        assert!(cfg!(miri) || count > 100, "{count}");
        assert!((3..9).all(|p| checks(12, p, &[]).look_alikes(3).is_empty()));
    }
}
