//! Which coefficients a parity shard has, and those that give lost shards back.

use super::geometry::{Geometry, MAX_PARITY};
use super::set::ShardSet;
use crate::Error;
use crate::gf::{Coef, inv, mul};

/// The coefficient of data shard `data` in parity shard `parity` (numbered from k on).
///
/// Rows and columns of the Cauchy matrix are numbered apart, so the sum (xor) is never zero.
fn cauchy(parity: usize, data: usize) -> u8 {
    inv((parity ^ data) as u8)
}

/// Fills the encoding table: source after source, for each the parity rows.
///
/// `table` has `data * parity` entries.
pub(super) fn fill_encode(geometry: Geometry, table: &mut [Coef]) {
    let (k, p) = (geometry.data(), geometry.parity());
    for (j, column) in table.chunks_exact_mut(p).enumerate() {
        for (i, coef) in column.iter_mut().enumerate() {
            *coef = Coef::new(cauchy(k + i, j));
        }
    }
}

/// Which k shards are read, and which lost ones are computed from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    used: ShardSet,
    wanted: ShardSet,
}

/// A square matrix of at most as many rows as shards can be lost.
type Small = [[u8; MAX_PARITY]; MAX_PARITY];

impl Pattern {
    /// Chooses k of the survivors: all data shards, which make the cheaper half of the matrix, then
    /// as many parity shards as data shards are lost.
    ///
    /// Both sets hold shards of `geometry`, and no shard is in both.
    pub(super) fn new(
        geometry: Geometry,
        survivors: ShardSet,
        wanted: ShardSet,
    ) -> Result<Pattern, Error> {
        let missing = geometry.total() - survivors.len();
        if missing > geometry.parity() {
            return Err(Error::TooManyErasures { missing, parity: geometry.parity() });
        }
        let mut used = ShardSet::default();
        for shard in survivors.iter().take(geometry.data()) {
            used.insert(shard);
        }
        Ok(Pattern { used, wanted })
    }

    /// The k shards that are read. Sources of the kernel, in rising order.
    pub(super) fn used(&self) -> ShardSet {
        self.used
    }

    /// The shards that are computed, at most p. Outputs of the kernel, in rising order.
    pub(super) fn wanted(&self) -> ShardSet {
        self.wanted
    }

    /// Fills the decoding table: source after source, for each the wanted rows.
    ///
    /// `table` has `data * wanted` entries. Cost: some `wanted * data * lost` multiplications of
    /// single elements; only the square of the lost data shards is inverted.
    pub(super) fn fill_decode(&self, geometry: Geometry, table: &mut [Coef]) {
        let k = geometry.data();
        let mut lost = [0; MAX_PARITY];
        let mut lost_len = 0;
        for (slot, shard) in lost.iter_mut().zip((0..k).filter(|d| !self.used.contains(*d))) {
            *slot = shard;
            lost_len += 1;
        }
        let lost = &lost[..lost_len];
        let mut parity = [0; MAX_PARITY];
        for (slot, shard) in parity.iter_mut().zip(self.used.iter().filter(|s| *s >= k)) {
            *slot = shard;
        }
        // As many as are lost: k shards are used.
        let parity = &parity[..lost_len];

        // The syndrome of a parity shard is its sum with what the surviving data contribute to it:
        // what the lost data contribute. Each wanted shard is a sum of syndromes (weights), a
        // wanted parity shard also of its own share of the surviving data.
        let inverse = invert(parity, lost);
        let mut weights: Small = [[0; MAX_PARITY]; MAX_PARITY];
        for (row, shard) in weights.iter_mut().zip(self.wanted.iter()) {
            if shard < k {
                let place = lost.iter().position(|d| *d == shard);
                *row = place.map_or([0; MAX_PARITY], |place| inverse[place]);
            } else {
                for (place, data) in lost.iter().enumerate() {
                    for (weight, entry) in row.iter_mut().zip(inverse[place]) {
                        *weight ^= mul(cauchy(shard, *data), entry);
                    }
                }
            }
        }

        let columns = table.chunks_exact_mut(self.wanted.len().max(1));
        for (column, source) in columns.zip(self.used.iter()) {
            for ((coef, weights), wanted) in column.iter_mut().zip(&weights).zip(self.wanted.iter())
            {
                let mut c = if source < k && wanted >= k { cauchy(wanted, source) } else { 0 };
                for (weight, parity) in weights.iter().zip(parity) {
                    if source < k {
                        c ^= mul(*weight, cauchy(*parity, source));
                    } else if source == *parity {
                        c ^= weight;
                    }
                }
                *coef = Coef::new(c);
            }
        }
    }
}

