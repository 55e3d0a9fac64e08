//! The exported functions, called as C calls them.
//!
//! Here and not in `tests/`, because this package makes no Rust library: see `Cargo.toml`.

use core::ffi::{CStr, c_char};
use core::ptr::{null, null_mut};

use lustrine_core::gf::{Backend, mul};
use lustrine_core::{Error, ShardList};

use crate::codec::*;
use crate::error::*;
use crate::lustrine_version;

mod checksum;

const HEADER: &str = include_str!("../include/lustrine.h");

fn text(pointer: *const c_char) -> &'static str {
    assert!(!pointer.is_null());
    // SAFETY: not NULL (checked above); the library's texts are static and end with NUL.
    unsafe { CStr::from_ptr(pointer) }.to_str().expect("ASCII")
}

/// A codec that frees itself.
struct Codec(*mut Handle);

impl Codec {
    fn new(data: usize, parity: usize) -> Codec {
        let mut handle = null_mut();
        // SAFETY: `handle` can be written.
        assert_eq!(unsafe { lustrine_codec_new(data, parity, &mut handle) }, LUSTRINE_OK);
        assert!(!handle.is_null());
        Codec(handle)
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // SAFETY: from `lustrine_codec_new`, used by nobody after this.
        unsafe { lustrine_codec_free(self.0) }
    }
}

fn inputs(shards: &[Vec<u8>]) -> Vec<*const u8> {
    shards.iter().map(|s| s.as_ptr()).collect()
}

fn outputs(shards: &mut [Vec<u8>]) -> Vec<*mut u8> {
    shards.iter_mut().map(|s| s.as_mut_ptr()).collect()
}

/// A row of data, painted so that swapped shards and swapped bytes show.
fn row(data: usize, len: usize) -> Vec<Vec<u8>> {
    (0..data).map(|i| (0..len).map(|j| (i * 91 + j % 251) as u8).collect()).collect()
}

fn encoded(codec: &Codec, data: &[Vec<u8>], parity: usize) -> Vec<Vec<u8>> {
    let len = data[0].len();
    let mut sums = vec![vec![0; len]; parity];
    let (i, o) = (inputs(data), outputs(&mut sums));
    // SAFETY: a live handle, tables and buffers of the right size.
    let code = unsafe { lustrine_codec_encode(codec.0, len, i.as_ptr(), o.as_ptr()) };
    assert_eq!(code, LUSTRINE_OK);
    sums
}

fn verified(codec: &Codec, data: &[Vec<u8>], parity: &[Vec<u8>]) -> bool {
    let mut ok = false;
    // SAFETY: a live handle, tables and buffers of the right size, a bool.
    let code = unsafe {
        lustrine_codec_verify(
            codec.0,
            data[0].len(),
            inputs(data).as_ptr(),
            inputs(parity).as_ptr(),
            &mut ok,
        )
    };
    assert_eq!(code, LUSTRINE_OK);
    ok
}

#[test]
fn version_macros_are_the_packages() {
    let define = |name: &str| {
        let start = format!("#define {name} ");
        let mut lines = HEADER.lines().filter_map(|line| line.strip_prefix(start.as_str()));
        let value = lines.next().unwrap_or_else(|| panic!("{name} is not in the header"));
        assert!(lines.next().is_none(), "{name} is there twice");
        value.to_owned()
    };
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(text(lustrine_version()), version);
    assert_eq!(define("LUSTRINE_VERSION"), format!("\"{version}\""));
    assert_eq!(define("LUSTRINE_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MAJOR"));
    assert_eq!(define("LUSTRINE_VERSION_MINOR"), env!("CARGO_PKG_VERSION_MINOR"));
    assert_eq!(define("LUSTRINE_VERSION_PATCH"), env!("CARGO_PKG_VERSION_PATCH"));
}

