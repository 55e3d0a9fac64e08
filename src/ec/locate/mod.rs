//! Which shards of a row are wrong, told from those that are there beyond what is needed.
//!
//! # How
//!
//! Number the shards by their field elements: data j is j, parity i is k + i. Let p(z) be the
//! product of z + i over all parity numbers, g(z) that of z + e over the erased shards, q the number
//! of surplus shards (parity less erased), and f any polynomial of degree below p.
//!
//! **Checks.** For a data shard j, `f(z) / ((z + j) p(z))` falls as `1/z^2` or faster, so its
//! residues have sum zero: `f(j) / p(j)` + the sum of `f(i) / ((i + j) p'(i))` over the parity. The
//! row whose data are zero but for 1 in shard j has parity `1 / (i + j)`; so with `v = 1/p(j)` for
//! data, `1/p'(i)` for parity, the sum of `v_l f(l) c_l` over all shards l is zero for this row, and
//! as rows are sums of such rows, for each row c that has no damage. Taking f = g, g z, g z^2, ..
//! gives q checks in which erased shards have no part: with `w_l = v_l g(l)`, all *power sums*
//! `S_m = sum of w_l l^m c_l`, m < q, are zero. Damage of `e_l` in shards B of a column makes them
//! the sums of `X_l l^m` over B, with `X_l = w_l e_l`, which is zero only if `e_l` is.
//!
//! **Only one answer.** Any q columns of the checks are a Vandermonde matrix times constants, so
//! they are independent. Two explanations by at most q/2 shards each would be a dependence of at
//! most q columns: there is only one, and if that many are wrong, it is the truth. Damage of up to q
//! shards is always noticed.
//!
//! **Finding it.** Sums of t powers obey the recurrence whose characteristic polynomial is the
//! product of z + l over B, of length t, and no shorter one; with 2t <= q, Berlekamp and Massey's
//! algorithm finds it (this solves the same equations as Welch and Berlekamp's, for sums instead of
//! values at the parity's numbers). Its roots must be t different survivors, which must then explain
//! all q sums with no value zero. Anything else is *unexplained*.
//!
//! **Voting.** More than q/2 wrong shards in one column can look like damage of innocent ones. What
//! a shard's votes are worth is counted in `evidence`.

mod column;
mod evidence;
mod vote;

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use self::column::Checks;
use self::vote::Votes;
pub use self::vote::{Located, Suspect, Verdict};
use super::codec::Codec;
use super::geometry::MAX_PARITY;
use super::matrix::Pattern;
use super::set::ShardSet;
use super::shards::Call;
use super::tables::surviving_set;
use crate::gf::{Backend, Coef};
use crate::{Error, ShardList};

/// Bytes of each shard that are looked at together: the sums of all of them stay in the cache.
const TILE: usize = 4096;

