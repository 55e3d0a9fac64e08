//! `lfs getstripe -v`, character for character.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, text, text_if_there};
use lustrine::layout::show::{Directory, getstripe_verbose};
use lustrine::layout::xattr::parse;
use lustrine::layout::{Body, Component, ComponentFlags, ComponentId, Composite, Extent, Fid};
use lustrine::layout::{Foreign, Layout, PoolName, Slot, Striping};

/// The FID that the recorded text says the directory has: only the file system knows it.
fn directory_fid(recorded: &str) -> Fid {
    let line = recorded.lines().map(str::trim).find_map(|line| line.strip_prefix("lmm_fid:"));
    let fid = line.unwrap().trim().trim_matches(['[', ']']);
    let numbers: Vec<u64> = fid
        .split(':')
        .map(|number| u64::from_str_radix(number.trim_start_matches("0x"), 16).unwrap())
        .collect();
    Fid { seq: numbers[0], oid: numbers[1] as u32, ver: numbers[2] as u32 }
}

#[track_caller]
fn compare(name: &str, ea: &str, recorded: &str) {
    let layout = parse(&hex(ea)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let path = recorded.lines().next().unwrap();
    let mut shown = getstripe_verbose(&layout, path);
    // Only a directory's text has fields without their lmm_.
    if recorded.lines().any(|line| line.trim_start().starts_with("stripe_count:")) {
        assert!(layout.is_template(), "{name}");
        let fid = directory_fid(recorded);
        shown = shown.directory(Directory { fid, stripe_size: 4 << 20, stripe_count: 1 });
    }
    assert_eq!(shown.to_string(), recorded, "{name}");
}

#[test]
fn every_recorded_text() {
    let mut compared = 0;
    for name in cases("layouts") {
        let recorded = text(&format!("layouts/{name}/getstripe.txt"));
        let disk = text_if_there(&format!("layouts/{name}/ondisk-lov.hex"));
        let ea = match disk {
            Some(ea) => ea,
            // Of files whose MDT's form was not recorded, the client's says less.
            None if name == "file-in-dir-ec" => continue,
            None => text(&format!("layouts/{name}/lov.hex")),
        };
        compare(&name, &ea, &recorded);
        compared += 1;
    }
    assert!(compared >= 70, "{compared}");
    for name in cases("ec") {
        let read = |file: &str| text(&format!("ec/{name}/{file}"));
        compare(&name, &read("ondisk-lov.hex"), &read("getstripe.txt"));
    }
}

/// Of a client's EA all can be printed but what only the MDT has.
#[test]
fn client_eas_differ_where_they_must() {
    let mut compared = 0;
    for name in cases("ec") {
        for (ea, recorded) in
            [("lov.hex", "getstripe.txt"), ("lov-stale.hex", "getstripe-stale.txt")]
        {
            let layout = parse(&hex(&text(&format!("ec/{name}/{ea}")))).unwrap();
            let recorded = text(&format!("ec/{name}/{recorded}"));
            let shown = getstripe_verbose(&layout, recorded.lines().next().unwrap()).to_string();
            assert_eq!(shown.lines().count(), recorded.lines().count(), "{name}");
            for (ours, theirs) in shown.lines().zip(recorded.lines()) {
                let mdt_only = [
                    "lmm_seq:",
                    "lmm_object_id:",
                    "lmm_fid:",
                    "lmm_layout_gen:",
                    "lcm_size:",
                    "lcme_offset:",
                    "lcme_size:",
                ];
                if ours != theirs {
                    let label = ours.split_whitespace().next().unwrap();
                    assert!(mdt_only.contains(&label), "{name}: {ours} != {theirs}");
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 1000);
}

fn entry(body: Body) -> Component {
    Component {
        id: ComponentId(0x10001),
        flags: ComponentFlags(0),
        extent: Extent::WHOLE,
        layout_gen: 0,
        timestamp: 0,
        link_id: 0,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body,
    }
}

fn composite(component: Component) -> Layout {
    Layout::Composite(Composite {
        sel: false,
        layout_gen: 1,
        flags: 0x9,
        mirror_count: 1,
        reserved: [0; 14],
        components: vec![component],
        trailing: vec![],
    })
}

/// Not in the recorded data: the form is that of Lustre's source.
#[test]
fn hsm_components() {
    let mut value = vec![0; 56];
    value[0] = 7;
    value[8] = 9;
    value[16..20].copy_from_slice(b"uuid");
    let foreign = Foreign { kind: 1, flags: 9, value, trailing: vec![] };
    let layout = composite(entry(Body::Foreign(foreign)));
    let shown = getstripe_verbose(&layout, "F").to_string();
    let tail = "    sub_layout:
      lhm_magic:         0x0BD70BD0
      lhm_pattern:       foreign
      lhm_length:        56
      lhm_type:          0x00000001 (posix)
      lhm_flags:         exists,archived,0x9
      lhm_archive_id:    7
      lhm_archive_ver:   9
      lhm_archive_uuid:  'uuid'
";
    assert!(shown.ends_with(tail), "{shown}");
    assert!(shown.contains("\n  lcm_flags:         ro,pccro\n"), "{shown}");
}

#[test]
fn timestamps_are_local() {
    let mut component = entry(Body::Unknown(vec![0xaa, 0x0b, 0xd0, 0x0b]));
    component.timestamp = 1_780_000_000;
    let layout = composite(component);
    let shown = getstripe_verbose(&layout, "F");
    assert!(shown.to_string().contains("lcme_timestamp:      '2026-05-28T20:26:40+0000'\n"));
    assert!(shown.to_string().ends_with("lmm_magic:         0x0BD00BAA\n\n"));
    let east = shown.utc_offset(7200).to_string();
    assert!(east.contains("lcme_timestamp:      '2026-05-28T22:26:40+0200'\n"), "{east}");
}

/// Objects of the legacy sequence, a lost stripe, and a list of OSTs.
#[test]
fn legacy_objects_and_lists() {
    let ea = hex(&text("layouts/plain-4/ondisk-lov.hex"));
    let Ok(Layout::Plain(mut striping)) = parse(&ea) else { panic!("a plain layout") };
    striping.slots[0] = Slot { oi: [0x12_3456_789a, 0], generation: 0, ost: 5 };
    striping.slots[1] = Slot::default();
    let shown = getstripe_verbose(&Layout::Plain(striping.clone()), "F").to_string();
    assert!(
        shown.contains("\n\t     5\t   78187493530\t 0x123456789a\t             0\n"),
        "{shown}"
    );
    assert!(
        shown.contains("\n\t     0\t             0\t            0\t             0\n"),
        "{shown}"
    );

    let list = Striping {
        kind: lustrine::layout::StripingKind::Specific,
        stripe_count: 4,
        stripe_size: 0,
        gen_or_offset: 5,
        pool: PoolName(*b"p\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ..striping
    };
    let directory = Directory { fid: Fid::default(), stripe_size: 4 << 20, stripe_count: 1 };
    let layout = Layout::Plain(list);
    let shown = getstripe_verbose(&layout, "D").directory(directory).to_string();
    let ignored = |mut layout: Layout| {
        let Layout::Plain(striping) = &mut layout else { panic!("a plain layout") };
        striping.pool.0[..6].copy_from_slice(b"ignore");
        getstripe_verbose(&layout, "D").to_string()
    };
    assert!(!ignored(layout.clone()).contains("lmm_pool"), "no pool was asked for");
    let expected = "D
lmm_fid:           [0:0x0:0x0]
stripe_count:  4 stripe_size:   4194304 pattern:       raid0 stripe_offset: 5 pool:          p
\tobdidx\t\t objid\t\t objid\t\t group
\t     5\t           N/A\t          N/A\t           N/A
";
    assert!(shown.starts_with(expected), "{shown}");
}
