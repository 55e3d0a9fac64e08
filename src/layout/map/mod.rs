//! Between file offsets and the offsets of objects.
//!
//! Object offsets count from **file offset 0** with the component's own stripe size and count; the
//! component's start is never subtracted. A component that starts at 4 MiB therefore has objects
//! that are sparse at the front. All sizes and offsets are bytes, `u64`, and exact up to 2^64 - 1.

mod extents;
mod parity;
mod size;
mod truncate;

pub(in crate::layout) use extents::gap;
pub use extents::{Extents, Gap, Map, ObjectRange, Piece, Stop, extents};
pub use parity::{CodePlace, ParityMap};
pub use size::{Attributes, Merged, file_size, merge, parity_end};
pub use truncate::{ObjectSize, staled_by, truncate};

use super::model::{EOF, Extent};

/// The striping of one component: `count` stripes of units of `size` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stripes {
    size: u64,
    count: u64,
}

/// Where a file offset lies with respect to the unit that a stripe has in the offset's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    Inside,
    After,
}

impl Stripes {
    /// Stripe size in bytes and number of stripes. `None` if one is zero, there are more than
    /// 2^32 - 1 stripes, or a row does not fit 64 bits.
    pub const fn new(stripe_size: u64, count: u64) -> Option<Stripes> {
        if stripe_size == 0 || count == 0 || count > u32::MAX as u64 {
            return None;
        }
        match stripe_size.checked_mul(count) {
            Some(_) => Some(Stripes { size: stripe_size, count }),
            None => None,
        }
    }

    /// Bytes of one stripe unit.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Number of stripes.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Bytes of one row: a unit of each stripe.
    pub const fn row_bytes(&self) -> u64 {
        self.size * self.count
    }

    /// The stripe that holds a byte of the file, and the byte's offset in that stripe's object.
    pub const fn locate(&self, file_offset: u64) -> (u32, u64) {
        let (row, in_row) = (file_offset / self.row_bytes(), file_offset % self.row_bytes());
        ((in_row / self.size) as u32, row * self.size + in_row % self.size)
    }

    /// The file offset of a byte of an object: the inverse of [`locate`](Self::locate). `None` if
    /// there is no such stripe or the offset does not fit 64 bits.
    pub fn file_offset(&self, stripe: u32, object_offset: u64) -> Option<u64> {
        let before = self.before(stripe)?;
        let row = (object_offset / self.size).checked_mul(self.row_bytes())?;
        row.checked_add(before)?.checked_add(object_offset % self.size)
    }

    /// Bytes of an object that a file of `file_size` bytes reaches (Lustre's
    /// `lov_size_to_stripe`). [`EOF`] gives [`EOF`]; a stripe that does not exist gives 0.
    ///
    /// A component's start is the caller's business: below it every object has 0 bytes.
    pub fn object_size(&self, file_size: u64, stripe: u32) -> u64 {
        let Some(before) = self.before(stripe) else { return 0 };
        if file_size == EOF {
            return EOF;
        }
        let (row, in_row) = (file_size / self.row_bytes(), file_size % self.row_bytes());
        row * self.size + in_row.saturating_sub(before).min(self.size)
    }

    /// The end in the file of the last byte of an object of `object_size` bytes (Lustre's
    /// `lov_stripe_size`); 0 for an empty object. `None` as for
    /// [`file_offset`](Self::file_offset).
    pub fn file_size(&self, stripe: u32, object_size: u64) -> Option<u64> {
        match object_size.checked_sub(1) {
            None => self.before(stripe).map(|_| 0),
            Some(last) => self.file_offset(stripe, last)?.checked_add(1),
        }
    }

    /// The bytes of an object that lie in a file extent: first and last, both included (Lustre's
    /// `lov_stripe_intersects`). `None` if there are none. An extent to [`EOF`] gives a last byte
    /// of [`EOF`].
    pub fn intersect(&self, extent: Extent, stripe: u32) -> Option<(u64, u64)> {
        if extent.start >= extent.end {
            return None;
        }
        let last = if extent.end == EOF { EOF } else { extent.end - 1 };
        let (first, first_side) = self.place(extent.start, stripe)?;
        let (end, end_side) = self.place(last, stripe)?;
        let outside = end_side != Side::Inside;
        if outside && first_side != Side::Inside && first == end {
            return None;
        }
        // Outside the unit, `end` is where the stripe goes on: the byte after the last one.
        Some((first, if outside { end - 1 } else { end }))
    }

    /// Bytes of a row that lie before a stripe's unit.
    fn before(&self, stripe: u32) -> Option<u64> {
        let stripe = u64::from(stripe);
        (stripe < self.count).then(|| stripe * self.size)
    }

    /// The object offset that belongs to a file offset; outside the stripe's unit the next one
    /// that the stripe will own. (Lustre's `lov_stripe_offset`.)
    fn place(&self, file_offset: u64, stripe: u32) -> Option<(u64, Side)> {
        let before = self.before(stripe)?;
        if file_offset == EOF {
            return Some((EOF, Side::Inside));
        }
        let (row, in_row) = (file_offset / self.row_bytes(), file_offset % self.row_bytes());
        let unit = row * self.size;
        Some(match in_row.checked_sub(before) {
            None => (unit, Side::Before),
            Some(beyond) if beyond >= self.size => (unit + self.size, Side::After),
            Some(inside) => (unit + inside, Side::Inside),
        })
    }
}

#[cfg(test)]
mod tests;