#[test]
fn numbers_are_the_librarys_and_have_words() {
    let list = ShardList::Data;
    for (error, number) in [
        (Error::Geometry { data: 0, parity: 0 }, LUSTRINE_ERR_GEOMETRY),
        (Error::ShardCount { list, expected: 0, got: 0 }, LUSTRINE_ERR_SHARD_COUNT),
        (Error::ShardSize { list, index: 0, expected: 0, got: 0 }, LUSTRINE_ERR_SHARD_SIZE),
        (Error::ShardIndex { index: 1, limit: 1 }, LUSTRINE_ERR_SHARD_INDEX),
        (Error::ShardRepeated { index: 0 }, LUSTRINE_ERR_SHARD_REPEATED),
        (Error::TooManyErasures { missing: 0, parity: 0 }, LUSTRINE_ERR_TOO_MANY_ERASURES),
        (Error::TableSize { expected: 0, got: 0 }, LUSTRINE_ERR_TABLE_SIZE),
        (Error::BackendUnknown { names: &[] }, LUSTRINE_ERR_BACKEND_UNKNOWN),
        (Error::BackendUnavailable { name: "" }, LUSTRINE_ERR_BACKEND_UNAVAILABLE),
        (Error::GuardCount { expected: 0, got: 0 }, LUSTRINE_ERR_GUARD_COUNT),
    ] {
        assert_eq!(error.code(), number);
    }

    // Every number that the header names has words of its own.
    let mut seen = std::collections::HashSet::new();
    let unknown = text(lustrine_strerror(1));
    for line in HEADER.lines().filter(|line| line.starts_with("#define LUSTRINE_ERR_")) {
        let number = line.split(' ').nth(2).expect("a value").trim_matches(['(', ')']);
        let number: i32 = number.parse().expect("a number");
        assert!(number < 0, "{line}");
        let words = text(lustrine_strerror(number));
        assert_ne!(words, unknown, "{line}");
        assert!(seen.insert(words), "{line}: the words of another number");
    }
    assert_eq!(seen.len(), 14, "numbers in the header");
    assert!(!seen.contains(text(lustrine_strerror(LUSTRINE_OK))));
    for number in [i32::MIN, i32::MAX, -5, -100, -1000] {
        assert_eq!(text(lustrine_strerror(number)), unknown);
    }
}

