//! The other outputs of `lfs getstripe`: without `-v`, and YAML, there and back.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/random.rs"]
mod random;

use golden::{cases, hex, text, text_if_there};
use lustrine::layout::show::{
    Directory, ReadFault, as_on_mdt, getstripe, getstripe_verbose, getstripe_yaml, read_yaml,
};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, Composite, Fid, Foreign, Layout, PoolName, Striping};
use proptest::prelude::*;

/// What the file system says of a recorded directory; `None` for a file's text.
fn directory(recorded: &str) -> Option<Directory> {
    let is_one = recorded.lines().any(|line| line.trim_start().starts_with("stripe_count:"));
    is_one.then(|| Directory { fid: fid(recorded), stripe_size: 4 << 20, stripe_count: 1 })
}

/// The first FID that a text names.
fn fid(recorded: &str) -> Fid {
    let line = recorded.lines().map(str::trim).find_map(|line| line.strip_prefix("lmm_fid:"));
    let Some(line) = line else { return Fid::default() };
    let numbers: Vec<u64> = line
        .trim()
        .trim_matches(['[', ']'])
        .split(':')
        .map(|number| u64::from_str_radix(number.trim_start_matches("0x"), 16).unwrap())
        .collect();
    Fid { seq: numbers[0], oid: numbers[1] as u32, ver: numbers[2] as u32 }
}

/// Each recorded layout: folder, the MDT's form, and what `lfs getstripe -v` printed. Where the
/// MDT's form was not recorded it is made of the client's.
fn recorded() -> Vec<(String, Layout, String)> {
    let folders = cases("layouts").into_iter().map(|name| format!("layouts/{name}"));
    let folders = folders.chain(cases("ec").into_iter().map(|name| format!("ec/{name}")));
    let all: Vec<_> = folders
        .map(|folder| {
            let verbose = text(&format!("{folder}/getstripe.txt"));
            let layout = match text_if_there(&format!("{folder}/ondisk-lov.hex")) {
                Some(ea) => parse(&hex(&ea)).unwrap(),
                None => {
                    let ea = parse(&hex(&text(&format!("{folder}/lov.hex")))).unwrap();
                    as_on_mdt(&ea, fid(&verbose))
                }
            };
            (folder, layout, verbose)
        })
        .collect();
    assert!(all.len() >= 95, "{}", all.len());
    all
}

#[test]
fn verbose_text_of_every_layout() {
    for (folder, layout, verbose) in recorded() {
        let mut shown = getstripe_verbose(&layout, verbose.lines().next().unwrap());
        if let Some(directory) = directory(&verbose) {
            shown = shown.directory(directory);
        }
        assert_eq!(shown.to_string(), verbose, "{folder}");
    }
}

#[test]
fn yaml_of_every_layout() {
    for (folder, layout, verbose) in recorded() {
        let yaml = text(&format!("{folder}/getstripe.yaml"));
        let mut shown = getstripe_yaml(&layout);
        if let Some(directory) = directory(&verbose) {
            shown = shown.directory(directory);
        }
        assert_eq!(shown.to_string(), yaml, "{folder}");
    }
}

/// The lines that `-v` adds are left out, and the dash before a component.
fn without_v(verbose: &str) -> String {
    const ADDED: [&str; 15] = [
        "composite_header:",
        "lcm_magic:",
        "lcm_size:",
        "lcm_flags:",
        "components:",
        "lcme_offset:",
        "lcme_size:",
        "sub_layout:",
        "lmm_magic:",
        "lmm_seq:",
        "lmm_object_id:",
        "lmm_fid:",
        "lfm_magic:",
        "lfm_length:",
        "lfm_type:",
    ];
    verbose
        .split_inclusive('\n')
        .filter(|line| !ADDED.iter().any(|label| line.trim_start().starts_with(label)))
        .filter(|line| !line.starts_with("lfm_flags:"))
        .map(|line| line.replace("  - lcme_id:", "    lcme_id:"))
        .collect()
}

#[test]
fn plain_text_of_every_layout() {
    for (folder, layout, verbose) in recorded() {
        let mut shown = getstripe(&layout, verbose.lines().next().unwrap());
        if let Some(directory) = directory(&verbose) {
            shown = shown.directory(directory);
        }
        assert_eq!(shown.to_string(), without_v(&verbose), "{folder}");
    }
}

