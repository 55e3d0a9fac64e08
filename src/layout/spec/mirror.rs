//! Mirrors as they end, and the whole: codes, extension space, and the checks of liblustreapi.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};
use super::number::signed;
use super::options::Given;
use super::state::{Placed, State};
use super::{ComponentKind, ComponentSpec, EcSpec, Spec, StripeCount};
use crate::layout::model::{ComponentFlags, EOF, Extent};
use crate::layout::raid::RaidSets;

/// Most mirrors that an MDT takes unless it is told otherwise, parity included.
const MAX_MIRRORS: usize = 16;
/// Most mirrors that one `-N` can ask for.
const MAX_REPEAT: i64 = 256;

impl State {
    pub(super) fn begin_mirror(&mut self, given: &Given<'_>) -> Result<(), SpecError> {
        let count = given.argument;
        if let Some(total) = count.strip_prefix('=') {
            // `-N=n` sets a total for `lfs mirror extend`.
            let name = alloc::format!("-N={total}");
            return Err(SpecFault::Unsupported(name).at(given.place.clone()));
        }
        let repeat = signed(count)
            .filter(|repeat| (1..=MAX_REPEAT).contains(repeat))
            .ok_or_else(|| SpecFault::MirrorCount(count.to_owned()).at(given.at.clone()))?;
        if self.repeat.is_some() {
            self.close_mirror(given.place.clone())?;
        }
        self.composite = true;
        self.repeat = Some(repeat as usize);
        self.mirror_flags = 0;
        Ok(())
    }

    fn close_mirror(&mut self, at: Range<usize>) -> Result<(), SpecError> {
        match self.end.take() {
            Some((end, at)) => self.take_component(end, at)?,
            None if self.mirror.is_empty() => {
                if let Some(at) = self.dom_at() {
                    return Err(SpecFault::DomWithoutEnd.at(at));
                }
                // A mirror without -E covers the whole file.
                self.take_component(EOF, at.clone())?;
            }
            None => {}
        }
        // Mirrors are numbered from 1, and the parity mirror of each takes a number too.
        let mirror =
            self.done.iter().map(|mirror| 1 + u32::from(has_code(mirror))).sum::<u32>() + 1;
        self.apply_codes(mirror)?;
        self.grow_first()?;
        check_mirror(&self.mirror)?;
        let mut components: Vec<ComponentSpec> =
            core::mem::take(&mut self.mirror).into_iter().map(|(component, _)| component).collect();
        for component in &mut components {
            let space = matches!(component.kind, ComponentKind::Extension { .. });
            if component.flags.0 == 0 && component.ec.is_none() && !space {
                component.flags = ComponentFlags(self.mirror_flags);
            }
        }
        for _ in 0..self.repeat.unwrap_or(1) {
            self.done.push(components.clone());
            let mirrors = self.done.iter().map(|mirror| 1 + usize::from(has_code(mirror))).sum();
            if mirrors > MAX_MIRRORS {
                return Err(SpecFault::TooManyMirrors { mirrors }.at(at));
            }
        }
        Ok(())
    }

    /// Gives each component of the mirror its code. As in `lfs`, components are counted from the
    /// first one that has an `--ec`, so that codes shift towards the start if earlier ones have
    /// none.
    fn apply_codes(&mut self, mirror: u32) -> Result<(), SpecError> {
        let codes = core::mem::take(&mut self.codes);
        let Some(&(shift, _)) = codes.first() else { return Ok(()) };
        for (index, (component, _)) in self.mirror.iter_mut().enumerate() {
            let code = codes.iter().rev().find(|(of, _)| of - shift <= index);
            let Some((_, (code, at))) = code else { continue };
            if component.kind == ComponentKind::Mdt {
                return Err(SpecFault::EcOnMdt.at(at.clone()));
            }
            let Extent { start, end } = component.extent;
            let (mut data, parity) = (u32::from(code.data), u32::from(code.parity));
            let mut fits = true;
            match component.stripe_count {
                StripeCount::Default | StripeCount::PerOst(1) => {
                    component.stripe_count = StripeCount::Exact(u16::from(code.data));
                }
                StripeCount::Exact(count) => {
                    let count = u32::from(count);
                    data = data.min(count);
                    fits = RaidSets::split(count, data).count() * parity <= count;
                }
                // As `lfs`: there is no count yet that the code could be held against.
                StripeCount::PerOst(_) => fits = false,
            }
            if !fits || parity > 15 || start == end {
                let fault = SpecFault::EcComponent { start, end, mirror, data, parity };
                return Err(fault.at(at.clone()));
            }
            component.ec = Some(EcSpec { data: data as u8, parity: code.parity });
        }
        match self.mirror.last() {
            Some((last, at)) if last.extent.end != EOF => {
                Err(SpecFault::EcNotEof { end: last.extent.end }.at(at.clone()))
            }
            _ => Ok(()),
        }
    }

