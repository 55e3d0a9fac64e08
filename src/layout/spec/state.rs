//! What the options say, from left to right: components are closed as they end.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::error::{SpecError, SpecFault};
use super::flags::{self, FlagChange};
use super::foreign::ForeignOptions;
use super::number::{aligned_size, signed, size, strtoul};
use super::options::{Given, Opt};
use super::request::{LEAST_COMPONENT, MAX_COMPONENTS};
use super::{ComponentKind, ComponentSpec, EcSpec, StripeCount};
use crate::layout::model::{ComponentFlags, EOF, Extent, PoolName};
use crate::layout::view::MAX_OST;

/// Most stripes that a component can ask for.
const MAX_STRIPES: i64 = 2000;
/// Most stripes per OST with overstriping.
const MAX_PER_OST: i64 = 32;
/// Most bytes of a file that lie on an MDT.
const MAX_DOM: u64 = 1 << 30;
/// Extension sizes are stored in KiB, and those are multiples of this.
const EXTENSION_UNIT: u64 = 1 << 16;

/// A value and the bytes of the string that gave it.
pub(super) type Placed<T> = (T, Range<usize>);

/// What has been read so far.
#[derive(Default)]
pub(super) struct State {
    /// Where the first component starts: 0, or the end of the file's present ones.
    pub(super) start: u64,
    pub(super) done: Vec<Vec<ComponentSpec>>,
    pub(super) composite: bool,
    /// Mirrors that the present one stands for; `None` before the first `-N`.
    pub(super) repeat: Option<usize>,
    /// Flags for the components of the present mirror that have none of their own.
    pub(super) mirror_flags: u32,
    /// Components of the present mirror.
    pub(super) mirror: Vec<Placed<ComponentSpec>>,
    /// The codes of the present mirror by component; the last option in a component wins.
    pub(super) codes: Vec<(usize, Placed<EcSpec>)>,
    /// End of the component that is being read, if `-E` gave one.
    pub(super) end: Option<Placed<u64>>,
    size: Option<Placed<u64>>,
    count: Option<Placed<StripeCount>>,
    pool: PoolName,
    /// `-C` was used: from then on `-c` takes counts per OST too.
    wide_counts: bool,
    /// What no component inherits.
    own: Own,
    /// `--foreign` and its companions.
    pub(super) foreign: ForeignOptions,
    /// Some option that a foreign layout cannot have.
    pub(super) striped: bool,
    /// `--comp-add`, `--comp-del`, `--comp-set`.
    pub(super) change: Option<Placed<Opt>>,
    /// `-I`.
    pub(super) id: Option<Placed<u32>>,
    /// `--comp-flags` of a component that is to be removed or changed.
    pub(super) flag_change: Option<Placed<FlagChange>>,
    /// The last `--comp-flags`, whatever it is for.
    pub(super) flags_at: Option<Range<usize>>,
    /// The first `--ec`.
    pub(super) ec_at: Option<Range<usize>>,
    /// The first option that says something of a layout.
    pub(super) layout: Option<Placed<String>>,
}

/// Options of one component that the next does not inherit.
#[derive(Default)]
struct Own {
    overstriping: bool,
    index: Option<Placed<u32>>,
    osts: Vec<u32>,
    osts_at: Range<usize>,
    flags: u32,
    dom: Option<Range<usize>>,
    extension: Option<Placed<u64>>,
    /// The first option given in it that data on the MDT cannot have: name, value, place.
    against_dom: Option<(&'static str, String, Range<usize>)>,
    /// A stripe size was given in it.
    sized: bool,
}

impl State {
    pub(super) fn new(start: u64, composite: bool) -> State {
        State { start, composite, ..State::default() }
    }

