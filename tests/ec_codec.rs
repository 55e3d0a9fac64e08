//! The codec against the schoolbook, on every backend of the machine.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used)]

#[path = "common/oracle.rs"]
mod oracle;

use lustrine::ec::{Codec, Decoder, Encoder, Geometry};
use lustrine::gf::{Backend, Coef};
use lustrine::{Error, ShardList};
use oracle::{encode, noisy_shards};

fn codecs(k: usize, p: usize) -> impl Iterator<Item = Codec> {
    let geometry = Geometry::new(k, p).unwrap();
    Backend::available().map(move |backend| Codec::with_backend(geometry, backend))
}

/// The survivors of a row: all of `shards` but the lost ones.
fn survivors<'a>(shards: &'a [Vec<u8>], lost: &[usize]) -> Vec<Option<&'a [u8]>> {
    let present = shards.iter().enumerate();
    present.map(|(i, shard)| (!lost.contains(&i)).then_some(shard.as_slice())).collect()
}

/// Losing `lost`, the codec gives back each of `wanted`.
fn check_reconstruct(codec: &Codec, shards: &[Vec<u8>], lost: &[usize], wanted: &[usize]) {
    let len = shards[0].len();
    let mut got: Vec<_> = wanted.iter().map(|i| (*i, vec![0xee; len])).collect();
    codec.reconstruct(&survivors(shards, lost), &mut got).unwrap();
    for (i, bytes) in got {
        let (geometry, backend) = (codec.geometry(), codec.backend());
        assert!(bytes == shards[i], "{backend} {geometry:?}: shard {i} of lost {lost:?}");
    }
}

#[test]
fn known_vectors() {
    // Lustre's kunit test (5+3), its sanity-ec case 12a by another name, and 2+1 .. 4+2 by hand.
    let vectors: [(&[u8], &[u8]); 3] =
        [(&[0, 1, 2, 3, 4], &[0xa4, 0xc2, 0x17]), (&[1, 2, 3, 4], &[0x48, 0x0f]), (&[9], &[9])];
    for (data, parity) in vectors {
        for codec in codecs(data.len(), parity.len()) {
            for len in [1, 64, if cfg!(miri) { 70 } else { 1000 }] {
                let data: Vec<_> = data.iter().map(|byte| vec![*byte; len]).collect();
                let mut got = vec![vec![0; len]; parity.len()];
                codec.encode(&data, &mut got).unwrap();
                for (got, byte) in got.iter().zip(parity) {
                    assert!(got.iter().all(|b| b == byte), "{}", codec.backend());
                }
            }
        }
    }
}

/// What CI says the machine has must be what was tested.
#[test]
fn the_expected_backend_is_the_best() {
    if let Ok(name) = std::env::var("LUSTRINE_EXPECT_BACKEND") {
        assert_eq!(Backend::best().name(), name, "set by LUSTRINE_EXPECT_BACKEND");
        assert_eq!(Backend::available().next().map(Backend::name), Some(Backend::best().name()));
    }
}

#[test]
fn backends_have_names() {
    for backend in Backend::available() {
        assert!(Backend::NAMES.contains(&backend.name()));
        assert_eq!(Backend::from_name(backend.name()), Ok(backend));
    }
    for name in ["", "AVX2", "avx2 ", "best"] {
        assert_eq!(Backend::from_name(name), Err(Error::BackendUnknown { names: Backend::NAMES }));
    }
    let foreign = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    assert_eq!(Backend::from_name(foreign), Err(Error::BackendUnavailable { name: foreign }));
}

#[test]
fn geometries_are_lustres() {
    for k in 0..300 {
        for p in 0..20 {
            let legal = (k == 1 && p == 1)
                || ((2..=255).contains(&k) && (1..=15).contains(&p) && k + p <= 256);
            match Geometry::new(k, p) {
                Ok(geometry) => {
                    assert!(legal);
                    assert_eq!((geometry.data(), geometry.parity()), (k, p));
                    assert_eq!(geometry.total(), k + p);
                }
                Err(error) => {
                    assert!(!legal);
                    assert_eq!(error, Error::Geometry { data: k, parity: p });
                }
            }
        }
    }
    assert!(Geometry::new(usize::MAX, usize::MAX).is_err());
}

