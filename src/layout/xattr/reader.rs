//! Integers out of bytes, with errors that know their place.

use super::Endian;
use crate::layout::{Fault, LayoutError};

/// Reads integers of one (sub-)layout, and gives errors their offset in the whole EA.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    /// Offset of `bytes` in the EA.
    pub(super) base: usize,
    pub(super) endian: Endian,
}

impl<'a> Reader<'a> {
    pub(super) fn error(&self, offset: usize, fault: Fault) -> LayoutError {
        LayoutError { offset: self.base + offset, fault }
    }

    /// The bytes end before `expected`.
    pub(super) fn short(&self, expected: usize) -> LayoutError {
        let got = self.base + self.bytes.len();
        let fault = Fault::Short { expected: (self.base + expected) as u64, got: got as u64 };
        LayoutError { offset: got, fault }
    }

    /// The bytes go on behind `expected`.
    pub(super) fn behind(&self, expected: usize) -> LayoutError {
        let fault = Fault::Behind { expected: expected as u64, got: self.bytes.len() as u64 };
        self.error(expected, fault)
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], LayoutError> {
        match self.bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            Some(array) => Ok(*array),
            None => Err(self.short(at + N)),
        }
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16, LayoutError> {
        let array = self.array(at)?;
        Ok(match self.endian {
            Endian::Little => u16::from_le_bytes(array),
            Endian::Big => u16::from_be_bytes(array),
        })
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32, LayoutError> {
        let array = self.array(at)?;
        Ok(match self.endian {
            Endian::Little => u32::from_le_bytes(array),
            Endian::Big => u32::from_be_bytes(array),
        })
    }

    pub(super) fn u64(&self, at: usize) -> Result<u64, LayoutError> {
        let array = self.array(at)?;
        Ok(match self.endian {
            Endian::Little => u64::from_le_bytes(array),
            Endian::Big => u64::from_be_bytes(array),
        })
    }
}
