//! The check of layouts: nothing refused in what Lustre wrote, every flaw found where it is put.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, packed, text, text_if_there};
use lustrine::layout::check::{Finding, Flaw, Severity, What, check, check_layout};
use lustrine::layout::xattr::{Endian, emit, emit_as, parse};
use lustrine::layout::{
    Body, Component, ComponentFlags, Composite, Compression, Extent, Fault, Layout, ObjectId,
    Pattern, Slot, Striping,
};

fn all_eas() -> Vec<(String, Vec<u8>)> {
    let mut eas = Vec::new();
    for name in cases("layouts") {
        for file in ["lov.hex", "ondisk-lov.hex", "setstripe-packed.txt"] {
            let path = format!("layouts/{name}/{file}");
            let Some(text) = text_if_there(&path) else { continue };
            let bytes = if file.ends_with("hex") { Some(hex(&text)) } else { packed(&text) };
            eas.extend(bytes.map(|bytes| (path, bytes)));
        }
    }
    for name in cases("ec") {
        for file in ["lov.hex", "ondisk-lov.hex", "lov-stale.hex"] {
            let path = format!("ec/{name}/{file}");
            eas.push((path.clone(), hex(&text(&path))));
        }
    }
    eas
}

#[track_caller]
fn flaws(findings: &[Finding]) -> Vec<(Option<u16>, Flaw)> {
    findings
        .iter()
        .map(|finding| match finding.what {
            What::Flaw(flaw) => (finding.component, flaw),
            What::Fault(fault) => panic!("{fault}"),
        })
        .collect()
}

/// What Lustre wrote is as Lustre wants it; four files are known to be less than they seem.
#[test]
fn recorded_layouts() {
    let eas = all_eas();
    assert!(eas.len() > 200);
    for (path, ea) in eas {
        let report = check(&ea);
        assert_eq!(report.layout.as_ref(), parse(&ea).ok().as_ref(), "{path}");
        let found = flaws(&report.findings);
        let name = path.split('/').nth(1).unwrap();
        let packed = path.ends_with(".txt");
        let expected: &[(Option<u16>, Flaw)] = match name {
            // The parity was removed, the link stays.
            "ec-deleted-parity-comp" if !packed => &[(Some(0), Flaw::NoParity { link: 2 })],
            // Two parity stripes for the one stripe that the MDT's trimming left.
            "ec-opts-before-E" if !packed => {
                &[(Some(2), Flaw::ParityOverData { data: 1, parity: 2 })]
            }
            _ => &[],
        };
        assert_eq!(found, expected, "{path}");
    }
}

/// `check` finds a fault where `parse` does, the same one first, and goes on behind it.
#[test]
fn faults_are_those_of_the_parser() {
    for (path, ea) in all_eas().into_iter().step_by(5) {
        for bit in 0..ea.len() * 8 {
            let mut damaged = ea.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            compare(&path, &damaged);
        }
        for len in 0..ea.len() {
            compare(&path, &ea[..len]);
        }
    }
}

#[track_caller]
fn compare(path: &str, ea: &[u8]) {
    let report = check(ea);
    let fault = report.findings.first().and_then(|finding| match finding.what {
        What::Fault(fault) => Some((finding.offset, fault)),
        What::Flaw(_) => None,
    });
    match parse(ea) {
        Ok(layout) => {
            assert_eq!(fault, None, "{path}");
            assert_eq!(check_layout(&layout), report.findings, "{path}");
        }
        Err(error) => assert_eq!(fault, Some((error.offset, error.fault)), "{path}"),
    }
    for finding in &report.findings {
        assert!(finding.offset <= ea.len(), "{path}: {finding}");
        assert_eq!(finding.errno().is_some(), finding.severity() == Severity::Refused);
        assert!((-279..=-201).contains(&finding.code()), "{path}: {finding}");
    }
}

