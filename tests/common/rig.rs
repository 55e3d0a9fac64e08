//! A file striped over a store in memory, and what it must read back as.
#![allow(unreachable_pub, clippy::unwrap_used)]

use lustrine::engine::jobs::{self, File, Options};
use lustrine::engine::{Input, MemOutput, MemStore, ObjectStore, Proof, Report};
use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::plan::Health;
use lustrine::layout::spec::Spec;
use lustrine::layout::{Fid, Layout, ObjectId};
use std::io;
use std::ops::Range;

/// Quiet, and without waiting for disks.
pub const OPTIONS: Options<'static> = Options { progress: &(), durable: false };

/// A striped file.
pub struct Rig {
    pub store: MemStore,
    pub layout: Layout,
    pub bytes: Vec<u8>,
    pub covered: bool,
}

/// Input with holes: the given ranges of `bytes`, zeros elsewhere.
pub struct Sparse<'a> {
    pub bytes: &'a [u8],
    pub data: &'a [Range<u64>],
}

impl Input for Sparse<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.bytes.read_at(offset, buf)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        let next = self.data.iter().find(|r| r.end > offset);
        Ok(next.map(|r| r.start.max(offset)..r.end))
    }
}

/// Bytes that differ from place to place, never zero.
pub fn pattern(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8 | 1
        })
        .collect()
}

/// The layout of a file of `size` bytes by `lfs setstripe` options, on OSTs `0..osts`.
pub fn layout(options: &str, size: u64, osts: u32) -> Layout {
    let spec = Spec::parse(options).unwrap_or_else(|e| panic!("{options}: {e}"));
    let osts: Vec<Ost> = (0..osts).map(Ost::new).collect();
    let allocator = Allocator { osts: &osts, first: 3, ..Allocator::default() };
    let fid = Fid { seq: 0x2_0000_0401, oid: 1, ver: 0 };
    let mut oid = 0;
    let layout =
        allocator.allocate(&spec.request(), &NewFile { fid, size, resynced: 0 }, &mut |ost| {
            oid += 1;
            new_object(ost, oid)
        });
    layout.unwrap_or_else(|e| panic!("{options}: {e}"))
}

pub fn new_object(ost: u32, oid: u32) -> ObjectId {
    ObjectId { ost, fid: Fid { seq: 0x2_4000_0400 + u64::from(ost) * 0x4000_0000, oid, ver: 0 } }
}

impl Rig {
    /// Stripes `bytes` by `options` over `osts` OSTs.
    pub fn new(options: &str, bytes: Vec<u8>, osts: u32) -> Self {
        let all = [0..bytes.len() as u64];
        Self::sparse(options, bytes, &all, osts)
    }

    /// As `new`, from an input that has data only in the given ranges.
    pub fn sparse(options: &str, bytes: Vec<u8>, data: &[Range<u64>], osts: u32) -> Self {
        let size = bytes.len() as u64;
        let layout = layout(options, size, osts);
        let store = MemStore::new();
        let input = Sparse { bytes: &bytes, data };
        jobs::write(&store, &layout, size, &input, OPTIONS).unwrap();
        Self { store, layout, bytes, covered: true }
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    pub fn file(&self) -> File<'_> {
        File { layout: &self.layout, size: self.size(), covered: self.covered, sized: self.covered }
    }

    /// Health with these OSTs away, and everything that is missing.
    pub fn health(&self, without: &[u32]) -> Health {
        let health = Health::without(without.iter().copied());
        jobs::probe(&self.store, self.file(), health).unwrap().0
    }

    /// Reads a range; the bytes that come out must be those that went in, or not given.
    pub fn read(&self, range: Range<u64>, without: &[u32], check: bool) -> (Vec<u8>, Report) {
        let mut output = MemOutput::new(range.start, (range.end - range.start) as usize);
        let health = self.health(without);
        let report =
            jobs::read(&self.store, self.file(), range.clone(), &health, check, &output, &());
        let mut report = report.unwrap();
        let bytes = output.bytes().to_vec();
        let mut expected = self.bytes[range.start as usize..range.end as usize].to_vec();
        let told: u64 = Proof::ALL.iter().map(|p| report.bytes(*p)).sum();
        assert_eq!(told, range.end - range.start, "every byte is accounted for: {report:?}");
        let (findings, complete) = report.ranges();
        assert!(complete);
        for finding in findings.iter().filter(|f| !f.given) {
            let at = (finding.range.start - range.start) as usize;
            let len = (finding.range.end - finding.range.start) as usize;
            expected[at..at + len].fill(0);
        }
        if let Some(at) = (0..bytes.len()).find(|&i| bytes[i] != expected[i]) {
            panic!("byte {} is wrong; report {report:?}", range.start + at as u64);
        }
        (bytes, report)
    }

    /// Reads everything; all of it must come out right.
    pub fn read_all(&self, without: &[u32]) -> Report {
        let (_, report) = self.read(0..self.size(), without, false);
        assert_eq!(report.withheld(), 0, "without {without:?}: {report:?}");
        report
    }

    pub fn verify(&self, without: &[u32]) -> Report {
        jobs::verify(&self.store, self.file(), &self.health(without), &()).unwrap()
    }

    /// The bytes of an object.
    pub fn contents(&self, id: ObjectId) -> Vec<u8> {
        let mut bytes = vec![0; self.store.size(id).unwrap() as usize];
        self.store.read_at(id, 0, &mut bytes).unwrap();
        bytes
    }

    /// Objects of a component.
    pub fn objects(&self, component: usize) -> Vec<ObjectId> {
        let all = jobs::objects(&self.layout);
        all.filter(|(c, _, _)| *c == component).filter_map(|(_, _, id)| id).collect()
    }
}
