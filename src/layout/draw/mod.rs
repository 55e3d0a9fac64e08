//! Pictures of a layout: where the bytes of a file lie, for people.
//!
//! [`Picture`] says what is to be seen: the file's axis from left to right, cut where components
//! begin and end (not to scale), a row for each mirror, a panel for each component in it, and in
//! that a cell for each stripe in the order of the file, with its OST. Two renderers draw it: to a
//! terminal ([`Picture::text`]) and as SVG ([`Picture::svg`]). A byte can be marked: then the
//! picture also says in words which bytes of which objects hold it, and where its parity is.

mod svg;
mod text;
mod words;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::map::{Gap, Map, ParityMap, Stripes};
use super::raid::RaidSets;
use super::{ComponentFlags, ComponentView, EOF, Extent, Layout, ObjectId, State};

pub use svg::Svg;
pub use text::Text;

/// What is to be seen of a layout. Made by [`Picture::of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What the picture is of, as its title says.
    pub name: String,
    /// What kind of layout, how many mirrors, which state.
    pub summary: String,
    /// Stretches of the file in which nothing begins or ends.
    pub columns: Vec<Extent>,
    /// The mirrors, from the first on.
    pub rows: Vec<Row>,
    /// The byte that is marked.
    pub mark: Option<Mark>,
}

/// A mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub mirror: u16,
    /// It holds the parity of other mirrors.
    pub parity: bool,
    /// Its components.
    pub panels: Vec<Panel>,
}

/// A component in its mirror's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Its position among the layout's components, from 0.
    pub index: usize,
    /// The file bytes that it covers.
    pub extent: Extent,
    /// The columns of the picture that it covers; none if it is empty.
    pub columns: core::ops::Range<usize>,
    /// How it looks.
    pub look: Look,
    /// Bytes of a stripe unit, and stripes, where they are known.
    pub stripes: Option<Stripes>,
    /// The flags and the pool, as words, and what of the component is out of the ordinary.
    pub notes: String,
    /// A parity component's code: its data component, and parities of each set.
    pub parity_of: Option<(usize, u32)>,
    /// Sizes of the RAID sets of the pair that it belongs to.
    pub sets: Option<RaidSets>,
    /// Its objects, in the order in which the component's bytes come to them.
    pub cells: Vec<Cell>,
}

/// How a component looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It has objects that are up to date.
    Solid,
    /// Its bytes are outdated.
    Stale,
    /// It has no objects yet: it reads as zeros.
    Empty,
    /// It can grow here (self-extending layouts).
    Extension,
    /// Its bytes are on the MDT.
    OnMdt,
    /// Its bytes are in an archive.
    Released,
    /// Its bytes are elsewhere, or it is of a kind that we do not know.
    Elsewhere,
}

/// A stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The stripe.
    pub stripe: u32,
    /// Its object; `None` if that was lost to a repair.
    pub object: Option<ObjectId>,
    /// First byte of the mirror's file space that the stripe holds of this component.
    pub offset: u64,
    /// The RAID set that its first unit belongs to. 0 where the component begins within a stripe
    /// unit: then a unit belongs to two.
    pub set: u32,
}

/// A marked byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its offset in the file.
    pub offset: u64,
    /// Where each data mirror has it.
    pub places: Vec<MarkedPlace>,
}

/// Where one mirror has a marked byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedPlace {
    /// The mirror.
    pub mirror: u16,
    /// The component there, if there is one.
    pub component: Option<usize>,
    /// Its bytes are outdated.
    pub stale: bool,
    /// The object's byte, or why there is none.
    pub place: Result<ObjectByte, Gap>,
    /// The bytes of parity objects that protect it, and the component that they are in.
    pub parity: Vec<ObjectByte>,
}

/// A byte of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectByte {
    /// The component.
    pub component: usize,
    /// The stripe.
    pub stripe: u32,
    /// Its object; `None` if that was lost to a repair, or there is none yet.
    pub object: Option<ObjectId>,
    /// The byte's offset in the object.
    pub offset: u64,
    /// The component is outdated.
    pub stale: bool,
}

