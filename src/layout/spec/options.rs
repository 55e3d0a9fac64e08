//! The grammar: options from left to right, components and mirrors closed as they end.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};
use super::number::{aligned_size, signed, strtoul};
use super::words::{Word, split};
use super::{ComponentSpec, EcSpec, Spec, StripeCount};
use crate::layout::model::{EOF, Extent, PoolName};
use crate::layout::raid::RaidSets;
use crate::layout::view::MAX_OST;

/// Most stripes that a component can ask for.
const MAX_STRIPES: i64 = 2000;
/// Most stripes per OST with overstriping.
const MAX_PER_OST: i64 = 32;
/// Most mirrors that an MDT takes unless it is told otherwise, parity included.
const MAX_MIRRORS: usize = 16;
/// Most mirrors that one `-N` can ask for.
const MAX_REPEAT: i64 = 256;

/// An option that we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opt {
    End,
    Size,
    Count,
    Overstripe,
    Index,
    Osts,
    Pool,
    Mirrors,
    Ec,
    EcExpert,
    /// An option of `lfs setstripe` without support here.
    Unsupported,
}

fn short_option(letter: char) -> Option<Opt> {
    Some(match letter {
        'E' => Opt::End,
        'S' => Opt::Size,
        'c' => Opt::Count,
        'C' => Opt::Overstripe,
        'i' => Opt::Index,
        'o' => Opt::Osts,
        'p' => Opt::Pool,
        'N' => Opt::Mirrors,
        '0' | 'A' | 'b' | 'd' | 'D' | 'f' | 'F' | 'h' | 'H' | 'I' | 'K' | 'm' | 'M' | 'n' | 'L'
        | 's' | 'v' | 'x' | 'X' | 'W' | 'y' | 'z' => Opt::Unsupported,
        _ => return None,
    })
}

fn long_option(name: &str) -> Option<Opt> {
    Some(match name {
        "component-end" | "comp-end" => Opt::End,
        "stripe-size" => Opt::Size,
        "stripe-count" => Opt::Count,
        "overstripe-count" => Opt::Overstripe,
        "stripe-index" => Opt::Index,
        "ost" | "ost-list" => Opt::Osts,
        "pool" => Opt::Pool,
        "mirror-count" => Opt::Mirrors,
        "ec" | "ec-stripe-count" => Opt::Ec,
        "ec-expert" => Opt::EcExpert,
        "layout" | "extension-size" | "ext-size" | "flags" | "comp-flags" | "component-flags"
        | "yaml" | "copy" | "comp-id" | "component-id" | "delete" | "xattr" | "foreign"
        | "comp-add" | "component-add" | "comp-del" | "component-del" | "comp-set"
        | "component-set" | "mode" | "help" => Opt::Unsupported,
        _ => return None,
    })
}

pub(super) fn parse(string: &str) -> Result<Spec, SpecError> {
    let words = split(string)?;
    let mut words = words.iter().peekable();
    let mut state = State::default();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        let (option, name, attached) = option_of(word)?;
        let place = word.range.clone();
        if option == Opt::Unsupported {
            return Err(SpecFault::Unsupported(name.to_owned()).at(place));
        }
        if option == Opt::Mirrors {
            // The count is optional: attached, or a next word that starts with a digit.
            let digit = |next: &&Word| next.text.starts_with(|c: char| c.is_ascii_digit());
            let (count, at) = match attached {
                Some(count) => (count, place.clone()),
                None if text == "-N" => match words.next_if(digit) {
                    Some(next) => (next.text.as_str(), next.range.clone()),
                    None => ("1", place.clone()),
                },
                None => ("1", place.clone()),
            };
            state.begin_mirror(count, place, at)?;
            continue;
        }
        let (argument, at) = match attached {
            Some(argument) => (argument, place.clone()),
            None => match words.next() {
                Some(next) => (next.text.as_str(), next.range.clone()),
                None => return Err(SpecFault::NoArgument(name.to_owned()).at(place)),
            },
        };
        state.option(option, argument, at, place)?;
    }
    state.finish(0..string.len())
}

