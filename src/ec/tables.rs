//! The code's verbs, in tables that the caller owns: all that builds without an allocator have.

use super::geometry::Geometry;
use super::matrix::{Pattern, fill_encode};
#[cfg(feature = "alloc")]
use super::plan::Plan;
use super::set::ShardSet;
use super::shards::{Call, check_count};
#[cfg(feature = "alloc")]
use crate::gf::Streamer;
use crate::gf::{Backend, Coef, stream_bytes};
use crate::{Error, ShardList};

/// Encodes, verifies and updates, like `Codec`, in a table that the caller owns.
///
/// ```
/// use lustrine::ec::{Encoder, Geometry};
/// use lustrine::gf::{Backend, Coef};
///
/// let geometry = Geometry::new(4, 2)?;
/// let mut table = [Coef::ZERO; 8];
/// let encoder = Encoder::new(geometry, Backend::best(), &mut table)?;
/// let mut parity = [[0; 1]; 2];
/// encoder.encode(&[[1], [2], [3], [4]], &mut parity)?;
/// assert_eq!(parity, [[0x48], [0x0f]]);
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'t> {
    geometry: Geometry,
    backend: Backend,
    table: &'t [Coef],
    stream: usize,
    /// Fewer products than the table has coefficients, if there is a way.
    #[cfg(feature = "alloc")]
    plan: Option<&'t Plan>,
}

impl<'t> Encoder<'t> {
    /// Entries that the table of a geometry needs: `data * parity`.
    pub const fn table_len(geometry: Geometry) -> usize {
        geometry.data() * geometry.parity()
    }

    /// Fills the first [`table_len`](Self::table_len) entries of `table`.
    ///
    /// # Errors
    ///
    /// [`Error::TableSize`] if there are fewer.
    pub fn new(
        geometry: Geometry,
        backend: Backend,
        table: &'t mut [Coef],
    ) -> Result<Encoder<'t>, Error> {
        let table = front(table, Self::table_len(geometry))?;
        fill_encode(geometry, table);
        Ok(Encoder {
            geometry,
            backend,
            table,
            stream: stream_bytes(),
            #[cfg(feature = "alloc")]
            plan: None,
        })
    }

    /// An encoder over a table that is already filled for `geometry`, and a plan of the same.
    #[cfg(feature = "alloc")]
    pub(super) fn from_filled(
        geometry: Geometry,
        backend: Backend,
        table: &'t [Coef],
        plan: Option<&'t Plan>,
        stream: usize,
    ) -> Self {
        Encoder { geometry, backend, table, stream, plan }
    }

    /// The shards of the code.
    pub const fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The instruction set in use.
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Overwrites `parity` with the parity of `data`. Cost: one pass, k·p multiply-adds per byte.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`], and then nothing is written.
    pub fn encode<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data: &[D],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let mut call = Call::stream_from(self.stream);
        call.sources(ShardList::Data, data, self.geometry.data())?;
        call.outputs(ShardList::Parity, parity, self.geometry.parity())?;
        #[cfg(feature = "alloc")]
        if let Some(plan) = self.plan {
            return call.planned_dot(self.backend, self.table, plan);
        }
        call.dot(self.backend, self.table)
    }

    /// [`encode`](Self::encode) into the cache, and what of it `streamed` has a place for round the
    /// caches as well, if that can be: true if it was done.
    #[cfg(feature = "alloc")]
    pub(super) fn tee(
        &self,
        plan: &Plan,
        data: &[&[u8]],
        parity: &mut [&mut [u8]],
        streamed: &mut [&mut [u8]],
        streamer: &mut Streamer,
    ) -> Result<bool, Error> {
        let mut call = Call::new();
        call.sources(ShardList::Data, data, self.geometry.data())?;
        call.outputs(ShardList::Parity, parity, self.geometry.parity())?;
        call.tee(self.backend, self.table, plan, streamed, streamer)
    }

    /// True if `parity` is the parity of `data`. Cost: one pass that writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`].
    pub fn verify<D: AsRef<[u8]>, P: AsRef<[u8]>>(
        &self,
        data: &[D],
        parity: &[P],
    ) -> Result<bool, Error> {
        let mut call = Call::stream_from(self.stream);
        call.sources(ShardList::Data, data, self.geometry.data())?;
        call.compared(ShardList::Parity, parity, self.geometry.parity())?;
        #[cfg(feature = "alloc")]
        if let Some(plan) = self.plan {
            return call.planned_verify(self.backend, self.table, plan);
        }
        call.verify(self.backend, self.table)
    }

    /// Changes `parity` as the change of data shard `index` from `old` to `new` demands. The other
    /// data shards are not needed. Cost: one pass, p multiply-adds per byte.
    ///
    /// All may be the same part of each shard, since a byte of parity depends only on the bytes at
    /// its own offset.
    ///
    /// # Errors
    ///
    /// [`Error::ShardIndex`], [`Error::ShardCount`] or [`Error::ShardSize`] (`old` counts as shard
    /// `index`, as does `new`), and then nothing is written.
    pub fn update<P: AsMut<[u8]>>(
        &self,
        index: usize,
        old: &[u8],
        new: &[u8],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let column = self.table.chunks_exact(p).nth(index);
        let column = column.ok_or(Error::ShardIndex { index, limit: k })?;
        let mut call = Call::new();
        call.change(index, 0, old, new)?;
        call.outputs(ShardList::Parity, parity, p)?;
        call.update(self.backend, column)
    }
}

