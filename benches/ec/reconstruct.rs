//! Reconstructing the first data shard, or as many of the first as can be lost.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::Arena;
use crate::encode::{arena, isal_run};
use crate::race::{Code, Contestant, ISAL, Ratios};

pub(crate) fn one(bench: &Bench, code: Code, size: usize) -> Ratios {
    reconstruct(bench, "rebuild-1", code, 1, size)
}

pub(crate) fn most(bench: &Bench, code: Code, size: usize) -> Ratios {
    reconstruct(bench, "rebuild-p", code, code.1, size)
}

fn reconstruct(bench: &Bench, op: &str, code: Code, lost: usize, size: usize) -> Ratios {
    let (k, p) = code;
    // Lost shards stay where they are, to compare with; rebuilt ones go to spare places.
    let arena = &arena(bench, code, lost, size);
    let mut list = Vec::new();
    let mut backends = Backend::available();
    list.extend(backends.next().map(|best| ours(arena, code, lost, best)));
    if let Some(isal) = &bench.isal {
        // The matrix is inverted and expanded beforehand, as our cache does.
        let used: Vec<_> = (lost..k + lost).collect();
        let gone: Vec<_> = (0..lost).collect();
        let tables = isal.tables(k, &isal.decode_rows(k, p, &used, &gone));
        let run = move |set: usize| {
            // Data and parity lie one after the other, so the k after the lost are the first k
            // survivors.
            let (shards, spare) = arena.split(set, k + p);
            isal_run(isal, &tables, &shards[lost..][..k], &spare);
        };
        arena.clear(k + p);
        run(0);
        check(arena, code, "isal");
        list.push(Contestant::new("isal", run));
    }
    list.extend(backends.map(|backend| ours(arena, code, lost, backend)));
    bench.race.run(op, code, arena, &list, &[ISAL])
}

fn ours(arena: &Arena, (k, p): Code, lost: usize, backend: Backend) -> Contestant<'_> {
    let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
    let run = move |set: usize| {
        let (data, mut rest) = arena.split(set, k);
        let (parity, spare) = rest.split_at_mut(p);
        let mut survivors = [None; 32];
        let present = data.iter().chain(&*parity).enumerate().skip(lost);
        present.for_each(|(i, shard)| survivors[i] = Some(*shard));
        let mut wanted = [(0, parity[0]); 16];
        for (i, (slot, shard)) in wanted.iter_mut().zip(spare).enumerate() {
            *slot = (i, *shard);
        }
        codec.reconstruct(&survivors[..k + p], &mut wanted[..lost]).unwrap();
    };
    arena.clear(k + p);
    run(0);
    check(arena, (k, p), backend.name());
    Contestant::new(backend.name(), run)
}

/// The spare shards of the first set are its first shards.
pub(crate) fn check(arena: &Arena, (k, p): Code, name: &str) {
    let (shards, spare) = arena.split(0, k + p);
    let same = spare.iter().zip(shards).all(|(got, right)| got.as_ref() == right.as_ref());
    assert!(same, "{name} gives wrong bytes");
}
