//! The verbs over a pool of threads give what they give without.
#![cfg(feature = "rayon")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use std::cell::Cell;

use lustrine::ec::{Codec, Geometry};
use lustrine::{Error, ShardList};
use oracle::noisy_shards;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Below twice this in all, shards stay on the calling thread.
const PART_BYTES: usize = 1 << 20;

fn pools() -> Vec<ThreadPool> {
    (1..=5).map(pool).collect()
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn codec(k: usize, p: usize) -> Codec {
    Codec::new(Geometry::new(k, p).unwrap())
}

/// Lengths without a second thread, just around where each thread starts to have a part, odd ones,
/// ones of a whole number of pages, and one that is streamed.
fn lengths(total: usize) -> Vec<usize> {
    let mut lengths = vec![0, 1, 63, 4096, 4097, (16 << 20) / total + 5];
    for parts in 2..=5 {
        let edge = (parts * PART_BYTES).div_ceil(total);
        lengths.extend([edge - 1, edge, edge + 1, edge.next_multiple_of(4096) + 4096]);
    }
    lengths
}

/// All the verbs on `shards`, whose first k are data, with `lost` of them lost.
fn check(codec: &Codec, pool: &ThreadPool, shards: &[&[u8]], lost: &[usize]) {
    let (k, len) = (codec.geometry().data(), shards[0].len());
    let what = || format!("{:?}, {len} bytes, {pool:?}", codec.geometry());
    let (data, parity) = shards.split_at(k);
    let mut got = vec![vec![0xa5; len]; parity.len()];
    codec.encode_on(pool, data, &mut got).unwrap();
    assert!(got.iter().zip(parity).all(|(got, right)| got == right), "encode of {}", what());

    assert!(codec.verify_on(pool, data, parity).unwrap(), "verify of {}", what());
    for at in [0, len / 3, len / 2, len.saturating_sub(1)] {
        let last = got.len() - 1;
        if let Some(byte) = got[last].get_mut(at) {
            *byte ^= 1;
            assert!(!codec.verify_on(pool, data, &got).unwrap(), "byte {at} of {}", what());
            got[last][at] ^= 1;
        }
    }

    let present = shards.iter().enumerate();
    let survivors: Vec<_> = present.map(|(i, s)| (!lost.contains(&i)).then_some(s)).collect();
    // In no order.
    let mut wanted: Vec<_> = lost.iter().rev().map(|i| (*i, vec![0xa5; len])).collect();
    codec.reconstruct_on(pool, &survivors, &mut wanted).unwrap();
    for (index, got) in wanted {
        assert!(got == shards[index], "shard {index} of {}", what());
    }
}

#[test]
fn same_bytes_as_without() {
    let pools = pools();
    for (k, p) in [(1, 1), (2, 1), (4, 2), (7, 3), (8, 2), (10, 4), (16, 8), (20, 15)] {
        let codec = codec(k, p);
        let lengths = lengths(k + p);
        let most = lengths.iter().max().unwrap() + 3;
        let data = noisy_shards(k, most, 7);
        for len in lengths {
            // Any alignment: each shard begins elsewhere.
            let data: Vec<_> = data.iter().enumerate().map(|(i, s)| &s[i % 3..][..len]).collect();
            let mut parity = vec![vec![0; len]; p];
            codec.encode(&data, &mut parity).unwrap();
            let all: Vec<_> = data.into_iter().chain(parity.iter().map(Vec::as_slice)).collect();
            let lost: Vec<_> = (0..p).map(|i| i * (k + p) / p).collect();
            for pool in &pools {
                check(&codec, pool, &all, &lost);
            }
        }
    }
}

#[test]
fn inside_the_pool_too() {
    let (codec, pool) = (codec(8, 2), pool(3));
    let data = noisy_shards(8, 300_001, 3);
    let mut right = vec![vec![0; 300_001]; 2];
    codec.encode(&data, &mut right).unwrap();
    // All threads of the pool cut at once.
    let mut got = vec![vec![vec![0; 300_001]; 2]; 7];
    pool.scope(|scope| {
        for parity in &mut got {
            scope.spawn(|_| codec.encode_on(&pool, &data, parity).unwrap());
        }
    });
    assert!(got.iter().all(|parity| *parity == right));
}

/// A call goes wrong in the same way with a pool as without, and writes nothing.
fn check_encode_error(codec: &Codec, pool: &ThreadPool, data: &[Vec<u8>], parity: &[Vec<u8>]) {
    let (mut plain, mut spread) = (parity.to_vec(), parity.to_vec());
    let error = codec.encode(data, &mut plain).unwrap_err();
    assert_eq!(codec.encode_on(pool, data, &mut spread), Err(error));
    assert!(spread == parity, "{error} came after something was written");
    assert_eq!(codec.verify_on(pool, data, parity), codec.verify(data, parity));
}

#[test]
fn same_errors_as_without() {
    const LEN: usize = 1 << 20;
    let (codec, pool) = (codec(4, 2), pool(2));
    let data = vec![vec![7; LEN]; 4];
    let parity = vec![vec![0xa5; LEN]; 2];
    let short = |shards: &[Vec<u8>], index: usize| {
        let mut shards = shards.to_vec();
        shards[index].pop();
        shards
    };
    for index in 0..4 {
        check_encode_error(&codec, &pool, &short(&data, index), &parity);
        // The first mistake counts.
        check_encode_error(&codec, &pool, &short(&data, index), &parity[1..]);
    }
    for index in 0..2 {
        check_encode_error(&codec, &pool, &data, &short(&parity, index));
    }
    check_encode_error(&codec, &pool, &data[1..], &parity);
    check_encode_error(&codec, &pool, &data, &parity[1..]);
    check_encode_error(&codec, &pool, &[], &parity);
    check_encode_error(&codec, &pool, &data, &[]);

    let all: Vec<_> = data.iter().chain(&parity).map(Some).collect();
    let without = |lost: &[usize]| {
        let mut survivors = all.clone();
        lost.iter().for_each(|i| survivors[*i] = None);
        survivors
    };
    let stub = short(&data, 2);
    let mut uneven = without(&[0]);
    uneven[2] = Some(&stub[2]);
    let mut uneven_surplus = without(&[0]);
    uneven_surplus[5] = Some(&stub[2]);
    let whole = vec![0xa5; LEN];
    let odd = vec![0xa5; LEN - 1];
    for (survivors, wanted) in [
        (without(&[0, 1, 2]), vec![(0, &whole)]),
        (without(&[0]), vec![(1, &whole)]),
        (without(&[0]), vec![(0, &whole), (0, &whole)]),
        (without(&[0]), vec![(6, &whole)]),
        (without(&[0])[1..].to_vec(), vec![(0, &whole)]),
        (without(&[0, 1]), vec![(0, &whole), (1, &odd)]),
        (without(&[0, 1]), vec![(1, &odd), (0, &odd)]),
        (uneven.clone(), vec![(0, &whole)]),
        (uneven.clone(), vec![(9, &whole)]),
        (uneven, vec![]),
        (uneven_surplus, vec![(0, &whole)]),
        (without(&[]), vec![(0, &whole)]),
        (vec![None; 6], vec![(0, &whole)]),
    ] {
        let fresh = || wanted.iter().map(|(i, s)| (*i, s.to_vec())).collect::<Vec<_>>();
        let (mut plain, mut spread) = (fresh(), fresh());
        let result = codec.reconstruct(&survivors, &mut plain);
        assert_eq!(codec.reconstruct_on(&pool, &survivors, &mut spread), result);
        assert!(result.is_ok() == wanted.is_empty() && spread == fresh(), "{result:?}");
    }
    let error = Error::ShardCount { list: ShardList::Survivors, expected: 6, got: 0 };
    let none: [Option<Vec<u8>>; 0] = [];
    assert_eq!(codec.reconstruct_on(&pool, &none, &mut [(0, vec![0])]), Err(error));
}

/// A shard whose length is another each time it is asked for; not to be shared by threads.
struct Fickle {
    bytes: Vec<u8>,
    lengths: Vec<usize>,
    asked: Cell<usize>,
}

impl Fickle {
    fn new(lengths: &[usize]) -> Fickle {
        Fickle { bytes: vec![3; 1 << 20], lengths: lengths.to_vec(), asked: Cell::new(0) }
    }
}

impl AsRef<[u8]> for Fickle {
    fn as_ref(&self) -> &[u8] {
        let asked = self.asked.replace(self.asked.get() + 1);
        &self.bytes[..self.lengths[asked.min(self.lengths.len() - 1)]]
    }
}

#[test]
fn shards_that_change_their_length_do_no_harm() {
    const LEN: usize = 1 << 20;
    let (codec, pool) = (codec(2, 1), pool(3));
    let mut parity = vec![vec![0xa5; LEN]];
    for (first, good) in [
        (&[LEN][..], true),
        (&[LEN, LEN, 0], true),
        (&[LEN, 5], false),
        (&[5, LEN], true),
        (&[0, LEN, 0], true),
        (&[LEN, 0], false),
    ] {
        let data = || [Fickle::new(first), Fickle::new(&[LEN])];
        assert_eq!(codec.encode_on(&pool, &data(), &mut parity).is_ok(), good, "{first:?}");
        assert_eq!(codec.verify_on(&pool, &data(), &parity).is_ok(), good, "{first:?}");
        let [one, two] = data();
        let mut wanted = [(2, vec![0xa5; LEN])];
        let done = codec.reconstruct_on(&pool, &[Some(one), Some(two), None], &mut wanted);
        assert_eq!(done.is_ok(), good, "{first:?}");
        assert!(wanted[0].1 == if good { &*parity[0] } else { &[0xa5; LEN] });
    }
    // All agree on fewer bytes than the first look promised.
    let data = [Fickle::new(&[LEN, 9, 9]), Fickle::new(&[9])];
    codec.encode_on(&pool, &data, &mut [&mut parity[0][..9]]).unwrap();
    let data = [Fickle::new(&[LEN, 0]), Fickle::new(&[0])];
    codec.encode_on(&pool, &data, &mut [&mut parity[0][..0]]).unwrap();
}
