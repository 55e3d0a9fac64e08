//! Shards between pages that may not be touched.

use super::super::Remainder;
use super::*;
use crate::guarded::Guarded;

struct Touch<'a>(&'a mut [Guarded], usize, bool);

impl Kernel for Touch<'_> {
    type Out = ();
    fn call<S: Simd>(self, simd: S) {
        let Touch(pages, len, end) = self;
        let pages = pages.iter_mut().map(|page| page.place(len, end).as_mut_ptr());
        let pages: Vec<*mut u8> = pages.collect();
        let sources: Vec<_> = pages[..4].iter().map(|p| p.cast_const()).collect();
        let mut remainder = Remainder::new(Backend::best());
        for source in &sources[..2] {
            // SAFETY: `len` mapped bytes, which nobody writes meanwhile.
            remainder.update_on(simd, unsafe { std::slice::from_raw_parts(*source, len) });
        }
        for rows in [1, 3, 5] {
            let outputs = &pages[4..4 + rows];
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
    let mut pages: Vec<_> = (0..9).map(|_| Guarded::new()).collect();
    for backend in Backend::available() {
        for len in (0..=520).chain([4096, 4097, 8191, 65535, 65536]) {
            backend.dispatch(Touch(&mut pages, len, true));
            backend.dispatch(Touch(&mut pages, len, false));
        }
    }
}
