//! `--foreign`: a layout that only says where the data is.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};
use super::number::strtoul;
use super::options::{Given, Opt};
use super::state::Placed;
use crate::layout::model::Foreign;

const TYPES: [(&str, u32); 6] =
    [("none", 0), ("posix", 1), ("pccrw", 2), ("pccro", 3), ("S3", 4), ("symlink", 0xda05)];

/// What was said of a foreign layout.
#[derive(Default)]
pub(super) struct ForeignOptions {
    kind: Option<Placed<u32>>,
    value: Option<Placed<Vec<u8>>>,
    flags: Option<Placed<u32>>,
    mode: Option<Range<usize>>,
}

impl ForeignOptions {
    pub(super) fn option(&mut self, given: &Given<'_>) -> Result<(), SpecError> {
        let (text, at) = (given.argument, given.at.clone());
        match given.option {
            Opt::Foreign => {
                let kind = kind(text)
                    .ok_or_else(|| SpecFault::ForeignType(text.to_owned()).at(at.clone()))?;
                self.kind = Some((kind, at));
            }
            Opt::Xattr => self.value = Some((text.as_bytes().to_vec(), at)),
            Opt::MirrorFlags => {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                let hex = digits.chars().all(|c| c.is_ascii_hexdigit());
                let flags = u32::from_str_radix(digits, 16).ok().filter(|_| hex);
                let flags =
                    flags.ok_or_else(|| SpecFault::ForeignFlags(text.to_owned()).at(at.clone()))?;
                self.flags = Some((flags, at));
            }
            _ => self.mode = Some(given.place.clone()),
        }
        Ok(())
    }

    /// The foreign layout, if one was asked for. `striped`: there were other options.
    pub(super) fn finish(&mut self, striped: bool) -> Result<Option<Foreign>, SpecError> {
        let alone = [
            self.value.as_ref().map(|(_, at)| at),
            self.flags.as_ref().map(|(_, at)| at),
            self.mode.as_ref(),
        ];
        let Some((kind, at)) = self.kind.take() else {
            return match alone.into_iter().flatten().next() {
                Some(at) => Err(SpecFault::WithoutForeign.at(at.clone())),
                None => Ok(None),
            };
        };
        if striped {
            return Err(SpecFault::ForeignStriped.at(at));
        }
        let (value, _) = self.value.take().ok_or_else(|| SpecFault::ForeignValue.at(at))?;
        let flags = self.flags.take().map_or(0, |(flags, _)| flags);
        Ok(Some(Foreign { kind, flags, value, trailing: Vec::new() }))
    }
}

/// A type by its name or number; none given is `none`.
fn kind(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    if let Some((_, kind)) = TYPES.iter().find(|(name, _)| *name == text) {
        return Some(*kind);
    }
    let (kind, _) = strtoul(text).filter(|(_, rest)| rest.is_empty())?;
    u32::try_from(kind).ok()
}

/// A type's name.
pub(super) fn name(kind: u32) -> Option<&'static str> {
    TYPES.iter().find(|(_, known)| *known == kind).map(|(name, _)| *name)
}
