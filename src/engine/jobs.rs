//! The verbs on one layout: what a user asks for, made of plans.
//!
//! Nothing here knows of names; see [`Volume`](super::Volume) for that.

use super::error::Error;
use super::exec::Executor;
use super::report::{Damage, Report};
use super::store::{Input, ObjectStore, Output, Progress};
use super::{MemOutput, MemStore};
use crate::layout::plan::{self, Health, Part, Plan};
use crate::layout::{Layout, ObjectId, map};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;

/// A file as the verbs see it.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Its layout.
    pub layout: &'a Layout,
    /// Its size in bytes.
    pub size: u64,
    /// Its parity is known to cover all data (see [`Executor::parity_is_covered`]).
    pub covered: bool,
    /// Every object has the size that the file's size asks for: a shorter one was cut.
    pub sized: bool,
}

/// How the verbs work.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Told of the bytes done.
    pub progress: &'a dyn Progress,
    /// Written objects reach the disk before they get their final name.
    pub durable: bool,
}

/// Finds out which objects are missing, on top of what `health` says.
///
/// Where objects are known to be sized, one that is shorter than the file's size asks for was cut,
/// and counts as lost too. Elsewhere a short object says nothing: it may end in a hole.
///
/// An object that cannot be asked counts as lost, whatever the reason.
///
/// # Errors
/// A layout that cannot be planned.
pub fn probe(
    store: &dyn ObjectStore,
    file: File<'_>,
    mut health: Health,
) -> Result<(Health, Vec<Damage>), Error> {
    let expected: BTreeMap<(usize, u32), u64> = match file.sized {
        true => object_sizes(file)?.into_iter().map(|(c, s, size)| ((c, s), size)).collect(),
        false => BTreeMap::new(),
    };
    let mut damage = Vec::new();
    for (component, stripe, object) in objects(file.layout) {
        let expected = expected.get(&(component, stripe)).copied().unwrap_or(0);
        let what = match object {
            None => "the layout names no object for this stripe (lost to a repair)".to_string(),
            Some(id) if health.is_lost(component, stripe, object) => {
                format!("OST {} is away", id.ost)
            }
            Some(id) => match store.size(id) {
                Ok(size) if size < expected => {
                    format!("cut short: expected {expected} bytes, got {size}")
                }
                Ok(_) => continue,
                Err(e) if e.kind() == ErrorKind::NotFound => "missing".to_string(),
                // The want is ours, not the object's.
                Err(e) if is_want(&e) => {
                    return Err(Error::object(id, "looking for the object")(e));
                }
                Err(e) => format!("cannot be opened: {e}"),
            },
        };
        health.lose_object(component, stripe);
        damage.push(Damage { object, component, stripe, what });
    }
    Ok((health, damage))
}

/// The process or the system has run out of something.
fn is_want(error: &io::Error) -> bool {
    let wants = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    wants.iter().any(|want| error.raw_os_error() == Some(want.raw_os_error()))
}

fn object_sizes(file: File<'_>) -> Result<Vec<(usize, u32, u64)>, Error> {
    let plan = plan::write(file.layout, file.size)?;
    Ok(plan.parts().iter().flat_map(Part::object_sizes).collect())
}

/// All objects of a layout: component, stripe, and the object unless the slot is empty.
pub fn objects(layout: &Layout) -> impl Iterator<Item = (usize, u32, Option<ObjectId>)> + '_ {
    layout.components().flat_map(|view| {
        let stripes = view.objects().map_or(0, |slots| slots.len() as u32);
        (0..stripes).map(move |stripe| (view.index, stripe, view.object(stripe)))
    })
}

/// Writes an input of `size` bytes over new objects, parity included. The objects appear when all
/// of them are complete, or not at all.
///
/// # Errors
/// I/O, or objects of these names that exist already.
pub fn write(
    store: &dyn ObjectStore,
    layout: &Layout,
    size: u64,
    input: &dyn Input,
    options: Options<'_>,
) -> Result<Report, Error> {
    let plan = plan::write(layout, size)?;
    let ids: Vec<ObjectId> = objects(layout).filter_map(|(_, _, id)| id).collect();
    drafts(store, &ids, options.durable, || {
        let executor = Executor::new(store).input(input).progress(options.progress);
        let report = executor.run(&plan)?;
        size_objects(store, &plan, |_, _| true)?;
        Ok((true, report))
    })
}