impl Picture {
    /// The picture of a layout. `name` is its title: a path, say.
    ///
    /// Time and memory are linear in the layout's objects, and near so in its components.
    ///
    /// ```
    /// use lustrine::layout::{draw::Picture, xattr};
    /// let mut ea = vec![0xd0, 0x0b, 0xd1, 0x0b, 1, 0, 0, 0];
    /// ea.extend([0; 16]);
    /// ea.extend([0, 0, 0x10, 0, 1, 0, 0, 0]);
    /// ea.extend([5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
    /// let picture = Picture::of(&xattr::parse(&ea)?, "f").with_byte(&xattr::parse(&ea)?, 3 << 20);
    /// let text = picture.text().width(80).to_string();
    /// assert!(text.contains("OST 7 [0x100070000:0x5:0x0], byte 3145728 (3M) of the object"));
    /// # Ok::<(), lustrine::layout::LayoutError>(())
    /// ```
    pub fn of(layout: &Layout, name: &str) -> Picture {
        let views: Vec<ComponentView<'_>> = layout.components().collect();
        let edges: BTreeSet<u64> =
            views.iter().flat_map(|view| [view.extent.start, view.extent.end]).collect();
        let edges: Vec<u64> = edges.into_iter().collect();
        let columns =
            edges.windows(2).map(|pair| Extent { start: pair[0], end: pair[1] }).collect();
        let column = |offset: u64| edges.binary_search(&offset).unwrap_or_default();
        let rows = layout
            .mirrors()
            .map(|mirror| {
                let own = &views[mirror.components];
                Row {
                    mirror: mirror.id,
                    parity: own.iter().any(ComponentView::is_parity),
                    panels: own
                        .iter()
                        .map(|view| {
                            let columns = column(view.extent.start)..column(view.extent.end);
                            panel(layout, view, columns)
                        })
                        .collect(),
                }
            })
            .collect();
        Picture { name: name.to_owned(), summary: summary(layout), columns, rows, mark: None }
    }

    /// The picture with byte `offset` of the file marked; `layout` is the one that it is of.
    pub fn with_byte(self, layout: &Layout, offset: u64) -> Picture {
        let rows = self.rows.iter().filter(|row| !row.parity);
        let places = rows
            .filter_map(|row| {
                // By its components: the mirrors of a template can all have the same id.
                let (first, last) = (row.panels.first()?.index, row.panels.last()?.index);
                let found = Map::of_components(layout, first..last + 1).locate(offset);
                let (component, place) = match found {
                    Ok(piece) => {
                        let (stripe, offset) = (piece.stripe, piece.object_offset);
                        let byte = object_byte(layout, piece.component, stripe, offset);
                        (Some(piece.component), Ok(byte))
                    }
                    Err(stop) => (stop.component, Err(stop.gap)),
                };
                let parity = component.map_or_else(Vec::new, |index| parity(layout, index, offset));
                let view = component.and_then(|index| layout.component(index));
                let stale = view.is_some_and(|view| view.is_stale());
                Some(MarkedPlace { mirror: row.mirror, component, stale, place, parity })
            })
            .collect();
        Picture { mark: Some(Mark { offset, places }), ..self }
    }

    /// Draws it with characters. See [`Text`].
    pub fn text(&self) -> Text<'_> {
        Text::new(self)
    }

    /// Draws it as a document of SVG. See [`Svg`].
    pub fn svg(&self) -> Svg<'_> {
        Svg::new(self)
    }

    /// The marked column, and the cells that are marked, as (component, stripe).
    fn marked(&self) -> (Option<usize>, BTreeSet<(usize, u32)>) {
        let Some(mark) = &self.mark else { return (None, BTreeSet::new()) };
        let inside = |extent: &Extent| (extent.start..extent.end).contains(&mark.offset);
        let bytes = mark.places.iter().flat_map(|place| place.place.iter().chain(&place.parity));
        (self.columns.iter().position(inside), bytes.map(|b| (b.component, b.stripe)).collect())
    }
}

fn object_byte(layout: &Layout, component: usize, stripe: u32, offset: u64) -> ObjectByte {
    let view = layout.component(component);
    let object = view.as_ref().and_then(|view| view.object(stripe));
    let stale = view.is_some_and(|view| view.is_stale());
    ObjectByte { component, stripe, object, offset, stale }
}

