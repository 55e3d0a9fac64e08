//! `locate` against damage that the tests know of.
//!
//! `LUSTRINE_SEED` sets the seed, which is printed; `LUSTRINE_TRIALS` the random trials of each
//! geometry.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use lustrine::ec::{Codec, Geometry, Located, Suspect, Verdict};
use lustrine::{Error, ShardList};

/// splitmix64: a stream of numbers from a seed.
struct Random(u64);

impl Random {
    /// The stream of one test, whose seed is printed.
    fn new(test: &str) -> Random {
        let set = std::env::var("LUSTRINE_SEED").ok();
        let clock = || std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        let seed = if cfg!(miri) { 1 } else { set.map_or_else(clock, |s| s.parse().unwrap()) };
        println!("{test}: LUSTRINE_SEED={seed}");
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// So many different numbers below `limit`.
    fn choose(&mut self, count: usize, limit: usize) -> Vec<usize> {
        let mut all: Vec<_> = (0..limit).collect();
        for at in 0..count {
            let other = at + self.below(limit - at);
            all.swap(at, other);
        }
        all.truncate(count);
        all
    }

    /// A part of `0..len` that is not empty.
    fn part(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len);
        start..start + 1 + self.below(len - start)
    }
}

fn trials() -> usize {
    let set = std::env::var("LUSTRINE_TRIALS").ok();
    if cfg!(miri) { 3 } else { set.map_or(10_000, |trials| trials.parse().unwrap()) }
}

