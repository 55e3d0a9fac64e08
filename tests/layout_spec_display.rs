//! The shortest options that ask for a spec.
#![allow(clippy::unwrap_used)]

use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::emit;
use proptest::prelude::*;

/// Shortest means: what `lfs` would have to be told, and no word more.
#[test]
fn shortest_options() {
    for (options, shortest) in [
        ("", ""),
        ("-c 0 -S 0", ""),
        ("-C 2 -i 3 -S 4096K -p fast", "-S 4M -C 2 -i 3 -p fast"),
        ("-p lustre.fast", "-p fast"),
        ("-p fs.a.b", "-p .a.b"),
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
        ("-E -1 -z 64M -c 2", "-N -c 2 -z 64M"),
        // Without an end, `lfs` makes a plain layout.
        ("-c 2 -z 64M", "-c 2"),
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
    let pool = prop_oneof![
        Just("fast"),
        Just("''"),
        Just("ignore"),
        Just("'a b'"),
        Just("fs.fast"),
        Just(".a.b")
    ];
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
