//! Places of bytes, there and back, against a walk that counts byte by byte; parity, truncates and
//! merged attributes; and the objects of a real Lustre.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/random.rs"]
mod random;

use std::collections::{BTreeMap, HashMap};

use lustrine::layout::map::{
    Attributes, CodePlace, Gap, Map, ParityMap, Piece, extents, file_size, merge, parity_end,
    staled_by, truncate,
};
use lustrine::layout::xattr::parse;
use lustrine::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Layout, ObjectId,
    Pattern, PoolName, Slot, Striping, StripingKind,
};
use proptest::prelude::*;

/// A component of any shape; sizes need not be multiples of 64 KiB here.
#[derive(Clone, Debug)]
struct Shape {
    mirror: u32,
    extent: Extent,
    size: u32,
    count: u16,
    flags: u32,
    /// Partner's mirror, k and p.
    code: (u16, u8, u8),
}

fn composite(shapes: &[Shape]) -> Layout {
    let components: Vec<Component> = (1u32..)
        .zip(shapes)
        .map(|(sequence, shape)| {
            let slot = |stripe: u16| {
                let oid = sequence << 12 | u32::from(stripe) | 1 << 31;
                let fid = Fid { seq: 0x2_4000_0400, oid, ver: 0 };
                Slot::from_object(ObjectId { ost: u32::from(stripe), fid })
            };
            Component {
                id: ComponentId(shape.mirror << 16 | sequence),
                flags: ComponentFlags(shape.flags),
                extent: shape.extent,
                layout_gen: 0,
                timestamp: 0,
                link_id: shape.code.0,
                data: shape.code.1,
                parity: shape.code.2,
                compression: [0; 2],
                body: Body::Striping(Striping {
                    kind: StripingKind::V1,
                    pattern: Pattern(Pattern::RAID0),
                    oi: [0; 2],
                    stripe_size: shape.size,
                    stripe_count: shape.count,
                    gen_or_offset: 0,
                    pool: PoolName::default(),
                    slots: (0..shape.count).map(slot).collect(),
                }),
            }
        })
        .collect();
    Layout::Composite(Composite {
        sel: false,
        layout_gen: 1,
        flags: 0,
        mirror_count: 0,
        reserved: [0; 14],
        components,
        trailing: vec![],
    })
}

/// (component, stripe, object offset) of each byte of a window that has an object, found by walking
/// from the beginning of a row, one byte at a time.
fn walk(
    shapes: &[Shape],
    mirror: u32,
    window: std::ops::Range<u64>,
) -> BTreeMap<u64, (usize, u32, u64)> {
    let mut places = BTreeMap::new();
    for (index, shape) in shapes.iter().enumerate() {
        if shape.mirror != mirror || shape.flags & ComponentFlags::INIT == 0 {
            continue;
        }
        let row = u64::from(shape.size) * u64::from(shape.count);
        let rows = window.start / row;
        let (mut at, mut unit) = (rows * row, rows * u64::from(shape.size));
        'walk: loop {
            for stripe in 0..u32::from(shape.count) {
                for byte in 0..u64::from(shape.size) {
                    if at >= window.end {
                        break 'walk;
                    }
                    if window.contains(&at) && (shape.extent.start..shape.extent.end).contains(&at)
                    {
                        places.insert(at, (index, stripe, unit + byte));
                    }
                    at += 1;
                }
            }
            unit += u64::from(shape.size);
        }
    }
    places
}

/// Bases at the file's start, beyond 2^32, and so that the window ends near 2^63.
fn base() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0u64), (1u64 << 32)..1 << 34, Just((1 << 63) - 400), 0u64..1 << 62]
}

