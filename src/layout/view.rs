//! One way to look at every layout: components, mirrors, EC pairs, objects.

use core::ops::Range;

use super::Fault;
use super::map::Stripes;
use super::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, EOF, Extent, Fid, Foreign, Layout,
    ObjectId, Pattern, Slot, State, Striping, StripingKind,
};
use super::raid::RaidSets;

/// Largest OST index that a layout may name (`LOV_V1_INSANE_STRIPE_INDEX`).
pub(crate) const MAX_OST: u32 = 0xffdf;
/// First IDIF sequence: legacy objects as FIDs, `0x1_IIII_HHHH`, I the OST, H id bits 47:32.
const IDIF: u64 = 0x1_0000_0000;
const IDIF_LAST: u64 = 0x1_ffff_ffff;
/// Bits 30 and 31 of `lcm_layout_gen` are state (HIGEN, RESYNC), not counter.
const GENERATION_STATE: u32 = 0xc000_0000;

/// A component as the engine sees it; a plain file is one component over the whole file.
#[derive(Clone, Copy, Debug)]
pub struct ComponentView<'a> {
    /// Position among the components, from 0.
    pub index: usize,
    /// `lcme_id`; 0 in a plain file and in templates.
    pub id: ComponentId,
    /// `lcme_flags`; a plain file with objects has INIT.
    pub flags: ComponentFlags,
    /// The file bytes it covers.
    pub extent: Extent,
    /// Its stripes; `None` if foreign or unknown.
    pub striping: Option<&'a Striping>,
    /// The foreign value, if it is a foreign component.
    pub foreign: Option<&'a Foreign>,
    /// `lcme_timestamp`, seconds since 1970.
    pub timestamp: u64,
    /// Mirror id of its partner in an EC pair, 0 = none.
    pub link_id: u16,
    /// Data stripes per RAID set asked for (k), 0 without EC. Ask [`super::raid`] for real sizes.
    pub data: u8,
    /// Parity stripes per RAID set (p), 0 without EC.
    pub parity: u8,
}

/// A mirror: components that stand together and carry one mirror id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// Its id; 0 in a file with one mirror, and in templates.
    pub id: u16,
    /// Indices of its components.
    pub components: Range<usize>,
}

impl<'a> ComponentView<'a> {
    /// The slots of its objects, one for each stripe. `None` unless it is instantiated, not
    /// released, not on the MDT, and of a pattern that stripes over objects.
    pub fn objects(&self) -> Option<&'a [Slot]> {
        let striping = self.striping?;
        let striped = self.flags.has(ComponentFlags::INIT)
            && striping.pattern.has_objects()
            && striping.slots.len() == usize::from(striping.stripe_count)
            && !striping.slots.is_empty();
        striped.then_some(striping.slots.as_slice())
    }

    /// The object of a stripe; `None` if the component has no objects, or the stripe's was lost
    /// (a dummy slot that LFSCK left).
    pub fn object(&self, stripe: u32) -> Option<ObjectId> {
        let slot = self.objects()?.get(usize::try_from(stripe).ok()?)?;
        if slot.is_dummy() { None } else { slot.object_id().ok() }
    }

    /// It holds parity.
    pub fn is_parity(&self) -> bool {
        self.flags.has(ComponentFlags::PARITY)
    }

    /// Its bytes are outdated.
    pub fn is_stale(&self) -> bool {
        self.flags.has(ComponentFlags::STALE)
    }

    /// Its objects are allocated (or were, before the data was released).
    pub fn is_init(&self) -> bool {
        self.flags.has(ComponentFlags::INIT)
    }

    /// Its data was released to an HSM archive.
    pub fn is_released(&self) -> bool {
        self.striping.is_some_and(|striping| striping.pattern.has(Pattern::RELEASED))
    }

    /// Its data lies on the MDT.
    pub fn is_dom(&self) -> bool {
        self.striping.is_some_and(|striping| striping.pattern.kind() == Pattern::MDT)
    }

    /// Its striping arithmetic. `None` if foreign, an extension, or if size or count are still a
    /// default. Before instantiation the count is only what was asked for (1 for parity). Data on
    /// the MDT is one stripe.
    pub fn stripes(&self) -> Option<Stripes> {
        let striping = self.striping?;
        if self.flags.has(ComponentFlags::EXTENSION) || striping.stripe_count >= 0xffe0 {
            return None;
        }
        let count = if self.is_dom() { 1 } else { striping.stripe_count };
        Stripes::new(u64::from(striping.stripe_size), u64::from(count))
    }
}

