//! Remainders by tables, sixteen bytes at a time.

use super::Poly;

/// Entry `[k][byte]` is the register that was 0 after `byte` and then `k` zero bytes.
pub(super) type Slices<W> = [[W; 256]; 16];

/// The tables of any polynomial.
pub(super) const fn u64(polynomial: u64) -> Slices<u64> {
    let mut slices = [[0; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let (mut register, mut bit) = (byte as u64, 0);
        while bit < 8 {
            register = (register >> 1) ^ (polynomial & (register & 1).wrapping_neg());
            bit += 1;
        }
        slices[0][byte] = register;
        byte += 1;
    }
    let mut k = 1;
    while k < 16 {
        let mut byte = 0;
        while byte < 256 {
            let register = slices[k - 1][byte];
            slices[k][byte] = (register >> 8) ^ slices[0][(register & 0xff) as usize];
            byte += 1;
        }
        k += 1;
    }
    slices
}

/// Those of a polynomial whose register is in 32 bits, in half the room.
pub(super) const fn u32(polynomial: u64) -> Slices<u32> {
    let wide = u64(polynomial);
    let mut slices = [[0; 256]; 16];
    let mut k = 0;
    while k < 16 {
        let mut byte = 0;
        while byte < 256 {
            slices[k][byte] = wide[k][byte] as u32;
            byte += 1;
        }
        k += 1;
    }
    slices
}

/// The register after `bytes`.
pub(in super::super) fn crc<P: Poly>(mut register: u64, bytes: &[u8]) -> u64 {
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        let block = u128::from_le_bytes(*block);
        let (first, second) = (word::<P>(block as u64) ^ register, word::<P>((block >> 64) as u64));
        register = 0;
        for i in 0..8 {
            register ^= P::SLICES[15 - i][(first >> (8 * i) & 0xff) as usize].into();
            register ^= P::SLICES[7 - i][(second >> (8 * i) & 0xff) as usize].into();
        }
    }
    for byte in tail {
        let byte = if P::REFLECTED { *byte } else { byte.reverse_bits() };
        register = register >> 8 ^ P::SLICES[0][usize::from(register as u8 ^ byte)].into();
    }
    register
}

/// Eight bytes as a reflected CRC takes them.
#[inline(always)]
pub(super) fn word<P: Poly>(bytes: u64) -> u64 {
    if P::REFLECTED { bytes } else { bytes.reverse_bits().swap_bytes() }
}
