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
