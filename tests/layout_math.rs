//! Offsets and sizes: the objects of a real Lustre, and models that count byte by byte.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use std::collections::HashMap;

use golden::{ec_cases, hex, pairs, text, text_if_there};
use lustrine::layout::map::{Gap, Stripes, extents, file_size, parity_end};
use lustrine::layout::xattr::parse;
use lustrine::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Layout, ObjectId,
    Pattern, PoolName, Slot, Striping, StripingKind,
};
use proptest::prelude::*;

/// An object as it was found on its OST.
struct Found {
    fid: String,
    size: u64,
    /// Data extents, rounded out to blocks of 4 KiB but for the object's end.
    data: Vec<(u64, u64)>,
}

/// A file and its objects by (component, stripe).
struct File {
    name: String,
    size: u64,
    objects: HashMap<(usize, u32), Found>,
}

/// Every file in stripe-math.txt.
fn recorded() -> Vec<File> {
    let mut files = Vec::new();
    for file in text("stripe-math.txt").split("\n== ").skip(1) {
        let mut lines = file.lines();
        let head: Vec<&str> = lines.next().unwrap().split(' ').collect();
        let size = head[1].strip_prefix("size=").unwrap().parse().unwrap();
        let (mut objects, mut components) = (HashMap::new(), 0usize);
        for line in lines {
            let line = line.trim();
            let field = |key: &str| {
                let rest = line.split_once(key).unwrap_or_else(|| panic!("{line}")).1;
                rest.split(' ').next().unwrap()
            };
            if line.starts_with("comp ") {
                components += 1;
            } else if line.starts_with("stripe ") {
                let data = line.split_once("data=").unwrap().1.split_once(" sha256").unwrap().0;
                let stripe: u32 = field("stripe ").parse().unwrap();
                let found = Found {
                    fid: field("fid=").to_owned(),
                    size: field("objsize=").parse().unwrap(),
                    data: pairs(data),
                };
                objects.insert((components - 1, stripe), found);
            }
        }
        files.push(File { name: head[0].to_owned(), size, objects });
    }
    assert!(files.len() > 90, "{}", files.len());
    files
}

fn golden_layout(name: &str) -> Option<Layout> {
    let (part, name) = name.split_once('/').unwrap();
    let part = match part {
        "e" => "ec",
        "l" => "layouts",
        _ => return None,
    };
    text_if_there(&format!("{part}/{name}/ondisk-lov.hex")).map(|ea| parse(&hex(&ea)).unwrap())
}

/// Objects stand in the slots that name them, the file's size follows from theirs, and no object
/// holds more than the file reaches.
#[test]
fn objects_of_a_real_lustre() {
    let (mut sizes, mut objects) = (0, 0);
    for File { name, size, objects: found } in recorded() {
        let Some(layout) = golden_layout(&name) else { continue };
        let mut by_id = HashMap::new();
        for view in layout.components() {
            let Some(stripes) = view.stripes().filter(|_| view.objects().is_some()) else {
                continue;
            };
            for stripe in 0..stripes.count() as u32 {
                let object = view.object(stripe).unwrap();
                let on_ost = &found[&(view.index, stripe)];
                assert_eq!(object.fid.to_string(), on_ost.fid, "{name}");
                by_id.insert(object, on_ost.size);
                if view.is_parity() {
                    continue;
                }
                let most = stripes.object_size(size, stripe);
                assert!(on_ost.size <= most, "{name}: stripe {stripe} has {}", on_ost.size);
                for &(first, end) in &on_ost.data {
                    let start = stripes.file_offset(stripe, first).unwrap();
                    let last = stripes.file_offset(stripe, end - 1).unwrap();
                    assert!(start >= view.extent.start && last < size, "{name}: {start}..={last}");
                }
                objects += 1;
            }
        }
        if by_id.is_empty() {
            continue;
        }
        assert_eq!(file_size(&layout, |object| by_id.get(&object).copied()), Some(size), "{name}");
        sizes += usize::from(size > 0);
    }
    assert!(sizes >= 40 && objects >= 400, "{sizes} files, {objects} objects");
}

