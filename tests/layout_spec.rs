//! `lfs setstripe` options: requests, stored layouts and refusals of a real Lustre.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, packed, text, text_if_there};
use lustrine::layout::spec::{
    Change, ComponentKind, FlagChange, Select, Spec, SpecError, SpecFault, StripeCount,
};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, ComponentFlags, EOF, Layout, PoolName, Striping};

/// What `cmd.txt`'s first setstripe or mirror create asks for: the options, without the file, and
/// the spec.
fn asked(command: &str) -> Option<(&str, Result<Spec, SpecError>)> {
    let line = command.lines().find(|line| line.starts_with("lfs "))?;
    let setstripe = line.strip_prefix("lfs setstripe ");
    let create = line.strip_prefix("lfs mirror create ");
    let tail = setstripe.or(create)?;
    let options = tail.strip_suffix(" F").or_else(|| tail.strip_suffix(" FILE"))?;
    let spec = if create.is_some() { Spec::parse_mirrors(options) } else { Spec::parse(options) };
    Some((options, spec))
}

/// Removes what liblustreapi and the MDT leave undefined in a request.
fn mask(striping: &mut Striping) {
    striping.oi = [0; 2];
    let len = striping.pool.name().len();
    let mut pool = PoolName::default();
    pool.0[..len].copy_from_slice(striping.pool.name());
    striping.pool = pool;
}

fn masked(mut layout: Layout) -> Layout {
    match &mut layout {
        Layout::Plain(striping) => mask(striping),
        Layout::Composite(composite) => {
            for component in &mut composite.components {
                if let Body::Striping(striping) = &mut component.body {
                    mask(striping);
                }
            }
        }
        Layout::Foreign(_) => {}
    }
    layout
}

#[test]
fn requests_are_those_of_lfs() {
    let mut compared = 0;
    for name in cases("layouts") {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let Some((options, spec)) = asked(&command) else { continue };
        let spec = spec.unwrap_or_else(|error| panic!("{name}: {}", error.caret(options)));
        let request = spec.request();
        assert!(spec.foreign.is_some() || request.is_template(), "{name}");
        // Plain and foreign requests go by ioctl, which was not recorded: those are compared as
        // stored, here if foreign, else in `layout_allocate`.
        let path = format!("layouts/{name}/setstripe-packed.txt");
        let golden = match text_if_there(&path).and_then(|text| packed(&text)) {
            Some(blob) => masked(parse(&blob).unwrap()),
            None if spec.foreign.is_some() => {
                parse(&hex(&text(&format!("layouts/{name}/lov.hex")))).unwrap()
            }
            None => continue,
        };
        assert_eq!(request, golden, "{name}: {options}");
        assert_eq!(emit(&request), emit(&golden), "{name}");
        compared += 1;
    }
    assert!(compared >= 50, "only {compared} requests were compared");
}

/// A directory stores the plain request as it is.
#[test]
fn plain_requests_are_those_of_lfs() {
    for name in ["dir-plain", "dir-plain-pool", "dir-i3", "dir-overstripe"] {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let stored = text_if_there(&format!("layouts/{name}/ondisk-lov.hex"))
            .unwrap_or_else(|| text(&format!("layouts/{name}/lov.hex")));
        let stored = parse(&hex(&stored)).unwrap();
        let spec = asked(&command).unwrap().1.unwrap();
        assert_eq!(spec.request(), masked(stored), "{name}");
    }
}

/// (command, exit code, stderr) of every command in errors.txt.
fn recorded() -> Vec<(String, i32, String)> {
    let all = text("errors.txt");
    let cases: Vec<_> = all
        .split("### ")
        .skip(1)
        .map(|case| {
            let (command, rest) = case.split_once('\n').unwrap();
            let exit = rest.lines().next().unwrap().strip_prefix("exit=").unwrap();
            let stderr: Vec<&str> =
                rest.lines().filter_map(|line| line.strip_prefix("stderr: ")).collect();
            (command.to_owned(), exit.parse().unwrap(), stderr.join("\n"))
        })
        .collect();
    assert!(cases.len() > 80, "{} cases", cases.len());
    cases
}

