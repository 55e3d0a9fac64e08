//! `lfs setstripe` options: requests, stored layouts and refusals of a real Lustre.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, packed, text, text_if_there};
use lustrine::layout::spec::{
    Change, ComponentKind, CopyFault, FlagChange, Select, Spec, SpecError, SpecFault, StripeCount,
};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, ComponentFlags, EOF, Layout, PoolName, Striping};
use proptest::prelude::*;

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

/// Shortest means: what `lfs` would have to be told, and no word more.
#[test]
fn shortest_options() {
    for (options, shortest) in [
        ("", ""),
        ("-c 0 -S 0", ""),
        ("-C 2 -i 3 -S 4096K -p fast", "-S 4M -C 2 -i 3 -p fast"),
        ("-o 1,2,3,4,7,9 -c 6", "-o 1-4,7,9"),
        ("-o 3,1,3", "-o 3,1,3"),
        ("-o 1,2 -i 2", "-i 2 -o 1,2"),
        ("-E EOF -c 4", "-N -c 4"),
        ("-E 4M -c 1 -E 64M -c 4 -E -1 -c 4", "-E 4M -c 1 -E 64M -c 4 -E -1"),
        ("-E 1M -C 4 -E -1", "-E 1M -C 4 -E -1"),
        ("-E 1M -C 4 -E -1 -C 4", "-E 1M -C 4 -E -1 -C 4"),
        ("-E 1M -p x -S 64K -E -1 -p none", "-E 1M -S 64K -p x -E -1 -p ''"),
        ("-E 64K -L mdt -S 64K -E -1 -c 2", "-E 64K -L mdt -E -1 -c 2"),
        ("-E -1 -c 8 --ec 4+2", "-c 8 --ec 4+2"),
        ("-E -1 -c 4 --ec 8+2", "--ec 4+2"),
        ("-c 1 --ec 3+1", "-c 1 --ec 2+1"),
        ("-c 256 --ec-expert 64+4", "-c 256 --ec-expert 64+4"),
        ("-E 128M -E -1 --ec 2+1", "-E 128M --ec 2+1 -E -1"),
        ("-E 128M --ec 6+2 -E -1 -c 2", "-E 128M --ec 6+2 -E -1 -c 2"),
        ("-E 1M -c 4 --ec 8+2 -E -1 -c 8 --ec 8+2", "-E 1M --ec 4+2 -E -1 --ec 8+2"),
        (
            "-E 1M -c 16 --ec 8+2 -E 1G -c 6 --ec 8+2 -E -1 -c 16",
            "-E 1M -c 16 --ec 8+2 -E 1G -c 6 -E -1 -c 16",
        ),
        ("-N -c 1 -N -c 1 -N -c 2", "-N2 -c 1 -N -c 2"),
        ("-N --flags=prefer -E 1M -E -1 -N -E -1", "-N --flags=prefer -E 1M -E -1 -N"),
        ("-N -E -1 --comp-flags=prefrd,prefwr,nosync -N", "-N --comp-flags=prefer,nosync -N"),
        ("-E 256M -c 1 -z 64M -E -1 -c 4 -z 256M", "-E 256M -c 1 -z 64M -E -1 -c 4 -z 256M"),
        ("-E -1 -z 64M -c 2", "-c 2 -z 64M"),
        ("--foreign=0xda05 -x \"it's\" --flags 0x0A", "--foreign=symlink --flags=a -x 'it'\\''s'"),
    ] {
        let spec = Spec::parse(options).unwrap_or_else(|error| panic!("{options}: {error}"));
        let shown = spec.to_string();
        assert_eq!(Spec::parse(&shown).as_ref(), Ok(&spec), "{options} -> {shown}");
        if options.contains("nosync") {
            assert!(shown.len() < options.len(), "{shown}");
        } else {
            assert_eq!(shown, shortest, "{options}");
        }
    }
}

