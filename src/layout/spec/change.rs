//! A whole string of options: a new layout, or a change of a file's.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};
use super::flags::FlagChange;
use super::options::{self, Opt};
use super::state::State;
use super::words::split;
use super::{ComponentSpec, Spec};

/// What `lfs setstripe` does to a file that has a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `--comp-add`: new components behind the last one.
    Add(Vec<ComponentSpec>),
    /// `--comp-del`: removes components.
    Remove(Select),
    /// `--comp-set`: sets and clears flags.
    Flags(Select, FlagChange),
}

/// Which components a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// The one with this id.
    Id(u32),
    /// All that have these flags set and those clear.
    Flags(FlagChange),
}

impl Change {
    /// Reads options with `--comp-add`, `--comp-del` or `--comp-set`, for a file whose last
    /// component ends at `end` ([`EOF`](crate::layout::EOF) takes no more).
    ///
    /// # Errors
    /// [`SpecError`] with the bytes of the word at fault.
    pub fn parse(string: &str, end: u64) -> Result<Change, SpecError> {
        let whole = || 0..string.len();
        let mut state = read(string, State::new(end, true))?;
        let Some((change, at)) = state.change.take() else {
            return Err(SpecFault::NotAChange.at(whole()));
        };
        if let Some(at) = state.ec_at {
            return Err(SpecFault::EcWithChange.at(at));
        }
        if change == Opt::Add {
            if let Some((_, at)) = state.id {
                let (option, change) = ("-I".to_owned(), "--component-add");
                return Err(SpecFault::NotWithChange { option, change }.at(at));
            }
            if state.repeat.is_some() {
                return Err(SpecFault::Unsupported("-N".to_owned()).at(whole()));
            }
            if state.mirror.is_empty() && state.end.is_none() {
                return Err(SpecFault::AddWithoutEnd.at(at));
            }
            let mut spec = state.finish(whole())?;
            return match spec.mirrors.pop() {
                Some(components) => Ok(Change::Add(components)),
                None => Err(SpecFault::AddWithoutEnd.at(at)),
            };
        }
        if let Some((option, at)) = state.layout {
            let delete = change == Opt::Delete;
            let change = if delete { "--component-del" } else { "--component-set" };
            return Err(SpecFault::NotWithChange { option, change }.at(at));
        }
        if let (Opt::Delete, Some(_), Some(at)) = (change, &state.id, state.flags_at) {
            return Err(SpecFault::IdAndFlags.at(at));
        }
        let flags = state.flag_change.map(|(flags, _)| flags);
        match (change, state.id, flags) {
            (Opt::Delete, Some((id, _)), _) => Ok(Change::Remove(Select::Id(id))),
            (Opt::Delete, None, Some(flags)) => Ok(Change::Remove(Select::Flags(flags))),
            (Opt::Set, Some((id, _)), Some(flags)) => Ok(Change::Flags(Select::Id(id), flags)),
            (Opt::Set, Some(_), None) => Err(SpecFault::NoFlags.at(at)),
            _ => Err(SpecFault::NoComponent.at(at)),
        }
    }
}

/// A string that asks for a new layout.
pub(super) fn spec(string: &str, composite: bool) -> Result<Spec, SpecError> {
    let state = read(string, State::new(0, composite))?;
    let named = |at: Range<usize>| string.get(at).unwrap_or_default().to_owned();
    if let Some((_, at)) = state.change {
        return Err(match state.ec_at {
            Some(ec) => SpecFault::EcWithChange.at(ec),
            None => SpecFault::NeedsFile(named(at.clone())).at(at),
        });
    }
    if let Some((_, at)) = state.id {
        return Err(SpecFault::NeedsFile("-I".to_owned()).at(at));
    }
    state.finish(0..string.len())
}

fn read(string: &str, mut state: State) -> Result<State, SpecError> {
    let words = split(string)?;
    let mut words = words.iter().peekable();
    while let Some(given) = options::next(&mut words) {
        state.option(&given?)?;
    }
    Ok(state)
}
