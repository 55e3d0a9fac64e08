//! Each fault of a layout EA: a recorded EA with the fault put in, and the error that names it.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{hex, text};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, Fault, Layout, LayoutError};

fn ea(path: &str) -> Vec<u8> {
    hex(&text(path))
}

/// 8 data stripes and 4 of parity in two V1 components: entries at 32 and 80, sub-layouts at 128
/// (224 bytes) and 352 (128 bytes).
fn ec() -> Vec<u8> {
    ea("layouts/ec-c8-4p2/ondisk-lov.hex")
}

/// Three components in one mirror, the first of one stripe: entries from 32, sub-layout at 176.
fn pfl() -> Vec<u8> {
    ea("layouts/pfl3-empty/ondisk-lov.hex")
}

/// A plain file of four stripes.
fn plain() -> Vec<u8> {
    ea("layouts/plain-4/ondisk-lov.hex")
}

#[track_caller]
fn refused(ea: &[u8], offset: usize, fault: Fault) -> LayoutError {
    let error = parse(ea).expect_err("refused");
    assert_eq!(error, LayoutError { offset, fault }, "{error}");
    assert_eq!(error.code(), fault.code());
    error
}

/// The EA with bytes put over its own.
fn with(mut ea: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    ea[at..at + bytes.len()].copy_from_slice(bytes);
    ea
}

#[test]
fn the_eas_are_as_the_tests_say() {
    for ea in [ec(), pfl(), plain()] {
        assert_eq!(emit(&parse(&ea).unwrap()), ea);
    }
    assert_eq!((ec().len(), pfl().len(), plain().len()), (480, 176 + 3 * 56, 128));
}

#[test]
fn length() {
    refused(&[], 0, Fault::Short { expected: 4, got: 0 });
    refused(&plain()[..20], 20, Fault::Short { expected: 32, got: 20 });
    refused(&plain()[..100], 80, Fault::SlotBytes { got: 68 });
    refused(&plain()[..104], 28, Fault::SlotCount { expected: 4, got: 3 });
    refused(&ec()[..31], 31, Fault::Short { expected: 32, got: 31 });
    refused(&ec()[..479], 479, Fault::Short { expected: 480, got: 479 });
    let longer = [ec(), vec![0; 3]].concat();
    refused(&longer, 480, Fault::Behind { expected: 480, got: 483 });
    // A length field of 4 GiB allocates nothing.
    let huge = with(ec(), 4, &[0xff; 4]);
    refused(&huge, 480, Fault::Short { expected: 0xffff_ffff, got: 480 });
    let foreign = ea("layouts/foreign-none/lov.hex");
    refused(&with(foreign.clone(), 4, &[6]), 4, Fault::ForeignLength { expected: 5, got: 6 });
    refused(&with(foreign.clone(), 4, &[4]), 20, Fault::Behind { expected: 20, got: 21 });
    refused(&foreign[..15], 15, Fault::Short { expected: 16, got: 15 });
}

#[test]
fn header() {
    refused(&with(plain(), 2, &[0xd2]), 0, Fault::Magic { got: 0x0bd2_0bd0 });
    refused(&with(plain(), 2, &[0xd4]), 0, Fault::Magic { got: 0x0bd4_0bd0 });
    refused(&with(ec(), 14, &[0, 0]), 14, Fault::NoComponents);
    let fault = Fault::EntryTable { entries: 10, size: 480 };
    refused(&with(ec(), 14, &[10, 0]), 4, fault);
    refused(&with(ec(), 16, &[0]), 16, Fault::MirrorCount { expected: 1, got: 2 });
    refused(&with(ec(), 16, &[2]), 16, Fault::MirrorCount { expected: 3, got: 2 });
    refused(&with(ec(), 12, &[0]), 12, Fault::State { flags: 0, mirrors: 2 });
    refused(&with(pfl(), 12, &[2]), 12, Fault::State { flags: 2, mirrors: 1 });
}

