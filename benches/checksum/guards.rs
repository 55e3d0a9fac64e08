//! T10's CRC guards of sectors. The rivals make them one by one.

use crc_fast::CrcAlgorithm;
use lustrine::checksum::{Backend, Checksum};

use crate::Bench;
use crate::field::{Pieces, RIVALS, SIZES};

pub(crate) fn guards(bench: &Bench) {
    for (name, checksum, sector) in
        [("guards512", Checksum::T10Crc512, 512), ("guards4096", Checksum::T10Crc4k, 4096)]
    {
        for size in SIZES.iter().filter(|size| **size >= sector) {
            let Some(pieces) = Pieces::new(bench, name, *size) else { continue };
            let mut field = pieces.field(size / sector);
            let mut ours = |backend: Backend| {
                field.add_many(backend.name(), move |piece, guards| {
                    checksum.guards_on(backend, piece, guards).unwrap();
                });
            };
            Backend::available().for_each(&mut ours);
            if let Some(crc) = bench.isal.and_then(|isal| isal.t10crc()) {
                field.add_many("isal", each(sector, crc));
            }
            let t10 = |piece: &[u8]| crc_fast::checksum(CrcAlgorithm::Crc16T10Dif, piece) as u16;
            field.add_many("crc-fast", each(sector, t10));
            field.race(RIVALS);
        }
    }
}

/// Guards one by one.
fn each(sector: usize, guard: impl Fn(&[u8]) -> u16) -> impl Fn(&[u8], &mut [u16]) {
    move |piece, guards| {
        for (to, sector) in guards.iter_mut().zip(piece.chunks_exact(sector)) {
            *to = guard(sector);
        }
    }
}
