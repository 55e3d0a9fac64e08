//! The code computed the slow way. It shares no table and no function with the library.
//!
//! Used by the integration tests and, through `#[path]`, by the kernels' unit tests.
#![allow(dead_code, unreachable_pub)]

use std::sync::LazyLock;

/// Schoolbook multiplication: shift, add, and reduce by 0x11d.
pub fn mul(a: u8, b: u8) -> u8 {
    let (mut product, mut shifted) = (0, u16::from(a));
    for bit in 0..8 {
        if b >> bit & 1 == 1 {
            product ^= shifted as u8;
        }
        shifted <<= 1;
        if shifted & 0x100 != 0 {
            shifted ^= 0x11d;
        }
    }
    product
}

/// All products, each by `mul`.
static PRODUCTS: LazyLock<Vec<[u8; 256]>> =
    LazyLock::new(|| (0..=255).map(|a| std::array::from_fn(|b| mul(a, b as u8))).collect());

/// The inverse, by trying.
pub fn inv(a: u8) -> u8 {
    (0..=255).find(|b| mul(a, *b) == 1).unwrap_or(0)
}

/// `sum += c * source`.
pub fn mul_add(sum: &mut [u8], c: u8, source: &[u8]) {
    if cfg!(miri) {
        // Short lengths only, for which the table would cost more than it saves.
        sum.iter_mut().zip(source).for_each(|(sum, byte)| *sum ^= mul(c, *byte));
    } else {
        let products = &PRODUCTS[usize::from(c)];
        sum.iter_mut().zip(source).for_each(|(sum, byte)| *sum ^= products[usize::from(*byte)]);
    }
}

/// Coefficient of data shard `j` in parity shard `i` (from 0) of a code with `k` data shards.
pub fn coefficient(k: usize, i: usize, j: usize) -> u8 {
    static INVERSES: LazyLock<[u8; 256]> = LazyLock::new(|| std::array::from_fn(|a| inv(a as u8)));
    INVERSES[(k + i) ^ j]
}

/// The parity of `data`.
pub fn encode<D: AsRef<[u8]>>(data: &[D], parity: usize) -> Vec<Vec<u8>> {
    let len = data[0].as_ref().len();
    let row = |i| {
        let mut sum = vec![0; len];
        for (j, shard) in data.iter().enumerate() {
            mul_add(&mut sum, coefficient(data.len(), i, j), shard.as_ref());
        }
        sum
    };
    (0..parity).map(row).collect()
}

/// Bytes without a pattern, different for each seed (xorshift64*).
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect();
    bytes.truncate(len);
    bytes
}

/// `count` shards of noise.
pub fn noisy_shards(count: usize, len: usize, seed: u64) -> Vec<Vec<u8>> {
    (0..count).map(|i| noise(len, seed * 1000 + i as u64)).collect()
}