/// A row as it should be. Some have bytes without a pattern, some text, some the same bytes in
/// each data shard, some many zeros.
fn row(codec: &Codec, len: usize, random: &mut Random) -> Vec<Vec<u8>> {
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
fn damage(shard: &mut [u8], random: &mut Random) {
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
fn damage_all(shards: &mut [Vec<u8>], which: &[usize], random: &mut Random) {
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
type Truth = (Vec<(usize, usize, usize, usize)>, usize);

fn truth(right: &[Vec<u8>], wrong: &[Vec<u8>], erased: &[usize], limit: usize) -> Option<Truth> {
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
fn check(located: &Located, truth: &Truth) -> Result<(), String> {
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

fn without<'a>(shards: &'a [Vec<u8>], erased: &[usize]) -> Vec<Option<&'a [u8]>> {
    let present = shards.iter().enumerate();
    present.map(|(i, shard)| (!erased.contains(&i)).then_some(shard.as_slice())).collect()
}

/// Random damage within the limit is found to the byte, and no one else is accused.
fn finds_all(k: usize, p: usize) {
    let mut random = Random::new(&format!("{k}+{p}"));
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    let (mut sure, mut damaged, mut rows) = (0, 0, vec![]);
    for trial in 0..trials() {
        if trial % 50 == 0 {
            let len = 64 + random.below(537);
            rows = vec![row(&codec, len, &mut random)];
        }
        let mut shards = rows[0].clone();
        // Half of the trials know of losses; those that leave no two shards surplus come below.
        let losses = if trial % 2 == 0 { 0 } else { random.below(p - 1) };
        let limit = (p - losses) / 2;
        let wrong = 1 + random.below(limit);
        let mut erased = random.choose(losses + wrong, k + p);
        let which = erased.split_off(losses);
        damage_all(&mut shards, &which, &mut random);
        let truth = truth(&rows[0], &shards, &erased, limit).unwrap();
        // What is lost is not looked at.
        let located = codec.locate(&without(&shards, &erased)).unwrap();
        assert_eq!(located.surplus, p - losses);
        if let Err(error) = check(&located, &truth) {
            panic!("{k}+{p}, trial {trial}, {erased:?} lost, {which:?} damaged: {error}");
        }
        damaged += usize::from(!truth.0.is_empty());
        sure += usize::from(matches!(located.verdict(), Verdict::Replace(_)));
    }
    println!("{k}+{p}: of {damaged} damaged rows, {sure} sure");
    assert!(sure * 2 > damaged || cfg!(miri), "{sure} of {damaged}");
}

macro_rules! geometries {
    ($($found:ident $beyond:ident: $k:literal + $p:literal,)*) => {$(
        #[test]
        fn $found() {
            finds_all($k, $p);
        }
        #[test]
        fn $beyond() {
            accuses_nobody($k, $p);
        }
    )*};
}

geometries! {
    finds_all_of_4_2 accuses_nobody_of_4_2: 4 + 2,
    finds_all_of_8_2 accuses_nobody_of_8_2: 8 + 2,
    finds_all_of_12_2 accuses_nobody_of_12_2: 12 + 2,
    finds_all_of_8_3 accuses_nobody_of_8_3: 8 + 3,
    finds_all_of_10_4 accuses_nobody_of_10_4: 10 + 4,
    finds_all_of_16_4 accuses_nobody_of_16_4: 16 + 4,
    finds_all_of_20_8 accuses_nobody_of_20_8: 20 + 8,
    finds_all_of_17_5 accuses_nobody_of_17_5: 17 + 5,
    finds_all_of_3_3 accuses_nobody_of_3_3: 3 + 3,
    finds_all_of_40_15 accuses_nobody_of_40_15: 40 + 15,
}

/// Damage of more shards than can be told: never a sure word against an innocent one, and the
/// number of wrong columns is right as long as they are noticed for certain.
fn accuses_nobody(k: usize, p: usize) {
    let mut random = Random::new(&format!("beyond {k}+{p}"));
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    let (mut beyond, mut told, mut rows) = (0, 0, vec![]);
    for trial in 0..trials() {
        if trial % 50 == 0 {
            let len = 64 + random.below(537);
            rows = vec![row(&codec, len, &mut random)];
        }
        let mut shards = rows[0].clone();
        let losses = if trial % 2 == 0 { 0 } else { random.below(p) };
        let (surplus, limit) = (p - losses, (p - losses) / 2);
        let most = (surplus + 2).min(k + surplus);
        let wrong = limit + 1 + random.below(most - limit);
        let mut erased = random.choose(losses + wrong, k + p);
        let which = erased.split_off(losses);
        damage_all(&mut shards, &which, &mut random);
        let located = codec.locate(&without(&shards, &erased)).unwrap();
        let is_innocent = |shard: &usize| shards[*shard] == rows[0][*shard];
        let accused = located.suspects.iter().filter(|s| s.is_sure()).map(|s| s.shard);
        let accused: Vec<_> = accused.filter(is_innocent).collect();
        let context = || format!("{k}+{p}, trial {trial}: {which:?} of {erased:?}: {located:?}");
        assert!(accused.is_empty(), "{accused:?} accused, {}", context());
        if let Verdict::Replace(shards) = located.verdict() {
            assert!(!shards.iter().any(is_innocent), "{}", context());
            told += 1;
        }
        let columns = |limit| truth(&rows[0], &shards, &erased, limit).map(|(_, wrong)| wrong);
        if let Some(columns) = columns(surplus) {
            assert_eq!(located.wrong, columns, "{}", context());
        }
        beyond += usize::from(columns(limit).is_none());
    }
    println!("{k}+{p}: of {beyond} rows beyond the limit and others, {told} had a verdict");
    assert!(beyond * 4 > trials() || cfg!(miri));
}

/// The evidence is what it says: of rows with one column of random damage beyond the limit, at most
/// one in 2^b has an innocent suspect with b bits of evidence.
#[test]
fn evidence_bounds_the_accusations_of_innocent_shards() {
    let mut random = Random::new("evidence");
    for (k, p) in [(4, 2), (8, 2), (40, 2), (250, 2), (8, 3), (10, 4), (6, 5)] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        for columns in 1..=3 {
            let rows = if cfg!(miri) { 3 } else { 20_000 };
            // Zeros are a row of the code, and what is right does not matter.
            let mut at_least = [0_u32; 64];
            let mut most = 0;
            for _ in 0..rows {
                let mut shards = vec![vec![0; columns]; k + p];
                let wrong = p / 2 + 1 + random.below(2);
                let which = random.choose(wrong, k + p);
                for shard in &which {
                    shards[*shard].fill_with(|| 1 + random.byte() % 255);
                }
                let located = codec.locate(&without(&shards, &[])).unwrap();
                let innocent = located.suspects.iter().filter(|s| !which.contains(&s.shard));
                if let Some(evidence) = innocent.map(|s| s.evidence).max() {
                    assert!(evidence < Suspect::SURE, "{k}+{p}: {located:?}");
                    most = most.max(evidence);
                    at_least[..=evidence as usize].iter_mut().for_each(|count| *count += 1);
                }
            }
            for (bits, count) in at_least.iter().enumerate() {
                let expected = f64::from(rows) / f64::from(bits as u32).exp2();
                // Four standard deviations.
                let bound = expected + 4.0 * expected.sqrt() + 4.0;
                assert!(f64::from(*count) <= bound, "{k}+{p}: {count} with {bits} bits");
            }
            println!("{k}+{p}, {columns} columns: {} accusations, {most} bits", at_least[0]);
        }
    }
}

/// Each shard, and each pair where pairs can be told, with every value of the damage.
#[test]
fn every_damage_of_one_column() {
    let values = || (1..=255_u8).filter(|value| !cfg!(miri) || value % 97 == 1);
    for (k, p) in [(4, 2), (2, 2), (3, 3), (4, 4)] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        let right: Vec<_> = oracle::noisy_shards(k, 1, 3);
        let right: Vec<_> = right.iter().chain(&oracle::encode(&right, p)).cloned().collect();
        let mut shards = right.clone();
        let judge = |shards: &[Vec<u8>], wrong: &[usize]| {
            let located = codec.locate(&without(shards, &[])).unwrap();
            let truth = (wrong.iter().map(|shard| (*shard, 1, 0, 0)).collect(), 1);
            check(&located, &truth).unwrap();
        };
        for a in 0..k + p {
            for x in values() {
                shards[a][0] ^= x;
                judge(&shards, &[a]);
                for b in (a + 1..k + p).filter(|_| p >= 4) {
                    for y in values() {
                        shards[b][0] ^= y;
                        judge(&shards, &[a, b]);
                        shards[b][0] = right[b][0];
                    }
                }
                shards[a][0] = right[a][0];
            }
        }
    }
}

/// Damage of as many shards as are surplus is noticed whatever its values are, even if it cannot be
/// told: here all pairs of a 3+2 column.
#[test]
fn every_pair_of_3_2_is_noticed() {
    let codec = Codec::new(Geometry::new(3, 2).unwrap());
    let mut shards = vec![vec![0; 255]; 5];
    for a in 0..5 {
        for b in a + 1..5 {
            for x in 1..=255 {
                shards[a].fill(x);
                shards[b].iter_mut().zip(1..=255).for_each(|(byte, y)| *byte = y);
                let located = codec.locate(&without(&shards, &[])).unwrap();
                assert_eq!(located.wrong, 255);
                assert_eq!(located.verdict(), Verdict::CannotTell);
                // One that is right may be blamed where its ratio comes up, once for each x.
                let blamed: usize = located.suspects.iter().map(|s| s.columns).sum();
                assert_eq!(blamed + located.unexplained, 255);
                let innocent = located.suspects.iter().filter(|s| s.shard != a && s.shard != b);
                assert!(innocent.clone().all(|s| s.columns == 1 && s.evidence == 0));
                assert_eq!(innocent.count(), located.suspects.len());
            }
            (shards[a], shards[b]) = (vec![0; 255], vec![0; 255]);
            if cfg!(miri) {
                return;
            }
        }
    }
}

/// Two shards exchanged in a code that has two surplus ones: always the same ratio of damage, in
/// all columns, and for some pairs that of a third shard.
#[test]
fn swapped_shards_accuse_nobody() {
    let mut random = Random::new("swapped");
    let mut misled = 0;
    for (k, p, erased) in
        [(3, 2, &[][..]), (8, 2, &[]), (12, 2, &[]), (32, 2, &[]), (10, 4, &[0, 5])]
    {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        for equal in [false, true] {
            let mut data = oracle::noisy_shards(k, 300, random.next() >> 20);
            if equal {
                let first = data[0].clone();
                data.fill(first);
            }
            let right: Vec<_> = data.iter().chain(&oracle::encode(&data, p)).cloned().collect();
            for a in 0..k + p {
                for b in (a + 1..k + p).filter(|b| !erased.contains(&a) && !erased.contains(b)) {
                    let mut shards = right.clone();
                    if equal && b < k {
                        // The same bytes lost from both.
                        shards[a].fill(0);
                        shards[b].fill(0);
                    } else {
                        shards.swap(a, b);
                    }
                    let located = codec.locate(&without(&shards, erased)).unwrap();
                    misled += located.suspects.len();
                    let sure: Vec<_> = located.suspects.iter().filter(|s| s.is_sure()).collect();
                    assert!(sure.is_empty(), "{k}+{p}, {a} and {b}: {located:?}");
                    assert!(!matches!(located.verdict(), Verdict::Replace(_)));
                }
            }
        }
    }
    // Else this shows nothing.
    assert!(misled > 20, "{misled}");
}

/// Three of 10+4 wrong all along: many columns blame somebody, and nobody is sure. Two of them
/// are wrong in many columns where the third is not: these two are.
#[test]
fn votes() {
    let len = if cfg!(miri) { 300 } else { 100_000 };
    let codec = Codec::new(Geometry::new(10, 4).unwrap());
    let data = oracle::noisy_shards(10, len, 5);
    let right: Vec<_> = data.iter().chain(&oracle::encode(&data, 4)).cloned().collect();
    let mut shards = right.clone();
    for (shard, seed) in [(1, 50), (6, 51), (12, 52)] {
        shards[shard] = oracle::noise(len, seed);
    }
    let located = codec.locate(&without(&shards, &[])).unwrap();
    assert_eq!(located.verdict(), Verdict::CannotTell);
    assert!(located.unexplained > len * 9 / 10);
    assert!(located.suspects.iter().all(|s| s.evidence == 0 && !s.is_sure()));
    assert!(cfg!(miri) || located.suspects.len() > 10, "some columns do blame the innocent");

    shards[12] = right[12].clone();
    (0..10).for_each(|at| shards[12][at * 20] ^= 0x44);
    let located = codec.locate(&without(&shards, &[])).unwrap();
    assert_eq!(located.verdict(), Verdict::CannotTell);
    let sure: Vec<_> = located.suspects.iter().filter(|s| s.is_sure()).map(|s| s.shard).collect();
    assert_eq!(sure, [1, 6]);
    assert!((5..=10).contains(&located.unexplained));
    // As the docs say: leave them out, and the others have their say.
    let located = codec.locate(&without(&shards, &sure)).unwrap();
    assert_eq!((located.surplus, located.wrong, located.unexplained), (2, 10, 0));
    assert_eq!(located.suspects[0].shard, 12);
}

#[test]
fn with_one_surplus_shard_damage_is_noticed_and_with_none_it_is_not() {
    for (k, p, erased) in [(1, 1, &[][..]), (6, 1, &[]), (4, 2, &[3]), (10, 4, &[2, 11, 13])] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        let data = oracle::noisy_shards(k, 5000, 8);
        let right: Vec<_> = data.iter().chain(&oracle::encode(&data, p)).cloned().collect();
        let located = codec.locate(&without(&right, erased)).unwrap();
        assert!(located.is_clean() && located.verdict() == Verdict::Clean);
        for shard in (0..k + p).filter(|shard| !erased.contains(shard)) {
            let mut shards = right.clone();
            (4090..4100).for_each(|at| shards[shard][at] ^= 1);
            let located = codec.locate(&without(&shards, erased)).unwrap();
            assert!(located.suspects.is_empty() && !located.is_clean());
            assert_eq!((located.surplus, located.wrong, located.unexplained), (1, 10, 10));
            assert_eq!(located.first_unexplained, Some(4090));
            assert_eq!(located.verdict(), Verdict::CannotTell);
            // One more lost, and there is nothing to check with.
            let other = if shard == 0 { k + p - 1 - erased.len().min(1) } else { 0 };
            let gone: Vec<_> = erased.iter().copied().chain([other]).collect();
            let located = codec.locate(&without(&shards, &gone)).unwrap();
            assert_eq!((located.surplus, located.wrong), (0, 0));
            assert!(!located.is_clean() && located.verdict() == Verdict::Unchecked);
        }
    }
}