#[test]
fn a_panic_becomes_a_number() {
    struct Rude;
    impl Drop for Rude {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    assert_eq!(guard(|| std::panic::panic_any(5_u8)), LUSTRINE_ERR_PANIC);
    // What the second panic leaves behind is leaked on purpose, which Miri cannot know.
    if !cfg!(miri) {
        assert_eq!(guard(|| std::panic::panic_any(Rude)), LUSTRINE_ERR_PANIC);
    }
}

#[test]
fn every_backend_has_a_c_name() {
    for name in Backend::NAMES {
        let c = backend_name(name).unwrap_or_else(|| panic!("{name} has no C name"));
        assert_eq!(c.to_str(), Ok(*name));
    }
    assert_eq!(backend_name("abacus"), None);

    let codec = Codec::new(4, 2);
    let mut name = null();
    // SAFETY: a live handle, a pointer that can be written.
    assert_eq!(unsafe { lustrine_codec_backend_name(codec.0, &mut name) }, LUSTRINE_OK);
    assert_eq!(text(name), Backend::best().name());
}

#[test]
fn backends_by_name() {
    let make = |name: &CStr| {
        let mut handle = null_mut();
        // SAFETY: a string with its NUL; `handle` can be written.
        let code = unsafe { lustrine_codec_new_with_backend(6, 2, name.as_ptr(), &mut handle) };
        assert_eq!(handle.is_null(), code != LUSTRINE_OK, "outputs are written only on success");
        if code == LUSTRINE_OK { Ok(Codec(handle)) } else { Err(code) }
    };
    let data = row(6, 333);
    let expected = encoded(&Codec::new(6, 2), &data, 2);
    for name in Backend::NAMES {
        let c_name = backend_name(name).expect("tested above");
        match (make(c_name), Backend::from_name(name)) {
            (Ok(codec), Ok(_)) => {
                let mut got = null();
                // SAFETY: a live handle, a pointer that can be written.
                unsafe { lustrine_codec_backend_name(codec.0, &mut got) };
                assert_eq!(text(got), *name);
                assert_eq!(encoded(&codec, &data, 2), expected, "{name}");
            }
            (Err(code), Err(_)) => assert_eq!(code, LUSTRINE_ERR_BACKEND_UNAVAILABLE, "{name}"),
            (c, _) => panic!("{name}: C and Rust disagree, C says {:?}", c.err()),
        }
    }
    assert_eq!(make(c"abacus").err(), Some(LUSTRINE_ERR_BACKEND_UNKNOWN));
    assert_eq!(make(c"").err(), Some(LUSTRINE_ERR_BACKEND_UNKNOWN));
    assert_eq!(make(c"\xff").err(), Some(LUSTRINE_ERR_BACKEND_UNKNOWN));
}

#[test]
fn kunit_vector_of_lustre() {
    let codec = Codec::new(5, 3);
    let data: Vec<Vec<u8>> = (0..5).map(|i| vec![i; 100]).collect();
    let parity = encoded(&codec, &data, 3);
    assert_eq!(parity, [vec![0xa4; 100], vec![0xc2; 100], vec![0x17; 100]]);
}

#[test]
fn encode_verify_update_reconstruct() {
    let rows = [(2, 1, 1), (8, 2, 515), (1, 1, 77), (10, 4, 0), (241, 15, 65), (6, 3, 70_001)];
    // Miri would take minutes for the last two.
    let rows = if cfg!(miri) { &rows[..4] } else { &rows };
    for &(k, p, len) in rows {
        let codec = Codec::new(k, p);
        let mut data = row(k, len);
        let mut parity = encoded(&codec, &data, p);
        assert!(verified(&codec, &data, &parity));
        if len > 0 {
            parity[p - 1][len - 1] ^= 1;
            assert!(!verified(&codec, &data, &parity));
            parity[p - 1][len - 1] ^= 1;
        }

        let new: Vec<u8> = data[k - 1].iter().map(|&b| mul(b, 3) ^ 0x40).collect();
        let sums = outputs(&mut parity);
        // SAFETY: a live handle, a table of p pointers, buffers of len bytes.
        let code = unsafe {
            let (old, new) = (data[k - 1].as_ptr(), new.as_ptr());
            lustrine_codec_update(codec.0, len, k - 1, old, new, sums.as_ptr())
        };
        assert_eq!(code, LUSTRINE_OK);
        data[k - 1] = new;
        assert_eq!(parity, encoded(&codec, &data, p), "update is encode");

        // As many losses as there is parity, from the last data shard on.
        let all: Vec<Vec<u8>> = data.iter().chain(&parity).cloned().collect();
        let lost: Vec<usize> = (k - 1..k - 1 + p).rev().collect();
        let mut shards = inputs(&all);
        for &index in &lost {
            shards[index] = null();
        }
        let mut rebuilt = vec![vec![0xee; len]; p];
        let to = outputs(&mut rebuilt);
        // SAFETY: a live handle, tables and buffers of the right size.
        let code = unsafe {
            let (from, wanted) = (shards.as_ptr(), lost.as_ptr());
            lustrine_codec_reconstruct(codec.0, len, from, p, wanted, to.as_ptr())
        };
        assert_eq!(code, LUSTRINE_OK);
        for (&index, shard) in lost.iter().zip(&rebuilt) {
            assert_eq!(*shard, all[index], "shard {index} of {k}+{p}");
        }
    }
}

#[test]
fn one_codec_serves_threads() {
    struct Shared(*const Handle);
    // SAFETY: what the header promises: calls that take a const handle may run at the same time.
    unsafe impl Sync for Shared {}

    let codec = Codec::new(6, 3);
    let shared = Shared(codec.0);
    let len = if cfg!(miri) { 70 } else { 1000 };
    let data = row(6, len);
    let parity = encoded(&codec, &data, 3);
    let all: Vec<Vec<u8>> = data.iter().chain(&parity).cloned().collect();
    std::thread::scope(|scope| {
        for first in 0..if cfg!(miri) { 2 } else { 4 } {
            let (shared, all) = (&shared, &all);
            scope.spawn(move || {
                for second in (0..9).filter(|&s| s != first) {
                    let wanted = [first, second];
                    let mut shards = inputs(all);
                    shards[first] = null();
                    shards[second] = null();
                    let mut rebuilt = vec![vec![0; len]; 2];
                    let to = outputs(&mut rebuilt);
                    // SAFETY: a live handle, tables and buffers of the right size.
                    let code = unsafe {
                        let (from, wanted) = (shards.as_ptr(), wanted.as_ptr());
                        lustrine_codec_reconstruct(shared.0, len, from, 2, wanted, to.as_ptr())
                    };
                    assert_eq!(code, LUSTRINE_OK);
                    assert_eq!(rebuilt, [all[first].clone(), all[second].clone()]);
                }
            });
        }
    });
}

#[test]
fn null_is_refused_everywhere() {
    const LEN: usize = 8;
    let codec = Codec::new(2, 2);
    let (data, mut parity) = (row(2, LEN), row(2, LEN));
    let before = parity.clone();
    let (d, p) = (inputs(&data), outputs(&mut parity));
    let p_in: Vec<*const u8> = p.iter().map(|p| p.cast_const()).collect();
    let (hole, hole_mut) = ([d[0], null()], [p[0], null_mut()]);
    let (c, none) = (codec.0.cast_const(), null::<Handle>());
    let (d, p, p_in) = (d.as_ptr(), p.as_ptr(), p_in.as_ptr());
    let (hole, hole_mut) = (hole.as_ptr(), hole_mut.as_ptr());
    let (mut ok, mut name, mut made) = (true, null(), null_mut());
    let lost = [null(), data[1].as_ptr(), before[0].as_ptr(), null()];
    let (lost, wanted) = (lost.as_ptr(), [0_usize, 3]);
    let (w, x) = (wanted.as_ptr(), data[0].as_ptr());
    // SAFETY: each pointer is NULL or as its function wants it.
    let answers = unsafe {
        [
            lustrine_codec_new(2, 2, null_mut()),
            lustrine_codec_new_with_backend(2, 2, c"portable".as_ptr(), null_mut()),
            lustrine_codec_new_with_backend(2, 2, null(), &mut made),
            lustrine_codec_backend_name(none, &mut name),
            lustrine_codec_backend_name(c, null_mut()),
            lustrine_codec_encode(none, LEN, d, p),
            lustrine_codec_encode(c, LEN, null(), p),
            lustrine_codec_encode(c, LEN, d, null()),
            lustrine_codec_encode(c, LEN, hole, p),
            lustrine_codec_encode(c, LEN, d, hole_mut),
            lustrine_codec_encode(c, 0, hole, p),
            lustrine_codec_verify(none, LEN, d, p_in, &mut ok),
            lustrine_codec_verify(c, LEN, null(), p_in, &mut ok),
            lustrine_codec_verify(c, LEN, d, null(), &mut ok),
            lustrine_codec_verify(c, LEN, hole, p_in, &mut ok),
            lustrine_codec_verify(c, LEN, d, hole, &mut ok),
            lustrine_codec_verify(c, LEN, d, p_in, null_mut()),
            lustrine_codec_update(none, LEN, 0, x, x, p),
            lustrine_codec_update(c, LEN, 0, null(), x, p),
            lustrine_codec_update(c, LEN, 0, x, null(), p),
            lustrine_codec_update(c, LEN, 0, x, x, null()),
            lustrine_codec_update(c, LEN, 0, x, x, hole_mut),
            lustrine_codec_reconstruct(none, LEN, lost, 2, w, p),
            lustrine_codec_reconstruct(c, LEN, null(), 2, w, p),
            lustrine_codec_reconstruct(c, LEN, lost, 2, null(), p),
            lustrine_codec_reconstruct(c, LEN, lost, 2, w, null()),
            lustrine_codec_reconstruct(c, LEN, lost, 2, w, hole_mut),
        ]
    };
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer, LUSTRINE_ERR_NULL, "call {i}");
    }
    assert!(ok && name.is_null() && made.is_null(), "outputs are written only on success");
    assert_eq!(parity, before, "outputs are written only on success");
}

