//! A checksum under way.

use super::sector::Sector;
use super::{Backend, Checksum, adler32, crc32, crc32c};

/// A checksum of bytes that come piece by piece.
///
/// ```
/// use lustrine::checksum::{Checksum, State};
///
/// let mut state = State::new(Checksum::Crc32c);
/// state.update(b"12345");
/// state.update(b"6789");
/// assert_eq!(state.finish(), 0xe306_9283);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct State {
    kind: Kind,
    /// The sum; of T10, that over the guards of the sectors that are complete.
    sum: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Crc32,
    Crc32c,
    Adler32,
    T10(Sector),
}

impl State {
    /// The checksum of no bytes.
    pub const fn new(checksum: Checksum) -> State {
        State::at(checksum, 0)
    }

    /// The checksum of no bytes, of which the next comes to lie `offset` bytes behind the start of
    /// a sector (or a page, which is the same): so Lustre cuts what does not begin with its page.
    /// Only T10 minds.
    pub const fn at(checksum: Checksum, offset: usize) -> State {
        let (kind, sum) = match checksum {
            Checksum::Crc32 => (Kind::Crc32, crc32::INIT),
            Checksum::Crc32c => (Kind::Crc32c, crc32c::INIT),
            Checksum::Adler32 => (Kind::Adler32, adler32::INIT),
            Checksum::T10Ip512 => (Kind::T10(Sector::ip(512, offset)), adler32::INIT),
            Checksum::T10Ip4k => (Kind::T10(Sector::ip(4096, offset)), adler32::INIT),
            Checksum::T10Crc512 => (Kind::T10(Sector::crc(512, offset)), adler32::INIT),
            Checksum::T10Crc4k => (Kind::T10(Sector::crc(4096, offset)), adler32::INIT),
        };
        State { kind, sum }
    }

    /// Takes in `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.update_guards(bytes, |_| ());
    }

    /// Takes in `bytes`, and hands out the guard of each sector that becomes complete.
    ///
    /// A guard's bytes on the wire and on disk are those of the number, upper one first. The
    /// checksums without sectors have no guards.
    pub fn update_guards(&mut self, bytes: &[u8], mut guard: impl FnMut(u16)) {
        let sum = &mut self.sum;
        match &mut self.kind {
            Kind::Crc32 => *sum = crc32::update(*sum, bytes),
            Kind::Crc32c => *sum = crc32c::update(*sum, bytes),
            Kind::Adler32 => *sum = adler32::update(Backend::best(), *sum, bytes),
            Kind::T10(sector) => sector.update(bytes, |value| {
                *sum = adler32::push(*sum, value);
                guard(value);
            }),
        }
    }

    /// Ends the sector that is under way, if one is, and hands out its guard; the next byte comes
    /// to lie `offset` bytes behind the start of a sector: the next fragment of a page begins.
    pub fn cut(&mut self, offset: usize, guard: impl FnOnce(u16)) {
        if let Kind::T10(sector) = &mut self.kind
            && let Some(value) = sector.cut(offset)
        {
            self.sum = adler32::push(self.sum, value);
            guard(value);
        }
    }

    /// The checksum as Lustre sends it. Of T10 that is the Adler-32 of the guards, that of a
    /// sector under way included.
    pub fn finish(mut self) -> u32 {
        self.cut(0, |_| ());
        match self.kind {
            Kind::Crc32c => crc32c::finish(self.sum),
            Kind::Crc32 | Kind::Adler32 | Kind::T10(_) => self.sum,
        }
    }
}
