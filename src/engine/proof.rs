//! What a step's computation proves of its bytes.

use super::report::{Proof, Report};
use super::scan;
use crate::Error;
use crate::ec::Codec;
use crate::layout::plan::{Health, Job, Member, Part, Step, Work};
use std::ops::Range;

/// Columns of a step, in order, each with what is said of them.
type Columns<T> = Vec<(Range<usize>, T)>;

/// What is known of the columns of one step.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Of members that were computed.
    computed: Columns<Proof>,
    /// Of members that were read.
    read: Columns<Proof>,
}

impl Verdict {
    /// Nothing was compared.
    pub(super) fn stored(width: usize) -> Self {
        Self { computed: Vec::new(), read: vec![(0..width, Proof::Stored)] }
    }

    /// Nothing could be computed.
    pub(super) fn hopeless(width: usize) -> Self {
        Self { computed: vec![(0..width, Proof::Lost)], ..Self::stored(width) }
    }

    /// Compares all parity with all data; disagreement is narrowed down to blocks.
    pub(super) fn of_verify(
        codec: &Codec,
        step: &Step,
        shards: &[&mut [u8]],
    ) -> Result<Self, Error> {
        let data = step.data;
        let width = shards.first().map_or(0, |s| s.len());
        let agrees = |columns: Range<usize>| {
            let cut: Vec<&[u8]> = shards.iter().map(|s| &s[columns.clone()]).collect();
            codec.verify(&cut[..data], &cut[data..])
        };
        let mut read = Vec::new();
        if agrees(0..width)? {
            read.push((0..width, Proof::Proven));
        } else {
            for columns in scan::each_block(phase(step), width) {
                let proof =
                    if agrees(columns.clone())? { Proof::Proven } else { Proof::Contradicted };
                push(&mut read, columns, proof);
            }
        }
        Ok(Self { computed: Vec::new(), read })
    }

    /// Of a reconstruction: `agrees` are the columns where a surplus parity confirms it (`None`:
    /// there was no surplus), `written` those where the parity that was used had been written.
    /// With `by_data`, nothing was lost and the surplus only confirms the data.
    pub(super) fn of_reconstruction(
        width: usize,
        agrees: Option<Columns<bool>>,
        written: &[Range<usize>],
        by_data: bool,
    ) -> Self {
        let surplus = agrees.is_some();
        let agrees = agrees.unwrap_or_else(|| vec![(0..width, true)]);
        let (mut computed, mut read) = (Vec::new(), Vec::new());
        for (columns, ok) in agrees {
            let proof = match (ok, surplus) {
                (false, _) => Proof::Contradicted,
                (true, true) => Proof::Proven,
                (true, false) => Proof::Consistent,
            };
            push(&mut read, columns.clone(), if surplus { proof } else { Proof::Stored });
            // Holes in the parity say nothing, even if they happen to agree with each other.
            let mut at = columns.start;
            for part in written {
                let part = part.start.max(columns.start)..part.end.min(columns.end);
                if !part.is_empty() {
                    push(&mut computed, at..part.start, Proof::Unprovable);
                    push(&mut computed, part.clone(), proof);
                    at = part.end;
                }
            }
            push(&mut computed, at..columns.end, Proof::Unprovable);
        }
        if !by_data {
            // What was read is no better known than what was computed from it.
            for (columns, proof) in &computed {
                if *proof == Proof::Unprovable {
                    read = overwrite(&read, columns, Proof::Stored);
                }
            }
        }
        Self { computed, read }
    }

    /// Whether a shard was computed, and what is known of its columns.
    fn of(&self, step: &Step, shard: usize) -> (bool, &[(Range<usize>, Proof)]) {
        let lost: &[usize] = match &step.work {
            Work::Reconstruct { lost, .. } | Work::Lost(lost) => lost,
            Work::Copy | Work::Encode | Work::Verify => &[],
        };
        if lost.contains(&shard) { (true, &self.computed) } else { (false, &self.read) }
    }

    /// The columns of `shard` within `wanted` that may be written: what an object holds or a plan
    /// encodes is given as it is, what was reconstructed only where that is justified.
    pub(super) fn sound(
        &self,
        step: &Step,
        shard: usize,
        wanted: Range<usize>,
    ) -> Vec<Range<usize>> {
        match self.of(step, shard) {
            (false, _) => vec![wanted],
            (true, known) => {
                cut(known, &wanted).filter(|(_, p)| p.is_sound()).map(|(c, _)| c).collect()
            }
        }
    }

