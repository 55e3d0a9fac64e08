//! From a request to the layout of a file: counts, ids, links, and OSTs.
//!
//! [`Allocator::allocate`] gives the layout that Lustre's MDT would hold for the file after it was
//! written and its parity resynced, in the MDT's own form; for an empty file, after it was made.
//! [`Allocator::instantiate`] gives one more component its objects. Only the choice of OSTs is
//! ours, and deterministic: in turn, or by free space where that differs much. The rule that binds
//! it is Lustre's: no two members of a RAID set, data or parity, on one OST. Where OSTs name what
//! they fail with, it holds for failure domains. Components of other mirrors are avoided as long
//! as there are other OSTs.
//!
//! ```
//! use lustrine::layout::allocate::{Allocator, NewFile, Ost};
//! use lustrine::layout::spec::Spec;
//! use lustrine::layout::{Fid, ObjectId};
//! // Twelve OSTs in six servers, two behind each other.
//! let osts: Vec<Ost> = (0..12).map(|i| Ost { domain: i / 2 + 1, ..Ost::new(i) }).collect();
//! let allocator = Allocator { osts: &osts, ..Allocator::default() };
//! let mut object = |ost| ObjectId { ost, fid: Fid { seq: 1 << 34, oid: ost, ver: 0 } };
//! let request = Spec::parse("-c 4 --ec 4+2")?.request();
//! let layout = allocator.allocate(&request, &NewFile::default(), &mut object)?;
//! let mut servers: Vec<u32> = layout
//!     .components()
//!     .flat_map(|component| component.objects().unwrap_or_default())
//!     .map(|slot| slot.ost / 2)
//!     .collect();
//! servers.sort();
//! assert_eq!(servers, [0, 1, 2, 3, 4, 5]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod objects;
mod place;
mod stored;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::AllocateError;
use objects::Wanted;
use place::{Place, shared};
pub(super) use stored::without_objects;
use stored::{Shape, WIDE, generation, shape, store, store_component};

use super::map::Stripes;
use super::model::{
    Body, Component, ComponentFlags, ComponentId, Composite, Extent, Fid, Layout, ObjectId,
    PoolName, Striping,
};
use super::xattr::MAX_EA;
use crate::ec::Geometry;

/// Most stripes of a component.
const MAX_STRIPES: u32 = 2000;

/// An OST that can take objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ost {
    /// Its index.
    pub index: u32,
    /// The pools that it belongs to.
    pub pools: Vec<String>,
    /// Bytes free, for [`Choice::ByFreeSpace`].
    pub free: u64,
    /// What it fails together with: a rack, a server. 0 is none: it fails alone. No two members of
    /// a RAID set are put in one domain.
    pub domain: u32,
}

impl Ost {
    /// An OST of no pool and no failure domain.
    pub fn new(index: u32) -> Ost {
        Ost { index, ..Ost::default() }
    }
}

/// How OSTs are chosen where rules leave a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// In turn.
    #[default]
    RoundRobin,
    /// At random, each OST with a chance in proportion to its free space, as Lustre does if that
    /// differs by more than a threshold; else in turn. One seed gives one choice.
    ByFreeSpace {
        /// Any number.
        seed: u64,
        /// Percent that the emptiest OST has more free than the fullest (Lustre: 17).
        threshold: u8,
    },
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
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator<'a> {
    /// The OSTs, in the order of the round robin.
    pub osts: &'a [Ost],
    /// Position in `osts` that the first component starts at (modulo their number).
    pub first: usize,
    /// What a request's zeros stand for.
    pub defaults: Defaults,
    /// How OSTs are chosen.
    pub choice: Choice,
}

