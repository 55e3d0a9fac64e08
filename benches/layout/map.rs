//! Pieces of ranges, and places among many components.

use std::hint::black_box;

use lustrine::layout::map::{Map, Piece, Stripes};
use lustrine::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Layout, ObjectId,
    Pattern, PoolName, Slot, Striping, StripingKind,
};

use crate::turns::{Contestant, Turns};

const MIB: u64 = 1 << 20;

pub(crate) fn striping(count: u16) -> Striping {
    let fid = |stripe| Fid { seq: 0x2_4000_0400, oid: u32::from(stripe) + 1, ver: 0 };
    Striping {
        kind: StripingKind::V1,
        pattern: Pattern(Pattern::RAID0),
        oi: [0; 2],
        stripe_size: MIB as u32,
        stripe_count: count,
        gen_or_offset: 0,
        pool: PoolName::default(),
        slots: (0..count)
            .map(|stripe| Slot::from_object(ObjectId { ost: stripe.into(), fid: fid(stripe) }))
            .collect(),
    }
}

/// A file of `count` components of 64 MiB, the last one open.
fn components(count: u64) -> Layout {
    let one = |number: u64| Component {
        id: ComponentId(number as u32 + 1),
        flags: ComponentFlags(ComponentFlags::INIT),
        extent: Extent {
            start: number * 64 * MIB,
            end: if number + 1 == count { EOF } else { (number + 1) * 64 * MIB },
        },
        layout_gen: 0,
        timestamp: 0,
        link_id: 0,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body: Body::Striping(striping(2)),
    };
    Layout::Composite(Composite {
        sel: false,
        layout_gen: 1,
        flags: 0,
        mirror_count: 0,
        reserved: [0; 14],
        components: (0..count).map(one).collect(),
        trailing: Vec::new(),
    })
}

/// The plain way: each piece's place by division.
fn divided(stripes: Stripes, start: u64, end: u64) -> impl Iterator<Item = Piece> {
    let mut at = start;
    std::iter::from_fn(move || {
        let (stripe, object_offset) = (at < end).then(|| stripes.locate(at))?;
        let len = (stripes.size() - object_offset % stripes.size()).min(end - at);
        let piece = Piece { component: 0, stripe, object_offset, file_offset: at, len };
        at += len;
        Some(piece)
    })
}

pub(crate) fn run(turns: &Turns) {
    let pieces = turns.amount(1 << 22, 1 << 12);
    for count in [4u16, 48, 2000] {
        let layout = Layout::Plain(striping(count));
        let map = Map::of(&layout, 0).unwrap();
        let stripes = layout.component(0).unwrap().stripes().unwrap();
        let (start, end) = (12345, 12345 + pieces * MIB);
        assert!(map.extents(start..end).eq(divided(stripes, start, end)));
        let sum = |piece: Piece| piece.object_offset ^ u64::from(piece.stripe) ^ piece.len;
        let contestants: Vec<Contestant<'_>> = vec![
            (
                "Map::extents",
                Box::new(|| {
                    black_box(map.extents(start..end).fold(0, |all, piece| all ^ sum(piece)));
                    pieces + 1
                }),
            ),
            (
                "division for each piece",
                Box::new(|| {
                    black_box(divided(stripes, start, end).fold(0, |all, piece| all ^ sum(piece)));
                    pieces + 1
                }),
            ),
        ];
        turns.race(&format!("map: extents of {count} stripes"), "M/s", 1e6, contestants);
    }
    for count in [1u64, 16, 300] {
        let layout = components(count);
        let map = Map::of(&layout, 0).unwrap();
        let places = turns.amount(1 << 18, 1 << 8);
        // A walk over all offsets that is no order of them.
        let offset = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % (count * 64 * MIB);
        let linear = |at: u64| {
            let view = layout.components().find(|view| view.extent.end > at).unwrap();
            (view.index, view.stripes().unwrap().locate(at))
        };
        for i in 0..places {
            let piece = map.locate(offset(i)).unwrap();
            let place = (piece.component, (piece.stripe, piece.object_offset));
            assert_eq!(place, linear(offset(i)));
        }
        let contestants: Vec<Contestant<'_>> = vec![
            (
                "Map::locate",
                Box::new(|| {
                    for i in 0..places {
                        black_box(map.locate(black_box(offset(i))).unwrap());
                    }
                    places
                }),
            ),
            (
                "search in order",
                Box::new(|| {
                    for i in 0..places {
                        black_box(linear(black_box(offset(i))));
                    }
                    places
                }),
            ),
        ];
        turns.race(&format!("map: places, {count} components"), "M/s", 1e6, contestants);
    }
}
