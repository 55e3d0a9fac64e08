//! Rules of one component, of one mirror, and of the header.

use alloc::vec::Vec;
use core::ops::Range;

use super::{Field, Flaw, Look};
use crate::layout::model::{
    Body, ComponentFlags, Composite, EOF, Extent, Foreign, Layout, Pattern, Striping,
};
use crate::layout::view::ComponentView;
use crate::layout::xattr;

/// Flags that a file's component can have; the rest belongs to requests, or nobody knows it.
const STORED: u32 = 0x7ff;
/// Flags that a directory's default can have.
const TEMPLATE: u32 = ComponentFlags::PREF_RD
    | ComponentFlags::PREF_WR
    | ComponentFlags::NOSYNC
    | ComponentFlags::EXTENSION
    | ComponentFlags::PARITY
    | ComponentFlags::NOCOMPR
    | ComponentFlags::LINK_ID;
/// The state and the PCC bit of `lcm_flags`.
const HEADER_FLAGS: u16 = 0xb;
/// Bytes of an archive record, and all its flags.
const ARCHIVE: (usize, u32) = (56, 0x1ff);

impl<'a> Look<'a> {
    /// Everything but EC pairs and objects.
    pub(super) fn rules(&mut self) {
        match self.layout {
            Layout::Plain(striping) => self.plain(striping),
            Layout::Composite(composite) => self.composite(composite),
            Layout::Foreign(_) => {}
        }
    }

    fn plain(&mut self, striping: &Striping) {
        if striping.pattern.kind() == Pattern::MDT {
            self.add(0, Field::PATTERN, Flaw::DomPlace);
        } else if !striping.pattern.is_known() {
            self.add(0, Field::PATTERN, Flaw::UnknownPattern { got: striping.pattern.0 });
        }
    }

