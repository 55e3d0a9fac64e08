//! Encode and reconstruct with each crate.

use lustrine::gf::Backend;
use reed_solomon_erasure::galois_8::ReedSolomon;
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};
use rusty_erasure::{Coder, Matrix};

use crate::Bench;
use crate::arena::{Arena, Shard};
use crate::encode::{Encoders, arena};
use crate::race::{Code, Contestant, ISAL, Ratios, Versus};
use crate::reconstruct::Rebuild;

const RUSTY: &str = "rusty_erasure";
const ERASURE: &str = "reed-solomon-erasure";
const SIMD: &str = "reed-solomon-simd";

const VERSUS: [Versus; 4] = [
    ISAL,
    Versus { title: "xRUSTY", rivals: &[RUSTY] },
    Versus { title: "xRSE", rivals: &[ERASURE] },
    Versus { title: "xRSS", rivals: &[SIMD] },
];

pub(crate) fn encode(bench: &Bench, code: Code, size: usize) -> Ratios {
    let (k, p) = code;
    let arena = &arena(bench, code, 0, size);
    let mut field = Encoders::new(arena, code);
    field.add_backend(Backend::best());
    field.add_isal(bench.isal);
    let coder = rusty_erasure::coder(Matrix::cauchy(k, p).unwrap()).unwrap();
    field.add(RUSTY, move |set| {
        let (data, mut parity) = arena.split(set, k);
        coder.encode(&slices(data)[..k], &mut slices_mut(&mut parity)[..p]).unwrap();
    });
    // From here on the parity in the arena is another code's, but nobody reads it.
    let codec = ReedSolomon::new(k, p).unwrap();
    let all: Vec<Vec<u8>> = own_parity(arena, code, |data, parity| {
        codec.encode_sep(data, parity).unwrap();
    });
    assert!(codec.verify(&all).unwrap(), "{ERASURE} gives wrong bytes");
    field.list.push(Contestant::new(ERASURE, move |set| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode_sep(data, &mut parity).unwrap();
    }));
    let mut encoder = ReedSolomonEncoder::new(k, p, size).unwrap();
    field.list.push(Contestant::new(SIMD, move |set| {
        let (data, mut parity) = arena.split(set, k);
        simd_encode(&mut encoder, data, &mut parity);
    }));
    bench.race.run("encode", code, arena, &field.list, &VERSUS)
}

pub(crate) fn rebuild_one(bench: &Bench, code: Code, size: usize) -> Ratios {
    rebuild(bench, "rebuild-1", code, 1, size)
}

pub(crate) fn rebuild_most(bench: &Bench, code: Code, size: usize) -> Ratios {
    rebuild(bench, "rebuild-p", code, code.1, size)
}

fn rebuild(bench: &Bench, op: &str, code: Code, lost: usize, size: usize) -> Ratios {
    let (k, p) = code;
    let arena = &arena(bench, code, lost, size);
    let mut field = Rebuild::new(arena, code, lost);
    field.add_backend(Backend::best());
    field.add_isal(bench.isal);
    let coder = rusty_erasure::coder(Matrix::cauchy(k, p).unwrap()).unwrap();
    field.add(RUSTY, rusty(arena, code, lost, coder));

    let codec = ReedSolomon::new(k, p).unwrap();
    let all = own_parity(arena, code, |data, parity| codec.encode_sep(data, parity).unwrap());
    // It rebuilds in place: lost shards are flagged, and must come out as they were.
    let mut shards: Vec<(Vec<u8>, bool)> = all.into_iter().map(|shard| (shard, true)).collect();
    let mut run = move |_: usize| {
        shards[..lost].iter_mut().for_each(|shard| shard.1 = false);
        codec.reconstruct(&mut shards).unwrap();
        shards[0].0[0]
    };
    assert_eq!(run(0), arena.split(0, k).0[0].as_ref()[0], "{ERASURE} gives wrong bytes");
    field.list.push(Contestant::new(ERASURE, move |set| {
        run(set);
    }));

    let mut encoder = ReedSolomonEncoder::new(k, p, size).unwrap();
    let all = own_parity(arena, code, |data, parity| simd_encode(&mut encoder, data, parity));
    let mut decoder = ReedSolomonDecoder::new(k, p, size).unwrap();
    let run = move |set: usize| {
        let (_, mut spare) = arena.split(set, k + p);
        simd_decode(&mut decoder, &all, k, lost, &mut spare);
    };
    field.add(SIMD, run);
    bench.race.run(op, code, arena, &field.list, &VERSUS)
}

fn rusty<'a>(
    arena: &'a Arena,
    (k, p): Code,
    lost: usize,
    coder: Coder,
) -> impl FnMut(usize) + use<'a> {
    // As our cache does: the pattern's matrix is made once.
    let present: Vec<bool> = (0..k + p).map(|i| i >= lost).collect();
    let gone: Vec<usize> = (0..lost).collect();
    let plan = coder.decode_plan(&present, &gone).unwrap();
    move |set| {
        let (shards, mut spare) = arena.split(set, k + p);
        let survivors = slices(shards);
        let survivors: [Option<&[u8]>; 32] =
            std::array::from_fn(|i| (i >= lost).then_some(survivors[i]));
        let mut wanted = slices_mut(&mut spare);
        coder.recover_with(&plan, &survivors[..k + p], &mut wanted[..lost]).unwrap();
    }
}

/// All shards of the first set, with the parity that `encode` makes.
pub(crate) fn own_parity(
    arena: &Arena,
    (k, p): Code,
    mut encode: impl FnMut(&[Shard], &mut [Vec<u8>]),
) -> Vec<Vec<u8>> {
    let (data, _) = arena.split(0, k);
    let mut parity = vec![vec![0; arena.size]; p];
    encode(data, &mut parity);
    data.iter().map(|shard| shard.as_ref().to_vec()).chain(parity).collect()
}

pub(crate) fn simd_encode<P: AsMut<[u8]>>(
    encoder: &mut ReedSolomonEncoder,
    data: &[Shard],
    parity: &mut [P],
) {
    data.iter().for_each(|shard| encoder.add_original_shard(shard).unwrap());
    let result = encoder.encode().unwrap();
    let rows = parity.iter_mut().map(AsMut::as_mut).zip(result.recovery_iter());
    rows.for_each(|(shard, row)| shard.copy_from_slice(row));
}

/// The first `lost` of `all` into `spare`.
pub(crate) fn simd_decode(
    decoder: &mut ReedSolomonDecoder,
    all: &[Vec<u8>],
    k: usize,
    lost: usize,
    spare: &mut [Shard],
) {
    for (i, shard) in all.iter().enumerate().skip(lost) {
        let added = match i.checked_sub(k) {
            None => decoder.add_original_shard(i, shard),
            Some(row) => decoder.add_recovery_shard(row, shard),
        };
        added.unwrap();
    }
    for (i, shard) in decoder.decode().unwrap().restored_original_iter() {
        spare[i].as_mut().copy_from_slice(shard);
    }
}

/// As lists of slices on the stack: an allocation takes as long as a short shard.
fn slices(shards: &[Shard]) -> [&[u8]; 32] {
    std::array::from_fn(|i| shards.get(i).map_or(&[][..], AsRef::as_ref))
}

fn slices_mut(shards: &mut [Shard]) -> [&mut [u8]; 32] {
    let mut shards = shards.iter_mut();
    std::array::from_fn(|_| shards.next().map_or(&mut [][..], AsMut::as_mut))
}
