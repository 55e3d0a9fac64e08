//! Memory between pages that may not be touched.
#![allow(dead_code, unreachable_pub, unsafe_code, clippy::new_without_default)]

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// The largest page of any machine that this runs on.
const PAGE: usize = 65536;

/// Three times 64 KiB, of which only the middle may be touched.
pub struct Guarded(*mut u8);

impl Guarded {
    pub fn new() -> Guarded {
        // SAFETY: new memory wherever there is room; then the outer thirds of just that.
        unsafe {
            let protection = ProtFlags::READ | ProtFlags::WRITE;
            let start =
                mmap_anonymous(std::ptr::null_mut(), 3 * PAGE, protection, MapFlags::PRIVATE);
            let start = start.unwrap();
            mprotect(start, PAGE, MprotectFlags::empty()).unwrap();
            mprotect(start.byte_add(2 * PAGE), PAGE, MprotectFlags::empty()).unwrap();
            Guarded(start.cast())
        }
    }

    /// `len` bytes at the very end, or at the very start.
    pub fn place(&mut self, len: usize, end: bool) -> &mut [u8] {
        assert!(len <= PAGE);
        let start = self.0.wrapping_add(if end { 2 * PAGE - len } else { PAGE });
        // SAFETY: within the middle third, which is mapped, initialised by the system, and
        // borrowed with self.
        unsafe { std::slice::from_raw_parts_mut(start, len) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made by new, which nobody refers to any longer.
        unsafe { munmap(self.0.cast(), 3 * PAGE).unwrap() };
    }
}
