//! Random layouts that obey Lustre's rules: mirrors of components of every kind, with parity.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use lustrine::layout::raid::RaidSets;
use lustrine::layout::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Layout, ObjectId,
    Pattern, PoolName, Slot, Striping, StripingKind,
};
use proptest::prelude::*;

pub const K64: u64 = 64 << 10;

/// What a data component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Striped,
    Uninstantiated,
    OnMdt,
    Released,
}

/// A data component before its mirror is put together. Lengths are in units of 64 KiB.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: Kind,
    pub len: u64,
    pub unit: u32,
    pub count: u16,
    pub stale: bool,
    pub pool: Option<String>,
    pub first_ost: u32,
    pub timestamp: u64,
    /// k and p of its parity; kept if they make a legal pair.
    pub code: (u8, u8),
    pub parity_init: bool,
}

pub fn draft() -> impl Strategy<Value = Draft> {
    let kind = prop_oneof![
        12 => Just(Kind::Striped),
        3 => Just(Kind::Uninstantiated),
        1 => Just(Kind::OnMdt),
        1 => Just(Kind::Released),
    ];
    let len = prop_oneof![5 => 1u64..200, 1 => 1u64..1 << 20, 1 => 1u64..1 << 44];
    let count = prop_oneof![6 => 1u16..14, 1 => 14u16..60];
    let pool = proptest::option::weighted(0.2, "[a-z][a-z0-9_]{0,13}[a-z]");
    let code = (1u8..9, 1u8..4);
    let rest = (prop::bool::weighted(0.2), pool, 0u32..40, 0u64..1 << 48, code, any::<bool>());
    (kind, len, 1u32..5, count, rest).prop_map(
        |(kind, len, unit, count, (stale, pool, first_ost, timestamp, code, parity_init))| Draft {
            kind,
            len,
            unit,
            count,
            stale,
            pool,
            first_ost,
            timestamp,
            code,
            parity_init,
        },
    )
}

/// A composite of one to three data mirrors, each perhaps with parity.
pub fn layout() -> impl Strategy<Value = Layout> {
    let mirror = (prop::collection::vec(draft(), 1..5), any::<bool>());
    (prop::collection::vec(mirror, 1..4), any::<bool>())
        .prop_map(|(mirrors, open)| build(&mirrors, open))
}

/// The layout of these mirrors; the last component goes to EOF if there are several mirrors or
/// `open` asks for it.
pub fn build(mirrors: &[(Vec<Draft>, bool)], open: bool) -> Layout {
    let several = mirrors.len() > 1 || mirrors.iter().any(|(_, parity)| *parity);
    let mut components: Vec<Component> = Vec::new();
    let mut mirror = 0;
    for (drafts, parity) in mirrors {
        mirror += u32::from(several);
        let first = components.len();
        let mut start = 0;
        for (at, draft) in drafts.iter().enumerate() {
            let mut draft = draft.clone();
            let last = at + 1 == drafts.len();
            draft.len = draft.len.min(((1 << 62) - start) / K64);
            if draft.kind == Kind::OnMdt && (at > 0 || last || *parity) {
                draft.kind = Kind::Striped;
            }
            if draft.kind == Kind::OnMdt {
                (draft.len, draft.unit) = (u64::from(draft.unit), draft.unit);
            }
            let end = if last && (several || open) { EOF } else { start + draft.len * K64 };
            let id = mirror << 16 | (components.len() as u32 + 1);
            components.push(data(id, Extent { start, end }, &draft));
            start = end;
        }
        let count = components.len() - first;
        if *parity {
            mirror += 1;
            for at in 0..count {
                let id = mirror << 16 | (components.len() as u32 + 1);
                if let Some(parity) = protect(&mut components[first + at], id, &drafts[at]) {
                    components.push(parity);
                } else {
                    // Every component of a parity mirror pairs: this one is a copy of one stripe.
                    let one = &mut components[first + at];
                    let Body::Striping(striping) = &mut one.body else { panic!("a striping") };
                    striping.stripe_count = 1;
                    striping.slots.truncate(1);
                    let copy = Draft { code: (1, 1), ..drafts[at].clone() };
                    let parity = protect(one, id, &copy).unwrap();
                    components.push(parity);
                }
            }
        }
    }
    let stale = components.iter().any(|one| one.flags.has(ComponentFlags::STALE));
    Layout::Composite(Composite {
        sel: false,
        layout_gen: components.len() as u32,
        flags: if mirror > 1 { 1 + u16::from(stale) } else { 0 },
        mirror_count: mirror.max(1) as u16 - 1,
        reserved: [0; 14],
        components,
        trailing: vec![],
    })
}

