//! Where sectors end, and their guards.

use super::{Backend, t10crc, t10ip};

/// Guards that are computed at a time.
const BATCH: usize = 64;

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
    pub(super) fn update(
        &mut self,
        backend: Backend,
        mut bytes: &[u8],
        mut guards: impl FnMut(&[u16]),
    ) {
        if self.left < self.size {
            let (part, rest) = bytes.split_at(bytes.len().min(self.left.into()));
            self.add(backend, part);
            if self.left > 0 {
                return;
            }
            guards(&[self.finish()]);
            bytes = rest;
        }
        let size = usize::from(self.size);
        let mut batch = [0; BATCH];
        while bytes.len() >= size {
            // A power of two: a division would cost as much as a short sector.
            let count = (bytes.len() >> self.size.trailing_zeros()).min(BATCH);
            let (whole, rest) = bytes.split_at(count * size);
            let batch = &mut batch[..count];
            match self.code {
                Code::Crc => t10crc::guards(backend, size, whole, batch),
                Code::Ip => t10ip::guards(backend, size, whole, batch),
            }
            guards(batch);
            bytes = rest;
        }
        self.add(backend, bytes);
    }

    /// Takes in `len` zero bytes, and hands out guards and how often each comes.
    pub(super) fn zeros(&mut self, mut len: u64, mut guard: impl FnMut(u16, u64)) {
        // Zeros change no sum of words, and no remainder that is zero.
        let add = |sector: &mut Sector, len: u16| {
            if let Code::Crc = sector.code {
                sector.sum = t10crc::zeros(sector.sum, len.into());
            }
            sector.filled += len;
            sector.left -= len;
        };
        if self.left < self.size {
            let part = len.min(self.left.into());
            add(self, part as u16);
            len -= part;
            if self.left > 0 {
                return;
            }
            guard(self.finish(), 1);
        }
        let size = u64::from(self.size);
        if len >= size {
            // That of a whole sector is that of one that is begun and ended: neither init changes.
            guard(self.finish(), len / size);
        }
        add(self, (len % size) as u16);
    }

    /// Ends the sector early. The next byte is `offset` bytes behind the start of one.
    pub(super) fn cut(&mut self, offset: usize) -> Option<u16> {
        let guard = (self.filled > 0).then(|| self.finish());
        self.left = left(self.size, offset);
        guard
    }

    /// Takes in bytes of this sector.
    fn add(&mut self, backend: Backend, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.sum = match self.code {
            Code::Crc => t10crc::update(backend, self.sum, bytes),
            Code::Ip => t10ip::update(backend, self.sum, self.filled % 2 == 1, bytes),
        };
        // No more than `left`, the callers see to it.
        self.filled += bytes.len() as u16;
        self.left -= bytes.len() as u16;
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
