//! What follows from checksums without the bytes: of joined, cut and zero parts.
//!
//! A CRC's register after bytes is linear in the register before and in the bytes, so that of a
//! whole is that of its first part, moved on over as many zeros as the second has bytes, plus what
//! the second part adds. Adler-32 is two sums, which add up likewise. The top of T10 is Adler-32 of
//! guards: it can be joined and cut where sectors end.

use super::crc::{self, Crc32, Crc32c, Crc64Nvme};
use super::{Checksum, State, adler32};

/// Bytes in a guard.
const GUARD: u64 = 2;

impl Checksum {
    /// The checksum of `len` zero bytes. Cost: O(log `len`).
    ///
    /// ```
    /// # use lustrine::checksum::Checksum;
    /// for checksum in Checksum::ALL {
    ///     assert_eq!(checksum.zeros(5000), checksum.digest(&[0; 5000]));
    /// }
    /// ```
    pub fn zeros(self, len: u64) -> u64 {
        let mut state = State::new(self);
        state.update_zeros(len);
        state.finish()
    }

    /// The checksum of two parts that follow each other: of the first it is `a`, of the second `b`,
    /// which has `len_b` bytes. Cost: O(log `len_b`), less than a microsecond.
    ///
    /// Of T10 this holds where the first part ends with a sector: it is a multiple of
    /// [`sector`](Self::sector) long. [`Manifest`](super::Manifest) sees to that.
    ///
    /// ```
    /// # use lustrine::checksum::Checksum;
    /// let [ab, a, b] = ["123456789", "12345", "6789"].map(|s| Checksum::Adler32.digest(s.as_bytes()));
    /// assert_eq!(Checksum::Adler32.combine(a, b, 4), ab);
    /// ```
    pub fn combine(self, a: u64, b: u64, len_b: u64) -> u64 {
        match self.bytes_of_sum(len_b) {
            Some(len) => adler32::combine(a as u32, b as u32, len).into(),
            None => self.raw(self.moved(a, len_b) ^ self.raw(b)),
        }
    }

    /// The checksum of the second of two parts: of the first it is `a`, of both `ab`; the second has
    /// `len_b` bytes. So the checksum of any part follows from those of two beginnings of a file.
    /// What is said of T10 at [`combine`](Self::combine) holds.
    ///
    /// ```
    /// # use lustrine::checksum::Checksum;
    /// let [ab, a, b] = ["123456789", "12345", "6789"].map(|s| Checksum::Crc32c.digest(s.as_bytes()));
    /// assert_eq!(Checksum::Crc32c.extract(a, ab, 4), b);
    /// ```
    pub fn extract(self, a: u64, ab: u64, len_b: u64) -> u64 {
        match self.bytes_of_sum(len_b) {
            Some(len) => adler32::extract(a as u32, ab as u32, len).into(),
            None => self.raw(self.moved(a, len_b) ^ self.raw(ab)),
        }
    }

    /// The checksum of a part whose own is `a`, followed by `len` zero bytes. What is said of T10 at
    /// [`combine`](Self::combine) holds.
    pub fn shift(self, a: u64, len: u64) -> u64 {
        self.combine(a, self.zeros(len), len)
    }

    /// What a first part adds to the register behind a second one.
    fn moved(self, a: u64, len_b: u64) -> u64 {
        // The second part's own register has been through the start value as well.
        let change = self.raw(a) ^ self.raw(self.of_nothing());
        match self {
            Checksum::Crc32c => crc::shift::<Crc32c>(change, len_b),
            Checksum::Crc64Nvme => crc::shift::<Crc64Nvme>(change, len_b),
            _ => crc::shift::<Crc32>(change, len_b),
        }
    }

    /// Bytes over which the Adler-32 of a part is taken; `None` of CRCs.
    fn bytes_of_sum(self, len: u64) -> Option<u64> {
        match (self, self.sector()) {
            (Checksum::Adler32, _) => Some(len),
            (_, Some(sector)) => Some(len.div_ceil(sector as u64) * GUARD),
            _ => None,
        }
    }

    /// The value of no bytes.
    pub(super) fn of_nothing(self) -> u64 {
        match self {
            Checksum::Crc32 => u32::MAX.into(),
            Checksum::Crc32Ieee | Checksum::Crc32c | Checksum::Crc64Nvme => 0,
            _ => adler32::INIT.into(),
        }
    }

    /// The register of a value, and back: what is inverted at the end.
    pub(super) fn raw(self, value: u64) -> u64 {
        match self {
            Checksum::Crc32Ieee | Checksum::Crc32c => u64::from(!value as u32),
            Checksum::Crc64Nvme => !value,
            _ => u64::from(value as u32),
        }
    }
}