fn slots(id: u32, count: u16, first_ost: u32) -> Vec<Slot> {
    (0..u32::from(count))
        .map(|stripe| {
            let fid = Fid { seq: 0x2_4000_0400, oid: id << 12 | stripe | 1 << 31, ver: 0 };
            Slot::from_object(ObjectId { ost: (first_ost + stripe) % 40, fid })
        })
        .collect()
}

fn data(id: u32, extent: Extent, draft: &Draft) -> Component {
    let mut flags = match draft.kind {
        Kind::Uninstantiated => 0,
        _ => ComponentFlags::INIT,
    };
    if draft.stale && id >> 16 > 1 {
        flags |= ComponentFlags::STALE;
    }
    let (pattern, count, objects) = match draft.kind {
        Kind::Striped => (Pattern::RAID0, draft.count, true),
        Kind::Uninstantiated => (Pattern::RAID0, draft.count, false),
        Kind::OnMdt => (Pattern::MDT, 0, false),
        Kind::Released => (Pattern::RAID0 | Pattern::RELEASED, draft.count, false),
    };
    let mut pool = PoolName::default();
    let name = draft.pool.as_deref().filter(|_| draft.kind != Kind::OnMdt);
    if let Some(name) = name {
        pool.0[..name.len()].copy_from_slice(name.as_bytes());
    }
    let init = flags & ComponentFlags::INIT != 0;
    Component {
        id: ComponentId(id),
        flags: ComponentFlags(flags),
        extent,
        layout_gen: 0,
        timestamp: draft.timestamp,
        link_id: 0,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body: Body::Striping(Striping {
            kind: if name.is_some() { StripingKind::V3 } else { StripingKind::V1 },
            pattern: Pattern(pattern),
            oi: [0; 2],
            stripe_size: draft.unit << 16,
            stripe_count: count,
            gen_or_offset: if init { 0 } else { 0xffff },
            pool,
            slots: if objects { slots(id, count, draft.first_ost) } else { vec![] },
        }),
    }
}

/// The parity of a component, which gets its link; `None` if the pair would not be legal.
fn protect(data: &mut Component, id: u32, draft: &Draft) -> Option<Component> {
    let Body::Striping(of) = &data.body else { return None };
    let (k, p) = draft.code;
    let k = k.min(of.stripe_count.min(255) as u8);
    let sets = RaidSets::split(of.stripe_count.into(), k.into());
    let stripes = sets.count() * u32::from(p);
    let small = sets.iter().map(|set| set.data).min()?;
    if stripes > of.stripe_count.into() || u32::from(p) > small {
        return None;
    }
    let init = draft.parity_init && data.flags.has(ComponentFlags::INIT);
    let stale = if draft.stale { ComponentFlags::STALE } else { 0 };
    let flags = if init { ComponentFlags::INIT } else { 0 } | ComponentFlags::PARITY | stale;
    let striping = Striping {
        pattern: Pattern(Pattern::RAID0 | Pattern::PARITY),
        stripe_count: if init { stripes as u16 } else { 1 },
        gen_or_offset: if init { 0 } else { 0xffff },
        slots: if init { slots(id, stripes as u16, draft.first_ost + 13) } else { vec![] },
        ..of.clone()
    };
    (data.data, data.parity, data.link_id) = (k, p, (id >> 16) as u16);
    Some(Component {
        id: ComponentId(id),
        flags: ComponentFlags(flags),
        link_id: data.id.mirror(),
        body: Body::Striping(striping),
        ..data.clone()
    })
}
