//! Any string as options of `lfs setstripe`: an error that names a place inside, or a spec whose
//! shortest options give it back, and whose request becomes a layout that an EA can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lustrine::layout::allocate::{Allocator, Choice, NewFile, Ost};
use lustrine::layout::spec::{Change, Spec, SpecError};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{EOF, Fid, ObjectId};

fuzz_target!(|data: &[u8]| {
    let Ok(options) = std::str::from_utf8(data) else { return };
    match Spec::parse(options) {
        Ok(spec) => whole(options, &spec),
        Err(error) => place(options, &error),
    }
    for end in [0, 1 << 20, 1 << 62, EOF] {
        if let Err(error) = Change::parse(options, end) {
            place(options, &error);
        }
    }
});

fn place(options: &str, error: &SpecError) {
    assert!(error.range.start <= error.range.end && error.range.end <= options.len(), "{error}");
    assert_eq!(error.caret(options).to_string().lines().count(), 3);
}

fn whole(options: &str, spec: &Spec) {
    let shown = spec.to_string();
    assert_eq!(Spec::parse(&shown).as_ref(), Ok(spec), "{options} -> {shown}");
    let request = spec.request();
    assert_eq!(parse(&emit(&request)).as_ref(), Ok(&request), "{options}");
    let osts: Vec<Ost> = (0..9)
        .map(|index| Ost { domain: index % 4, free: u64::from(index) << 50, ..Ost::new(index) })
        .collect();
    for choice in [Choice::RoundRobin, Choice::ByFreeSpace { seed: 1, threshold: 17 }] {
        let allocator = Allocator { osts: &osts, first: 3, choice, ..Allocator::default() };
        let mut object = |ost| ObjectId { ost, fid: Fid { seq: 1 << 34, oid: 1, ver: 0 } };
        let file = NewFile { size: 1 << 33, ..NewFile::default() };
        if let Ok(layout) = allocator.allocate(&request, &file, &mut object) {
            assert_eq!(parse(&emit(&layout)).as_ref(), Ok(&layout), "{options}");
        }
    }
}
