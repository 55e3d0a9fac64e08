//! `Codec`: the code with tables of its own.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;

use super::cache::Cache;
use super::geometry::Geometry;
use super::matrix::{Pattern, fill_encode};
use super::plan::Plan;
use super::set::ShardSet;
use super::shards::Call;
use super::tables::{Decoder, Encoder, surviving_set, wanted_set};
use crate::gf::{Backend, Coef, Groups, Shape, Streamer, stream_bytes};
use crate::{Error, ShardList};

/// Encodes, verifies, updates and reconstructs the shards of one geometry.
///
/// A codec never changes, so threads share one by reference. It owns 40 bytes per coefficient
/// (`data * parity` of them, and as many more at most for its plan), and remembers the tables of the
/// last 64 patterns of losses and of the last 64 sets of changed shards. To make one takes 0.1 ms for common codes, up to some 2 ms for 15
/// parity shards: the plan is searched for.
///
/// ```
/// use lustrine::ec::{Codec, Geometry};
///
/// let codec = Codec::new(Geometry::new(4, 2)?);
/// let mut data = [vec![1; 100], vec![2; 100], vec![3; 100], vec![4; 100]];
/// let mut parity = [vec![0; 100], vec![0; 100]];
/// codec.encode(&data, &mut parity)?;
/// assert_eq!((parity[0][99], parity[1][99]), (0x48, 0x0f));
///
/// // Ten bytes of one data shard change; the parity follows without the others being read.
/// let new = [7; 10];
/// let (part, mut parts) = (20..30, parity.each_mut().map(|shard| &mut shard[20..30]));
/// codec.update(2, &data[2][part.clone()], &new, &mut parts)?;
/// data[2][part].copy_from_slice(&new);
/// assert!(codec.verify(&data, &parity)?);
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Debug)]
pub struct Codec {
    geometry: Geometry,
    backend: Backend,
    table: Box<[Coef]>,
    plan: Plan,
    stream: usize,
    pub(super) cache: Cache<Pattern, [Coef]>,
    changes: Cache<ShardSet, Changes>,
}

/// The part of the code that some changed data shards need.
#[derive(Debug)]
struct Changes {
    table: Box<[Coef]>,
    groups: Option<Groups>,
}

impl Codec {
    /// A codec on the fastest backend of this CPU.
    pub fn new(geometry: Geometry) -> Codec {
        Codec::with_backend(geometry, Backend::best())
    }

    /// A codec on the given backend. All backends give the same bytes.
    pub fn with_backend(geometry: Geometry, backend: Backend) -> Codec {
        Codec::with_shapes(geometry, backend, Shape::ALL)
    }

    /// A codec whose [`plan`](Self::plan) uses these shapes and no other where it can; `&[]` means
    /// coefficient by coefficient. All give the same bytes: this is for comparing their speed.
    pub fn with_shapes(geometry: Geometry, backend: Backend, shapes: &[Shape]) -> Codec {
        let mut table = vec![Coef::ZERO; Encoder::table_len(geometry)].into_boxed_slice();
        fill_encode(geometry, &mut table);
        let plan = Plan::new(geometry, backend, shapes);
        let (cache, changes) = (Cache::new(), Cache::new());
        Codec { geometry, backend, table, plan, stream: stream_bytes(), cache, changes }
    }

    /// The same codec, writing round the caches what it encodes or reconstructs when all shards of a
    /// call have so many bytes or more. Unless this is said, [`gf::stream_bytes`](crate::gf::stream_bytes) decides. 0 means
    /// always, `usize::MAX` never.
    #[must_use]
    pub fn stream_from(self, bytes: usize) -> Codec {
        Codec { stream: bytes, ..self }
    }