/// The size and the data extents of every object, from the ranges that were written.
#[test]
fn objects_follow_from_the_ranges_written() {
    let found: HashMap<String, _> =
        recorded().into_iter().map(|file| (file.name, file.objects)).collect();
    let mut compared = 0;
    for case in ec_cases() {
        let layout = parse(&case.ea).unwrap();
        let objects = &found[&format!("e/{}", case.name)];
        let mut data: HashMap<(usize, u32), Vec<(u64, u64)>> = HashMap::new();
        for &(offset, len) in &case.ranges {
            let mut pieces = extents(&layout, 1, offset..offset + len);
            for piece in pieces.by_ref() {
                let block = 4096;
                let start = piece.object_offset / block * block;
                let end = (piece.object_offset + piece.len).next_multiple_of(block);
                data.entry((piece.component, piece.stripe)).or_default().push((start, end));
            }
            assert_eq!((pieces.stop(), pieces.position()), (None, offset + len), "{}", case.name);
        }
        for view in layout.components().filter(|view| !view.is_parity()) {
            let Some(stripes) = view.stripes().filter(|_| view.objects().is_some()) else {
                continue;
            };
            for stripe in 0..stripes.count() as u32 {
                let on_ost = &objects[&(view.index, stripe)];
                let mut expected: Vec<(u64, u64)> = Vec::new();
                for (start, end) in data.remove(&(view.index, stripe)).unwrap_or_default() {
                    match expected.last_mut() {
                        Some(last) if start <= last.1 => last.1 = last.1.max(end),
                        _ => expected.push((start, end)),
                    }
                }
                for (_, end) in &mut expected {
                    *end = (*end).min(on_ost.size);
                }
                assert_eq!(on_ost.data, expected, "{}: stripe {stripe}", case.name);
                compared += 1;
            }
        }
        assert!(data.is_empty(), "{}: {data:?}", case.name);
    }
    assert!(compared >= 150, "{compared} objects");
}

/// What reading a parity mirror gave, in bytes.
#[test]
fn parity_ends_of_a_real_lustre() {
    for case in ec_cases() {
        let layout = parse(&case.ea).unwrap();
        let end = parity_end(&layout, case.parity_mirror, case.size);
        assert_eq!(end, Some(case.parity_len), "{}", case.name);
        assert_eq!(parity_end(&layout, 1, case.size), Some(0), "{}: data", case.name);
        assert_eq!(parity_end(&layout, 9, case.size), Some(0), "{}: none", case.name);
        assert_eq!(parity_end(&layout, case.parity_mirror, 0), Some(0), "{}", case.name);
    }
}

/// A component with stripes of any size; objects are numbered.
fn component(id: u32, flags: u32, extent: Extent, size: u32, count: u16) -> Component {
    let slot = |stripe: u16| {
        let fid = Fid { seq: 0x2_4000_0400, oid: id << 12 | u32::from(stripe) | 1 << 31, ver: 0 };
        Slot::from_object(ObjectId { ost: u32::from(stripe), fid })
    };
    Component {
        id: ComponentId(id),
        flags: ComponentFlags(flags),
        extent,
        layout_gen: 0,
        timestamp: 0,
        link_id: 0,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body: Body::Striping(Striping {
            kind: StripingKind::V1,
            pattern: Pattern(Pattern::RAID0),
            oi: [0; 2],
            stripe_size: size,
            stripe_count: count,
            gen_or_offset: 0,
            pool: PoolName::default(),
            slots: (0..count).map(slot).collect(),
        }),
    }
}