/// The option of a word, its name as given, and the argument that stands in the same word.
fn option_of(word: &Word) -> Result<(Opt, &str, Option<&str>), SpecError> {
    let text = word.text.as_str();
    let unknown = |name: &str| SpecFault::UnknownOption(name.to_owned()).at(word.range.clone());
    if let Some(long) = text.strip_prefix("--") {
        let (name, attached) = match long.split_once('=') {
            Some((name, argument)) => (name, Some(argument)),
            None => (long, None),
        };
        let option = long_option(name).ok_or_else(|| unknown(text))?;
        return Ok((option, &text[..2 + name.len()], attached));
    }
    let stray = || SpecFault::Stray(text.to_owned()).at(word.range.clone());
    let letter = text.strip_prefix('-').and_then(|rest| rest.chars().next()).ok_or_else(stray)?;
    let (name, rest) = text.split_at(1 + letter.len_utf8());
    let option = short_option(letter).ok_or_else(|| unknown(name))?;
    Ok((option, name, (!rest.is_empty()).then_some(rest)))
}

/// A value and the bytes of the string that gave it.
type Placed<T> = (T, Range<usize>);

/// What has been read so far.
#[derive(Default)]
struct State {
    done: Vec<Vec<ComponentSpec>>,
    composite: bool,
    /// Mirrors that the present one stands for; `None` before the first `-N`.
    repeat: Option<usize>,
    /// Components of the present mirror.
    mirror: Vec<Placed<ComponentSpec>>,
    /// The codes of the present mirror by component; the last option in a component wins.
    codes: Vec<(usize, Placed<EcSpec>)>,
    /// End of the component that is being read, if `-E` gave one.
    end: Option<Placed<u64>>,
    size: Option<Placed<u64>>,
    count: Option<Placed<StripeCount>>,
    /// `-C` was used: from then on `-c` takes counts per OST too.
    wide_counts: bool,
    overstriping: bool,
    index: Option<Placed<u32>>,
    osts: Vec<u32>,
    osts_at: Range<usize>,
    pool: PoolName,
}

impl State {
    fn option(
        &mut self,
        option: Opt,
        text: &str,
        at: Range<usize>,
        place: Range<usize>,
    ) -> Result<(), SpecError> {
        match option {
            Opt::End => {
                let eof = ["-1", "EOF", "eof"].iter().any(|eof| text.starts_with(eof));
                let end = if eof { Some(EOF) } else { aligned_size(text) };
                let end =
                    end.ok_or_else(|| SpecFault::ComponentEnd(text.to_owned()).at(at.clone()))?;
                self.close_component()?;
                self.composite |= end != 0;
                // 0 is as if it were not given.
                self.end = (end != 0).then_some((end, place.start..at.end));
            }
            Opt::Size => {
                let size = aligned_size(text)
                    .ok_or_else(|| SpecFault::StripeSize(text.to_owned()).at(at.clone()))?;
                if size > u64::from(u32::MAX) {
                    return Err(SpecFault::StripeSizeLimit(size).at(at));
                }
                self.size = Some((size, at));
            }
            Opt::Count | Opt::Overstripe => {
                self.wide_counts |= option == Opt::Overstripe;
                self.overstriping |= option == Opt::Overstripe;
                let least = if self.wide_counts { -MAX_PER_OST } else { -1 };
                let count = signed(text)
                    .filter(|count| (least..=MAX_STRIPES).contains(count))
                    .ok_or_else(|| SpecFault::StripeCount(text.to_owned()).at(at.clone()))?;
                let number = count.unsigned_abs() as u16;
                let count = match count {
                    0 => StripeCount::Default,
                    1.. => StripeCount::Exact(number),
                    _ => StripeCount::PerOst(number),
                };
                self.count = Some((count, at));
            }
            Opt::Index => {
                let index = signed(text)
                    .filter(|&index| (-1..=i64::from(MAX_OST)).contains(&index))
                    .ok_or_else(|| SpecFault::StripeIndex(text.to_owned()).at(at.clone()))?;
                self.index = u32::try_from(index).ok().map(|index| (index, at));
            }
            Opt::Osts => {
                self.add_osts(text)
                    .ok_or_else(|| SpecFault::OstList(text.to_owned()).at(at.clone()))?;
                self.osts_at = at;
            }
            Opt::Pool => {
                let name = match text {
                    "inherit" | "none" => "",
                    name => name,
                };
                let mut pool = PoolName::default();
                match pool.0.split_last_mut() {
                    Some((_, room)) if name.len() <= room.len() && !name.contains('\0') => {
                        room[..name.len()].copy_from_slice(name.as_bytes());
                    }
                    _ => return Err(SpecFault::PoolName(text.to_owned()).at(at)),
                }
                self.pool = pool;
            }
            Opt::Ec | Opt::EcExpert => {
                let code =
                    code(text, option == Opt::EcExpert).map_err(|fault| fault.at(at.clone()))?;
                self.composite = true;
                let component = self.mirror.len();
                self.codes.retain(|(of, _)| *of != component);
                self.codes.push((component, (code, place.start..at.end)));
            }
            // Both are dealt with before an argument is read.
            Opt::Mirrors | Opt::Unsupported => {}
        }
        Ok(())
    }