#[test]
fn every_legal_geometry() {
    let len = 3;
    let data = noisy_shards(255, len, 1);
    for k in (1..=255).filter(|k| !cfg!(miri) || [1, 2, 5, 241].contains(k)) {
        for p in 1..=15 {
            let Ok(geometry) = Geometry::new(k, p) else { continue };
            let expected = encode(&data[..k], p);
            for backend in Backend::available() {
                let codec = Codec::with_backend(geometry, backend);
                let mut parity = vec![vec![0; len]; p];
                codec.encode(&data[..k], &mut parity).unwrap();
                assert!(parity == expected, "{backend} {k}+{p}");
                assert!(codec.verify(&data[..k], &parity).unwrap(), "{backend} {k}+{p}");
                parity[p - 1][len - 1] ^= 1;
                assert!(!codec.verify(&data[..k], &parity).unwrap(), "{backend} {k}+{p}");
            }
            // The worst loss: as many as may be, data first.
            let shards: Vec<_> = data[..k].iter().chain(&expected).cloned().collect();
            let lost: Vec<_> = (0..p).collect();
            check_reconstruct(&Codec::new(geometry), &shards, &lost, &lost);
        }
    }
}

/// Every way to lose up to p of k+p shards, for all small codes.
#[test]
fn every_erasure_pattern_of_small_codes() {
    let most = if cfg!(miri) { 5 } else { 10 };
    for total in 2..=most {
        for p in 1..total {
            let k = total - p;
            if Geometry::new(k, p).is_err() {
                continue;
            }
            let mut shards = noisy_shards(k, 40, 7);
            shards.extend(encode(&shards, p));
            let codecs: Vec<_> = codecs(k, p).collect();
            for pattern in 0..1_usize << total {
                let lost: Vec<_> = (0..total).filter(|i| pattern >> i & 1 == 1).collect();
                // The backends share the matrix, so the rest of them take turns.
                let codec = &codecs[pattern % codecs.len()];
                if lost.len() > p {
                    let mut wanted = [(lost[0], vec![0xee; 40])];
                    let got = codec.reconstruct(&survivors(&shards, &lost), &mut wanted);
                    let missing = lost.len();
                    assert_eq!(got, Err(Error::TooManyErasures { missing, parity: p }));
                    assert_eq!(wanted[0].1, [0xee; 40]);
                    continue;
                }
                check_reconstruct(codec, &shards, &lost, &lost);
                // In another order, and one alone.
                let reversed: Vec<_> = lost.iter().rev().copied().collect();
                check_reconstruct(codec, &shards, &lost, &reversed);
                if let Some(last) = lost.last() {
                    check_reconstruct(codec, &shards, &lost, &[*last]);
                }
            }
        }
    }
}

#[test]
fn every_backend_reconstructs() {
    for (k, p) in [(4, 2), (8, 2), (10, 4), (20, 8), (17, 15)] {
        let mut shards = noisy_shards(k, if cfg!(miri) { 77 } else { 777 }, 11);
        shards.extend(encode(&shards, p));
        for codec in codecs(k, p) {
            for first in 0..k {
                let lost: Vec<_> = (0..p).map(|i| (first + 3 * i) % (k + p)).collect();
                let distinct: Vec<_> = (0..k + p).filter(|shard| lost.contains(shard)).collect();
                check_reconstruct(&codec, &shards, &distinct, &distinct);
                if cfg!(miri) {
                    break;
                }
            }
        }
    }
}

#[test]
fn update_is_encoding_anew() {
    for (k, p) in [(1, 1), (2, 1), (5, 3), (8, 2), (20, 8), (3, 15)] {
        for len in [0, 1, 63, 64, 65, if cfg!(miri) { 130 } else { 1000 }] {
            let mut data = noisy_shards(k, len, 3);
            let mut parity = encode(&data, p);
            for (turn, codec) in codecs(k, p).enumerate() {
                let index = turn * 7 % k;
                let new = oracle::noise(len, 99 + turn as u64);
                codec.update(index, &data[index], &new, &mut parity).unwrap();
                data[index] = new;
                assert!(parity == encode(&data, p), "{} {k}+{p}, {len} bytes", codec.backend());
            }
        }
    }
}