    pub(super) fn option(&mut self, given: &Given<'_>) -> Result<(), SpecError> {
        let (text, at) = (given.argument, given.at.clone());
        self.striped |=
            !matches!(given.option, Opt::Foreign | Opt::Xattr | Opt::Mode | Opt::MirrorFlags);
        if !given.option.is_of_changes() {
            self.layout.get_or_insert_with(|| (given.name.to_owned(), given.place.clone()));
        }
        match given.option {
            Opt::End => {
                let eof = ["-1", "EOF", "eof"].iter().any(|eof| text.starts_with(eof));
                let reachable = |end: &u64| Extent { start: 0, end: *end }.is_reachable();
                let end = if eof { Some(EOF) } else { aligned_size(text).filter(reachable) };
                let end =
                    end.ok_or_else(|| SpecFault::ComponentEnd(text.to_owned()).at(at.clone()))?;
                self.close_component()?;
                self.composite |= end != 0;
                // 0 is as if it were not given.
                self.end = (end != 0).then_some((end, given.place.start..at.end));
            }
            Opt::Size => {
                let size = aligned_size(text)
                    .ok_or_else(|| SpecFault::StripeSize(text.to_owned()).at(at.clone()))?;
                if size > u64::from(u32::MAX) {
                    return Err(SpecFault::StripeSizeLimit(size).at(at));
                }
                self.own.sized = true;
                self.size = Some((size, at));
            }
            Opt::Count | Opt::Overstripe => {
                self.wide_counts |= given.option == Opt::Overstripe;
                self.own.overstriping |= given.option == Opt::Overstripe;
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
                self.own.not_on_mdt("stripe-count", given);
                self.count = Some((count, at));
            }
            Opt::Index => {
                let index = signed(text)
                    .filter(|&index| (-1..=i64::from(MAX_OST)).contains(&index))
                    .ok_or_else(|| SpecFault::StripeIndex(text.to_owned()).at(at.clone()))?;
                self.own.not_on_mdt("stripe-index", given);
                self.own.index = u32::try_from(index).ok().map(|index| (index, at));
            }
            Opt::Osts => {
                self.own
                    .add_osts(text)
                    .ok_or_else(|| SpecFault::OstList(text.to_owned()).at(at.clone()))?;
                self.own.not_on_mdt("ost-list", given);
                self.own.osts_at = at;
            }
            Opt::Pool => {
                self.pool = pool(text)
                    .ok_or_else(|| SpecFault::PoolName(text.to_owned()).at(at.clone()))?;
                self.own.not_on_mdt("pool", given);
            }
            Opt::Layout => match text {
                "mdt" if !self.mirror.is_empty() || self.start != 0 => {
                    return Err(SpecFault::DomNotFirst.at(at));
                }
                "mdt" => {
                    // As `lfs`: judged by the end that is known when the option is read.
                    if let Some((end, _)) = self.end.as_ref().filter(|(end, _)| *end > MAX_DOM) {
                        return Err(SpecFault::DomSize { end: *end }.at(at));
                    }
                    self.own.dom = Some(at);
                }
                "raid0" => self.own.dom = None,
                _ => return Err(SpecFault::Pattern(text.to_owned()).at(at)),
            },
            Opt::Extension => {
                let bytes = size(text)
                    .ok_or_else(|| SpecFault::ExtensionSize(text.to_owned()).at(at.clone()))?;
                self.own.extension = Some((bytes, at));
            }
            Opt::Mirrors => self.begin_mirror(given)?,
            Opt::Ec | Opt::EcExpert => {
                let expert = given.option == Opt::EcExpert;
                let code = code(text, expert).map_err(|fault| fault.at(at.clone()))?;
                self.composite = true;
                let component = self.mirror.len();
                self.codes.retain(|(of, _)| *of != component);
                self.ec_at.get_or_insert(given.place.start..at.end);
                self.codes.push((component, (code, given.place.start..at.end)));
            }
            Opt::Flags => {
                self.flags_at = Some(given.place.start..at.end);
                let change = flags::parse(text)
                    .ok_or_else(|| SpecFault::ComponentFlags(text.to_owned()).at(at.clone()))?;
                if self.change.as_ref().is_some_and(|(change, _)| *change != Opt::Add) {
                    self.flag_change = Some((change, at));
                } else if change.clear != 0 || change.set & !self.allowed_flags() != 0 {
                    return Err(SpecFault::WrongFlags(text.to_owned()).at(at));
                } else {
                    self.own.flags = change.set;
                }
            }
            Opt::MirrorFlags if self.repeat.is_some() => {
                let change = flags::parse(text)
                    .filter(|change| change.clear == 0 && change.set & !flags::OF_MIRRORS == 0);
                let change =
                    change.ok_or_else(|| SpecFault::MirrorFlags(text.to_owned()).at(at))?;
                self.mirror_flags = change.set;
            }
            Opt::MirrorFlags | Opt::Foreign | Opt::Xattr | Opt::Mode => {
                self.foreign.option(given)?;
            }
            Opt::Id => {
                let id = strtoul(text).filter(|(_, rest)| rest.is_empty());
                let id = id.and_then(|(id, _)| u32::try_from(id).ok()).filter(|&id| id != 0);
                let id =
                    id.ok_or_else(|| SpecFault::ComponentId(text.to_owned()).at(at.clone()))?;
                self.id = Some((id, at));
            }
            Opt::Add | Opt::Delete | Opt::Set => {
                if self.change.is_some() {
                    return Err(SpecFault::OneChange.at(given.place.clone()));
                }
                self.change = Some((given.option, given.place.clone()));
            }
            Opt::File => {
                return Err(SpecFault::OtherFile(given.name.to_owned()).at(given.place.clone()));
            }
            // Refused where options are read.
            Opt::Unsupported => {}
        }
        Ok(())
    }

    /// Flags that a new component can have.
    fn allowed_flags(&self) -> u32 {
        let prefer = ComponentFlags::PREF_RD | ComponentFlags::PREF_WR;
        let several = if self.repeat.is_some() { ComponentFlags::NOSYNC } else { 0 };
        prefer | several | ComponentFlags::NOCOMPR
    }

    /// Takes the component that `-E` began, with the options read so far.
    pub(super) fn close_component(&mut self) -> Result<(), SpecError> {
        let Some((end, at)) = self.end.take() else { return Ok(()) };
        self.take_component(end, at)
    }

