//! Any layout that the model can hold goes through its bytes unchanged, in both byte orders; and
//! what a layout says of its components.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;

use golden::{cases, ec_cases, hex, text};
use lustrine::layout::raid::RaidSets;
use lustrine::layout::xattr::{Endian, emit_as, parse, parse_as};
use lustrine::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fault, Fid, Foreign,
    Layout, ObjectId, Pattern, PoolName, Slot, State, Striping, StripingKind,
};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;

fn fid() -> impl Strategy<Value = Fid> {
    (0x2_0000_0400u64..u64::MAX, 1u32..).prop_map(|(seq, oid)| Fid { seq, oid, ver: 0 })
}

/// A slot that names an object, or a lost one's.
fn slot() -> impl Strategy<Value = Slot> {
    let new = (fid(), 0u32..=0xffdf, any::<u32>()).prop_map(|(fid, ost, generation)| Slot {
        generation,
        ..Slot::from_object(ObjectId { ost, fid })
    });
    let legacy = (1u64..1 << 48, 0u32..=0xffdf).prop_map(|(id, ost)| Slot {
        oi: [id, 0],
        generation: 0,
        ost,
    });
    prop_oneof![6 => new, 2 => legacy, 1 => Just(Slot::default())]
}

/// Leftover memory.
fn garbage() -> impl Strategy<Value = Slot> {
    (any::<[u64; 2]>(), any::<u32>(), any::<u32>()).prop_map(|(oi, generation, ost)| Slot {
        oi,
        generation,
        ost,
    })
}

fn pool() -> impl Strategy<Value = PoolName> {
    (any::<[u8; 16]>(), 0usize..16).prop_map(|(mut name, nul)| {
        name[nul] = 0;
        PoolName(name)
    })
}

fn kind() -> impl Strategy<Value = StripingKind> {
    prop_oneof![Just(StripingKind::V1), Just(StripingKind::V3), Just(StripingKind::Specific)]
}

/// A striping with its slots: objects if `init`, else leftovers.
fn striping(init: bool) -> BoxedStrategy<Striping> {
    let known = prop_oneof![Just(0x1u32), Just(0x201), Just(0x5), Just(0x801), Just(0x4000_0001)];
    let released = Just(0x8000_0001u32);
    let unknown = (0u32..).prop_filter("unknown", |&bits| !Pattern(bits).is_known());
    let pattern = if init { known.boxed() } else { prop_oneof![known, released, unknown].boxed() };
    let slots = if init { vec(slot(), 1..9).boxed() } else { vec(garbage(), 0..4).boxed() };
    let header = (any::<[u64; 2]>(), 1u32..65536, any::<u16>(), any::<u16>());
    (kind(), pattern, pool(), slots, header)
        .prop_map(move |(kind, pattern, pool, slots, (oi, size, count, gen_or_offset))| Striping {
            kind,
            pattern: Pattern(pattern),
            oi,
            stripe_size: size * 65536,
            stripe_count: if init { slots.len() as u16 } else { count },
            gen_or_offset,
            pool: if kind == StripingKind::V1 { PoolName::default() } else { pool },
            slots,
        })
        .boxed()
}

fn foreign(trailing: usize) -> impl Strategy<Value = Foreign> {
    let value = prop_oneof![vec(any::<u8>(), 0..80), vec(any::<u8>(), 56)];
    (any::<u32>(), any::<u32>(), value, vec(any::<u8>(), 0..=trailing))
        .prop_map(|(kind, flags, value, trailing)| Foreign { kind, flags, value, trailing })
}

/// What a component holds, and whether it is instantiated.
fn body() -> impl Strategy<Value = (Body, bool)> {
    let dom = striping(false).prop_map(|mut striping| {
        striping.pattern = Pattern(Pattern::MDT);
        Body::Striping(striping)
    });
    // No magic in either byte order.
    let unknown = vec(any::<u8>(), 0..40).prop_map(|mut bytes| {
        if let Some(first) = bytes.first_mut() {
            *first = 0x77;
        }
        Body::Unknown(bytes)
    });
    prop_oneof![
        4 => striping(true).prop_map(|striping| (Body::Striping(striping), true)),
        3 => striping(false).prop_map(|striping| (Body::Striping(striping), false)),
        1 => (dom, any::<bool>()),
        1 => foreign(9).prop_map(|foreign| (Body::Foreign(foreign), true)),
        1 => unknown.prop_map(|body| (body, true)),
    ]
}

