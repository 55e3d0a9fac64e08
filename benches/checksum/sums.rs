//! Adler-32, and T10's guards by the Internet checksum.
//!
//! Of the latter there is no crate: the rival is the plain loop, as the compiler makes it for the same
//! instruction set.

use lustrine::checksum::{Backend, Checksum};

use crate::Bench;
use crate::field::{Field, Pieces, SIZES};
use crate::race::Versus;

/// The first contestant is the best backend; what AVX2 alone is good for is a line of its own.
const ADLER: &[Versus] = &[
    Versus { title: "xsimd-adler32", rivals: &["simd-adler32"] },
    Versus { title: "xISAL", rivals: &["isal"] },
];
/// A backend, what its line is called behind the name, and the loop for the same instruction set.
const LOOPS: [(&str, &str, &[&str]); 3] = [
    ("avx512", "", &["plain-avx512"]),
    ("avx2", "-avx2", &["plain-avx2"]),
    ("portable", "-portable", &["plain"]),
];

/// The backends, the named one first; none if this machine lacks it.
fn backends(first: &str) -> impl Iterator<Item = Backend> {
    let first = Backend::from_name(first).ok();
    let others = Backend::available().filter(move |backend| Some(*backend) != first);
    first.into_iter().chain(others.filter(move |_| first.is_some()))
}

pub(crate) fn adler(bench: &Bench) {
    for (name, first) in [("adler", Backend::best().name()), ("adler-avx2", "avx2")] {
        for size in SIZES.iter().filter(|_| backends(first).next().is_some()) {
            let Some(pieces) = Pieces::new(bench, name, *size) else { continue };
            let mut field: Field<u32> = pieces.field(1);
            for backend in backends(first) {
                let adler = move |piece: &[u8]| Checksum::Adler32.digest_on(backend, piece) as u32;
                field.add(backend.name(), adler);
            }
            field.add("simd-adler32", |piece| simd_adler32::adler32(&piece));
            if let Some(adler) = bench.isal.and_then(|isal| isal.adler32()) {
                field.add("isal", adler);
            }
            field.race(ADLER);
        }
    }
}

pub(crate) fn guards(bench: &Bench) {
    for (op, checksum, sector) in
        [("ip512", Checksum::T10Ip512, 512), ("ip4096", Checksum::T10Ip4k, 4096)]
    {
        for (first, suffix, rivals) in LOOPS {
            for size in SIZES.iter().filter(|size| **size >= sector) {
                let label = format!("{op}{suffix}");
                let Some(pieces) = Pieces::new(bench, &label, *size) else { continue };
                let mut field: Field<u16> = pieces.field(size / sector);
                for backend in backends(first) {
                    field.add_many(backend.name(), move |piece, guards| {
                        checksum.guards_on(backend, piece, guards).unwrap();
                    });
                }
                field.add_many("plain", move |piece, out| plain_guards(sector, piece, out));
                #[cfg(target_arch = "x86_64")]
                x86::add(&mut field, sector);
                field.race(&[Versus { title: "xPLAIN", rivals }]);
            }
        }
    }
}

/// Guards by the loop that the library had before its kernels.
#[inline(always)]
fn plain_guards(sector: usize, bytes: &[u8], guards: &mut [u16]) {
    for (bytes, guard) in bytes.chunks_exact(sector).zip(guards) {
        let (mut low, mut high) = (0_u32, 0_u32);
        for pair in bytes.as_chunks::<4>().0 {
            let pair = u32::from_le_bytes(*pair);
            low += pair & 0xffff;
            high += pair >> 16;
        }
        let mut sum = low + high;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        *guard = !(sum as u16).swap_bytes();
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::plain_guards;
    use crate::field::Field;
    use lustrine::checksum::Backend;

    pub(super) fn add(field: &mut Field<'_, u16>, sector: usize) {
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has it.
            let plain = move |bytes: &[u8], out: &mut [u16]| unsafe { avx2(sector, bytes, out) };
            field.add_many("plain-avx2", plain);
        }
        if Backend::from_name("avx512").is_ok() {
            // SAFETY: the CPU has them.
            let plain = move |bytes: &[u8], out: &mut [u16]| unsafe { avx512(sector, bytes, out) };
            field.add_many("plain-avx512", plain);
        }
    }

    #[target_feature(enable = "avx2")]
    fn avx2(sector: usize, bytes: &[u8], guards: &mut [u16]) {
        plain_guards(sector, bytes, guards);
    }

    /// With registers of 512 bits, which the compiler would rather not use.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn avx512(sector: usize, bytes: &[u8], guards: &mut [u16]) {
        plain_guards(sector, bytes, guards);
    }
}
