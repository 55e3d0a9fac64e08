//! Every kernel on every instruction set, against the schoolbook, without a byte out of place.
//!
//! The checks are generic over the token and return what they found, so that the last test can
//! hand them instruction sets that are wrong on purpose: a check that passes those proves nothing.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::coef::Coef;
use super::kernel::Job;
use super::portable::Portable;
use super::simd::{Kernel, Simd};
use super::verb::{Dot, Update, Verb, Verify};
use super::{Backend, inv, mul};

#[path = "../../tests/common/oracle.rs"]
mod oracle;
#[path = "../../tests/common/polynomial.rs"]
mod polynomial;

/// From so many bytes on stores go round the caches.
const STREAM: usize = 3 << 20;
/// Bytes around each output that must stay as they are.
const MARGIN: usize = 80;

/// Shards, coefficients and lengths of one call.
struct Case {
    sources: usize,
    rows: usize,
    len: usize,
    /// How far the first source and the first output are from an aligned address. Source j is
    /// `j * skew` further.
    source_at: usize,
    output_at: usize,
    skew: usize,
}

impl Case {
    fn plain(sources: usize, rows: usize, len: usize) -> Case {
        Case { sources, rows, len, source_at: 1, output_at: 3, skew: 5 }
    }

    fn fault<S: Simd>(&self, what: &str) -> Result<(), String> {
        let Case { sources, rows, len, source_at, output_at, skew } = self;
        Err(format!(
            "{}: {what}: {sources} sources, {rows} rows, {len} bytes, at {source_at} and \
             {output_at} by {skew}",
            S::NAME
        ))
    }
}