/// Long shards: columns keep their numbers over tiles, and the last tile is short.
#[test]
fn damage_is_found_wherever_it_is() {
    let len = 3 * 4096 + 77;
    let codec = Codec::new(Geometry::new(5, 4).unwrap());
    let data = oracle::noisy_shards(5, len, 9);
    let right: Vec<_> = data.iter().chain(&oracle::encode(&data, 4)).cloned().collect();
    for at in [0, 1, 4095, 4096, 8191, 8192, 3 * 4096 - 1, 3 * 4096, len - 1] {
        let mut shards = right.clone();
        shards[8][at] ^= 0x80;
        shards[0][at] ^= 1;
        shards[3][len - 1 - at] ^= 2;
        let located = codec.locate(&without(&shards, &[])).unwrap();
        check(&located, &truth(&right, &shards, &[], 2).unwrap()).unwrap();
        let located = codec.locate(&without(&shards, &[0, 8])).unwrap();
        check(&located, &truth(&right, &shards, &[0, 8], 1).unwrap()).unwrap();
    }
}

/// The largest codes.
#[test]
fn wide_rows() {
    let mut random = Random::new("wide");
    for (k, p) in [(254, 2), (252, 4), (241, 15)] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        let right = row(&codec, 200, &mut random);
        for _ in 0..if cfg!(miri) { 1 } else { 20 } {
            let mut shards = right.clone();
            let which = random.choose(p / 2, k + p);
            which.iter().for_each(|shard| damage(&mut shards[*shard], &mut random));
            let located = codec.locate(&without(&shards, &[])).unwrap();
            check(&located, &truth(&right, &shards, &[], p / 2).unwrap()).unwrap();
        }
    }
}