    /// Records what is known of the file's bytes in this step.
    pub(super) fn record(&self, job: Job, part: &Part, step: &Step, report: &mut Report) {
        if matches!(job, Job::Write | Job::Parity) {
            return;
        }
        let wrong =
            |list: &[(Range<usize>, Proof)]| list.iter().any(|(_, p)| *p == Proof::Contradicted);
        report.mismatches += u64::from(wrong(&self.read) || wrong(&self.computed));
        // Parity has no place in the file: what of it is not written is only counted.
        for (shard, member) in step.members.iter().enumerate().skip(step.data) {
            let (computed, known) = self.of(step, shard);
            if computed && job == Job::Rebuild {
                let whole = 0..member.len;
                let unsound = cut(known, &whole).filter(|(_, p)| !p.is_sound());
                report.parity_withheld += unsound.map(|(c, _)| c.len() as u64).sum::<u64>();
            }
        }
        for (shard, member) in step.members[..step.data].iter().enumerate() {
            let (computed, known) = self.of(step, shard);
            for (columns, proof) in cut(known, &part.wanted_of(member)) {
                // A rebuild speaks of what it rebuilt, and of rows that it must not trust; what a
                // hopeless verify did not read, it says nothing of.
                let unread = job == Job::Verify && matches!(step.work, Work::Lost(_));
                let silent = !computed
                    && (unread
                        || job == Job::Resync
                        || (job == Job::Rebuild && proof != Proof::Contradicted));
                if silent {
                    continue;
                }
                let file = member.file + columns.start as u64..member.file + columns.end as u64;
                report.add(file, proof, !computed || proof.is_sound());
            }
        }
    }
}

/// Records rows that are holes in every object that is left: nothing was read.
///
/// What is lost there was zeros if the parity is known to cover all data; else nobody knows.
pub(super) fn record_holes(
    job: Job,
    part: &Part,
    rows: Range<u64>,
    health: &Health,
    covered: bool,
    report: &mut Report,
) {
    let speaks = |proof: Proof| match job {
        Job::Read { .. } => Some(proof),
        // Without parity there was nothing to verify.
        Job::Verify if part.parity_component().is_none() && proof == Proof::Stored => None,
        Job::Verify if proof == Proof::Stored => Some(Proof::Proven),
        Job::Verify => Some(proof),
        _ => (proof != Proof::Stored).then_some(proof),
    };
    // These say nothing of bytes, and may have more rows than can be counted through.
    if matches!(job, Job::Write | Job::Parity | Job::Resync) {
        return;
    }
    let wanted = part.wanted();
    if part.lost(health).next().is_none() {
        let start = part.row_extent(rows.start).start.max(wanted.start);
        let end = part.row_extent(rows.end).start.min(wanted.end);
        if let Some(proof) = speaks(Proof::Stored).filter(|_| start < end) {
            report.add(start..end, proof, true);
        }
        return;
    }
    for (data, members) in rows.flat_map(|row| part.row_members(row, health)) {
        let gone = |m: &&Member| m.lost && m.len > 0;
        let lost = members[..data].iter().filter(gone).count();
        let parity = members[data..].iter().filter(|m| !m.lost).count();
        let proof = match (lost, parity, covered) {
            (lost, parity, _) if lost > parity => Proof::Lost,
            (_, _, false) => Proof::Unprovable,
            (lost, parity, true) if parity > lost => Proof::Proven,
            _ => Proof::Consistent,
        };
        for member in &members[..data] {
            let columns = part.wanted_of(member);
            let known = match (gone(&member), job) {
                (true, _) => Some(proof),
                // As in rows that are read: a surplus parity speaks for what is left, and of a
                // hopeless set a verify says nothing more.
                (false, Job::Verify) if lost > parity => None,
                (false, Job::Verify) if parity > lost => Some(Proof::Proven),
                (false, Job::Verify) => Some(Proof::Stored),
                (false, _) => speaks(Proof::Stored),
            };
            if let Some(known) = known.filter(|_| !columns.is_empty()) {
                let file = member.file + columns.start as u64..member.file + columns.end as u64;
                report.add(file, known, known.is_sound());
            }
        }
    }
}

