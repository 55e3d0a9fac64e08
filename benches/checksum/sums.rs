//! Adler-32 and guards by the Internet checksum: per call of 512 bytes, and of 4 and 64 KiB and
//! from DRAM at once.
//!
//! Rivals are simd-adler32 and ISA-L, and the plain loop as the compiler makes it for the same
//! instruction set. Results are compared before anything is timed.

use std::hint::black_box;

use crate::arena::{Arena, Shard};
use crate::isal::Isal;
use crate::race::{Contestant, Race, Ratios, Versus};

/// The kernels, each with a backend that was forced; the first is the best one.
pub(crate) struct Ours {
    pub(crate) name: &'static str,
    /// Adler-32 from 1 on.
    pub(crate) adler: Box<dyn Fn(&[u8]) -> u32>,
    /// The guards of sectors of so many bytes.
    pub(crate) guards: Box<dyn Fn(usize, &[u8], &mut [u16])>,
}

/// Sizes of shards, the last of them too many for the caches; what takes them in pieces of 512
/// bytes is asked for the first alone.
const SIZES: [usize; 3] = [4 << 10, 64 << 10, 1 << 20];
const SHORT: usize = 512;
/// One shard to a set.
const ONE: (usize, usize) = (1, 0);

/// All rows that the user asked for.
pub(crate) fn races(race: &Race, isal: Option<Isal>, ours: &[Ours]) {
    for size in SIZES {
        for piece in [SHORT, size] {
            if piece == SHORT && size != SIZES[0] {
                continue;
            }
            let op = if piece == SHORT { "adler-short" } else { "adler" };
            if race.wants(op, ONE, size) || race.names(op) {
                adler(race, op, isal, ours, size, piece);
            }
            for (sector, op) in [(512, "ip512"), (4096, "ip4K")] {
                let op = match (piece, sector) {
                    (SHORT, 512) => "ip512-short",
                    (SHORT, _) => continue,
                    _ => op,
                };
                if race.wants(op, ONE, size) || race.names(op) {
                    guards(race, op, ours, sector, size, piece);
                }
            }
        }
    }
}

fn arena(race: &Race, size: usize) -> Arena {
    race.arena(1, size)
}

/// The shard of a set.
fn shard(arena: &Arena, set: usize) -> Shard {
    arena.split(set, 1).0[0]
}

type Sum<'a> = Box<dyn Fn(&[u8]) -> u32 + 'a>;