/// What `lfs` refuses by its own judgement is refused, in its words; the rest is accepted here.
/// What only file systems and files can refuse is tried in `layout_allocate` and `layout_edit`.
#[test]
fn refusals_are_those_of_lfs() {
    // Refused by what the MDT or the machine knows, not by the options.
    let not_by_options =
        ["No space left on device", "setstripe error for", "does not exist", "LFS_EC_OK"];
    let (mut refused, mut accepted) = (0, 0);
    for (command, exit, stderr) in recorded() {
        let Some((options, spec)) = asked(&command) else {
            assert!(!command.ends_with(" FILE"), "{command} was not tried");
            continue;
        };
        let by_options = exit != 0 && !not_by_options.iter().any(|text| stderr.contains(text));
        match spec {
            Err(error) => {
                assert!(by_options, "{options}: {error}");
                assert!(error.range.end <= options.len(), "{options}: {:?}", error.range);
                let ours = matches!(
                    error.fault,
                    SpecFault::TooManyMirrors { .. } | SpecFault::NeedsFile(_)
                );
                let sentence = error.to_string();
                let core = sentence.split(" (").next().unwrap();
                assert!(ours || stderr.contains(core), "{options}\nours: {error}\nlfs: {stderr}");
                refused += 1;
            }
            Ok(_) => {
                assert!(!by_options, "{options} was accepted, but lfs says {stderr}");
                accepted += 1;
            }
        }
    }
    assert!(refused >= 45, "{refused} refusals");
    assert!(accepted >= 19, "{accepted} accepted");
    // The refused layouts of the index.
    for name in cases("refused") {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let (_, spec) = asked(&command).unwrap();
        let error = spec.expect_err(&name);
        let sentence = error.to_string();
        let theirs = match error.fault {
            // Of the first, `lfs` only says what the MDT answers; the other names a file.
            SpecFault::EcOnMdt => "Invalid argument",
            SpecFault::OtherFile(_) => "--copy",
            _ => sentence.split(" (").next().unwrap(),
        };
        assert!(command.contains(theirs), "{name}: {error}");
    }
}

#[track_caller]
fn refused_at(options: &str, word: &str, sentence: &str) {
    let error = Spec::parse(options).expect_err(options);
    assert_eq!((&options[error.range.clone()], error.to_string().as_str()), (word, sentence));
}

