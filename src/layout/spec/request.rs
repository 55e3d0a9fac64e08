//! A spec as the layout that liblustreapi asks the MDT for.

use alloc::vec::Vec;

use super::{ComponentSpec, Spec, StripeCount};
use crate::layout::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, Layout, Pattern, Slot, Striping,
    StripingKind,
};

impl Spec {
    /// The layout that `lfs setstripe` sends for this spec, and that a directory stores as its
    /// default: no ids, no objects, the members of an EC pair joined by a number.
    ///
    /// Bytes that liblustreapi leaves undefined are 0.
    pub fn request(&self) -> Layout {
        if let ([mirror], false) = (self.mirrors.as_slice(), self.composite)
            && let [component] = mirror.as_slice()
        {
            return Layout::Plain(striping(component));
        }
        let mut components = Vec::new();
        let mut mirrors = 0u16;
        let mut pair = 0u16;
        for mirror in &self.mirrors {
            let mut parity = Vec::new();
            for component in mirror {
                let mut data = entry(component, 0, 0, striping(component));
                if let Some(code) = component.ec {
                    pair += 1;
                    data.flags.0 |= ComponentFlags::LINK_ID;
                    (data.link_id, data.data, data.parity) = (pair, code.data, code.parity);
                    let plain = ComponentSpec {
                        stripe_count: StripeCount::Default,
                        overstriping: false,
                        index: None,
                        osts: Vec::new(),
                        ..component.clone()
                    };
                    let flags = ComponentFlags::LINK_ID | ComponentFlags::PARITY;
                    let mut other = entry(&plain, flags, pair, striping(&plain));
                    (other.data, other.parity) = (code.data, code.parity);
                    parity.push(other);
                }
                components.push(data);
            }
            mirrors += 1 + u16::from(!parity.is_empty());
            components.append(&mut parity);
        }
        Layout::Composite(Composite {
            sel: false,
            layout_gen: 0,
            flags: 0,
            mirror_count: mirrors.saturating_sub(1),
            reserved: [0; 14],
            components,
            trailing: Vec::new(),
        })
    }
}

fn entry(component: &ComponentSpec, flags: u32, link_id: u16, striping: Striping) -> Component {
    Component {
        id: ComponentId(0),
        flags: ComponentFlags(flags),
        extent: component.extent,
        layout_gen: 0,
        timestamp: 0,
        link_id,
        data: 0,
        parity: 0,
        compression: [0; 2],
        body: Body::Striping(striping),
    }
}

fn striping(component: &ComponentSpec) -> Striping {
    let kind = if !component.osts.is_empty() {
        StripingKind::Specific
    } else if component.pool.name().is_empty() {
        StripingKind::V1
    } else {
        StripingKind::V3
    };
    let pattern = if component.overstriping {
        Pattern::RAID0 | Pattern::OVERSTRIPING
    } else {
        Pattern::RAID0
    };
    Striping {
        kind,
        pattern: Pattern(pattern),
        oi: [0; 2],
        stripe_size: component.stripe_size,
        stripe_count: match component.stripe_count {
            StripeCount::Default => 0,
            StripeCount::Exact(count) => count,
            StripeCount::PerOst(count) => count.wrapping_neg(),
        },
        // An OST index is at most 0xffdf; 0xffff is any.
        gen_or_offset: component.index.map_or(0xffff, |index| index as u16),
        pool: component.pool,
        slots: component.osts.iter().map(|&ost| Slot { ost, ..Slot::default() }).collect(),
    }
}