/// Reads `range` into `output`, through parity where objects are lost. With `check`, healthy rows
/// are compared with their parity too.
///
/// # Errors
/// A range outside the file, a layout without a readable mirror, or I/O on the output. Lost bytes
/// are no error: the report names them, and they are not written.
pub fn read(
    store: &dyn ObjectStore,
    file: File<'_>,
    range: Range<u64>,
    health: &Health,
    check: bool,
    output: &dyn Output,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    let plan = plan::read(file.layout, file.size, range, health, check)?;
    let mut report = executor(store, file).output(output).progress(progress).run(&plan)?;
    if file.layout.mirrors().nth(1).is_none() {
        return Ok(report);
    }
    // What one mirror cannot give, another one may.
    for finding in report.take_withheld() {
        for part in plan.parts() {
            let wanted = part.wanted();
            let stretch = wanted.start.max(finding.range.start)..wanted.end.min(finding.range.end);
            if stretch.is_empty() {
                continue;
            }
            let mut other = health.clone();
            other.avoid(part.data_component());
            match read(store, file, stretch.clone(), &other, check, output, &()) {
                Ok(more) => report.merge(more),
                Err(Error::Plan(_)) => report.add(stretch, finding.proof, false),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(report)
}

/// Bytes of a file that [`stream`] holds in memory at once.
const WINDOW: u64 = 32 << 20;

/// Reads `range` in order into a stream, a window of rows at a time. The stream gets every byte
/// before the first one that cannot be had, and none after it; the report speaks of the whole
/// range.
///
/// # Errors
/// As [`read`], and I/O on the stream.
pub fn stream(
    store: &dyn ObjectStore,
    file: File<'_>,
    range: Range<u64>,
    health: &Health,
    check: bool,
    sink: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    plan::read(file.layout, file.size, range.clone(), health, check)?;
    let action = "writing the output";
    let mut total = Report::default();
    let mut output = MemOutput::new(range.start, 0);
    let mut at = range.start;
    // Whole rows where they fit, so that a reconstruction serves all of its row at once.
    let row = row_bytes(file.layout).filter(|row| *row <= WINDOW).unwrap_or(WINDOW);
    let window = WINDOW / row * row;
    loop {
        let end = (at / window + 1).saturating_mul(window).min(range.end);
        output.reset(at, (end - at) as usize);
        let mut report = read(store, file, at..end, health, check, &output, progress)?;
        if total.withheld() == 0 {
            let good = first_withheld(&mut report).unwrap_or(end);
            sink.write_all(&output.bytes()[..(good - at) as usize])
                .map_err(|source| Error::Stream { action, source })?;
        }
        total.merge(report);
        if end == range.end {
            break;
        }
        at = end;
    }
    sink.flush().map_err(|source| Error::Stream { action, source })?;
    Ok(total)
}

/// The longest row of the layout's components.
fn row_bytes(layout: &Layout) -> Option<u64> {
    layout.components().filter_map(|c| c.stripes()).map(|s| s.row_bytes()).max()
}

fn first_withheld(report: &mut Report) -> Option<u64> {
    if report.withheld() == 0 {
        return None;
    }
    let (ranges, _) = report.ranges();
    ranges.iter().find(|f| !f.given).map(|f| f.range.start)
}

/// Computes what a parity mirror (`None`: the first one) holds for an input of `size` bytes, in
/// the mirror's own file space. Returns the mirror's size.
///
/// # Errors
/// No such mirror, a pair that is no code, or I/O.
pub fn parity(
    layout: &Layout,
    size: u64,
    mirror: Option<u16>,
    input: &dyn Input,
    output: &dyn Output,
    progress: &dyn Progress,
) -> Result<(u64, Report), Error> {
    let plan = plan::parity(layout, size, mirror)?;
    let mirror = plan::parity_mirror(layout, mirror)?;
    let end = map::parity_end(layout, mirror, size).unwrap_or(0);
    let report = Executor::new(&MemStore::new())
        .input(input)
        .output(output)
        .progress(progress)
        .run(&plan)?;
    Ok((end, report))
}

/// Output whose byte 0 is byte `start` of the file.
pub struct Shifted<'a> {
    output: &'a dyn Output,
    start: u64,
}

impl<'a> Shifted<'a> {
    /// Writes go to `output`, `start` bytes further ahead.
    pub fn new(output: &'a dyn Output, start: u64) -> Self {
        Self { output, start }
    }
}

impl Output for Shifted<'_> {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let before = || io::Error::new(ErrorKind::InvalidInput, "write before the output's start");
        self.output.write_at(offset.checked_sub(self.start).ok_or_else(before)?, data)
    }
}

