//! The pictures in the documentation are what the code draws.
//!
//! `LUSTRINE_DRAW=1 cargo test --test layout_pictures` writes them anew.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use std::fs;
use std::path::Path;

use lustrine::layout::draw::Picture;
use lustrine::layout::xattr::parse;

/// Layouts of the page, and the byte that is marked.
const PAGE: [(&str, u64); 6] = [
    ("plain-4", 19 << 19),
    ("pfl3-partial", 80 << 20),
    ("flr3-pfl", 150 << 20),
    ("ec-c11-4p2", 137 << 20),
    ("ec-pfl", 3 << 20),
    ("ec-C32-4p3", 1 << 30),
];

#[test]
fn pictures_of_the_page_are_drawn_so() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/mod.rs"));
    let page = page.unwrap();
    for (name, byte) in PAGE {
        let ea = golden::hex(&golden::text(&format!("layouts/{name}/lov.hex")));
        let layout = parse(&ea).unwrap();
        let picture = Picture::of(&layout, name).with_byte(&layout, byte);
        for (file, drawn) in [
            (format!("layouts/{name}.txt"), picture.text().width(96).to_string()),
            (format!("layouts/{name}.svg"), picture.svg().to_string()),
        ] {
            assert!(page.contains(&file), "{file} is not on the page");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs").join(&file);
            if std::env::var_os("LUSTRINE_DRAW").is_some() {
                fs::write(&path, &drawn).unwrap();
            }
            let there = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(there, drawn, "{file}: LUSTRINE_DRAW=1 draws it anew");
            // A blank line would end the picture in the middle of a page of Markdown.
            assert!(file.ends_with(".txt") || !drawn.contains("\n\n"), "{file}");
        }
    }
}

/// Who has never seen a layout reads off where a byte lives: the sentence is exact.
#[test]
fn the_marked_byte_is_told_in_words() {
    let text = golden_text("ec-c11-4p2", 137 << 20);
    let expected = "byte 143654912 (137M):\n  mirror 1, component 0, stripe 1: OST ";
    assert!(text.contains(expected), "{text}");
    // Stripe 1 is in the first RAID set: its parities are the first two stripes of component 1.
    assert!(text.contains("    parity 0: component 1, stripe 0: OST "), "{text}");
    assert!(text.contains("    parity 1: component 1, stripe 1: OST "), "{text}");
}

fn golden_text(name: &str, byte: u64) -> String {
    let layout = parse(&golden::hex(&golden::text(&format!("layouts/{name}/lov.hex")))).unwrap();
    Picture::of(&layout, name).with_byte(&layout, byte).text().to_string()
}
