//! The executor: runs every kind of plan, step by step, over all cores.
//!
//! A step is read into a buffer that stays in the cache, coded there, and written out, so data
//! crosses memory once. Memory is one such buffer per thread, whatever the file's size. An object
//! that turns out to be unreadable is treated as lost and the step is planned again.

use super::buffers::Buffers;
use super::error::Error;
use super::proof::{self, Verdict};
use super::report::{Damage, Proof, Report};
use super::scan;
use super::store::{Input, ObjectStore, Output, Progress};
use crate::ec::Codec;
use crate::layout::plan::{Health, Job, Part, Place, Plan, Step, Transfer, Work};
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// Runs plans on a store.
pub struct Executor<'a> {
    store: &'a dyn ObjectStore,
    input: Option<&'a dyn Input>,
    output: Option<&'a dyn Output>,
    progress: &'a dyn Progress,
    parity_is_covered: bool,
}

/// What the steps of one run share.
struct Run<'p> {
    plan: &'p Plan,
    codecs: BTreeMap<(usize, usize), Codec>,
    health: RwLock<Arc<Health>>,
    report: Mutex<Report>,
    buffers: Buffers,
}

/// Why a step could not go on: an object is bad (plan again without it), or all is over.
enum Stop {
    Bad { shard: usize, source: io::Error },
    Fatal(Error),
}

impl<'a> Executor<'a> {
    /// An executor on `store`, without input, output or progress.
    pub fn new(store: &'a dyn ObjectStore) -> Self {
        Self { store, input: None, output: None, progress: &(), parity_is_covered: false }
    }

    /// What [`Job::Write`] and [`Job::Parity`] read.
    pub fn input(mut self, input: &'a dyn Input) -> Self {
        self.input = Some(input);
        self
    }

    /// What [`Job::Read`] and [`Job::Parity`] write.
    pub fn output(mut self, output: &'a dyn Output) -> Self {
        self.output = Some(output);
        self
    }

    /// Who is told of the bytes done.
    pub fn progress(mut self, progress: &'a dyn Progress) -> Self {
        self.progress = progress;
        self
    }

    /// The parity is known to cover all data: its holes are zeros that were computed, not places
    /// that were never written. True after a resync of ours; Lustre's own leaves it open.
    pub fn parity_is_covered(mut self, covered: bool) -> Self {
        self.parity_is_covered = covered;
        self
    }