#[test]
fn several_faults_are_all_listed() {
    // Entries at 32 and 80, sub-layouts at 128 and 352.
    let mut ea = hex(&text("layouts/ec-c8-4p2/ondisk-lov.hex"));
    ea[12] = 0; // no state
    ea[128 + 24] = 1; // stripe size
    ea[352 + 32 + 24 + 12] = 9; // version of an object
    ea.push(0);
    let report = check(&ea);
    let found: Vec<_> = report.findings.iter().map(|f| (f.offset, f.component)).collect();
    assert_eq!(
        found,
        [
            (480, None),
            (12, None),
            (152, Some(0)),
            (352 + 32 + 24 + 12, Some(1)),
            // The stripe sizes of the pair differ now.
            (352 + 24, Some(1)),
        ]
    );
    assert_eq!(report.worst(), Some(Severity::Refused));
    assert_eq!(report.endian, Some(Endian::Little));
    // Not a layout at all.
    let report = check(&[1, 2, 3, 4, 5]);
    assert_eq!((report.layout, report.findings.len()), (None, 1));
    assert_eq!(report.findings[0].what, What::Fault(Fault::Magic { got: 0x0403_0201 }));
}

fn composite(name: &str) -> Composite {
    let layout = parse(&hex(&text(&format!("layouts/{name}/ondisk-lov.hex")))).unwrap();
    let Layout::Composite(composite) = layout else { panic!("{name} is a composite") };
    composite
}

fn striping(component: &mut Component) -> &mut Striping {
    let Body::Striping(striping) = &mut component.body else { panic!("a striping") };
    striping
}

/// Changes a recorded layout, which must have the form of a layout afterwards, and be found to
/// have exactly these flaws, with offsets inside the EA, in both byte orders.
#[track_caller]
fn changed(name: &str, change: impl FnOnce(&mut Composite), expected: &[(Option<u16>, Flaw)]) {
    let mut layout = composite(name);
    change(&mut layout);
    let layout = Layout::Composite(layout);
    let ea = emit(&layout);
    let report = check(&ea);
    let found = flaws(&report.findings);
    assert_eq!(found, expected, "{name}");
    assert!(report.findings.iter().all(|finding| finding.offset < ea.len()));
    assert_eq!(check_layout(&layout), report.findings);
    assert_eq!(check(&emit_as(&layout, Endian::Big)).findings, report.findings);
}

#[test]
fn links_of_pairs() {
    let ec = "ec-c8-4p2";
    changed(
        ec,
        |c| c.components[0].link_id = 7,
        &[(Some(0), Flaw::NoParity { link: 7 }), (Some(1), Flaw::OneWay { partner: 0, link: 7 })],
    );
    changed(
        ec,
        |c| c.components[1].link_id = 9,
        &[(Some(0), Flaw::OneWay { partner: 1, link: 9 }), (Some(1), Flaw::NoData { link: 9 })],
    );
    let half = Extent { start: 0, end: 1 << 30 };
    changed(
        ec,
        |c| c.components[1].extent = half,
        &[
            (Some(0), Flaw::PairExtent { mirror: 2 }),
            (Some(1), Flaw::MirrorEnd { end: 1 << 30 }),
            (Some(1), Flaw::PairExtent { mirror: 1 }),
        ],
    );
    let size = |c: &mut Composite| striping(&mut c.components[1]).stripe_size = 65536;
    let flaw = Flaw::PairStripeSize { expected: 4 << 20, got: 65536 };
    changed(ec, size, &[(Some(1), flaw)]);
    changed(
        ec,
        |c| c.components[0].data = 8,
        &[(Some(1), Flaw::PairCode { expected: (8, 2), got: (4, 2) })],
    );
    // 8+2 is one set: four parity stripes are two too many.
    let wide = |c: &mut Composite| c.components.iter_mut().for_each(|c| c.data = 8);
    changed(ec, wide, &[(Some(1), Flaw::ParityStripes { expected: 2, got: 4 })]);
    let code = |c: &mut Composite| c.components.iter_mut().for_each(|c| c.parity = 16);
    changed(
        ec,
        code,
        &[
            (Some(1), Flaw::Code { data: 4, parity: 16 }),
            (Some(1), Flaw::ParityOverData { data: 8, parity: 32 }),
            (Some(1), Flaw::ParityStripes { expected: 32, got: 4 }),
        ],
    );
    // A second parity mirror for the same data.
    changed(
        ec,
        |c| {
            let mut third = c.components[1].clone();
            third.id.0 = 0x30003;
            third.flags.0 &= !ComponentFlags::INIT;
            c.components.push(third);
            c.mirror_count = 2;
        },
        &[(Some(2), Flaw::OneWay { partner: 0, link: 2 })],
    );
    let pattern = |c: &mut Composite| striping(&mut c.components[1]).pattern = Pattern(1);
    changed(ec, pattern, &[(Some(1), Flaw::ParityPattern { got: 1 })]);
    changed(
        "ec-pfl",
        |c| c.components[1].link_id = 0,
        &[(Some(1), Flaw::Unprotected), (Some(4), Flaw::OneWay { partner: 1, link: 0 })],
    );
}