/// The inverse of the square of `parity` rows and `data` columns of the Cauchy matrix: row per data
/// shard, column per parity shard.
///
/// Cauchy's own formula, which knows no singular case because all shard numbers differ:
/// entry (d, q) = A(q) B(d) / ((q + d) C(q) D(d)), with A(q) the product of q + d over all d, B(d)
/// that of q + d over all q, C(q) that of q + q' over the other q', and D(d) likewise.
fn invert(parity: &[usize], data: &[usize]) -> Small {
    let product = |of: usize, over: &[usize]| {
        let others = over.iter().filter(|other| **other != of);
        others.fold(1, |product, other| mul(product, (of ^ other) as u8))
    };
    let mut inverse = [[0; MAX_PARITY]; MAX_PARITY];
    for (row, d) in inverse.iter_mut().zip(data) {
        let of_row = mul(product(*d, parity), inv(product(*d, data)));
        for (entry, q) in row.iter_mut().zip(parity) {
            let of_column = mul(product(*q, data), inv(product(*q, parity)));
            *entry = mul(mul(of_row, of_column), inv((q ^ d) as u8));
        }
    }
    inverse
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The rows that facts of Lustre's code give.
    #[test]
    fn cauchy_rows_are_those_of_isa_l() {
        let rows: [(usize, usize, &[&[u8]]); 5] = [
            (2, 1, &[&[0x8e, 0xf4]]),
            (2, 2, &[&[0x8e, 0xf4], &[0xf4, 0x8e]]),
            (4, 2, &[&[0x47, 0xa7, 0x7a, 0xba], &[0xa7, 0x47, 0xba, 0x7a]]),
            (
                5,
                3,
                &[
                    &[0xa7, 0x47, 0xba, 0x7a, 0x01],
                    &[0x7a, 0xba, 0x47, 0xa7, 0x8e],
                    &[0xba, 0x7a, 0xa7, 0x47, 0xf4],
                ],
            ),
            (
                8,
                2,
                &[
                    &[0xad, 0x9d, 0xdd, 0x98, 0x3d, 0xaa, 0x5d, 0x96],
                    &[0x9d, 0xad, 0x98, 0xdd, 0xaa, 0x3d, 0x96, 0x5d],
                ],
            ),
        ];
        for (k, p, rows) in rows {
            let mut table = [Coef::ZERO; 16];
            fill_encode(Geometry::new(k, p).unwrap(), &mut table[..k * p]);
            for (i, row) in rows.iter().enumerate() {
                for (j, c) in row.iter().enumerate() {
                    assert_eq!(table[j * p + i].value(), *c, "{k}+{p}, row {i}, column {j}");
                }
            }
        }
    }

    #[test]
    fn inverse_times_matrix_is_one() {
        let parity = [20, 22, 23, 25, 27, 28, 29, 30, 31, 32, 33, 34, 21, 26, 24];
        let data = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 17, 18, 19];
        for n in 0..=15 {
            let inverse = invert(&parity[..n], &data[..n]);
            for (i, row) in inverse[..n].iter().enumerate() {
                for (j, d) in data[..n].iter().enumerate() {
                    let terms = row.iter().zip(&parity[..n]);
                    let sum = terms.fold(0, |sum, (c, q)| sum ^ mul(*c, cauchy(*q, *d)));
                    assert_eq!(sum, u8::from(i == j), "{n}: {i}, {j}");
                }
            }
        }
    }
}