impl Pattern {
    /// The pattern without its flags (low 16 bits).
    pub const fn kind(self) -> u32 {
        self.0 & 0xffff
    }

    /// Lustre knows the pattern: raid0, overstriped, parity, compressed, or on the MDT.
    pub const fn is_known(self) -> bool {
        const RAID0: u32 = Pattern::RAID0;
        matches!(self.kind(), RAID0 | 0x201 | 0x005 | 0x801 | Pattern::MDT)
    }

    /// Stripes of this pattern have objects once they are instantiated.
    pub const fn has_objects(self) -> bool {
        self.is_known() && self.kind() != Pattern::MDT && !self.has(Pattern::RELEASED)
    }
}

impl Fid {
    /// It stands for a legacy object (`0x1_IIII_HHHH`).
    pub const fn is_idif(&self) -> bool {
        self.seq >= IDIF && self.seq <= IDIF_LAST
    }
}

impl Slot {
    /// The stripe's object is lost: LFSCK rebuilt the layout without it.
    pub fn is_dummy(&self) -> bool {
        *self == Slot::default()
    }

    /// The object that the slot names, by the rules of Lustre's `ostid_to_fid`.
    ///
    /// # Errors
    /// An OST index above 0xffdf, a legacy id of more than 48 bits, a FID with a version, or the
    /// default id of a template.
    pub fn object_id(&self) -> Result<ObjectId, Fault> {
        if self.ost > MAX_OST {
            return Err(Fault::OstIndex { got: self.ost });
        }
        let [word0, word1] = self.oi;
        let (oid, ver) = (word1 as u32, (word1 >> 32) as u32);
        let legacy = |id: u64| ObjectId {
            ost: self.ost,
            fid: Fid { seq: IDIF | u64::from(self.ost) << 16 | id >> 32, oid: id as u32, ver: 0 },
        };
        if word1 == 0 {
            if word0 >> 48 != 0 {
                return Err(Fault::ObjectNumber { got: word0 });
            }
            return Ok(legacy(word0));
        }
        if word1 == u64::MAX {
            return Err(Fault::ObjectDefault);
        }
        let fid = Fid { seq: word0, oid, ver };
        if fid.is_idif() {
            // Re-encoded with the slot's OST, as Lustre does: the slot knows better.
            return Ok(legacy((word0 & 0xffff) << 32 | u64::from(oid)));
        }
        if ver != 0 {
            return Err(Fault::ObjectVersion { got: ver });
        }
        Ok(ObjectId { ost: self.ost, fid })
    }

    /// The slot that names an object; the inverse of [`object_id`](Self::object_id) for every
    /// object that one can give. Legacy objects get their legacy form.
    pub fn from_object(object: ObjectId) -> Slot {
        let ObjectId { ost, fid } = object;
        let oi = if fid.is_idif() {
            [(fid.seq & 0xffff) << 32 | u64::from(fid.oid), 0]
        } else {
            [fid.seq, u64::from(fid.ver) << 32 | u64::from(fid.oid)]
        };
        Slot { oi, generation: 0, ost }
    }
}

impl Layout {
    /// Number of components; 1 for a plain file, 0 for a foreign one.
    pub fn component_count(&self) -> usize {
        match self {
            Layout::Plain(_) => 1,
            Layout::Composite(composite) => composite.components.len(),
            Layout::Foreign(_) => 0,
        }
    }

