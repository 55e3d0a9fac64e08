//! The options of `lfs setstripe`: a string into a [`Spec`], and a spec into the layout that `lfs`
//! would ask the MDT for ([`Spec::request`]).
//!
//! Supported: `-E -S -c -C -i -o -p -N --ec --ec-expert` and their long forms, attached or not
//! (`-E4M`, `--ec=4+2`). Every other option of `lfs setstripe` is refused by name. What `lfs`
//! itself refuses is refused in its words, apart from what only a file system knows.
//!
//! ```
//! use lustrine::layout::spec::Spec;
//! let spec = Spec::parse("-E 64M -c 4 --ec 2+1 -E -1 -c 8 --ec 4+2")?;
//! assert_eq!(spec.mirrors[0].len(), 2);
//!
//! let options = "-E -1 -c 4 --ec 4+5";
//! let error = Spec::parse(options).unwrap_err();
//! assert_eq!(&options[error.range.clone()], "4+5");
//! # Ok::<(), lustrine::layout::spec::SpecError>(())
//! ```

mod error;
mod number;
mod options;
mod request;
mod words;

use alloc::vec::Vec;

use super::model::{EOF, Extent, PoolName};

pub use error::{SpecError, SpecFault};

/// What an option string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Data mirrors, each a list of components. A plain request is one component.
    pub mirrors: Vec<Vec<ComponentSpec>>,
    /// Asks for a composite layout; else for a plain one.
    pub composite: bool,
}

/// One component asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSpec {
    /// The file bytes it covers.
    pub extent: Extent,
    /// Bytes of a stripe unit; 0 = the file system's default.
    pub stripe_size: u32,
    /// How many stripes.
    pub stripe_count: StripeCount,
    /// An OST may hold several stripes.
    pub overstriping: bool,
    /// OST of the first stripe; `None` = any.
    pub index: Option<u32>,
    /// The OSTs, one for each stripe; empty = any.
    pub osts: Vec<u32>,
    /// Pool; empty = none asked for.
    pub pool: PoolName,
    /// Its erasure code.
    pub ec: Option<EcSpec>,
}

/// How many stripes a component asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StripeCount {
    /// The file system's default.
    Default,
    /// This many.
    Exact(u16),
    /// This many on every OST; 1 is `-c -1`.
    PerOst(u16),
}

/// An erasure code asked for, the data count already reduced to the component's stripes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EcSpec {
    /// Data stripes per RAID set (k).
    pub data: u8,
    /// Parity stripes per RAID set (p).
    pub parity: u8,
}

impl Spec {
    /// Reads the options of `lfs setstripe` from a string of words as a shell splits them.
    /// Without options the spec asks for the file system's defaults.
    ///
    /// # Errors
    /// [`SpecError`] with the bytes of the word at fault; options are judged from left to right.
    pub fn parse(string: &str) -> Result<Spec, SpecError> {
        options::parse(string)
    }
}

impl Default for ComponentSpec {
    /// A component over the whole file with the file system's defaults.
    fn default() -> Self {
        ComponentSpec {
            extent: Extent { start: 0, end: EOF },
            stripe_size: 0,
            stripe_count: StripeCount::Default,
            overstriping: false,
            index: None,
            osts: Vec::new(),
            pool: PoolName::default(),
            ec: None,
        }
    }
}