#[test]
fn wrong_arguments_are_named() {
    let codec = Codec::new(Geometry::new(3, 2).unwrap());
    let data = oracle::noisy_shards(3, 10, 1);
    let shards: Vec<_> = data.iter().chain(&oracle::encode(&data, 2)).cloned().collect();
    let all = without(&shards, &[]);
    let count = |got| Err(Error::ShardCount { list: ShardList::Survivors, expected: 5, got });
    assert_eq!(codec.locate(&all[..4]), count(4));
    assert_eq!(codec.locate::<&[u8]>(&[]), count(0));
    let mut more = all.clone();
    more.push(None);
    assert_eq!(codec.locate(&more), count(6));
    for erased in [&[][..], &[0], &[0, 3]] {
        let mut uneven = without(&shards, erased);
        uneven[4] = Some(&shards[4][..9]);
        let (list, index, expected, got) = (ShardList::Survivors, 4, 10, 9);
        assert_eq!(codec.locate(&uneven), Err(Error::ShardSize { list, index, expected, got }));
    }
    let few = codec.locate(&without(&shards, &[0, 1, 4]));
    assert_eq!(few, Err(Error::TooManyErasures { missing: 3, parity: 2 }));
    // Nothing to look at is nothing wrong.
    let empty = codec.locate(&[Some([0; 0]); 5]).unwrap();
    assert_eq!((empty.wrong, empty.verdict()), (0, Verdict::Clean));
}

