//! Why a layout cannot be changed.

use core::fmt;

use crate::layout::allocate::AllocateError;
use crate::layout::model::Fid;

/// A change that Lustre refuses too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EditError {
    /// The layout has no components with ids.
    NotComposite,
    /// Components of a file with several mirrors cannot be added or removed one by one.
    Mirrored {
        /// How many mirrors there are.
        mirrors: usize,
    },
    /// A new component does not start where the last one ends.
    NotAdjacent {
        /// Where it starts.
        start: u64,
        /// Where the last one ends.
        end: u64,
    },
    /// No component has this id, or these flags.
    NoComponent {
        /// The id; 0 if flags were asked for.
        id: u32,
    },
    /// Only components at the end can be removed.
    NotLast {
        /// The id.
        id: u32,
    },
    /// No component would be left.
    NothingLeft,
    /// Flags that cannot be changed from outside.
    Flags {
        /// The bits.
        bits: u32,
    },
    /// Parity cannot be preferred.
    PreferParity {
        /// The component's id.
        id: u32,
    },
    /// Nothing that is up to date would be left.
    LastInSync,
    /// Stale components are only made up to date by a resync.
    ClearStale,
    /// The file has one mirror.
    OneMirror,
    /// There is no such mirror.
    NoMirror {
        /// The id.
        mirror: u16,
    },
    /// Parity means nothing in a file of its own.
    SplitParity {
        /// The id.
        mirror: u16,
    },
    /// A parity mirror protects the mirror: that one must be removed first.
    Protected {
        /// The mirror.
        mirror: u16,
        /// The parity mirror.
        by: u16,
    },
    /// A mirror to be added is stale, foreign, has parity, or does not reach EOF.
    Victim {
        /// Its component.
        component: usize,
    },
    /// An object of the other file is this file's already: a file cannot be its own mirror.
    SharedObject {
        /// The component of the other file.
        component: usize,
        /// The object.
        fid: Fid,
    },
    /// A mirror with stale components would be a file without any copy that is up to date.
    SplitStale {
        /// The id.
        mirror: u16,
    },
    /// A component's end that no file reaches.
    End {
        /// The end.
        end: u64,
    },
    /// More mirrors, components or ids than a layout has room for.
    TooMany,
    /// A new component cannot be stored.
    Component(AllocateError),
    /// The data is released already, or lies where it cannot be released from.
    Release {
        /// The component.
        component: usize,
    },
}

impl EditError {
    /// The error number that Lustre answers with.
    pub const fn errno(&self) -> i32 {
        const EPERM: i32 = 1;
        const EBUSY: i32 = 16;
        const EINVAL: i32 = 22;
        const ERANGE: i32 = 34;
        const EUCLEAN: i32 = 117;
        match self {
            EditError::NoComponent { .. } | EditError::Victim { .. } => EBUSY,
            EditError::SharedObject { .. } | EditError::SplitStale { .. } => EPERM,
            EditError::LastInSync => EUCLEAN,
            EditError::TooMany => ERANGE,
            _ => EINVAL,
        }
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            EditError::NotComposite => f.write_str("the layout has no components with ids"),
            EditError::Mirrored { mirrors } => write!(
                f,
                "the file has {mirrors} mirrors: components are added and removed by mirror"
            ),
            EditError::NotAdjacent { start, end } => {
                write!(f, "the new component starts at {start}, expected {end}, the present end")
            }
            EditError::NoComponent { id: 0 } => f.write_str("no component has these flags"),
            EditError::NoComponent { id } => write!(f, "there is no component 0x{id:x}"),
            EditError::NotLast { id } => {
                write!(f, "component 0x{id:x} is not at the end: what follows must go first")
            }
            EditError::NothingLeft => f.write_str("no component would be left"),
            EditError::Flags { bits } => write!(f, "flags 0x{bits:x} cannot be changed"),
            EditError::PreferParity { id } => {
                write!(f, "cannot set prefer flags on parity component '0x{id:x}'")
            }
            EditError::LastInSync => f.write_str("no mirror would be up to date"),
            EditError::ClearStale => {
                f.write_str("the flag stale cannot be cleared: that takes a resync")
            }
            EditError::OneMirror => f.write_str("the file has one mirror: nothing to split"),
            EditError::NoMirror { mirror } => write!(f, "there is no mirror {mirror}"),
            EditError::SplitParity { mirror } => write!(
                f,
                "mirror {mirror} is a parity mirror and can only be destroyed, not split off"
            ),
            EditError::Protected { mirror, by } => {
                write!(f, "parity mirror {by} protects mirror {mirror}: destroy it first")
            }
            EditError::Victim { component } => write!(
                f,
                "component {component} of the other file cannot become a mirror: it is stale, \
                 foreign, released, has parity, or its mirror does not reach EOF"
            ),
            EditError::SharedObject { component, fid } => write!(
                f,
                "component {component} of the other file has object {fid}, which this file has \
                 too: a file cannot be its own mirror"
            ),
            EditError::SplitStale { mirror } => write!(
                f,
                "mirror {mirror} has stale components and can only be destroyed, not split off: \
                 resync first"
            ),
            EditError::End { end } => {
                write!(f, "the new component ends at {end}, expected at most {}, or EOF", i64::MAX)
            }
            EditError::Component(error) => write!(f, "the new component: {error}"),
            EditError::TooMany => f.write_str("more components or mirrors than a layout can have"),
            EditError::Release { component } => {
                write!(f, "component {component} cannot be released: it is, or is not on OSTs")
            }
        }
    }
}

impl core::error::Error for EditError {}