impl Codec {
    /// Says which of `shards` hold wrong bytes.
    ///
    /// `shards` lists all k + p shards, data first, `None` for what is known to be lost. Let q be
    /// the number of the others beyond k. In each column (byte of all shards at one offset), damage
    /// of up to q/2 shards (rounded down) is told exactly, and of up to q shards is noticed; with
    /// q = 0 nothing can be checked, and with q = 1 damage is noticed but not located. More damage
    /// can look like damage of innocent shards. That is unlikely in many columns, so the columns
    /// vote, and each [`Suspect`] comes with the evidence against it; [`Located::verdict`] is what
    /// a program can act on.
    ///
    /// What no code can know: whether a data shard is wrong, or right and newer than all parity.
    /// Either way it contradicts the others, and is what is named. And the evidence takes damage
    /// for random: damage of more than q/2 shards whose bytes are in one fixed ratio in all columns
    /// (other than of shards that were swapped, or equal and then equal again, which is recognized)
    /// can accuse an innocent shard again and again.
    ///
    /// Cost: of a row that is right, that of [`verify`](Self::verify), or with losses that of
    /// [`reconstruct`](Self::reconstruct) of q shards, and an allocation of 16 bytes per shard. Of
    /// a damaged row, three passes over 4 KiB pieces, and in those that are wrong some 50 to 100
    /// nanoseconds for each wrong column; several times as much where more than q/2 shards are
    /// wrong or q is large.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`], or [`Error::TooManyErasures`] if fewer than k
    /// shards are there.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry, Verdict};
    ///
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let mut data = [[7; 100]; 4];
    /// data.iter_mut().flatten().enumerate().for_each(|(i, byte)| *byte = (i * i) as u8);
    /// let mut parity = [[0; 100]; 2];
    /// codec.encode(&data, &mut parity)?;
    ///
    /// // Ten bytes of shard 2 change without anyone being told.
    /// (30..40).for_each(|at| data[2][at] ^= at as u8);
    /// let located = codec.locate(&data.iter().chain(&parity).map(Some).collect::<Vec<_>>())?;
    /// assert_eq!(located.verdict(), Verdict::Replace(vec![2]));
    /// let suspect = located.suspects[0];
    /// assert_eq!((suspect.shard, suspect.columns, suspect.first, suspect.last), (2, 10, 30, 39));
    ///
    /// // With shard 0 lost there is one shard to check the others with: it is seen that something
    /// // is wrong, but not what.
    /// let mut shards: Vec<_> = data.iter().chain(&parity).map(Some).collect();
    /// shards[0] = None;
    /// let located = codec.locate(&shards)?;
    /// assert_eq!(located.verdict(), Verdict::CannotTell);
    /// assert_eq!((located.unexplained, located.first_unexplained), (10, Some(30)));
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn locate<S: AsRef<[u8]>>(&self, shards: &[Option<S>]) -> Result<Located, Error> {
        let geometry = self.geometry();
        let surviving = surviving_set(geometry, shards)?;
        let missing = geometry.total() - surviving.len();
        let Some(surplus) = geometry.parity().checked_sub(missing) else {
            return Err(Error::TooManyErasures { missing, parity: geometry.parity() });
        };
        // Each shard is asked once: what was checked is what is used.
        let mut there = Vec::with_capacity(surviving.len());
        for (index, shard) in shards.iter().enumerate() {
            let Some(shard) = shard else { continue };
            let bytes = shard.as_ref();
            let expected = there.first().map_or(bytes.len(), |first: &&[u8]| first.len());
            if bytes.len() != expected {
                let (list, got) = (ShardList::Survivors, bytes.len());
                return Err(Error::ShardSize { list, index, expected, got });
            }
            there.push(bytes);
        }
        let clean = Located::clean(surplus);
        if surplus == 0 {
            return Ok(clean);
        }
        let (used, rest) = there.split_at(geometry.data());
        if missing == 0 && self.verify(used, rest)? {
            return Ok(clean);
        }
        let row = Row::new(self, surviving, &there)?;
        if missing > 0 && row.agrees(0..row.len())? {
            return Ok(clean);
        }
        row.locate(Checks::new(geometry, surviving))
    }
}

/// A row of which something is left to check the rest with.
struct Row<'a> {
    backend: Backend,
    /// Gives the surplus shards from those that are used.
    table: Arc<[Coef]>,
    /// The shards that are there.
    shards: &'a [&'a [u8]],
    /// The first so many are used.
    used: usize,
}

impl<'a> Row<'a> {
    fn new(codec: &Codec, surviving: ShardSet, shards: &'a [&'a [u8]]) -> Result<Row<'a>, Error> {
        let geometry = codec.geometry();
        let (mut used, mut surplus) = (ShardSet::default(), ShardSet::default());
        for (place, shard) in surviving.iter().enumerate() {
            let set = if place < geometry.data() { &mut used } else { &mut surplus };
            set.insert(shard);
        }
        let pattern = Pattern::new(geometry, used, surplus)?;
        let table = codec.cache.get(pattern, || codec.decode_table(pattern));
        Ok(Row { backend: codec.backend(), table, shards, used: geometry.data() })
    }

    /// Bytes of each shard.
    fn len(&self) -> usize {
        self.shards.first().map_or(0, |shard| shard.len())
    }

    fn used(&self) -> &'a [&'a [u8]] {
        &self.shards[..self.used]
    }

    fn surplus(&self) -> &'a [&'a [u8]] {
        &self.shards[self.used..]
    }

    /// A call that reads a part of the used shards.
    fn call<O: Copy>(&self, part: Range<usize>) -> Result<Call<'a, O>, Error> {
        let mut call = Call::new();
        for (place, shard) in self.used().iter().enumerate() {
            call.source(ShardList::Survivors, place, &shard[part.clone()])?;
        }
        Ok(call)
    }

    /// True if nothing contradicts in this part of the shards.
    fn agrees(&self, part: Range<usize>) -> Result<bool, Error> {
        let mut surplus = [&[][..]; MAX_PARITY];
        for (slot, shard) in surplus.iter_mut().zip(self.surplus()) {
            *slot = &shard[part.clone()];
        }
        let mut call = self.call(part)?;
        let count = self.surplus().len();
        call.compared(ShardList::Survivors, &surplus[..count], count)?;
        call.verify(self.backend, &self.table)
    }

    fn locate(&self, checks: Checks) -> Result<Located, Error> {
        let count = checks.surplus();
        let table = checks.table();
        let mut votes = Votes::new(checks);
        // Rows of one tile for each surplus shard.
        let (mut differences, mut sums) = (vec![0; count * TILE], vec![0; count * TILE]);
        for start in (0..self.len()).step_by(TILE) {
            let part = start..self.len().min(start + TILE);
            if self.agrees(part.clone())? {
                continue;
            }
            self.differences(part.clone(), &mut differences)?;
            let mut call = Call::new();
            for (place, row) in differences.chunks_exact(TILE).enumerate() {
                call.source(ShardList::Survivors, place, &row[..part.len()])?;
            }
            outputs(&mut call, &mut sums, part.len())?;
            call.dot(self.backend, &table)?;
            for at in 0..part.len() {
                let mut column = [0; MAX_PARITY];
                let mut any = 0;
                for (slot, row) in column.iter_mut().zip(sums.chunks_exact(TILE)) {
                    *slot = row[at];
                    any |= row[at];
                }
                if any != 0 {
                    votes.column(start + at, &column, |place| self.shards[place][start + at]);
                }
            }
        }
        Ok(votes.found())
    }

    /// What the surplus shards are, added to what the used ones say they are.
    fn differences(&self, part: Range<usize>, into: &mut [u8]) -> Result<(), Error> {
        let mut call = self.call(part.clone())?;
        outputs(&mut call, into, part.len())?;
        call.dot(self.backend, &self.table)?;
        for (row, shard) in into.chunks_exact_mut(TILE).zip(self.surplus()) {
            row.iter_mut().zip(&shard[part.clone()]).for_each(|(sum, byte)| *sum ^= byte);
        }
        Ok(())
    }
}