#[test]
fn wrong_arguments_are_named_and_nothing_is_written() {
    let codec = Codec::new(Geometry::new(3, 2).unwrap());
    let data = noisy_shards(3, 10, 1);
    let fresh = || vec![vec![0xee; 10]; 2];
    let count = |list, expected, got| Err(Error::ShardCount { list, expected, got });
    let size = |list, index, expected, got| Err(Error::ShardSize { list, index, expected, got });
    let mut parity = fresh();

    assert_eq!(codec.encode(&data[..2], &mut parity), count(ShardList::Data, 3, 2));
    assert_eq!(codec.encode(&data, &mut parity[..1]), count(ShardList::Parity, 2, 1));
    assert_eq!(codec.verify(&data[1..], &parity).err(), count(ShardList::Data, 3, 2).err());
    assert_eq!(codec.verify(&data, &parity[..0]).err(), count(ShardList::Parity, 2, 0).err());
    let uneven = [&data[0][..], &data[1][..9], &data[2][..]];
    assert_eq!(codec.encode(&uneven, &mut parity), size(ShardList::Data, 1, 10, 9));
    let mut longer = [vec![0xee; 10], vec![0xee; 11]];
    assert_eq!(codec.encode(&data, &mut longer), size(ShardList::Parity, 1, 10, 11));
    assert_eq!(codec.verify(&data, &longer).err(), size(ShardList::Parity, 1, 10, 11).err());
    assert_eq!((&longer[0][..], &longer[1][..]), (&[0xee; 10][..], &[0xee; 11][..]));

    let (old, new) = (&data[0][..], &data[1][..]);
    let index = Err(Error::ShardIndex { index: 3, limit: 3 });
    assert_eq!(codec.update(3, old, new, &mut parity), index);
    assert!(codec.update(usize::MAX, old, new, &mut parity).is_err());
    assert_eq!(codec.update(1, old, &new[1..], &mut parity), size(ShardList::Data, 1, 10, 9));
    assert_eq!(codec.update(1, old, new, &mut parity[1..]), count(ShardList::Parity, 2, 1));
    assert_eq!(
        codec.update(1, &old[1..], &new[1..], &mut parity),
        size(ShardList::Parity, 0, 9, 10)
    );

    let both = |a, b| [(a, old, new), (b, old, new)];
    assert_eq!(codec.update_many(&both(0, 3), &mut parity), index);
    let repeated = Err(Error::ShardRepeated { index: 1 });
    assert_eq!(codec.update_many(&both(1, 1), &mut parity), repeated);
    assert_eq!(codec.update_many(&both(0, 1), &mut parity[1..]), count(ShardList::Parity, 2, 1));
    let uneven = [(2, old, new), (0, old, &new[2..])];
    assert_eq!(codec.update_many(&uneven, &mut parity), size(ShardList::Data, 0, 10, 8));
    let nothing: [(usize, &[u8], &[u8]); 0] = [];
    assert_eq!(codec.update_many(&nothing, &mut parity), Ok(()));
    assert_eq!(codec.update_many(&nothing, &mut parity[1..]), count(ShardList::Parity, 2, 1));

    let shards: Vec<_> = data.iter().chain(&encode(&data, 2)).cloned().collect();
    let mut wanted = [(0, vec![0xee; 10]), (4, vec![0xee; 10])];
    let alive = survivors(&shards, &[0, 4]);
    assert_eq!(codec.reconstruct(&alive[..4], &mut wanted), count(ShardList::Survivors, 5, 4));
    let index = |index| Err(Error::ShardIndex { index, limit: 5 });
    let repeated = |index| Err(Error::ShardRepeated { index });
    wanted[1].0 = 5;
    assert_eq!(codec.reconstruct(&alive, &mut wanted), index(5));
    wanted[1].0 = 0;
    assert_eq!(codec.reconstruct(&alive, &mut wanted), repeated(0));
    wanted[1].0 = 2;
    assert_eq!(codec.reconstruct(&alive, &mut wanted), repeated(2));
    wanted[1] = (4, vec![0xee; 9]);
    assert_eq!(codec.reconstruct(&alive, &mut wanted), size(ShardList::Wanted, 4, 10, 9));
    let mut short = alive.clone();
    short[3] = Some(&shards[3][..7]);
    wanted[1] = (4, vec![0xee; 10]);
    assert_eq!(codec.reconstruct(&short, &mut wanted), size(ShardList::Survivors, 3, 10, 7));
    let few = survivors(&shards, &[0, 1, 4]);
    let error = Err(Error::TooManyErasures { missing: 3, parity: 2 });
    assert_eq!(codec.reconstruct(&few, &mut wanted), error);
    assert!(wanted.iter().all(|(_, bytes)| *bytes == [0xee; 10]));
    assert_eq!(parity, fresh());

    // A survivor that is not needed is still checked: it says that the caller is confused.
    let spare = Codec::new(Geometry::new(2, 2).unwrap());
    let list = [Some(&[1][..]), None, Some(&[2][..]), Some(&[3, 4][..])];
    let got = spare.reconstruct(&list, &mut [(1, [0])]);
    assert_eq!(got, size(ShardList::Survivors, 3, 1, 2));
    // Nothing wanted, nothing done, however few survive.
    codec.reconstruct(&[None::<[u8; 1]>; 5], &mut [] as &mut [(usize, [u8; 1])]).unwrap();
}

