//! A recorded EA with some of its fields changed (the input's first byte says which one, the rest
//! are places and bytes to put there), or any bytes: what is wrong is found where the parser finds
//! it, every place is inside, and what passes can be edited without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lustrine::layout::check::{What, check, check_layout};
use lustrine::layout::edit;
use lustrine::layout::mirrors::{self, Event, Osts};
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{client_form, emit, parse};
use lustrine::layout::{EOF, Layout};

const SEEDS: [&str; 8] = [
    include_str!("../../tests/golden/layouts/ec-pfl-partial/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/ec-two-data-both-ec/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/flr3-pfl/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/sel/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/dom/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/hsm-flr/lov.hex"),
    include_str!("../../tests/golden/layouts/pool-v3/ondisk-lov.hex"),
    include_str!("../../tests/golden/layouts/dir-ec-two/lov.hex"),
];

fuzz_target!(|data: &[u8]| {
    let Some((&which, rest)) = data.split_first() else { return };
    let ea = match SEEDS.get(usize::from(which)) {
        Some(seed) => changed(hex(seed), rest),
        None => rest.to_vec(),
    };
    let report = check(&ea);
    assert!(report.findings.iter().all(|finding| finding.offset <= ea.len()));
    let first = report.findings.first().map(|finding| (finding.offset, finding.what));
    match parse(&ea) {
        Ok(layout) => {
            assert_eq!(check_layout(&layout), report.findings);
            live(layout);
        }
        Err(error) => assert_eq!(first, Some((error.offset, What::Fault(error.fault)))),
    }
});

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("hex") as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Two bytes of place, one of length, then the bytes.
fn changed(mut ea: Vec<u8>, mut rest: &[u8]) -> Vec<u8> {
    while let [low, high, len, tail @ ..] = rest {
        let at = usize::from(u16::from_le_bytes([*low, *high])) % ea.len();
        let len = usize::from(len % 8 + 1).min(tail.len()).min(ea.len() - at);
        ea[at..at + len].copy_from_slice(&tail[..len]);
        rest = &tail[len..];
    }
    ea
}

/// Edits give layouts that an EA can hold.
fn live(layout: Layout) {
    let held = |layout: &Layout| {
        if let Ok(again) = parse(&emit(layout)) {
            assert_eq!(again, *layout);
        }
    };
    if let Layout::Composite(composite) = &layout
        && composite.components.iter().all(|one| one.id.0 != 0)
    {
        parse(&emit(&client_form(&layout))).expect("the client's form");
    }
    for event in [
        Event::Write { start: 0, end: 1 << 33 },
        Event::Truncate { size: 1 << 62 },
        Event::Resync,
        Event::ResyncMirror { mirror: 2 },
        Event::ResyncDone { ids: vec![0x10001] },
    ] {
        if let Ok(Some(change)) = mirrors::next(&layout, &event, &Osts::default()) {
            let mut next = layout.clone();
            change.apply(&mut next, u64::MAX);
            held(&next);
        }
    }
    let mut extended = layout.clone();
    if edit::extend(&mut extended, &layout).is_ok() {
        parse(&emit(&extended)).expect("mirrors of its own kind");
    }
    for mirror in layout.mirrors() {
        let mut split = layout.clone();
        if let Ok(off) = edit::split(&mut split, mirror.id, true) {
            held(&split);
            held(&off);
        }
        let _ = mirrors::read_order(&layout, 1 << 40, 7, &Osts::default());
    }
    let part = |bytes| edit::Part { layout: &layout, bytes };
    for parts in [vec![part(0..1 << 20), part(1 << 20..EOF)], vec![part(0..EOF)]] {
        if let Ok(joined) = edit::join(&parts) {
            parse(&emit(&joined)).expect("a joined file");
        }
    }
    if let Ok(spec) = Spec::copy_of(&layout) {
        drop(spec.to_string());
    }
}