/// The first `len` bytes of each tile in `rows`, as outputs.
fn outputs<'a>(call: &mut Call<'a, *mut u8>, rows: &'a mut [u8], len: usize) -> Result<(), Error> {
    for (place, row) in rows.chunks_exact_mut(TILE).enumerate() {
        call.output(ShardList::Survivors, place, place, &mut row[..len])?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::geometry::Geometry;
    use super::*;

    fn set(shards: impl Iterator<Item = usize>) -> ShardSet {
        let mut set = ShardSet::default();
        shards.for_each(|shard| set.insert(shard));
        set
    }

    /// A row of 6+4 with shard 1 lost and shards 3 and 8 damaged, not in the same columns.
    fn damaged(codec: &Codec) -> Vec<Vec<u8>> {
        let len = if cfg!(miri) { 120 } else { 5000 };
        let mut shards: Vec<Vec<u8>> = (0..6)
            .map(|j| (0..len).map(|at: u32| (at * at + j * 77 + at / 9) as u8).collect())
            .collect();
        let mut parity = vec![vec![0; len as usize]; 4];
        codec.encode(&shards, &mut parity).unwrap();
        shards.extend(parity);
        shards.remove(1);
        (10..50).for_each(|at| shards[2][at] ^= at as u8);
        (60..110).for_each(|at| shards[7][at] ^= at as u8);
        shards
    }

    /// If a table or a check were wrong, damage would not be told right: the tests would see it.
    #[test]
    fn a_spoiled_table_spoils_the_finding() {
        let geometry = Geometry::new(6, 4).unwrap();
        let codec = Codec::new(geometry);
        let shards = damaged(&codec);
        let shards: Vec<_> = shards.iter().map(Vec::as_slice).collect();
        let surviving = set((0..10).filter(|shard| *shard != 1));
        let located = |row: &Row<'_>| row.locate(Checks::new(geometry, surviving)).unwrap();
        let mut row = Row::new(&codec, surviving, &shards).unwrap();
        let right = located(&row);
        assert_eq!(right.verdict(), Verdict::Replace(vec![3, 8]));
        assert_eq!((right.wrong, right.unexplained), (90, 0));
        // Each coefficient, one after the other.
        for at in (0..row.table.len()).step_by(if cfg!(miri) { 6 } else { 1 }) {
            let mut table = row.table.to_vec();
            table[at] = Coef::new(table[at].value() ^ 1);
            let whole = core::mem::replace(&mut row.table, table.into());
            let spoiled = located(&row);
            assert!(spoiled.wrong > row.len() * 3 / 4 && spoiled != right, "{at}");
            row.table = whole;
        }
        // Checks of another set of survivors.
        for other in (0..10).filter(|shard| *shard != 1 && (!cfg!(miri) || *shard == 0)) {
            let checks = Checks::new(geometry, set((0..10).filter(|shard| *shard != other)));
            assert_ne!(row.locate(checks).unwrap(), right, "{other}");
        }
    }
}