/// `AsRef` may give another slice each time: what was checked must be what is read.
#[test]
fn each_shard_is_asked_once() {
    use std::cell::Cell;
    struct Fickle(Cell<u32>);
    impl AsRef<[u8]> for Fickle {
        fn as_ref(&self) -> &[u8] {
            self.0.set(self.0.get() + 1);
            if self.0.get() == 1 { &[5; 100] } else { &[] }
        }
    }
    let codec = Codec::new(Geometry::new(2, 2).unwrap());
    for lost in [4, 0, 3] {
        let shards: Vec<_> = (0..4).map(|i| (i != lost).then(|| Fickle(Cell::new(0)))).collect();
        assert_eq!(codec.locate(&shards).unwrap().wrong, 100);
        assert!(shards.iter().flatten().all(|shard| shard.0.get() == 1));
    }
}

/// The tests' own judge sees a finding that is not quite the truth.
#[test]
fn the_checker_can_fail() {
    let codec = Codec::new(Geometry::new(6, 4).unwrap());
    let data = oracle::noisy_shards(6, 100, 4);
    let right: Vec<_> = data.iter().chain(&oracle::encode(&data, 4)).cloned().collect();
    let mut shards = right.clone();
    (10..20).for_each(|at| shards[2][at] ^= 3);
    (15..40).for_each(|at| shards[7][at] ^= at as u8);
    let located = codec.locate(&without(&shards, &[])).unwrap();
    let truth = truth(&right, &shards, &[], 2).unwrap();
    check(&located, &truth).unwrap();
    let spoil = |how: &dyn Fn(&mut Located)| {
        let mut spoiled = located.clone();
        how(&mut spoiled);
        assert!(check(&spoiled, &truth).is_err(), "{spoiled:?}");
    };
    spoil(&|l| l.suspects[0].shard = 3);
    spoil(&|l| l.suspects[1].columns -= 1);
    spoil(&|l| l.suspects[1].first += 1);
    spoil(&|l| l.suspects[0].last += 1);
    spoil(&|l| l.suspects.truncate(1));
    spoil(&|l| l.suspects.push(l.suspects[0]));
    spoil(&|l| l.wrong += 1);
    spoil(&|l| l.unexplained = 1);
    spoil(&|l| l.first_unexplained = Some(0));
    spoil(&|l| l.surplus = 0);
    // A shard that changed behind the truth's back.
    shards[9][99] ^= 1;
    assert!(check(&codec.locate(&without(&shards, &[])).unwrap(), &truth).is_err());
}
