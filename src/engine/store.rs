//! What the engine asks of a place that holds objects.

use crate::layout::ObjectId;
use std::io;
use std::ops::Range;

/// Objects on OSTs, by position. Implementations are shared between threads.
///
/// An object is *published* or a *draft*. Drafts are invisible under their final name until
/// [`ObjectStore::publish`], so an object appears whole or not at all; both are read and written
/// through the same calls.
///
/// A missing object is `io::ErrorKind::NotFound` in every call.
pub trait ObjectStore: Sync {
    /// Begins a draft, empty.
    ///
    /// # Errors
    /// `AlreadyExists` if an object of this name is published.
    fn create(&self, id: ObjectId) -> io::Result<()>;

    /// Gives a draft its final name; with `durable`, its bytes reach the disk first.
    fn publish(&self, id: ObjectId, durable: bool) -> io::Result<()>;

    /// Fills `buf` from `offset`; returns the bytes read, fewer only at the object's end.
    fn read_at(&self, id: ObjectId, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `data` at `offset`, growing the object.
    fn write_at(&self, id: ObjectId, offset: u64, data: &[u8]) -> io::Result<()>;

    /// The object's size in bytes.
    fn size(&self, id: ObjectId) -> io::Result<u64>;

    /// Cuts or grows (with a hole) the object.
    fn set_size(&self, id: ObjectId, size: u64) -> io::Result<()>;

    /// The first region at or after `offset` that is not a hole: its start is clipped to `offset`.
    /// `None` if only holes follow.
    fn next_data(&self, id: ObjectId, offset: u64) -> io::Result<Option<Range<u64>>>;

    /// Makes `range` a hole (zeros); the size stays.
    fn punch(&self, id: ObjectId, range: Range<u64>) -> io::Result<()>;

    /// Forces a published object's bytes to the disk.
    fn sync(&self, id: ObjectId) -> io::Result<()>;

    /// Removes the object, draft or published.
    fn delete(&self, id: ObjectId) -> io::Result<()>;
}

/// Positional input: the file that is striped or whose parity is computed.
pub trait Input: Sync {
    /// As [`ObjectStore::read_at`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// As [`ObjectStore::next_data`]. Inputs that know of no holes give the rest as data.
    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>>;
}

/// Positional output: what a read or a parity computation produces.
pub trait Output: Sync {
    /// Writes all of `data` at `offset`. What is never written reads as zeros.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
}

/// Told of work done, in bytes of the file; called from several threads.
pub trait Progress: Sync {
    /// `bytes` more are done.
    fn advance(&self, bytes: u64);
}

impl Progress for () {
    fn advance(&self, _: u64) {}
}