/// Gives lost shards back, for one pattern of losses, in a table that the caller owns.
///
/// ```
/// use lustrine::ec::{Decoder, Geometry};
/// use lustrine::gf::{Backend, Coef};
///
/// let geometry = Geometry::new(4, 2)?;
/// let mut table = [Coef::ZERO; 8];
/// // Shards 0 and 5 are lost, and shard 0 is wanted.
/// let decoder = Decoder::new(geometry, Backend::best(), &[1, 2, 3, 4], &[0], &mut table)?;
/// let survivors = [None, Some([2]), Some([3]), Some([4]), Some([0x48]), None];
/// let mut wanted = [(0, [0])];
/// decoder.reconstruct(&survivors, &mut wanted)?;
/// assert_eq!(wanted[0].1, [1]);
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'t> {
    geometry: Geometry,
    backend: Backend,
    pattern: Pattern,
    table: &'t [Coef],
    stream: usize,
}

impl<'t> Decoder<'t> {
    /// Entries that the table needs for so many wanted shards: `data * wanted`.
    pub const fn table_len(geometry: Geometry, wanted: usize) -> usize {
        geometry.data().saturating_mul(wanted)
    }

    /// Prepares to compute the `wanted` shards from k of the `survivors`: shard numbers in any
    /// order, data from 0, parity from k. Fills the first [`table_len`](Self::table_len) entries of
    /// `table`. Cost: some `wanted * data * lost` operations on single bytes.
    ///
    /// # Errors
    ///
    /// [`Error::ShardIndex`], [`Error::ShardRepeated`] if a wanted shard is named twice or
    /// survives, [`Error::TooManyErasures`] or [`Error::TableSize`].
    pub fn new(
        geometry: Geometry,
        backend: Backend,
        survivors: &[usize],
        wanted: &[usize],
        table: &'t mut [Coef],
    ) -> Result<Decoder<'t>, Error> {
        let mut surviving = ShardSet::default();
        for index in survivors {
            check_index(geometry, *index)?;
            surviving.insert(*index);
        }
        let wanted = wanted_set(geometry, surviving, wanted.iter().copied())?;
        let pattern = Pattern::new(geometry, surviving, wanted)?;
        let table = front(table, Self::table_len(geometry, wanted.len()))?;
        pattern.fill_decode(geometry, table);
        Ok(Decoder { geometry, backend, pattern, table, stream: stream_bytes() })
    }

    /// A decoder over a table that is already filled for `pattern`.
    #[cfg(feature = "alloc")]
    pub(super) fn from_filled(
        geometry: Geometry,
        backend: Backend,
        pattern: Pattern,
        table: &'t [Coef],
        stream: usize,
    ) -> Self {
        Decoder { geometry, backend, pattern, table, stream }
    }

    /// Overwrites the `wanted` shards, in any order, from `survivors`: all k + p shards, `None` for
    /// what is lost or was not read. Cost: one pass, `data * wanted` multiply-adds per byte.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`]; [`Error::ShardIndex`] or
    /// [`Error::ShardRepeated`] for a wanted shard; [`Error::TooManyErasures`] if one that was to
    /// be used is missing. Then nothing is written. The wanted shards must be those that the
    /// decoder was made for ([`Error::ShardCount`], or [`Error::ShardIndex`] for one that was not).
    pub fn reconstruct<S: AsRef<[u8]>, W: AsMut<[u8]>>(
        &self,
        survivors: &[Option<S>],
        wanted: &mut [(usize, W)],
    ) -> Result<(), Error> {
        let surviving = surviving_set(self.geometry, survivors)?;
        let set = wanted_set(self.geometry, surviving, wanted.iter().map(|(index, _)| *index))?;
        check_count(ShardList::Wanted, self.pattern.wanted().len(), set.len())?;
        if let Some(index) = set.iter().find(|shard| !self.pattern.wanted().contains(*shard)) {
            return Err(Error::ShardIndex { index, limit: self.geometry.total() });
        }
        let gone = self.pattern.used().iter().filter(|shard| !surviving.contains(*shard)).count();
        if gone > 0 {
            let missing = self.geometry.parity() + gone;
            return Err(Error::TooManyErasures { missing, parity: self.geometry.parity() });
        }
        self.run(survivors, wanted)
    }

    /// `reconstruct`, when the pattern is known to be that of the arguments.
    pub(super) fn run<S: AsRef<[u8]>, W: AsMut<[u8]>>(
        &self,
        survivors: &[Option<S>],
        wanted: &mut [(usize, W)],
    ) -> Result<(), Error> {
        let mut call = Call::stream_from(self.stream);
        let present = survivors.iter().enumerate();
        for (index, shard) in present.filter_map(|(i, shard)| Some((i, shard.as_ref()?))) {
            if self.pattern.used().contains(index) {
                call.source(ShardList::Survivors, index, shard.as_ref())?;
            } else {
                call.check(ShardList::Survivors, index, shard.as_ref().len())?;
            }
        }
        // The table's rows are in the order of the shards.
        let mut before = ShardSet::default();
        for (index, shard) in wanted {
            call.output(ShardList::Wanted, *index, before.rank(*index), shard.as_mut())?;
            before.insert(*index);
        }
        call.dot(self.backend, self.table)
    }
}

