//! `lfs setstripe` options: requests, stored layouts and refusals of a real Lustre.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, packed, text};
use lustrine::layout::spec::{Spec, SpecError, SpecFault};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, Layout, PoolName, Striping};

/// The options of a `cmd.txt`'s first setstripe or mirror create, without the file.
fn options(command: &str) -> Option<&str> {
    let line = command.lines().find(|line| line.starts_with("lfs "))?;
    let tail =
        line.strip_prefix("lfs setstripe ").or_else(|| line.strip_prefix("lfs mirror create "))?;
    tail.strip_suffix(" F").or_else(|| tail.strip_suffix(" FILE"))
}

fn unsupported(error: &SpecError) -> bool {
    matches!(error.fault, SpecFault::Unsupported(_))
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
        let Some(options) = options(&command) else { continue };
        let spec = match Spec::parse(options) {
            Err(error) if unsupported(&error) => continue,
            other => other.unwrap_or_else(|error| panic!("{name}: {}", error.caret(options))),
        };
        let Some(path) = golden::text_if_there(&format!("layouts/{name}/setstripe-packed.txt"))
        else {
            continue;
        };
        // Plain requests go by ioctl, which was not recorded: those are compared as stored.
        let Some(blob) = packed(&path) else { continue };
        let golden = masked(parse(&blob).unwrap());
        let request = spec.request();
        assert_eq!(request, golden, "{name}: {options}");
        assert_eq!(emit(&request), emit(&golden), "{name}");
        assert!(request.is_template(), "{name}");
        compared += 1;
    }
    assert!(compared >= 35, "only {compared} requests were compared");
}

/// A directory stores the plain request as it is.
#[test]
fn plain_requests_are_those_of_lfs() {
    for name in ["dir-plain", "dir-plain-pool", "dir-i3", "dir-overstripe"] {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let stored = golden::text_if_there(&format!("layouts/{name}/ondisk-lov.hex"))
            .unwrap_or_else(|| text(&format!("layouts/{name}/lov.hex")));
        let stored = parse(&golden::hex(&stored)).unwrap();
        let spec = Spec::parse(options(&command).unwrap()).unwrap();
        assert_eq!(spec.request(), masked(stored), "{name}");
    }
}

/// (options, exit code, stderr) of every `lfs setstripe` in errors.txt.
fn recorded() -> Vec<(String, i32, String)> {
    let all = text("errors.txt");
    let cases: Vec<_> = all
        .split("### ")
        .filter_map(|case| {
            let (command, rest) = case.split_once('\n')?;
            let options = options(command)?.to_owned();
            let exit = rest.lines().next()?.strip_prefix("exit=")?.parse().unwrap();
            let stderr: Vec<&str> =
                rest.lines().filter_map(|line| line.strip_prefix("stderr: ")).collect();
            Some((options, exit, stderr.join("\n")))
        })
        .collect();
    assert!(cases.len() > 60, "{} cases", cases.len());
    cases
}

/// What `lfs` refuses by its own judgement is refused, in its words; the rest is accepted here.
#[test]
fn refusals_are_those_of_lfs() {
    // Refused by what the MDT or the machine knows, not by the options.
    let not_by_options =
        ["No space left on device", "setstripe error for", "does not exist", "LFS_EC_OK"];
    let (mut refused, mut accepted) = (0, 0);
    for (options, exit, stderr) in recorded() {
        let by_options = exit != 0 && !not_by_options.iter().any(|text| stderr.contains(text));
        match Spec::parse(&options) {
            Err(error) if unsupported(&error) => {}
            Err(error) => {
                assert!(by_options, "{options}: {error}");
                assert!(error.range.end <= options.len(), "{options}: {:?}", error.range);
                if !matches!(error.fault, SpecFault::TooManyMirrors { .. }) {
                    let sentence = error.to_string();
                    let core = sentence.split(" (").next().unwrap();
                    assert!(stderr.contains(core), "{options}\nours: {error}\nlfs: {stderr}");
                }
                refused += 1;
            }
            Ok(_) => {
                assert!(!by_options, "{options} was accepted, but lfs says {stderr}");
                accepted += 1;
            }
        }
    }
    assert!(refused >= 35, "{refused} refusals");
    assert!(accepted >= 12, "{accepted} accepted");
    // The refused layouts of the index.
    for name in cases("refused") {
        let command = text(&format!("layouts/{name}/cmd.txt"));
        let Some(options) = options(&command) else { continue };
        let error = Spec::parse(options).expect_err(&name);
        if !unsupported(&error) {
            let sentence = error.to_string();
            assert!(command.contains(sentence.split(" (").next().unwrap()), "{name}: {error}");
        }
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
    refused_at("-E 1M -L mdt -E -1", "-L", "option '-L' is not supported yet");
    refused_at("-E 1M --yaml=x", "--yaml=x", "option '--yaml' is not supported yet");
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