#[test]
fn entries() {
    let error = refused(
        &with(ec(), 80 + 28, &[0x81]),
        108,
        Fault::SubLayoutEnd { component: 1, offset: 352, size: 129, limit: 480 },
    );
    let sentence =
        "at byte 108: component 1's sub-layout of 129 bytes at 352 ends after the EA's 480";
    assert_eq!(error.to_string(), sentence);
    refused(
        &with(ec(), 80 + 28, &[0xff; 4]),
        108,
        Fault::SubLayoutEnd { component: 1, offset: 352, size: u32::MAX, limit: 480 },
    );
    // Into the header, over the other sub-layout, behind a gap, outside.
    for (offset, at) in [(0u32, 32), (100, 32), (351, 80), (353, 80), (0xffff_fff0, 80)] {
        let entry = (at - 32) / 48;
        let expected = [128, 352][entry];
        let fault = Fault::SubLayoutPlace { component: entry as u16, expected, got: offset };
        refused(&with(ec(), at + 24, &offset.to_le_bytes()), at + 24, fault);
    }
    refused(&with(ec(), 32, &[0; 4]), 32, Fault::ComponentId { got: 0 });
    let id = 0x8001_0001u32;
    refused(&with(ec(), 32, &id.to_le_bytes()), 32, Fault::ComponentId { got: id });
    // Mirrors 1, 2, 1.
    let two = ea("layouts/flr3-pfl/ondisk-lov.hex");
    let last = 32 + 48 * (usize::from(two[14]) - 1);
    let error = parse(&with(two, last + 2, &[1])).unwrap_err();
    assert_eq!(error, LayoutError { offset: last, fault: Fault::MirrorSplit { mirror: 1 } });
}

#[test]
fn extents() {
    let start = |value: u64| with(pfl(), 80 + 8, &value.to_le_bytes());
    refused(&start(4_194_305), 88, Fault::ExtentGap { expected: 4_194_304, got: 4_194_305 });
    refused(&start(0x40_0000 - 65536), 88, Fault::ExtentGap { expected: 1 << 22, got: 0x3f_0000 });
    let end = |value: u64| with(pfl(), 32 + 48 * 2 + 16, &value.to_le_bytes());
    refused(&end(1 << 20), 136, Fault::Extent { start: 1 << 26, end: 1 << 20 });
    refused(&end(1 << 63), 136, Fault::Extent { start: 1 << 26, end: 1 << 63 });
    refused(&end((1 << 26) + 1), 144, Fault::ExtentAlign { got: (1 << 26) + 1 });
    // The first component of a mirror starts at 0.
    let late = with(ec(), 80 + 8, &65536u64.to_le_bytes());
    refused(&late, 88, Fault::ExtentGap { expected: 0, got: 65536 });
}

#[test]
fn stripings() {
    refused(&with(ec(), 128 + 24, &[0; 4]), 152, Fault::StripeSize { got: 0 });
    let odd = 0x40_8000u32;
    refused(&with(ec(), 128 + 24, &odd.to_le_bytes()), 152, Fault::StripeSize { got: odd });
    refused(&with(plain(), 24, &[1, 0, 0, 0]), 24, Fault::StripeSize { got: 1 });
    refused(&with(ec(), 128 + 28, &[7, 0]), 156, Fault::SlotCount { expected: 7, got: 8 });
    refused(&with(ec(), 128 + 28, &[0, 0]), 156, Fault::StripeCount { got: 0 });
    refused(&with(plain(), 28, &[0xff; 2]), 28, Fault::StripeCount { got: 0xffff });
    let pool = ea("layouts/pool-v3/ondisk-lov.hex");
    refused(&with(pool, 32, &[b'x'; 16]), 32, Fault::PoolName);
    // A parity component's slots, one size too short.
    let cut = with(ec(), 80 + 28, &[0x7f]);
    let error = parse(&cut).unwrap_err();
    assert_eq!(error, LayoutError { offset: 456, fault: Fault::SlotBytes { got: 95 } });
}

