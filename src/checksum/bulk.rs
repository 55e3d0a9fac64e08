//! A bulk RPC's bytes, as they lie in pages.

use super::{Backend, Checksum, State, t10crc, t10ip};
use crate::Error;

/// A piece of memory of a bulk: a page or folio, or the part of one that is transferred.
///
/// ```
/// use lustrine::checksum::{Checksum, Fragment};
///
/// let page = [7; 4096];
/// let fragment = Fragment { offset: 100, bytes: &page[100..1100] };
/// assert_eq!(fragment.guards(Checksum::T10Crc512), 3);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Fragment<'a> {
    /// How far into its page the bytes begin: the file offset will do, as pages are multiples of
    /// sectors. Only T10 minds: sectors are those of the page.
    pub offset: u64,
    /// What is transferred.
    pub bytes: &'a [u8],
}

impl Fragment<'_> {
    /// Guards that it has: parts of sectors at both ends count. Without sectors there are none.
    pub fn guards(&self, checksum: Checksum) -> u64 {
        let Some(sector) = checksum.sector().map(|sector| sector as u64) else { return 0 };
        match self.bytes.len() as u64 {
            0 => 0,
            len => (self.offset % sector + len).div_ceil(sector),
        }
    }
}

impl Checksum {
    /// The checksum of a bulk of `nob` bytes, as Lustre's client and server compute it: over the
    /// fragments in order, as long as there are bytes left; what lies behind does not count.
    ///
    /// Where pages lie in the file is invisible, but for T10, whose sectors begin anew with each
    /// fragment. Cost: one pass, no allocation.
    ///
    /// ```
    /// use lustrine::checksum::{Checksum, Fragment};
    ///
    /// let page = [7; 4096];
    /// let pages = [(100, &page[100..]), (0, &page[..])];
    /// let pages = pages.map(|(offset, bytes)| Fragment { offset, bytes });
    /// // Only what was transferred, here 5000 bytes.
    /// assert_eq!(Checksum::Crc32c.bulk(5000, pages), Checksum::Crc32c.digest(&[7; 5000]));
    /// ```
    pub fn bulk<'a>(self, nob: u64, fragments: impl IntoIterator<Item = Fragment<'a>>) -> u64 {
        walk(self, nob, fragments, |_| ())
    }

    /// [`bulk`](Self::bulk), which also writes the guard of each sector to `guards`. The checksum,
    /// and how many guards there are.
    ///
    /// # Errors
    ///
    /// [`Error::GuardCount`] if there are more than `guards` has room for (Lustre's `-E2BIG`); what
    /// fits is written.
    pub fn bulk_guards<'a>(
        self,
        nob: u64,
        fragments: impl IntoIterator<Item = Fragment<'a>>,
        guards: &mut [u16],
    ) -> Result<(u64, usize), Error> {
        let room = guards.len();
        let (mut places, mut count) = (guards.iter_mut(), 0);
        let sum = walk(self, nob, fragments, |some| {
            count += some.len();
            places.by_ref().zip(some).for_each(|(place, guard)| *place = *guard);
        });
        match count {
            _ if count <= room => Ok((sum, count)),
            _ => Err(Error::GuardCount { expected: count as u64, got: room as u64 }),
        }
    }

    /// Writes the guard of each sector of `bytes` to `guards`; the last sector may be a short one.
    /// Cost: one pass, no allocation.
    ///
    /// # Errors
    ///
    /// [`Error::GuardCount`] if `guards` has not one place for each, of checksums without sectors none;
    /// then nothing is written.
    ///
    /// ```
    /// use lustrine::checksum::Checksum;
    ///
    /// let mut guards = [0; 2];
    /// Checksum::T10Crc512.guards(&[0xad; 1000], &mut guards)?;
    /// assert_eq!(guards, [0xaa86, 0x9435]);
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn guards(self, bytes: &[u8], guards: &mut [u16]) -> Result<(), Error> {
        self.guards_on(Backend::best(), bytes, guards)
    }

    /// [`guards`](Self::guards), on the given instruction set. All give the same values.
    ///
    /// # Errors
    ///
    /// As for `guards`.
    pub fn guards_on(
        self,
        backend: Backend,
        bytes: &[u8],
        guards: &mut [u16],
    ) -> Result<(), Error> {
        // Sectors are powers of two: a division would cost as much as a short sector.
        let shift = self.sector().map_or(usize::BITS, usize::trailing_zeros);
        let whole = bytes.len().checked_shr(shift).unwrap_or(0);
        let rest = bytes.len() - whole.checked_shl(shift).unwrap_or(bytes.len());
        let expected = whole + usize::from(rest > 0);
        if guards.len() != expected {
            let (expected, got) = (expected as u64, guards.len() as u64);
            return Err(Error::GuardCount { expected, got });
        }
        let Some(sector) = self.sector() else { return Ok(()) };
        let (sectors, tail) = bytes.split_at(bytes.len() - rest);
        let (places, last) = guards.split_at_mut(whole);
        match self {
            Checksum::T10Ip512 | Checksum::T10Ip4k => {
                t10ip::guards(backend, sector, sectors, places);
                if let [last] = last {
                    *last = t10ip::finish(t10ip::update(backend, t10ip::INIT, false, tail));
                }
            }
            _ => {
                t10crc::guards(backend, sector, sectors, places);
                if let [last] = last {
                    *last = t10crc::update(backend, t10crc::INIT, tail);
                }
            }
        }
        Ok(())
    }

    /// Compares each sector of a bulk with its guard, as a server does before it writes, and names
    /// the first bad one. Checksums without sectors have no guards, and none may be given.
    ///
    /// # Errors
    ///
    /// [`Error::GuardMismatch`]; [`Error::GuardCount`] if there is not a guard for each sector. A
    /// mismatch before the list ends comes first.
    pub fn check_guards<'a>(
        self,
        nob: u64,
        fragments: impl IntoIterator<Item = Fragment<'a>>,
        guards: &[u16],
    ) -> Result<(), Error> {
        let sector = self.sector().map_or(1, |sector| sector as u64);
        let (mut at, mut count, mut fault) = (0, 0, None);
        for Fragment { offset, bytes } in cut(nob, fragments) {
            let before = offset % sector;
            let first = count;
            let mut expected = guards.get(count..).unwrap_or_default().iter();
            walk(self, u64::MAX, [Fragment { offset, bytes }], |some| {
                for (i, (got, expected)) in some.iter().zip(expected.by_ref()).enumerate() {
                    if got != expected && fault.is_none() {
                        let sectors = (count - first + i) as u64 * sector;
                        fault = Some(Error::GuardMismatch {
                            guard: (count + i) as u64,
                            at: at + sectors.saturating_sub(before),
                            got: *got,
                            expected: *expected,
                        });
                    }
                }
                count += some.len();
            });
            if let Some(fault) = fault {
                return Err(fault);
            }
            at += bytes.len() as u64;
        }
        match (count, guards.len()) {
            (expected, got) if expected == got => Ok(()),
            (expected, got) => {
                Err(Error::GuardCount { expected: expected as u64, got: got as u64 })
            }
        }
    }
}

/// The fragments that `nob` bytes reach to.
fn cut<'a>(
    nob: u64,
    fragments: impl IntoIterator<Item = Fragment<'a>>,
) -> impl Iterator<Item = Fragment<'a>> {
    let mut left = nob;
    fragments.into_iter().map_while(move |Fragment { offset, bytes }| {
        if left == 0 {
            return None;
        }
        let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        left -= count as u64;
        Some(Fragment { offset, bytes: &bytes[..count] })
    })
}

/// The checksum of the first `nob` bytes; hands out guards.
fn walk<'a>(
    checksum: Checksum,
    nob: u64,
    fragments: impl IntoIterator<Item = Fragment<'a>>,
    mut guards: impl FnMut(&[u16]),
) -> u64 {
    let sector = checksum.sector().unwrap_or(1) as u64;
    let mut state = State::new(checksum);
    for Fragment { offset, bytes } in cut(nob, fragments) {
        state.cut((offset % sector) as usize, |guard| guards(&[guard]));
        state.update_guards(bytes, &mut guards);
    }
    state.cut(0, |guard| guards(&[guard]));
    state.finish()
}