#[test]
fn errors_name_the_word() {
    let last = 9_223_372_036_854_710_272u64;
    assert!(Spec::parse(&format!("-E {last} -E -1")).is_ok());
    refused_at(
        "-E 9223372036854775808 -E -1",
        "9223372036854775808",
        "invalid component end '9223372036854775808'",
    );
    refused_at("-E 8E -c 1", "8E", "invalid component end '8E'");
    refused_at("-E 16777215T", "16777215T", "invalid component end '16777215T'");
    refused_at("-E 4M -S 100000 -c 1", "100000", "invalid stripe size '100000'");
    refused_at("-E4X", "-E4X", "invalid component end '4X'");
    refused_at(
        "-E -1 --ec=4+5",
        "--ec=4+5",
        "parity count (5) must be less than or equal to data count (4)",
    );
    refused_at("-c 3 -o 1,2", "1,2", "stripe_count(3) != nr_tgts(2)");
    refused_at("-E 4M -E 2M -E -1", "-E 2M", "Set extent [4194304, 2097152) failed");
    refused_at(
        "-E -1 -c 1 --ec 2+2",
        "--ec 2+2",
        "cannot add EC component [0, 18446744073709551615] to protect mirror id 1 with EC(1+2)",
    );
    refused_at(
        "-E -1 -C -2 --ec 4+2",
        "--ec 4+2",
        "cannot add EC component [0, 18446744073709551615] to protect mirror id 1 with EC(4+2)",
    );
    assert_eq!(Spec::parse("-C -1 --ec 4+2").unwrap().mirrors[0][0].ec.unwrap().data, 4);
    refused_at(
        "-E 1M --yaml=x",
        "--yaml=x",
        "option '--yaml' names a file, which is not read here",
    );
    refused_at("-d", "-d", "option '-d' makes no layout");
    refused_at("-E 1M -L mdt -E 2M -L mdt", "mdt", "'mdt' layout can be only the first one");
    refused_at("-E 1M -L pfl", "pfl", "Invalid pattern: 'pfl' (expected mdt or raid0)");
    refused_at(
        "-E 1M -L mdt -S 64K -E -1",
        "64K",
        "Option 'stripe-size' 65536 of a Data-on-MDT component must be its length 1048576",
    );
    refused_at(
        "-E 1M -L mdt -p fast -E -1",
        "fast",
        "Option 'pool' can't be specified with Data-on-MDT component: fast",
    );
    refused_at("-E 1G -z x", "x", "invalid extension size 'x'");
    refused_at(
        "-E 1G -S 96M -z 64M -E -1",
        "-E 1G",
        "The component end must be aligned by the stripe size",
    );
    refused_at(
        "-E 960M -S 96M -z 64M -E -1",
        "-E 960M",
        "The component end must be aligned by the stripe size",
    );
    refused_at(
        "-E 1G -S 128M -E 4G -z 192M",
        "192M",
        "The extension size must be aligned by the stripe size",
    );
    refused_at(
        "-E 1M --comp-flags=stale",
        "--comp-flags=stale",
        "Wrong flags ('stale' on a new component)",
    );
    refused_at(
        "-E 1M --comp-flags=^prefer",
        "--comp-flags=^prefer",
        "Wrong flags ('^prefer' on a new component)",
    );
    refused_at("-E 1M --comp-flags prefers", "prefers", "invalid component flags 'prefers'");
    refused_at(
        "-c 1 --comp-flags prefer",
        "-c 1 --comp-flags prefer",
        "component flags need a component: give its end, -E",
    );
    refused_at(
        "-N --flags=stale",
        "--flags=stale",
        "invalid mirror flags 'stale' (expected some of prefer, prefrd, prefwr, nocompr)",
    );
    refused_at("-E 1M --flags 1", "1", "--xattr, --flags and --mode are options of --foreign");
    refused_at(
        "--foreign --flags xy -x v",
        "xy",
        "invalid foreign flags 'xy' (expected a hexadecimal number)",
    );
    refused_at(
        "--comp-add -E 1M",
        "--comp-add",
        "option '--comp-add' changes the layout of a file, and none is given",
    );
    refused_at("--comp-add=x -E 1M", "--comp-add=x", "option '--comp-add' takes no argument");
    refused_at("-E", "-E", "option '-E' needs an argument");
    refused_at("-Q", "-Q", "unknown option '-Q'");
    refused_at("--stripes 4", "--stripes", "unknown option '--stripes'");
    refused_at("-c 4 file", "file", "'file' is no option");
    refused_at("-E 4M -c 0 -E -1", "0", "Set stripe count 0 failed");
    refused_at("-E 4M -S 0 -E -1", "0", "Set stripe size 0 failed");
    refused_at("-i 70000", "70000", "invalid OST index '70000'");
    refused_at("-i 5 -o 1-3", "5", "start index 5 is not in the OST list");
    refused_at("-o 0-4000000000", "0-4000000000", "invalid OST list '0-4000000000'");
    refused_at("-o 5-2", "5-2", "invalid OST list '5-2'");
    let dom = "-N -E 1M -L mdt -E -1 -N -E 64K -L mdt -E -1";
    refused_at(
        dom,
        dom,
        "data on the MDT of 65536 bytes in one mirror, expected 1048576 as in the first",
    );
    assert!(Spec::parse(&dom.replace("64K", "1M")).is_ok());
    refused_at("-N0", "-N0", "invalid mirror count '0'");
    refused_at("-N2 -E 1M -N -E -1", "-N2 -E 1M -N -E -1", "Incomplete mirror - must go to EOF");
    refused_at("-c 'x", "'x", "the quote does not end");
    let options = "-E -1 -c é --ec 4+2";
    let error = Spec::parse(options).unwrap_err();
    let shown = error.caret(options).to_string();
    assert_eq!(shown, format!("{options}\n         ^\ninvalid stripe count 'é'"));
}

#[test]
fn spellings_are_equal() {
    let reference = Spec::parse("-E 4M -c 4 -S 1M --ec 4+2 -E -1 -p pool").unwrap();
    for options in [
        "-E4M -c4 -S1M --ec=4+2 -E-1 -ppool",
        "--component-end 4M --stripe-count 4 --stripe-size 1M --ec-stripe-count 4:2 -E eof -p pool",
        "--comp-end=4M --stripe-count=4 --stripe-size=1024K --ec 0x4+02 -E EOF --pool=pool",
        "-c 4 --ec 4+2 -S 1M -E 4096K -E -1 -p pool",
    ] {
        assert_eq!(Spec::parse(options).as_ref(), Ok(&reference), "{options}");
    }
    assert_ne!(Spec::parse("-E 4M -c 4 -S 1M --ec 4+2 -E -1").unwrap(), reference);
}

/// What stands before the first dot is the file system's name.
#[test]
fn pools() {
    let pool = |options| Spec::parse(options).unwrap().mirrors.remove(0).remove(0).pool;
    assert_eq!(pool("-p lustre.fast"), pool("-p fast"));
    assert_eq!(pool("-p verylongfsname1.longpoolname15c").name(), b"longpoolname15c");
    assert_eq!(pool("-p fs.a.b").name(), b"a.b");
    assert_eq!(pool("-p none").name(), b"");
    refused_at("-p fs.", "fs.", "Invalid Poolname 'fs.'");
    let long = "fs.longpoolname16cc";
    refused_at(&format!("-p {long}"), long, &format!("Invalid Poolname '{long}'"));
}