    pub(super) fn take_component(&mut self, end: u64, at: Range<usize>) -> Result<(), SpecError> {
        let start = self.mirror.last().map_or(self.start, |(component, _)| component.extent.end);
        if start == EOF {
            return Err(SpecFault::AfterEof.at(at));
        }
        if end < start {
            return Err(SpecFault::Extent { start, end }.at(at));
        }
        if self.mirror.len() >= MAX_COMPONENTS {
            let bytes = (self.mirror.len() + 1) * LEAST_COMPONENT;
            return Err(SpecFault::TooLarge { bytes }.at(at));
        }
        let own = core::mem::take(&mut self.own);
        if own.dom.is_some() {
            return self.take_dom(own, end, at);
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
        let mut index = own.index;
        if let Some(&first) = own.osts.first() {
            let listed = own.osts.len();
            match stripe_count {
                StripeCount::Exact(count) if usize::from(count) != listed => {
                    return Err(SpecFault::ListLength { count, listed }.at(own.osts_at));
                }
                // At most MAX_STRIPES.
                _ => stripe_count = StripeCount::Exact(listed as u16),
            }
            if let Some((start, at)) = &index
                && !own.osts.contains(start)
            {
                return Err(SpecFault::IndexNotListed(*start).at(at.clone()));
            }
            index = index.or(Some((first, 0..0)));
        }
        let mut component = ComponentSpec {
            extent: Extent { start, end },
            kind: ComponentKind::Striped,
            flags: ComponentFlags(own.flags),
            stripe_size: self.size.as_ref().map_or(0, |size| size.0) as u32,
            stripe_count,
            overstriping: own.overstriping,
            index: index.map(|(index, _)| index),
            osts: own.osts,
            pool: self.pool,
            ec: None,
        };
        let Some((bytes, size_at)) = own.extension else {
            self.mirror.push((component, at));
            return Ok(());
        };
        let kib = u32::try_from(bytes / 1024).ok();
        let kib = kib.filter(|&kib| kib != 0 && u64::from(kib).is_multiple_of(EXTENSION_UNIT));
        let kib = kib.ok_or_else(|| SpecFault::ExtensionUnit { bytes }.at(size_at.clone()))?;
        if !self.composite {
            // As `lfs`: a plain layout, that has no place for extension space.
            self.mirror.push((component, at));
            return Ok(());
        }
        // The component has no bytes yet; the space behind it is what it can grow into.
        component.extent.end = start;
        let space = ComponentSpec {
            extent: Extent { start, end },
            kind: ComponentKind::Extension { kib },
            flags: ComponentFlags(0),
            stripe_size: 0,
            index: None,
            osts: Vec::new(),
            ..component.clone()
        };
        self.mirror.push((component, at));
        self.mirror.push((space, size_at));
        Ok(())
    }

    /// Data on the MDT: its stripe size is its length, and nothing else can be asked for.
    fn take_dom(&mut self, own: Own, end: u64, at: Range<usize>) -> Result<(), SpecError> {
        if let Some((option, value, at)) = own.against_dom {
            return Err(SpecFault::DomOption { option, value }.at(at));
        }
        let size = self.size.take().filter(|_| own.sized);
        if let Some((size, at)) = size.filter(|(size, _)| *size != end) {
            return Err(SpecFault::DomStripeSize { size, end }.at(at));
        }
        let stripe_size =
            u32::try_from(end).map_err(|_| SpecFault::DomSize { end }.at(at.clone()))?;
        if let Some((_, at)) = own.extension {
            return Err(SpecFault::ExtensionExtent.at(at));
        }
        let component = ComponentSpec {
            extent: Extent { start: 0, end },
            kind: ComponentKind::Mdt,
            flags: ComponentFlags(own.flags),
            stripe_size,
            ..ComponentSpec::default()
        };
        self.mirror.push((component, at));
        Ok(())
    }

    /// `-L mdt` without any `-E`.
    pub(super) fn dom_at(&self) -> Option<Range<usize>> {
        self.own.dom.clone()
    }
}

impl Own {
    fn not_on_mdt(&mut self, option: &'static str, given: &Given<'_>) {
        let value = || (option, given.argument.to_owned(), given.at.clone());
        self.against_dom.get_or_insert_with(value);
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
}

/// A pool's name in its 16 bytes, of `pool` or `fsname.pool`; the words that mean none give none.
pub(super) fn pool(text: &str) -> Option<PoolName> {
    let name = match text.split_once('.') {
        Some((_, "")) => return None,
        Some((_, name)) => name,
        None => text,
    };
    let name = if matches!(name, "inherit" | "none") { "" } else { name };
    let mut pool = PoolName::default();
    match pool.0.split_last_mut() {
        Some((_, room)) if name.len() <= room.len() && !name.contains('\0') => {
            room[..name.len()].copy_from_slice(name.as_bytes());
            Some(pool)
        }
        _ => None,
    }
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
