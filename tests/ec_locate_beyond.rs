//! `locate` against more damage than it can tell: no innocent shard is accused with certainty.
//!
//! `LUSTRINE_SEED` sets the seed, which is printed; `LUSTRINE_TRIALS` the random trials of each
//! geometry.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used)]

#[path = "common/damage.rs"]
mod damage;
#[path = "common/oracle.rs"]
mod oracle;

use damage::{Random, damage_all, row, trials, truth, without};
use lustrine::ec::{Codec, Geometry, Verdict};

/// Damage of more shards than can be told: never a sure word against an innocent one, and the
/// number of wrong columns is right as long as they are noticed for certain. The evidence would
/// allow one in 65536; none came up in two million trials, few of which are of few columns.
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
    assert!(beyond * 4 > trials() || trials() < 1000);
}

macro_rules! geometries {
    ($($name:ident: $k:literal + $p:literal,)*) => {
        mod nobody_is_accused {
            $(#[test]
            fn $name() {
                super::accuses_nobody($k, $p);
            })*
        }
    };
}

geometries! {
    of_4_2: 4 + 2,
    of_8_2: 8 + 2,
    of_12_2: 12 + 2,
    of_8_3: 8 + 3,
    of_10_4: 10 + 4,
    of_16_4: 16 + 4,
    of_20_8: 20 + 8,
    of_17_5: 17 + 5,
    of_3_3: 3 + 3,
    of_40_15: 40 + 15,
}

/// The evidence is what it says: of rows with few columns of random damage beyond the limit, at most
/// one in 2^b has an innocent suspect with b bits of evidence.
#[test]
fn evidence_bounds_the_accusations_of_innocent_shards() {
    let mut random = Random::new("evidence");
    for (k, p) in [(4, 2), (8, 2), (40, 2), (250, 2), (8, 3), (10, 4), (6, 5)] {
        let codec = Codec::new(Geometry::new(k, p).unwrap());
        for columns in [1, 2, 3, 50] {
            let rows = if cfg!(miri) { 3 } else { (40 * trials() / (k + p + 2 * columns)) as u32 };
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