fn adler(
    race: &Race,
    op: &str,
    isal: Option<Isal>,
    ours: &[Ours],
    size: usize,
    piece: usize,
) -> Ratios {
    let arena = arena(race, size);
    let mut sums: Vec<(&'static str, Sum)> = Vec::new();
    for ours in ours {
        sums.push((ours.name, Box::new(&ours.adler)));
    }
    sums.push(("simd-adler32", Box::new(|bytes| simd_adler32::adler32(&bytes))));
    if let Some(isal) = isal.and_then(|isal| isal.adler32()) {
        sums.push(("isal", Box::new(isal)));
    }
    sums.push(("plain", Box::new(plain_adler)));
    let bytes = shard(&arena, 0);
    for (name, sum) in &sums {
        for piece in bytes.as_ref().chunks(piece) {
            assert_eq!(sum(piece), plain_adler(piece), "{name}");
        }
    }
    let list: Vec<_> = sums
        .into_iter()
        .map(|(name, sum)| {
            let arena = &arena;
            Contestant::new(name, move |set| {
                for piece in shard(arena, set).as_ref().chunks(piece) {
                    black_box(sum(black_box(piece)));
                }
            })
        })
        .collect();
    let versus = [
        Versus { title: "xSIMD", rivals: &["simd-adler32"] },
        Versus { title: "xISAL", rivals: &["isal"] },
    ];
    let ratios = race.run(op, ONE, &arena, &list, &versus);
    // Of two contestants each, the second line says what AVX2 alone is good for.
    if let Some(avx2) = list.iter().position(|contestant| contestant.name == "avx2") {
        let mut list = list;
        list.swap(0, avx2);
        race.run(&format!("{op}-avx2"), ONE, &arena, &list, &versus);
    }
    ratios
}

type Guards<'a> = Box<dyn Fn(&[u8], &mut [u16]) + 'a>;

fn guards(
    race: &Race,
    op: &str,
    ours: &[Ours],
    sector: usize,
    size: usize,
    piece: usize,
) -> Ratios {
    let arena = arena(race, size);
    let mut all: Vec<(&'static str, Guards)> = Vec::new();
    for ours in ours {
        all.push((ours.name, Box::new(move |bytes, out| (ours.guards)(sector, bytes, out))));
    }
    all.push(("plain", Box::new(move |bytes, out| plain_guards(sector, bytes, out))));
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has it.
            let loops = move |b: &[u8], out: &mut [u16]| unsafe { x86::avx2(sector, b, out) };
            all.push(("plain-avx2", Box::new(loops)));
        }
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the CPU has it.
            let loops = move |b: &[u8], out: &mut [u16]| unsafe { x86::avx512(sector, b, out) };
            all.push(("plain-avx512", Box::new(loops)));
        }
    }
    let bytes = shard(&arena, 0);
    let mut expected = vec![0; piece.div_ceil(sector)];
    let mut got = expected.clone();
    for (name, guards) in &all {
        for piece in bytes.as_ref().chunks(piece) {
            plain_guards(sector, piece, &mut expected);
            got.fill(0);
            guards(piece, &mut got);
            assert_eq!(got, expected, "{name}");
        }
    }
    let list: Vec<_> = all
        .into_iter()
        .map(|(name, guards)| {
            let arena = &arena;
            let mut out = got.clone();
            Contestant::new(name, move |set| {
                for piece in shard(arena, set).as_ref().chunks(piece) {
                    guards(black_box(piece), &mut out);
                    black_box(&mut out);
                }
            })
        })
        .collect();
    // The plain loop for the same instruction set.
    let plain: &[(&str, &str, &[&str])] = &[
        ("avx512", "", &["plain-avx512"]),
        ("avx2", "-avx2", &["plain-avx2"]),
        ("portable", "-portable", &["plain"]),
    ];
    let mut ratios = Ratios::new();
    let mut list = list;
    for (name, suffix, rivals) in plain {
        if let Some(at) = list.iter().position(|contestant| contestant.name == *name) {
            list.swap(0, at);
            let versus = [Versus { title: "xPLAIN", rivals }];
            ratios.extend(race.run(&format!("{op}{suffix}"), ONE, &arena, &list, &versus));
        }
    }
    ratios
}

/// Adler-32 as zlib's manual has it: remainders when 32 bits are full.
fn plain_adler(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (1_u32, 0_u32);
    for part in bytes.chunks(5552) {
        for byte in part {
            low += u32::from(*byte);
            high += low;
        }
        (low, high) = (low % 65521, high % 65521);
    }
    high << 16 | low
}

/// Guards by the loop that the library had before its kernels.
#[inline(always)]
fn plain_guards(sector: usize, bytes: &[u8], guards: &mut [u16]) {
    for (bytes, guard) in bytes.chunks_exact(sector).zip(guards) {
        let (mut low, mut high) = (0_u32, 0_u32);
        for pair in bytes.as_chunks::<4>().0 {
            let pair = u32::from_le_bytes(*pair);
            low += pair & 0xffff;
            high += pair >> 16;
        }
        let mut sum = low + high;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        *guard = !(sum as u16).swap_bytes();
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::plain_guards;

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(sector: usize, bytes: &[u8], guards: &mut [u16]) {
        plain_guards(sector, bytes, guards);
    }

    /// With registers of 512 bits, which the compiler would rather not use.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(super) fn avx512(sector: usize, bytes: &[u8], guards: &mut [u16]) {
        plain_guards(sector, bytes, guards);
    }
}