/// A buffer in which a shard lies at a chosen distance from a 64-byte boundary.
struct Placed {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl Placed {
    fn new(shard: &[u8], at: usize) -> Placed {
        let mut bytes = vec![0xa5; shard.len() + 2 * MARGIN + 128];
        let start = bytes.as_ptr().align_offset(64).min(64) + 64 + at % 64;
        bytes[start..start + shard.len()].copy_from_slice(shard);
        Placed { bytes, start, len: shard.len() }
    }
    fn shard(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
    fn pointer(&mut self) -> *mut u8 {
        self.bytes[self.start..].as_mut_ptr()
    }
    /// True if only the shard was written.
    fn is_whole(&self) -> bool {
        let outside = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0xa5);
        outside(&self.bytes[..self.start]) && outside(&self.bytes[self.start + self.len..])
    }
}

/// `dot`, `verify` and `update` of one case.
fn check_case<S: Simd>(simd: S, case: &Case) -> Result<(), String> {
    let Case { sources, rows, len, .. } = *case;
    let constants = oracle::noise(sources * rows, (sources * rows + len) as u64);
    let coefs: Vec<_> = constants.iter().map(|c| Coef::new(*c)).collect();
    let shards = oracle::noisy_shards(sources, len, len as u64);
    let mut expected = vec![vec![0; len]; rows];
    for (j, shard) in shards.iter().enumerate() {
        for (r, sum) in expected.iter_mut().enumerate() {
            oracle::mul_add(sum, constants[j * rows + r], shard);
        }
    }
    let placed = shards.iter().enumerate();
    let placed: Vec<_> =
        placed.map(|(j, shard)| Placed::new(shard, case.source_at + j * case.skew)).collect();
    let pointers: Vec<_> = placed.iter().map(|source| source.shard().as_ptr()).collect();
    let place = |r: usize, bytes: &[u8]| Placed::new(bytes, case.output_at + r * case.skew);

    let garbage = oracle::noisy_shards(rows, len, 77);
    let mut outputs: Vec<_> = garbage.iter().enumerate().map(|(r, row)| place(r, row)).collect();
    let targets: Vec<_> = outputs.iter_mut().map(Placed::pointer).collect();
    let verb = Dot { outputs: targets.as_ptr() };
    call(simd, verb, &coefs, &pointers, rows, len);
    if !outputs.iter().zip(&expected).all(|(output, row)| output.shard() == row) {
        return case.fault::<S>("dot gives wrong bytes");
    }
    if !outputs.iter().all(Placed::is_whole) {
        return case.fault::<S>("dot writes outside");
    }

    let stored: Vec<_> = targets.iter().map(|target| target.cast_const()).collect();
    let verb = Verify { outputs: stored.as_ptr() };
    let verify = || call(simd, verb, &coefs, &pointers, rows, len);
    if !verify() {
        return case.fault::<S>("verify refuses right bytes");
    }
    // One wrong bit, somewhere else each time, and in the last byte.
    for i in [len / 2, len.wrapping_sub(1), len * 7 % 31].into_iter().filter(|i| *i < len) {
        for row in [len % rows, rows - 1] {
            // SAFETY: the output is `len` bytes long, and i is below.
            let byte = unsafe { targets[row].add(i) };
            // SAFETY: likewise; nothing else refers to the outputs meanwhile.
            unsafe { *byte ^= 1 << (i % 8) };
            if verify() {
                return case.fault::<S>("verify misses a wrong bit");
            }
            // SAFETY: likewise.
            unsafe { *byte ^= 1 << (i % 8) };
        }
    }

    // The first source changes to its neighbour, or to garbage; and each one to the next: update
    // must give what dot would.
    let change = Placed::new(&oracle::noise(len, 5), case.source_at + 11);
    let next = |j: usize| placed.get(j + 1).unwrap_or(&change);
    let verb = Update { outputs: targets.as_ptr() };
    for changed in [1, sources] {
        let changes = |j: usize| [pointers[j], next(j).shard().as_ptr()];
        let changes: Vec<_> = (0..changed).flat_map(changes).collect();
        call(simd, verb, &coefs[..changed * rows], &changes, rows, len);
        for (r, sum) in expected.iter_mut().enumerate() {
            for j in 0..changed {
                oracle::mul_add(sum, constants[j * rows + r], &shards[j]);
                oracle::mul_add(sum, constants[j * rows + r], next(j).shard());
            }
        }
    }
    if !outputs.iter().zip(&expected).all(|(output, row)| output.shard() == row) {
        return case.fault::<S>("update gives wrong bytes");
    }
    if !outputs.iter().all(Placed::is_whole) {
        return case.fault::<S>("update writes outside");
    }
    Ok(())
}

/// Calls a kernel on memory of the tests.
fn call<S: Simd, V: Verb>(
    simd: S,
    verb: V,
    coefs: &[Coef],
    sources: &[*const u8],
    rows: usize,
    len: usize,
) -> bool {
    // SAFETY: the callers below hand over placed shards of `len` bytes that do not overlap, as many
    // as there are rows, and tables that outlive the call.
    unsafe { Job::new(verb, coefs, sources, rows, len) }.stream_from(STREAM).call(simd)
}

/// All products of two elements: each constant, times each byte.
fn check_products<S: Simd>(simd: S) -> Result<(), String> {
    let bytes: Vec<u8> = (0..=255).collect();
    for c in (0..=255).step_by(if cfg!(miri) { 51 } else { 1 }) {
        // Room behind, for backends that are broken on purpose and write too far.
        let mut products = [0; 256 + 64];
        let (outputs, sources) = ([products.as_mut_ptr()], [bytes.as_ptr()]);
        let verb = Dot { outputs: outputs.as_ptr() };
        call(simd, verb, &[Coef::new(c)], &sources, 1, 256);
        if let Some(b) = (0..=255).find(|b| products[usize::from(*b)] != oracle::mul(c, *b)) {
            return Err(format!("{}: {c} times {b} is wrong", S::NAME));
        }
    }
    Ok(())
}

/// Every shape of kernel (rows, odd and even numbers of sources) at every length to 512, around
/// each tile and piece, and at every alignment.
fn check_all<S: Simd>(simd: S) -> Result<(), String> {
    check_products(simd)?;
    remainder::check(simd)?;
    for rows in 1..=15 {
        for len in [0, 1, 15, 16, 17, 63, 64, 65, 300] {
            for sources in [1, 2, 5] {
                check_case(simd, &Case::plain(sources, rows, len))?;
            }
            if cfg!(miri) {
                break;
            }
        }
    }
    if cfg!(miri) {
        return check_case(simd, &Case::plain(3, 2, 77));
    }
    for len in 0..=512 {
        check_case(simd, &Case::plain(3, 2, len))?;
        check_case(simd, &Case::plain(2, 5, len))?;
    }
    // Where pieces of 1, 2 and 4 registers and tiles of 512 to 4096 bytes begin and end.
    for edge in [1024, 2048, 4096, 8192, 12288] {
        for len in [edge - 65, edge - 64, edge - 1, edge, edge + 1, edge + 63, edge + 64] {
            check_case(simd, &Case::plain(4, 3, len))?;
            check_case(simd, &Case::plain(9, 15, len))?;
        }
    }
    check_case(simd, &Case::plain(241, 15, 1500))?;
    for at in 0..64 {
        for skew in [0, 1] {
            for (len, rows) in [(200, 2), (333, 7)] {
                let case = Case { source_at: at, output_at: 63 - at, skew, sources: 3, rows, len };
                check_case(simd, &case)?;
            }
        }
    }
    // So large that stores are streamed: aligned, all off by the same, and each off by another.
    let len = STREAM / 4 + 321;
    for (output_at, skew) in [(0, 0), (16, 0), (63, 0), (0, 1)] {
        let case = Case { sources: 3, rows: 1, len, source_at: 9, output_at, skew };
        check_case(simd, &case)?;
        let case = Case { sources: 2, rows: 9, len: len / 2, source_at: 9, output_at, skew };
        check_case(simd, &case)?;
    }
    #[cfg(not(miri))]
    groups::check(simd)?;
    Ok(())
}

struct CheckAll;
impl Kernel for CheckAll {
    type Out = Result<(), String>;
    fn call<S: Simd>(self, simd: S) -> Self::Out {
        check_all(simd)
    }
}

#[test]
fn every_backend_is_right() {
    for backend in Backend::available() {
        assert_eq!(backend.dispatch(CheckAll), Ok(()));
    }
}

#[test]
fn scalars_are_right() {
    for a in 0..=255 {
        assert_eq!(inv(a), oracle::inv(a));
        assert_eq!(Coef::new(a).value(), a);
        for b in 0..=255 {
            assert_eq!(mul(a, b), oracle::mul(a, b));
        }
        if cfg!(miri) && a == 3 {
            break;
        }
    }
    // From the facts of Lustre's code.
    assert_eq!([inv(3), inv(0x53), inv(0xff)], [0xf4, 0x8c, 0xfd]);
    assert_eq!([mul(2, 0x80), mul(0x53, 0xca), mul(0xff, 0xff)], [0x1d, 0x8f, 0xe2]);
    let c = Coef::new(0x8e);
    assert_eq!(c.low, [0, 142, 1, 143, 2, 140, 3, 141, 4, 138, 5, 139, 6, 136, 7, 137]);
    assert_eq!(c.high[..4], [0, 8, 16, 24]);
}

#[cfg(not(miri))]
mod groups;
#[cfg(all(unix, not(miri)))]
mod guard;
mod remainder;

/// [`Portable`] with one thing wrong: the number of the fault.
#[derive(Clone, Copy)]
struct Broken(usize);

const FAULTS: [&str; 13] = [
    "one constant multiplies wrongly",
    "sums do not start at zero",
    "store writes a byte too many",
    "the last byte of a tail is not stored",
    "bytes after a tail are not zero",
    "streamed stores are lost",
    "nothing is ever found wrong",
    "only the first half of a register is found wrong",
    "of two wrong registers none is found",
    "products overwrite the sum",
    "a difference is a union",
    "bytes are updated twice",
    "of two prepared values only one is taken",
];

// SAFETY: as for Portable, but for fault 2, whose byte too many the margin of the check has room
// for.
unsafe impl Simd for Broken {
    const NAME: &'static str = "broken";
    const BYTES: usize = Portable::BYTES;
    const ROWS: usize = Portable::ROWS;
    const WIDE_FILE: bool = false;
    const PAIRS: bool = true;
    type V = <Portable as Simd>::V;
    type X = <Portable as Simd>::X;
    type C = <Portable as Simd>::C;
    type A = <Portable as Simd>::A;

