//! The digests of a row's stripes.

use alloc::vec::Vec;

use crate::Error;
use crate::ec::{Codec, Digest, Digester};
use crate::gf::Backend;

/// The digests of a row: of data as its bytes come by, of parity as they follow from those.
#[derive(Debug, Default)]
pub(super) struct Digests {
    /// One for each data stripe, if they are asked for.
    digesters: Vec<Digester>,
    /// One for each stripe, once the row has come by.
    digests: Vec<Digest>,
}

impl Digests {
    /// Forgets the row before, and expects one of so many data stripes, if on a backend at all.
    pub(super) fn reset(&mut self, backend: Option<Backend>, data: usize) {
        self.digesters.clear();
        self.digests.clear();
        if let Some(backend) = backend {
            self.digesters.resize(data, Digester::with_backend(backend));
        }
    }

    /// Takes in the next bytes of a stripe. What parity is made of is not looked at.
    #[inline]
    pub(super) fn add(&mut self, stripe: usize, bytes: &[u8]) {
        if let Some(digester) = self.digesters.get_mut(stripe) {
            digester.update(bytes);
        }
    }

    /// Ends the row.
    pub(super) fn end(&mut self, codec: &Codec) -> Result<(), Error> {
        if self.digesters.is_empty() {
            return Ok(());
        }
        self.digests.extend(self.digesters.iter().map(Digester::finish));
        self.digests.resize(codec.geometry().total(), Digest::ZERO);
        let (data, parity) = self.digests.split_at_mut(self.digesters.len());
        codec.predict(data, parity)
    }

    /// Those of all stripes, data first.
    pub(super) fn get(&self) -> &[Digest] {
        &self.digests
    }
}