/// Computes all parity anew from the data, in place. Where the data is a hole, so is the parity.
///
/// Also tells whether all of it was computed: where an object cannot be read, the old parity is
/// left as it is (it may be all that is left of the bytes), and the report names the place.
///
/// # Errors
/// No parity, lost objects, or I/O on the parity. The parity is worthless until the call succeeds.
pub fn resync(
    store: &dyn ObjectStore,
    file: File<'_>,
    health: &Health,
    options: Options<'_>,
) -> Result<(Report, bool), Error> {
    let plan = plan::resync(file.layout, file.size, health)?;
    let report = executor(store, file).progress(options.progress).run(&plan)?;
    let is_parity = |index| file.layout.component(index).is_some_and(|c| c.is_parity());
    size_objects(store, &plan, |component, _| is_parity(component))?;
    for (_, _, id) in objects(file.layout).filter(|(component, _, _)| is_parity(*component)) {
        if let Some(id) = id.filter(|_| options.durable) {
            store.sync(id).map_err(Error::object(id, "syncing"))?;
        }
    }
    let whole = report.withheld() == 0 && report.damage().is_empty();
    Ok((report, whole))
}

/// Compares all parity with the data. The report's lost and contradicted ranges are the damage.
///
/// # Errors
/// Stale parity, or a layout that cannot be planned. (Without any parity only what is missing is told.)
pub fn verify(
    store: &dyn ObjectStore,
    file: File<'_>,
    health: &Health,
    progress: &dyn Progress,
) -> Result<Report, Error> {
    let plan = plan::verify(file.layout, file.size, health)?;
    executor(store, file).progress(progress).run(&plan)
}

/// Output that keeps nothing: to find out what can be read.
struct Nowhere;