#[test]
fn lists_of_osts() {
    let component = |options| Spec::parse(options).unwrap().mirrors.remove(0).remove(0);
    let list = component("-o 4,0x7-9 -o 1 -S 1M");
    assert_eq!((list.osts, list.index, list.overstriping), (vec![4, 7, 8, 9, 1], Some(4), false));
    assert!(component("-o 1,2,1").overstriping);
    assert_eq!(component("-o 1,2 -i 2").index, Some(2));
    let request = Spec::parse("-o 5,6 -c 2").unwrap().request();
    let Layout::Plain(striping) = request else { panic!("a plain request") };
    assert_eq!((striping.stripe_count, striping.gen_or_offset, striping.slots.len()), (2, 5, 2));
    assert_eq!(striping.magic(), 0x0bd5_0bd0);
}

/// Codes count from the first component that has one, as `lfs` does.
#[test]
fn codes_shift_towards_the_start() {
    let spec = Spec::parse("-E 64M -c 8 -E 128M --ec 4+2 -E -1 --ec 8+2").unwrap();
    let codes: Vec<_> = spec.mirrors[0].iter().map(|c| c.ec.unwrap()).collect();
    assert_eq!(
        codes.iter().map(|ec| (ec.data, ec.parity)).collect::<Vec<_>>(),
        [(4, 2), (8, 2), (8, 2)]
    );
}

/// One step of extension space makes the first component, none the later ones.
#[test]
fn self_extending_components() {
    let spec = Spec::parse("-E 256M -c 1 -z 64M -E -1 -c 4 -z 256M").unwrap();
    let parts: Vec<_> = spec.mirrors[0]
        .iter()
        .map(|c| (c.extent.start >> 20, c.extent.end >> 20, c.kind))
        .collect();
    let space = |kib| ComponentKind::Extension { kib };
    assert_eq!(
        parts,
        [
            (0, 64, ComponentKind::Striped),
            (64, 256, space(65536)),
            (256, 256, ComponentKind::Striped),
            (256, EOF >> 20, space(262144)),
        ]
    );
}

#[test]
fn changes_of_files() {
    let parse = |options| Change::parse(options, 1 << 20);
    let Ok(Change::Add(new)) = parse("--component-add -E 4M -c 2 -E -1 -c 4") else { panic!() };
    let extents: Vec<_> = new.iter().map(|c| (c.extent.start, c.extent.end)).collect();
    assert_eq!(extents, [(1 << 20, 4 << 20), (4 << 20, EOF)]);
    assert_eq!(new[1].stripe_count, StripeCount::Exact(4));
    let id = Select::Id(0x10001);
    assert_eq!(parse("--comp-del -I 65537"), Ok(Change::Remove(id)));
    let flags = FlagChange { set: 0, clear: ComponentFlags::INIT };
    assert_eq!(parse("--comp-del --comp-flags=^init"), Ok(Change::Remove(Select::Flags(flags))));
    let flags = FlagChange { set: ComponentFlags::NOSYNC, clear: ComponentFlags::STALE };
    let set = parse("--comp-set -I 0x10001 --comp-flags=nosync,^stale");
    assert_eq!(set, Ok(Change::Flags(id, flags)));
    let refused = |options: &str, end, word: &str, sentence: &str| {
        let error = Change::parse(options, end).expect_err(options);
        assert_eq!((&options[error.range.clone()], error.to_string().as_str()), (word, sentence));
    };
    refused(
        "--comp-add -E -1 -c 4 --ec 4+2",
        1 << 20,
        "--ec 4+2",
        "--ec cannot be used with --component-add/del/set",
    );
    refused("--comp-add -E 1M", 4 << 20, "-E 1M", "Set extent [4194304, 1048576) failed");
    refused("--comp-add -E 4M", EOF, "-E 4M", "Add component failed (behind EOF)");
    refused("--comp-add -E 4M -L mdt", 65536, "mdt", "'mdt' layout can be only the first one");
    refused("--comp-add -c 4", 0, "--comp-add", "--comp-add needs the new component's end, -E");
    refused(
        "--comp-del --comp-set",
        0,
        "--comp-set",
        "only one of --comp-add, --comp-del and --comp-set can be given",
    );
    refused("--comp-set -I 1", 0, "--comp-set", "--comp-set needs --comp-flags");
    refused("-c 1", 0, "-c 1", "expected one of --comp-add, --comp-del and --comp-set");
    let excluded =
        "-I and -F are mutually exclusive when used with --component-del (-F is --comp-flags)";
    refused("--comp-del -I 1 --comp-flags=init", 0, "--comp-flags=init", excluded);
    refused("--comp-flags prefer -I 1 --comp-del", 0, "--comp-flags prefer", excluded);
    for (options, word) in [
        ("-c 2", "-c"),
        ("-E 1M", "-E"),
        ("--stripe-size=1M", "--stripe-size=1M"),
        ("-C -1", "-C"),
        ("-i 1", "-i"),
        ("-o1", "-o1"),
        ("-p x", "-p"),
        ("-L raid0", "-L"),
        ("-z 64M", "-z"),
        ("-N2", "-N2"),
        ("--foreign", "--foreign"),
        ("-x v", "-x"),
    ] {
        for (change, name) in [
            ("--comp-del -I 1", "--component-del"),
            ("--comp-set -I 1 --comp-flags=prefer", "--component-set"),
        ] {
            let option = word.split('=').next().unwrap();
            let option = if word.starts_with("--") { option } else { &word[..2] };
            let sentence = format!("option '{option}' cannot be used with {name}");
            refused(&format!("{change} {options}"), 0, word, &sentence);
            refused(&format!("{options} {change}"), 0, word, &sentence);
        }
    }
    refused("--comp-add -E 4M -I 7", 0, "7", "option '-I' cannot be used with --component-add");
    refused("--comp-del -I 0", 0, "0", "invalid component id '0'");
}

