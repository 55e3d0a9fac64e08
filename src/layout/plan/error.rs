//! Why a plan cannot be made.

use core::fmt;

/// Why a layout cannot be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// Every component that covers some byte of the file is stale.
    NoValidMirror,
    /// The wanted mirror does not exist.
    NoMirror {
        /// The mirror id asked for.
        mirror: u16,
    },
    /// The mirror holds no parity.
    NotParity {
        /// The mirror id asked for.
        mirror: u16,
    },
    /// No component has parity.
    NoParity,
    /// No component covers a byte of the file.
    NoComponent {
        /// The first such byte.
        at: u64,
    },
    /// The data component of a pair is stale itself.
    StaleData {
        /// Index of the component.
        component: usize,
    },
    /// A component's bytes are not plain in OST objects (on the MDT, foreign, released, compressed,
    /// unknown).
    NotInObjects {
        /// Index of the component.
        component: usize,
    },
    /// A component has no objects yet although the file reaches it.
    NoObjects {
        /// Index of the component.
        component: usize,
    },
    /// A parity component's data component does not exist.
    Unpaired {
        /// Index of the parity component.
        parity: usize,
    },
    /// The two components of an EC pair do not fit each other.
    PairMismatch {
        /// Index of the data component.
        data: usize,
        /// Index of the parity component.
        parity: usize,
    },
    /// More parity stripes than data stripes: they cannot all lie in the component's extent.
    TooManyParities {
        /// Index of the data component.
        data: usize,
        /// Its stripes.
        stripes: u32,
        /// Parity stripes of all its RAID sets.
        parities: u64,
    },
    /// The stripe counts and k + p of a pair are no legal code.
    PairGeometry {
        /// Index of the data component.
        data: usize,
        /// Data stripes of its largest RAID set.
        set: u32,
        /// Parity stripes of each set.
        parity: u32,
    },
    /// The parity was computed before the data last changed.
    StaleParity {
        /// Index of the parity component.
        component: usize,
    },
    /// A data object is lost: parity cannot be computed from what is left.
    DataLost {
        /// Index of the component.
        component: usize,
        /// Stripe index in it.
        stripe: u32,
    },
    /// A parity object is lost: there is nothing to write the parity to.
    ParityLost {
        /// Index of the component.
        component: usize,
        /// Stripe index in it.
        stripe: u32,
    },
    /// The range ends past the file or is reversed.
    Range {
        /// First byte asked for.
        start: u64,
        /// First byte after.
        end: u64,
        /// The file's size.
        size: u64,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoValidMirror => f.write_str(
                "every component that covers a part of the range is stale: nothing there can be read \
                 with certainty",
            ),
            Self::NoMirror { mirror } => write!(f, "the layout has no mirror {mirror}"),
            Self::NotParity { mirror } => write!(f, "mirror {mirror} holds data, not parity"),
            Self::NoParity => f.write_str("the layout has no parity component"),
            Self::NoComponent { at } => {
                write!(f, "no component of the layout covers byte {at} of the file")
            }
            Self::StaleData { component } => write!(
                f,
                "data component {component} is stale: bring its mirror up to date before its parity"
            ),
            Self::NotInObjects { component } => write!(
                f,
                "component {component} does not hold plain bytes in OST objects (it is on the MDT, \
                 foreign, released, compressed or of an unknown kind)"
            ),
            Self::NoObjects { component } => {
                write!(f, "component {component} has no objects, but the file reaches it")
            }
            Self::Unpaired { parity } => write!(
                f,
                "parity component {parity} protects nothing: no component of its extent links to it"
            ),
            Self::PairMismatch { data, parity } => write!(
                f,
                "data component {data} and parity component {parity} differ in extent or stripe \
                 size, or the parity's stripe count is not that of the data's RAID sets"
            ),
            Self::TooManyParities { data, stripes, parities } => write!(
                f,
                "component {data} has {stripes} data stripes for {parities} parity stripes: Lustre \
                 may accept that layout, but no parity can be computed for it; use more stripes, a \
                 longer extent or less parity"
            ),
            Self::PairGeometry { data, set, parity } => write!(
                f,
                "component {data} splits into RAID sets of up to {set} data stripes with {parity} \
                 parity, which is no code (1 data stripe takes 1 parity; data 2..=255, parity \
                 1..=15, together at most 256)"
            ),
            Self::StaleParity { component } => write!(
                f,
                "parity component {component} is stale: the data changed since it was computed, \
                 so resync it first"
            ),
            Self::DataLost { component, stripe } => write!(
                f,
                "stripe {stripe} of component {component} is lost: rebuild it before its parity \
                 can be computed"
            ),
            Self::ParityLost { component, stripe } => write!(
                f,
                "stripe {stripe} of parity component {component} is lost: rebuild it first"
            ),
            Self::Range { start, end, size } => {
                write!(f, "range {start}..{end} does not lie in the file's {size} bytes")
            }
        }
    }
}

impl core::error::Error for PlanError {}
