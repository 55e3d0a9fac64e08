//! The YAML that layouts are written in: trees through their text, places of errors, hostile text.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use lustrine::layout::yaml::{Mark, Node, Value, YamlFault, parse};
use proptest::prelude::*;

/// A tree without places.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Scalar(String),
    Sequence(Vec<Tree>),
    Mapping(Vec<(String, Tree)>),
}

fn bare(node: &Node<'_>) -> Tree {
    match &node.value {
        Value::Scalar(text) => Tree::Scalar(text.to_string()),
        Value::Sequence(items) => Tree::Sequence(items.iter().map(bare).collect()),
        Value::Mapping(entries) => Tree::Mapping(
            entries.iter().map(|(key, node)| (key.text.to_string(), bare(node))).collect(),
        ),
    }
}

/// Writes a tree, `step` blanks for each level; a mapping inside a sequence starts behind the dash.
fn write(tree: &Tree, indent: usize, step: usize, out: &mut String) {
    let quoted = |text: &str| match text {
        _ if text.contains(['"', '\\', '\n', '\t']) => {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{}\"", text.replace('\n', "\\n").replace('\t', "\\t"))
        }
        _ if text.len().is_multiple_of(2)
            && !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            text.to_owned()
        }
        _ => format!("'{}'", text.replace('\'', "''")),
    };
    match tree {
        Tree::Scalar(text) => *out += &format!(" {}\n", quoted(text)),
        Tree::Sequence(items) => {
            out.push('\n');
            for item in items {
                let mut below = String::new();
                write(item, indent + 1 + step, step, &mut below);
                // A mapping or sequence starts in the dash's own line.
                let inline = match item {
                    Tree::Scalar(_) => below,
                    _ => below[1..].trim_start_matches(' ').to_owned(),
                };
                let gap = if matches!(item, Tree::Scalar(_)) { "" } else { &" ".repeat(step) };
                *out += &format!("{}-{gap}{inline}", " ".repeat(indent));
            }
        }
        Tree::Mapping(entries) => {
            out.push('\n');
            for (key, value) in entries {
                *out += &format!("{}{key}:", " ".repeat(indent));
                let deeper = usize::from(!matches!(value, Tree::Sequence(_)) || step > 1) * step;
                write(value, indent + deeper, step, out);
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let scalar = "[ -~éλ\t\n]{0,12}".prop_map(Tree::Scalar);
    scalar.prop_recursive(4, 40, 5, |inner| {
        let entries =
            prop::collection::btree_map("[a-z][a-z_.:0-9]{0,6}[a-z]", inner.clone(), 1..5);
        prop_oneof![
            prop::collection::vec(inner, 1..5).prop_map(Tree::Sequence),
            entries.prop_map(|entries| Tree::Mapping(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn trees_go_through_their_text(tree in tree(), step in 1usize..5) {
        let mut text = String::new();
        write(&tree, 0, step, &mut text);
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(bare(&read), tree, "{}", text);
        // Comments, blank lines and other line ends change nothing.
        let noisy = format!("---\n# head\n\n{}", text.replace('\n', "\r\n\n  # note\n"));
        prop_assert_eq!(bare(&parse(&noisy).unwrap()), bare(&read));
    }

    /// Any text: a tree, or an error at a place that is in it.
    #[test]
    fn any_text(text in "([ \\-:a-c#'\"{\n\t\\\\]|- |: |\n  ){0,60}") {
        match parse(&text) {
            Ok(_) => {}
            Err(error) => {
                let line = text.split('\n').nth(error.at.line - 1).unwrap();
                prop_assert!(error.at.column <= line.chars().count() + 1, "{error} in {text:?}");
                prop_assert!(error.at.caret(&text).to_string().ends_with('^'));
            }
        }
    }
}

#[test]
fn places_are_those_of_the_first_character() {
    let tree = parse("a:   x\nlist:\n- é: '2'   # two\n  next:\n-   3\n").unwrap();
    let mark = |line, column| Mark { line, column };
    assert_eq!((tree.at, tree.get("a").unwrap().at), (mark(1, 1), mark(1, 6)));
    let list = tree.get("list").unwrap();
    assert_eq!((list.at, list.kind()), (mark(3, 1), "a sequence"));
    let items = list.items().unwrap();
    assert_eq!((items[0].at, items[1].at), (mark(3, 3), mark(5, 5)));
    let (key, value) = &items[0].entries().unwrap()[0];
    assert_eq!((key.at, value.at, value.scalar()), (mark(3, 3), mark(3, 6), Some("2")));
    let next = items[0].get("next").unwrap();
    assert_eq!((next.at, next.scalar()), (mark(4, 8), Some("")));
    assert_eq!(items[0].get("absent"), None);
    assert_eq!(parse("\u{feff}k: v").unwrap().get("k").unwrap().scalar(), Some("v"));
}

#[track_caller]
fn refused(text: &str, line: usize, column: usize, fault: YamlFault) {
    let error = parse(text).expect_err(text);
    assert_eq!((error.at, &error.fault), (Mark { line, column }, &fault), "{text:?}");
    assert!(error.to_string().starts_with(&format!("line {line}, column {column}: ")));
}

#[test]
fn faults_name_their_place() {
    refused("", 1, 1, YamlFault::Empty);
    refused("# a\n\n---\n", 1, 1, YamlFault::Empty);
    refused("a: 1\n\tb: 2", 2, 1, YamlFault::Tab);
    refused("a: 1\n  b: 2", 2, 3, YamlFault::Indent { expected: 0, got: 2 });
    refused("a:\n  b: 1\n c: 2", 3, 2, YamlFault::Indent { expected: 0, got: 1 });
    refused("a: 1\nb", 2, 1, YamlFault::NoKey);
    refused("a: 1\n- b", 2, 1, YamlFault::NoKey);
    refused("- a\nb: 1", 2, 1, YamlFault::NoKey);
    refused(": 1", 1, 1, YamlFault::NoKey);
    let twice = YamlFault::DuplicateKey { key: "a".into(), first: 1 };
    refused("a: 1\nb: 2\na: 3", 3, 1, twice);
    refused("a: 'x", 1, 4, YamlFault::Unquoted);
    refused("a: 'x'y", 1, 7, YamlFault::BehindQuote);
    refused("a: \"x\\q\"", 1, 6, YamlFault::Escape);
    refused("a: {b: 1}", 1, 4, YamlFault::Unsupported { sign: '{' });
    refused("{b: 1}", 1, 1, YamlFault::Unsupported { sign: '{' });
    refused("a: |\n  x", 1, 4, YamlFault::Unsupported { sign: '|' });
    refused(&"- ".repeat(100), 1, 33, YamlFault::Depth { most: 16 });
    let deep: String = (0..100).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    refused(&deep, 17, 17, YamlFault::Depth { most: 16 });
    let error = parse("one: 1\nlmm_é: {\n").unwrap_err();
    assert_eq!(error.at.caret("one: 1\nlmm_é: {\n").to_string(), "lmm_é: {\n       ^");
}

/// Everything that `lfs getstripe -y` printed is read.
#[test]
fn what_lfs_prints_is_read() {
    let mut components = 0;
    for name in golden::cases("layouts") {
        let text = golden::text(&format!("layouts/{name}/getstripe.yaml"));
        let tree = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let scalars = tree.entries().unwrap().iter().filter(|(_, node)| node.scalar().is_some());
        assert!(scalars.count() >= 1, "{name}");
        components += tree.get("components").map_or(0, |list| list.items().unwrap().len());
    }
    assert!(components > 100, "{components}");
}