prop_compose! {
    fn component()(
        (body, init) in body(), flags: u32, layout_gen: u32, timestamp in 0u64..1 << 48,
        link_id: u16, code: [u8; 2], compression: [u8; 2],
    ) -> Component {
        let flags = if init { flags | 0x10 } else { flags & !0x10 };
        Component {
            id: ComponentId(0), flags: ComponentFlags(flags), extent: Extent::WHOLE, layout_gen,
            timestamp, link_id, data: code[0], parity: code[1], compression, body,
        }
    }
}

/// Mirrors of components that follow one another, the ends in units of 64 KiB.
fn composite() -> impl Strategy<Value = Layout> {
    let mirror = vec((component(), 0u64..1 << 47), 1..4);
    let header = (any::<bool>(), any::<u32>(), 1u16..4, any::<u16>(), any::<[u8; 14]>());
    (vec(mirror, 1..4), header, vec(any::<u8>(), 0..20), weighted(0.9, 1u32..0x7f00)).prop_map(
        |(mirrors, (sel, layout_gen, state, flags, reserved), trailing, first_id)| {
            let count = mirrors.len() as u16;
            let mut components = Vec::new();
            for (mirror, list) in (1u32..).zip(mirrors) {
                let mut ends: Vec<u64> = list.iter().map(|(_, end)| end * 65536).collect();
                ends.sort_unstable();
                let mut start = 0;
                let last = ends.len() - 1;
                for (at, (mut component, _)) in list.into_iter().enumerate() {
                    let end = if at == last { EOF } else { ends[at].max(65536) };
                    component.extent = Extent { start, end };
                    start = end;
                    // Without an id in any component it is a template.
                    let sequence = components.len() as u32;
                    component.id =
                        ComponentId(first_id.map_or(0, |id| mirror << 16 | (id + sequence)));
                    components.push(component);
                }
            }
            let state = if count > 1 { state } else { 0 };
            Layout::Composite(Composite {
                sel,
                layout_gen,
                flags: flags & !3 | state,
                mirror_count: count - 1,
                reserved,
                components,
                trailing,
            })
        },
    )
}

