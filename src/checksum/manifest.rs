//! The checksum of a file from those of its parts.

use super::Checksum;
use crate::Error;

/// The checksum of a file that is joined of parts, from the parts' own: no byte is read.
///
/// Parts come in the order of the file, each with its offset, its length and its checksum: the parts
/// of an upload, the components of a joined file, what several nodes have summed. What lies between
/// them is a hole, and reads as zeros.
///
/// All checksums can be joined, but those of T10 only where sectors begin: the guard of a sector that
/// has bytes of two parts, or the CRC of one that ends in a hole, cannot be known. Such parts are
/// refused.
///
/// ```
/// use lustrine::checksum::{Checksum, Manifest};
///
/// let mut file = Manifest::new(Checksum::Crc32c);
/// file.part(0, 5, Checksum::Crc32c.digest(b"first"))?;
/// file.part(1 << 40, 6, Checksum::Crc32c.digest(b"second"))?;
/// // The file is 2 TiB long, nearly all of it holes.
/// let sum = file.finish(1 << 41)?;
/// # let zeros = |n| Checksum::Crc32c.zeros(n);
/// # let mut state = lustrine::checksum::State::new(Checksum::Crc32c);
/// # state.update(b"first"); state.update_zeros((1 << 40) - 5);
/// # state.update(b"second"); state.update_zeros((1 << 40) - 6);
/// # assert_eq!(sum, state.finish());
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Manifest {
    checksum: Checksum,
    parts: u64,
    /// The last part that is not empty.
    last: u64,
    /// The checksum of what is before `end`.
    sum: u64,
    end: u64,
}

impl Manifest {
    /// A file without parts.
    pub fn new(checksum: Checksum) -> Manifest {
        Manifest { checksum, parts: 0, last: 0, sum: checksum.zeros(0), end: 0 }
    }

    /// The checksum that the parts have.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Where the last part ends, bytes.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds the part at byte `offset`, which is `len` bytes long and whose checksum is `value`. Cost:
    /// O(log `len`).
    ///
    /// # Errors
    ///
    /// [`Error::PartOverlap`], [`Error::PartTooLong`], and of T10 [`Error::PartUnaligned`]; then
    /// nothing is added.
    pub fn part(&mut self, offset: u64, len: u64, value: u64) -> Result<(), Error> {
        let (part, at) = (self.parts, offset);
        if offset < self.end {
            return Err(Error::PartOverlap { part, at, end: self.end });
        }
        let end = offset.checked_add(len).ok_or(Error::PartTooLong { part, at, len })?;
        if let Some(sector) = self.checksum.sector().map(|sector| sector as u64)
            && len > 0
            && !offset.is_multiple_of(sector)
        {
            return Err(Error::PartUnaligned { part, at, sector });
        }
        // An empty part has nothing to add.
        if len > 0 {
            let before = self.filled(offset)?;
            (self.sum, self.end) = (self.checksum.combine(before, value, len), end);
            self.last = part;
        }
        self.parts += 1;
        Ok(())
    }

    /// The checksum of the file, which is `len` bytes long. More parts may follow for a longer one.
    ///
    /// # Errors
    ///
    /// [`Error::FileTooShort`] if the last part ends beyond; of T10 [`Error::PartUnaligned`] if it ends
    /// before, within a sector.
    pub fn finish(&self, len: u64) -> Result<u64, Error> {
        if len < self.end {
            return Err(Error::FileTooShort { len, end: self.end });
        }
        self.filled(len)
    }

    /// The checksum up to `offset`, which is at or behind the end: a hole follows.
    fn filled(&self, offset: u64) -> Result<u64, Error> {
        let hole = offset - self.end;
        let sector = self.checksum.sector().map_or(1, |sector| sector as u64);
        let over = self.end % sector;
        if over == 0 || hole == 0 {
            return Ok(self.checksum.shift(self.sum, hole));
        }
        match self.checksum {
            // Zeros change no sum of words: the guard of the sector stays what it is.
            Checksum::T10Ip512 | Checksum::T10Ip4k => {
                Ok(self.checksum.shift(self.sum, hole.saturating_sub(sector - over)))
            }
            _ => Err(Error::PartUnaligned { part: self.last, at: self.end, sector }),
        }
    }
}
