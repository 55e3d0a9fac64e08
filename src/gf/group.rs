//! Groups of rows with a structure, and the pass over all of them. The kernel is in `shaped`.
#![allow(unsafe_code)]

use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::Backend;
use super::access::Ahead;
use super::access::{Cached, Main, Streamed};
use super::coef::Coef;
use super::kernel::{Job, tile_bytes};
use super::shape::Shape;
use super::shaped::{LONGEST_STEP, Pass};
use super::simd::{Kernel, Simd};
use super::verb::Tee;
use super::verb::{ABSENT, Dot, MAX_PICKED, Picked, Update, Verb, Verify};

const MAX_SOURCES: usize = 256;
/// Most pointers of a source.
const MAX_POINTERS: usize = 2;
/// What the length of a teed piece is a multiple of.
pub(crate) const TEE_STEP: usize = LONGEST_STEP;
/// Most rows that a shape takes along coefficient by coefficient.
pub(crate) const MAX_EXTRA: usize = 1;

/// Rows that are computed in one pass over the sources.
#[derive(Debug)]
pub(crate) struct Group {
    shape: Shape,
    /// Rows computed coefficient by coefficient in the same pass, after those of the shape.
    extra: usize,
    /// Blocks of 8, 4, 2 and 1 columns.
    blocks: [usize; 4],
    /// Sources in the order of the blocks.
    columns: Box<[u8]>,
    /// Outputs in the order of the shape.
    rows: Box<[u8]>,
    coefs: Box<[Coef]>,
}

impl Group {
    /// `coefs` are first those that turn sums into rows; then, block after block, those of the
    /// shape and `extra` for each of its columns. Without a shape they are source after source.
    ///
    /// `None` unless all of this fits together: the kernel relies on it.
    pub(crate) fn new(
        shape: Shape,
        extra: usize,
        blocks: [usize; 4],
        columns: Box<[u8]>,
        rows: Box<[u8]>,
        coefs: Box<[Coef]>,
    ) -> Option<Group> {
        let sizes = [8, 4, 2, 1];
        let mut expected = shape.final_coefs();
        let mut count = 0;
        for (n, size) in blocks.into_iter().zip(sizes) {
            if n > 0 && size > shape.widest() {
                return None;
            }
            count += n * size;
            expected += n * (shape.block_coefs(size) + size * extra);
        }
        let most = if shape == Shape::Direct { MAX_PICKED } else { MAX_EXTRA };
        let fits = extra <= most
            && columns.len() == count
            && count <= MAX_SOURCES
            && rows.len() == shape.rows() + extra
            && rows[shape.rows()..].iter().all(|row| *row != ABSENT)
            && coefs.len() == expected;
        fits.then_some(Group { shape, extra, blocks, columns, rows, coefs })
    }

    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }
    pub(crate) fn extra(&self) -> usize {
        self.extra
    }
    pub(crate) fn blocks(&self) -> [usize; 4] {
        self.blocks
    }
    pub(crate) fn columns(&self) -> &[u8] {
        &self.columns
    }
    pub(super) fn coefs(&self) -> &[Coef] {
        &self.coefs
    }
    /// The outputs of this group, without those that are absent.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = usize> {
        self.rows.iter().filter(|row| **row != ABSENT).map(|row| usize::from(*row))
    }
    /// True if all its sources and outputs are among so many.
    fn is_within(&self, sources: usize, outputs: usize) -> bool {
        self.columns.iter().all(|column| usize::from(*column) < sources)
            && self.outputs().all(|row| row < outputs)
    }
}

/// Groups that share the rows of one matrix among them.
#[derive(Debug)]
pub(crate) struct Groups {
    groups: Box<[Group]>,
    sources: usize,
    outputs: usize,
}

impl Groups {
    /// `None` if a group speaks of a source or output that there is not.
    pub(crate) fn new(groups: Box<[Group]>, sources: usize, outputs: usize) -> Option<Groups> {
        let fits = sources <= MAX_SOURCES && groups.iter().all(|g| g.is_within(sources, outputs));
        fits.then_some(Groups { groups, sources, outputs })
    }

    /// True if these are for so many sources and outputs.
    pub(crate) fn are_for(&self, sources: usize, outputs: usize) -> bool {
        (sources, outputs) == (self.sources, self.outputs)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.groups.iter()
    }

    /// Runs `direct` by these groups.
    ///
    /// # Safety
    ///
    /// The job has as many sources and outputs as the groups were made for.
    #[cfg(test)]
    pub(super) unsafe fn call<S: Simd, V: Verb>(&self, simd: S, direct: Job<'_, V>) -> bool {
        Grouped { groups: &self.groups, direct }.call(simd)
    }