#[test]
fn slots() {
    let slot = 352 + 32 + 24 * 2;
    let ost = 0xffe0u32;
    refused(&with(ec(), slot + 20, &ost.to_le_bytes()), slot + 20, Fault::OstIndex { got: ost });
    refused(&with(ec(), slot + 12, &[9]), slot + 12, Fault::ObjectVersion { got: 9 });
    refused(&with(ec(), slot + 8, &[0xff; 8]), slot + 8, Fault::ObjectDefault);
    let long = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    refused(&with(ec(), slot, &long), slot, Fault::ObjectNumber { got: 1 << 48 });
    // A lost object is none of these.
    let layout = parse(&with(ec(), slot, &[0; 24])).unwrap();
    let view = layout.component(1).unwrap();
    assert_eq!((view.objects().unwrap().len(), view.object(2)), (4, None));
    assert!(view.object(1).is_some());
}

/// What Lustre cannot use either does not fail the other components.
#[test]
fn one_bad_component_does_not_fail_the_file() {
    let unknown = with(ec(), 352 + 2, &[0xd9]);
    let layout = parse(&unknown).unwrap();
    assert_eq!(emit(&layout), unknown);
    let Layout::Composite(composite) = &layout else { panic!("composite") };
    assert!(matches!(&composite.components[1].body, Body::Unknown(bytes) if bytes.len() == 128));
    assert!(layout.component(0).unwrap().objects().is_some());
    assert!(layout.component(1).unwrap().objects().is_none());
    // A pattern that nobody knows: no objects, and nothing else of it is believed.
    let pattern = with(with(ec(), 352 + 4, &[0x02]), 352 + 24, &[1]);
    let layout = parse(&pattern).unwrap();
    assert_eq!(emit(&layout), pattern);
    assert!(layout.component(1).unwrap().objects().is_none());
}

/// Numbers that C code returns are never used twice.
#[test]
fn codes_differ() {
    let faults = [
        Fault::Short { expected: 0, got: 0 },
        Fault::Magic { got: 0 },
        Fault::Behind { expected: 0, got: 0 },
        Fault::NoComponents,
        Fault::EntryTable { entries: 0, size: 0 },
        Fault::SubLayoutEnd { component: 0, offset: 0, size: 0, limit: 0 },
        Fault::SubLayoutPlace { component: 0, expected: 0, got: 0 },
        Fault::SlotBytes { got: 0 },
        Fault::SlotCount { expected: 0, got: 0 },
        Fault::Extent { start: 0, end: 0 },
        Fault::ExtentAlign { got: 0 },
        Fault::ExtentGap { expected: 0, got: 0 },
        Fault::MirrorCount { expected: 0, got: 0 },
        Fault::MirrorSplit { mirror: 0 },
        Fault::State { flags: 0, mirrors: 0 },
        Fault::ComponentId { got: 0 },
        Fault::StripeSize { got: 0 },
        Fault::StripeCount { got: 0 },
        Fault::PoolName,
        Fault::OstIndex { got: 0 },
        Fault::ObjectVersion { got: 0 },
        Fault::ObjectNumber { got: 0 },
        Fault::ObjectDefault,
        Fault::ForeignLength { expected: 0, got: 0 },
        Fault::NoObjects { component: 0 },
        Fault::NoStripe { stripe: 0, count: 0 },
    ];
    let codes: Vec<i32> = faults.iter().map(|fault| fault.code()).collect();
    let expected: Vec<i32> = (1..=26).map(|number| -200 - number).collect();
    assert_eq!(codes, expected);
    let mut sentences: Vec<String> = faults.iter().map(ToString::to_string).collect();
    sentences.sort();
    sentences.dedup();
    assert_eq!(sentences.len(), faults.len());
}
