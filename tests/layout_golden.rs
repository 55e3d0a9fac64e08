//! Layout EAs of a real Lustre: parsed, given back byte for byte, damaged.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, packed, text, text_if_there};
use lustrine::layout::xattr::{Endian, client_form, emit, emit_as, parse, parse_as};
use lustrine::layout::{Fault, Layout, LayoutError};

/// Every recorded EA and request: (where it stands, bytes).
fn all_eas() -> Vec<(String, Vec<u8>)> {
    let mut eas = Vec::new();
    for name in cases("layouts") {
        eas.push((format!("{name}/lov.hex"), hex(&text(&format!("layouts/{name}/lov.hex")))));
        for file in ["ondisk-lov.hex", "setstripe-packed.txt"] {
            let Some(text) = text_if_there(&format!("layouts/{name}/{file}")) else { continue };
            let bytes = if file.ends_with("hex") { Some(hex(&text)) } else { packed(&text) };
            eas.extend(bytes.map(|bytes| (format!("{name}/{file}"), bytes)));
        }
    }
    for name in cases("ec") {
        for file in ["lov.hex", "ondisk-lov.hex", "lov-stale.hex"] {
            eas.push((format!("ec/{name}/{file}"), hex(&text(&format!("ec/{name}/{file}")))));
        }
    }
    eas
}

#[test]
fn every_ea_round_trips() {
    let eas = all_eas();
    assert!(eas.len() > 200, "{} EAs", eas.len());
    for (name, ea) in eas {
        let (layout, endian) = parse_as(&ea).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(endian, Endian::Little, "{name}");
        assert_eq!(emit(&layout), ea, "{name}");
        let swapped = emit_as(&layout, Endian::Big);
        assert_eq!(swapped.len(), ea.len(), "{name}");
        assert_ne!(swapped, ea, "{name}");
        assert_eq!(parse_as(&swapped), Ok((layout, Endian::Big)), "{name} big-endian");
    }
}

/// What a client shows follows from what the MDT stores, byte for byte.
#[test]
fn client_forms_follow_from_disk() {
    let mut compared = 0;
    for (part, name) in ["layouts", "ec"]
        .into_iter()
        .flat_map(|part| cases(part).into_iter().map(move |n| (part, n)))
    {
        let Some(disk) = text_if_there(&format!("{part}/{name}/ondisk-lov.hex")) else { continue };
        let disk = parse(&hex(&disk)).unwrap();
        let client = hex(&text(&format!("{part}/{name}/lov.hex")));
        assert_eq!(emit(&client_form(&disk)), client, "{part}/{name}");
        compared += 1;
    }
    assert!(compared > 80, "{compared} pairs");
}

/// Requests that Lustre refuses for other reasons than their form parse too.
#[test]
fn refused_requests_are_listed() {
    for name in cases("refused") {
        assert!(text(&format!("layouts/{name}/cmd.txt")).contains("# rc="), "{name}");
        if let Some(text) = text_if_there(&format!("layouts/{name}/setstripe-packed.txt"))
            && let Some(ea) = packed(&text)
        {
            let layout = parse(&ea).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(emit(&layout), ea, "{name}");
        }
    }
}

/// Offset and fault must be about the bytes that are there.
#[track_caller]
fn check_error(name: &str, ea: &[u8], error: LayoutError) {
    assert!(error.offset <= ea.len(), "{name}: {error}");
    assert!((-226..=-201).contains(&error.code()), "{name}: {error}");
    assert!(error.to_string().starts_with(&format!("at byte {}: ", error.offset)), "{name}");
}

#[test]
fn truncated_eas_are_refused() {
    for (name, ea) in all_eas() {
        let plain = matches!(parse(&ea), Ok(Layout::Plain(_)));
        for len in 0..ea.len() {
            match parse(&ea[..len]) {
                Err(error) => check_error(&name, &ea[..len], error),
                // A plain header without slots is a template.
                Ok(_) => assert!(plain && matches!(len, 32 | 48), "{name} cut to {len}"),
            }
        }
    }
}

#[test]
fn a_byte_behind_the_end_is_refused() {
    for (name, mut ea) in all_eas() {
        ea.push(0);
        let error = parse(&ea).expect_err(&name);
        assert!(
            matches!(error.fault, Fault::Behind { .. } | Fault::SlotBytes { .. }),
            "{name}: {error}"
        );
        check_error(&name, &ea, error);
    }
}

/// Whatever one flipped bit does: an error that names an offset, or a layout that is given back.
#[test]
fn flipped_bits_never_pass_silently() {
    for (name, ea) in all_eas() {
        let whole = parse(&ea).unwrap();
        let mut refused = 0;
        for bit in 0..ea.len() * 8 {
            let mut damaged = ea.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match parse(&damaged) {
                Err(error) => {
                    check_error(&name, &damaged, error);
                    refused += 1;
                }
                Ok(layout) => {
                    assert_eq!(emit(&layout), damaged, "{name} bit {bit}");
                    assert_ne!(layout, whole, "{name} bit {bit}");
                }
            }
        }
        assert!(refused >= 32, "{name}: only {refused} of {} bits", ea.len() * 8);
    }
}
