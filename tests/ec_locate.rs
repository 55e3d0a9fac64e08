//! `locate` against damage that it can tell: all is found, and nobody else is accused.
//!
//! `LUSTRINE_SEED` sets the seed, which is printed; `LUSTRINE_TRIALS` the random trials of each
//! geometry.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used)]

#[path = "common/damage.rs"]
mod damage;
#[path = "common/oracle.rs"]
mod oracle;

use damage::{Random, check, damage, damage_all, row, trials, truth, without};
use lustrine::ec::{Codec, Geometry, Located, Verdict};
use lustrine::{Error, ShardList};

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
    assert!(sure * 4 > damaged || trials() < 1000, "{sure} of {damaged}");
}

macro_rules! geometries {
    ($($name:ident: $k:literal + $p:literal,)*) => {
        mod random_damage_is_found {
            $(#[test]
            fn $name() {
                super::finds_all($k, $p);
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

/// Each shard, and each pair where pairs can be told, with every value of the damage.
#[test]
fn every_damage_of_one_column() {
    let values = || (1..=255_u8).filter(|value| trials() >= 1000 || value % 32 == 1);
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
