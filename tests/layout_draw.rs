//! Pictures: what they show is what the layout says, whatever the layout.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/random.rs"]
mod random;

use lustrine::layout::analysis::{Class, Exposure};
use lustrine::layout::draw::{Look, Picture};
use lustrine::layout::map::{Map, staled_by, truncate};
use lustrine::layout::xattr::parse;
use lustrine::layout::{Fid, Layout, ObjectId, Pattern, PoolName, Slot, Striping, StripingKind};
use proptest::prelude::*;

fn golden_layout(name: &str) -> Layout {
    parse(&golden::hex(&golden::text(&format!("layouts/{name}/lov.hex")))).unwrap()
}

fn striped(count: u16) -> Layout {
    let slot = |stripe: u16| {
        let fid = Fid { seq: 0x2_4000_0400, oid: u32::from(stripe) + 1, ver: 0 };
        Slot::from_object(ObjectId { ost: u32::from(stripe) % 96, fid })
    };
    Layout::Plain(Striping {
        kind: StripingKind::V1,
        pattern: Pattern(0x201),
        oi: [0; 2],
        stripe_size: 1 << 20,
        stripe_count: count,
        gen_or_offset: 0,
        pool: PoolName::default(),
        slots: (0..count).map(slot).collect(),
    })
}

/// Every element is closed, and text is escaped.
fn check_svg(svg: &str) {
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag ends");
        assert!(
            !text.contains('>') && text.chars().all(|c| !c.is_control() || c == '\n'),
            "{text:?}"
        );
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn pictures_of_any_layout(
        layout in random::layout(), byte in prop_oneof![0u64..1 << 26, any::<u64>()],
        width in 60usize..200, all in any::<bool>(),
    ) {
        let picture = Picture::of(&layout, "a<b>&\"c\u{1b}[1m").with_byte(&layout, byte);
        // Cells are the objects, in the order of the component's bytes.
        for (row, mirror) in picture.rows.iter().zip(layout.mirrors()) {
            prop_assert_eq!(row.mirror, mirror.id);
            for (panel, index) in row.panels.iter().zip(mirror.components) {
                let view = layout.component(index).unwrap();
                prop_assert_eq!((panel.index, panel.extent), (index, view.extent));
                prop_assert_eq!(panel.cells.len(), view.objects().map_or(0, <[_]>::len));
                let map = Map::of(&layout, row.mirror).unwrap();
                for cell in &panel.cells {
                    prop_assert_eq!(cell.object, view.object(cell.stripe));
                    if cell.offset < view.extent.end {
                        let place = map.locate(cell.offset).unwrap();
                        prop_assert_eq!((place.component, place.stripe), (index, cell.stripe));
                    }
                }
                for pair in panel.cells.windows(2) {
                    prop_assert!(pair[0].offset < pair[1].offset && pair[0].set <= pair[1].set);
                }
            }
        }
        let text = picture.text().width(width).all(all).to_string();
        let escape = char::from(27);
        prop_assert!(!text.contains(escape));
        for line in text.lines().skip(1) {
            // Marks and sentences may be longer; the picture itself fits.
            if line.contains(['│', '├', '┄']) {
                prop_assert!(line.chars().count() <= width.max(100), "{width}: {line}");
            }
        }
        for place in &picture.mark.as_ref().unwrap().places {
            let found = Map::of(&layout, place.mirror).unwrap().locate(byte);
            match (&place.place, found) {
                (Ok(byte), Ok(piece)) => {
                    let expected = (piece.component, piece.stripe, piece.object_offset);
                    prop_assert_eq!((byte.component, byte.stripe, byte.offset), expected);
                    let view = layout.component(byte.component).unwrap();
                    let object = view.object(byte.stripe).unwrap();
                    prop_assert!(text.contains(&object.to_string()), "{text}");
                }
                (Err(gap), Err(stop)) => prop_assert_eq!(*gap, stop.gap),
                other => prop_assert!(false, "{other:?}"),
            }
        }
        check_svg(&picture.svg().to_string());
    }
}

#[test]
fn two_thousand_stripes_can_be_read() {
    let layout = striped(2000);
    let picture = Picture::of(&layout, "wide").with_byte(&layout, (1234 << 20) + 7);
    let text = picture.text().to_string();
    assert!(text.lines().count() < 40, "{text}");
    assert!(text.contains("more stripes") && text.contains("▲"), "{text}");
    assert!(text.contains("stripe 1234: OST 82 "), "{text}");
    // The line with the marked stripe is there, and so are the first and the last stripe.
    for stripe in [" 0 ", " 1234 ", " 1999"] {
        let line = text.lines().filter(|line| line.starts_with("  stripe"));
        assert!(line.into_iter().any(|line| format!("{line} ").contains(stripe)), "{stripe}");
    }
    let all = picture.text().all(true).to_string();
    assert!(!all.contains("more stripes"));
    // Colours are there, and without them the picture is the plain one.
    let colored = picture.text().colors(true).to_string();
    assert!(colored.contains("\u{1b}[38;5;"));
    let mut parts = colored.split('\u{1b}');
    let mut bare = parts.next().unwrap().to_owned();
    parts.for_each(|part| bare += part.split_once('m').unwrap().1);
    assert_eq!(bare, text);
    let svg = picture.svg().to_string();
    check_svg(&svg);
    assert_eq!(svg.matches("<rect x=").count(), 2001);
    assert_eq!(svg.matches("class=\"marked\"").count(), 1);
    assert!(svg.len() < 600_000, "{}", svg.len());
}

