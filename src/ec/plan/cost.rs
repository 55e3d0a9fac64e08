//! What a way to compute rows costs, in 1/16 of a cycle for each register of a shard.
//!
//! A model of the inner loops (`src/docs/kernels.md`), good enough to order the plans of one
//! geometry: `cargo bench --bench ec -- plan` shows where it errs.

use crate::gf::{Backend, Shape};

/// What the instructions of a backend cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// A product, on the unit that multiplies.
    multiplier: u32,
    /// A product, of what all units together can do.
    product: u32,
    /// An addition.
    add: u32,
    /// An addition of values prepared to be multiplied.
    sum: u32,
    /// Preparing a value to be multiplied.
    split: u32,
    /// The end of a sum that is multiplied again.
    close: u32,
    /// Per cent that the pair, the tri, the fft4 and the fft8 take of what the operations should:
    /// long chains and few registers.
    strain: [u32; 4],
    /// Per cent that a row beside the pair, or beside the tri, takes more than elsewhere.
    beside: [u32; 2],
}

/// Another pass over the sources, for each of them.
const AGAIN: u32 = 10;

/// Operations of a kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Products: table look-ups, bit matrices.
    pub(super) products: u32,
    adds: u32,
    sums: u32,
    splits: u32,
    closes: u32,
}

impl Work {
    const fn new(products: u32, adds: u32, sums: u32, splits: u32, closes: u32) -> Work {
        Work { products, adds, sums, splits, closes }
    }

    fn times(self, n: usize) -> Work {
        let n = n as u32;
        let Work { products, adds, sums, splits, closes } = self;
        Work::new(products * n, adds * n, sums * n, splits * n, closes * n)
    }

    fn plus(self, other: Work) -> Work {
        Work::new(
            self.products + other.products,
            self.adds + other.adds,
            self.sums + other.sums,
            self.splits + other.splits,
            self.closes + other.closes,
        )
    }
}

/// Rows computed coefficient by coefficient.
pub(super) fn direct(columns: usize, rows: usize) -> Work {
    Work::new(rows as u32, 0, 0, u32::from(rows > 0), 0).times(columns)
}

/// A shape with these blocks of 8, 4, 2 and 1 columns.
pub(super) fn shaped(shape: Shape, blocks: [usize; 4]) -> Work {
    const NONE: Work = Work::new(0, 0, 0, 0, 0);
    let (parts, end) = match shape {
        Shape::Direct => ([NONE; 4], NONE),
        Shape::Pair => (
            [NONE, NONE, Work::new(3, 1, 0, 2, 0), Work::new(2, 0, 0, 1, 0)],
            Work::new(0, 1, 0, 0, 0),
        ),
        Shape::Tri => (
            [NONE, Work::new(8, 0, 4, 4, 0), Work::new(5, 0, 1, 2, 0), Work::new(3, 0, 0, 1, 0)],
            Work::new(0, 2, 0, 0, 0),
        ),
        Shape::Fft4 => (
            [NONE, Work::new(8, 3, 1, 4, 2), Work::new(5, 1, 0, 2, 1), Work::new(4, 0, 0, 1, 0)],
            Work::new(1, 4, 0, 1, 1),
        ),
        Shape::Fft8 => (
            [
                Work::new(20, 8, 4, 10, 8),
                Work::new(12, 3, 1, 5, 4),
                Work::new(9, 1, 0, 2, 1),
                Work::new(8, 0, 0, 1, 0),
            ],
            Work::new(5, 12, 0, 5, 5),
        ),
    };
    parts.into_iter().zip(blocks).fold(end, |sum, (work, n)| sum.plus(work.times(n)))
}

impl Costs {
    pub(super) fn of(backend: Backend) -> Costs {
        match backend.name() {
            // Eight bytes at a time: a product is four additions, closing a sum seven doublings.
            // Nothing is gained: the compiler keeps sums in memory, and blocks have more of them.
            "portable" => Costs {
                multiplier: 0,
                product: 64,
                add: 16,
                sum: 16,
                split: 0,
                close: 640,
                strain: [150; 4],
                beside: [0, 0],
            },
            // One bit matrix a cycle; an addition takes two products where it can.
            "gfni512" => Costs {
                multiplier: 16,
                product: 12,
                add: 8,
                sum: 8,
                split: 0,
                close: 0,
                strain: [113, 115, 122, 133],
                beside: [0, 0],
            },
            // Two bit matrices a cycle, each with an addition of its own and a load.
            "gfni256" => Costs {
                multiplier: 8,
                product: 13,
                add: 5,
                sum: 5,
                split: 0,
                close: 0,
                strain: [93, 115, 112, 135],
                beside: [0, 60],
            },
            // Two look-ups, one a cycle, and an addition of three.
            "avx512" => Costs {
                multiplier: 32,
                product: 24,
                add: 8,
                sum: 16,
                split: 16,
                close: 0,
                strain: [105, 110, 108, 110],
                beside: [40, 60],
            },
            // Two look-ups and two additions.
            _ => Costs {
                multiplier: 16,
                product: 22,
                add: 5,
                sum: 10,
                split: 10,
                close: 0,
                strain: [105, 107, 110, 115],
                beside: [60, 100],
            },
        }
    }

    /// A shape with blocks of 8, 4, 2 and 1 columns.
    pub(super) fn shaped(&self, shape: Shape, blocks: [usize; 4]) -> u32 {
        let strain = match shape {
            Shape::Direct => 100,
            Shape::Pair => self.strain[0],
            Shape::Tri => self.strain[1],
            Shape::Fft4 => self.strain[2],
            Shape::Fft8 => self.strain[3],
        };
        self.work(shaped(shape, blocks)) * strain / 100
    }

    /// So many rows coefficient by coefficient.
    pub(super) fn direct(&self, columns: usize, rows: usize) -> u32 {
        self.work(direct(columns, rows))
    }

    /// What a row beside a shape costs on top.
    pub(super) fn beside(&self, shape: Shape, columns: usize) -> u32 {
        let more = match shape {
            Shape::Pair => self.beside[0],
            Shape::Tri => self.beside[1],
            Shape::Direct | Shape::Fft4 | Shape::Fft8 => 0,
        };
        self.direct(columns, 1) * more / 100
    }

    /// What it costs that another group of rows needs the sources too.
    pub(super) fn again(&self, columns: usize) -> u32 {
        columns as u32 * AGAIN
    }

    fn work(&self, work: Work) -> u32 {
        let all = work.products * self.product
            + work.adds * self.add
            + work.sums * self.sum
            + work.splits * self.split
            + work.closes * self.close;
        all.max(work.products * self.multiplier)
    }
}
