//! What several mirrors have lost in common: a byte is gone only if it is gone in each.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use super::exposure::Candidate;
use crate::layout::{ComponentView, Extent};

/// Most steps of a walk over a stretch: as many stripe units, and parts of them.
const MOST_STEPS: u64 = 1 << 16;

/// Where the stripe units of a component lie: its rows count from its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    start: u64,
    unit: u64,
    row: u64,
    /// Bytes of a unit after which an EC stripe goes on in the next object, or 0.
    seam: u64,
    /// The last row, which can differ from the others.
    last: u64,
}

impl Grid {
    /// One unit for all bytes.
    pub(super) const WHOLE: Grid =
        Grid { start: 0, unit: u64::MAX, row: u64::MAX, seam: 0, last: 0 };

    pub(super) fn of(view: &ComponentView<'_>, rows: Range<u64>) -> Grid {
        let Some(stripes) = view.stripes() else { return Grid::WHOLE };
        let (start, unit) = (view.extent.start, stripes.size());
        let seam = (unit - start % unit) % unit;
        let last = rows.end.saturating_sub(1);
        Grid { start, unit, row: stripes.row_bytes(), seam, last }
    }

    /// The piece that byte `at` is in: whether its row is the last, its beginning in a row, its end
    /// in the file.
    fn piece(&self, at: u64) -> (bool, u64, u64) {
        let from_start = at - self.start.min(at);
        let (row, in_row) = (from_start / self.row, from_start % self.row);
        let (unit, column) = (in_row / self.unit * self.unit, in_row % self.unit);
        let (begin, end) = match column < self.seam {
            true => (unit, unit.saturating_add(self.seam)),
            false => (unit + self.seam, unit.saturating_add(self.unit)),
        };
        (row >= self.last, begin, at.saturating_add(end - in_row))
    }
}

/// The pieces that a candidate has lost: (of the last row, beginning in the row).
struct Lost<'a> {
    grid: &'a Grid,
    pieces: BTreeSet<(bool, u64)>,
}

impl<'a> Lost<'a> {
    fn of(candidate: &'a Candidate, lost: &impl Fn(u32) -> bool) -> Lost<'a> {
        let grid = &candidate.grid;
        let mut pieces = BTreeSet::new();
        for set in candidate.sets.iter().filter(|set| !set.is_readable(lost)) {
            for member in set.missing(lost) {
                let (_, begin, _) = grid.piece(member.offset);
                pieces.insert((set.last, begin));
            }
        }
        Lost { grid, pieces }
    }

    /// Whether byte `at` is lost, and how far that holds at least.
    fn at(&self, at: u64) -> (bool, u64) {
        let (last, begin, end) = self.grid.piece(at);
        (self.pieces.contains(&(last, begin)), end)
    }
}

/// No byte of the stretch is lost in all candidates. Where that takes too long to find out, because
/// the stripings repeat their common pattern after thousands of rows only, the answer is no.
pub(super) fn nothing_in_common(
    extent: Extent,
    candidates: &[Candidate],
    lost: &impl Fn(u32) -> bool,
) -> bool {
    let all: Vec<Lost<'_>> = candidates.iter().map(|one| Lost::of(one, lost)).collect();
    // The pattern repeats with the rows; only last rows differ.
    let period = all.iter().try_fold(1u64, |all, one| lcm(all, one.grid.row));
    let period = period.unwrap_or(u64::MAX);
    let rows = all.iter().map(|one| one.grid.row).max().unwrap_or(0);
    let head = extent.start.saturating_add(period).min(extent.end);
    let tail = extent.end.saturating_sub(rows.saturating_mul(2)).max(extent.start);
    common(&all, extent.start..head) == Some(0) && common(&all, tail..extent.end) == Some(0)
}

/// Bytes of the stretch that are lost in all candidates; `None` if that takes too long to find out.
pub(super) fn bytes_in_common(
    extent: Extent,
    candidates: &[Candidate],
    lost: &impl Fn(u32) -> bool,
) -> Option<u64> {
    let all: Vec<Lost<'_>> = candidates.iter().map(|one| Lost::of(one, lost)).collect();
    common(&all, extent.start..extent.end)
}

fn common(all: &[Lost<'_>], range: Range<u64>) -> Option<u64> {
    let (mut at, mut bytes, mut steps) = (range.start, 0, 0);
    while at < range.end {
        steps += 1;
        if steps > MOST_STEPS {
            return None;
        }
        // Readable up to the furthest end of who has it, or lost up to the nearest.
        let has = all.iter().map(|one| one.at(at)).filter(|(lost, _)| !lost).map(|(_, end)| end);
        let next = match has.max() {
            Some(end) => end.min(range.end),
            None => {
                let ends = all.iter().map(|one| one.at(at).1);
                let end = ends.min().unwrap_or(range.end).min(range.end);
                bytes += end - at;
                end
            }
        };
        at = next.max(at + 1);
    }
    Some(bytes)
}

fn lcm(a: u64, b: u64) -> Option<u64> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).checked_mul(b)
}
