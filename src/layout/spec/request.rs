//! A spec as the layout that liblustreapi asks the MDT for.

use alloc::vec::Vec;

use super::{ComponentKind, ComponentSpec, Spec, StripeCount};
use crate::layout::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, Layout, Pattern, Slot, Striping,
    StripingKind,
};
use crate::layout::xattr::MAX_EA;

/// Fewest bytes that a component takes in one.
pub(super) const LEAST_COMPONENT: usize = 80;
/// Most components that fit.
pub(super) const MAX_COMPONENTS: usize = MAX_EA / LEAST_COMPONENT;

impl Spec {
    /// The bytes of the request, or fewer, if an extended attribute does not hold them.
    pub(super) fn oversize(&self) -> Option<usize> {
        let components: usize = self.mirrors.iter().map(Vec::len).sum();
        let bytes = if components > MAX_COMPONENTS {
            components * LEAST_COMPONENT
        } else {
            match self.request() {
                Layout::Plain(striping) => striping.ea_bytes(),
                Layout::Composite(composite) => composite.ea_bytes(),
                Layout::Foreign(foreign) => foreign.ea_bytes(),
            }
        };
        (bytes > MAX_EA).then_some(bytes)
    }

    /// The layout that `lfs setstripe` sends for this spec, and that a directory stores as its
    /// default: no ids, no objects, the members of an EC pair joined by a number.
    ///
    /// Bytes that liblustreapi leaves undefined are 0.
    pub fn request(&self) -> Layout {
        if let Some(foreign) = &self.foreign {
            return Layout::Foreign(foreign.clone());
        }
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
                let mut data = component.entry();
                if let Some(code) = component.ec {
                    pair += 1;
                    data.flags.0 |= ComponentFlags::LINK_ID;
                    (data.link_id, data.data, data.parity) = (pair, code.data, code.parity);
                    let plain = ComponentSpec {
                        flags: ComponentFlags(ComponentFlags::LINK_ID | ComponentFlags::PARITY),
                        stripe_count: StripeCount::Default,
                        overstriping: false,
                        index: None,
                        osts: Vec::new(),
                        ..component.clone()
                    };
                    let mut other = plain.entry();
                    (other.link_id, other.data, other.parity) = (pair, code.data, code.parity);
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

impl ComponentSpec {
    /// The component of a request, without an id and without a partner.
    pub fn entry(&self) -> Component {
        let space = match self.kind {
            ComponentKind::Extension { .. } => ComponentFlags::EXTENSION,
            ComponentKind::Striped | ComponentKind::Mdt => 0,
        };
        Component {
            id: ComponentId(0),
            flags: ComponentFlags(self.flags.0 | space),
            extent: self.extent,
            layout_gen: 0,
            timestamp: 0,
            link_id: 0,
            data: 0,
            parity: 0,
            compression: [0; 2],
            body: Body::Striping(striping(self)),
        }
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
    let pattern = match component.kind {
        ComponentKind::Mdt => Pattern::MDT,
        _ if component.overstriping => Pattern::RAID0 | Pattern::OVERSTRIPING,
        _ => Pattern::RAID0,
    };
    Striping {
        kind,
        pattern: Pattern(pattern),
        oi: [0; 2],
        stripe_size: match component.kind {
            ComponentKind::Extension { kib } => kib,
            ComponentKind::Striped | ComponentKind::Mdt => component.stripe_size,
        },
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
