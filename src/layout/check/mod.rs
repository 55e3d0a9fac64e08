//! Everything that is wrong with a layout, found in one go: an `lfsck` for layouts.
//!
//! [`parse`](super::xattr::parse) stops at the first fault; [`check`] goes on, and looks at what no
//! reader asks for: whether the links of EC pairs hold both ways, extents, stripe sizes and parity
//! counts agree, and each RAID set has its members on OSTs of their own.
//!
//! ```
//! use lustrine::layout::check::{Severity, check};
//! use lustrine::layout::spec::Spec;
//! use lustrine::layout::xattr::emit;
//! let mut ea = emit(&Spec::parse("-E 4M -c 1 -E -1 -c 4")?.request());
//! assert!(check(&ea).findings.is_empty());
//!
//! ea[40..42].copy_from_slice(&[1, 2]); // the start of component 0
//! let report = check(&ea);
//! assert_eq!(report.worst(), Some(Severity::Refused));
//! let first = report.findings[0].to_string();
//! assert!(first.starts_with("at byte 40: component 0: "), "{first}");
//! # Ok::<(), lustrine::layout::spec::SpecError>(())
//! ```

mod flaw;
mod pairs;
mod rules;

use alloc::vec::Vec;
use core::fmt;

pub use flaw::Flaw;

use super::xattr::{self, Endian};
use super::{Fault, Layout, LayoutError};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Lustre takes it, but does not write it so, or it protects less than it promises.
    Odd,
    /// A component or object cannot be used, or parity cannot protect; the rest of the file can.
    Unusable,
    /// Lustre refuses the whole layout.
    Refused,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Severity::Odd => "odd",
            Severity::Unusable => "unusable",
            Severity::Refused => "refused",
        })
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The form is wrong: [`parse`](super::xattr::parse) refuses it too.
    Fault(Fault),
    /// The form is right.
    Flaw(Flaw),
}

/// Something wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Byte offset in the EA of the field at fault.
    pub offset: usize,
    /// The component that it belongs to, from 0; `None` for the header and a plain layout.
    pub component: Option<u16>,
    /// What it is.
    pub what: What,
}

impl Finding {
    /// How bad it is.
    pub const fn severity(&self) -> Severity {
        match self.what {
            What::Fault(_) => Severity::Refused,
            What::Flaw(flaw) => flaw.severity(),
        }
    }

    /// The stable number of the fault or flaw: negative, never reused.
    pub const fn code(&self) -> i32 {
        match self.what {
            What::Fault(fault) => fault.code(),
            What::Flaw(flaw) => flaw.code(),
        }
    }

    /// The error number that Lustre answers with where it notices.
    pub const fn errno(&self) -> Option<i32> {
        match self.what {
            What::Fault(fault) => Some(fault.errno()),
            What::Flaw(flaw) => flaw.errno(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: ", self.offset)?;
        if let Some(component) = self.component {
            write!(f, "component {component}: ")?;
        }
        match &self.what {
            What::Fault(fault) => fault.fmt(f),
            What::Flaw(flaw) => flaw.fmt(f),
        }
    }
}

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What could be made of the bytes; `None` if they do not even start as a layout. With faults
    /// in it, it is good for looking at, not for writing back.
    pub layout: Option<Layout>,
    /// The byte order, if there is a layout.
    pub endian: Option<Endian>,
    /// Everything that is wrong: form first, then by component.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst severity; `None` if nothing is wrong.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(Finding::severity).max()
    }
}

/// Looks for everything that is wrong with an EA, in either byte order.
///
/// Takes memory linear in `ea`'s length, and time for one sort of the objects.
pub fn check(ea: &[u8]) -> Report {
    let mut faults = Vec::new();
    let parsed = xattr::parse_with(ea, &mut |fault| {
        faults.push(fault);
        Ok(())
    });
    let (layout, endian, places) = match parsed {
        Ok(parsed) => (Some(parsed.layout), Some(parsed.endian), parsed.places),
        Err(fault) => {
            faults.push(fault);
            (None, None, Vec::new())
        }
    };
    let mut findings: Vec<Finding> = faults
        .into_iter()
        .map(|LayoutError { offset, fault }| {
            let inside = layout.as_ref().filter(|_| !matches!(fault, Fault::Behind { .. }));
            let component = inside.and_then(|layout| component_at(layout, &places, offset));
            Finding { offset, component, what: What::Fault(fault) }
        })
        .collect();
    if let Some(layout) = &layout {
        look(layout, &places, &mut findings);
        // A sub-layout that should be where there are no bytes.
        findings.iter_mut().for_each(|finding| finding.offset = finding.offset.min(ea.len()));
    }
    Report { layout, endian, findings }
}

/// As [`check`], of a layout that has the right form: the flaws that it would have as an EA.
pub fn check_layout(layout: &Layout) -> Vec<Finding> {
    let places = match layout {
        Layout::Composite(composite) => composite.places().map(|(place, _)| place).collect(),
        _ => Vec::new(),
    };
    let mut findings = Vec::new();
    look(layout, &places, &mut findings);
    findings
}

/// Adds the flaws of a layout to the findings, in the order of components.
fn look(layout: &Layout, places: &[usize], findings: &mut Vec<Finding>) {
    let mut look = Look { layout, places, findings };
    let first = look.findings.len();
    look.rules();
    look.pairs();
    look.objects();
    look.findings[first..].sort_by_key(|finding| finding.component);
}

/// The component whose entry or sub-layout holds a byte.
fn component_at(layout: &Layout, places: &[usize], offset: usize) -> Option<u16> {
    let entries = xattr::entry_at(places.len());
    if !matches!(layout, Layout::Composite(_)) || offset < xattr::entry_at(0) {
        return None;
    }
    let index = if offset < entries {
        (0..places.len()).rev().find(|&index| xattr::entry_at(index) <= offset)
    } else {
        (0..places.len()).rev().filter(|&i| places[i] <= offset).max_by_key(|&i| places[i])
    };
    index.and_then(|index| u16::try_from(index).ok())
}

/// A look at a layout: the rules are spread over the files of this module.
struct Look<'a> {
    layout: &'a Layout,
    places: &'a [usize],
    findings: &'a mut Vec<Finding>,
}

/// A field of an entry or of its sub-layout: byte offset in there.
#[derive(Clone, Copy)]
enum Field {
    Entry(usize),
    Body(usize),
}

impl Field {
    const ID: Field = Field::Entry(0);
    const FLAGS: Field = Field::Entry(4);
    const START: Field = Field::Entry(8);
    const END: Field = Field::Entry(16);
    const LINK: Field = Field::Entry(42);
    const CODE: Field = Field::Entry(44);
    const MAGIC: Field = Field::Body(0);
    const PATTERN: Field = Field::Body(4);
    const SIZE: Field = Field::Body(24);
    const COUNT: Field = Field::Body(28);
}

impl Look<'_> {
    /// A flaw of a component.
    fn add(&mut self, component: usize, field: Field, flaw: Flaw) {
        let composite = matches!(self.layout, Layout::Composite(_));
        let offset = match field {
            Field::Entry(at) if composite => xattr::entry_at(component) + at,
            Field::Entry(_) => 0,
            Field::Body(at) => self.places.get(component).map_or(0, |place| *place) + at,
        };
        let component = u16::try_from(component).ok().filter(|_| composite);
        self.findings.push(Finding { offset, component, what: What::Flaw(flaw) });
    }

    /// A flaw of the header.
    fn header(&mut self, offset: usize, flaw: Flaw) {
        self.findings.push(Finding { offset, component: None, what: What::Flaw(flaw) });
    }
}
