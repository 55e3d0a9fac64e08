//! Where sectors end, and their guards.

use super::{Backend, t10crc, t10ip};

/// The sector under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sector {
    code: Code,
    /// Bytes in a sector, at most 4096.
    size: u16,
    /// Bytes from here to where the sector ends; never 0.
    left: u16,
    /// Bytes taken in since the last guard.
    filled: u16,
    /// The sum of these.
    sum: u16,
}

#[derive(Clone, Copy, Debug)]
enum Code {
    Crc,
    Ip,
}

impl Sector {
    pub(super) const fn crc(size: u16, offset: usize) -> Sector {
        Sector { code: Code::Crc, size, left: left(size, offset), filled: 0, sum: t10crc::INIT }
    }

    pub(super) const fn ip(size: u16, offset: usize) -> Sector {
        Sector { code: Code::Ip, size, left: left(size, offset), filled: 0, sum: t10ip::INIT }
    }

    /// Takes in `bytes` and hands out the guards of the sectors that they complete.
    pub(super) fn update(&mut self, mut bytes: &[u8], mut guard: impl FnMut(u16)) {
        while let Some((part, rest)) = bytes.split_at_checked(self.left.into()) {
            self.add(part);
            bytes = rest;
            guard(self.finish());
        }
        if !bytes.is_empty() {
            self.add(bytes);
            // Shorter than `left`, or it would have been split.
            self.filled += bytes.len() as u16;
            self.left -= bytes.len() as u16;
        }
    }

    /// Ends the sector early. The next byte is `offset` bytes behind the start of one.
    pub(super) fn cut(&mut self, offset: usize) -> Option<u16> {
        let guard = (self.filled > 0).then(|| self.finish());
        self.left = left(self.size, offset);
        guard
    }

    fn add(&mut self, bytes: &[u8]) {
        self.sum = match self.code {
            Code::Crc => t10crc::update(self.sum, bytes),
            Code::Ip => t10ip::update(Backend::best(), self.sum, self.filled % 2 == 1, bytes),
        };
    }

    /// The guard. The next byte is the first of a sector.
    fn finish(&mut self) -> u16 {
        let (guard, init) = match self.code {
            Code::Crc => (self.sum, t10crc::INIT),
            Code::Ip => (t10ip::finish(self.sum), t10ip::INIT),
        };
        (self.left, self.filled, self.sum) = (self.size, 0, init);
        guard
    }
}

/// Bytes to the end of the sector that byte `offset` is in.
const fn left(size: u16, offset: usize) -> u16 {
    size - (offset % size as usize) as u16
}