/// Computes the lost shards, and a surplus parity beside the stored one: in which columns do the
/// two agree? `None` without a surplus.
pub(super) fn reconstruct(
    codec: &Codec,
    step: &Step,
    shards: &mut [&mut [u8]],
    lost: &[usize],
    check: Option<usize>,
) -> Result<Option<Columns<bool>>, Error> {
    let total = step.data + step.parity;
    let Some((spare, members)) = shards[..total + 1].split_last_mut() else { return Ok(None) };
    let mut survivors: Vec<Option<&[u8]>> = vec![None; total];
    let mut wanted: Vec<(usize, &mut [u8])> = Vec::with_capacity(lost.len() + 1);
    let mut stored: Option<&[u8]> = None;
    for (index, shard) in members.iter_mut().enumerate() {
        let was_read = step.reads.iter().any(|t| t.shard == index);
        // Members past the end of the file are zeros, and need no reading.
        let is_zero = index < step.data && step.members[index].len == 0;
        if lost.contains(&index) {
            wanted.push((index, shard));
        } else if check == Some(index) {
            stored = Some(shard);
        } else if was_read || is_zero {
            survivors[index] = Some(shard);
        }
    }
    if let Some(index) = check {
        wanted.push((index, spare));
    }
    codec.reconstruct(&survivors, &mut wanted)?;
    let Some(stored) = stored else { return Ok(None) };
    let computed: &[u8] = spare;
    let mut agrees = Vec::new();
    if stored == computed {
        agrees.push((0..step.width, true));
    } else {
        for columns in scan::each_block(phase(step), step.width) {
            let same = stored[columns.clone()] == computed[columns.clone()];
            push(&mut agrees, columns, same);
        }
    }
    Ok(Some(agrees))
}

/// Where the step's first column lies: blocks are those of the objects.
fn phase(step: &Step) -> u64 {
    step.members.first().map_or(0, |member| member.offset)
}

/// Appends columns, merging them with equal neighbours; empty ones are dropped.
fn push<T: PartialEq>(list: &mut Columns<T>, columns: Range<usize>, value: T) {
    if columns.is_empty() {
        return;
    }
    match list.last_mut() {
        Some((last, v)) if *v == value && last.end == columns.start => last.end = columns.end,
        _ => list.push((columns, value)),
    }
}

/// The parts of a list that lie in `wanted`.
fn cut<'a>(
    list: &'a [(Range<usize>, Proof)],
    wanted: &'a Range<usize>,
) -> impl Iterator<Item = (Range<usize>, Proof)> + 'a {
    list.iter().filter_map(move |(columns, proof)| {
        let part = columns.start.max(wanted.start)..columns.end.min(wanted.end);
        (!part.is_empty()).then_some((part, *proof))
    })
}

/// The list with `columns` set to `proof`.
fn overwrite(
    list: &[(Range<usize>, Proof)],
    columns: &Range<usize>,
    proof: Proof,
) -> Columns<Proof> {
    let mut out = Vec::with_capacity(list.len() + 2);
    for (range, old) in list {
        push(&mut out, range.start..range.end.min(columns.start).max(range.start), *old);
        push(&mut out, range.start.max(columns.start)..range.end.min(columns.end), proof);
        push(&mut out, range.end.min(range.start.max(columns.end))..range.end, *old);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwritten_parity_proves_nothing() {
        let verdict = Verdict::of_reconstruction(100, Some(vec![(0..100, true)]), &[10..50], false);
        assert_eq!(
            verdict.computed,
            [(0..10, Proof::Unprovable), (10..50, Proof::Proven), (50..100, Proof::Unprovable)]
        );
        assert_eq!(
            verdict.read,
            [(0..10, Proof::Stored), (10..50, Proof::Proven), (50..100, Proof::Stored)]
        );
    }

    #[test]
    fn contradiction_is_told_block_by_block() {
        let agrees = vec![(0..40, true), (40..60, false), (60..100, true)];
        let verdict = Verdict::of_reconstruction(100, Some(agrees), &[0..100], false);
        assert_eq!(
            verdict.computed,
            [(0..40, Proof::Proven), (40..60, Proof::Contradicted), (60..100, Proof::Proven)]
        );
    }

    #[test]
    fn without_surplus_it_is_consistent_at_best() {
        let verdict = Verdict::of_reconstruction(8, None, &[0..8], false);
        assert_eq!(verdict.computed, [(0..8, Proof::Consistent)]);
        assert_eq!(verdict.read, [(0..8, Proof::Stored)]);
    }
}