    fn composite(&mut self, composite: &'a Composite) {
        let template = composite.is_template();
        if composite.flags & !HEADER_FLAGS != 0 {
            self.header(12, Flaw::HeaderFlags { got: composite.flags & !HEADER_FLAGS });
        }
        let views: Vec<ComponentView<'a>> = self.layout.components().collect();
        if composite.sel && !views.iter().any(|v| v.flags.has(ComponentFlags::EXTENSION)) {
            self.header(0, Flaw::NoExtension);
        }
        let released = views.iter().any(ComponentView::is_released);
        let padding = released && composite.trailing.iter().all(|&byte| byte == 0);
        if !composite.trailing.is_empty() && !padding {
            let bytes = composite.trailing.len() as u64;
            let place = composite.ea_bytes() - composite.trailing.len();
            self.header(place, Flaw::Unclaimed { bytes });
        }
        let mirrors: Vec<Range<usize>> =
            self.layout.mirrors().map(|mirror| mirror.components).collect();
        // One stale component makes a mirror stale.
        let mut data =
            mirrors.iter().map(|range| &views[range.clone()]).filter(holds_data).peekable();
        let stale = |mirror: &[ComponentView<'_>]| mirror.iter().any(ComponentView::is_stale);
        if !template && data.peek().is_some() && data.all(stale) {
            self.header(xattr::entry_at(0) + 4, Flaw::AllStale);
        }
        if !template {
            self.same_ids(&views);
        }
        for (view, component) in views.iter().zip(&composite.components) {
            self.flags(view, template);
            match &component.body {
                Body::Striping(striping) => self.striping(view, striping, template),
                Body::Foreign(foreign) => self.foreign(view, foreign),
                Body::Unknown(bytes) => {
                    let got = bytes.first_chunk().map_or(0, |magic| u32::from_le_bytes(*magic));
                    self.add(view.index, Field::MAGIC, Flaw::UnknownMagic { got });
                }
            }
        }
        for range in &mirrors {
            self.mirror(&views[range.clone()], mirrors.len() > 1);
        }
        self.dom_sizes(&views);
    }

    fn same_ids(&mut self, views: &[ComponentView<'_>]) {
        let mut ids: Vec<(u32, usize)> = views.iter().map(|v| (v.id.0, v.index)).collect();
        ids.sort_unstable();
        for pair in ids.windows(2) {
            if pair[0].0 == pair[1].0 {
                let flaw = Flaw::SameId { other: pair[0].1 as u16 };
                self.add(pair[1].1, Field::ID, flaw);
            }
        }
    }

    fn flags(&mut self, view: &ComponentView<'_>, template: bool) {
        let got = view.flags.0 & !if template { TEMPLATE } else { STORED };
        if got != 0 {
            self.add(view.index, Field::FLAGS, Flaw::Flags { got });
        }
    }

    fn striping(&mut self, view: &ComponentView<'_>, striping: &Striping, template: bool) {
        if !striping.pattern.is_known() {
            let flaw = Flaw::UnknownPattern { got: striping.pattern.0 };
            self.add(view.index, Field::PATTERN, flaw);
            return;
        }
        let parity = striping.pattern.kind() == Pattern::RAID0 | Pattern::PARITY;
        if !template && parity != view.is_parity() {
            let flaw = Flaw::ParityPattern { got: striping.pattern.0 };
            self.add(view.index, Field::PATTERN, flaw);
        }
        let Extent { start, end } = view.extent;
        let stripe_size = striping.stripe_size;
        if view.is_dom() {
            self.dom(view, striping);
        } else if !view.flags.has(ComponentFlags::EXTENSION)
            && end != EOF
            && start != end
            && stripe_size != 0
            && !end.is_multiple_of(u64::from(stripe_size))
        {
            self.add(view.index, Field::END, Flaw::StripeEnd { end, stripe_size });
        }
    }

    fn dom(&mut self, view: &ComponentView<'_>, striping: &Striping) {
        let end = view.extent.end;
        if view.extent.start != 0 || view.flags.has(ComponentFlags::EXTENSION) {
            self.add(view.index, Field::START, Flaw::DomPlace);
        }
        if u64::from(striping.stripe_size) != end {
            let flaw = Flaw::DomSize { end, stripe_size: striping.stripe_size };
            self.add(view.index, Field::SIZE, flaw);
        }
        if striping.stripe_count > 1 {
            let flaw = Flaw::DomStripes { count: striping.stripe_count };
            self.add(view.index, Field::COUNT, flaw);
        }
    }

    /// The client wants the same in each mirror.
    fn dom_sizes(&mut self, views: &[ComponentView<'_>]) {
        let mut dom = views.iter().filter(|view| view.is_dom());
        let size = |view: &ComponentView<'_>| view.striping.map_or(0, |s| s.stripe_size);
        let Some(expected) = dom.next().map(size) else { return };
        for view in dom.filter(|view| size(view) != expected) {
            self.add(view.index, Field::SIZE, Flaw::DomSizes { expected, got: size(view) });
        }
    }

    fn foreign(&mut self, view: &ComponentView<'_>, foreign: &Foreign) {
        if foreign.value.len() != ARCHIVE.0 {
            let flaw = Flaw::ArchiveLength { got: foreign.value.len() as u64 };
            self.add(view.index, Field::Body(4), flaw);
        }
        if foreign.flags == 0 || foreign.flags & !ARCHIVE.1 != 0 {
            let flaw = Flaw::ArchiveFlags { got: foreign.flags };
            self.add(view.index, Field::Body(12), flaw);
        }
        if view.extent != Extent::WHOLE {
            self.add(view.index, Field::START, Flaw::ForeignExtent);
        }
    }

    fn mirror(&mut self, mirror: &[ComponentView<'_>], several: bool) {
        let (Some(first), Some(last)) = (mirror.first(), mirror.last()) else { return };
        if several && last.extent.end != EOF {
            self.add(last.index, Field::END, Flaw::MirrorEnd { end: last.extent.end });
        }
        if let Some(other) = mirror.iter().find(|view| view.is_parity() != first.is_parity()) {
            let flaw = Flaw::MixedMirror { mirror: other.id.mirror() };
            self.add(other.index, Field::FLAGS, flaw);
        }
        for (at, view) in mirror.iter().enumerate() {
            let extension = |view: &&ComponentView<'_>| view.flags.has(ComponentFlags::EXTENSION);
            let grows = mirror.get(at + 1).filter(extension).is_some();
            if extension(&view) {
                self.extension(view, at.checked_sub(1).map(|before| &mirror[before]));
            } else if view.extent.start == view.extent.end && !grows {
                self.add(view.index, Field::END, Flaw::ZeroLength);
            } else if grows && at > 0 && !view.is_init() && view.extent.start != view.extent.end {
                self.add(view.index, Field::END, Flaw::Extended);
            }
            if view.is_dom() && at > 0 && view.extent.start == 0 {
                self.add(view.index, Field::START, Flaw::DomPlace);
            }
            if view.foreign.is_some() && mirror.len() > 1 {
                self.add(view.index, Field::START, Flaw::ForeignExtent);
            }
        }
    }

    /// Extension space, and the component before it in its mirror.
    fn extension(&mut self, view: &ComponentView<'_>, before: Option<&ComponentView<'_>>) {
        if view.is_init() {
            self.add(view.index, Field::FLAGS, Flaw::ExtensionInit);
        }
        let grows = before.filter(|view| {
            !view.is_dom() && view.foreign.is_none() && !view.flags.has(ComponentFlags::EXTENSION)
        });
        let Some(before) = grows else {
            self.add(view.index, Field::FLAGS, Flaw::ExtensionPlace);
            return;
        };
        let size = |view: &ComponentView<'_>| view.striping.map_or(0, |s| u64::from(s.stripe_size));
        let (kib, unit) = (size(view), size(before));
        let step = kib * 1024;
        if kib == 0 || unit != 0 && !step.is_multiple_of(unit) {
            self.add(view.index, Field::SIZE, Flaw::ExtensionSize { kib: kib as u32 });
        }
        let end = view.extent.end;
        if end != EOF && unit != 0 && !end.is_multiple_of(unit) {
            self.add(view.index, Field::END, Flaw::StripeEnd { end, stripe_size: unit as u32 });
        }
    }
}

/// Not a mirror of parity only.
fn holds_data(mirror: &&[ComponentView<'_>]) -> bool {
    mirror.iter().any(|view| !view.is_parity())
}