    /// [`tee`] by these groups, or without any, on one instruction set.
    ///
    /// # Safety
    ///
    /// As for [`tee`].
    #[cfg(test)]
    pub(super) unsafe fn call_teed<S: Simd>(groups: Option<&Groups>, simd: S, job: Job<'_, Tee>) {
        let groups = groups.map_or(&[][..], |groups| &groups.groups);
        Teed(Grouped { groups, direct: job }).call(simd);
    }

    /// [`super::dot`] by these groups; `coefs` say the same, coefficient by coefficient, and serve
    /// where shards are too short.
    ///
    /// # Safety
    ///
    /// As for [`super::dot`]. There are as many sources and outputs as the groups were made for.
    pub(crate) unsafe fn dot(
        &self,
        backend: Backend,
        coefs: &[Coef],
        sources: &[*const u8],
        outputs: &[*mut u8],
        len: usize,
        stream: usize,
    ) {
        debug_assert_eq!((sources.len(), outputs.len()), (self.sources, self.outputs));
        let verb = Dot { outputs: outputs.as_ptr() };
        // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
        let direct = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
        let direct = direct.stream_from(stream);
        backend.dispatch(Grouped { groups: &self.groups, direct });
    }

    /// [`super::verify`] by these groups.
    ///
    /// # Safety
    ///
    /// As for [`super::verify`]. There are as many sources and outputs as the groups were made for.
    pub(crate) unsafe fn verify(
        &self,
        backend: Backend,
        coefs: &[Coef],
        sources: &[*const u8],
        outputs: &[*const u8],
        len: usize,
        stream: usize,
    ) -> bool {
        debug_assert_eq!((sources.len(), outputs.len()), (self.sources, self.outputs));
        let verb = Verify { outputs: outputs.as_ptr() };
        // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
        let direct = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
        let direct = direct.stream_from(stream);
        backend.dispatch(Grouped { groups: &self.groups, direct })
    }

    /// [`super::update`] by these groups.
    ///
    /// # Safety
    ///
    /// As for [`super::update`]. There are as many sources (each of two pointers) and outputs as the
    /// groups were made for.
    pub(crate) unsafe fn update(
        &self,
        backend: Backend,
        coefs: &[Coef],
        sources: &[*const u8],
        outputs: &[*mut u8],
        len: usize,
    ) {
        debug_assert_eq!((sources.len(), outputs.len()), (2 * self.sources, self.outputs));
        let verb = Update { outputs: outputs.as_ptr() };
        // SAFETY: the caller's contract, and `outputs` has as many entries as there are rows.
        let direct = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
        backend.dispatch(Grouped { groups: &self.groups, direct });
    }
}

/// All groups over all bytes. Holds the promises of its [`Job`]; `groups` are within its sources
/// and outputs ([`Groups::new`] saw to it).
struct Grouped<'a, V> {
    groups: &'a [Group],
    direct: Job<'a, V>,
}

impl<V: Verb> Kernel for Grouped<'_, V> {
    type Out = bool;

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) -> bool {
        let Job { verb, rows, len, .. } = self.direct;
        // A step of the widest kernel must fit.
        if len < 4 * S::BYTES {
            return self.direct.call(simd);
        }
        if self.direct.streams() {
            // SAFETY: whoever made the job promised `rows` outputs.
            if let Some(head) = unsafe { verb.misalignment::<S>(rows) } {
                // SAFETY: up to the job's end, from where all outputs are aligned: `head` is less
                // than a register, and there are four.
                return self.direct.head::<S>(simd, head)
                    & unsafe { self.tiles::<S, Streamed>(simd, head, len) };
            }
        }
        if !V::REPEATS {
            // Whole steps, so that none has to begin among what is done.
            let whole = len - len % LONGEST_STEP;
            // SAFETY: the job's bytes; the first part is none, or at least four registers and a
            // multiple of every step. Nothing is streamed.
            return unsafe {
                self.tiles::<S, Cached>(simd, 0, whole)
                    & self.direct.tiles::<S, Cached>(simd, whole, len)
            };
        }
        // SAFETY: the job's bytes, four registers or more; nothing is streamed.
        unsafe { self.tiles::<S, Cached>(simd, 0, len) }
    }
}