    /// Runs the plan to its end.
    ///
    /// Lost and damaged objects do not end a read, a verify or a rebuild: the report says what
    /// could not be had. Nothing wrong is ever written: bytes that cannot be justified are left
    /// out.
    ///
    /// # Errors
    /// I/O on the input, the output or an object that is written; or on an object that a resync
    /// or a write needs.
    pub fn run(&self, plan: &Plan) -> Result<Report, Error> {
        let mut codecs = BTreeMap::new();
        for geometry in plan.parts().iter().flat_map(Part::geometries) {
            let key = (geometry.data(), geometry.parity());
            codecs.entry(key).or_insert_with(|| Codec::new(geometry));
        }
        let run = Run {
            plan,
            codecs,
            health: RwLock::new(Arc::new(plan.health().clone())),
            report: Mutex::default(),
            buffers: Buffers::default(),
        };
        for zeros in plan.zeros() {
            run.report().add(zeros.clone(), Proof::Stored, true);
            self.progress.advance(zeros.end - zeros.start);
        }
        for (index, part) in plan.parts().iter().enumerate() {
            let mut row = part.rows().start;
            while row < part.rows().end {
                let active = self.active(plan, part, row)?;
                let (holes, health) = (row..active.start, run.health());
                proof::record_holes(
                    plan.job(),
                    part,
                    holes.clone(),
                    &health,
                    self.parity_is_covered,
                    &mut run.report(),
                );
                let skipped = part.row_extent(holes.start).start..part.row_extent(holes.end).start;
                self.progress.advance(skipped.end.saturating_sub(skipped.start));
                let steps = part.steps_of(active.clone());
                for_each(steps, |step| self.step(&run, index, step))?;
                row = active.end.max(active.start);
            }
        }
        Ok(run.report.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// The next rows that hold anything; an empty range at the part's end if none do.
    fn active(&self, plan: &Plan, part: &Part, from: u64) -> Result<Range<u64>, Error> {
        if let (Job::Write | Job::Parity, Some(input)) = (plan.job(), self.input) {
            let action = "looking for data in the input";
            return scan::input_rows(part, input, from)
                .map_err(|source| Error::Stream { action, source });
        }
        Ok(scan::object_rows(part, self.store, plan.health(), from))
    }

    /// Runs one step, planning it again without the objects that turn out bad.
    fn step(&self, run: &Run<'_>, part: usize, index: u64) -> Result<(), Error> {
        let mut health = run.health();
        let mut buffer = run.buffers.take();
        while let Some(step) = run.plan.step(part, index, &health) {
            let mut report = Report::default();
            match self.attempt(run, &run.plan.parts()[part], &step, &mut buffer, &mut report) {
                Ok(()) => {
                    run.report().merge(report);
                    self.progress
                        .advance(step.members[..step.data].iter().map(|m| m.len as u64).sum());
                    break;
                }
                Err(Stop::Fatal(error)) => return Err(error),
                Err(Stop::Bad { shard, source }) => {
                    let member = &step.members[shard];
                    let object = run.plan.object(member.component, member.stripe);
                    let missing = source.kind() == io::ErrorKind::NotFound;
                    let what = if missing {
                        "missing".to_string()
                    } else {
                        format!("unreadable at byte {}: {source}", member.offset)
                    };
                    let (component, stripe) = (member.component, member.stripe);
                    run.report().add_damage(Damage { object, component, stripe, what });
                    let mut worse = Health::clone(&health);
                    if !worse.lose_object(component, stripe) {
                        let id = object.ok_or_else(|| fatal("a slot without object was read"))?;
                        return Err(Error::Object { id, action: "reading", source });
                    }
                    health = Arc::new(worse);
                    if missing {
                        let mut shared = run.health.write().unwrap_or_else(PoisonError::into_inner);
                        Arc::make_mut(&mut shared).lose_object(component, stripe);
                    }
                }
            }
        }
        run.buffers.give(buffer);
        Ok(())
    }

    fn attempt(
        &self,
        run: &Run<'_>,
        part: &Part,
        step: &Step,
        buffer: &mut Vec<u8>,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let total = step.data + step.parity;
        // One shard more than members: a surplus parity is computed beside the stored one.
        let mut shards = Buffers::carve(buffer, total + 1, step.width);
        let begin = Instant::now();
        let mut filled = vec![0; total + 1];
        for transfer in &step.reads {
            filled[transfer.shard] = self.read(run, transfer, shards[transfer.shard])?;
        }
        for (shard, &len) in shards.iter_mut().zip(&filled) {
            shard[len..].fill(0);
        }
        let read = Instant::now();
        let verdict = match &step.work {
            Work::Copy => Verdict::stored(step.width),
            Work::Lost(_) => Verdict::hopeless(step.width),
            Work::Encode => {
                let (data, parity) = shards[..total].split_at_mut(step.data);
                run.codec(step)?.encode(data, parity).map_err(Error::from)?;
                Verdict::stored(step.width)
            }
            Work::Verify => {
                Verdict::of_verify(run.codec(step)?, step, &shards[..total]).map_err(Error::from)?
            }
            Work::Reconstruct { lost, check } => {
                let agrees = proof::reconstruct(run.codec(step)?, step, &mut shards, lost, *check)
                    .map_err(Error::from)?;
                // Parity that is computed from data alone needs no other parity's word.
                let by_data = lost.iter().all(|shard| *shard >= step.data);
                let written = match by_data {
                    true => scan::whole(step.width),
                    false => self.written_parity(run, part, step, &shards)?,
                };
                Verdict::of_reconstruction(step.width, agrees, &written, by_data)
            }
        };
        let coded = Instant::now();
        for t in &step.writes {
            self.deliver(run, step, t, &shards, &verdict, report)?;
        }
        verdict.record(run.plan.job(), part, step, report);
        report.times.read = read - begin;
        report.times.code = coded - read;
        report.times.write = coded.elapsed();
        Ok(())
    }

    /// Reads one transfer; returns the bytes filled. What lies past an object's end is zeros.
    fn read(&self, run: &Run<'_>, t: &Transfer, shard: &mut [u8]) -> Result<usize, Stop> {
        let target = &mut shard[t.at..t.at + t.len];
        match t.place {
            Place::Input(offset) => {
                let action = "reading the input";
                let Some(input) = self.input else { return Err(fatal("no input").into()) };
                let n = input
                    .read_at(offset, target)
                    .map_err(|source| Stop::Fatal(Error::Stream { action, source }))?;
                if n < t.len {
                    let text = format!(
                        "expected {} bytes at {offset}, got {n}: did the file shrink?",
                        t.len
                    );
                    let source = io::Error::new(io::ErrorKind::UnexpectedEof, text);
                    return Err(Stop::Fatal(Error::Stream { action, source }));
                }
                Ok(t.at + n)
            }
            Place::Object(component, stripe, offset) => {
                let Some(id) = run.plan.object(component, stripe) else {
                    let source = io::Error::new(io::ErrorKind::NotFound, "the slot is empty");
                    return Err(Stop::Bad { shard: t.shard, source });
                };
                match self.store.read_at(id, offset, target) {
                    Ok(n) => Ok(t.at + n),
                    Err(source) if run.plan.tolerates_damage() => {
                        Err(Stop::Bad { shard: t.shard, source })
                    }
                    Err(source) => Err(Error::Object { id, action: "reading", source }.into()),
                }
            }
            Place::Output(_) => Err(fatal("a plan reads its output").into()),
        }
    }

    /// The columns where every parity that the step read is known to speak of the data.
    ///
    /// A hole in it can stand for zeros only where all data that is left is zeros too, and only if
    /// the parity is known to cover all data: we write parity wherever a data block is not zero.
    ///
    /// Lustre's resync writes parity where a RAID set has data, and punches it in rows that are
    /// all holes. A set that became a hole in a row with other data keeps its old parity: where
    /// nothing of the set is left that has data, parity that is there may be of the past.
    fn written_parity(
        &self,
        run: &Run<'_>,
        part: &Part,
        step: &Step,
        shards: &[&mut [u8]],
    ) -> Result<Vec<Range<usize>>, Stop> {
        let mut written = scan::whole(step.width);
        let mut set_has_data = self.parity_is_covered || part.sets().count() == 1;
        let left = step.reads.iter().map(|t| t.shard).filter(|s| *s < step.data);
        let left: Vec<&[u8]> = left.map(|s| &*shards[s]).collect();
        for t in &step.reads {
            let Place::Object(component, stripe, offset) = t.place else { continue };
            let Some(id) = run.plan.object(component, stripe) else { continue };
            let bad = |source| Stop::Bad { shard: t.shard, source };
            // Bytes that are not zero were written: only zeros need a look at the object's holes,
            // which can cost a walk over all of it.
            let bytes = [&*shards[t.shard]];
            if t.shard < step.data {
                if !set_has_data {
                    let (before, behind) = step.around;
                    let end = offset.saturating_add(step.width as u64 + behind);
                    let from = offset.saturating_sub(before);
                    set_has_data = scan::any_data(&bytes, 0..step.width) || {
                        let data = self.store.next_data(id, from).map_err(bad)?;
                        data.is_some_and(|data| data.start < end)
                    };
                }
                continue;
            }
            let mut known = scan::blocks(offset, step.width, |c| {
                scan::any_data(&bytes, c.clone())
                    || (self.parity_is_covered && !scan::any_data(&left, c))
            });
            if known != scan::whole(step.width) {
                let data = scan::data_columns(self.store, id, offset, step.width).map_err(bad)?;
                known = scan::union(&known, &data);
            }
            written = scan::intersect(&written, &known);
        }
        Ok(if set_has_data { written } else { Vec::new() })
    }

    /// Writes the columns of one transfer that can be justified; zero blocks become holes. Parity
    /// becomes a hole only where all data is zeros: elsewhere a hole in it is a sign of damage.
    fn deliver(
        &self,
        run: &Run<'_>,
        step: &Step,
        t: &Transfer,
        shards: &[&mut [u8]],
        verdict: &Verdict,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let data: Vec<&[u8]> = shards[..step.data].iter().map(|s| &**s).collect();
        let is_parity = t.shard >= step.data;
        let in_place = run.plan.job() == Job::Resync;
        for columns in verdict.sound(step, t.shard, t.at..t.at + t.len) {
            let shift = (columns.start - t.at) as u64;
            let bytes = &shards[t.shard][columns.clone()];
            match t.place {
                Place::Output(offset) => {
                    let Some(output) = self.output else { return Err(fatal("no output").into()) };
                    let action = "writing the output";
                    scan::runs(bytes, offset + shift, |zero, at, run| match zero {
                        true => Ok(()),
                        false => output.write_at(at, run),
                    })
                    .map_err(|source| Error::Stream { action, source })?;
                }
                Place::Object(component, stripe, offset) => {
                    let Some(id) = run.plan.object(component, stripe) else {
                        return Err(fatal("a plan writes to an empty slot").into());
                    };
                    scan::runs(bytes, offset + shift, |zero, at, run| {
                        let first = columns.start + (at - offset - shift) as usize;
                        let hole =
                            zero && !(is_parity && scan::any_data(&data, first..first + run.len()));
                        if !hole {
                            report.parity_written += if is_parity { run.len() as u64 } else { 0 };
                            return self.store.write_at(id, at, run);
                        }
                        // Old parity may lie there.
                        if in_place {
                            return self.store.punch(id, at..at + run.len() as u64);
                        }
                        Ok(())
                    })
                    .map_err(|source| Error::Object {
                        id,
                        action: "writing",
                        source,
                    })?;
                }
                Place::Input(_) => return Err(fatal("a plan writes its input").into()),
            }
        }
        Ok(())
    }
}

impl Run<'_> {
    fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn codec(&self, step: &Step) -> Result<&Codec, Error> {
        self.codecs.get(&(step.data, step.parity)).ok_or_else(|| fatal("no codec for a RAID set"))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Fatal(error)
    }
}

/// A plan that contradicts itself: a bug, told as an error instead of a panic.
fn fatal(what: &'static str) -> Error {
    Error::Stream { action: "running the plan", source: io::Error::other(what) }
}

/// Calls `f` for each step, spread over rayon's threads where the feature is on.
#[cfg(feature = "rayon")]
fn for_each(
    steps: Range<u64>,
    f: impl Fn(u64) -> Result<(), Error> + Sync + Send,
) -> Result<(), Error> {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    steps.into_par_iter().try_for_each(f)
}

#[cfg(not(feature = "rayon"))]
fn for_each(steps: Range<u64>, f: impl Fn(u64) -> Result<(), Error>) -> Result<(), Error> {
    steps.into_iter().try_for_each(f)
}
