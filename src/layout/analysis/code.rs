//! What a code promises before there is a file.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::ec::Geometry;
use crate::layout::allocate::{AllocateError, Allocator, NewFile, Ost};
use crate::layout::map::ParityMap;
use crate::layout::plan::{failures_survived, raid_sets};
use crate::layout::raid::RaidSets;
use crate::layout::spec::Spec;
use crate::layout::{Fid, Layout, ObjectId};

/// Most stripes of a component.
const MAX_STRIPES: u32 = 2000;

/// A component striped over `stripes` OSTs with k+p asked for, placed as Lustre places it.
///
/// ```
/// use lustrine::layout::analysis::Code;
/// let code = Code::new(8, 2, 20, 1 << 20, 96)?;
/// // 20 stripes are not split into sets of 8: it is 7+2, 7+2 and 6+2.
/// let sets: Vec<u32> = code.sets().iter().map(|set| set.data).collect();
/// assert_eq!(sets, [7, 7, 6]);
/// assert_eq!((code.overhead(), code.tolerated(|ost| ost)), (0.3, 2));
/// // A file of one byte is stored three times.
/// assert_eq!(code.blowup(1).factor, 3.0);
/// # Ok::<(), lustrine::layout::analysis::CodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Code {
    layout: Layout,
    map: ParityMap,
    unit: u64,
}

/// What a file of some size takes with its parity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blowup {
    /// The file's size.
    pub size: u64,
    /// Bytes of parity for it: each parity is as long as what it covers.
    pub parity: u64,
    /// (size + parity) / size.
    pub factor: f64,
}

