//! From a request to the layout of a file: counts, ids, links, and OSTs.
//!
//! [`Allocator::allocate`] gives the layout that Lustre's MDT would hold for the file after it was
//! written and its parity resynced, in the MDT's own form. Only the choice of OSTs is ours (round
//! robin, deterministic); the rule that binds it is Lustre's: no two members of a RAID set, data or
//! parity, on one OST.

mod error;
mod place;
mod stored;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::AllocateError;
use place::{Robin, Row, shared};
use stored::{Shape, WIDE, generation, shape, store, store_component};

use super::map::Stripes;
use super::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, Extent, Fid, Layout, ObjectId,
    Pattern, PoolName, Striping, StripingKind,
};
use super::raid::RaidSets;
use crate::ec::Geometry;

/// Most stripes of a component.
const MAX_STRIPES: u32 = 2000;
/// Most bytes of an extended attribute.
const MAX_EA: usize = 65536;

/// An OST that can take objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ost {
    /// Its index.
    pub index: u32,
    /// The pools that it belongs to.
    pub pools: Vec<String>,
}

impl Ost {
    /// An OST of no pool.
    pub fn new(index: u32) -> Ost {
        Ost { index, pools: Vec::new() }
    }
}

/// A file system's default striping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Bytes of a stripe unit, a multiple of 64 KiB.
    pub stripe_size: u32,
    /// Stripes.
    pub stripe_count: u16,
}

impl Default for Defaults {
    /// 4 MiB and one stripe, as Lustre 2.18 sets it.
    fn default() -> Self {
        Defaults { stripe_size: 4 << 20, stripe_count: 1 }
    }
}

/// The file that a layout is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewFile {
    /// Its FID on the MDT.
    pub fid: Fid,
    /// Its size in bytes: components that it reaches get objects; each mirror's first always does.
    pub size: u64,
    /// When its parity was computed, seconds since 1970: the timestamp of EC pairs.
    pub resynced: u64,
}

/// Chooses OSTs for the components of a request.
#[derive(Clone, Copy, Debug)]
pub struct Allocator<'a> {
    /// The OSTs, in the order of the round robin.
    pub osts: &'a [Ost],
    /// Position in `osts` that the first component starts at (modulo their number).
    pub first: usize,
    /// What a request's zeros stand for.
    pub defaults: Defaults,
}