/// Where the parity of a byte of a data component lies.
fn parity(layout: &Layout, data: usize, offset: u64) -> Vec<ObjectByte> {
    let found = ParityMap::of(layout, data).zip(layout.parity_of(data));
    let Some((map, component)) = found else { return Vec::new() };
    let Some(place) = map.of_data(offset) else { return Vec::new() };
    (0..map.parities())
        .filter_map(|member| {
            let at = map.parity_offset(place.row, place.set, member, place.column)?;
            let (stripe, offset) = map.parity_stripes().locate(at);
            Some(object_byte(layout, component, stripe, offset))
        })
        .collect()
}

fn panel(layout: &Layout, view: &ComponentView<'_>, columns: core::ops::Range<usize>) -> Panel {
    let stripes = view.stripes();
    let data = if view.is_parity() { layout.data_of(view.index) } else { Some(view.index) };
    let parity = if view.is_parity() { Some(view.index) } else { layout.parity_of(view.index) };
    let sets = data.and(parity).and_then(|parity| layout.raid_sets(parity));
    let parity_of = data.filter(|_| view.is_parity()).map(|data| (data, u32::from(view.parity)));
    let mut panel = Panel {
        index: view.index,
        extent: view.extent,
        columns,
        look: look(view),
        stripes,
        notes: words::notes(view, sets.is_some() && is_askew(view.extent, stripes)),
        parity_of,
        sets,
        cells: Vec::new(),
    };
    if let (Some(objects), Some(stripes)) = (view.objects(), stripes) {
        panel.cells = cells(view, stripes, objects.len() as u32, sets);
    }
    panel
}

/// The stripes in the order in which the component's bytes come to them, which need not begin with
/// stripe 0.
fn cells(
    view: &ComponentView<'_>,
    stripes: Stripes,
    count: u32,
    sets: Option<RaidSets>,
) -> Vec<Cell> {
    let start = view.extent.start;
    let (first, _) = stripes.locate(start);
    // The start of the unit that the component starts in.
    let unit = start - start % stripes.size();
    (0..count)
        .map(|number| {
            let stripe = ((u64::from(first) + u64::from(number)) % u64::from(count)) as u32;
            let offset = unit.saturating_add(u64::from(number) * stripes.size()).max(start);
            let set = match sets {
                _ if is_askew(view.extent, Some(stripes)) => 0,
                Some(_) if view.is_parity() => number / u32::from(view.parity).max(1),
                Some(sets) if number < sets.stripes() => sets.set_of(number).index,
                _ => 0,
            };
            Cell { stripe, object: view.object(stripe), offset, set }
        })
        .collect()
}

/// It begins within a stripe unit, so that EC stripes span two objects.
fn is_askew(extent: Extent, stripes: Option<Stripes>) -> bool {
    stripes.is_some_and(|stripes| !extent.start.is_multiple_of(stripes.size()))
}

fn look(view: &ComponentView<'_>) -> Look {
    match (view.objects(), view.striping) {
        _ if view.flags.has(ComponentFlags::EXTENSION) => Look::Extension,
        _ if view.is_stale() => Look::Stale,
        (Some(_), _) => Look::Solid,
        _ if view.is_released() => Look::Released,
        _ if view.is_dom() => Look::OnMdt,
        (_, Some(striping)) if striping.pattern.is_known() => Look::Empty,
        _ => Look::Elsewhere,
    }
}

fn summary(layout: &Layout) -> String {
    let kind = match layout {
        Layout::Foreign(_) => return "foreign: the data is not in Lustre objects".to_owned(),
        Layout::Plain(_) => "plain",
        Layout::Composite(_) => "composite",
    };
    let (components, mirrors) = (layout.component_count(), layout.mirrors().count());
    let parity = layout.mirrors().filter(|mirror| {
        let mut own = mirror.components.clone().filter_map(|index| layout.component(index));
        own.any(|view| view.is_parity())
    });
    let state = match layout.state() {
        State::None if layout.is_template() => "a template",
        State::None => "",
        State::ReadOnly => "in sync (ro)",
        State::WritePending => "written since the last resync (wp)",
        State::SyncPending => "a resync is under way (sp)",
    };
    words::summary(kind, components, mirrors, parity.count(), state)
}

/// The end of the last column is the end of the file, whatever its size.
fn is_open(extent: Extent) -> bool {
    extent.end == EOF
}
