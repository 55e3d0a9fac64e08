//! Encoding: all backends, ISA-L, a byte table, and from DRAM what memory allows.

use std::hint::black_box;

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::{Arena, Few, Shard, pointers};
use crate::ceiling;
use crate::isal::{Isal, Tables};
use crate::oracle;
use crate::race::{Code, Contestant, ISAL, Ratios, Versus};

/// Data shards filled, parity shards right, and `spare` more.
pub(crate) fn arena(bench: &Bench, (k, p): Code, spare: usize, size: usize) -> Arena {
    filled(bench, (k, p), bench.race.arena(k + p + spare, size))
}

/// An arena for this code with its data shards filled and its parity shards made right.
pub(crate) fn filled(bench: &Bench, (k, p): Code, arena: Arena) -> Arena {
    let size = arena.size;
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    for set in 0..arena.sets() {
        let (data, mut rest) = arena.split(set, k);
        codec.encode(data, &mut rest[..p]).unwrap();
    }
    // The schoolbook is slow, so it checks a part; ISA-L all of the first set.
    let (data, rest) = arena.split(0, k);
    let head: Vec<_> = data.iter().map(|shard| &shard.as_ref()[..4096]).collect();
    for (row, expected) in rest.iter().zip(oracle::encode(&head, p)) {
        assert!(row.as_ref()[..4096] == expected, "encode gives wrong bytes");
    }
    if let Some(isal) = &bench.isal {
        let mut expected = vec![vec![0; size]; p];
        isal.encode(&isal.tables(k, &isal.matrix(k, p)[k * k..]), data, &mut expected);
        assert!(rest.iter().zip(&expected).all(|(row, expected)| row.as_ref() == expected));
    }
    arena
}

/// Contestants of an encode: each must give the right bytes before it may take part.
pub(crate) struct Encoders<'a> {
    arena: &'a Arena,
    code: Code,
    right: Vec<Vec<u8>>,
    pub(crate) list: Vec<Contestant<'a>>,
}

impl<'a> Encoders<'a> {
    pub(crate) fn new(arena: &'a Arena, code: Code) -> Encoders<'a> {
        let parity = arena.split(0, code.0).1;
        let right = parity.iter().map(|row| row.as_ref().to_vec()).collect();
        Encoders { arena, code, right, list: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: &'static str, run: impl FnMut(usize) + 'a) {
        self.add_to(self.arena.split(0, self.code.0).1, name, run);
    }

    /// The same for one that writes the parity of the first set somewhere else.
    pub(crate) fn add_to(
        &mut self,
        mut parity: Few,
        name: &'static str,
        mut run: impl FnMut(usize) + 'a,
    ) {
        parity.iter_mut().for_each(|shard| shard.as_mut().fill(0xa5));
        run(0);
        let same = parity.iter().zip(&self.right).all(|(row, right)| row.as_ref() == right);
        assert!(same, "{name} gives wrong bytes");
        self.list.push(Contestant::new(name, run));
    }

    pub(crate) fn add_backend(&mut self, backend: Backend) {
        let (arena, (k, p)) = (self.arena, self.code);
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        self.add(backend.name(), move |set| {
            let (data, mut parity) = arena.split(set, k);
            codec.encode(data, &mut parity).unwrap();
        });
    }

    pub(crate) fn add_isal(&mut self, isal: Option<Isal>) {
        let Some(isal) = isal else { return };
        let (arena, (k, p)) = (self.arena, self.code);
        let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
        self.add("isal", move |set| {
            let (data, parity) = arena.split(set, k);
            isal_run(&isal, &tables, data, &parity);
        });
    }
}

pub(crate) fn encode(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = &arena(bench, code, 0, size);
    let mut field = Encoders::new(arena, code);
    // ISA-L next to the best, the pair whose ratio counts.
    field.add_backend(Backend::best());
    field.add_isal(bench.isal);
    Backend::available().skip(1).for_each(|backend| field.add_backend(backend));
    let table = byte_table();
    field.add("bytetable", move |set| byte_table_encode(&table, arena, set, code.0));
    let ceiling = Versus { title: "xCEILING", rivals: ceiling::COPIES };
    if arena.sets() == 1 {
        return bench.race.run("encode", code, arena, &field.list, &[ISAL]);
    }
    field.list.extend(ceiling::contestants(arena, code.0));
    bench.race.run("encode", code, arena, &field.list, &[ISAL, ceiling])
}

/// What a CPU without GFNI and AVX-512 has, on both sides.
pub(crate) fn encode_avx2(bench: &Bench, code: Code, size: usize) -> Ratios {
    let Ok(backend) = Backend::from_name("avx2") else { return Ratios::new() };
    let arena = &arena(bench, code, 0, size);
    let mut field = Encoders::new(arena, code);
    field.add_backend(backend);
    field.add_isal(bench.isal.and_then(|isal| isal.avx2()));
    bench.race.run("encode-avx2", code, arena, &field.list, &[ISAL])
}

pub(crate) fn isal_run(isal: &Isal, tables: &Tables, sources: &[Shard], outputs: &[Shard]) {
    let (from, to) = (pointers(sources).map(<*mut u8>::cast_const), pointers(outputs));
    let len = sources[0].as_ref().len();
    // SAFETY: all shards of an arena are equally long and apart.
    unsafe { isal.encode_raw(tables, &from[..sources.len()], &to[..outputs.len()], len) };
}

/// All products of two elements: the 64 KiB table of a plain C encoder.
fn byte_table() -> Vec<[u8; 256]> {
    (0..=255).map(|a| std::array::from_fn(|b| oracle::mul(a, b as u8))).collect()
}

/// What Lustre's base code does: for each output, for each byte, a look-up per source.
fn byte_table_encode(table: &[[u8; 256]], arena: &Arena, set: usize, k: usize) {
    let (data, mut parity) = arena.split(set, k);
    let data: Vec<_> = data.iter().map(AsRef::as_ref).collect();
    for (i, row) in parity.iter_mut().map(AsMut::as_mut).enumerate() {
        let coefs: Vec<_> = (0..k).map(|j| usize::from(oracle::coefficient(k, i, j))).collect();
        for (at, byte) in row.iter_mut().enumerate() {
            let terms = coefs.iter().zip(&data);
            *byte = terms.fold(0, |sum, (c, shard)| sum ^ table[*c][usize::from(shard[at])]);
        }
        black_box(row);
    }
}