    unsafe fn load(self, p: *const u8) -> Self::V {
        // SAFETY: the same contract.
        unsafe { Portable.load(p) }
    }
    unsafe fn store(self, p: *mut u8, v: Self::V) {
        // SAFETY: the same contract, and the margin for the byte too many.
        unsafe {
            Portable.store(p, v);
            if self.0 == 2 {
                p.add(Self::BYTES).write(0);
            }
        }
    }
    unsafe fn load_part(self, p: *const u8, n: usize) -> Self::V {
        // SAFETY: the same contract.
        let v = unsafe { Portable.load_part(p, n) };
        if self.0 == 4 { Portable.or(v, [0, 0, 0, 0, 0, 0, 0, 1 << 63]) } else { v }
    }
    unsafe fn store_part(self, p: *mut u8, n: usize, v: Self::V) {
        // SAFETY: the same contract, for as many bytes or one fewer.
        unsafe { Portable.store_part(p, if self.0 == 3 { n - 1 } else { n }, v) }
    }
    unsafe fn stream(self, p: *mut u8, v: Self::V) {
        if self.0 != 5 {
            // SAFETY: the same contract.
            unsafe { Portable.store(p, v) }
        }
    }
    fn zero(self) -> Self::V {
        [u64::from(self.0 == 1); 8]
    }
    fn xor(self, a: Self::V, b: Self::V) -> Self::V {
        if self.0 == 10 { Portable.or(a, b) } else { Portable.xor(a, b) }
    }
    fn or(self, a: Self::V, b: Self::V) -> Self::V {
        if self.0 == 8 { std::array::from_fn(|i| a[i] & b[i]) } else { Portable.or(a, b) }
    }
    fn and(self, a: Self::V, b: Self::V) -> Self::V {
        if self.0 == 11 { a } else { Portable.and(a, b) }
    }
    fn is_zero(self, v: Self::V) -> bool {
        match self.0 {
            6 => true,
            7 => v[..4] == [0; 4],
            _ => Portable.is_zero(v),
        }
    }
    fn prepare(self, c: &Coef) -> Self::C {
        Portable.prepare(if self.0 == 0 && c.value() == 0xc3 { &Coef::ZERO } else { c })
    }
    fn split(self, v: Self::V) -> Self::X {
        Portable.split(v)
    }
    fn add(self, a: Self::X, b: Self::X) -> Self::X {
        if self.0 == 12 { a } else { Portable.add(a, b) }
    }
    fn open(self, v: Self::V) -> Self::A {
        Portable.open(v)
    }
    fn mul_add(self, sum: &mut Self::A, c: Self::C, x: Self::X) {
        if self.0 == 9 {
            *sum = Portable.open(Portable.zero());
        }
        Portable.mul_add(sum, c, x);
    }
    fn close(self, sum: &Self::A) -> Self::V {
        Portable.close(sum)
    }
    fn run<K: Kernel>(self, kernel: K) -> K::Out {
        kernel.call(self)
    }
}

/// The test of the tests: each fault must be found. Not under Miri, where the checks are few.
#[cfg(not(miri))]
#[test]
fn broken_backends_are_found() {
    for (number, fault) in FAULTS.into_iter().enumerate() {
        let result = check_all(Broken(number));
        assert!(result.is_err(), "not found: {fault}");
    }
}