    /// The first component of a mirror starts with one step of its extension space.
    fn grow_first(&mut self) -> Result<(), SpecError> {
        let [(first, _), (space, at), ..] = self.mirror.as_mut_slice() else { return Ok(()) };
        let ComponentKind::Extension { kib } = space.kind else { return Ok(()) };
        if self.start != 0 {
            return Ok(());
        }
        let step = u64::from(kib) * 1024;
        if step > space.extent.end {
            return Err(SpecFault::ExtensionExtent.at(at.clone()));
        }
        (first.extent.end, space.extent.start) = (step, step);
        Ok(())
    }

    pub(super) fn finish(self, whole: Range<usize>) -> Result<Spec, SpecError> {
        let spec = self.complete(whole.clone())?;
        match spec.oversize() {
            Some(bytes) => Err(SpecFault::TooLarge { bytes }.at(whole)),
            None => Ok(spec),
        }
    }

    fn complete(mut self, whole: Range<usize>) -> Result<Spec, SpecError> {
        if let Some(foreign) = self.foreign.finish(self.striped)? {
            return Ok(Spec { mirrors: Vec::new(), composite: false, foreign: Some(foreign) });
        }
        self.close_mirror(whole.clone())?;
        let flagged = self.done.iter().flatten().any(|component| component.flags.0 != 0);
        if flagged && !self.composite {
            return Err(SpecFault::FlagsOfPlain.at(whole));
        }
        if let Some((expected, got)) = dom_sizes(&self.done) {
            return Err(SpecFault::DomSizes { expected, got }.at(whole));
        }
        let complete = |mirror: &Vec<ComponentSpec>| {
            mirror.last().is_some_and(|component| component.extent.end == EOF)
        };
        if self.done.len() > 1 && !self.done.iter().all(complete) {
            return Err(SpecFault::IncompleteMirror.at(whole));
        }
        Ok(Spec { mirrors: self.done, composite: self.composite, foreign: None })
    }
}

pub(super) fn has_code(mirror: &[ComponentSpec]) -> bool {
    mirror.iter().any(|component| component.ec.is_some())
}

/// Two sizes of data on the MDT, of which clients want one in all mirrors.
pub(super) fn dom_sizes(mirrors: &[Vec<ComponentSpec>]) -> Option<(u64, u64)> {
    let dom = mirrors.iter().flatten().filter(|one| one.kind == ComponentKind::Mdt);
    let mut sizes = dom.map(|one| one.extent.end);
    let expected = sizes.next()?;
    sizes.find(|got| *got != expected).map(|got| (expected, got))
}

/// The checks that liblustreapi makes on the whole layout.
fn check_mirror(components: &[Placed<ComponentSpec>]) -> Result<(), SpecError> {
    for (index, (component, at)) in components.iter().enumerate() {
        let Extent { start, end } = component.extent;
        let follows = |(next, _): &Placed<ComponentSpec>| {
            matches!(next.kind, ComponentKind::Extension { .. })
        };
        let grows = components.get(index + 1).is_some_and(follows);
        if start == end && !grows {
            return Err(SpecFault::ZeroLength.at(at.clone()));
        }
        let (size, step) = match (component.kind, index.checked_sub(1)) {
            (ComponentKind::Extension { kib }, Some(before)) => {
                (u64::from(components[before].0.stripe_size), u64::from(kib) * 1024)
            }
            _ => (u64::from(component.stripe_size), 0),
        };
        if size != 0 && end != EOF && start != end && !end.is_multiple_of(size) {
            return Err(SpecFault::EndAlign.at(at.clone()));
        }
        if size != 0 && !step.is_multiple_of(size) {
            return Err(SpecFault::ExtensionAlign.at(at.clone()));
        }
    }
    Ok(())
}