impl Allocator<'_> {
    /// The layout of `file` by `request` (of [`Spec::request`](super::spec::Spec::request), or a
    /// directory's default). `next_id` makes an object on the OST given.
    ///
    /// # Errors
    /// [`AllocateError`] when the request is no request, asks for what is not supported (data on
    /// the MDT, self-extending, foreign), or there are too few OSTs. `next_id` is called for a
    /// component only after its OSTs are found.
    pub fn allocate(
        &self,
        request: &Layout,
        file: &NewFile,
        next_id: &mut dyn FnMut(u32) -> ObjectId,
    ) -> Result<Layout, AllocateError> {
        for (at, ost) in self.osts.iter().enumerate() {
            if self.osts[..at].iter().any(|other| other.index == ost.index) {
                return Err(AllocateError::DuplicateOst { index: ost.index });
            }
        }
        if !request.is_template() {
            return Err(AllocateError::NotARequest);
        }
        let mut next = self.first;
        let layout = match request {
            Layout::Plain(striping) => {
                let shape = shape(self.defaults, 0, striping, Extent::WHOLE, 0)?;
                let osts = self.data_osts(0, striping, Extent::WHOLE, &shape, None, &mut next)?;
                Layout::Plain(store(striping, &shape, file, Some(&osts), next_id)?)
            }
            Layout::Composite(composite) => {
                self.composite(request, composite, file, &mut next, next_id)?
            }
            Layout::Foreign(_) => return Err(AllocateError::NotARequest),
        };
        let bytes = super::xattr::emit(&layout).len();
        if bytes > MAX_EA {
            return Err(AllocateError::TooLarge { bytes });
        }
        Ok(layout)
    }

    fn composite(
        &self,
        request: &Layout,
        composite: &Composite,
        file: &NewFile,
        next: &mut usize,
        next_id: &mut dyn FnMut(u32) -> ObjectId,
    ) -> Result<Layout, AllocateError> {
        let mirrors: Vec<_> = request.mirrors().collect();
        let several = mirrors.len() > 1;
        // Mirrors are numbered from 1 when there are several; a file with one has mirror 0.
        let mirror_id = |index: usize| {
            let at = mirrors.iter().position(|mirror| mirror.components.contains(&index));
            at.filter(|_| several).map_or(0, |at| at as u16 + 1)
        };
        let mut components: Vec<Component> = Vec::with_capacity(composite.components.len());
        // OSTs of each component's stripes by position in a row; data stands before its parity.
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(composite.components.len());
        for (index, entry) in composite.components.iter().enumerate() {
            let Body::Striping(striping) = &entry.body else {
                let what = "a foreign component";
                return Err(AllocateError::Unsupported { component: index, what });
            };
            let Component { extent, data, parity, .. } = *entry;
            let shape = shape(self.defaults, index, striping, extent, entry.flags.0)?;
            let is_parity = entry.flags.has(ComponentFlags::PARITY);
            if (is_parity || parity > 0) && Geometry::new(data.into(), parity.into()).is_err() {
                let what = "this code";
                return Err(AllocateError::Unsupported { component: index, what });
            }
            let init = extent.start == 0 || extent.start < file.size;
            let row = if !init {
                Vec::new()
            } else if is_parity {
                let data = request.data_of(index).and_then(|data| rows.get(data));
                let data = data.filter(|data| !data.is_empty());
                let data = data.ok_or(AllocateError::Unpaired { component: index })?;
                self.parity_osts(index, entry, striping, &shape, data, next)?
            } else {
                let code = (parity > 0).then_some((data, parity));
                self.data_osts(index, striping, extent, &shape, code, next)?
            };
            let mut osts = row.clone();
            if parity > 0 {
                osts.rotate_right(first_stripe(extent, &shape, row.len()));
            }
            let osts = init.then_some(osts.as_slice());
            let striping = store_component(entry, striping, &shape, file, osts, next_id)?;
            let partner = request.parity_of(index).or_else(|| request.data_of(index));
            let kept = entry.flags.0 & !(ComponentFlags::LINK_ID | ComponentFlags::STALE);
            components.push(Component {
                id: ComponentId(u32::from(mirror_id(index)) << 16 | (index as u32 + 1)),
                flags: ComponentFlags(if init { kept | ComponentFlags::INIT } else { kept }),
                extent,
                layout_gen: 0,
                timestamp: if partner.is_some() && file.size > 0 { file.resynced } else { 0 },
                link_id: partner.map_or(0, mirror_id),
                data,
                parity,
                compression: [0; 2],
                body: Body::Striping(striping),
            });
            rows.push(row);
        }
        Ok(Layout::Composite(Composite {
            sel: false,
            layout_gen: generation(&components, several, file.size),
            flags: u16::from(several),
            mirror_count: composite.mirror_count,
            reserved: [0; 14],
            components,
            trailing: Vec::new(),
        }))
    }

    /// The OSTs of the component's pool.
    fn candidates(&self, component: usize, pool: &PoolName) -> Result<Vec<u32>, AllocateError> {
        let name = pool_wanted(pool);
        let member =
            |ost: &&Ost| name.is_empty() || ost.pools.iter().any(|pool| pool.as_bytes() == name);
        let osts: Vec<u32> = self.osts.iter().filter(member).map(|ost| ost.index).collect();
        match (osts.is_empty(), name.is_empty()) {
            (false, _) => Ok(osts),
            (true, false) => Err(AllocateError::NoPool { component }),
            (true, true) => Err(AllocateError::TooFewOsts { component, needed: 1, available: 0 }),
        }
    }

    /// OSTs of a data component's stripes, by position in a row. `code` is the stored k and p.
    fn data_osts(
        &self,
        component: usize,
        striping: &Striping,
        extent: Extent,
        shape: &Shape,
        code: Option<(u8, u8)>,
        next: &mut usize,
    ) -> Result<Vec<u32>, AllocateError> {
        let osts = self.candidates(component, &striping.pool)?;
        let available = osts.len() as u32;
        let no_ost = |index| AllocateError::NoOst { component, index };
        let too_few = |needed| AllocateError::TooFewOsts { component, needed, available };
        if striping.kind == StripingKind::Specific && !striping.slots.is_empty() {
            let listed = striping.slots.get(..usize::from(shape.stripe_count));
            let mut listed: Vec<u32> =
                listed.unwrap_or(&striping.slots).iter().map(|slot| slot.ost).collect();
            if let Some(&index) = listed.iter().find(|ost| !osts.contains(ost)) {
                return Err(no_ost(index));
            }
            if let Some((k, p)) = code {
                let turn = first_stripe(extent, shape, listed.len());
                listed.rotate_left(turn);
                let sets = RaidSets::split(listed.len() as u32, u32::from(k));
                if let Some((set, index)) = shared(sets, &listed) {
                    return Err(AllocateError::SharedOst { component, set, index });
                }
                if sets.largest() + u32::from(p) > available {
                    return Err(too_few(sets.largest() + u32::from(p)));
                }
            }
            return Ok(listed);
        }
        let over = striping.pattern.has(Pattern::OVERSTRIPING);
        let mut count = match shape.stripe_count {
            wide @ WIDE.. if over => u32::from(wide.wrapping_neg()) * available,
            WIDE.. => available,
            count if over || code.is_some() => u32::from(count),
            count => u32::from(count).min(available),
        };
        if count > MAX_STRIPES {
            return Err(AllocateError::TooManyStripes { component, stripes: count });
        }
        if let Some((k, p)) = code {
            if count > available && !over {
                // Lustre shrinks to the OSTs found if they are three quarters of those asked for.
                if available * 4 < count * 3 {
                    return Err(too_few((count * 3).div_ceil(4)));
                }
                count = available;
            }
            let members = RaidSets::split(count, u32::from(k)).largest() + u32::from(p);
            if members > available {
                return Err(too_few(members));
            }
        }
        let mut robin = Robin { osts: &osts, next: *next };
        if striping.gen_or_offset != 0xffff {
            let index = u32::from(striping.gen_or_offset);
            let at = osts.iter().position(|&ost| ost == index).ok_or_else(|| no_ost(index))?;
            // The index is stripe 0's. In a row of the code that need not be position 0.
            let stripes = count as usize;
            let before = match code {
                Some(_) => (stripes - first_stripe(extent, shape, stripes)) % stripes.max(1),
                None => 0,
            };
            robin.next = at + osts.len() - before % osts.len();
        }
        let chosen = robin.stripes(count);
        *next = robin.next;
        Ok(chosen)
    }

    /// OSTs of a parity component's stripes, by position in a row, given those of its data.
    fn parity_osts(
        &self,
        component: usize,
        entry: &Component,
        striping: &Striping,
        shape: &Shape,
        data: &[u32],
        next: &mut usize,
    ) -> Result<Vec<u32>, AllocateError> {
        let osts = self.candidates(component, &striping.pool)?;
        let sets = RaidSets::split(data.len() as u32, u32::from(entry.data));
        let parity = u32::from(entry.parity);
        let skewed = !entry.extent.start.is_multiple_of(u64::from(shape.stripe_size));
        let mut robin = Robin { osts: &osts, next: *next };
        let chosen = robin.parity(&Row { sets, parity, data, skewed });
        *next = robin.next;
        chosen.ok_or(AllocateError::TooFewOsts {
            component,
            needed: sets.largest() + parity,
            available: osts.len() as u32,
        })
    }
}

/// The stripe that a component of `count` stripes starts on: rows of the code count from the
/// component's start, stripes from file offset 0. Turning the OSTs chosen for a row by that many
/// keeps each RAID set on the OSTs that were chosen for it.
fn first_stripe(extent: Extent, shape: &Shape, count: usize) -> usize {
    Stripes::new(u64::from(shape.stripe_size), count as u64)
        .map_or(0, |stripes| stripes.locate(extent.start).0 as usize)
}

/// The pool that OSTs must belong to: `ignore` asks for none.
fn pool_wanted(pool: &PoolName) -> &[u8] {
    match pool.name() {
        b"ignore" => b"",
        name => name,
    }
}
