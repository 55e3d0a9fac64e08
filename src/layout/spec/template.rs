//! Layouts as templates for others: of a file (`--copy`), or of its text (`--yaml`).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{ComponentKind, ComponentSpec, Spec, StripeCount};
use crate::layout::model::{ComponentFlags, Layout, Pattern, PoolName, StripingKind};
use crate::layout::view::ComponentView;

/// Flags of a template's component that a new one takes over.
pub(super) const FLAGS: u32 = ComponentFlags::PREF_RD
    | ComponentFlags::PREF_WR
    | ComponentFlags::NOSYNC
    | ComponentFlags::NOCOMPR;
/// Stripe counts from here on are -32 to -1.
const WIDE: u16 = 0xffe0;

/// Why a layout cannot be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyFault {
    /// It has parity: an MDT refuses such copies.
    Parity,
    /// A component's data is not in Lustre objects, or nobody knows where.
    NotStriped {
        /// The component, from 0.
        component: usize,
    },
}

impl fmt::Display for CopyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CopyFault::Parity => f.write_str(
                "a layout with parity cannot be copied (an MDT answers: Invalid argument); ask \
                 for it with --ec",
            ),
            CopyFault::NotStriped { component } => {
                write!(f, "component {component} is foreign or of an unknown kind")
            }
        }
    }
}

impl core::error::Error for CopyFault {}

/// A refused template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub fault: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

impl core::error::Error for TemplateError {}

/// The spec that asks for a layout like this.
pub(super) fn copy_of(layout: &Layout) -> Result<Spec, CopyFault> {
    if let Layout::Foreign(foreign) = layout {
        return Ok(Spec { mirrors: Vec::new(), composite: false, foreign: Some(foreign.clone()) });
    }
    let mirrors = layout
        .mirrors()
        .map(|mirror| mirror.components.filter_map(|i| layout.component(i)).map(copy).collect())
        .collect::<Result<_, _>>()?;
    Ok(Spec { mirrors, composite: matches!(layout, Layout::Composite(_)), foreign: None })
}

fn copy(view: ComponentView<'_>) -> Result<ComponentSpec, CopyFault> {
    if view.is_parity() || view.parity > 0 && view.link_id != 0 {
        return Err(CopyFault::Parity);
    }
    let component = view.index;
    let striping = view.striping.filter(|striping| striping.pattern.is_known());
    let striping = striping.ok_or(CopyFault::NotStriped { component })?;
    let mut pool = PoolName::default();
    if striping.kind != StripingKind::V1 {
        let name = striping.pool.name();
        pool.0[..name.len()].copy_from_slice(name);
    }
    let kind = match view.flags.has(ComponentFlags::EXTENSION) {
        true => ComponentKind::Extension { kib: striping.stripe_size },
        false if view.is_dom() => ComponentKind::Mdt,
        false => ComponentKind::Striped,
    };
    let size =
        if matches!(kind, ComponentKind::Extension { .. }) { 0 } else { striping.stripe_size };
    Ok(ComponentSpec {
        extent: view.extent,
        kind,
        flags: ComponentFlags(view.flags.0 & FLAGS),
        stripe_size: size,
        stripe_count: match striping.stripe_count {
            _ if view.is_dom() => StripeCount::Default,
            count => stripe_count(count),
        },
        overstriping: striping.pattern.has(Pattern::OVERSTRIPING),
        pool,
        ..ComponentSpec::default()
    })
}

/// A stripe count as it is stored.
pub(super) const fn stripe_count(stored: u16) -> StripeCount {
    match stored {
        0 => StripeCount::Default,
        WIDE.. => StripeCount::PerOst(stored.wrapping_neg()),
        count => StripeCount::Exact(count),
    }
}
