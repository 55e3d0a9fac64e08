//! Shards between pages that may not be touched.

use super::super::Remainder;
use super::*;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

const PAGE: usize = 65536;

/// Three times 64 KiB, of which only the middle may be touched.
struct Guarded(*mut u8);

impl Guarded {
    fn new() -> Guarded {
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
    fn place(&self, len: usize, end: bool) -> *mut u8 {
        assert!(len <= PAGE);
        self.0.wrapping_add(if end { 2 * PAGE - len } else { PAGE })
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made by new, which nobody refers to any longer.
        unsafe { munmap(self.0.cast(), 3 * PAGE).unwrap() };
    }
}

struct Touch<'a>(&'a [Guarded], usize, bool);

impl Kernel for Touch<'_> {
    type Out = ();
    fn call<S: Simd>(self, simd: S) {
        let Touch(pages, len, end) = self;
        let place = |page: &Guarded| page.place(len, end);
        let sources: Vec<_> = pages[..4].iter().map(|p| place(p).cast_const()).collect();
        let mut remainder = Remainder::new(Backend::best());
        for source in &sources[..2] {
            // SAFETY: `len` mapped bytes, which nobody writes meanwhile.
            remainder.update_on(simd, unsafe { std::slice::from_raw_parts(*source, len) });
        }
        for rows in [1, 3, 5] {
            let outputs: Vec<_> = pages[4..4 + rows].iter().map(place).collect();
            let compared: Vec<_> = outputs.iter().map(|p| p.cast_const()).collect();
            let coefs = vec![Coef::new(0x8e); 4 * rows];
            let (coefs, sources) = (&coefs[..], &sources[..]);
            let verb = Dot { outputs: outputs.as_ptr() };
            call(simd, verb, coefs, sources, rows, len);
            let verb = Verify { outputs: compared.as_ptr() };
            assert!(call(simd, verb, coefs, sources, rows, len));
            let verb = Update { outputs: outputs.as_ptr() };
            call(simd, verb, &coefs[..2 * rows], sources, rows, len);
        }
    }
}

/// A byte read or written outside kills the process.
#[test]
fn no_byte_outside_is_touched() {
    let pages: Vec<_> = (0..9).map(|_| Guarded::new()).collect();
    for backend in Backend::available() {
        for len in (0..=520).chain([4096, 4097, 8191, 65535, 65536]) {
            backend.dispatch(Touch(&pages, len, true));
            backend.dispatch(Touch(&pages, len, false));
        }
    }
}
