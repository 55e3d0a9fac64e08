//! CRC-32, CRC-32C, CRC-64/NVME.

use crc_fast::{CrcAlgorithm, checksum};
use lustrine::checksum::Backend;
use lustrine::checksum::crc::{self, Crc32, Crc32c, Crc64Nvme, Poly};

use crate::Bench;
use crate::field::{Field, Pieces, RIVALS, SIZES};

pub(crate) fn crc32(bench: &Bench) {
    for size in SIZES {
        let Some(pieces) = Pieces::new(bench, "crc32", *size) else { continue };
        let mut field = pieces.field(1);
        ours::<Crc32>(&mut field, Backend::best());
        if let Some(crc) = bench.isal.and_then(|isal| isal.crc32()) {
            field.add("isal", move |piece| crc(piece).into());
        }
        field.add("crc-fast", |piece| checksum(CrcAlgorithm::Crc32IsoHdlc, piece));
        field.add("crc32fast", |piece| crc32fast::hash(piece).into());
        others::<Crc32>(&mut field);
        field.race(RIVALS);
    }
}

pub(crate) fn crc32c(bench: &Bench) {
    for size in SIZES {
        let Some(pieces) = Pieces::new(bench, "crc32c", *size) else { continue };
        let mut field = pieces.field(1);
        ours::<Crc32c>(&mut field, Backend::best());
        if let Some(crc) = bench.isal.and_then(|isal| isal.crc32c()) {
            field.add("isal", move |piece| crc(piece).into());
        }
        field.add("crc-fast", |piece| checksum(CrcAlgorithm::Crc32Iscsi, piece));
        others::<Crc32c>(&mut field);
        field.race(RIVALS);
    }
}

pub(crate) fn crc64(bench: &Bench) {
    for size in SIZES {
        let Some(pieces) = Pieces::new(bench, "crc64", *size) else { continue };
        let mut field = pieces.field(1);
        ours::<Crc64Nvme>(&mut field, Backend::best());
        if let Some(crc) = bench.isal.and_then(|isal| isal.crc64()) {
            field.add("isal", crc);
        }
        field.add("crc-fast", |piece| checksum(CrcAlgorithm::Crc64Nvme, piece));
        others::<Crc64Nvme>(&mut field);
        field.race(RIVALS);
    }
}

/// One backend, with the inversions that rivals have.
fn ours<P: Poly>(field: &mut Field<u64>, backend: Backend) {
    let ones = u64::MAX >> (64 - P::WIDTH);
    field.add(backend.name(), move |piece| crc::update::<P>(backend, ones, piece) ^ ones);
}

/// The backends but for the first.
fn others<P: Poly>(field: &mut Field<u64>) {
    Backend::available().skip(1).for_each(|backend| ours::<P>(field, backend));
}