    /// Adds `1,2-4,0x7` to the list of OSTs.
    fn add_osts(&mut self, text: &str) -> Option<()> {
        for token in text.split(',') {
            let (first, rest) = strtoul(token)?;
            let last = match rest.strip_prefix('-') {
                Some(last) => strtoul(last).filter(|(_, rest)| rest.is_empty())?.0,
                None if rest.is_empty() => first,
                None => return None,
            };
            if first > last || last > u64::from(MAX_OST) {
                return None;
            }
            for ost in first as u32..=last as u32 {
                self.overstriping |= self.osts.contains(&ost);
                self.osts.push(ost);
                if self.osts.len() > MAX_STRIPES as usize {
                    return None;
                }
            }
        }
        Some(())
    }

    fn begin_mirror(
        &mut self,
        count: &str,
        place: Range<usize>,
        at: Range<usize>,
    ) -> Result<(), SpecError> {
        if let Some(total) = count.strip_prefix('=') {
            // `-N=n` sets a total for `lfs mirror extend`.
            let name = alloc::format!("-N={total}");
            return Err(SpecFault::Unsupported(name).at(place));
        }
        let repeat = signed(count)
            .filter(|repeat| (1..=MAX_REPEAT).contains(repeat))
            .ok_or_else(|| SpecFault::MirrorCount(count.to_owned()).at(at))?;
        if self.repeat.is_some() {
            self.close_mirror(place)?;
        }
        self.composite = true;
        self.repeat = Some(repeat as usize);
        Ok(())
    }

    /// Takes the component that `-E` began, with the options read so far.
    fn close_component(&mut self) -> Result<(), SpecError> {
        let Some((end, at)) = self.end.take() else { return Ok(()) };
        self.take_component(end, at)
    }

    fn take_component(&mut self, end: u64, at: Range<usize>) -> Result<(), SpecError> {
        let start = self.mirror.last().map_or(0, |(component, _)| component.extent.end);
        if start == EOF {
            return Err(SpecFault::AfterEof.at(at));
        }
        if end < start {
            return Err(SpecFault::Extent { start, end }.at(at));
        }
        if let Some((0, at)) = &self.size
            && self.composite
        {
            return Err(SpecFault::ZeroInComponent("stripe size").at(at.clone()));
        }
        if let Some((StripeCount::Default, at)) = &self.count
            && self.composite
        {
            return Err(SpecFault::ZeroInComponent("stripe count").at(at.clone()));
        }
        let mut stripe_count = self.count.as_ref().map_or(StripeCount::Default, |count| count.0);
        let mut index = self.index.take();
        if let Some(&first) = self.osts.first() {
            let listed = self.osts.len();
            match stripe_count {
                StripeCount::Exact(count) if usize::from(count) != listed => {
                    return Err(SpecFault::ListLength { count, listed }.at(self.osts_at.clone()));
                }
                // At most MAX_STRIPES.
                _ => stripe_count = StripeCount::Exact(listed as u16),
            }
            if let Some((start, at)) = &index
                && !self.osts.contains(start)
            {
                return Err(SpecFault::IndexNotListed(*start).at(at.clone()));
            }
            index = index.or(Some((first, 0..0)));
        }
        let component = ComponentSpec {
            extent: Extent { start, end },
            stripe_size: self.size.as_ref().map_or(0, |size| size.0) as u32,
            stripe_count,
            overstriping: core::mem::take(&mut self.overstriping),
            index: index.map(|(index, _)| index),
            osts: core::mem::take(&mut self.osts),
            pool: self.pool,
            ec: None,
        };
        self.mirror.push((component, at));
        Ok(())
    }