/// `dot` from memory into `outputs` in the cache, and from the same registers to `streamed`, round
/// the caches: by these groups, or if there are none by `coefs`.
///
/// # Safety
///
/// As for [`super::dot`]; `len` is a multiple of [`TEE_STEP`], and the groups are for as many sources
/// and outputs. `streamed` has as many entries as `outputs`; those that are not null are aligned to
/// 64 bytes, writable for `len` bytes, and overlap nothing else. A fence follows before anything else
/// touches them, and before another thread is told of them.
pub(crate) unsafe fn tee(
    backend: Backend,
    groups: Option<&Groups>,
    coefs: &[Coef],
    sources: &[*const u8],
    outputs: &[*mut u8],
    streamed: &[*mut u8],
    len: usize,
) {
    debug_assert_eq!((outputs.len(), len % TEE_STEP), (streamed.len(), 0));
    let verb = Tee { outputs: outputs.as_ptr(), streamed: streamed.as_ptr() };
    // SAFETY: the caller's contract. A step begins a whole number of registers after the start, or
    // before the end; `len` is a multiple of the longest step of a group (`Fixed` asserts it) and of
    // every register, so that each begins where `streamed` is aligned.
    let direct = unsafe { Job::new(verb, coefs, sources, outputs.len(), len) };
    let groups = groups.map_or(&[][..], |groups| &groups.groups);
    backend.dispatch(Teed(Grouped { groups, direct }));
}

/// All groups, from memory that is prefetched.
struct Teed<'a>(Grouped<'a, Tee>);

impl Kernel for Teed<'_> {
    type Out = ();

    #[inline(always)]
    fn call<S: Simd>(self, simd: S) {
        let Grouped { groups, direct } = &self.0;
        // SAFETY: the job's bytes, none or at least TEE_STEP of them (`tee` asks for it), which are
        // four registers; these stores are not streamed, and those of the verb are its own matter.
        unsafe {
            if groups.is_empty() {
                direct.tiles::<S, Ahead>(simd, 0, direct.len);
            } else {
                self.0.tiles::<S, Ahead>(simd, 0, direct.len);
            }
        }
    }
}

impl<V: Verb> Grouped<'_, V> {
    /// Works on bytes `from..to`.
    ///
    /// # Safety
    ///
    /// `to` is at most the job's length, and `from` or at least four registers; what lies before
    /// `from` is done, or done twice without harm. Where that would harm, `to - from` is a multiple of
    /// [`LONGEST_STEP`]. If W streams, all outputs are aligned at `from`.
    unsafe fn tiles<S: Simd, W: Main>(&self, simd: S, from: usize, to: usize) -> bool {
        let tile = match self.groups.len() {
            0 | 1 => usize::MAX,
            _ => tile_bytes(self.direct.sources.len()),
        };
        let mut good = true;
        let mut start = from;
        while start < to {
            // The last tile is longer rather than too short for a step.
            let left = to - start;
            let end = if left / 2 < tile { to } else { start + tile };
            for group in self.groups {
                // SAFETY: the caller's contract; a tile ends no earlier than its length, which is
                // more than four registers, and starts a multiple of a register from `from`.
                good &= unsafe { self.group::<S, W>(simd, group, start, end) };
            }
            start = end;
        }
        good
    }

    /// One group over one tile.
    ///
    /// # Safety
    ///
    /// As for `tiles`.
    unsafe fn group<S: Simd, W: Main>(
        &self,
        simd: S,
        group: &Group,
        start: usize,
        end: usize,
    ) -> bool {
        const { assert!(V::POINTERS <= MAX_POINTERS) };
        let mut sources = [const { MaybeUninit::uninit() }; MAX_SOURCES * MAX_POINTERS];
        for (slots, column) in sources.chunks_exact_mut(V::POINTERS).zip(&group.columns) {
            let first = usize::from(*column) * V::POINTERS;
            let pointers = &self.direct.sources[first..first + V::POINTERS];
            slots.iter_mut().zip(pointers).for_each(|(slot, pointer)| {
                slot.write(*pointer);
            });
        }
        let count = group.columns.len() * V::POINTERS;
        // SAFETY: `Group::new` saw to it that there are at most MAX_SOURCES columns; so many slots
        // were just written.
        let sources: &[*const u8] =
            unsafe { core::slice::from_raw_parts(sources.as_ptr().cast(), count) };
        let mut picked = Picked::new();
        // SAFETY: the job's outputs are as many as `Groups::new` compared the rows with, and
        // `Group::new` saw that there are at most MAX_PICKED rows. `picked` outlives the pass.
        let verb = unsafe { self.direct.verb.pick(&group.rows, &mut picked) };
        if group.shape == Shape::Direct {
            // SAFETY: as many outputs as the group has rows were just listed, and they are some of
            // the job's; the sources are the job's too.
            let job = unsafe { Job::new(verb, &group.coefs, sources, group.extra, end) };
            // SAFETY: the job was made to end there; alignment is the caller's promise.
            return unsafe { job.tiles::<S, W>(simd, start, end) };
        }
        Pass::<V, W> { verb, group, sources, start, end, way: PhantomData }.run(simd)
    }
}
