//! Reconstructing the first data shard, or as many of the first as can be lost.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::Arena;
use crate::encode::{arena, isal_run};
use crate::isal::Isal;
use crate::race::{Code, Contestant, ISAL, Ratios};

pub(crate) fn one(bench: &Bench, code: Code, size: usize) -> Ratios {
    reconstruct(bench, "rebuild-1", code, 1, size)
}

pub(crate) fn most(bench: &Bench, code: Code, size: usize) -> Ratios {
    reconstruct(bench, "rebuild-p", code, code.1, size)
}

fn reconstruct(bench: &Bench, op: &str, code: Code, lost: usize, size: usize) -> Ratios {
    let arena = &arena(bench, code, lost, size);
    let mut field = Rebuild::new(arena, code, lost);
    field.add_backend(Backend::best());
    field.add_isal(bench.isal);
    Backend::available().skip(1).for_each(|backend| field.add_backend(backend));
    bench.race.run(op, code, arena, &field.list, &[ISAL])
}

/// Contestants of a reconstruction: each must give the right bytes before it may take part.
///
/// Lost shards stay where they are, to compare with; the arena has spare ones to rebuild them in.
pub(crate) struct Rebuild<'a> {
    arena: &'a Arena,
    code: Code,
    lost: usize,
    pub(crate) list: Vec<Contestant<'a>>,
}

impl<'a> Rebuild<'a> {
    pub(crate) fn new(arena: &'a Arena, code: Code, lost: usize) -> Rebuild<'a> {
        Rebuild { arena, code, lost, list: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, mut run: impl FnMut(usize) + 'a) {
        let (k, p) = self.code;
        self.arena.clear(k + p);
        run(0);
        let (shards, spare) = self.arena.split(0, k + p);
        let same = spare.iter().zip(shards).all(|(got, right)| got.as_ref() == right.as_ref());
        assert!(same, "{name} gives wrong bytes");
        self.list.push(Contestant::new(name, run));
    }

    pub(crate) fn add_backend(&mut self, backend: Backend) {
        let (arena, (k, p), lost) = (self.arena, self.code, self.lost);
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        self.add(backend.name(), move |set| {
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
        });
    }

    pub(crate) fn add_isal(&mut self, isal: Option<Isal>) {
        let Some(isal) = isal else { return };
        let (arena, (k, p), lost) = (self.arena, self.code, self.lost);
        // The matrix is inverted and expanded beforehand, as our cache does.
        let used: Vec<_> = (lost..k + lost).collect();
        let gone: Vec<_> = (0..lost).collect();
        let tables = isal.tables(k, &isal.decode_rows(k, p, &used, &gone));
        self.add("isal", move |set| {
            // Data and parity lie one after the other, so the k after the lost are the first k
            // survivors.
            let (shards, spare) = arena.split(set, k + p);
            isal_run(&isal, &tables, &shards[lost..][..k], &spare);
        });
    }
}
