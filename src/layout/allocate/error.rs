//! Why no layout could be allocated.

use core::fmt;

use crate::layout::Fault;

/// A request that the OSTs at hand, or this version, cannot fulfil. Components count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllocateError {
    /// The layout has objects or ids already, or is foreign: nothing to allocate.
    NotARequest,
    /// A component kind that is not supported yet.
    Unsupported {
        /// The component.
        component: usize,
        /// Its kind.
        what: &'static str,
    },
    /// A component's end that no file reaches.
    End {
        /// The component.
        component: usize,
        /// The end.
        end: u64,
    },
    /// An OST is listed twice.
    DuplicateOst {
        /// Its index.
        index: u32,
    },
    /// No OST belongs to the component's pool.
    NoPool {
        /// The component.
        component: usize,
    },
    /// The OST asked for is not there, or not in the pool.
    NoOst {
        /// The component.
        component: usize,
        /// The OST asked for.
        index: u32,
    },
    /// Fewer OSTs than the members of a RAID set, or than the stripes need.
    TooFewOsts {
        /// The component.
        component: usize,
        /// OSTs needed.
        needed: u32,
        /// OSTs there.
        available: u32,
    },
    /// Fewer failure domains than the members of a RAID set, or too unlike in size.
    TooFewDomains {
        /// The component.
        component: usize,
        /// Members of a RAID set.
        needed: u32,
        /// Domains of its OSTs.
        domains: u32,
    },
    /// The component has its objects.
    Instantiated {
        /// The component.
        component: usize,
    },
    /// More than 2000 stripes.
    TooManyStripes {
        /// The component.
        component: usize,
        /// Stripes asked for.
        stripes: u32,
    },
    /// The list of OSTs asked for puts two members of a RAID set on one OST.
    SharedOst {
        /// The component.
        component: usize,
        /// The RAID set.
        set: u32,
        /// The OST.
        index: u32,
    },
    /// A parity component without the data that it protects.
    Unpaired {
        /// The component.
        component: usize,
    },
    /// The layout does not fit an extended attribute.
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// A layout cannot name the object that was made.
    Object(Fault),
}

impl fmt::Display for AllocateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            AllocateError::NotARequest => f.write_str("the layout is no request"),
            AllocateError::Unsupported { component, what } => {
                write!(f, "component {component}: {what} is not supported yet")
            }
            AllocateError::End { component, end } => write!(
                f,
                "component {component} ends at {end}, expected at most {}, or EOF",
                i64::MAX
            ),
            AllocateError::DuplicateOst { index } => write!(f, "OST {index} is listed twice"),
            AllocateError::NoPool { component } => {
                write!(f, "component {component}: no OST belongs to its pool")
            }
            AllocateError::NoOst { component, index } => {
                write!(f, "component {component}: there is no OST {index} for it")
            }
            AllocateError::TooFewOsts { component, needed, available } => write!(
                f,
                "component {component} needs {needed} OSTs so that no two members of a RAID set \
                 share one; there are {available}"
            ),
            AllocateError::TooFewDomains { component, needed, domains } => write!(
                f,
                "component {component}: {needed} members of a RAID set cannot be kept apart in \
                 {domains} failure domains"
            ),
            AllocateError::Instantiated { component } => {
                write!(f, "component {component} has its objects already")
            }
            AllocateError::TooManyStripes { component, stripes } => {
                write!(f, "component {component}: {stripes} stripes are more than 2000")
            }
            AllocateError::SharedOst { component, set, index } => write!(
                f,
                "component {component}: two members of RAID set {set} would be on OST {index}"
            ),
            AllocateError::Unpaired { component } => {
                write!(f, "parity component {component} has no data component to protect")
            }
            AllocateError::TooLarge { bytes } => {
                write!(f, "the layout takes {bytes} bytes, an extended attribute holds 65536")
            }
            AllocateError::Object(fault) => write!(f, "the new object: {fault}"),
        }
    }
}

impl core::error::Error for AllocateError {}