#[test]
fn foreign_layouts() {
    let value = |options| Spec::parse(options).unwrap().foreign.unwrap();
    let symlink = value("--foreign=symlink --flags=0xda08 -x 'a b'");
    assert_eq!((symlink.kind, symlink.flags, symlink.value), (0xda05, 0xda08, b"a b".to_vec()));
    assert_eq!(value("--foreign --xattr=x --mode 644").kind, 0);
    assert_eq!(value("--foreign=17 --xattr x").kind, 17);
}

/// What no extended attribute holds is refused before it costs anything.
#[test]
fn requests_have_64_kib() {
    let ends = |components: u64, options: &str| {
        (1..=components).map(|end| format!("-E {}K {options} ", end * 64)).collect::<String>()
    };
    // 32 bytes, and 80 for each component; 96 with a pool.
    for (components, options, bytes) in [(818, "", 65472), (682, "-p x", 65504)] {
        let spec = Spec::parse(&ends(components, options)).unwrap();
        assert_eq!(emit(&spec.request()).len(), bytes);
        let error = Spec::parse(&ends(components + 1, options)).unwrap_err();
        let bytes = bytes + if options.is_empty() { 80 } else { 96 };
        assert_eq!(error.fault, SpecFault::TooLarge { bytes });
    }
    // So many pairs of data and parity that 16 bits would not count them.
    let many = ends(70_000, "--ec 2+1");
    let error = Spec::parse(&many).unwrap_err();
    assert_eq!(error.fault, SpecFault::TooLarge { bytes: 820 * 80 });
    assert_eq!(&many[error.range], "-E 52480K");
    // Codes double what is asked for.
    assert!(Spec::parse(&(ends(408, "--ec 2+1 -S 64K") + "-E -1")).is_ok());
    let error = Spec::parse(&(ends(409, "--ec 2+1 -S 64K") + "-E -1")).unwrap_err();
    assert_eq!(error.fault, SpecFault::TooLarge { bytes: 32 + 820 * 80 });
    // Lists of OSTs count too.
    let list = "-E 1G -S 64K -o 0-1999 -E -1 -o 0-1999";
    let error = Spec::parse(list).unwrap_err();
    assert_eq!(error.to_string().split(", ").nth(1), Some("an extended attribute holds 65536"));
    let value = "x".repeat(65536);
    let error = Spec::parse(&format!("--foreign -x {value}")).unwrap_err();
    assert!(matches!(error.fault, SpecFault::TooLarge { .. }), "{error}");
    let yaml: String = (1..=819u64)
        .map(|end| format!("- lcme_extent.e_end: {}\n  lmm_stripe_count: 1\n", end * 65536))
        .collect();
    let error = Spec::parse_yaml(&yaml).unwrap_err();
    assert!(error.fault.starts_with("the request takes 65552 bytes"), "{error}");
}

/// Words that hold line breaks and escapes do not reach the terminal as such.
#[test]
fn errors_are_three_lines() {
    for options in ["\\\n#\n", "-E 1M\n-c 'x\u{1b}[31m'", "-p \"a\tpool of many words\""] {
        let error = Spec::parse(options).unwrap_err();
        let text = error.caret(options).to_string();
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.replace('\n', "").contains(char::is_control), "{text:?}");
    }
}