    /// The component number `index`. A plain file is component 0.
    pub fn component(&self, index: usize) -> Option<ComponentView<'_>> {
        match self {
            Layout::Plain(striping) if index == 0 => Some(plain_view(striping)),
            Layout::Composite(composite) => {
                composite.components.get(index).map(|component| component.view(index))
            }
            _ => None,
        }
    }

    /// All components in entry order.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = ComponentView<'_>> + Clone {
        (0..self.component_count()).filter_map(|index| self.component(index))
    }

    /// The mirrors in order. A template has no mirror ids yet: there a component that starts at 0
    /// begins a new one.
    pub fn mirrors(&self) -> impl Iterator<Item = Mirror> + '_ {
        let mut next = 0;
        core::iter::from_fn(move || {
            let first = self.component(next)?;
            let start = next;
            next += 1;
            while let Some(component) = self.component(next) {
                let another = if first.id.0 == 0 {
                    component.extent.start == 0 && component.extent.end != 0
                } else {
                    component.id.mirror() != first.id.mirror()
                };
                if another {
                    break;
                }
                next += 1;
            }
            Some(Mirror { id: first.id.mirror(), components: start..next })
        })
    }

    /// The FLR state.
    pub fn state(&self) -> State {
        match self {
            Layout::Composite(composite) => match composite.flags & 3 {
                1 => State::ReadOnly,
                2 => State::WritePending,
                3 => State::SyncPending,
                _ => State::None,
            },
            _ => State::None,
        }
    }

    /// A directory's default layout or a request: nothing in it names an object yet.
    pub fn is_template(&self) -> bool {
        match self {
            Layout::Plain(striping) => !plain_is_init(striping),
            Layout::Composite(composite) => composite.is_template(),
            Layout::Foreign(_) => false,
        }
    }

    /// The generation: `lcm_layout_gen` of a composite with its state bits 30 and 31, else
    /// `lmm_layout_gen`.
    pub fn generation(&self) -> u32 {
        match self {
            Layout::Plain(striping) => u32::from(striping.gen_or_offset),
            Layout::Composite(composite) => composite.layout_gen,
            Layout::Foreign(_) => 0,
        }
    }

    /// The parity component that protects data component `data`: same extent, and each links to
    /// the other's mirror (in templates: same pairing number).
    pub fn parity_of(&self, data: usize) -> Option<usize> {
        self.partner(data, false)
    }

    /// The data component that parity component `parity` protects.
    pub fn data_of(&self, parity: usize) -> Option<usize> {
        self.partner(parity, true)
    }

    /// The RAID sets of the pair that parity component `parity` belongs to. `None` if it protects
    /// no component here, or the data's stripe count is not known yet.
    pub fn raid_sets(&self, parity: usize) -> Option<RaidSets> {
        let data = self.component(self.data_of(parity)?)?.stripes()?;
        let k = self.component(parity)?.data;
        // Stripe counts are 16 bits wide.
        Some(RaidSets::split(data.count() as u32, u32::from(k)))
    }

    fn partner(&self, index: usize, parity: bool) -> Option<usize> {
        let one = self.component(index)?;
        if one.is_parity() != parity || one.link_id == 0 {
            return None;
        }
        let numbered = one.flags.has(ComponentFlags::LINK_ID);
        let other = self.components().find(|other| {
            other.is_parity() != parity
                && other.extent == one.extent
                && other.flags.has(ComponentFlags::LINK_ID) == numbered
                && if numbered {
                    other.link_id == one.link_id
                } else {
                    other.id.mirror() == one.link_id && other.link_id == one.id.mirror()
                }
        })?;
        Some(other.index)
    }

    /// Puts another object into a slot, as a rebuild onto another OST does. The generation stays:
    /// see [`bump_generation`](Self::bump_generation).
    ///
    /// # Errors
    /// There is no such component or stripe, the component has no objects, or a layout cannot name
    /// the object.
    pub fn set_object(
        &mut self,
        component: usize,
        stripe: u32,
        object: ObjectId,
    ) -> Result<(), Fault> {
        let number = u32::try_from(component).unwrap_or(u32::MAX);
        let none = Fault::NoObjects { component: number };
        if self.component(component).and_then(|view| view.objects()).is_none() {
            return Err(none);
        }
        let striping = match self {
            Layout::Plain(striping) => striping,
            Layout::Composite(composite) => match &mut composite.components[component].body {
                Body::Striping(striping) => striping,
                _ => return Err(none),
            },
            Layout::Foreign(_) => return Err(none),
        };
        let new = Slot::from_object(object);
        new.object_id()?;
        let count = u32::from(striping.stripe_count);
        let slot = usize::try_from(stripe).ok().and_then(|stripe| striping.slots.get_mut(stripe));
        *slot.ok_or(Fault::NoStripe { stripe, count })? = new;
        Ok(())
    }

    /// Sets or clears STALE on a component. Returns whether there is such a component (a plain
    /// file has no flags).
    pub fn set_stale(&mut self, component: usize, stale: bool) -> bool {
        let Some(component) = self.component_mut(component) else { return false };
        if stale {
            component.flags.0 |= ComponentFlags::STALE;
        } else {
            component.flags.0 &= !ComponentFlags::STALE;
        }
        true
    }

    /// Sets a component's timestamp (seconds since 1970; 48 bits are kept), as a resync does on
    /// both members of an EC pair. Returns whether there is such a component.
    pub fn set_timestamp(&mut self, component: usize, seconds: u64) -> bool {
        let Some(component) = self.component_mut(component) else { return false };
        component.timestamp = seconds & 0xffff_ffff_ffff;
        true
    }

    /// Sets the FLR state of a composite; other layouts have none. Returns whether it did.
    pub fn set_state(&mut self, state: State) -> bool {
        let Layout::Composite(composite) = self else { return false };
        let bits = match state {
            State::None => 0,
            State::ReadOnly => 1,
            State::WritePending => 2,
            State::SyncPending => 3,
        };
        composite.flags = composite.flags & !3 | bits;
        true
    }

    /// Adds 1 to the generation, as every change of a layout must. The state bits 30 and 31 of a
    /// composite's stay, and 0 is skipped.
    pub fn bump_generation(&mut self) {
        match self {
            Layout::Plain(striping) => {
                striping.gen_or_offset = striping.gen_or_offset.wrapping_add(1).max(1);
            }
            Layout::Composite(composite) => {
                let counter = composite.layout_gen.wrapping_add(1) & !GENERATION_STATE;
                composite.layout_gen = composite.layout_gen & GENERATION_STATE | counter.max(1);
            }
            Layout::Foreign(_) => {}
        }
    }

    fn component_mut(&mut self, index: usize) -> Option<&mut Component> {
        match self {
            Layout::Composite(composite) => composite.components.get_mut(index),
            _ => None,
        }
    }
}