fn composite(components: Vec<Component>) -> Layout {
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

/// A data mirror 1 and its parity mirror 2: (extent, stripe size, stripes, k, p) of each pair.
fn ec(pairs: &[(u64, u64, u32, u16, u8, u8)]) -> Layout {
    let mut components = Vec::new();
    for (mirror, flags) in [(1, ComponentFlags::INIT), (2, 0x90)] {
        for &(start, end, size, count, k, p) in pairs {
            let mut one = component(mirror << 16 | 1, flags, Extent { start, end }, size, count);
            (one.link_id, one.data, one.parity) = (3 - mirror as u16, k, p);
            components.push(one);
        }
    }
    composite(components)
}

const K64: u32 = 64 << 10;
const M: u64 = 1 << 20;

#[test]
fn parity_ends() {
    let end = |layout: &Layout, size| parity_end(layout, 2, size).unwrap();
    let layout = ec(&[(0, EOF, K64, 4, 2, 2)]);
    assert_eq!(end(&layout, 40 * 65536 + 1), 2_883_584);
    assert_eq!(end(&layout, 1), 262_144);
    let layout = ec(&[(0, EOF, 1 << 20, 4, 4, 2)]);
    assert_eq!(end(&layout, 4 * M), 2 * M);
    assert_eq!(end(&layout, 4 * M + 1), 4 * M);
    let layout = ec(&[(0, M, K64, 4, 4, 2), (M, EOF, K64, 4, 2, 2)]);
    assert_eq!(end(&layout, 327_690), 262_144);
    assert_eq!(end(&layout, M + 1), 1_310_720);
    // The first component's rows end with it, whatever the file's size.
    let layout = ec(&[(0, M, K64, 4, 2, 2), (M, EOF, K64, 4, 4, 2)]);
    assert_eq!(end(&layout, 9 * M), 5 * M);
    // Near the largest file: 2^63 - 1 bytes of 8+2 over 8 stripes of 1 MiB.
    let layout = ec(&[(0, EOF, 1 << 20, 8, 8, 2)]);
    let rows = ((1u64 << 63) - 1).div_ceil(8 * M);
    assert_eq!(end(&layout, (1 << 63) - 1), rows * 2 * M);
    // Sixteen parities of each stripe would not fit 64 bits.
    let layout = ec(&[(0, EOF, 1 << 20, 1, 1, 15)]);
    assert_eq!(parity_end(&layout, 2, u64::MAX), None);
}

#[test]
fn ranges_stop_where_there_are_no_objects() {
    let layout = composite(vec![
        component(1, 0x10, Extent { start: 0, end: M }, K64, 1),
        component(2, 0x10, Extent { start: M, end: 2 * M }, K64, 4),
        component(3, 0, Extent { start: 2 * M, end: 3 * M }, K64, 4),
    ]);
    let mut pieces = extents(&layout, 0, 1000..4 * M);
    // One stripe: one piece up to the component's end.
    let first = pieces.next().unwrap();
    assert_eq!((first.component, first.stripe, first.object_offset), (0, 0, 1000));
    assert_eq!((first.file_offset, first.len), (1000, M - 1000));
    assert_eq!(pieces.by_ref().count(), 16);
    let stop = pieces.stop().unwrap();
    assert_eq!((stop.at, stop.until, stop.component), (2 * M, 3 * M, Some(2)));
    assert_eq!((stop.gap, pieces.position(), pieces.next()), (Gap::NotInstantiated, 2 * M, None));
    let mut behind = extents(&layout, 0, 3 * M..4 * M);
    assert_eq!(behind.next(), None);
    let stop = behind.stop().unwrap();
    assert_eq!((stop.at, stop.until, stop.component), (3 * M, 4 * M, None));
    assert_eq!(stop.gap, Gap::NoComponent);
    let mut none = extents(&layout, 7, 0..1);
    assert_eq!((none.next(), none.stop().unwrap().gap), (None, Gap::NoMirror));
    let mut empty = extents(&layout, 7, 5..5);
    assert_eq!((empty.next(), empty.stop()), (None, None));
    for (file, gap) in [("hsm-released", Gap::Released), ("dom", Gap::OnMdt)] {
        let layout = golden_layout(&format!("l/{file}")).unwrap();
        let mut pieces = extents(&layout, 0, 0..1);
        assert_eq!((pieces.next(), pieces.stop().unwrap().gap), (None, gap), "{file}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn places_are_inverse(
        size in 1u64..65536, count in 1u64..=2000, offset in 0u64..1 << 63, small in 0u64..1 << 34,
    ) {
        let stripes = Stripes::new(size * 65536, count).unwrap();
        for offset in [offset, small, (1 << 63) - 1 - small, u64::MAX - 1 - small] {
            let (stripe, object) = stripes.locate(offset);
            prop_assert_eq!(stripes.file_offset(stripe, object), Some(offset));
            // The formulas in 128 bits.
            let (wide, unit) = (u128::from(offset), u128::from(stripes.size()));
            let row = unit * u128::from(count);
            prop_assert_eq!(u128::from(stripe), wide / unit % u128::from(count));
            prop_assert_eq!(u128::from(object), wide / row * unit + wide % unit);
            // The object that ends with this byte gives a file that does.
            prop_assert_eq!(stripes.file_size(stripe, object + 1), Some(offset + 1));
            prop_assert_eq!(stripes.object_size(offset + 1, stripe), object + 1);
        }
    }

    /// Bytes dealt one by one, at the start of the file and far behind it.
    #[test]
    fn sizes_are_those_of_dealt_bytes(
        size in 1u64..7, count in 1u64..6, len in 0u64..150, from in 0u64..150,
        row in prop_oneof![Just(0), 1u64..1 << 58],
    ) {
        let stripes = Stripes::new(size, count).unwrap();
        let (base, object_base) = (row * size * count, row * size);
        let mut dealt = vec![Vec::new(); count as usize];
        for byte in 0..len {
            let stripe = byte / size % count;
            let at = object_base + dealt[stripe as usize].len() as u64;
            prop_assert_eq!(stripes.locate(base + byte), (stripe as u32, at));
            dealt[stripe as usize].push(byte);
        }
        for (stripe, bytes) in (0..).zip(&dealt) {
            let end = object_base + bytes.len() as u64;
            prop_assert_eq!(stripes.object_size(base + len, stripe), end);
            if let Some(last) = bytes.last() {
                prop_assert_eq!(stripes.file_size(stripe, end), Some(base + last + 1));
            }
            let extent = Extent { start: base + from, end: base + len };
            let inside: Vec<u64> = (object_base..)
                .zip(bytes)
                .filter(|&(_, &byte)| byte >= from)
                .map(|(at, _)| at)
                .collect();
            let expected = inside.first().copied().zip(inside.last().copied());
            prop_assert_eq!(stripes.intersect(extent, stripe), expected);
        }
    }

    /// Pieces against every byte's own place, over components of any shape.
    #[test]
    fn pieces_are_the_bytes_places(
        shapes in prop::collection::vec((1u64..40, 1u32..7, 1u16..5, prop::bool::weighted(0.9)), 1..5),
        base in prop_oneof![Just(0u64), Just(1 << 32), Just((1 << 63) - 500), 0u64..1 << 62],
        from in 0u64..120, len in 0u64..120,
    ) {
        let mut components = vec![component(1, 0x10, Extent { start: 0, end: base }, 5, 3)];
        let mut end = base;
        for (number, &(bytes, size, count, init)) in (2..).zip(&shapes) {
            let extent = Extent { start: end, end: end + bytes };
            end = extent.end;
            components.push(component(number, if init { 0x10 } else { 0 }, extent, size, count));
        }
        let layout = composite(components);
        let range = base + from..base + from + len;
        let mut places = Vec::new();
        let mut stop = None;
        for at in range.clone() {
            let covering = layout
                .components()
                .find(|view| view.extent.start <= at && at < view.extent.end);
            match covering.and_then(|view| view.objects().map(|_| view)) {
                Some(view) => {
                    let stripes = view.stripes().unwrap();
                    places.push((view.index, stripes.locate(at)));
                }
                None => {
                    stop = Some((at, covering.map(|view| view.index)));
                    break;
                }
            }
        }
        let mut pieces = extents(&layout, 0, range.clone());
        let mut got = Vec::new();
        for piece in pieces.by_ref() {
            prop_assert_eq!(piece.file_offset, range.start + got.len() as u64);
            prop_assert!(piece.len > 0);
            for byte in 0..piece.len {
                got.push((piece.component, (piece.stripe, piece.object_offset + byte)));
            }
        }
        prop_assert_eq!(&got, &places);
        prop_assert_eq!(pieces.stop().map(|stop| (stop.at, stop.component)), stop);
        prop_assert_eq!(pieces.position(), range.start + got.len() as u64);
        if let Some(stop) = pieces.stop() {
            prop_assert!(stop.at < stop.until && stop.until <= range.end);
        }
    }

    /// The file's size from its objects' sizes, whatever part of it was written.
    #[test]
    fn merged_size_is_the_end_of_the_last_byte(
        cut in 1u64..200, sizes in (1u32..7, 1u16..5, 1u32..7, 1u16..5),
        written in prop::collection::vec((0u64..300, 1u64..50), 1..4),
    ) {
        let (size0, count0, size1, count1) = sizes;
        let layout = composite(vec![
            component(1, 0x10, Extent { start: 0, end: cut }, size0, count0),
            component(2, 0x10, Extent { start: cut, end: EOF }, size1, count1),
            // Neither stale nor parity counts.
            component(0x20003, 0x11, Extent::WHOLE, 3, 2),
            component(0x30004, 0x90, Extent::WHOLE, 3, 2),
        ]);
        let mut objects: HashMap<ObjectId, u64> = HashMap::new();
        let mut end = 0;
        for (offset, len) in written {
            end = end.max(offset + len);
            for piece in extents(&layout, 0, offset..offset + len) {
                let object = layout.component(piece.component).unwrap().object(piece.stripe);
                let size = objects.entry(object.unwrap()).or_default();
                *size = (*size).max(piece.object_offset + piece.len);
            }
        }
        let size = |object: ObjectId| match object.fid.oid >> 12 & 0xffff {
            3 | 4 => Some(1 << 40),
            _ => objects.get(&object).copied(),
        };
        prop_assert_eq!(file_size(&layout, size), Some(end));
    }
}