#[test]
fn members_of_a_set_share_an_ost() {
    let share = |c: &mut Composite| {
        let ost = striping(&mut c.components[0]).slots[5].ost;
        // Data stripe 5 is of set 1, as parity stripe 2 is.
        let slot = &mut striping(&mut c.components[1]).slots[2];
        let fid = slot.object_id().unwrap().fid;
        *slot = Slot::from_object(ObjectId { ost, fid });
    };
    let mut layout = composite("ec-c8-4p2");
    share(&mut layout);
    let ost = striping(&mut layout.components[0]).slots[5].ost;
    changed("ec-c8-4p2", share, &[(Some(1), Flaw::SharedOst { set: 1, ost })]);
    // In a component whose rows are shifted the sets are found through file offsets: data from
    // 1 MiB with units of 1 MiB has set 0 on objects 1 to 4.
    let mut layout = composite("ec-pfl-partial");
    assert_eq!(flaws(&check_layout(&Layout::Composite(layout.clone()))), []);
    let data = &mut layout.components[1];
    assert_eq!((data.extent.start, data.data), (1 << 20, 2));
    let slots = &mut striping(data).slots;
    assert_eq!(slots.len(), 4);
    let fid = slots[2].object_id().unwrap().fid;
    slots[2] = Slot::from_object(ObjectId { ost: slots[1].ost, fid });
    // Its parity has no objects yet: give it four that are none of those.
    let parity = &mut layout.components[4];
    parity.flags.0 |= ComponentFlags::INIT;
    let body = striping(parity);
    body.stripe_count = 2;
    body.slots = (40..42)
        .map(|ost| ObjectId { ost, fid: lustrine::layout::Fid { seq: 1 << 34, oid: ost, ver: 0 } })
        .map(Slot::from_object)
        .collect();
    let found = flaws(&check_layout(&Layout::Composite(layout)));
    assert!(matches!(found[..], [(Some(4), Flaw::SharedOst { set: 0, .. })]), "{found:?}");
}

#[test]
fn objects() {
    let lose = |c: &mut Composite| striping(&mut c.components[1]).slots[3] = Slot::default();
    changed("ec-c8-4p2", lose, &[(Some(1), Flaw::LostObject { stripe: 3 })]);
    let twice = |c: &mut Composite| {
        let slots = &mut striping(&mut c.components[2]).slots;
        slots[1] = slots[0];
    };
    let ost = striping(&mut composite("pfl3-full").components[2]).slots[0].ost;
    changed(
        "pfl3-full",
        twice,
        &[
            (Some(2), Flaw::Repeats { ost }),
            (Some(2), Flaw::SameObject { stripe: 1, component: 2, other: 0 }),
        ],
    );
}

