//! Mirrors added, removed, made stale; data released.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{EditError, composite, objects};
use crate::layout::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Layout, Pattern, State,
};
use crate::layout::view::ComponentView;

/// Most mirrors of a file.
const MAX_MIRRORS: usize = 256;
/// Greatest mirror id.
const MAX_MIRROR_ID: u32 = 0x7fff;

/// Adds the mirrors of another file (its objects become this file's), as `lfs mirror extend` does
/// with a copy of the data. They keep their sequence numbers. Both files get mirror ids where they
/// have none.
///
/// # Errors
/// [`EditError`] if one of the two cannot have mirrors: foreign, with parity to be added, stale,
/// released, or not reaching EOF; or if some object belongs to both.
pub fn extend(layout: &mut Layout, victim: &Layout) -> Result<(), EditError> {
    let mut new = as_composite(layout)?;
    let other = as_composite(victim)?;
    let whole = Layout::Composite(other.clone());
    for mirror in whole.mirrors() {
        let last = mirror.components.end - 1;
        if whole.component(last).is_none_or(|view| view.extent.end != EOF) {
            return Err(EditError::Victim { component: last });
        }
    }
    for view in whole.components() {
        let unfit = view.is_stale() || view.is_released() || view.striping.is_none();
        if unfit || view.is_parity() || view.parity > 0 {
            return Err(EditError::Victim { component: view.index });
        }
    }
    let own: BTreeSet<_> = objects(layout).map(|(fid, _)| fid).collect();
    if let Some((fid, component)) = objects(&whole).find(|(fid, _)| own.contains(fid)) {
        return Err(EditError::SharedObject { component, fid });
    }
    let reaches = |composite: &Composite| {
        composite.components.last().is_some_and(|last| last.extent.end == EOF)
    };
    if !reaches(&new) {
        let end = new.components.last().map_or(0, |last| last.extent.end);
        return Err(EditError::NotAdjacent { start: end, end: EOF });
    }
    let own = Layout::Composite(new.clone()).mirrors().count();
    if own + whole.mirrors().count() > MAX_MIRRORS {
        return Err(EditError::TooMany);
    }
    // A file with one mirror has mirror 0, or what was left of several.
    for component in &mut new.components {
        if component.id.mirror() == 0 {
            component.id = ComponentId(1 << 16 | component.id.0 & 0xffff);
        }
    }
    let greatest = |components: &[Component]| {
        components.iter().map(|one| u32::from(one.id.mirror())).max().unwrap_or(0)
    };
    let mut mirror = greatest(&new.components);
    for range in whole.mirrors().map(|mirror| mirror.components) {
        mirror += 1;
        if mirror > MAX_MIRROR_ID {
            return Err(EditError::TooMany);
        }
        for component in &other.components[range] {
            let id = ComponentId(mirror << 16 | component.id.0 & 0xffff);
            new.components.push(Component { id, ..component.clone() });
        }
    }
    new.sel |= other.sel;
    let layout_of = Layout::Composite(new);
    *layout = counted(layout_of);
    layout.bump_generation();
    Ok(())
}

/// A plain file's layout as a composite of one component.
fn as_composite(layout: &Layout) -> Result<Composite, EditError> {
    match layout {
        Layout::Composite(composite) if !composite.is_template() => Ok(composite.clone()),
        Layout::Plain(striping) if !layout.is_template() => Ok(Composite {
            sel: false,
            layout_gen: u32::from(striping.gen_or_offset),
            flags: 0,
            mirror_count: 0,
            reserved: [0; 14],
            components: Vec::from([Component {
                id: ComponentId(1),
                flags: ComponentFlags(ComponentFlags::INIT),
                extent: Extent::WHOLE,
                layout_gen: 0,
                timestamp: 0,
                link_id: 0,
                data: 0,
                parity: 0,
                compression: [0; 2],
                body: Body::Striping(striping.clone()),
            }]),
            trailing: Vec::new(),
        }),
        _ => Err(EditError::NotComposite),
    }
}

/// With the mirror count and a state that fit the components: what has mirrors for the first time
/// is RDONLY, what has one left is NONE.
fn counted(layout: Layout) -> Layout {
    let mirrors = layout.mirrors().count();
    let Layout::Composite(mut composite) = layout else { return layout };
    composite.mirror_count = (mirrors - 1) as u16;
    let mut layout = Layout::Composite(composite);
    if mirrors == 1 {
        layout.set_state(State::None);
    } else if layout.state() == State::None {
        layout.set_state(State::ReadOnly);
    }
    layout
}

