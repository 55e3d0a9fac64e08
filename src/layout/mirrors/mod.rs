//! Mirrors: which to read and write, and what a write or resync makes of a layout.
//!
//! All functions are pure: what is known of OSTs comes in, what is to be changed comes out.
//! [`read_order`] and [`write_mirror`] choose as Lustre's client and MDT do; [`next`] is the state
//! machine of files with mirrors (FLR), and [`Transition::apply`] puts its result into a layout.
//!
//! ```
//! use lustrine::layout::mirrors::{self, Event, Osts};
//! use lustrine::layout::allocate::{Allocator, NewFile, Ost};
//! use lustrine::layout::spec::Spec;
//! use lustrine::layout::{Fid, ObjectId, State};
//! let osts: Vec<Ost> = (0..8).map(Ost::new).collect();
//! let allocator = Allocator { osts: &osts, ..Allocator::default() };
//! let mut object = |ost| ObjectId { ost, fid: Fid { seq: 1 << 34, oid: ost, ver: 0 } };
//! let request = Spec::parse("-N -c 1 -N -c 2")?.request();
//! let mut layout = allocator.allocate(&request, &NewFile::default(), &mut object)?;
//!
//! let write = Event::Write { start: 0, end: 4096 };
//! let change = mirrors::next(&layout, &write, &Osts::default())?.expect("a change");
//! assert_eq!((change.state, change.stale.as_slice()), (State::WritePending, [1].as_slice()));
//! change.apply(&mut layout, 1_780_000_000);
//! assert_eq!(mirrors::read_order(&layout, 0, 0, &Osts::default())?, [1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choose;
mod state;

use core::fmt;

pub use choose::{preferred, read_order, write_mirror};
pub use state::{Event, Transition, next};

use super::Mirror;
use super::model::Layout;
use super::view::ComponentView;

/// What is known of OSTs. By default all are active, and none is better than another.
#[derive(Clone, Copy)]
pub struct Osts<'a> {
    /// The OST answers.
    pub active: &'a dyn Fn(u32) -> bool,
    /// It has no rotating disks.
    pub flash: &'a dyn Fn(u32) -> bool,
}

impl Default for Osts<'_> {
    fn default() -> Self {
        Osts { active: &|_| true, flash: &|_| false }
    }
}

impl fmt::Debug for Osts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Osts")
    }
}

/// Why no mirror can be used, or an event cannot happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorError {
    /// No mirror can give this byte.
    NoMirror {
        /// The byte's offset in the file.
        offset: u64,
        /// There is a parity mirror, which is not read.
        parity: bool,
    },
    /// Every data mirror is stale: none can be written.
    NoPrimary,
    /// Parity that is not stale although its data was written.
    FreshParity {
        /// Id of the parity mirror.
        mirror: u16,
    },
    /// The file has no mirrors.
    NotMirrored,
    /// There is no such mirror.
    UnknownMirror {
        /// The id.
        mirror: u16,
    },
    /// Nothing is stale.
    InSync,
    /// No resync is under way.
    NotResyncing,
    /// A component that was said to be resynced does not exist, or is not stale.
    NotStale {
        /// Its id.
        id: u32,
    },
    /// The write has no bytes, or starts where no component is.
    Range {
        /// First byte.
        start: u64,
        /// End.
        end: u64,
    },
    /// The write needs a component to grow into its extension space.
    Extension {
        /// The extension component.
        component: usize,
    },
}

impl MirrorError {
    /// The error number that Lustre answers with.
    pub const fn errno(&self) -> i32 {
        const EIO: i32 = 5;
        const EINVAL: i32 = 22;
        const ENODATA: i32 = 61;
        const EALREADY: i32 = 114;
        const EUCLEAN: i32 = 117;
        match self {
            MirrorError::NoMirror { parity: false, .. } => EIO,
            MirrorError::NoPrimary | MirrorError::Range { .. } => ENODATA,
            MirrorError::FreshParity { .. } => EUCLEAN,
            MirrorError::InSync => EALREADY,
            MirrorError::NoMirror { .. }
            | MirrorError::NotMirrored
            | MirrorError::UnknownMirror { .. }
            | MirrorError::NotResyncing
            | MirrorError::NotStale { .. }
            | MirrorError::Extension { .. } => EINVAL,
        }
    }
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            MirrorError::NoMirror { offset, parity } => {
                write!(f, "no mirror can give byte {offset}")?;
                f.write_str(if parity { " (parity mirrors are not read)" } else { "" })
            }
            MirrorError::NoPrimary => f.write_str("every data mirror is stale"),
            MirrorError::FreshParity { mirror } => {
                write!(f, "parity mirror {mirror} is not stale although the file was written")
            }
            MirrorError::NotMirrored => f.write_str("the file has one mirror: nothing to resync"),
            MirrorError::UnknownMirror { mirror } => write!(f, "there is no mirror {mirror}"),
            MirrorError::InSync => f.write_str("nothing is stale"),
            MirrorError::NotResyncing => f.write_str("no resync is under way"),
            MirrorError::NotStale { id } => {
                write!(f, "component 0x{id:x} does not exist or is not stale")
            }
            MirrorError::Range { start, end } => {
                write!(f, "no component takes a write of [{start}, {end})")
            }
            MirrorError::Extension { component } => {
                write!(f, "the write needs space of extension component {component}")
            }
        }
    }
}

impl core::error::Error for MirrorError {}

/// The components of a mirror.
fn parts<'a>(
    layout: &'a Layout,
    mirror: &Mirror,
) -> impl Iterator<Item = ComponentView<'a>> + Clone {
    mirror.components.clone().filter_map(|index| layout.component(index))
}

/// Not stale, and of a pattern that is known.
fn is_valid(view: &ComponentView<'_>) -> bool {
    let known = view.striping.is_some_and(|striping| striping.pattern.is_known());
    !view.is_stale() && (known || view.foreign.is_some())
}

/// All OSTs of a component's objects are active.
fn is_active(view: &ComponentView<'_>, osts: &Osts<'_>) -> bool {
    view.objects().is_none_or(|slots| slots.iter().all(|slot| (osts.active)(slot.ost)))
}
