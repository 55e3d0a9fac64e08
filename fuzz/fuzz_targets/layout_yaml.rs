//! Any text as the YAML of a layout: an error at a place in the text, or a layout that its bytes
//! can hold and whose own YAML is read back as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lustrine::layout::show::{getstripe, getstripe_yaml, read_yaml};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::yaml;

fuzz_target!(|text: &str| {
    match yaml::parse(text) {
        Ok(node) => assert!(node.at.line >= 1 && node.at.column >= 1),
        Err(error) => {
            let line = text.split('\n').nth(error.at.line - 1).expect("the error's line");
            assert!(error.at.column <= line.chars().count() + 1, "{error}");
            assert!(error.at.caret(text).to_string().ends_with('^'));
        }
    }
    match read_yaml(text) {
        Ok(layout) => {
            assert_eq!(parse(&emit(&layout)).as_ref(), Ok(&layout));
            assert!(!getstripe(&layout, "f").to_string().is_empty());
            // A template prints a directory's keys only when it is asked to; quotes, control
            // characters and the pool `ignore` are not printed as they came.
            let odd = |c: char| matches!(c, '\'' | '"') || c.is_control() && c != '\n';
            let kept = !text.contains(odd) && !text.contains("ignore");
            if !layout.is_template() && kept {
                let printed = getstripe_yaml(&layout).to_string();
                assert_eq!(read_yaml(&printed).as_ref(), Ok(&layout), "{printed}");
            }
        }
        Err(error) => assert!(error.at.line >= 1 && error.at.line <= text.split('\n').count()),
    }
});