#[test]
fn looks_are_those_of_the_components() {
    let looks = |name: &str| -> Vec<Look> {
        let picture = Picture::of(&golden_layout(name), name);
        picture.rows.iter().flat_map(|row| row.panels.iter().map(|panel| panel.look)).collect()
    };
    assert_eq!(looks("plain-4"), [Look::Solid]);
    assert_eq!(looks("pfl3-partial").last(), Some(&Look::Empty));
    assert_eq!(looks("dom"), [Look::OnMdt, Look::Empty]);
    assert_eq!(looks("hsm-released"), [Look::Released]);
    assert_eq!(looks("ec-stale"), [Look::Solid, Look::Stale]);
    assert_eq!(looks("sel")[1], Look::Extension);
    let foreign = Picture::of(&golden_layout("foreign-symlink"), "f");
    assert!(foreign.text().to_string().contains("not in Lustre objects"));
    check_svg(&foreign.svg().to_string());
}

/// A component that does not start with stripe 0 shows its stripes in the order of its bytes.
#[test]
fn cells_follow_the_bytes() {
    let mut layout = golden_layout("ec-c8-4p2-64K");
    let Layout::Composite(composite) = &mut layout else { panic!("composite") };
    for one in &mut composite.components {
        one.extent.start = 5 << 16;
    }
    let picture = Picture::of(&layout, "shifted");
    let stripes = |row: usize| -> Vec<u32> {
        picture.rows[row].panels[0].cells.iter().map(|cell| cell.stripe).collect()
    };
    assert_eq!(stripes(0), [5, 6, 7, 0, 1, 2, 3, 4]);
    assert_eq!(stripes(1), [1, 2, 3, 0]);
    let sets: Vec<u32> = picture.rows[0].panels[0].cells.iter().map(|cell| cell.set).collect();
    assert_eq!(sets, [0, 0, 0, 0, 1, 1, 1, 1]);
}

/// Whatever one flipped bit makes of a layout can be drawn, analysed and asked.
#[test]
fn damaged_layouts_can_be_asked_anything() {
    let mut asked = 0;
    for name in ["ec-two-data-both-ec", "flr3-pfl", "sel-written", "hsm-released-pfl", "ec-c8-8p2"]
    {
        let ea = golden::hex(&golden::text(&format!("layouts/{name}/lov.hex")));
        for bit in 0..ea.len() * 8 {
            let mut damaged = ea.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let Ok(layout) = parse(&damaged) else { continue };
            let picture = Picture::of(&layout, "f").with_byte(&layout, (1 << 63) - 1);
            assert!(!picture.text().to_string().is_empty());
            check_svg(&picture.svg().to_string());
            for size in [None, Some(0), Some(70_000), Some(i64::MAX as u64), Some(u64::MAX)] {
                let exposure = Exposure::of(&layout, size);
                let loss = exposure.without(&[1, 7, 12].into());
                let readable = exposure.is_readable(|ost| [1, 7, 12].contains(&ost));
                assert_eq!(loss.class == Class::Lost, !readable, "{name} bit {bit}");
            }
            for mirror in layout.mirrors() {
                for size in [0, 1 << 33, u64::MAX] {
                    let _ = truncate(&layout, mirror.id, size).map(Iterator::count);
                    staled_by(&layout, mirror.id, size..u64::MAX).count();
                }
                let map = Map::of(&layout, mirror.id).unwrap();
                assert!(map.objects(0..u64::MAX).all(|object| object.first <= object.last));
            }
            asked += 1;
        }
    }
    assert!(asked > 5000, "{asked}");
}

#[test]
fn stale_parity_is_marked() {
    let mut layout = golden_layout("ec-c8-4p2");
    for stale in [true, false] {
        layout.set_stale(1, stale);
        let picture = Picture::of(&layout, "f").with_byte(&layout, 5 << 20);
        let place = &picture.mark.as_ref().unwrap().places[0];
        assert!(!place.place.unwrap().stale);
        assert!(place.parity.len() == 2 && place.parity.iter().all(|byte| byte.stale == stale));
        let text = picture.text().to_string();
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("    parity ")).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines.iter().all(|line| line.ends_with(" (stale)") == stale), "{text}");
    }
}

/// A component that begins within a stripe unit has RAID sets that no bar can part.
#[test]
fn sets_that_do_not_end_with_cells_are_not_parted() {
    let mut layout = golden_layout("ec-c8-4p2");
    let said = |layout: &Layout| {
        let picture = Picture::of(layout, "f");
        let text = picture.text().to_string();
        let parted = text.lines().any(|line| line.starts_with("  OST") && line.contains('│'));
        assert_eq!(picture.svg().to_string().contains("class=\"set\"/>"), parted);
        let askew = picture.rows.iter().flat_map(|row| &row.panels);
        let askew: Vec<bool> = askew.map(|one| one.notes.contains("span two objects")).collect();
        (parted, askew)
    };
    assert_eq!(said(&layout), (true, vec![false, false]));
    let Layout::Composite(composite) = &mut layout else { panic!("a composite") };
    for component in &mut composite.components {
        component.extent.start = 65536;
    }
    assert_eq!(said(&layout), (false, vec![true, true]));
}

/// In a template all mirrors can have id 0: each row is asked by its own components.
#[test]
fn mirrors_of_a_template_are_told_apart() {
    let mut layout = golden_layout("flr2-resynced");
    let Layout::Composite(composite) = &mut layout else { panic!("a composite") };
    composite.components.iter_mut().for_each(|component| component.id.0 = 0);
    let picture = Picture::of(&layout, "t").with_byte(&layout, 0);
    let places = &picture.mark.as_ref().unwrap().places;
    let found: Vec<_> = places.iter().map(|place| place.component).collect();
    let first: Vec<_> = picture.rows.iter().map(|row| Some(row.panels[0].index)).collect();
    assert!(first.len() > 1);
    assert_eq!(found, first);
}