/// `AsRef` may give another slice each time: what was checked must be what is read.
#[test]
fn each_shard_is_asked_once() {
    use std::cell::Cell;
    struct Fickle {
        asked: Cell<u32>,
    }
    impl AsRef<[u8]> for Fickle {
        fn as_ref(&self) -> &[u8] {
            self.asked.set(self.asked.get() + 1);
            if self.asked.get() == 1 { &[5; 100] } else { &[] }
        }
    }
    struct FickleOutput {
        bytes: [u8; 100],
        asked: u32,
    }
    impl AsMut<[u8]> for FickleOutput {
        fn as_mut(&mut self) -> &mut [u8] {
            self.asked += 1;
            if self.asked == 1 { &mut self.bytes } else { &mut [] }
        }
    }
    let fickle = || Fickle { asked: Cell::new(0) };
    let codec = Codec::new(Geometry::new(2, 1).unwrap());
    let data = [fickle(), fickle()];
    let mut parity = [FickleOutput { bytes: [0; 100], asked: 0 }];
    codec.encode(&data, &mut parity).unwrap();
    assert_eq!(parity[0].bytes.to_vec(), encode(&[[5; 100], [5; 100]], 1)[0]);
    assert!(data.iter().all(|shard| shard.asked.get() == 1) && parity[0].asked == 1);

    let survivors = [Some(fickle()), None, Some(fickle())];
    let mut wanted = [(1, FickleOutput { bytes: [0; 100], asked: 0 })];
    codec.reconstruct(&survivors, &mut wanted).unwrap();
    assert!(survivors.iter().flatten().all(|shard| shard.asked.get() == 1));
    assert_eq!(wanted[0].1.asked, 1);
}

#[test]
fn a_codec_is_shared_by_threads() {
    fn is_shareable<T: Send + Sync>(value: T) -> T {
        value
    }
    let codec = is_shareable(Codec::new(Geometry::new(6, 3).unwrap()));
    let mut shards = noisy_shards(6, 300, 5);
    shards.extend(encode(&shards, 3));
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (codec, shards) = (&codec, &shards);
            scope.spawn(move || {
                for i in 0..9 {
                    let mut lost = [(start + i) % 9, (start + i + 2) % 9, (start + i + 5) % 9];
                    lost.sort_unstable();
                    check_reconstruct(codec, shards, &lost, &lost);
                }
            });
        }
    });
}

#[test]
fn tables_of_the_caller() {
    let geometry = Geometry::new(5, 3).unwrap();
    let mut shards = noisy_shards(5, 100, 5);
    shards.extend(encode(&shards, 3));
    let (data, parity) = shards.split_at(5);
    for backend in Backend::available() {
        let mut table = [Coef::ZERO; 20];
        let short = Encoder::new(geometry, backend, &mut table[..14]).err();
        assert_eq!(short, Some(Error::TableSize { expected: 15, got: 14 }));
        let encoder = Encoder::new(geometry, backend, &mut table).unwrap();
        let mut got = vec![vec![0; 100]; 3];
        encoder.encode(data, &mut got).unwrap();
        assert_eq!(got, parity);
        assert!(encoder.verify(data, parity).unwrap());
        encoder.update(4, &data[4], &data[0], &mut got).unwrap();
        let changed = [&data[0], &data[1], &data[2], &data[3], &data[0]];
        assert_eq!(got, encode(&changed, 3));

        let new = |survivors: &[usize], wanted: &[usize], table: &mut [Coef]| {
            Decoder::new(geometry, backend, survivors, wanted, table).err()
        };
        let (alive, wanted) = ([1, 2, 4, 5, 7], [6, 0]);
        let size = Error::TableSize { expected: 10, got: 9 };
        assert_eq!(new(&alive, &wanted, &mut table[..9]), Some(size));
        let index = Error::ShardIndex { index: 8, limit: 8 };
        assert_eq!(new(&alive, &[8], &mut table), Some(index));
        assert_eq!(new(&[1, 8], &[0], &mut table), Some(index));
        assert_eq!(new(&alive, &[1], &mut table), Some(Error::ShardRepeated { index: 1 }));
        let few = Error::TooManyErasures { missing: 4, parity: 3 };
        assert_eq!(new(&[1, 2, 4, 5, 5], &wanted, &mut table), Some(few));

        let decoder = Decoder::new(geometry, backend, &alive, &wanted, &mut table).unwrap();
        let mut out = [(0, vec![0xee; 100]), (6, vec![0xee; 100])];
        decoder.reconstruct(&survivors(&shards, &[0, 3, 6]), &mut out).unwrap();
        assert_eq!((&out[0].1, &out[1].1), (&shards[0], &shards[6]));
        // One of those that it reads is gone.
        let gone = decoder.reconstruct(&survivors(&shards, &[0, 1, 6]), &mut out);
        assert_eq!(gone, Err(Error::TooManyErasures { missing: 4, parity: 3 }));
        // Other shards than it was made for.
        out[0].0 = 3;
        let other = decoder.reconstruct(&survivors(&shards, &[0, 3, 6]), &mut out);
        assert_eq!(other, Err(Error::ShardIndex { index: 3, limit: 8 }));
        let fewer = decoder.reconstruct(&survivors(&shards, &[0, 3, 6]), &mut out[..1]);
        let list = ShardList::Wanted;
        assert_eq!(fewer, Err(Error::ShardCount { list, expected: 2, got: 1 }));
    }
}
