//! How many shards a code has.

use crate::Error;

/// The most data shards.
pub(super) const MAX_DATA: usize = 255;
/// The most parity shards.
pub(super) const MAX_PARITY: usize = 15;
/// The most shards in all: the code needs a field element for each.
pub(super) const MAX_TOTAL: usize = 256;

/// A number of data and of parity shards that makes a code.
///
/// ```
/// use lustrine::ec::Geometry;
///
/// let geometry = Geometry::new(8, 2)?;
/// assert_eq!(geometry.total(), 10);
/// assert!(Geometry::new(250, 7).is_err());
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Geometry {
    data: u8,
    parity: u8,
}

impl Geometry {
    /// A code of `data` + `parity` shards: 2 to 255 data and 1 to 15 parity shards, together at
    /// most 256; or one data and one parity shard, a copy. These are Lustre's own limits.
    ///
    /// # Errors
    ///
    /// [`Error::Geometry`] for any other numbers.
    pub const fn new(data: usize, parity: usize) -> Result<Geometry, Error> {
        let coded = data >= 2
            && data <= MAX_DATA
            && parity >= 1
            && parity <= MAX_PARITY
            && data + parity <= MAX_TOTAL;
        if coded || (data == 1 && parity == 1) {
            Ok(Geometry { data: data as u8, parity: parity as u8 })
        } else {
            Err(Error::Geometry { data, parity })
        }
    }

    /// Data shards, k.
    pub const fn data(self) -> usize {
        self.data as usize
    }

    /// Parity shards, p: how many of all shards may be lost.
    pub const fn parity(self) -> usize {
        self.parity as usize
    }

    /// All shards, k + p. Data shards are numbered from 0, parity shards follow from k on.
    pub const fn total(self) -> usize {
        self.data() + self.parity()
    }
}
