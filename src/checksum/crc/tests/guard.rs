//! Bytes between pages that may not be touched, at every alignment.

use super::*;
use crate::guarded::{Guarded, ROOM};

/// A byte read outside kills the process.
fn check<P: Poly>(backend: Backend, pages: &mut Guarded) -> Result<(), String> {
    let (bytes, middle) = (noise(1024), pages.bytes());
    let expected = Definition::of::<P>().registers(start::<P>(), &bytes);
    for at in 0..64 {
        middle[at..at + 1024].copy_from_slice(&bytes);
        for (len, expected) in expected.iter().enumerate() {
            let got = update::<P>(backend, start::<P>(), &middle[at..at + len]);
            assert_eq!(got, *expected, "{backend}: {len} bytes at {at}");
        }
    }
    for (len, expected) in expected.iter().enumerate() {
        middle[ROOM - len..].copy_from_slice(&bytes[..len]);
        let got = update::<P>(backend, start::<P>(), &middle[ROOM - len..]);
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
    pages.bytes().copy_from_slice(&noise(ROOM));
    let middle = &*pages.bytes();
    for backend in Backend::available() {
        for sector in [64, 512, 4096] {
            for count in 1..=9 {
                let (first, last) = (&middle[..sector * count], &middle[ROOM - sector * count..]);
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
