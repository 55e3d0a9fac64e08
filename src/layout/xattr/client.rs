//! The EA as a client shows it: a re-pack of what the MDT stores.

use alloc::vec;
use alloc::vec::Vec;

use super::SLOT;
use crate::layout::{
    Body, Component, ComponentFlags, Composite, Layout, Pattern, PoolName, Slot, Striping,
};

/// The layout as a client's `lustre.lov` has it, from the form on the MDT's disk.
///
/// A client does not know generations and start indices of stripings (65535 there), nor the MDT's
/// inode in components; components without objects have no slots. A directory's composite default
/// stays as it is. What a client shows cannot be turned back.
pub fn client_form(disk: &Layout) -> Layout {
    match disk {
        Layout::Plain(striping) => {
            let pool = if disk.is_template() { striping.pool } else { clean(&striping.pool) };
            Layout::Plain(Striping { pool, ..plain(striping) })
        }
        Layout::Composite(composite) if !composite.is_template() => {
            Layout::Composite(packed(composite))
        }
        other => other.clone(),
    }
}

fn plain(striping: &Striping) -> Striping {
    let mut shown = Striping { gen_or_offset: 0xffff, ..striping.clone() };
    if striping.pattern.has(Pattern::RELEASED) {
        shown.slots.fill(Slot::default());
    }
    shown
}

fn packed(composite: &Composite) -> Composite {
    // The size counts the slots that a released component had; zeros stand for them.
    let mut missing = 0;
    let components: Vec<Component> = composite
        .components
        .iter()
        .map(|component| {
            let body = match &component.body {
                Body::Striping(striping) => {
                    let init = component.flags.has(ComponentFlags::INIT);
                    let shown = component_striping(striping, init);
                    let released = striping.pattern.has(Pattern::RELEASED);
                    if init && released && striping.pattern.kind() != Pattern::MDT {
                        missing += SLOT * usize::from(striping.stripe_count);
                    }
                    Body::Striping(shown)
                }
                other => other.clone(),
            };
            Component { layout_gen: 0, compression: [0; 2], body, ..*component }
        })
        .collect();
    Composite {
        sel: false,
        reserved: [0; 14],
        components,
        trailing: vec![0; missing],
        ..*composite
    }
}

fn component_striping(striping: &Striping, init: bool) -> Striping {
    let objects = init && striping.pattern.has_objects();
    Striping {
        oi: [0; 2],
        gen_or_offset: 0xffff,
        pool: clean(&striping.pool),
        slots: if objects { striping.slots.clone() } else { Vec::new() },
        ..*striping
    }
}

/// Without the bytes after the NUL.
fn clean(pool: &PoolName) -> PoolName {
    let (mut clean, name) = (PoolName::default(), pool.name());
    clean.0[..name.len()].copy_from_slice(name);
    clean
}
