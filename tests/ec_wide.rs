//! The wide code: what goes in comes out, and its arguments are checked like the codec's.
#![cfg(feature = "wide")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use lustrine::ec::WideCodec;
use lustrine::{Error, ShardList};
use oracle::noisy_shards;

fn survivors<'a>(shards: &'a [Vec<u8>], lost: &[usize]) -> Vec<Option<&'a [u8]>> {
    let present = shards.iter().enumerate();
    present.map(|(i, shard)| (!lost.contains(&i)).then_some(shard.as_slice())).collect()
}

#[test]
fn what_goes_in_comes_out() {
    for (k, p, len) in [(1, 1, 2), (4, 2, 64), (300, 20, 130), (256, 300, 66), (1000, 3, 4096)] {
        let codec = WideCodec::new(k, p).unwrap();
        assert_eq!((codec.data(), codec.parity()), (k, p));
        let mut shards = noisy_shards(k, len, 1);
        let mut parity = vec![vec![0; len]; p];
        codec.encode(&shards, &mut parity).unwrap();
        assert!(codec.verify(&shards, &parity).unwrap());
        parity[p - 1][len - 1] ^= 1;
        assert!(!codec.verify(&shards, &parity).unwrap());
        parity[p - 1][len - 1] ^= 1;

        let new = oracle::noise(len, 5);
        codec.update(k / 2, &shards[k / 2], &new, &mut parity).unwrap();
        shards[k / 2] = new;
        assert!(codec.verify(&shards, &parity).unwrap());

        shards.extend(parity);
        // p losses: all over, the first, and the last.
        let step = (k + p) / p;
        let spread: Vec<_> = (0..p).map(|i| i * step).collect();
        for lost in [spread, (0..p).collect(), (k..k + p).collect()] {
            let mut wanted: Vec<_> = lost.iter().rev().map(|i| (*i, vec![0xee; len])).collect();
            codec.reconstruct(&survivors(&shards, &lost), &mut wanted).unwrap();
            assert!(wanted.iter().all(|(i, shard)| *shard == shards[*i]), "{k}+{p}: {lost:?}");
        }
    }
}

#[test]
fn empty_shards_are_fine() {
    let codec = WideCodec::new(3, 2).unwrap();
    let none: [u8; 0] = [];
    codec.encode(&[none; 3], &mut [none; 2]).unwrap();
    assert!(codec.verify(&[none; 3], &[none; 2]).unwrap());
    let survivors = [Some(none), None, Some(none), Some(none), Some(none)];
    codec.reconstruct(&survivors, &mut [(1, none)]).unwrap();
}

#[test]
fn wrong_arguments_are_named_and_nothing_is_written() {
    for (data, parity) in [(0, 1), (1, 0), (65536, 1), (40000, 40000), (usize::MAX, usize::MAX)] {
        assert_eq!(WideCodec::new(data, parity), Err(Error::WideGeometry { data, parity }));
    }
    let codec = WideCodec::new(3, 2).unwrap();
    let data = noisy_shards(3, 10, 1);
    let mut parity = vec![vec![0xee; 10]; 2];
    let count = |list, expected, got| Error::ShardCount { list, expected, got };
    assert_eq!(codec.encode(&data[1..], &mut parity), Err(count(ShardList::Data, 3, 2)));
    assert_eq!(codec.verify(&data, &parity[1..]), Err(count(ShardList::Parity, 2, 1)));
    let odd = [[1; 5]; 3];
    assert_eq!(codec.encode(&odd, &mut [[0; 5]; 2]), Err(Error::OddSize { got: 5 }));
    let size = Error::ShardSize { list: ShardList::Parity, index: 0, expected: 4, got: 10 };
    assert_eq!(codec.update(0, &[0; 4], &[0; 4], &mut parity), Err(size));
    let index = Error::ShardIndex { index: 3, limit: 3 };
    assert_eq!(codec.update(3, &data[0], &data[1], &mut parity), Err(index));
    assert_eq!(parity, vec![vec![0xee; 10]; 2]);

    codec.encode(&data, &mut parity).unwrap();
    let shards: Vec<_> = data.into_iter().chain(parity).collect();
    let mut wanted = [(1, vec![0xee; 10])];
    let alive = survivors(&shards, &[1]);
    assert_eq!(codec.reconstruct(&alive[1..], &mut wanted), Err(count(ShardList::Survivors, 5, 4)));
    let few = survivors(&shards, &[0, 1, 2]);
    let error = Error::TooManyErasures { missing: 3, parity: 2 };
    assert_eq!(codec.reconstruct(&few, &mut wanted), Err(error));
    let all = survivors(&shards, &[]);
    assert_eq!(codec.reconstruct(&all, &mut wanted), Err(Error::ShardRepeated { index: 1 }));
    wanted[0].0 = 5;
    let index = Error::ShardIndex { index: 5, limit: 5 };
    assert_eq!(codec.reconstruct(&alive, &mut wanted), Err(index));
    assert_eq!(wanted[0].1, vec![0xee; 10]);
}