    fn close_mirror(&mut self, at: Range<usize>) -> Result<(), SpecError> {
        match self.end.take() {
            Some((end, at)) => self.take_component(end, at)?,
            // A mirror without -E covers the whole file.
            None if self.mirror.is_empty() => self.take_component(EOF, at.clone())?,
            None => {}
        }
        // Mirrors are numbered from 1, and the parity mirror of each takes a number too.
        let mirror =
            self.done.iter().map(|mirror| 1 + u32::from(has_code(mirror))).sum::<u32>() + 1;
        self.apply_codes(mirror)?;
        let components = core::mem::take(&mut self.mirror);
        check_mirror(&components)?;
        let components: Vec<ComponentSpec> =
            components.into_iter().map(|(component, _)| component).collect();
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
                // How many stripes that gives is known at the allocation.
                StripeCount::PerOst(_) => {}
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

    fn finish(mut self, whole: Range<usize>) -> Result<Spec, SpecError> {
        self.close_mirror(whole.clone())?;
        let complete = |mirror: &Vec<ComponentSpec>| {
            mirror.last().is_some_and(|component| component.extent.end == EOF)
        };
        if self.done.len() > 1 && !self.done.iter().all(complete) {
            return Err(SpecFault::IncompleteMirror.at(whole));
        }
        Ok(Spec { mirrors: self.done, composite: self.composite })
    }
}

fn has_code(mirror: &[ComponentSpec]) -> bool {
    mirror.iter().any(|component| component.ec.is_some())
}

/// The checks that liblustreapi makes on the whole layout.
fn check_mirror(components: &[Placed<ComponentSpec>]) -> Result<(), SpecError> {
    for (component, at) in components {
        let Extent { start, end } = component.extent;
        if start == end {
            return Err(SpecFault::ZeroLength.at(at.clone()));
        }
        let size = u64::from(component.stripe_size);
        if end != EOF && size != 0 && !end.is_multiple_of(size) {
            return Err(SpecFault::EndAlign.at(at.clone()));
        }
    }
    Ok(())
}

/// `K+P` or `K:P`; the checks in the order of `lfs`.
fn code(text: &str, expert: bool) -> Result<EcSpec, SpecFault> {
    let Some((data, parity)) = text.split_once(['+', ':']) else {
        return Err(SpecFault::EcFormat(text.to_owned()));
    };
    let number = |text| strtoul(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value);
    let data = match number(data) {
        Some(data) if (2..=255).contains(&data) => data,
        _ => return Err(SpecFault::EcData(text.to_owned())),
    };
    let parity = match number(parity) {
        Some(parity) if (1..=255).contains(&parity) => parity,
        _ => return Err(SpecFault::EcParity(text.to_owned())),
    };
    if parity > data {
        return Err(SpecFault::EcParityOverData { data, parity });
    }
    if data + parity > 256 {
        return Err(SpecFault::EcWidth { data, parity });
    }
    if data > 32 && !expert {
        return Err(SpecFault::EcDataLimit(data));
    }
    if parity > 4 && !expert {
        return Err(SpecFault::EcParityLimit(parity));
    }
    Ok(EcSpec { data: data as u8, parity: parity as u8 })
}
