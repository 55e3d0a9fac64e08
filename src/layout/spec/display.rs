//! A spec as the shortest options that ask for it.
//!
//! What a component inherits is left out, and parity that an earlier `--ec` gives. Whether writing
//! a count or a code pays can depend on later components, so all ways are followed side by side;
//! ways that leave the same things to be inherited are one way from there on.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::mirror::has_code;
use super::{ComponentKind, ComponentSpec, EcSpec, Spec, StripeCount, flags};
use crate::layout::model::{ComponentFlags, EOF, Extent, Foreign, PoolName};

impl fmt::Display for Spec {
    /// Options that [`Spec::parse`] reads as this spec again, if it can give it. Of specs that
    /// only [`Spec::parse_mirrors`] gives they are the shortest with an `-N`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = &self.foreign {
            return f.write_str(&foreign(value));
        }
        let mut ways = Vec::from([Way::default()]);
        let mut rest = self.mirrors.as_slice();
        while let Some(first) = rest.first() {
            let repeat = rest.iter().take_while(|mirror| *mirror == first).count();
            ways = mirror(ways, first, repeat, self);
            rest = &rest[repeat..];
        }
        let shortest = ways.into_iter().min_by_key(|way| way.text.len());
        f.write_str(&shortest.unwrap_or_default().text)
    }
}

