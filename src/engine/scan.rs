//! Where there is data: rows worth a step, columns that were written, blocks of zeros.

use super::store::{Input, ObjectStore};
use crate::layout::ObjectId;
use crate::layout::plan::{Health, Part};
use std::io;
use std::ops::Range;

/// Granularity of holes and of comparisons: the block of the file systems below.
pub(super) const BLOCK: usize = 4096;

/// The next rows, from `from` on, in which the input holds data; empty at the part's end if none
/// do.
pub(super) fn input_rows(part: &Part, input: &dyn Input, from: u64) -> io::Result<Range<u64>> {
    let end = part.rows().end;
    let row = part.row_extent(from);
    let Some(data) = input.next_data(row.start)? else { return Ok(end..end) };
    let extent = part.extent();
    if data.start >= extent.end {
        return Ok(end..end);
    }
    let bytes = part.row_bytes();
    let first = (data.start - extent.start) / bytes;
    let last = (data.end.min(extent.end) - extent.start).div_ceil(bytes);
    Ok(first.max(from)..last.clamp(from, end))
}

/// The next rows, from `from` on, in which an object that is left holds data, parity included.
///
/// An object that cannot be asked makes all rows active: the steps will find out what is wrong.
pub(super) fn object_rows(
    part: &Part,
    store: &dyn ObjectStore,
    health: &Health,
    from: u64,
) -> Range<u64> {
    let end = part.rows().end;
    let mut next = end..end;
    let data = (0..part.data_stripes()).map(|s| (false, s));
    let parity = (0..part.parity_stripes()).map(|s| (true, s));
    for (is_parity, stripe) in data.chain(parity) {
        let (component, object, offset) = if is_parity {
            let offset = part.parity_offset_of_row(from, stripe);
            (part.parity_component().unwrap_or_default(), part.parity_object(stripe), offset)
        } else {
            let offset = part.data_offset_of_row(from, stripe);
            (part.data_component(), part.data_object(stripe), offset)
        };
        let Some(id) = object.filter(|o| !health.is_lost(component, stripe, Some(*o))) else {
            continue;
        };
        let region = match store.next_data(id, offset) {
            Ok(Some(region)) => region,
            Ok(None) => continue,
            Err(_) => return from..end,
        };
        let row = |offset| {
            if is_parity {
                part.row_of_parity(stripe, offset)
            } else {
                part.row_of_data(stripe, offset)
            }
        };
        let rows = row(region.start).clamp(from, end)..(row(region.end - 1) + 1).clamp(from, end);
        if rows.start < next.start {
            next = rows;
        } else if rows.start == next.start {
            next.end = next.end.max(rows.end);
        }
        if next.start == from && next.end == end {
            break; // nothing can widen it
        }
    }
    next
}

/// All columns.
pub(super) fn whole(width: usize) -> Vec<Range<usize>> {
    vec![0..width]
}

/// The columns of `width` bytes at `offset` of an object that are not holes.
pub(super) fn data_columns(
    store: &dyn ObjectStore,
    id: ObjectId,
    offset: u64,
    width: usize,
) -> io::Result<Vec<Range<usize>>> {
    let end = offset.saturating_add(width as u64);
    let mut columns = Vec::new();
    let mut at = offset;
    while at < end {
        let Some(region) = store.next_data(id, at)? else { break };
        if region.start >= end {
            break;
        }
        let stop = region.end.min(end);
        columns.push((region.start - offset) as usize..(stop - offset) as usize);
        at = stop;
    }
    Ok(columns)
}

/// The columns that are in both sorted lists.
pub(super) fn intersect(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut both = Vec::new();
    for x in a {
        for y in b {
            let part = x.start.max(y.start)..x.end.min(y.end);
            if !part.is_empty() {
                both.push(part);
            }
        }
    }
    both
}

/// The columns that are in either of two sorted lists.
pub(super) fn union(a: &[Range<usize>], b: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = a.iter().chain(b).cloned().collect();
    all.sort_unstable_by_key(|r| r.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(all.len());
    for next in all {
        match merged.last_mut() {
            Some(last) if last.end >= next.start => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

/// The blocks of an object that `width` columns at `offset` of it fall into.
pub(super) fn each_block(offset: u64, width: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let within = ((offset + at as u64) % BLOCK as u64) as usize;
        let columns = at..(at + BLOCK - within).min(width);
        at = columns.end;
        (!columns.is_empty()).then_some(columns)
    })
}

/// The blocks that `pick` picks, neighbours merged.
pub(super) fn blocks(
    offset: u64,
    width: usize,
    pick: impl Fn(Range<usize>) -> bool,
) -> Vec<Range<usize>> {
    let picked: Vec<_> = each_block(offset, width).filter(|c| pick(c.clone())).collect();
    union(&picked, &[])
}

/// Whether any shard has a byte other than 0 in these columns.
pub(super) fn any_data(shards: &[&[u8]], columns: Range<usize>) -> bool {
    shards.iter().any(|shard| !is_zero(&shard[columns.clone()]))
}

/// Splits `bytes`, which lie at `offset`, into runs of zero blocks and of others: calls
/// `f(is_zero, offset, run)`. Blocks are counted from offset 0, as the file system's are.
pub(super) fn runs(
    bytes: &[u8],
    offset: u64,
    mut f: impl FnMut(bool, u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut start = 0;
    let mut current = None;
    let mut at = 0;
    while at < bytes.len() {
        let within = ((offset + at as u64) % BLOCK as u64) as usize;
        let stop = (at + BLOCK - within).min(bytes.len());
        let zero = is_zero(&bytes[at..stop]);
        if let Some(kind) = current.filter(|kind| *kind != zero) {
            f(kind, offset + start as u64, &bytes[start..at])?;
            start = at;
        }
        current = Some(zero);
        at = stop;
    }
    match current {
        Some(kind) => f(kind, offset + start as u64, &bytes[start..]),
        None => Ok(()),
    }
}

fn is_zero(block: &[u8]) -> bool {
    // Data rarely starts with zeros: most blocks are told by their first bytes.
    let (head, rest) = block.split_at(block.len().min(64));
    head.iter().all(|&b| b == 0) && rest.iter().fold(0, |a, &b| a | b) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_follow_the_blocks_of_the_object() -> io::Result<()> {
        let mut bytes = vec![0u8; 3 * BLOCK];
        bytes[BLOCK] = 1; // offset 100 shifts it into the object's second block
        let mut seen = Vec::new();
        runs(&bytes, 100, |zero, at, run| {
            seen.push((zero, at, run.len()));
            Ok(())
        })?;
        let first = BLOCK - 100;
        assert_eq!(
            seen,
            [
                (true, 100, first),
                (false, BLOCK as u64, BLOCK),
                (true, 2 * BLOCK as u64, 3 * BLOCK - first - BLOCK)
            ]
        );
        runs(&[], 5, |_, _, _| Err(io::Error::other("called for nothing")))
    }

    #[test]
    fn intersections_keep_order() {
        assert_eq!(intersect(&[0..10, 20..30], &[5..25]), [5..10, 20..25]);
        assert!(intersect(&whole(4), &[]).is_empty());
        assert_eq!(union(&[0..10, 20..30], &[5..12, 30..31]), [0..12, 20..31]);
        let picked = blocks(100, 3 * BLOCK, |c| c.start != BLOCK - 100);
        assert_eq!(picked, [0..BLOCK - 100, 2 * BLOCK - 100..3 * BLOCK]);
    }
}