impl Output for Nowhere {
    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// Whether every byte can be read, if need be from another mirror.
///
/// # Errors
/// As [`read`].
pub fn readable(store: &dyn ObjectStore, file: File<'_>, health: &Health) -> Result<bool, Error> {
    let report = read(store, file, 0..file.size, health, false, &Nowhere, &())?;
    Ok(report.withheld() == 0)
}

/// What a rebuild did.
#[derive(Clone, Debug)]
pub struct Rebuild {
    /// The layout that names the new objects.
    pub layout: Layout,
    /// Objects that were rebuilt: component, stripe, new object.
    pub objects: Vec<(usize, u32, ObjectId)>,
    /// False: something could not be rebuilt with certainty, so nothing was changed.
    pub complete: bool,
    /// What was proved.
    pub report: Report,
}

/// Rebuilds the objects that `health` calls lost as new objects. Those of stale data are left.
///
/// `choose` gives a new object on an OST that is not among those it is told, or `None` if there
/// is none. All new objects appear when all are complete and justified, or none does; putting the
/// new layout in place is the caller's business.
///
/// # Errors
/// No OST to rebuild onto, or I/O.
pub fn rebuild(
    store: &dyn ObjectStore,
    file: File<'_>,
    health: &Health,
    mut choose: impl FnMut(&BTreeSet<u32>) -> Result<Option<ObjectId>, Error>,
    options: Options<'_>,
) -> Result<Rebuild, Error> {
    let mut layout = file.layout.clone();
    let before = plan::rebuild(&layout, file.size, health)?;
    let planned: BTreeSet<(usize, u32)> =
        before.parts().iter().flat_map(|part| part.lost(health)).collect();
    let neighbours = neighbours(&plan::raid_sets(&layout));
    let mut replaced = Vec::new();
    let mut all_lost = Health::good();
    for (component, stripe, object) in objects(file.layout) {
        if !health.is_lost(component, stripe, object) {
            continue;
        }
        // Beyond the file's end there is nothing to rebuild, and stale parity is worthless until
        // the next resync: there a new, empty object is all that it takes. Other stale components
        // are their mirror's business.
        let view = file.layout.component(component);
        let empty =
            view.is_some_and(|c| c.extent.start >= file.size || (c.is_parity() && c.is_stale()));
        if !empty && !planned.contains(&(component, stripe)) {
            continue;
        }
        let mut avoid: BTreeSet<u32> = health.osts().collect();
        for &(c, s) in neighbours.get(&(component, stripe)).into_iter().flatten() {
            let theirs = layout.component(c).and_then(|view| view.object(s));
            avoid.extend(theirs.map(|o| o.ost));
        }
        let id = choose(&avoid)?.ok_or_else(|| {
            Error::Allocate(format!(
                "stripe {stripe} of component {component}: no OST is left that holds no other \
                 member of its RAID set; add OSTs, or allow two members on one OST (--share)"
            ))
        })?;
        layout.set_object(component, stripe, id).map_err(|fault| {
            Error::Allocate(format!("component {component}, stripe {stripe}: {fault}"))
        })?;
        all_lost.lose_object(component, stripe);
        replaced.push((component, stripe, id));
    }
    layout.bump_generation();
    let plan = plan::rebuild(&layout, file.size, &all_lost)?;
    let ids: Vec<ObjectId> = replaced.iter().map(|(_, _, id)| *id).collect();
    let mut complete = false;
    let report = drafts(store, &ids, options.durable, || {
        let report = executor(store, file).progress(options.progress).run(&plan)?;
        complete = report.withheld() == 0 && report.parity_withheld == 0 && report.mismatches == 0;
        if complete {
            for (component, stripe, size) in object_sizes(file)? {
                let new = replaced.iter().find(|(c, s, _)| (*c, *s) == (component, stripe));
                let Some((_, _, id)) = new else { continue };
                store.set_size(*id, size).map_err(Error::object(*id, "setting the size"))?;
            }
        }
        Ok((complete, report))
    })?;
    Ok(Rebuild { layout, objects: replaced, complete, report })
}

fn executor<'a>(store: &'a dyn ObjectStore, file: File<'_>) -> Executor<'a> {
    Executor::new(store).parity_is_covered(file.covered)
}

/// For each member, the others that share a RAID set with it.
fn neighbours(sets: &[Vec<(usize, u32)>]) -> BTreeMap<(usize, u32), Vec<(usize, u32)>> {
    let mut map: BTreeMap<(usize, u32), Vec<(usize, u32)>> = BTreeMap::new();
    for set in sets {
        for &member in set {
            map.entry(member).or_default().extend(set.iter().filter(|m| **m != member));
        }
    }
    map
}

/// Makes drafts, lets `work` fill them, and publishes them if it says so; else they vanish.
fn drafts(
    store: &dyn ObjectStore,
    ids: &[ObjectId],
    durable: bool,
    work: impl FnOnce() -> Result<(bool, Report), Error>,
) -> Result<Report, Error> {
    let mut made = 0;
    let run = || {
        for id in ids {
            store.create(*id).map_err(Error::object(*id, "creating"))?;
            made += 1;
        }
        let (publish, report) = work()?;
        if publish {
            for id in ids {
                store.publish(*id, durable).map_err(Error::object(*id, "publishing"))?;
            }
        }
        Ok((publish, report))
    };
    let result = run();
    if !matches!(result, Ok((true, _))) {
        for id in &ids[..made] {
            // The first error counts; a draft that stays is swept by the next job.
            let _ = store.delete(*id);
        }
    }
    result.map(|(_, report)| report)
}

/// Gives objects the sizes that the file's size asks for: trailing holes have no bytes that would
/// make them so long, and bytes behind the file's end would come back to life if it grew again.
fn size_objects(
    store: &dyn ObjectStore,
    plan: &Plan,
    which: impl Fn(usize, u32) -> bool,
) -> Result<(), Error> {
    for (component, stripe, size) in plan.parts().iter().flat_map(Part::object_sizes) {
        let object = plan.object(component, stripe).filter(|_| which(component, stripe));
        let Some(id) = object else { continue };
        store.set_size(id, size).map_err(Error::object(id, "setting the size"))?;
    }
    Ok(())
}