/// Takes a mirror out of a file and gives its layout as that of a file of its own (for `lfs mirror
/// split`, or `delete` if `destroy`). Ids are not renumbered; data keeps the link to a parity
/// mirror that was destroyed, as on the MDT.
///
/// # Errors
/// [`EditError`] if there is no such mirror, it is the only one, nothing that is up to date would
/// be left, parity or stale data would be split off, or parity that stays protects it.
pub fn split(layout: &mut Layout, mirror: u16, destroy: bool) -> Result<Layout, EditError> {
    composite(layout)?;
    let all: Vec<_> = layout.mirrors().collect();
    if all.len() < 2 {
        return Err(EditError::OneMirror);
    }
    let range = all.iter().find(|one| one.id == mirror).map(|one| one.components.clone());
    let range = range.ok_or(EditError::NoMirror { mirror })?;
    let views = || range.clone().filter_map(|index| layout.component(index));
    if views().any(|view| view.is_parity()) && !destroy {
        return Err(EditError::SplitParity { mirror });
    }
    let in_sync = |view: &ComponentView<'_>| !view.is_stale() && !view.is_parity();
    let stays = all.iter().filter(|one| one.id != mirror).any(|one| {
        one.components.clone().filter_map(|index| layout.component(index)).all(|v| in_sync(&v))
    });
    if !stays {
        return Err(EditError::LastInSync);
    }
    if !destroy && views().any(|view| view.is_stale()) {
        return Err(EditError::SplitStale { mirror });
    }
    let parity = views().find_map(|view| layout.parity_of(view.index));
    if let Some(by) = parity.and_then(|index| layout.component(index)) {
        return Err(EditError::Protected { mirror, by: by.id.mirror() });
    }
    let stored = composite(layout)?;
    let components: Vec<Component> = stored.components.drain(range).collect();
    let is_space = |one: &Component| one.flags.has(ComponentFlags::EXTENSION);
    let off = Composite {
        sel: components.iter().any(is_space),
        components,
        trailing: Vec::new(),
        ..stored.clone()
    };
    stored.sel = stored.components.iter().any(is_space);
    *layout = counted(layout.clone());
    layout.bump_generation();
    Ok(counted(Layout::Composite(off)))
}

/// Marks all components of a mirror stale, so that the next resync writes them.
///
/// # Errors
/// [`EditError`] if there is no such mirror, or no other is up to date.
pub fn stale(layout: &mut Layout, mirror: u16) -> Result<(), EditError> {
    composite(layout)?;
    let all: Vec<_> = layout.mirrors().collect();
    let range = all.iter().find(|one| one.id == mirror).map(|one| one.components.clone());
    let range = range.ok_or(EditError::NoMirror { mirror })?;
    let stays = all.iter().filter(|one| one.id != mirror).any(|one| {
        let mut views = one.components.clone().filter_map(|index| layout.component(index));
        views.all(|view| !view.is_stale() && !view.is_parity())
    });
    if !stays {
        return Err(EditError::LastInSync);
    }
    for component in range {
        layout.set_stale(component, true);
    }
    layout.bump_generation();
    Ok(())
}

/// Marks the data as released to an archive: objects are gone, counts stay.
///
/// # Errors
/// [`EditError`] if some component is released already or does not lie on OSTs.
pub fn release(layout: &mut Layout) -> Result<(), EditError> {
    let unfit = |view: &ComponentView<'_>| {
        view.is_released() || view.striping.is_none_or(|striping| !striping.pattern.has_objects())
    };
    if layout.is_template() || layout.component_count() == 0 {
        return Err(EditError::Release { component: 0 });
    }
    if let Some(view) = layout.components().find(unfit) {
        return Err(EditError::Release { component: view.index });
    }
    let released = Pattern::RELEASED;
    match layout {
        Layout::Plain(striping) => striping.pattern.0 |= released,
        Layout::Composite(composite) => {
            for component in &mut composite.components {
                if let Body::Striping(striping) = &mut component.body {
                    striping.pattern.0 |= released;
                }
            }
        }
        Layout::Foreign(_) => {}
    }
    layout.bump_generation();
    Ok(())
}
