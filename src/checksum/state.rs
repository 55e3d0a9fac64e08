//! A checksum under way.

use super::crc::{self, Crc32, Crc32c, Crc64Nvme};
use super::sector::Sector;
use super::{Backend, Checksum, adler32};

/// A checksum of bytes that come piece by piece.
///
/// ```
/// use lustrine::checksum::{Checksum, State};
///
/// let mut state = State::new(Checksum::Crc32c);
/// state.update(b"12345");
/// state.update(b"6789");
/// assert_eq!(state.finish(), 0xe306_9283);
///
/// // A hole of an exbibyte costs nothing.
/// state.update_zeros(1 << 60);
/// assert_eq!(state.finish(), Checksum::Crc32c.shift(0xe306_9283, 1 << 60));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct State {
    checksum: Checksum,
    backend: Backend,
    /// The register of a CRC; of T10, the sum over the guards of the sectors that are complete.
    sum: u64,
    /// Of T10, the sector under way.
    sector: Option<Sector>,
}

impl State {
    /// The checksum of no bytes.
    #[inline]
    pub fn new(checksum: Checksum) -> State {
        State::at(checksum, 0)
    }

    /// The checksum of no bytes, of which the next comes to lie `offset` bytes behind the start of
    /// a sector (or a page, which is the same): so Lustre cuts what does not begin with its page.
    /// Only T10 minds.
    #[inline]
    pub fn at(checksum: Checksum, offset: usize) -> State {
        State::with_backend(checksum, offset, Backend::best())
    }

    /// [`at`](Self::at), on the given instruction set. All give the same values.
    #[inline]
    pub fn with_backend(checksum: Checksum, offset: usize, backend: Backend) -> State {
        let sector = match checksum {
            Checksum::T10Ip512 => Some(Sector::ip(512, offset)),
            Checksum::T10Ip4k => Some(Sector::ip(4096, offset)),
            Checksum::T10Crc512 => Some(Sector::crc(512, offset)),
            Checksum::T10Crc4k => Some(Sector::crc(4096, offset)),
            _ => None,
        };
        State { checksum, backend, sum: checksum.raw(checksum.of_nothing()), sector }
    }

    /// Takes in `bytes`.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.update_guards(bytes, |_| ());
    }

    /// Takes in `bytes`, and hands out the guards of the sectors that become complete, in order, some
    /// at a time.
    ///
    /// A guard's bytes on the wire and on disk are those of the number, upper one first. The
    /// checksums without sectors have no guards.
    #[inline]
    pub fn update_guards(&mut self, bytes: &[u8], mut guards: impl FnMut(&[u16])) {
        let State { backend, sum, .. } = *self;
        self.sum = match self.checksum {
            Checksum::Crc32 | Checksum::Crc32Ieee => crc::update::<Crc32>(backend, sum, bytes),
            Checksum::Crc32c => crc::update::<Crc32c>(backend, sum, bytes),
            Checksum::Crc64Nvme => crc::update::<Crc64Nvme>(backend, sum, bytes),
            Checksum::Adler32 => adler32::update(backend, sum as u32, bytes).into(),
            Checksum::T10Ip512 | Checksum::T10Ip4k | Checksum::T10Crc512 | Checksum::T10Crc4k => {
                let mut top = sum as u32;
                if let Some(sector) = &mut self.sector {
                    sector.update(backend, bytes, |some| {
                        top = adler32::guards(backend, top, some);
                        guards(some);
                    });
                }
                top.into()
            }
        };
    }

    /// Takes in `len` zero bytes, without a byte being looked at: a hole. Guards are not handed out.
    /// Cost: O(log `len`), less than a microsecond.
    pub fn update_zeros(&mut self, len: u64) {
        let State { backend, sum, .. } = *self;
        self.sum = match self.checksum {
            Checksum::Crc32 | Checksum::Crc32Ieee => crc::shift::<Crc32>(sum, len),
            Checksum::Crc32c => crc::shift::<Crc32c>(sum, len),
            Checksum::Crc64Nvme => crc::shift::<Crc64Nvme>(sum, len),
            Checksum::Adler32 => adler32::zeros(sum as u32, len).into(),
            Checksum::T10Ip512 | Checksum::T10Ip4k | Checksum::T10Crc512 | Checksum::T10Crc4k => {
                let mut top = sum as u32;
                if let Some(sector) = &mut self.sector {
                    sector.zeros(len, |guard, times| {
                        top = match times {
                            1 => adler32::guards(backend, top, &[guard]),
                            _ => adler32::repeat(top, guard, times),
                        };
                    });
                }
                top.into()
            }
        };
    }

    /// Ends the sector that is under way, if one is, and hands out its guard; the next byte comes
    /// to lie `offset` bytes behind the start of a sector: the next fragment of a page begins.
    #[inline]
    pub fn cut(&mut self, offset: usize, guard: impl FnOnce(u16)) {
        if let Some(sector) = &mut self.sector
            && let Some(value) = sector.cut(offset)
        {
            self.sum = adler32::guards(self.backend, self.sum as u32, &[value]).into();
            guard(value);
        }
    }

    /// The checksum as it is sent. Of T10 that is the Adler-32 of the guards, that of a sector under
    /// way included. More may follow.
    #[inline]
    pub fn finish(mut self) -> u64 {
        self.cut(0, |_| ());
        self.checksum.raw(self.sum)
    }
}