#[test]
fn mirrors_and_headers() {
    let flr = "flr2-resynced";
    changed(flr, |c| c.flags |= 0x40, &[(None, Flaw::HeaderFlags { got: 0x40 })]);
    changed(
        flr,
        |c| c.components.iter_mut().for_each(|c| c.flags.0 |= ComponentFlags::STALE),
        &[(None, Flaw::AllStale)],
    );
    // One stale component makes a mirror stale.
    changed(
        "flr3-pfl",
        |c| c.components.iter_mut().step_by(2).for_each(|c| c.flags.0 |= ComponentFlags::STALE),
        &[(None, Flaw::AllStale)],
    );
    changed(flr, |c| c.sel = true, &[(None, Flaw::NoExtension)]);
    changed(flr, |c| c.trailing = vec![1], &[(None, Flaw::Unclaimed { bytes: 1 })]);
    changed(
        flr,
        |c| c.components[0].flags.0 |= ComponentFlags::LINK_ID,
        &[(Some(0), Flaw::Flags { got: ComponentFlags::LINK_ID })],
    );
    changed(
        "flr3-pfl",
        |c| c.components[1].id = c.components[0].id,
        &[(Some(1), Flaw::SameId { other: 0 })],
    );
    changed(
        "ec-pfl",
        |c| {
            c.components[4].flags.0 &= !ComponentFlags::PARITY;
            c.components[4].link_id = 0;
            striping(&mut c.components[4]).pattern = Pattern(1);
        },
        &[
            (Some(1), Flaw::PairExtent { mirror: 2 }),
            (Some(1), Flaw::Unprotected),
            (Some(4), Flaw::MixedMirror { mirror: 2 }),
        ],
    );
}

#[test]
fn components() {
    let end = Extent { start: 0, end: 0x50000 };
    changed(
        "pfl3-empty",
        |c| {
            c.components[0].extent = end;
            c.components[1].extent.start = end.end;
        },
        &[(Some(0), Flaw::StripeEnd { end: end.end, stripe_size: 4 << 20 })],
    );
    changed(
        "pfl3-empty",
        |c| {
            c.components[0].extent.end = 0;
            c.components[1].extent.start = 0;
            c.mirror_count = 0;
            // Both start at 0 now, but in one mirror.
        },
        &[(Some(0), Flaw::ZeroLength)],
    );
    changed(
        "pfl3-empty",
        |c| striping(&mut c.components[1]).pattern = Pattern(0x205),
        &[(Some(1), Flaw::UnknownPattern { got: 0x205 })],
    );
    changed(
        "pfl3-empty",
        |c| c.components[1].body = Body::Unknown(vec![1, 0, 0, 0]),
        &[(Some(1), Flaw::UnknownMagic { got: 1 })],
    );
    // Data on the MDT.
    let dom = "dom";
    let size = |c: &mut Composite| striping(&mut c.components[0]).stripe_size = 1 << 20;
    changed(dom, size, &[(Some(0), Flaw::DomSize { end: 65536, stripe_size: 1 << 20 })]);
    let count = |c: &mut Composite| striping(&mut c.components[0]).stripe_count = 3;
    changed(dom, count, &[(Some(0), Flaw::DomStripes { count: 3 })]);
    changed(
        dom,
        |c| {
            let body = c.components[0].body.clone();
            c.components[1].body = body;
        },
        &[
            (Some(1), Flaw::DomPlace),
            (Some(1), Flaw::DomSize { end: u64::MAX, stripe_size: 65536 }),
        ],
    );
    let Body::Striping(mdt) = composite(dom).components.remove(0).body else { panic!() };
    assert_eq!(flaws(&check_layout(&Layout::Plain(mdt))), [(None, Flaw::DomPlace)]);
    // Extension space.
    changed(
        "sel",
        |c| {
            let new = &mut c.components[1];
            new.flags.0 |= ComponentFlags::INIT;
            striping(new).slots = vec![Slot { oi: [77, 0], generation: 0, ost: 9 }];
        },
        &[(Some(1), Flaw::ExtensionInit)],
    );
    changed(
        "sel",
        |c| c.components[2].flags.0 |= ComponentFlags::EXTENSION,
        &[(Some(2), Flaw::ExtensionPlace), (Some(3), Flaw::ExtensionPlace)],
    );
    changed(
        "sel",
        |c| striping(&mut c.components[0]).stripe_size = 96 << 20,
        &[
            (Some(0), Flaw::StripeEnd { end: 64 << 20, stripe_size: 96 << 20 }),
            (Some(1), Flaw::ExtensionSize { kib: 65536 }),
            (Some(1), Flaw::StripeEnd { end: 256 << 20, stripe_size: 96 << 20 }),
        ],
    );
    changed(
        "sel",
        |c| {
            c.components[2].extent.end = 512 << 20;
            c.components[3].extent.start = 512 << 20;
        },
        &[(Some(2), Flaw::Extended)],
    );
}