/// The first `len` entries of the caller's table.
fn front(table: &mut [Coef], len: usize) -> Result<&mut [Coef], Error> {
    let got = table.len();
    table.get_mut(..len).ok_or(Error::TableSize { expected: len, got })
}

fn check_index(geometry: Geometry, index: usize) -> Result<(), Error> {
    let limit = geometry.total();
    if index < limit { Ok(()) } else { Err(Error::ShardIndex { index, limit }) }
}

/// Which shards are there, of a list of all.
pub(super) fn surviving_set<S>(
    geometry: Geometry,
    survivors: &[Option<S>],
) -> Result<ShardSet, Error> {
    check_count(ShardList::Survivors, geometry.total(), survivors.len())?;
    let mut set = ShardSet::default();
    for (index, _) in survivors.iter().enumerate().filter(|(_, shard)| shard.is_some()) {
        set.insert(index);
    }
    Ok(set)
}

/// Which shards are wanted: each once, and none that survives.
pub(super) fn wanted_set(
    geometry: Geometry,
    surviving: ShardSet,
    wanted: impl Iterator<Item = usize>,
) -> Result<ShardSet, Error> {
    let mut set = ShardSet::default();
    for index in wanted {
        check_index(geometry, index)?;
        if set.contains(index) || surviving.contains(index) {
            return Err(Error::ShardRepeated { index });
        }
        set.insert(index);
    }
    Ok(set)
}
