//! Rows, ways to damage them, and what `locate` must then say.
#![allow(dead_code, unreachable_pub)]

use std::io::Write;

use lustrine::ec::{Codec, Located, Verdict};

use super::oracle;

/// splitmix64: a stream of numbers from a seed.
pub struct Random(pub u64);

impl Random {
    /// The stream of one test, whose seed is printed.
    pub fn new(test: &str) -> Random {
        let set = std::env::var("LUSTRINE_SEED").ok();
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = if cfg!(miri) { 1 } else { set.map_or_else(clock, |s| s.parse().unwrap()) };
        #[allow(clippy::explicit_write, reason = "eprintln is only shown when a test fails")]
        writeln!(std::io::stderr(), "{test}: LUSTRINE_SEED={seed}").unwrap();
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// So many different numbers below `limit`.
    pub fn choose(&mut self, count: usize, limit: usize) -> Vec<usize> {
        let mut all: Vec<_> = (0..limit).collect();
        for at in 0..count {
            let other = at + self.below(limit - at);
            all.swap(at, other);
        }
        all.truncate(count);
        all
    }

    /// A part of `0..len` that is not empty.
    pub fn part(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len);
        start..start + 1 + self.below(len - start)
    }
}

/// Random trials of each geometry.
pub fn trials() -> usize {
    let set = std::env::var("LUSTRINE_TRIALS").ok();
    if cfg!(miri) { 3 } else { set.map_or(10_000, |trials| trials.parse().unwrap()) }
}

/// A row as it should be. Some have bytes without a pattern, some text, some the same bytes in
/// each data shard, some many zeros.
pub fn row(codec: &Codec, len: usize, random: &mut Random) -> Vec<Vec<u8>> {
    let (k, p) = (codec.geometry().data(), codec.geometry().parity());
    let kind = random.below(5);
    let seed = random.next() >> 20;
    let mut shards: Vec<Vec<u8>> = (0..k as u64)
        .map(|j| match kind {
            0 => oracle::noise(len, seed),
            1 => oracle::noise(len, seed + j).iter().map(|byte| b'a' + byte % 16).collect(),
            2 if j % 3 != 0 => vec![0; len],
            _ => oracle::noise(len, seed + j),
        })
        .collect();
    let mut parity = vec![vec![0; len]; p];
    codec.encode(&shards, &mut parity).unwrap();
    shards.extend(parity);
    shards
}

/// Damages one shard in one of many ways. It may come out unchanged.
pub fn damage(shard: &mut [u8], random: &mut Random) {
    let len = shard.len();
    let part = random.part(len);
    match random.below(9) {
        0 => shard[part.start] ^= 1 << random.below(8),
        1 => shard[part.start] ^= 1 + random.byte() % 255,
        2 => shard[part].fill_with(|| random.byte()),
        3 => shard.fill_with(|| random.byte()),
        4 => shard.fill(0),
        5 => shard[part].fill(0),
        6 => {
            // Two blocks of the shard in each other's place.
            let block = 1 + random.below(len / 2);
            let first = random.below(len - 2 * block + 1);
            let second = first + block + random.below(len - first - 2 * block + 1);
            for at in 0..block {
                shard.swap(first + at, second + at);
            }
        }
        // A bit that is stuck.
        7 => shard[part].iter_mut().for_each(|byte| *byte |= 0x10),
        // One block too late.
        _ => shard.rotate_right(1 + random.below(len - 1)),
    }
}

/// Damages the given shards, each by itself or all in the same columns, or exchanges two of them.
pub fn damage_all(shards: &mut [Vec<u8>], which: &[usize], random: &mut Random) {
    match (which, random.below(4)) {
        (&[a, b, ..], 0) => {
            let part = random.part(shards[a].len());
            for at in part {
                let byte = shards[a][at];
                shards[a][at] = shards[b][at];
                shards[b][at] = byte;
            }
            which[2..].iter().for_each(|shard| damage(&mut shards[*shard], random));
        }
        (_, 1) => {
            let part = random.part(shards[0].len());
            let zero = random.below(2) == 0;
            for shard in which {
                shards[*shard][part.clone()].fill_with(|| if zero { 0 } else { random.byte() });
            }
        }
        _ => which.iter().for_each(|shard| damage(&mut shards[*shard], random)),
    }
}

/// What `locate` must say if no column has more damage than can be told: for each damaged shard its
/// columns, first and last; and the number of wrong columns. `None` if one has more.
pub type Truth = (Vec<(usize, usize, usize, usize)>, usize);

pub fn truth(
    right: &[Vec<u8>],
    wrong: &[Vec<u8>],
    erased: &[usize],
    limit: usize,
) -> Option<Truth> {
    let mut found: Vec<(usize, usize, usize, usize)> = vec![];
    let mut columns = vec![0; right[0].len()];
    for shard in (0..right.len()).filter(|shard| !erased.contains(shard)) {
        let differs: Vec<_> =
            (0..columns.len()).filter(|at| right[shard][*at] != wrong[shard][*at]).collect();
        differs.iter().for_each(|at| columns[*at] += 1);
        if let (Some(first), Some(last)) = (differs.first(), differs.last()) {
            found.push((shard, differs.len(), *first, *last));
        }
    }
    let wrong = columns.iter().filter(|count| **count > 0).count();
    columns.iter().all(|count| *count <= limit).then_some((found, wrong))
}

/// Compares a finding with the truth.
pub fn check(located: &Located, truth: &Truth) -> Result<(), String> {
    let (expected, wrong) = truth;
    let got: Vec<_> =
        located.suspects.iter().map(|s| (s.shard, s.columns, s.first, s.last)).collect();
    if got != *expected {
        return Err(format!("suspects {got:?} instead of {expected:?}"));
    }
    if (located.wrong, located.unexplained, located.first_unexplained) != (*wrong, 0, None) {
        return Err(format!("{wrong} wrong columns, but {located:?}"));
    }
    let all: Vec<_> = expected.iter().map(|(shard, ..)| *shard).collect();
    match located.verdict() {
        Verdict::Clean if all.is_empty() => Ok(()),
        Verdict::Replace(shards) if shards == all && !all.is_empty() => Ok(()),
        // Few columns prove little: then it must say so.
        Verdict::CannotTell if located.suspects.iter().any(|s| !s.is_sure()) => Ok(()),
        verdict => Err(format!("{verdict:?} for {expected:?}")),
    }
}

pub fn without<'a>(shards: &'a [Vec<u8>], erased: &[usize]) -> Vec<Option<&'a [u8]>> {
    let present = shards.iter().enumerate();
    present.map(|(i, shard)| (!erased.contains(&i)).then_some(shard.as_slice())).collect()
}