/// Option strings of all kinds: most of them are accepted.
fn options() -> impl Strategy<Value = String> {
    let size = prop_oneof![Just("64K"), Just("1M"), Just("4M")];
    let count = prop_oneof![4 => (1u16..9).prop_map(i32::from), 1 => -3..0i32];
    let code = prop_oneof![Just("2+1"), Just("4+2"), Just("3:1"), Just("8+2")];
    let pool = prop_oneof![Just("fast"), Just("''"), Just("ignore"), Just("'a b'")];
    let flags = prop_oneof![Just("prefer"), Just("prefrd"), Just("nosync"), Just("nocompr")];
    let osts = proptest::collection::vec(0u32..12, 1..5)
        .prop_map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
    let some = |probability| proptest::option::weighted(probability, Just(()));
    let component = (
        proptest::option::weighted(0.3, size.prop_map(|size| format!("-S {size}"))),
        proptest::option::weighted(
            0.6,
            (count, some(0.2)).prop_map(|(count, over)| {
                format!("{} {count}", if over.is_some() { "-C" } else { "-c" })
            }),
        ),
        proptest::option::weighted(
            0.2,
            prop_oneof![
                (0u32..20).prop_map(|index| format!("-i {index}")),
                osts.prop_map(|list| format!("-o {list}")),
            ],
        ),
        proptest::option::weighted(0.2, pool.prop_map(|pool| format!("-p {pool}"))),
        proptest::option::weighted(0.3, code.prop_map(|code| format!("--ec {code}"))),
        proptest::option::weighted(0.15, flags.prop_map(|flag| format!("--comp-flags={flag}"))),
        proptest::option::weighted(0.1, Just("-z 64M".to_owned())),
        proptest::option::weighted(0.1, Just("-L mdt".to_owned())),
    )
        .prop_map(|(a, b, c, d, e, f, g, h)| {
            [a, b, c, d, e, f, g, h].into_iter().flatten().collect::<Vec<_>>()
        })
        .prop_shuffle()
        .prop_map(|words| words.join(" "));
    let mirror = (proptest::collection::vec(component, 1..4), some(0.8), some(0.2)).prop_map(
        |(components, ends, eof)| {
            let last = components.len();
            let parts = components.iter().enumerate().map(|(at, component)| match ends {
                None if last == 1 => component.clone(),
                _ if at + 1 == last => format!("-E -1 {component}"),
                _ => format!("-E {}M {component}", 1024 << (2 * at)),
            });
            let mut text = parts.collect::<Vec<_>>().join(" ");
            if eof.is_some() {
                text = text.replace("-E -1", "-E EOF");
            }
            text
        },
    );
    let start = prop_oneof![Just("-N"), Just("-N2"), Just("-N --flags=prefer")];
    (proptest::collection::vec((start, mirror), 1..4), some(0.5)).prop_map(|(mirrors, numbered)| {
        let single = mirrors.len() == 1 && numbered.is_none();
        let parts = mirrors.into_iter().map(|(start, mirror)| match single {
            true => mirror,
            false => format!("{start} {mirror}"),
        });
        parts.collect::<Vec<_>>().join(" ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// The shortest options give the spec back, are not longer, and no option is too many.
    #[test]
    fn specs_print_as_what_asks_for_them(options in options()) {
        let Ok(spec) = Spec::parse(&options) else { return Ok(()) };
        let shown = spec.to_string();
        let again = Spec::parse(&shown);
        prop_assert_eq!(again.as_ref(), Ok(&spec), "{} -> {}", options, shown);
        prop_assert!(shown.len() <= options.len(), "{} -> {}", options, shown);
        let words: Vec<&str> = shown.split(' ').filter(|word| !word.is_empty()).collect();
        for at in 0..words.len() {
            for take in 1..=2usize.min(words.len() - at) {
                let fewer = [&words[..at], &words[at + take..]].concat().join(" ");
                let other = Spec::parse(&fewer);
                prop_assert_ne!(other.as_ref(), Ok(&spec), "{} > {}", shown, fewer);
            }
        }
    }

    /// Whatever the string: a spec that prints and can be asked for, or a place inside.
    #[test]
    fn any_string(options in "[-a-zA-Z0-9 '=+:,^\\\\]{0,40}") {
        match Spec::parse(&options) {
            Ok(spec) => { emit(&spec.request()); spec.to_string(); }
            Err(error) => {
                prop_assert!(error.range.end <= options.len());
                prop_assert!(error.caret(&options).to_string().lines().count() == 3);
            }
        }
    }
}

/// Templates: the recorded text of every layout without parity asks for what a copy asks for.
#[test]
fn yaml_templates() {
    let (mut compared, mut refused) = (0, 0);
    for name in cases("layouts") {
        let yaml = text(&format!("layouts/{name}/getstripe.yaml"));
        let disk = text_if_there(&format!("layouts/{name}/ondisk-lov.hex"))
            .unwrap_or_else(|| text(&format!("layouts/{name}/lov.hex")));
        let layout = parse(&hex(&disk)).unwrap();
        if matches!(layout, Layout::Foreign(_)) {
            Spec::parse_yaml(&yaml).expect_err(&name);
            continue;
        }
        let copy = Spec::copy_of(&layout);
        if yaml.contains("mirror_link_id") {
            let error = Spec::parse_yaml(&yaml).expect_err(&name);
            let line = yaml.lines().nth(error.line - 1).unwrap();
            assert!(line.contains("link"), "{name}: {error}");
            assert_eq!(copy, Err(CopyFault::Parity), "{name}");
            refused += 1;
            continue;
        }
        let mut spec = Spec::parse_yaml(&yaml).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (component, view) in spec.mirrors.iter_mut().flatten().zip(layout.components()) {
            let osts: Vec<u32> =
                view.objects().into_iter().flatten().map(|slot| slot.ost).collect();
            assert_eq!(component.osts, osts, "{name}");
            assert_eq!(component.index, osts.first().copied(), "{name}");
            (component.osts, component.index) = (Vec::new(), None);
        }
        let mut copy = copy.unwrap();
        if layout.is_template() {
            // The text of a template shows the file system's defaults for its zeros.
            for component in copy.mirrors.iter_mut().flatten() {
                if component.stripe_size == 0 {
                    component.stripe_size = 4 << 20;
                }
            }
        }
        assert_eq!(spec, copy, "{name}");
        compared += 1;
    }
    assert!(compared >= 25 && refused >= 35, "{compared} compared, {refused} refused");
}

#[test]
fn yaml_faults_name_the_line() {
    let refused = |text: &str, line, fault: &str| {
        let error = Spec::parse_yaml(text).expect_err(text);
        assert_eq!((error.line, error.fault.as_str()), (line, fault));
    };
    refused("", 1, "there is nothing but blanks and comments");
    refused("lcm_mirror_count: 1", 1, "the template has no component");
    refused("lmm_stripe_cout: 4", 1, "unknown key 'lmm_stripe_cout'");
    refused("\nlmm_stripe_count 4", 2, "expected 'key: value' lines, got a value");
    refused("lmm_stripe_count: 2001", 1, "invalid stripe count '2001'");
    refused("lmm_stripe_size: 5", 1, "invalid stripe size '5'");
    refused("lmm_pattern: raid0,parity", 1, "a template cannot ask for parity: give --ec instead");
    refused(
        "lmm_stripe_count: 1\nlmm_stripe_count: 1",
        2,
        "the key 'lmm_stripe_count' is in line 1 already",
    );
    let two = "lcm_mirror_count: 2\ncomponents:\n- lcme_id: N/A\n  lcme_extent.e_end: ";
    refused(&format!("{two}EOF"), 4, "2 mirrors announced, the components form 1");
    refused(
        &format!("{two}5"),
        4,
        "invalid component end '5' (expected a multiple of 65536, or EOF)",
    );
    let gap = "- lcme_id: 1\n  lcme_extent.e_end: 65536\n- lcme_id: 2\n  \
               lcme_extent.e_start: 131072\n  lcme_extent.e_end: EOF\n";
    refused(gap, 5, "the component from line 3 on: starts at 131072, expected 65536");
    let short = "lcm_mirror_count: 1\ncomponents:\n  - lcme_extent.e_end: 64M";
    refused(short, 3, "'64M' is not a number below 2^64");
    let osts = "lmm_stripe_count: 3\nlmm_objects:\n- l_ost_idx: 1\n- l_ost_idx: 2";
    refused(osts, 4, "the component from line 1 on: 2 OSTs listed for another stripe count");
}