/// Options written so far, and what the next component would inherit from them.
#[derive(Clone, Default)]
struct Way {
    text: String,
    inherited: Inherited,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Inherited {
    size: u32,
    count: Option<StripeCount>,
    /// `-C` was used: `-c` takes counts per OST.
    wide: bool,
    pool: PoolName,
    code: Option<EcSpec>,
}

impl Way {
    fn word(&mut self, word: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    fn option(&mut self, option: &str, value: impl fmt::Display) {
        self.word(option);
        self.word(&value.to_string());
    }
}

/// Ways that leave the same to be inherited: the shortest one stands for all.
fn thin(ways: Vec<Way>) -> Vec<Way> {
    let mut kept: Vec<Way> = Vec::new();
    for way in ways {
        match kept.iter_mut().find(|other| other.inherited == way.inherited) {
            Some(other) if other.text.len() > way.text.len() => *other = way,
            Some(_) => {}
            None => kept.push(way),
        }
    }
    kept
}

fn mirror(ways: Vec<Way>, components: &[ComponentSpec], repeat: usize, spec: &Spec) -> Vec<Way> {
    let coded = has_code(components);
    let grows = matches!(components, [_, space]
        if matches!(space.kind, ComponentKind::Extension { .. }) && space.extent.end == EOF);
    let whole = grows || matches!(components, [one] if one.extent == Extent::WHOLE);
    let nosync = components.iter().any(|one| one.flags.has(ComponentFlags::NOSYNC));
    // What is not composite has neither -N nor -E. Only with -N NOSYNC can be asked for.
    let unnumbered = spec.mirrors.len() == 1 && !nosync;
    let mut all = Vec::new();
    if unnumbered {
        let own_end = !whole || spec.composite && !coded;
        all.extend(mirror_ways(ways.clone(), components, 0, own_end, spec));
    }
    if spec.composite {
        all.extend(mirror_ways(ways, components, repeat, !whole, spec));
    }
    thin(all)
}

/// With `-N` if `repeat` is not 0, with `-E` if `own_end`.
fn mirror_ways(
    mut ways: Vec<Way>,
    components: &[ComponentSpec],
    repeat: usize,
    own_end: bool,
    spec: &Spec,
) -> Vec<Way> {
    let common = if repeat > 0 { common_flags(components) } else { 0 };
    for way in &mut ways {
        way.inherited.code = None;
        match repeat {
            0 => {}
            1 => way.word("-N"),
            repeat => way.word(&format!("-N{repeat}")),
        }
        if common != 0 {
            way.word(&format!("--flags={}", ComponentFlags(common)));
        }
    }
    let all = spec.mirrors.iter().flatten().map(|one| one.stripe_count);
    let wishes: Vec<StripeCount> = all.filter(|count| per_ost(*count) > 0).collect();
    let codes: Vec<EcSpec> = components.iter().filter_map(|one| one.ec).collect();
    let mut at = 0;
    while let Some(component) = components.get(at) {
        let space = components.get(at + 1).and_then(|next| match next.kind {
            ComponentKind::Extension { kib } => Some((next.extent.end, kib)),
            _ => None,
        });
        at += 1 + usize::from(space.is_some());
        let end = space.map_or(component.extent.end, |(end, _)| end);
        let with = ways.iter().flat_map(|way| {
            let mut way = way.clone();
            if own_end {
                way.option("-E", size(end));
            }
            component_ways(way, component, &codes, &wishes)
        });
        let mut next = thin(with.collect());
        for way in &mut next {
            if let Some((_, kib)) = space {
                way.option("-z", size(u64::from(kib) * 1024));
            }
            let flags = component.flags;
            if flags.0 != 0 && flags.0 != common {
                way.word(&format!("--comp-flags={flags}"));
            }
        }
        ways = next;
    }
    ways
}

/// Flags for the whole mirror, if each component that takes them has some.
fn common_flags(components: &[ComponentSpec]) -> u32 {
    let takes = |one: &&ComponentSpec| {
        one.ec.is_none() && !matches!(one.kind, ComponentKind::Extension { .. })
    };
    let flags = || components.iter().filter(takes).map(|one| one.flags.0);
    if flags().any(|flags| flags == 0) {
        return 0;
    }
    let count = |wanted: u32| flags().filter(|flags| *flags == wanted).count();
    flags().filter(|one| one & !flags::OF_MIRRORS == 0).max_by_key(|one| count(*one)).unwrap_or(0)
}

/// All ways to write one component's options. `codes` are those of its mirror, `wishes` all counts
/// per OST of the spec.
fn component_ways(
    mut way: Way,
    component: &ComponentSpec,
    codes: &[EcSpec],
    wishes: &[StripeCount],
) -> Vec<Way> {
    if component.kind == ComponentKind::Mdt {
        way.option("-L", "mdt");
        way.inherited.size = 0;
        return Vec::from([way]);
    }
    if component.stripe_size != way.inherited.size {
        way.option("-S", size(component.stripe_size.into()));
        way.inherited.size = component.stripe_size;
    }
    let mut ways = Vec::new();
    for count in counts(component, way.inherited.count, wishes) {
        let wide = way.inherited.wide || component.overstriping;
        if count.is_some_and(|count| per_ost(count) > 1) && !wide {
            continue;
        }
        for code in requests(component, way.inherited.code, codes) {
            let inherited = way.inherited.code;
            let stripes = count.or(way.inherited.count).unwrap_or(StripeCount::Default);
            if result(component, stripes, code.or(inherited)) != Some(component.ec) {
                continue;
            }
            let mut way = way.clone();
            if let Some(count) = count {
                way.option(if component.overstriping { "-C" } else { "-c" }, number(count));
                way.inherited.wide = wide;
                way.inherited.count = Some(count);
            }
            places(&mut way, component);
            if let Some(EcSpec { data, parity }) = code {
                let expert = data > 32 || parity > 4;
                let option = if expert { "--ec-expert" } else { "--ec" };
                way.option(option, format_args!("{data}+{parity}"));
                way.inherited.code = code;
            }
            ways.push(way);
        }
    }
    ways
}

/// OSTs and pool.
fn places(way: &mut Way, component: &ComponentSpec) {
    match (component.index, component.osts.first()) {
        (Some(index), first) if first != Some(&index) => way.option("-i", index),
        _ => {}
    }
    if !component.osts.is_empty() {
        way.option("-o", list(&component.osts));
    }
    if component.pool != way.inherited.pool {
        let mut name = String::from_utf8_lossy(component.pool.name()).into_owned();
        if name.contains('.') {
            // What stands before the first dot is taken for a file system.
            name.insert(0, '.');
        }
        way.option("-p", quoted(&name));
        way.inherited.pool = component.pool;
    }
}

/// Counts to write: none, where `-C` need not be said; the component's own; or, beside a list of
/// OSTs, one that only later components get.
fn counts(
    component: &ComponentSpec,
    inherited: Option<StripeCount>,
    wishes: &[StripeCount],
) -> Vec<Option<StripeCount>> {
    let mut counts = Vec::new();
    if !component.overstriping || repeats(component) {
        counts.push(None);
    }
    // Only a plain request can ask for the default by a number.
    let inherits = component.stripe_count == StripeCount::Default && inherited.is_none();
    if component.overstriping || !inherits {
        counts.push(Some(component.stripe_count));
    }
    if !component.osts.is_empty() {
        counts.extend(wishes.iter().copied().map(Some));
    }
    counts
}

/// Stripes on each OST, if that is how many.
fn per_ost(count: StripeCount) -> u16 {
    match count {
        StripeCount::PerOst(count) => count,
        StripeCount::Default | StripeCount::Exact(_) => 0,
    }
}

/// Codes to write: none, or one that gives the component's own and perhaps later ones too.
fn requests(
    component: &ComponentSpec,
    inherited: Option<EcSpec>,
    codes: &[EcSpec],
) -> Vec<Option<EcSpec>> {
    let Some(own) = component.ec else { return Vec::from([None]) };
    let mut requests: Vec<Option<EcSpec>> = Vec::new();
    requests.extend(inherited.map(|_| None));
    for code in codes.iter().filter(|code| code.parity == own.parity) {
        // What is stored can be less than what can be asked for.
        let data = code.data.max(2).max(code.parity);
        let request = Some(EcSpec { data, parity: code.parity });
        if data >= own.data && !requests.contains(&request) {
            requests.push(request);
        }
    }
    requests
}

/// The code that the parser would give the component, if it gives it the component's count.
fn result(
    component: &ComponentSpec,
    count: StripeCount,
    code: Option<EcSpec>,
) -> Option<Option<EcSpec>> {
    let listed = component.osts.len();
    let count = match count {
        StripeCount::Exact(count) if listed > 0 && usize::from(count) != listed => return None,
        _ if listed > 0 => StripeCount::Exact(listed as u16),
        count => count,
    };
    let (count, code) = match (code, count) {
        (None, count) => (count, None),
        (Some(code), StripeCount::Default | StripeCount::PerOst(1)) => {
            (StripeCount::Exact(code.data.into()), Some(code))
        }
        (Some(code), StripeCount::Exact(stripes)) => {
            let data = u16::from(code.data).min(stripes) as u8;
            (count, Some(EcSpec { data, ..code }))
        }
        (Some(_), StripeCount::PerOst(_)) => return None,
    };
    (count == component.stripe_count).then_some(code)
}

/// An OST more than once in the list, which asks for overstriping by itself.
fn repeats(component: &ComponentSpec) -> bool {
    let osts = &component.osts;
    osts.iter().enumerate().any(|(at, ost)| osts[..at].contains(ost))
}

fn number(count: StripeCount) -> i32 {
    match count {
        StripeCount::Default => 0,
        StripeCount::Exact(count) => count.into(),
        StripeCount::PerOst(count) => -i32::from(count),
    }
}

/// `64K`, `-1` for EOF. All sizes of options are multiples of 64 KiB, or 0.
fn size(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    match bytes {
        EOF => "-1".into(),
        0 => "0".into(),
        _ => {
            let unit = (bytes.trailing_zeros() / 10).min(6);
            match UNITS.get((unit as usize).wrapping_sub(1)) {
                Some(letter) => format!("{}{letter}", bytes >> (10 * unit)),
                None => bytes.to_string(),
            }
        }
    }
}

/// `1-4,7`.
fn list(osts: &[u32]) -> String {
    let mut text = String::new();
    let mut rest = osts;
    while let [first, ..] = rest {
        let run = (0..).zip(rest).take_while(|(step, ost)| first + step == **ost).count();
        if !text.is_empty() {
            text.push(',');
        }
        let (run, last) = if run > 2 { (run, first + run as u32 - 1) } else { (1, *first) };
        text.push_str(&first.to_string());
        if run > 1 {
            text.push_str(&format!("-{last}"));
        }
        rest = &rest[run..];
    }
    text
}

fn foreign(value: &Foreign) -> String {
    let kind = match super::foreign::name(value.kind) {
        Some(name) => name.into(),
        None => value.kind.to_string(),
    };
    let flags = match value.flags {
        0 => String::new(),
        flags => format!(" --flags={flags:x}"),
    };
    format!("--foreign={kind}{flags} -x {}", quoted(&String::from_utf8_lossy(&value.value)))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "-_./:+,=@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}