fn layout() -> impl Strategy<Value = Layout> {
    prop_oneof![
        5 => composite(),
        1 => striping(true).prop_map(Layout::Plain),
        1 => foreign(0).prop_map(Layout::Foreign),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn layouts_go_through_their_bytes(layout in layout()) {
        for endian in [Endian::Little, Endian::Big] {
            let bytes = emit_as(&layout, endian);
            let (again, order) = parse_as(&bytes)
                .map_err(|error| TestCaseError::fail(format!("{error}: {layout:?}")))?;
            prop_assert_eq!(&again, &layout);
            prop_assert_eq!(order, endian);
            prop_assert_eq!(emit_as(&again, endian), bytes);
        }
    }

    /// Bytes of no meaning behind a magic: an error with an offset inside, or the same bytes back.
    #[test]
    fn hostile_bytes(
        magic in prop_oneof![Just(0xd1u8), Just(0xd3), Just(0xd5), Just(0xd6), Just(0xd7), Just(0xd8)],
        mut bytes in vec(prop_oneof![any::<u8>(), Just(0)], 4..400),
        fix in any::<bool>(),
    ) {
        bytes[..4].copy_from_slice(&[0xd0, 0x0b, magic, 0x0b]);
        if fix && bytes.len() > 16 {
            let len = (bytes.len() as u32).to_le_bytes();
            bytes[4..8].copy_from_slice(&len);
            bytes[14..16].copy_from_slice(&[2, 0]);
        }
        match parse_as(&bytes) {
            Ok((layout, endian)) => prop_assert_eq!(emit_as(&layout, endian), bytes),
            Err(error) => prop_assert!(error.offset <= bytes.len(), "{}", error),
        }
    }

    #[test]
    fn slots_name_their_objects(slot in slot(), ost in 0u32..=0xffdf, id in 1u64..1 << 48) {
        let object = slot.object_id().unwrap();
        prop_assert_eq!(Slot::from_object(object).object_id(), Ok(object));
        let legacy = Slot { oi: [id, 0], generation: 0, ost };
        prop_assert_eq!(Slot::from_object(legacy.object_id().unwrap()), legacy);
    }
}

#[test]
fn legacy_ids() {
    let slot = Slot { oi: [0x12_3456_789a, 0], generation: 0, ost: 5 };
    let fid = Fid { seq: 0x1_0005_0012, oid: 0x3456_789a, ver: 0 };
    assert_eq!(slot.object_id(), Ok(ObjectId { ost: 5, fid }));
    assert_eq!(fid.to_string(), "[0x100050012:0x3456789a:0x0]");
    // A FID of the legacy kind takes the slot's OST.
    let idif = Slot { oi: [0x1_0009_0012, 0x3456_789a], ..slot };
    assert_eq!(idif.object_id(), slot.object_id());
    let refused = |oi, ost| Slot { oi, generation: 0, ost }.object_id().unwrap_err();
    assert_eq!(refused([1 << 48, 0], 0), Fault::ObjectNumber { got: 1 << 48 });
    assert_eq!(refused([5, u64::MAX], 0), Fault::ObjectDefault);
    assert_eq!(refused([0x2_4000_0400, 7 << 32 | 1], 0), Fault::ObjectVersion { got: 7 });
    assert_eq!(refused([1, 0], 0xffe0), Fault::OstIndex { got: 0xffe0 });
}

#[test]
fn pairs_of_real_files() {
    for case in ec_cases() {
        let layout = parse(&case.ea).unwrap();
        assert_eq!(layout.state(), State::ReadOnly, "{}", case.name);
        let stale = parse(&case.ea_stale).unwrap();
        if !case.ranges.is_empty() {
            assert_eq!(stale.state(), State::WritePending, "{}", case.name);
            assert!(stale.components().any(|view| view.is_stale()), "{}", case.name);
        }
        let ids: Vec<u16> = layout.mirrors().map(|mirror| mirror.id).collect();
        assert_eq!(ids, [1, case.parity_mirror], "{}", case.name);
        for view in layout.components() {
            let (parity, data) = (layout.parity_of(view.index), layout.data_of(view.index));
            assert_eq!(view.is_parity(), data.is_some(), "{}", case.name);
            assert_eq!(view.is_parity(), parity.is_none(), "{}", case.name);
            assert!(!view.is_stale(), "{}", case.name);
            let Some(data) = data else { continue };
            assert_eq!(layout.parity_of(data), Some(view.index), "{}", case.name);
            let sets = layout.raid_sets(view.index).unwrap();
            let stripes = layout.component(data).unwrap().stripes().unwrap().count() as u32;
            assert_eq!(sets, RaidSets::split(stripes, view.data.into()), "{}", case.name);
            if view.is_init() {
                let count = sets.count() * u32::from(view.parity);
                assert_eq!(view.objects().unwrap().len() as u32, count, "{}", case.name);
            }
        }
    }
    // The parity of this one was deleted: link, k and p dangle.
    let ea = text("layouts/ec-deleted-parity-comp/ondisk-lov.hex");
    let layout = parse(&hex(&ea)).unwrap();
    let view = layout.component(0).unwrap();
    assert_eq!((view.link_id, view.data, view.parity), (2, 4, 2));
    assert_eq!(layout.parity_of(0), None);
    // Each member must name the other's mirror.
    let mut layout = parse(&ec_cases()[0].ea).unwrap();
    assert_eq!((layout.parity_of(0), layout.data_of(1)), (Some(1), Some(0)));
    let Layout::Composite(composite) = &mut layout else { panic!("composite") };
    composite.components[1].link_id = 3;
    assert_eq!((layout.parity_of(0), layout.data_of(1)), (None, None));
    // Templates pair by number.
    for name in ["dir-ec", "dir-ec-two"] {
        let layout = parse(&hex(&text(&format!("layouts/{name}/lov.hex")))).unwrap();
        assert!(layout.is_template());
        assert_eq!(layout.mirrors().count(), layout.component_count() / 2);
        for view in layout.components() {
            let partner = layout.parity_of(view.index).or(layout.data_of(view.index)).unwrap();
            assert_eq!(layout.component(partner).unwrap().link_id, view.link_id, "{name}");
        }
    }
}

/// Only what is instantiated, striped and not released has objects.
#[test]
fn objects_of_real_files() {
    let mut with = 0;
    for name in cases("layouts") {
        let layout = parse(&hex(&text(&format!("layouts/{name}/lov.hex")))).unwrap();
        for view in layout.components() {
            let recorded = text(&format!("layouts/{name}/getstripe.txt"));
            let has = view.objects().is_some();
            if layout.is_template() || name.starts_with("hsm") || view.is_dom() || !view.is_init() {
                assert!(!has, "{name}: component {}", view.index);
                continue;
            }
            assert!(has, "{name}: component {}", view.index);
            for stripe in 0..view.objects().unwrap().len() as u32 {
                let fid = view.object(stripe).unwrap().fid;
                let (seq, oid) = (format!("{:#x}", fid.seq), format!("{:#x}", fid.oid));
                assert!(recorded.contains(&seq) && recorded.contains(&oid), "{name}: {fid}");
                with += 1;
            }
            assert_eq!(view.object(view.objects().unwrap().len() as u32), None);
        }
    }
    assert!(with > 300, "{with}");
}

#[test]
fn changes_for_a_rebuild() {
    let case = ec_cases().into_iter().find(|case| case.name == "c8-4p2-128K").unwrap();
    let mut layout = parse(&case.ea).unwrap();
    let old = layout.component(1).unwrap().object(2).unwrap();
    let new = ObjectId { ost: 15, fid: Fid { seq: 0x9_0000_0400, oid: 77, ver: 0 } };
    assert_ne!(old, new);
    layout.set_object(1, 2, new).unwrap();
    assert_eq!(layout.component(1).unwrap().object(2), Some(new));
    assert_eq!(layout.set_object(2, 0, new), Err(Fault::NoObjects { component: 2 }));
    assert_eq!(layout.set_object(1, 4, new), Err(Fault::NoStripe { stripe: 4, count: 4 }));
    let bad = ObjectId { fid: Fid { ver: 1, ..new.fid }, ..new };
    assert_eq!(layout.set_object(1, 0, bad), Err(Fault::ObjectVersion { got: 1 }));

    let generation = layout.generation();
    layout.bump_generation();
    assert_eq!(layout.generation(), generation + 1);
    assert!(layout.set_stale(1, true) && layout.set_state(State::WritePending));
    assert!(layout.component(1).unwrap().is_stale());
    assert_eq!(layout.state(), State::WritePending);
    assert!(layout.set_stale(1, false) && layout.set_state(State::ReadOnly));
    assert!(layout.set_timestamp(0, 1_780_000_000) && layout.set_timestamp(1, 1_780_000_000));
    assert!(!layout.set_stale(2, true) && !layout.set_timestamp(2, 1));
    assert_eq!(parse(&emit_as(&layout, Endian::Little)), Ok(layout.clone()));
    // Put back, only the generation and the timestamps differ.
    layout.set_object(1, 2, old).unwrap();
    let before = parse(&case.ea).unwrap();
    let differ: usize = emit_as(&layout, Endian::Little)
        .iter()
        .zip(&case.ea)
        .filter(|(now, then)| now != then)
        .count();
    assert!((1..=9).contains(&differ), "{differ} bytes");
    assert_eq!(layout.component(1).unwrap().objects(), before.component(1).unwrap().objects());
}

/// Bits 30 and 31 are state, the counter below them skips 0.
#[test]
fn generations_wrap() {
    let mut layout = parse(&ec_cases()[0].ea).unwrap();
    for (from, to) in
        [(5, 6), (0x3fff_ffff, 1), (0xbfff_ffff, 0x8000_0001), (u32::MAX, 0xc000_0001), (0, 1)]
    {
        let Layout::Composite(composite) = &mut layout else { panic!("composite") };
        composite.layout_gen = from;
        layout.bump_generation();
        assert_eq!(layout.generation(), to, "{from:#x}");
    }
    let mut plain = parse(&hex(&text("layouts/plain-4/ondisk-lov.hex"))).unwrap();
    plain.bump_generation();
    assert_eq!(plain.generation(), 1);
    assert!(!plain.set_state(State::ReadOnly) && !plain.set_stale(0, true));
}