impl Composite {
    /// A directory's default layout or a request: no component has an id.
    pub fn is_template(&self) -> bool {
        self.components.iter().all(|component| component.id.0 == 0)
    }
}

/// How a component's chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compression {
    /// `lcme_compr_type`: its numbers are not public.
    pub kind: u8,
    /// Level 1..=15; 0 is the default.
    pub level: u8,
    /// Bytes of a chunk: 64 KiB to 2 GiB.
    pub chunk: u64,
}

impl Component {
    /// How its chunks are compressed. `None` without the pattern for it: what the bytes hold then
    /// is left over.
    pub fn compression(&self) -> Option<Compression> {
        let Body::Striping(striping) = &self.body else { return None };
        let [kind, bits] = self.compression;
        let chunk = 1 << (16 + u32::from(bits >> 4));
        let compressed = striping.pattern.kind() == Pattern::RAID0 | Pattern::COMPRESS;
        compressed.then_some(Compression { kind, level: bits & 15, chunk })
    }

    fn view(&self, index: usize) -> ComponentView<'_> {
        let (striping, foreign) = match &self.body {
            Body::Striping(striping) => (Some(striping), None),
            Body::Foreign(foreign) => (None, Some(foreign)),
            Body::Unknown(_) => (None, None),
        };
        ComponentView {
            index,
            id: self.id,
            flags: self.flags,
            extent: self.extent,
            striping,
            foreign,
            timestamp: self.timestamp,
            link_id: self.link_id,
            data: self.data,
            parity: self.parity,
        }
    }
}

/// A plain layout carries no flag: it is a file's if it has a slot for each stripe.
fn plain_is_init(striping: &Striping) -> bool {
    striping.kind != StripingKind::Specific
        && (striping.pattern.has(Pattern::RELEASED)
            || !striping.slots.is_empty()
                && striping.slots.len() == usize::from(striping.stripe_count))
}

fn plain_view(striping: &Striping) -> ComponentView<'_> {
    let flags = if plain_is_init(striping) { ComponentFlags::INIT } else { 0 };
    ComponentView {
        index: 0,
        id: ComponentId(0),
        flags: ComponentFlags(flags),
        extent: Extent { start: 0, end: EOF },
        striping: Some(striping),
        foreign: None,
        timestamp: 0,
        link_id: 0,
        data: 0,
        parity: 0,
    }
}