#[test]
fn lengths_beyond_the_address_space_are_refused() {
    let codec = Codec::new(2, 1);
    let (data, mut parity) = (row(2, 8), row(1, 8));
    let (d, p) = (inputs(&data), outputs(&mut parity));
    let top: [*const u8; 2] = [core::ptr::without_provenance(usize::MAX - 3), d[1]];
    for (len, table) in [(usize::MAX, &d[..]), (isize::MAX as usize + 1, &d), (8, &top)] {
        // SAFETY: the check under test refuses before a buffer is touched.
        let code = unsafe { lustrine_codec_encode(codec.0, len, table.as_ptr(), p.as_ptr()) };
        assert_eq!(code, LUSTRINE_ERR_LENGTH);
    }
}

#[test]
fn overlap_is_refused_to_the_byte() {
    const LEN: usize = 64;
    let codec = Codec::new(2, 2);
    let mut memory = vec![0_u8; 8 * LEN];
    let base = memory.as_mut_ptr();
    let at = |offset: usize| base.wrapping_add(offset);
    let encode = |data: [usize; 2], parity: [usize; 2]| {
        let data = data.map(|offset| at(offset).cast_const());
        let parity = parity.map(at);
        // SAFETY: a live handle; all offsets leave LEN bytes of `memory`.
        unsafe { lustrine_codec_encode(codec.0, LEN, data.as_ptr(), parity.as_ptr()) }
    };
    // Neighbours that touch do not overlap; data may overlap data.
    assert_eq!(encode([0, LEN], [2 * LEN, 3 * LEN]), LUSTRINE_OK);
    assert_eq!(encode([3 * LEN, LEN], [2 * LEN, 0]), LUSTRINE_OK);
    assert_eq!(encode([0, 1], [2 * LEN, 3 * LEN]), LUSTRINE_OK);
    assert_eq!(encode([0, 0], [2 * LEN, 3 * LEN]), LUSTRINE_OK);
    for (data, parity) in [
        ([0, LEN], [2 * LEN, 2 * LEN]),
        ([0, LEN], [2 * LEN, 3 * LEN - 1]),
        ([0, LEN], [3 * LEN - 1, 2 * LEN]),
        ([0, LEN], [2 * LEN - 1, 4 * LEN]),
        ([0, 3 * LEN - 1], [4 * LEN, 2 * LEN]),
        ([4 * LEN, 0], [2 * LEN, 4 * LEN]),
    ] {
        assert_eq!(encode(data, parity), LUSTRINE_ERR_OVERLAP, "{data:?} {parity:?}");
    }

    let p = [at(2 * LEN), at(3 * LEN)];
    // SAFETY: a live handle; all offsets leave LEN bytes of `memory`.
    let update =
        unsafe { lustrine_codec_update(codec.0, LEN, 0, at(0), at(2 * LEN + 5), p.as_ptr()) };
    assert_eq!(update, LUSTRINE_ERR_OVERLAP);
    // Old and new are only read.
    // SAFETY: as above.
    let update = unsafe { lustrine_codec_update(codec.0, LEN, 0, at(0), at(3), p.as_ptr()) };
    assert_eq!(update, LUSTRINE_OK);

    let shards = [null(), at(0).cast_const(), at(LEN).cast_const(), null()];
    let to = [at(2 * LEN), at(LEN + 1)];
    // SAFETY: as above.
    let code = unsafe {
        lustrine_codec_reconstruct(codec.0, LEN, shards.as_ptr(), 2, [0, 3].as_ptr(), to.as_ptr())
    };
    assert_eq!(code, LUSTRINE_ERR_OVERLAP);
    // Empty buffers share no byte, wherever they are.
    let (data, parity) = ([at(0).cast_const(); 2], [at(0); 2]);
    // SAFETY: as above, and nothing is touched.
    let code = unsafe { lustrine_codec_encode(codec.0, 0, data.as_ptr(), parity.as_ptr()) };
    assert_eq!(code, LUSTRINE_OK);
}