impl Allocator<'_> {
    /// The layout of `file` by `request` (of [`Spec::request`](super::spec::Spec::request), or a
    /// directory's default). `next_id` makes an object on the OST given.
    ///
    /// # Errors
    /// [`AllocateError`] when the request is no request, asks for what is not supported (foreign
    /// components, ends beyond the greatest offset of a file, parity for data on the MDT, a
    /// self-extending file that is larger than its first step), or there are too few OSTs.
    /// `next_id` is called for a component only after its OSTs are found.
    pub fn allocate(
        &self,
        request: &Layout,
        file: &NewFile,
        next_id: &mut dyn FnMut(u32) -> ObjectId,
    ) -> Result<Layout, AllocateError> {
        self.check_osts()?;
        if !request.is_template() {
            return Err(AllocateError::NotARequest);
        }
        let mut next = self.first;
        let layout = match request {
            Layout::Plain(striping) => {
                let shape = shape(self.defaults, 0, striping, Extent::WHOLE, 0)?;
                if shape.stripe_count == 0 {
                    let what = "data on the MDT without components";
                    return Err(AllocateError::Unsupported { component: 0, what });
                }
                let wanted = Wanted::new(0, striping, Extent::WHOLE, &shape);
                let places = self.data_places(&wanted, &mut next)?;
                let osts: Vec<u32> = places.iter().map(|place| place.ost).collect();
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
        // Places of each component's stripes by position in a row; data stands before its parity.
        let mut rows: Vec<Vec<Place>> = Vec::with_capacity(composite.components.len());
        let space = |index: usize| {
            let entry: Option<&Component> = composite.components.get(index);
            entry.is_some_and(|entry| entry.flags.has(ComponentFlags::EXTENSION))
        };
        for (index, entry) in composite.components.iter().enumerate() {
            let unsupported = |what| AllocateError::Unsupported { component: index, what };
            let Body::Striping(striping) = &entry.body else {
                return Err(unsupported("a foreign component"));
            };
            let Component { extent, data, parity, .. } = *entry;
            if !extent.is_reachable() {
                return Err(AllocateError::End { component: index, end: extent.end });
            }
            let shape = shape(self.defaults, index, striping, extent, entry.flags.0)?;
            let is_parity = entry.flags.has(ComponentFlags::PARITY);
            let coded = is_parity || parity > 0;
            if coded && Geometry::new(data.into(), parity.into()).is_err() {
                return Err(unsupported("this code"));
            }
            let mdt = shape.stripe_count == 0;
            if coded && (mdt || space(index) || space(index + 1)) {
                return Err(unsupported("parity for data on the MDT, or that extends itself"));
            }
            if space(index) && file.size > extent.start {
                return Err(unsupported("a file that is larger than its first extension step"));
            }
            let init = !space(index)
                && extent.start < extent.end
                && (extent.start == 0 || extent.start < file.size);
            let objects = init && !mdt;
            let row = if objects {
                let avoided = avoided(request, &rows, index);
                let code = coded.then_some((data, parity));
                let wanted = Wanted {
                    code,
                    avoided: &avoided,
                    ..Wanted::new(index, striping, extent, &shape)
                };
                if is_parity {
                    let data = request.data_of(index).and_then(|data| rows.get(data));
                    let data = data.filter(|data| !data.is_empty());
                    let data = data.ok_or(AllocateError::Unpaired { component: index })?;
                    self.parity_places(&wanted, data, next)?
                } else {
                    self.data_places(&wanted, next)?
                }
            } else {
                Vec::new()
            };
            let osts = turned(&row, coded, extent, &shape);
            let osts = objects.then_some(osts.as_slice());
            let mut striping = store_component(entry, striping, &shape, file, osts, next_id)?;
            if init && mdt {
                striping.gen_or_offset = 0;
            }
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
            sel: (0..components.len()).any(space),
            layout_gen: generation(&components, several, file.size),
            flags: u16::from(several),
            mirror_count: composite.mirror_count,
            reserved: [0; 14],
            components,
            trailing: Vec::new(),
        }))
    }

    fn check_osts(&self) -> Result<(), AllocateError> {
        let mut indices: Vec<u32> = self.osts.iter().map(|ost| ost.index).collect();
        indices.sort_unstable();
        match indices.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(AllocateError::DuplicateOst { index: pair[0] }),
            None => Ok(()),
        }
    }
}

/// Domains of the components of other mirrors that cover some of a component's bytes; its partner
/// in an EC pair has rules of its own.
fn avoided(layout: &Layout, rows: &[Vec<Place>], index: usize) -> Vec<u64> {
    let mirror = |index: usize| layout.mirrors().position(|m| m.components.contains(&index));
    let Some(one) = layout.component(index) else { return Vec::new() };
    let (own, partner) = (mirror(index), layout.data_of(index).or_else(|| layout.parity_of(index)));
    let mut domains: Vec<u64> = rows
        .iter()
        .enumerate()
        .filter(|(other, row)| !row.is_empty() && Some(*other) != partner && mirror(*other) != own)
        .filter(|(other, _)| {
            layout.component(*other).is_some_and(|other| {
                other.extent.start < one.extent.end && one.extent.start < other.extent.end
            })
        })
        .flat_map(|(_, row)| row.iter().map(|place| place.domain))
        .collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

/// The OSTs of a row in the order of stripes.
fn turned(row: &[Place], coded: bool, extent: Extent, shape: &Shape) -> Vec<u32> {
    let mut osts: Vec<u32> = row.iter().map(|place| place.ost).collect();
    if coded && !osts.is_empty() {
        let turn = first_stripe(extent, shape, osts.len());
        osts.rotate_right(turn);
    }
    osts
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
