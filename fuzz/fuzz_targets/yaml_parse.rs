//! Any text as a template of `lfs setstripe --yaml`: an error that names a line, or a spec whose
//! request an EA can hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{emit, parse};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Spec::parse_yaml(text) {
        Ok(spec) => {
            let request = spec.request();
            assert_eq!(parse(&emit(&request)).as_ref(), Ok(&request));
            let copy = Spec::copy_of(&request).expect("no parity, nothing foreign");
            assert_eq!(copy.mirrors.len(), spec.mirrors.len());
            drop(spec.to_string());
        }
        Err(error) => assert!(error.line >= 1 && error.line <= text.lines().count().max(1)),
    }
});