/// A client's EA in the MDT's form prints what the MDT's own does, but for what a client hides.
#[test]
fn client_eas_in_the_mdts_form() {
    let mut exact = 0;
    for (folder, disk, verbose) in recorded() {
        let client = parse(&hex(&text(&format!("{folder}/lov.hex")))).unwrap();
        if disk.is_template() {
            assert_eq!(as_on_mdt(&client, fid(&verbose)), client, "{folder}");
            continue;
        }
        let shown =
            getstripe_verbose(&as_on_mdt(&client, fid(&verbose)), verbose.lines().next().unwrap())
                .to_string();
        assert_eq!(shown.lines().count(), verbose.lines().count(), "{folder}");
        for (ours, theirs) in shown.lines().zip(verbose.lines()) {
            let hidden = ["lmm_layout_gen:", "lmm_stripe_offset:"];
            let label = ours.split_whitespace().next().unwrap_or_default();
            assert!(ours == theirs || hidden.contains(&label), "{folder}: {ours} != {theirs}");
        }
        exact += usize::from(shown == verbose);
        // Doing it again changes nothing.
        let once = as_on_mdt(&disk, fid(&verbose));
        assert_eq!(as_on_mdt(&once, fid(&verbose)), once, "{folder}");
    }
    assert!(exact >= 75, "{exact}");
    for name in cases("ec") {
        let verbose = text(&format!("ec/{name}/getstripe-stale.txt"));
        let client = parse(&hex(&text(&format!("ec/{name}/lov-stale.hex")))).unwrap();
        let layout = as_on_mdt(&client, fid(&verbose));
        let shown = getstripe_verbose(&layout, verbose.lines().next().unwrap());
        assert_eq!(shown.to_string(), verbose, "{name}");
    }
}

/// What YAML does not say, and leftovers, cleared.
fn said(layout: &Layout) -> Layout {
    let striping = |striping: &mut Striping, objects: bool, init: bool| {
        striping.oi = [0; 2];
        if init {
            striping.gen_or_offset = 0;
        }
        let mut pool = PoolName::default();
        pool.0[..striping.pool.name().len()].copy_from_slice(striping.pool.name());
        striping.pool = pool;
        if !objects {
            striping.slots.clear();
        }
        for slot in &mut striping.slots {
            slot.generation = 0;
        }
    };
    let mut said = layout.clone();
    let has: Vec<bool> = layout.components().map(|view| view.objects().is_some()).collect();
    match &mut said {
        Layout::Plain(one) => striping(one, has[0], true),
        Layout::Composite(Composite { components, reserved, trailing, .. }) => {
            for (one, objects) in components.iter_mut().zip(has) {
                (one.layout_gen, one.compression) = (0, [0; 2]);
                let init = one.flags.has(0x10);
                if let Body::Striping(inner) = &mut one.body {
                    striping(inner, objects, init);
                }
            }
            *reserved = [0; 14];
            trailing.clear();
        }
        Layout::Foreign(Foreign { kind, .. }) => *kind = 0,
    }
    said
}

#[test]
fn recorded_yaml_is_read_back() {
    let mut same = 0;
    for (folder, disk, _) in recorded() {
        let yaml = text(&format!("{folder}/getstripe.yaml"));
        let read = read_yaml(&yaml).unwrap_or_else(|error| panic!("{folder}: {error}\n{yaml}"));
        let mut shown = getstripe_yaml(&read);
        if read.is_template() {
            shown =
                shown.directory(Directory { fid: Fid::default(), stripe_size: 0, stripe_count: 0 });
        }
        assert_eq!(shown.to_string(), yaml, "{folder}");
        assert_eq!(parse(&emit(&read)), Ok(read.clone()), "{folder}");
        // A directory's defaults, an extension's true count, k and p of what lost its parity, a
        // state that follows from nothing: these are not in the text.
        let dangling = ["ec-deleted-parity-comp", "ec-split-data-kept", "ec-mirror-extend"];
        if !(read.is_template() || dangling.iter().any(|name| folder.contains(name))) {
            assert_eq!(said(&read), said(&disk), "{folder}");
            same += 1;
        }
    }
    assert!(same >= 80, "{same}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn layouts_go_through_their_yaml(layout in random::layout()) {
        let yaml = getstripe_yaml(&layout).to_string();
        let read = read_yaml(&yaml)
            .map_err(|error| TestCaseError::fail(format!("{error}\n{yaml}")))?;
        prop_assert_eq!(said(&read), said(&layout), "{}", yaml);
        prop_assert_eq!(getstripe_yaml(&read).to_string(), yaml);
    }

    /// A text with one line changed: read, or refused at a place that is in it.
    #[test]
    fn damaged_yaml(
        layout in random::layout(), at in any::<prop::sample::Index>(),
        text in prop_oneof!["[ -~]{0,20}", "    lcme_id: [0-9]{1,12}", "  *l[a-z_]{0,16}: +-?[0-9]{0,20}"],
    ) {
        let yaml = getstripe_yaml(&layout).to_string();
        let mut lines: Vec<&str> = yaml.lines().collect();
        let at = at.index(lines.len());
        lines[at] = &text;
        let damaged = lines.join("\n");
        match read_yaml(&damaged) {
            Ok(read) => prop_assert_eq!(parse(&emit(&read)), Ok(read)),
            Err(error) => {
                let line = damaged.split('\n').nth(error.at.line - 1);
                prop_assert!(line.is_some_and(|line| error.at.column <= line.chars().count() + 1));
                prop_assert!(error.to_string().starts_with("line "), "{}", error);
            }
        }
    }
}