prop_compose! {
    /// Two mirrors of components that follow one another, their boundaries anywhere.
    fn mirrors()(
        base in base(),
        list in prop::collection::vec(
            (any::<bool>(), 0u64..60, 1u32..9, 1u16..6, prop::bool::weighted(0.85)), 1..24,
        ),
    ) -> (u64, Vec<Shape>) {
        let mut shapes = Vec::new();
        for mirror in [1u32, 2] {
            let mut start = 0;
            for (_, len, size, count, init) in list.iter().filter(|one| one.0 == (mirror == 2)) {
                let end = if start == 0 { base + len } else { start + len };
                let flags = if *init { ComponentFlags::INIT } else { 0 };
                let extent = Extent { start, end };
                shapes.push(Shape { mirror, extent, size: *size, count: *count, flags, code: (0, 0, 0) });
                start = end.max(1);
            }
        }
        (base, shapes)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn places_are_those_of_the_walk((base, shapes) in mirrors(), from in 0u64..200, len in 0u64..200) {
        let layout = composite(&shapes);
        for mirror in [1u16, 2] {
            let Some(map) = Map::of(&layout, mirror) else {
                prop_assert!(shapes.iter().all(|shape| shape.mirror != mirror.into()));
                continue;
            };
            let range = base + from..base + from + len;
            let places = walk(&shapes, mirror.into(), range.clone());
            // There and back, each byte.
            for at in range.clone() {
                match (map.locate(at), places.get(&at)) {
                    (Ok(piece), Some(&(component, stripe, object))) => {
                        let found = (piece.component, piece.stripe, piece.object_offset);
                        prop_assert_eq!(found, (component, stripe, object));
                        prop_assert_eq!(piece.file_offset, at);
                        prop_assert_eq!(map.file_offset(component, stripe, object), Some(at));
                    }
                    (Err(stop), None) => {
                        prop_assert!(stop.at == at && stop.until > at);
                        // Up to there nothing has an object.
                        let until = stop.until.min(range.end);
                        prop_assert_eq!(places.range(at..until).count(), 0);
                    }
                    (found, place) => prop_assert!(false, "{at}: {found:?} {place:?}"),
                }
            }
            // The iterator over the whole range, gaps passed.
            let mut got = BTreeMap::new();
            let mut extents = map.extents(range.clone());
            let mut previous: Option<Piece> = None;
            loop {
                for piece in extents.by_ref() {
                    for byte in 0..piece.len {
                        let place = (piece.component, piece.stripe, piece.object_offset + byte);
                        got.insert(piece.file_offset + byte, place);
                    }
                    // Neighbours in one object are one piece.
                    let merged = previous.is_none_or(|before| {
                        before.component != piece.component
                            || before.stripe != piece.stripe
                            || before.file_offset + before.len != piece.file_offset
                    });
                    prop_assert!(merged, "{previous:?} {piece:?}");
                    previous = Some(piece);
                }
                match extents.stop() {
                    Some(stop) => extents = map.extents(stop.until..range.end),
                    None => break,
                }
            }
            prop_assert_eq!(&got, &places);
            // Object by object: one range each, that holds those bytes and no others of the window.
            let mut by_object: HashMap<(usize, u32), Vec<u64>> = HashMap::new();
            for &(component, stripe, object) in places.values() {
                by_object.entry((component, stripe)).or_default().push(object);
            }
            for object in map.objects(range.clone()) {
                let bytes = by_object.remove(&(object.component, object.stripe)).unwrap();
                prop_assert!(bytes.iter().copied().eq(object.first..=object.last));
            }
            prop_assert!(by_object.is_empty(), "{by_object:?}");
        }
    }

    /// Rows, sets and columns counted from the component's start, unit by unit.
    #[test]
    fn parity_is_where_the_rows_say(
        start in prop_oneof![Just(0u64), 1u64..50, (1u64 << 32)..1 << 34, (1u64 << 62)..(1 << 62) + 50],
        len in prop_oneof![3 => 1u64..200, 1 => Just(0)], size in 1u32..6, count in 1u16..14,
        k in 1u8..7, p in 1u8..4,
    ) {
        let end = if len == 0 { EOF } else { start + len };
        let extent = Extent { start, end };
        let (init, parity) = (ComponentFlags::INIT, ComponentFlags::PARITY);
        let shape = |mirror, flags, link| Shape { mirror, extent, size, count, flags, code: (link, k, p) };
        let layout = composite(&[shape(1, init, 2), shape(2, parity, 1)]);
        let sets = split(count.into(), k.into());
        let total = sets.len() as u64 * u64::from(p);
        let map = ParityMap::of(&layout, 0);
        prop_assert_eq!(map.is_some(), total <= u64::from(count));
        let Some(map) = map else { return Ok(()) };
        let size = u64::from(size);
        let until = end.min(start + 300);
        let (mut data_at, mut parity_at) = (start, start);
        for row in 0.. {
            if data_at >= until {
                break;
            }
            for (set, &members) in (0..).zip(&sets) {
                for member in 0..members {
                    for column in 0..size {
                        let place = CodePlace { row, set, member, column };
                        let inside = data_at < end;
                        prop_assert_eq!(map.of_data(data_at), inside.then_some(place));
                        let back = map.data_offset(row, set, member, column);
                        prop_assert_eq!(back, inside.then_some(data_at));
                        data_at += 1;
                    }
                }
                prop_assert_eq!(map.data_offset(row, set, members, 0), None);
                for member in 0..u32::from(p) {
                    let fits = parity_at + size <= end;
                    for column in 0..size {
                        let place = CodePlace { row, set, member, column };
                        let offset = map.parity_offset(row, set, member, column);
                        prop_assert_eq!(offset, fits.then_some(parity_at));
                        prop_assert_eq!(map.of_parity(parity_at), fits.then_some(place));
                        parity_at += 1;
                    }
                }
            }
            prop_assert_eq!(map.data_offset(row, sets.len() as u32, 0, 0), None);
            prop_assert_eq!(map.parity_offset(row, 0, u32::from(p), 0), None);
            prop_assert_eq!(map.parity_offset(row, 0, 0, size), None);
        }
        prop_assert_eq!(map.of_data(end), None);
        if start > 0 {
            prop_assert_eq!((map.of_data(start - 1), map.of_parity(start - 1)), (None, None));
        }
        // The end of the parity mirror is behind all of its bytes.
        let parity_end = parity_end(&layout, 2, until).unwrap();
        prop_assert!(until == start || parity_end == parity_at, "{parity_end} {parity_at}");
    }

    /// The sizes that a truncate sets, by dealing all bytes of the file to the objects.
    #[test]
    fn truncates_size_what_they_reach((base, shapes) in mirrors(), at in 0u64..400) {
        let small: Vec<Shape> = shapes
            .iter()
            .map(|shape| {
                let low = |offset: u64| offset.saturating_sub(base);
                let extent = Extent { start: low(shape.extent.start), end: low(shape.extent.end) };
                Shape { extent, ..shape.clone() }
            })
            .collect();
        let layout = composite(&small);
        let mut ends = small.iter().filter(|shape| shape.mirror == 1).map(|shape| shape.extent.end);
        let end = ends.next_back().unwrap_or(0);
        let result = truncate(&layout, 1, at);
        let Some(map) = Map::of(&layout, 1) else {
            prop_assert_eq!(result.err().unwrap().gap, Gap::NoMirror);
            return Ok(());
        };
        if at > end {
            let stop = result.err().unwrap();
            prop_assert_eq!((stop.at, stop.gap), (at - 1, Gap::NoComponent));
            return Ok(());
        }
        let got: HashMap<(usize, u32), u64> =
            result.unwrap().map(|one| ((one.component, one.stripe), one.size)).collect();
        let mut expected = HashMap::new();
        for index in map.components() {
            let shape = &small[index];
            if shape.flags & ComponentFlags::INIT == 0 {
                continue;
            }
            // As if the component were the whole file.
            let whole = Shape { extent: Extent { start: 0, end: at }, mirror: 0, ..shape.clone() };
            let dealt = walk(&[whole], 0, 0..at);
            for stripe in 0..u32::from(shape.count) {
                let ends = dealt.values().filter(|place| place.1 == stripe).map(|place| place.2 + 1);
                let reached = ends.max().unwrap_or(0);
                if shape.extent.end > at {
                    let size = if shape.extent.start > at { 0 } else { reached };
                    expected.insert((index, stripe), size);
                } else if shape.extent.end == at && shape.extent.start < at && dealt[&(at - 1)].1 == stripe {
                    expected.insert((index, stripe), reached);
                }
            }
        }
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn writes_make_others_stale(layout in random::layout(), start in 0u64..1 << 24, len in 0u64..1 << 24) {
        for primary in layout.mirrors() {
            let stale: Vec<usize> = staled_by(&layout, primary.id, start..start + len).collect();
            let overlap = |a: Extent, b: Extent| a.start < b.end && b.start < a.end && a.start < a.end;
            let write = Extent { start, end: start + len };
            let expected: Vec<usize> = layout
                .components()
                .filter(|view| view.id.mirror() != primary.id)
                .filter(|view| {
                    let mut touched = layout.components().filter(|own| {
                        own.id.mirror() == primary.id && overlap(write, own.extent)
                    });
                    touched.any(|own| overlap(own.extent, view.extent))
                })
                .map(|view| view.index)
                .collect();
            prop_assert_eq!(stale, expected);
        }
    }

    /// The merged size of a random file is the end of what was written to it.
    #[test]
    fn merged_attributes(
        layout in random::layout(), offsets in prop::collection::vec((0u64..1 << 40, 1u64..1 << 20), 1..5),
        seed in any::<u32>(),
    ) {
        let mut objects: HashMap<ObjectId, Attributes> = HashMap::new();
        let mut end = 0;
        for (offset, len) in offsets {
            let mirror = layout.mirrors().next().unwrap().id;
            for piece in extents(&layout, mirror, offset..offset + len) {
                let view = layout.component(piece.component).unwrap();
                let object = view.object(piece.stripe).unwrap();
                let one = objects.entry(object).or_insert(Attributes { blocks: 8, ..Attributes::of_size(0) });
                one.size = one.size.max(piece.object_offset + piece.len);
                (one.mtime, one.ctime) = (i64::from(seed), i64::from(seed) + 1);
                end = end.max(piece.file_offset + piece.len);
            }
        }
        let merged = merge(&layout, None, |object| objects.get(&object).copied()).unwrap();
        prop_assert_eq!(merged.attributes.size, end);
        prop_assert_eq!(merged.attributes.kms, Some(0));
        prop_assert_eq!(merged.attributes.blocks, 8 * objects.len() as u64);
        prop_assert!(!merged.size_unknown);
        if !objects.is_empty() {
            let times = (merged.attributes.mtime, merged.attributes.ctime);
            prop_assert_eq!(times, (i64::from(seed), i64::from(seed) + 1));
        }
        // What a client knows itself counts where an OST says less.
        let known = merge(&layout, None, |object| {
            objects.get(&object).map(|one| Attributes { size: 0, kms: Some(one.size), ..*one })
        });
        let known = known.unwrap().attributes;
        prop_assert_eq!((known.size, known.kms), (end, Some(end)));
        prop_assert_eq!(file_size(&layout, |object| objects.get(&object).map(|one| one.size)), Some(end));
    }
}

/// Lustre's split of a row, by its rules.
fn split(total: u32, k: u32) -> Vec<u32> {
    if k >= total || total < 4 {
        return vec![total];
    }
    if total.is_multiple_of(k) {
        return vec![k; (total / k) as usize];
    }
    let sets = total / k + 1;
    (0..sets).map(|set| total / sets + u32::from(set < total % sets)).collect()
}

/// Parity of a file that was never resynced has blocks only: the size says nothing.
#[test]
fn blocks_of_parity_alone() {
    let case = &golden::ec_cases()[0];
    let layout = parse(&case.ea).unwrap();
    let parity = layout.component(1).unwrap();
    let objects: Vec<ObjectId> = (0..2).map(|stripe| parity.object(stripe).unwrap()).collect();
    let one = Attributes { blocks: 16, atime: -5, ..Attributes::of_size(1 << 20) };
    let merged = merge(&layout, None, |object| objects.contains(&object).then_some(one)).unwrap();
    assert!(merged.size_unknown);
    let all = merged.attributes;
    assert_eq!((all.size, all.blocks, all.atime, all.mtime), (0, 32, -5, i64::MIN));
    // Data on the MDT is merged like an object's.
    let dom = golden::text("layouts/dom/lov.hex");
    let layout = parse(&golden::hex(&dom)).unwrap();
    let merged = merge(&layout, Some(Attributes::of_size(777)), |_| None).unwrap();
    assert_eq!(merged.attributes.size, 777);
    assert_eq!(merge(&layout, None, |_| None).unwrap().attributes.size, 0);
}

/// What Lustre wrote as parity lies where the map says, in later components too: each unit that
/// protects data has data in the object that the map names.
#[test]
fn parity_of_a_real_lustre() {
    let recorded = golden::text("stripe-math.txt");
    let (mut units, mut later) = (0, 0);
    for case in golden::ec_cases() {
        let layout = parse(&case.ea).unwrap();
        let file = recorded.split(&format!("\n== e/{} ", case.name)).nth(1).unwrap();
        let file = file.split("\n== ").next().unwrap();
        // (component, stripe) -> data extents.
        let mut data: HashMap<(usize, u32), Vec<(u64, u64)>> = HashMap::new();
        let mut components = 0;
        for line in file.lines().map(str::trim) {
            components += usize::from(line.starts_with("comp "));
            let Some(rest) = line.strip_prefix("stripe ") else { continue };
            let stripe = rest.split(' ').next().unwrap().parse().unwrap();
            let list = line.split_once("data=").unwrap().1.split_once(" sha256").unwrap().0;
            data.insert((components - 1, stripe), golden::pairs(list));
        }
        for &(offset, len) in &case.ranges {
            for view in layout.components().filter(|view| !view.is_parity()) {
                let Some(map) = ParityMap::of(&layout, view.index) else { continue };
                let parity = layout.parity_of(view.index).unwrap();
                let first = offset.max(view.extent.start);
                let end = (offset + len).min(view.extent.end);
                for at in (first..end).step_by(4096) {
                    let place = map.of_data(at).unwrap();
                    for member in 0..map.parities() {
                        let offset = map.parity_offset(place.row, place.set, member, place.column);
                        let offset = offset.unwrap();
                        let unit = offset - place.column;
                        assert!(
                            case.units.iter().any(|one| one.offset == unit),
                            "{}: {unit}",
                            case.name
                        );
                        if case.wrong_units.contains(&unit) {
                            continue;
                        }
                        let (stripe, object) = map.parity_stripes().locate(offset);
                        let written = &data[&(parity, stripe)];
                        assert!(
                            written.iter().any(|&(from, to)| (from..to).contains(&object)),
                            "{}: byte {at}, parity {member}: stripe {stripe} at {object}, {written:?}",
                            case.name
                        );
                        units += 1;
                        later += usize::from(view.extent.start > 0);
                    }
                }
            }
        }
    }
    assert!(units > 1000, "{units}");
    assert!(later > 10, "{later} in components that start behind 0");
}
