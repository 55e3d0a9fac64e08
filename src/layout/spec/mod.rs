//! The options of `lfs setstripe`: a string into a [`Spec`], and a spec into the layout that `lfs`
//! would ask the MDT for ([`Spec::request`]).
//!
//! [`Spec::parse`] takes what makes a layout: components, mirrors, parity, data on the MDT,
//! self-extending components, foreign layouts. What `lfs` itself refuses is refused in its words,
//! apart from what only a file system knows. [`Change::parse`] takes what changes the layout of a
//! file (`--comp-add`, `--comp-del`, `--comp-set`), [`Spec::parse_yaml`] the templates of
//! `--yaml`. A spec prints as the shortest options that ask for it.
//!
//! ```
//! use lustrine::layout::spec::Spec;
//! let spec = Spec::parse("-E 64M -c 4 --ec 2+1 -E -1 -c 8 --ec 4+2")?;
//! assert_eq!(spec.mirrors[0].len(), 2);
//!
//! let options = "-E -1 -c 4 --ec 4+5";
//! let error = Spec::parse(options).unwrap_err();
//! assert_eq!(&options[error.range.clone()], "4+5");
//!
//! let long = "--component-end=65536K -S 4194304 -c 1 -E EOF -S 4M -c 1";
//! assert_eq!(Spec::parse(long)?.to_string(), "-E 64M -S 4M -c 1 -E -1");
//! # Ok::<(), lustrine::layout::spec::SpecError>(())
//! ```

mod change;
mod display;
mod error;
mod flags;
mod foreign;
mod mirror;
mod number;
mod options;
mod request;
mod state;
mod template;
mod words;
mod yaml;

use alloc::vec::Vec;

use super::model::{ComponentFlags, Extent, Foreign, PoolName};

pub use change::{Change, Select};
pub use error::{SpecError, SpecFault};
pub use flags::FlagChange;
pub use template::{CopyFault, TemplateError};

/// What an option string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Data mirrors, each a list of components. A plain request is one component; a foreign
    /// layout has none.
    pub mirrors: Vec<Vec<ComponentSpec>>,
    /// Asks for a composite layout; else for a plain one.
    pub composite: bool,
    /// The value of a foreign layout.
    pub foreign: Option<Foreign>,
}

/// One component asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentSpec {
    /// The file bytes it covers.
    pub extent: Extent,
    /// What stores it.
    pub kind: ComponentKind,
    /// `lcme_flags` that were asked for.
    pub flags: ComponentFlags,
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

/// What stores a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ComponentKind {
    /// Stripes on OSTs.
    #[default]
    Striped,
    /// The MDT.
    Mdt,
    /// Nothing: space that the component before it can grow into.
    Extension {
        /// By so many KiB at a time.
        kib: u32,
    },
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
        change::spec(string, false)
    }

    /// As [`parse`](Self::parse), of the options of `lfs mirror create`, where the layout is
    /// composite without any `-N` or `-E` too.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_mirrors(string: &str) -> Result<Spec, SpecError> {
        change::spec(string, true)
    }

    /// Reads a template of `lfs setstripe --yaml`: what `lfs getstripe --yaml` prints, or as much
    /// of it as says what is wanted. Objects that are listed ask for their OSTs, a stripe offset asks
    /// for the first stripe's.
    ///
    /// # Errors
    /// [`TemplateError`] with the line at fault.
    pub fn parse_yaml(text: &str) -> Result<Spec, TemplateError> {
        yaml::parse(text)
    }

    /// The spec that `lfs setstripe --copy` takes from a layout: the same components and mirrors,
    /// on OSTs of the file system's choice.
    ///
    /// # Errors
    /// [`CopyFault`] if no request makes such a layout.
    pub fn copy_of(layout: &super::Layout) -> Result<Spec, CopyFault> {
        template::copy_of(layout)
    }
}

impl Default for ComponentSpec {
    /// A component over the whole file with the file system's defaults.
    fn default() -> Self {
        ComponentSpec {
            extent: Extent::WHOLE,
            kind: ComponentKind::Striped,
            flags: ComponentFlags(0),
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