#[track_caller]
fn refused(yaml: &str, from: &str, to: &str, message: &str) {
    assert!(yaml.contains(from), "{from}");
    let error = read_yaml(&yaml.replacen(from, to, 1)).expect_err(to);
    assert_eq!(error.to_string(), message);
}

#[test]
fn faults_name_their_line() {
    let yaml = text("layouts/ec-c4-2p2/getstripe.yaml");
    refused(&yaml, "lcm_layout_gen:    ", "lcm_gen: ", "line 1, column 1: unknown key 'lcm_gen'");
    refused(
        &yaml,
        "count:  2\n",
        "count: two\n",
        "line 2, column 19: expected a whole number within the field's range, got 'two'",
    );
    refused(
        &yaml,
        "entry_count:   2",
        "entry_count: 3",
        "line 3, column 18: expected 2, which the rest of the text gives, got 3",
    );
    refused(
        &yaml,
        "lcme_id:             65537",
        "lcme_id: 65536000000",
        "line 5, column 14: expected a whole number within the field's range, got '65536000000'",
    );
    refused(
        &yaml,
        "mirror_id:      1",
        "mirror_id:      2",
        "line 6, column 26: expected 1, which the rest of the text gives, got 2",
    );
    refused(
        &yaml,
        "lcme_flags:          init",
        "lcme_flags: intit",
        "line 7, column 17: expected names of flags, got 'intit'",
    );
    refused(
        &yaml,
        "e_start: 0",
        "e_start: -1",
        "line 9, column 26: expected a whole number within the field's range, got '-1'",
    );
    let one = "      - l_ost_idx: ";
    let at = yaml.find(one).unwrap();
    let end = at + yaml[at..].match_indices('\n').nth(1).unwrap().0 + 1;
    let short = read_yaml(&[&yaml[..at], &yaml[end..]].concat()).unwrap_err();
    assert!(matches!(short.fault, ReadFault::Disagrees { .. } | ReadFault::Layout(_)), "{short}");
    let fid = "l_fid:     0x";
    refused(&yaml, fid, "l_fid: x0x", &{
        let line = yaml[..yaml.find(fid).unwrap()].lines().count();
        let value = yaml[yaml.find(fid).unwrap() + 11..].lines().next().unwrap();
        format!("line {line}, column 16: expected a FID, as 0x540000400:0xa:0x0, got 'x{value}'")
    });
    let error = read_yaml("components:\n- lcme_id: 1\n").unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 1: the key 'lcm_entry_count' is missing here");
    let error = read_yaml("lfm_value: 'a'\nx: 1").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 1: unknown key 'x'");
    let error = read_yaml("- a").unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 1: expected a mapping, got a sequence");
    assert!(matches!(read_yaml("a: {").unwrap_err().fault, ReadFault::Yaml(_)));
}

/// An HSM component and an unknown one go through YAML too.
#[test]
fn foreign_components() {
    let plain = parse(&hex(&text("layouts/ec-c4-2p2/lov.hex"))).unwrap();
    let Layout::Composite(mut composite) = plain else { panic!("composite") };
    composite.components.truncate(1);
    (composite.mirror_count, composite.flags) = (0, 0);
    let one = &mut composite.components[0];
    (one.link_id, one.data, one.parity) = (0, 0, 0);
    let mut value = vec![0; 56];
    (value[0], value[9]) = (7, 1);
    value[16..20].copy_from_slice(b"uuid");
    for body in [
        Body::Foreign(Foreign { kind: 1, flags: 9, value, trailing: vec![] }),
        Body::Unknown(vec![0x77, 0x0b, 0xd0, 0x0b]),
    ] {
        composite.components[0].body = body;
        let layout = Layout::Composite(composite.clone());
        assert_eq!(read_yaml(&getstripe_yaml(&layout).to_string()), Ok(layout));
    }
}
