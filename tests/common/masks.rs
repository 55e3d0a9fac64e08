//! What of a stored layout is chance: objects, leftover bytes, the file's identity.
#![allow(dead_code, unreachable_pub)]

use lustrine::layout::{Body, ComponentFlags, Layout, PoolName, Slot, Striping};

fn mask(striping: &mut Striping, init: bool) {
    striping.oi = [0; 2];
    let len = striping.pool.name().len();
    let mut pool = PoolName::default();
    pool.0[..len].copy_from_slice(striping.pool.name());
    striping.pool = pool;
    for slot in &mut striping.slots {
        *slot = Slot { ost: if init { 0 } else { slot.ost }, ..Slot::default() };
    }
}

/// The layout without it.
pub fn masked(mut layout: Layout) -> Layout {
    match &mut layout {
        Layout::Plain(striping) => mask(striping, true),
        Layout::Composite(composite) => {
            for component in &mut composite.components {
                component.layout_gen = 0;
                component.compression = [0; 2];
                component.timestamp = u64::from(component.timestamp != 0);
                let init = component.flags.has(ComponentFlags::INIT);
                if let Body::Striping(striping) = &mut component.body {
                    mask(striping, init);
                }
            }
        }
        Layout::Foreign(_) => {}
    }
    layout
}

/// Masked, and with a generation of 0.
pub fn without_generation(layout: Layout) -> Layout {
    let mut layout = masked(layout);
    if let Layout::Composite(composite) = &mut layout {
        composite.layout_gen = 0;
    }
    layout
}