/// The archive's component is not in the recorded data: the form is that of Lustre's source.
#[test]
fn archives() {
    let foreign = |value: Vec<u8>, flags| {
        Body::Foreign(lustrine::layout::Foreign { kind: 1, flags, value, trailing: vec![] })
    };
    let put = |body| move |c: &mut Composite| c.components[1].body = body;
    changed("flr2-resynced", put(foreign(vec![0; 56], 9)), &[]);
    changed(
        "flr2-resynced",
        put(foreign(vec![0; 8], 0)),
        &[(Some(1), Flaw::ArchiveLength { got: 8 }), (Some(1), Flaw::ArchiveFlags { got: 0 })],
    );
    changed(
        "pfl3-empty",
        |c| c.components[2].body = foreign(vec![0; 56], 1),
        &[(Some(2), Flaw::ForeignExtent), (Some(2), Flaw::ForeignExtent)],
    );
}

/// The bytes of compression mean something only with the pattern; it goes with plain raid0 alone.
#[test]
fn compression() {
    let mut component = composite("pfl3-full").components.remove(2);
    component.compression = [3, 0x92];
    assert_eq!(component.compression(), None);
    striping(&mut component).pattern = Pattern(Pattern::RAID0 | Pattern::COMPRESS);
    let Compression { kind, level, chunk } = component.compression().unwrap();
    assert_eq!((kind, level, chunk), (3, 2, 32 << 20));
    component.compression = [0, 0xf0];
    assert_eq!(component.compression().unwrap().chunk, 2 << 30);
    let parity = Pattern::PARITY | Pattern::COMPRESS | Pattern::RAID0;
    striping(&mut component).pattern = Pattern(parity);
    assert_eq!(component.compression(), None);
    changed(
        "pfl3-full",
        |c| striping(&mut c.components[2]).pattern = Pattern(parity),
        &[(Some(2), Flaw::UnknownPattern { got: parity })],
    );
}

/// Sub-layouts that lie in one another are named, and none is read twice.
#[test]
fn overlaps_cost_nothing() {
    let entries = 1300u16;
    let mut ea = vec![0u8; 32];
    ea[..4].copy_from_slice(&0x0bd6_0bd0u32.to_le_bytes());
    ea[14..16].copy_from_slice(&entries.to_le_bytes());
    for _ in 0..entries {
        let mut entry = [0u8; 48];
        // Each claims the whole table.
        entry[24..28].copy_from_slice(&32u32.to_le_bytes());
        entry[28..32].copy_from_slice(&62400u32.to_le_bytes());
        ea.extend(entry);
    }
    let size = ea.len() as u32;
    ea[4..8].copy_from_slice(&size.to_le_bytes());
    let report = check(&ea);
    let places = |f: &&Finding| matches!(f.what, What::Fault(Fault::SubLayoutPlace { .. }));
    assert_eq!(report.findings.iter().filter(places).count(), usize::from(entries));
}
