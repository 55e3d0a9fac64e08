//! Templates: `lfs setstripe --yaml` and `--copy`.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, hex, text, text_if_there};
use lustrine::layout::Layout;
use lustrine::layout::spec::{CopyFault, Spec};
use lustrine::layout::xattr::parse;

/// Templates: the recorded text of every layout without parity asks for what a copy asks for.
#[test]
fn yaml_templates() {
    let (mut compared, mut refused, mut started) = (0, 0, 0);
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
            // A directory's default and a component without objects show what was asked for.
            let asked = view.striping.map_or(0xffff, |striping| striping.gen_or_offset);
            let asked = Some(u32::from(asked)).filter(|&asked| asked != 0xffff && !view.is_dom());
            // What was released lists no objects, but still shows where it started.
            let gone = view.striping.filter(|_| view.is_released());
            let gone = gone.and_then(|striping| striping.slots.first()).map(|slot| slot.ost);
            let gone = gone.filter(|ost| *ost != u32::MAX);
            let first = osts.first().copied().or(gone);
            let index = if layout.is_template() { asked } else { first };
            assert_eq!(component.index, index, "{name}");
            started += usize::from(index.is_some() && osts.is_empty());
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
    assert!(started >= 1, "no start index without a list");
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
    let dom = |bytes: u64| {
        format!(
            "- lcme_extent.e_start: 0\n  lcme_extent.e_end: {bytes}\n  \
             lmm_stripe_size: {bytes}\n  lmm_pattern: mdt\n- lcme_extent.e_end: EOF\n"
        )
    };
    assert!(Spec::parse_yaml(&format!("{0}{0}", dom(65536))).is_ok());
    refused(
        &format!("{}{}", dom(65536), dom(131072)),
        10,
        "data on the MDT of 131072 bytes in one mirror, expected 65536 as in the first",
    );
    let osts = "lmm_stripe_count: 3\nlmm_objects:\n- l_ost_idx: 1\n- l_ost_idx: 2";
    let start = Spec::parse_yaml("lmm_stripe_count: 2\nlmm_stripe_offset: 7").unwrap();
    assert_eq!(start, Spec::parse("-c 2 -i 7").unwrap());
    let any = Spec::parse_yaml("stripe_count: 2\nstripe_offset: -1").unwrap();
    assert_eq!(any, Spec::parse("-c 2").unwrap());
    // Extension space is no stripe.
    let space = "- lcme_extent.e_end: 64M\n  lmm_stripe_count: 1\n- lcme_extent.e_end: EOF\n  \
                 lcme_flags: extension\n  lmm_extension_size: 67108864\n  lmm_stripe_offset: 3";
    let spec = Spec::parse_yaml(&space.replace("64M", "67108864")).unwrap();
    assert_eq!(spec, Spec::parse("-E -1 -c 1 -z 64M").unwrap());
    refused("stripe_offset: 65504", 1, "OST index 65504 is above 65503");
    refused("stripe_offset: -2", 1, "'-2' is not a number below 2^64");
    let listed = |start| {
        format!(
            "lmm_stripe_count: 2\nlmm_stripe_offset: {start}\nlmm_objects:\n- l_ost_idx: 1\n\
             - l_ost_idx: 2"
        )
    };
    assert_eq!(Spec::parse_yaml(&listed(2)), Ok(Spec::parse("-i 2 -o 1,2").unwrap()));
    let fault = "the component from line 1 on: start index 3 is not in the OST list";
    refused(&listed(3), 5, fault);
    refused(osts, 4, "the component from line 1 on: 2 OSTs listed for another stripe count");
}
