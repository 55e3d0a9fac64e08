//! Any checksum, bytes, alignment, pieces and pages, on any backend: one call, pieces, a bulk's
//! pages, parts that are combined and extracted, and a manifest give what the definition gives.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Unstructured};
use libfuzzer_sys::fuzz_target;
use lustrine::Error;
use lustrine::checksum::{Backend, Checksum, Fragment, Manifest, State};

/// The definitions, bit by bit.
#[path = "../../tests/common/sums.rs"]
mod sums;

fn run(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let checksum = *u.choose(&Checksum::ALL)?;
    let backends: Vec<Backend> = Backend::available().collect();
    let backend = *u.choose(&backends)?;
    let at = u.int_in_range(0..=64)?;
    let zeros = usize::from(u.arbitrary::<u16>()?) % 9000;
    let cuts: Vec<u16> =
        (0..u.int_in_range(0..=6)?).map(|_| u.arbitrary()).collect::<Result<_, _>>()?;
    let offset = u64::from(u.arbitrary::<u16>()?);
    let repeat = u.int_in_range(1..=64)?;
    let seed = u.bytes(u.len().min(600))?;
    // What the fuzzer says, over and over: kernels change their ways at some thousand bytes.
    let all: Vec<u8> = std::iter::repeat_n(&[0; 65][..at], 1)
        .chain(std::iter::repeat_n(seed, repeat))
        .flatten()
        .copied()
        .collect();
    let bytes = &all[at..];
    let (sum, guards) = sums::naive(checksum, bytes);

    assert_eq!(checksum.digest_on(backend, bytes), sum, "{checksum} on {backend}");
    let mut places = vec![0; guards.len()];
    checksum.guards_on(backend, bytes, &mut places).expect("a place for each");
    assert_eq!(places, guards, "{checksum} on {backend}");

    let mut cuts: Vec<usize> =
        cuts.iter().map(|cut| usize::from(*cut) % (bytes.len() + 1)).collect();
    cuts.sort_unstable();
    cuts.push(bytes.len());
    let mut state = State::with_backend(checksum, 0, backend);
    let (mut from, mut found) = (0, Vec::new());
    for to in &cuts {
        state.update_guards(&bytes[from..*to], |some| found.extend_from_slice(some));
        from = *to;
    }
    state.cut(0, |guard| found.push(guard));
    assert_eq!((state.finish(), &found), (sum, &guards), "{checksum} in pieces {cuts:?}");

    // Two parts, the first of whole sectors; zeros behind.
    let sector = checksum.sector().unwrap_or(1);
    let (a, b) = bytes.split_at(cuts[0] / sector * sector);
    let [sum_a, sum_b] = [a, b].map(|part| checksum.digest(part));
    assert_eq!(checksum.combine(sum_a, sum_b, b.len() as u64), sum);
    assert_eq!(checksum.extract(sum_a, sum, b.len() as u64), sum_b);
    let tail = vec![0; zeros];
    let longer = sums::naive(checksum, &[bytes, &tail].concat()).0;
    let mut state = State::new(checksum);
    state.update(bytes);
    state.update_zeros(zeros as u64);
    assert_eq!(state.finish(), longer, "{checksum}: {zeros} zeros");
    let mut file = Manifest::new(checksum);
    file.part(0, a.len() as u64, sum_a).expect("the first");
    file.part(a.len() as u64, b.len() as u64, sum_b).expect("it begins with a sector");
    match file.finish(bytes.len() as u64 + zeros as u64) {
        Ok(whole) => assert_eq!(whole, longer, "{checksum}: parts and a hole"),
        Err(error) => {
            assert!(matches!(error, Error::PartUnaligned { .. }), "{error}");
            assert!(zeros > 0 && !bytes.len().is_multiple_of(sector), "{error}");
        }
    }

    // Pages: what Lustre cuts, sector by sector, from the definition of a guard.
    let mut pages = Vec::new();
    let (mut from, mut place) = (0, offset);
    for to in &cuts {
        pages.push(Fragment { offset: place, bytes: &bytes[from..*to] });
        (from, place) = (*to, place.wrapping_mul(31) % 4096);
    }
    let expected = match checksum.sector() {
        None => (sum, Vec::new()),
        Some(sector) => {
            let mut guards = Vec::new();
            for Fragment { offset, bytes } in &pages {
                let (mut at, mut left) = (*offset as usize, *bytes);
                while !left.is_empty() {
                    let (part, rest) = left.split_at(left.len().min(sector - at % sector));
                    guards.push(sums::guard(checksum, part));
                    (at, left) = (at + part.len(), rest);
                }
            }
            (sums::top(&guards), guards)
        }
    };
    let mut places = vec![0; expected.1.len()];
    let found = checksum.bulk_guards(u64::MAX, pages.iter().copied(), &mut places);
    assert_eq!((found, &places), (Ok((expected.0, expected.1.len())), &expected.1), "{checksum}");
    assert_eq!(checksum.check_guards(u64::MAX, pages.iter().copied(), &places), Ok(()));
    if let Some(guard) = places.iter().position(|_| true) {
        places[guard] ^= 1;
        let fault = checksum.check_guards(u64::MAX, pages.iter().copied(), &places);
        let first = matches!(fault, Err(Error::GuardMismatch { guard: 0, at: 0, .. }));
        assert!(first, "{checksum}: {fault:?}");
    }
    Ok(())
}

fuzz_target!(|input: &[u8]| {
    // Too short an input is no case.
    let _ = run(&mut Unstructured::new(input));
});