#[test]
fn the_librarys_errors_come_through() {
    let mut handle = null_mut();
    for (data, parity) in [(0, 1), (1, 2), (256, 1), (255, 2), (2, 0), (2, 16), (usize::MAX, 1)] {
        // SAFETY: `handle` can be written.
        let code = unsafe { lustrine_codec_new(data, parity, &mut handle) };
        assert_eq!(code, LUSTRINE_ERR_GEOMETRY, "{data}+{parity}");
        assert!(handle.is_null(), "outputs are written only on success");
    }

    const LEN: usize = 16;
    let codec = Codec::new(3, 2);
    let (data, mut parity) = (row(3, LEN), row(2, LEN));
    let (d, p) = (inputs(&data), outputs(&mut parity));
    // SAFETY: a live handle, tables and buffers of the right size.
    let code = unsafe { lustrine_codec_update(codec.0, LEN, 3, d[0], d[1], p.as_ptr()) };
    assert_eq!(code, LUSTRINE_ERR_SHARD_INDEX);

    let (o, l) = (null(), d[0]);
    let reconstruct = |shards: [*const u8; 5], wanted: &[usize]| {
        let mut rebuilt = vec![vec![0xee; LEN]; 6];
        let to = outputs(&mut rebuilt);
        // SAFETY: as above; `wanted` names at most six shards.
        let code = unsafe {
            let (from, list) = (shards.as_ptr(), wanted.as_ptr());
            lustrine_codec_reconstruct(codec.0, LEN, from, wanted.len(), list, to.as_ptr())
        };
        assert!(rebuilt.concat().iter().all(|&b| b == 0xee), "written in spite of the error");
        code
    };
    assert_eq!(reconstruct([o, o, o, l, l], &[0]), LUSTRINE_ERR_TOO_MANY_ERASURES);
    assert_eq!(reconstruct([o, l, l, l, l], &[5]), LUSTRINE_ERR_SHARD_INDEX);
    assert_eq!(reconstruct([o, l, l, l, l], &[1]), LUSTRINE_ERR_SHARD_REPEATED);
    assert_eq!(reconstruct([o, o, l, l, l], &[1, 1]), LUSTRINE_ERR_SHARD_REPEATED);
    assert_eq!(reconstruct([o, o, l, l, l], &[0, 1, 0, 1, 0, 1]), LUSTRINE_ERR_SHARD_COUNT);
}

#[test]
fn free_takes_null() {
    // SAFETY: NULL is allowed.
    unsafe { lustrine_codec_free(null_mut()) }
}
