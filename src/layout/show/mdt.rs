//! A client's EA in the form that the MDT holds, and `lfs` prints.

use crate::layout::model::{
    Body, ComponentFlags, Fid, Layout, Pattern, Slot, Striping, StripingKind,
};

/// Most stripes of a component: of what claims more, no slots are made up.
const MAX_STRIPES: u16 = 2000;
/// What a client's EA hides: no generation, no start index (`lov_fix_ea_for_replay`).
const HIDDEN: u16 = 0xffff;

/// The MDT's form of a layout that came from a client's EA, for the file `fid`: the identity in
/// each striping, generations of 0 where there are objects, and the spare slot that the MDT keeps
/// in a component without objects.
///
/// A client hides some of it for good: a generation above 0 of single stripings, the start index
/// asked for, and the slots of released files stay unknown. Templates and foreign layouts are
/// returned as they are.
///
/// ```
/// use lustrine::layout::{Fid, Layout, show, xattr};
/// let mut ea = vec![0xd0, 0x0b, 0xd1, 0x0b, 1, 0, 0, 0];
/// ea.extend([0; 16]);
/// ea.extend([0, 0, 0x10, 0, 1, 0, 0xff, 0xff]);
/// ea.extend([0; 24]);
/// let fid = Fid { seq: 0x2_0000_0401, oid: 7, ver: 0 };
/// let Layout::Plain(striping) = show::as_on_mdt(&xattr::parse(&ea)?, fid) else { panic!() };
/// assert_eq!((striping.oi, striping.gen_or_offset), ([7, 0x2_0000_0401], 0));
/// # Ok::<(), lustrine::layout::LayoutError>(())
/// ```
pub fn as_on_mdt(layout: &Layout, fid: Fid) -> Layout {
    let mut layout = layout.clone();
    if layout.is_template() {
        return layout;
    }
    match &mut layout {
        Layout::Plain(striping) => identify(striping, fid, true),
        Layout::Composite(composite) => {
            for component in &mut composite.components {
                let init = component.flags.has(ComponentFlags::INIT);
                if let Body::Striping(striping) = &mut component.body {
                    identify(striping, fid, init);
                }
            }
            composite.sel |= composite
                .components
                .iter()
                .any(|component| component.flags.has(ComponentFlags::EXTENSION));
            // A client counts the slots of released components in the EA's size only.
            composite.trailing.clear();
        }
        Layout::Foreign(_) => {}
    }
    layout
}

fn identify(striping: &mut Striping, fid: Fid, init: bool) {
    striping.oi = [u64::from(fid.oid), fid.seq];
    let striped = striping.pattern.kind() != Pattern::MDT;
    if init && striping.gen_or_offset == HIDDEN {
        striping.gen_or_offset = 0;
    }
    let spare = Slot { ost: u32::MAX, ..Slot::default() };
    if !init && striped && striping.slots.is_empty() && striping.kind != StripingKind::Specific {
        striping.slots.push(spare);
    } else if init
        && striping.pattern.has(Pattern::RELEASED)
        && striping.slots.is_empty()
        && striping.stripe_count <= MAX_STRIPES
    {
        striping.slots.resize(usize::from(striping.stripe_count), spare);
    }
}
