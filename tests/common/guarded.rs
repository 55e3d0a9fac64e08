//! Memory between pages that may not be touched: a byte read or written outside kills the process.
//!
//! Used by unit tests too, through `#[path]`. Unix only.
#![allow(dead_code, unsafe_code, unreachable_pub, clippy::unwrap_used, missing_docs)]
#![allow(clippy::new_without_default)]

use std::ptr::null_mut;
use std::slice::from_raw_parts_mut;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// The largest page of any machine that this runs on, and the usual room.
pub const ROOM: usize = 65536;

/// So many bytes, whole pages wherever it runs, between as good as endless ones that may not be
/// touched.
pub struct Guarded<const N: usize = ROOM>(*mut u8);

impl Guarded {
    /// Zeros.
    pub fn new() -> Guarded {
        Guarded::of_room()
    }
}

impl<const N: usize> Guarded<N> {
    /// Zeros.
    pub fn of_room() -> Guarded<N> {
        const { assert!(N.is_multiple_of(ROOM)) };
        // SAFETY: new memory wherever there is room; then the first and the last of just that.
        unsafe {
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            let start = mmap_anonymous(null_mut(), N + 2 * ROOM, protection, MapFlags::PRIVATE);
            let start = start.unwrap();
            mprotect(start, ROOM, MprotectFlags::empty()).unwrap();
            mprotect(start.byte_add(ROOM + N), ROOM, MprotectFlags::empty()).unwrap();
            Guarded(start.cast())
        }
    }

    /// Everything that may be touched.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the middle of the mapping, initialised by the system, borrowed as the owner is.
        unsafe { from_raw_parts_mut(self.0.add(ROOM), N) }
    }

    /// `len` bytes at the very end, or at the very start.
    pub fn place(&mut self, len: usize, end: bool) -> &mut [u8] {
        assert!(len <= N);
        let start = if end { N - len } else { 0 };
        &mut self.bytes()[start..start + len]
    }
}

impl<const N: usize> Drop for Guarded<N> {
    fn drop(&mut self) {
        // SAFETY: the mapping made by new, which nobody refers to any longer.
        unsafe { munmap(self.0.cast(), N + 2 * ROOM).unwrap() };
    }
}
