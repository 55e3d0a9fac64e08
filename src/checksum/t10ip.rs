//! The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit
//! words.
//!
//! The sum does not care which byte of a word is the upper one as long as all agree: words are
//! added as little-endian ones, and only the guard is turned round.

/// The sum of no words.
pub(super) const INIT: u16 = 0;

/// The sum after `bytes`; `odd` if a word is half full.
pub(super) fn update(sum: u16, odd: bool, bytes: &[u8]) -> u16 {
    let part = fold(words(bytes).into());
    // An odd number of bytes before puts each of these into the other half of its word.
    let part = if odd { part.swap_bytes() } else { part };
    fold(u64::from(sum) + u64::from(part))
}

/// The guard; its bytes in memory are those of the number, upper one first.
pub(super) fn finish(sum: u16) -> u16 {
    !sum.swap_bytes()
}

/// The sum of the words of `bytes`, the last of them filled up with a zero byte. They are part of
/// one sector: 32 bits would do for 32 times as many.
///
/// Two sums at once, in the form that compilers turn into vectors.
fn words(bytes: &[u8]) -> u32 {
    debug_assert!(bytes.len() <= 4096);
    let (pairs, tail) = bytes.as_chunks::<4>();
    let (mut low, mut high) = (0, 0);
    for pair in pairs {
        let pair = u32::from_le_bytes(*pair);
        low += pair & 0xffff;
        high += pair >> 16;
    }
    let mut last = [0; 4];
    last.iter_mut().zip(tail).for_each(|(last, byte)| *last = *byte);
    let last = u32::from_le_bytes(last);
    low + high + (last & 0xffff) + (last >> 16)
}

/// Adds what is above 16 bits to what is below, until nothing is.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
