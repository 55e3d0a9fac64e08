//! Cosets of rows, and the constants of the shapes that compute them.
//!
//! Written with the field's own addition: `+` is xor, and labels (row and column numbers) are
//! elements. See `src/docs/kernels.md` for where the formulas come from.

use alloc::vec::Vec;

use super::super::set::ShardSet;
use crate::gf::{Shape, inv, mul};

/// The rows `origin + <directions>`, of which some are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coset {
    pub(super) shape: Shape,
    pub(super) origin: u8,
    /// Independent; blocks of two columns lie along the first, of four along the first two.
    directions: [u8; 3],
}

/// Columns, sorted into blocks of 8, 4, 2 and 1: each set is a union of such blocks.
pub(super) type Cover = [ShardSet; 4];

impl Coset {
    pub(super) fn new(shape: Shape, origin: u8, directions: [u8; 3]) -> Coset {
        Coset { shape, origin, directions }
    }

    fn dimensions(&self) -> usize {
        match self.shape {
            Shape::Direct => 0,
            Shape::Pair => 1,
            Shape::Tri | Shape::Fft4 => 2,
            Shape::Fft8 => 3,
        }
    }

    /// The element of the subgroup that the bits of `index` choose.
    fn span(&self, index: usize) -> u8 {
        let chosen = self.directions.iter().enumerate().filter(|(bit, _)| index >> bit & 1 != 0);
        chosen.fold(0, |sum, (_, direction)| sum ^ direction)
    }

    /// The labels of the shape's rows, in its order.
    pub(super) fn labels(&self) -> impl Iterator<Item = u8> {
        (0..self.shape.rows()).map(|i| self.origin ^ self.span(i))
    }

    /// Sorts columns into the largest blocks that are complete.
    pub(super) fn cover(&self, columns: ShardSet) -> Cover {
        let mut cover = [ShardSet::default(); 4];
        let mut left = columns;
        if matches!(self.shape, Shape::Fft4 | Shape::Fft8) {
            // The common factor of a block has a pole on the coset itself: such columns go singly.
            self.labels().for_each(|label| cover[3].insert(usize::from(label)));
            cover[3] = cover[3].and(columns);
            left = left.without(cover[3]);
        }
        for m in (1..=self.dimensions()).rev() {
            let whole = self.directions[..m]
                .iter()
                .fold(left, |set, direction| set.and(set.moved(usize::from(*direction))));
            cover[3 - m] = whole;
            left = left.without(whole);
        }
        left.iter().for_each(|column| cover[3].insert(column));
        cover
    }

    /// The columns of a cover in the order of its blocks.
    pub(super) fn order(&self, cover: &Cover) -> Vec<u8> {
        let mut order = Vec::new();
        for (set, size) in cover.iter().zip([8, 4, 2, 1]) {
            let mut left = *set;
            while let Some(first) = { left }.iter().next() {
                let mut block = ShardSet::default();
                for i in 0..size {
                    let label = first as u8 ^ self.span(i);
                    order.push(label);
                    block.insert(usize::from(label));
                }
                left = left.without(block);
            }
        }
        order
    }

    /// The polynomial that vanishes on the span of the first `b` directions.
    fn vanishing(&self, b: usize, x: u8) -> u8 {
        (0..1 << b).fold(1, |product, i| mul(product, x ^ self.span(i)))
    }

    /// The twiddle of level `b` at a label: constant along the first `b` directions, it grows by 1
    /// along the next, and is 0 at the origin.
    fn twiddle(&self, b: usize, label: u8) -> u8 {
        let scale = inv(self.vanishing(b, self.directions[b]));
        mul(self.vanishing(b, label ^ self.origin), scale)
    }

    /// What all products of the block of this label have in common.
    fn factor(&self, label: u8) -> u8 {
        let dimensions = self.dimensions();
        let nonzero = (1..1 << dimensions).fold(1, |product, i| mul(product, self.span(i)));
        mul(nonzero, inv(self.vanishing(dimensions, label ^ self.origin)))
    }

    /// Product of the twiddles that the bits of `index` choose, from level `first` on.
    fn basis(&self, first: usize, index: usize, label: u8) -> u8 {
        let levels = (first..self.dimensions()).filter(|b| index >> (b - first) & 1 != 0);
        levels.fold(1, |product, b| mul(product, self.twiddle(b, label)))
    }

    /// The constants of the block that starts at `label` and has `size` columns. `wanted` are the
    /// labels of the rows that exist.
    pub(super) fn block(&self, label: u8, size: usize, wanted: &[u8]) -> Vec<u8> {
        let entry = |row: u8, column: u8| inv(row ^ column);
        let column = |i: usize| label ^ self.span(i);
        let row = |i: usize| self.origin ^ self.span(i);
        if self.shape == Shape::Tri {
            let first = (0..size).map(|i| entry(row(0), column(i)));
            let sum =
                |other: usize, i: usize| entry(row(0), column(i)) ^ entry(row(other), column(i));
            // Along the direction of its rows, a sum's entries are equal in pairs.
            let (second, third): (&[usize], &[usize]) = match size {
                4 => (&[0, 2], &[0, 1]),
                2 => (&[0], &[0, 1]),
                _ => (&[0], &[0]),
            };
            let second = second.iter().map(|i| sum(1, *i));
            return first.chain(second).chain(third.iter().map(|i| sum(2, *i))).collect();
        }
        let rows = self.shape.rows();
        if size == 1 && self.labels().any(|own| own == label) {
            // A column on the coset: the sum over the wanted rows itself.
            let sum = |index: usize| {
                let terms =
                    wanted.iter().map(|row| mul(self.basis(0, index, *row), entry(*row, label)));
                terms.fold(0, |sum, term| sum ^ term)
            };
            return (0..rows).map(sum).collect();
        }
        let levels = size.trailing_zeros() as usize;
        let below = if size == rows { levels - 1 } else { levels };
        let mut coefs = Vec::new();
        for b in 0..below {
            let halves = (0..size >> (b + 1)).map(|half| column(half << (b + 1)));
            coefs.extend(halves.map(|label| self.twiddle(b, label)));
        }
        let factor = self.factor(label);
        let copies = (rows / size).max(2);
        // Of a block as wide as the coset, these are the factor alone and with the last twiddle.
        coefs.extend((0..copies).map(|copy| mul(factor, self.basis(below, copy, label))));
        coefs
    }

    /// The constants that turn sums into rows: the last level first, without the twiddles that are
    /// zero because the coset starts at its origin.
    pub(super) fn finals(&self) -> Vec<u8> {
        let of = |b: usize, position: usize| self.twiddle(b, self.origin ^ self.span(position));
        match self.shape {
            Shape::Fft4 => [of(0, 2)].into(),
            Shape::Fft8 => [of(1, 4), of(0, 2), of(0, 4), of(0, 6)].into(),
            Shape::Direct | Shape::Pair | Shape::Tri => Vec::new(),
        }
    }
}
