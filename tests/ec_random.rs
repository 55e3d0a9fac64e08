//! Codes, lengths and losses at random: what was lost comes back, and backends agree.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;
use proptest::prelude::*;

/// A legal code, mostly of the sizes that people use.
fn geometry() -> impl Strategy<Value = Geometry> {
    let small = (2..=24_usize, 1..=8_usize);
    let any = (1..=255_usize, 1..=15_usize);
    prop_oneof![3 => small, 1 => any]
        .prop_filter_map("not a code", |(k, p)| Geometry::new(k, p).ok())
}

/// A code, a length, the lost shards, how many of them are wanted, and a seed.
fn losses() -> impl Strategy<Value = (Geometry, usize, Vec<usize>, usize, u64)> {
    let len = if cfg!(miri) { 0..70_usize } else { 0..3000 };
    (geometry(), len, any::<u64>()).prop_flat_map(|(geometry, len, seed)| {
        let shards: Vec<_> = (0..geometry.total()).collect();
        let lost = proptest::sample::subsequence(shards, 1..=geometry.parity()).prop_shuffle();
        (Just(geometry), Just(len), lost, any::<proptest::sample::Index>(), Just(seed)).prop_map(
            |(geometry, len, lost, wanted, seed)| {
                let wanted = wanted.index(lost.len()) + 1;
                (geometry, len, lost, wanted, seed >> 20)
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 3 } else { ProptestConfig::default().cases },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_was_lost_comes_back((geometry, len, lost, wanted, seed) in losses()) {
        let (k, p) = (geometry.data(), geometry.parity());
        let mut shards = oracle::noisy_shards(k, len, seed);
        shards.extend(oracle::encode(&shards, p));
        let present = shards.iter().enumerate();
        let survivors: Vec<_> =
            present.map(|(i, shard)| (!lost.contains(&i)).then_some(shard)).collect();
        for backend in Backend::available() {
            let codec = Codec::with_backend(geometry, backend);
            let mut out: Vec<_> = lost[..wanted].iter().map(|i| (*i, vec![0xee; len])).collect();
            codec.reconstruct(&survivors, &mut out).unwrap();
            for (i, shard) in &out {
                prop_assert!(*shard == shards[*i], "{backend}: shard {i} of lost {lost:?}");
            }
        }
    }

    /// Any one wrong bit is seen by verify, and undone by updating it away again.
    #[test]
    fn a_wrong_bit_is_seen(
        (geometry, len, lost, _, seed) in losses(),
        at in any::<proptest::sample::Index>(),
        bit in 0..8_u8,
    ) {
        prop_assume!(len > 0);
        let (k, p) = (geometry.data(), geometry.parity());
        let mut data = oracle::noisy_shards(k, len, seed);
        let mut parity = oracle::encode(&data, p);
        let at = at.index(len);
        for backend in Backend::available() {
            let codec = Codec::with_backend(geometry, backend);
            let shard = lost[0];
            let old = data.get(shard).cloned();
            let damaged = if shard < k { &mut data[shard] } else { &mut parity[shard - k] };
            damaged[at] ^= 1_u8 << bit;
            prop_assert!(!codec.verify(&data, &parity).unwrap(), "{backend}: shard {shard}, {at}");
            match old {
                Some(old) => codec.update(shard, &old, &data[shard], &mut parity).unwrap(),
                None => parity[shard - k][at] ^= 1_u8 << bit,
            }
            prop_assert!(codec.verify(&data, &parity).unwrap(), "{backend}: shard {shard}, {at}");
        }
    }
}
