//! Memory between pages that may not be touched: a byte read or written outside kills the process.
//!
//! Used by unit tests too, through `#[path]`. Unix only.
#![allow(dead_code, unsafe_code, unreachable_pub, clippy::unwrap_used)]
#![allow(clippy::new_without_default)]

use std::ptr::null_mut;
use std::slice::from_raw_parts_mut;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// The most bytes there are, whole pages wherever it runs.
pub const ROOM: usize = 65536;

/// Three times `ROOM`, of which only the middle may be touched.
pub struct Guarded(*mut u8);

impl Guarded {
    /// Zeros.
    pub fn new() -> Guarded {
        // SAFETY: new memory wherever there is room; then the outer thirds of just that.
        unsafe {
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            let start = mmap_anonymous(null_mut(), 3 * ROOM, protection, MapFlags::PRIVATE);
            let start = start.unwrap();
            mprotect(start, ROOM, MprotectFlags::empty()).unwrap();
            mprotect(start.byte_add(2 * ROOM), ROOM, MprotectFlags::empty()).unwrap();
            Guarded(start.cast())
        }
    }

    /// Everything that may be touched.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the middle of the mapping, initialised by the system, borrowed as the owner is.
        unsafe { from_raw_parts_mut(self.0.add(ROOM), ROOM) }
    }

    /// `len` bytes at the very end, or at the very start.
    pub fn place(&mut self, len: usize, end: bool) -> &mut [u8] {
        assert!(len <= ROOM);
        let start = if end { ROOM - len } else { 0 };
        &mut self.bytes()[start..start + len]
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made by new, which nobody refers to any longer.
        unsafe { munmap(self.0.cast(), 3 * ROOM).unwrap() };
    }
}
