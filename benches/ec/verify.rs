//! Verifying: in one pass, and as an encode into scratch with a comparison after it.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::Arena;
use crate::encode::arena;
use crate::race::{Code, Contestant, ISAL, Ratios, Versus};

const MEMCMP: Versus = Versus { title: "xMEMCMP", rivals: &["best+memcmp"] };

pub(crate) fn verify(bench: &Bench, code: Code, size: usize) -> Ratios {
    let (k, p) = code;
    let arena = &arena(bench, code, 0, size);
    let contestant = |backend: Backend| {
        let codec = Codec::with_backend(Geometry::new(k, p).unwrap(), backend);
        let (data, mut parity) = arena.split(0, k);
        parity[p - 1].as_mut()[size - 1] ^= 1;
        assert!(!codec.verify(data, &parity).unwrap(), "{backend} misses a wrong bit");
        parity[p - 1].as_mut()[size - 1] ^= 1;
        Contestant::new(backend.name(), move |set| {
            let (data, parity) = arena.split(set, k);
            assert!(codec.verify(data, &parity).unwrap());
        })
    };
    let mut list = vec![contestant(Backend::best())];
    // What one does without a verify: encode into scratch, and compare.
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    let mut scratch = vec![vec![0; size]; p];
    list.push(Contestant::new("best+memcmp", move |set| {
        codec.encode(arena.split(set, k).0, &mut scratch).unwrap();
        compare(arena, set, k, &scratch);
    }));
    if let Some(isal) = &bench.isal {
        let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
        let mut scratch = vec![vec![0; size]; p];
        list.push(Contestant::new("isal", move |set| {
            isal.encode(&tables, arena.split(set, k).0, &mut scratch);
            compare(arena, set, k, &scratch);
        }));
    }
    list.extend(Backend::available().skip(1).map(contestant));
    bench.race.run("verify", code, arena, &list, &[ISAL, MEMCMP])
}

fn compare(arena: &Arena, set: usize, k: usize, scratch: &[Vec<u8>]) {
    let parity = arena.split(set, k).1;
    assert!(parity.iter().zip(scratch).all(|(row, fresh)| row.as_ref() == fresh));
}
