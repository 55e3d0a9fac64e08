//! Checksums by their definitions, bit by bit. They share nothing with the library but its names.
//!
//! Used by the pipeline's tests and, through `#[path]`, by the checksums' unit tests, which is why
//! `Checksum` is the including file's.
#![allow(dead_code, unreachable_pub)]

use super::Checksum;

/// The value that Lustre sends, and the guards of all sectors.
pub fn naive(checksum: Checksum, bytes: &[u8]) -> (u64, Vec<u16>) {
    let ones = u64::from(u32::MAX);
    match checksum {
        Checksum::Crc32 => (crc(0xedb8_8320, ones, bytes), Vec::new()),
        Checksum::Crc32Ieee => (ones ^ crc(0xedb8_8320, ones, bytes), Vec::new()),
        Checksum::Crc32c => (ones ^ crc(0x82f6_3b78, ones, bytes), Vec::new()),
        Checksum::Crc64Nvme => (!crc(0x9a6c_9329_ac4b_c9b5, !0, bytes), Vec::new()),
        Checksum::Adler32 => (adler(bytes), Vec::new()),
        _ => {
            let sector = match checksum {
                Checksum::T10Ip512 | Checksum::T10Crc512 => 512,
                _ => 4096,
            };
            let guards: Vec<_> = bytes.chunks(sector).map(|part| guard(checksum, part)).collect();
            (top(&guards), guards)
        }
    }
}

/// The guard of one sector.
pub fn guard(checksum: Checksum, bytes: &[u8]) -> u16 {
    match checksum {
        Checksum::T10Crc512 | Checksum::T10Crc4k => t10crc(bytes),
        _ => internet(bytes),
    }
}

/// The sum over guards.
pub fn top(guards: &[u16]) -> u64 {
    let bytes: Vec<u8> = guards.iter().flat_map(|guard| guard.to_be_bytes()).collect();
    adler(&bytes)
}

/// A reflected CRC, not inverted at the end.
fn crc(polynomial: u64, start: u64, bytes: &[u8]) -> u64 {
    let mut register = start;
    for byte in bytes {
        register ^= u64::from(*byte);
        for _ in 0..8 {
            register = register >> 1 ^ if register & 1 == 1 { polynomial } else { 0 };
        }
    }
    register
}

fn t10crc(bytes: &[u8]) -> u16 {
    let mut register = 0;
    for byte in bytes {
        register ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            register = register << 1 ^ if register >> 15 == 1 { 0x8bb7 } else { 0 };
        }
    }
    register
}

fn internet(bytes: &[u8]) -> u16 {
    let mut sum = 0;
    for word in bytes.chunks(2) {
        sum += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
        if sum > 0xffff {
            sum -= 0xffff;
        }
    }
    !(sum as u16)
}

fn adler(bytes: &[u8]) -> u64 {
    let (mut low, mut high) = (1, 0);
    for byte in bytes {
        low = (low + u64::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    high << 16 | low
}

/// Bytes without a pattern.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}