    /// How this codec computes parity.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The shards of the code.
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }

    /// The instruction set in use.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    fn encoder(&self) -> Encoder<'_> {
        Encoder::from_filled(
            self.geometry,
            self.backend,
            &self.table,
            Some(&self.plan),
            self.stream,
        )
    }

    /// Overwrites the p shards of `parity` with the parity of the k shards of `data`.
    ///
    /// Cost: one pass over the data, or with many parity shards one over each tile of it for each
    /// [`Part`](super::Part) of the plan; [`Plan::products`] multiply-adds per byte of a shard; no
    /// allocation. When the shards of the
    /// call are larger than a core's caches, see [`stream_from`](Self::stream_from), parity is written
    /// around them.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`], and then nothing is written.
    pub fn encode<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data: &[D],
        parity: &mut [P],
    ) -> Result<(), Error> {
        self.encoder().encode(data, parity)
    }

    /// [`encode`](Self::encode) into the cache, and what of it `streamed` has a place for round the
    /// caches as well, if that can be: true if it was done.
    pub(crate) fn tee(
        &self,
        data: &[&[u8]],
        parity: &mut [&mut [u8]],
        streamed: &mut [&mut [u8]],
        streamer: &mut Streamer,
    ) -> Result<bool, Error> {
        self.encoder().tee(&self.plan, data, parity, streamed, streamer)
    }

    /// [`encode`](Self::encode) by way of the caches, whatever [`stream_from`](Self::stream_from)
    /// says: for parity that is read at once.
    pub(crate) fn encode_cached(
        &self,
        data: &[&[u8]],
        parity: &mut [&mut [u8]],
    ) -> Result<(), Error> {
        let (table, plan) = (&self.table, Some(&self.plan));
        Encoder::from_filled(self.geometry, self.backend, table, plan, usize::MAX)
            .encode(data, parity)
    }

    /// From how many bytes in one call on parity is written round the caches.
    pub(crate) fn stream_bytes(&self) -> usize {
        self.stream
    }

    /// True if `parity` is the parity of `data`.
    ///
    /// Cost: one pass that writes nothing; no scratch memory, no allocation.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`] or [`Error::ShardSize`].
    pub fn verify<D: AsRef<[u8]>, P: AsRef<[u8]>>(
        &self,
        data: &[D],
        parity: &[P],
    ) -> Result<bool, Error> {
        self.encoder().verify(data, parity)
    }

    /// Changes the p shards of `parity` as the change of data shard `index` from `old` to `new`
    /// demands; the other data shards are not needed.
    ///
    /// `old` is what the present parity was computed from. The slices may be the same part of each
    /// shard, since a byte of parity depends only on the bytes at its own offset. Cost: one pass, p
    /// multiply-adds per byte; no allocation.
    ///
    /// # Errors
    ///
    /// [`Error::ShardIndex`], [`Error::ShardCount`] or [`Error::ShardSize`], and then nothing is
    /// written.
    pub fn update<P: AsMut<[u8]>>(
        &self,
        index: usize,
        old: &[u8],
        new: &[u8],
        parity: &mut [P],
    ) -> Result<(), Error> {
        self.encoder().update(index, old, new, parity)
    }

    /// Changes the p shards of `parity` as the changes of several data shards demand, in one pass:
    /// each of `changes` is the number of a data shard, its old bytes and its new ones.
    ///
    /// As [`update`](Self::update) for one after the other, but parity is read and written once, and
    /// the plan's structure is used where the changed shards allow it. Cost: at most `changes * p`
    /// multiply-adds per byte. The first call with a set of shards makes its table (microseconds); the
    /// last 64 sets are remembered (with `std`), and a call with one of them allocates nothing.
    ///
    /// # Errors
    ///
    /// Those of `update`; [`Error::ShardRepeated`] if a shard is named twice. Then nothing is written.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    ///
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let mut parity = [[0x48], [0x0f]];
    /// // Of the shards 1, 2, 3, 4, two change.
    /// codec.update_many(&[(3, [4], [9]), (1, [2], [7])], &mut parity)?;
    /// assert!(codec.verify(&[[1], [7], [3], [9]], &parity)?);
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn update_many<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        changes: &[(usize, D, D)],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let (k, p) = (self.geometry.data(), self.geometry.parity());
        let mut columns = ShardSet::default();
        let mut call = Call::new();
        for (index, old, new) in changes {
            let index = *index;
            if index >= k {
                return Err(Error::ShardIndex { index, limit: k });
            }
            if columns.contains(index) {
                return Err(Error::ShardRepeated { index });
            }
            call.change(index, columns.rank(index), old.as_ref(), new.as_ref())?;
            columns.insert(index);
        }
        call.outputs(ShardList::Parity, parity, p)?;
        if changes.is_empty() {
            return Ok(());
        }
        let known = self.changes.get(columns, || self.part_of(columns).into());
        call.grouped_update(self.backend, &known.table, known.groups.as_ref())
    }

    fn part_of(&self, columns: ShardSet) -> Changes {
        let p = self.geometry.parity();
        let table = columns.iter().flat_map(|index| &self.table[index * p..][..p]).copied();
        Changes { table: table.collect(), groups: self.plan.narrowed(columns) }
    }

    /// Overwrites the `wanted` shards with what the `survivors` say they were.
    ///
    /// `survivors` lists all k + p shards, data first, `None` for what is lost or was not read; any
    /// k are enough, and more are not looked at (but for their length). `wanted` names shards,
    /// data from 0 and parity from k, that are not among the survivors. Only these are computed,
    /// data and parity in one pass. If nothing is wanted, nothing is checked but the count.
    ///
    /// Cost: `data * wanted` multiply-adds per byte. The first call with a pattern of losses makes
    /// its table: microseconds, one allocation. The last 64 patterns are remembered (with `std`;
    /// else each call makes the table), and a call with one of them allocates nothing.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`], [`Error::ShardIndex`];
    /// [`Error::ShardRepeated`] if a wanted shard is named twice or survives;
    /// [`Error::TooManyErasures`] if fewer than k survive. Then nothing is written.
    ///
    /// ```
    /// use lustrine::ec::{Codec, Geometry};
    ///
    /// let codec = Codec::new(Geometry::new(4, 2)?);
    /// let survivors = [Some([1]), None, Some([3]), Some([4]), None, Some([0x0f])];
    /// let mut wanted = [(4, [0]), (1, [0])];
    /// codec.reconstruct(&survivors, &mut wanted)?;
    /// assert_eq!(wanted, [(4, [0x48]), (1, [2])]);
    /// # Ok::<(), lustrine::Error>(())
    /// ```
    pub fn reconstruct<S: AsRef<[u8]>, W: AsMut<[u8]>>(
        &self,
        survivors: &[Option<S>],
        wanted: &mut [(usize, W)],
    ) -> Result<(), Error> {
        let surviving = surviving_set(self.geometry, survivors)?;
        let set = wanted_set(self.geometry, surviving, wanted.iter().map(|(index, _)| *index))?;
        if set.len() == 0 {
            return Ok(());
        }
        let pattern = Pattern::new(self.geometry, surviving, set)?;
        let table = self.cache.get(pattern, || self.decode_table(pattern));
        Decoder::from_filled(self.geometry, self.backend, pattern, &table, self.stream)
            .run(survivors, wanted)
    }

    pub(super) fn decode_table(&self, pattern: Pattern) -> Arc<[Coef]> {
        let len = Decoder::table_len(self.geometry, pattern.wanted().len());
        let mut table = vec![Coef::ZERO; len];
        pattern.fill_decode(self.geometry, &mut table);
        table.into()
    }
}
