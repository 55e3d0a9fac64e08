//! Bytes between pages that may not be touched, at every alignment.

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

    /// The middle, to be filled.
    fn middle(&mut self) -> &mut [u8] {
        // SAFETY: mapped by new, readable and writable, and borrowed with self.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(PAGE), PAGE) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping made by new, which nobody refers to any longer.
        unsafe { munmap(self.0.cast(), 3 * PAGE).unwrap() };
    }
}

/// A byte read outside kills the process.
fn check<P: Poly>(backend: Backend, pages: &mut Guarded) -> Result<(), String> {
    let (bytes, middle) = (noise(1024), pages.middle());
    let expected = Definition::of::<P>().registers(start::<P>(), &bytes);
    for at in 0..64 {
        middle[at..at + 1024].copy_from_slice(&bytes);
        for (len, expected) in expected.iter().enumerate() {
            let got = update::<P>(backend, start::<P>(), &middle[at..at + len]);
            assert_eq!(got, *expected, "{backend}: {len} bytes at {at}");
        }
    }
    for (len, expected) in expected.iter().enumerate() {
        middle[PAGE - len..].copy_from_slice(&bytes[..len]);
        let got = update::<P>(backend, start::<P>(), &middle[PAGE - len..]);
        assert_eq!(got, *expected, "{backend}: the last {len} bytes");
    }
    Ok(())
}

#[test]
fn no_byte_outside_is_touched() {
    let mut pages = Guarded::new();
    for backend in Backend::available() {
        each_poly!(check(backend, &mut pages)).unwrap();
    }
}

#[test]
fn guards_touch_no_byte_outside() {
    let mut pages = Guarded::new();
    pages.middle().copy_from_slice(&noise(PAGE));
    let middle = &*pages.middle();
    for backend in Backend::available() {
        for sector in [64, 512, 4096] {
            for count in 1..=9 {
                let (first, last) = (&middle[..sector * count], &middle[PAGE - sector * count..]);
                for bytes in [first, last] {
                    let mut guards = [0; 9];
                    t10crc::guards(backend, sector, bytes, &mut guards[..count]);
                    let crc = |bytes| (update::<T10>(backend, 0, bytes) as u16).reverse_bits();
                    let expected = bytes.chunks(sector).map(crc);
                    assert!(expected.eq(guards[..count].iter().copied()), "{backend} {sector}");
                }
            }
        }
    }
}