/// Why there is no such code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeError {
    /// k and p are no code: k of 1..=255, p of 1..=15, k + p <= 256.
    Geometry {
        /// k asked for.
        data: u32,
        /// p asked for.
        parity: u32,
    },
    /// More stripes than Lustre has, or none.
    Stripes {
        /// Stripes asked for.
        got: u32,
        /// Most that there can be.
        most: u32,
    },
    /// Lustre refuses the code: the reason in its words.
    Refused(String),
    /// The OSTs do not suffice.
    Osts(AllocateError),
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeError::Geometry { data, parity } => {
                write!(
                    f,
                    "{data}+{parity} is no code: expected k of 1..=255, p of 1..=15, k + p <= 256"
                )
            }
            CodeError::Stripes { got, most } => {
                write!(f, "{got} stripes: expected 1 to {most}")
            }
            CodeError::Refused(why) => f.write_str(why),
            CodeError::Osts(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CodeError {}

impl Code {
    /// k+p over `stripes` data stripes of units of `unit` bytes (a multiple of 64 KiB), on `osts`
    /// OSTs, chosen in turn as Lustre chooses them when all are equally full.
    ///
    /// # Errors
    /// [`CodeError`]: what Lustre refuses, and more OSTs needed than there are.
    pub fn new(
        data: u32,
        parity: u32,
        stripes: u32,
        unit: u32,
        osts: u32,
    ) -> Result<Code, CodeError> {
        let no_code = CodeError::Geometry { data, parity };
        Geometry::new(data as usize, parity as usize).map_err(|_| no_code.clone())?;
        if !(1..=MAX_STRIPES).contains(&stripes) {
            return Err(CodeError::Stripes { got: stripes, most: MAX_STRIPES });
        }
        // More stripes than OSTs need overstriping.
        let count = if stripes > osts { "-C" } else { "-c" };
        let options =
            alloc::format!("-E -1 -S {unit}c {count} {stripes} --ec-expert {data}+{parity}");
        let spec = Spec::parse(&options).map_err(|error| {
            CodeError::Refused(alloc::format!("{error} (lfs setstripe {options})"))
        })?;
        let all: Vec<Ost> = (0..osts).map(Ost::new).collect();
        let allocator = Allocator { osts: &all, ..Allocator::default() };
        let mut next_id = |ost| {
            let fid = Fid { seq: 0x2_0000_0400 + u64::from(ost), oid: 1, ver: 0 };
            ObjectId { ost, fid }
        };
        let layout = allocator
            .allocate(&spec.request(), &NewFile::default(), &mut next_id)
            .map_err(CodeError::Osts)?;
        let map = ParityMap::of(&layout, 0).ok_or(no_code)?;
        Ok(Code { unit: map.data_stripes().size(), layout, map })
    }

    /// How a row's data stripes form RAID sets.
    pub fn sets(&self) -> RaidSets {
        self.map.sets()
    }

    /// Parity stripes of each set.
    pub fn parities(&self) -> u32 {
        self.map.parities()
    }

    /// Data stripes that the layout has: fewer than asked for if Lustre shrinks it to the OSTs.
    pub fn stripes(&self) -> u32 {
        self.sets().stripes()
    }

    /// The layout that was placed.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Parity for each byte of data in whole rows: 0.25 of 8+2.
    pub fn overhead(&self) -> f64 {
        f64::from(self.sets().count() * self.parities()) / f64::from(self.stripes())
    }

    /// What a file of `size` bytes takes, all of it data.
    pub fn blowup(&self, size: u64) -> Blowup {
        let row = self.map.data_stripes().row_bytes();
        let whole = (size / row).saturating_mul(u64::from(self.sets().count()) * self.unit);
        // In the last row a set's parity is as long as its longest stripe.
        let rest = size % row;
        let covered: u64 = self
            .sets()
            .iter()
            .map(|set| rest.saturating_sub(u64::from(set.first) * self.unit).min(self.unit))
            .sum();
        let parity = whole.saturating_add(covered).saturating_mul(self.parities().into());
        let factor = if size == 0 { 1.0 } else { (size as f64 + parity as f64) / size as f64 };
        Blowup { size, parity, factor }
    }

    /// Failures that every RAID set survives, whichever they are, where `domain` says which OSTs
    /// fail together: the OST itself for single OSTs, its server for servers.
    pub fn tolerated(&self, domain: impl Fn(u32) -> u32) -> u32 {
        let sets = raid_sets(&self.layout);
        let survived = sets.iter().map(|set| {
            let objects = set.iter().filter_map(|&(component, stripe)| {
                self.layout.component(component)?.object(stripe)
            });
            let domains: Vec<u32> = objects.map(|object| domain(object.ost)).collect();
            failures_survived(&domains, 0, self.parities() as usize)
        });
        survived.min().unwrap_or(0)
    }

    /// Most members of one RAID set that lie in one domain.
    pub fn together(&self, domain: impl Fn(u32) -> u32) -> u32 {
        let most = |set: &Vec<(usize, u32)>| {
            let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
            for &(component, stripe) in set {
                let object = self.layout.component(component).and_then(|view| view.object(stripe));
                if let Some(object) = object {
                    *counts.entry(domain(object.ost)).or_default() += 1;
                }
            }
            counts.into_values().max().unwrap_or(0)
        };
        raid_sets(&self.layout).iter().map(most).max().unwrap_or(0)
    }

    /// Bytes that are read for each byte wanted, when one OST that holds data is lost: of a small
    /// read that hits it (as many units as its set has data stripes, of the largest set), and of
    /// small reads anywhere in the file on the average, whichever OST it is. A read of whole rows
    /// reads nothing more: parity in place of what is lost.
    pub fn degraded_read(&self) -> (f64, f64) {
        let k = f64::from(self.sets().largest());
        let stripes = f64::from(self.stripes());
        // Each stripe is lost with one of the OSTs, however many an OST holds.
        let osts: BTreeSet<u32> = (0..self.stripes())
            .filter_map(|stripe| Some(self.layout.component(0)?.object(stripe)?.ost))
            .collect();
        let more: f64 = self.sets().iter().map(|set| f64::from(set.data * (set.data - 1))).sum();
        (k, 1.0 + more / (stripes * osts.len().max(1) as f64))
    }

    /// Expected hours until a RAID set of the largest size loses data, for OSTs that fail once in
    /// `mttf` hours and are rebuilt in `mttr` hours; see [`mttdl_hours`].
    pub fn set_mttdl_hours(&self, mttf: f64, mttr: f64) -> f64 {
        mttdl_hours(self.sets().largest() + self.parities(), self.parities(), mttf, mttr)
    }
}

/// Mean time to data loss, in hours, of `members` of which any `tolerated` may be lost at a time.
///
/// The model: members fail independently, each at a constant rate once in `mttf` hours; one is
/// rebuilt at a time, at a constant rate once in `mttr` hours; data is lost when one more than
/// `tolerated` is away. (A birth-death chain; the time to its end is exact. Real OSTs share servers
/// and power, and age: take it to compare codes, not as a promise.)
pub fn mttdl_hours(members: u32, tolerated: u32, mttf: f64, mttr: f64) -> f64 {
    // Time from i lost to i + 1: t(i) = (1 + repair * t(i - 1)) / fail(i).
    let mut total = 0.0;
    let mut step = 0.0;
    for lost in 0..=tolerated.min(members.saturating_sub(1)) {
        let fail = f64::from(members - lost) / mttf;
        let repair = if lost == 0 { 0.0 } else { 1.0 / mttr };
        step = (1.0 + repair * step) / fail;
        total += step;
    }
    total
}
