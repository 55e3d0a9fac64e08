//! What several mirrors have lost in common: a byte is gone only if it is gone in each.
//!
//! What a mirror has lost are runs: pieces that come again with every row. Two runs meet where
//! i = a (mod m) and i = b (mod n) have a common solution, which the Chinese remainder theorem
//! gives, however far away it is.

use alloc::vec::Vec;

use super::exposure::{Candidate, Set};
use crate::layout::Extent;

/// Comparisons of two runs that a file is worth.
const MOST_STEPS: u64 = 1 << 20;

/// Comparisons that may still be made before a question is given up.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    pub(super) fn of_a_file() -> Budget {
        Budget(MOST_STEPS)
    }

    fn spend(&mut self) -> Option<()> {
        self.0 = self.0.checked_sub(1)?;
        Some(())
    }
}

/// Pieces of `len` bytes of a file, `step` bytes apart.
#[derive(Clone, Copy, Debug)]
struct Run {
    start: u64,
    len: u64,
    step: u64,
    count: u64,
}

/// What a candidate has lost of a stretch in some of its sets.
fn runs<'a>(
    extent: Extent,
    candidate: &'a Candidate,
    sets: impl Iterator<Item = &'a Set>,
    lost: &impl Fn(u32) -> bool,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for set in sets.filter(|set| !set.is_readable(lost)) {
        let Some(step) = candidate.row else {
            // Which bytes it is that are gone is not known.
            let len = extent.end - extent.start;
            return Vec::from([Run { start: extent.start, len, step: len, count: 1 }]);
        };
        for member in set.missing(lost) {
            let (start, len) = (member.offset.max(extent.start), member.wanted);
            match runs.last_mut() {
                Some(run) if run.start + run.len == start && run.count == set.rows => {
                    run.len += len;
                }
                _ => runs.push(Run { start, len, step, count: set.rows }),
            }
        }
    }
    runs
}

/// Bytes of the stretch that are lost in all candidates; `None` if that takes too long to find out.
pub(super) fn bytes_in_common(
    extent: Extent,
    candidates: &[Candidate],
    lost: &impl Fn(u32) -> bool,
    budget: &mut Budget,
) -> Option<u64> {
    let of = |one| runs(extent, one, one.sets.iter(), lost);
    let mut all: Vec<Vec<Run>> = candidates.iter().map(of).collect();
    all.sort_by_key(Vec::len);
    let (first, others) = all.split_first()?;
    let mut common = first.clone();
    for one in others {
        common = intersection(&common, one, budget)?;
    }
    let bytes = common.iter().map(|run| run.len.saturating_mul(run.count));
    Some(bytes.fold(0, u64::saturating_add))
}

/// An OST without which, on top of `lost`, bytes would be lost in all candidates, if there is one;
/// `None` if that takes too long to find out.
pub(super) fn next_fatal(
    extent: Extent,
    candidates: &[Candidate],
    lost: &impl Fn(u32) -> bool,
    budget: &mut Budget,
) -> Option<Option<u32>> {
    let now: Vec<Vec<Run>> =
        candidates.iter().map(|one| runs(extent, one, one.sets.iter(), lost)).collect();
    let mut places: Vec<(u32, usize, usize)> = Vec::new();
    for (number, candidate) in candidates.iter().enumerate() {
        for (place, set) in candidate.sets.iter().enumerate() {
            places.extend(set.left(lost).map(|ost| (ost, number, place)));
        }
    }
    places.sort_unstable();
    places.dedup();
    for places in places.chunk_by(|a, b| a.0 == b.0) {
        let next = places[0].0;
        let more = |ost: u32| ost == next || lost(ost);
        // What the candidates would lose beside: only sets with a member on that OST can.
        let mut beside: Vec<Vec<Run>> = candidates.iter().map(|_| Vec::new()).collect();
        for of_one in places.chunk_by(|a, b| a.1 == b.1) {
            let candidate = &candidates[of_one[0].1];
            let sets = of_one.iter().map(|place| &candidate.sets[place.2]);
            beside[of_one[0].1] = runs(extent, candidate, sets, &more);
        }
        for (number, mine) in beside.iter().enumerate() {
            let mut common = mine.clone();
            for other in (0..candidates.len()).filter(|other| *other != number) {
                let mut both = intersection(&common, &now[other], budget)?;
                both.extend(intersection(&common, &beside[other], budget)?);
                common = both;
            }
            if !common.is_empty() {
                return Some(Some(next));
            }
        }
    }
    Some(None)
}

/// The bytes that are in runs of both sides.
fn intersection(a: &[Run], b: &[Run], budget: &mut Budget) -> Option<Vec<Run>> {
    let mut common = Vec::new();
    for (a, b) in a.iter().flat_map(|a| b.iter().map(move |b| (a, b))) {
        meet(a, b, budget, &mut common)?;
    }
    Some(common)
}

/// Adds where two runs meet. Piece i of `a` lies `m i`, piece j of `b` `n j` bytes behind its
/// first; for each distance of two pieces that overlap, those i are one residue class.
fn meet(a: &Run, b: &Run, budget: &mut Budget, common: &mut Vec<Run>) -> Option<()> {
    budget.spend()?;
    let wide = i128::from;
    // A piece alone has any step.
    let (m, n) = match (a.count, b.count) {
        (1, 1) => (1 << 64, 1 << 64),
        (1, _) => (wide(b.step), wide(b.step)),
        (_, 1) => (wide(a.step), wide(a.step)),
        _ => (wide(a.step), wide(b.step)),
    };
    let (g, inverse) = gcd(m, n);
    let (a_len, b_len) = (wide(a.len), wide(b.len));
    let apart = wide(a.start) - wide(b.start);
    let least = 1 - a_len;
    let mut distance = least + (apart - least).rem_euclid(g);
    while distance < b_len {
        budget.spend()?;
        // m i = n j + c.
        let c = distance - apart;
        let class = (c / g).rem_euclid(n / g) * inverse % (n / g);
        let first = if c > 0 { (c + m - 1) / m } else { 0 };
        let last = (n * wide(b.count - 1) + c).div_euclid(m).min(wide(a.count - 1));
        let first = first + (class - first).rem_euclid(n / g);
        if first <= last {
            let count = ((last - first) / (n / g) + 1) as u64;
            let start = wide(a.start) + m * first + 0.max(-distance);
            let len = a_len.min(b_len - distance) - 0.max(-distance);
            let step = if count > 1 { (m / g * n) as u64 } else { 0 };
            common.push(Run { start: start as u64, len: len as u64, step, count });
        }
        distance += g;
    }
    Some(())
}

/// The greatest common divisor g of m and n, and the inverse of m/g modulo n/g.
fn gcd(m: i128, n: i128) -> (i128, i128) {
    let (mut r, mut s) = ((m, n), (1, 0));
    while r.1 != 0 {
        let q = r.0 / r.1;
        r = (r.1, r.0 - q * r.1);
        s = (s.1, s.0 - q * s.1);
    }
    (r.0, s.0.rem_euclid(n / r.0))
}
