//! From the caller's lists of shards to the kernels: counts and lengths are checked here, once.
//!
//! A [`Call`] keeps pointers on the stack, because a kernel wants them in one array. `AsRef` and
//! `AsMut` are called once for each shard: what was checked is what is used.
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::slice;

use super::geometry::{MAX_DATA, MAX_PARITY};
#[cfg(feature = "alloc")]
use super::plan::Plan;
use crate::gf::{self, Backend, Coef, stream_bytes};
#[cfg(feature = "alloc")]
use crate::gf::{Groups, Streamer};
use crate::{Error, ShardList};

/// At most `N` pointers; left uninitialised, because clearing two kilobytes shows at small shards.
struct Pointers<T, const N: usize> {
    slots: [MaybeUninit<T>; N],
    /// The first so many slots are written.
    used: usize,
}

impl<T: Copy, const N: usize> Pointers<T, N> {
    /// Not a constant: a copy of one would be filled with zeros.
    #[inline(always)]
    fn new() -> Self {
        Pointers { slots: [const { MaybeUninit::uninit() }; N], used: 0 }
    }

    /// Puts `pointer` at place `at`, before what is there. False if the list is full.
    fn insert(&mut self, at: usize, pointer: T) -> bool {
        let Some(slot) = self.slots.get_mut(self.used) else { return false };
        slot.write(pointer);
        self.used += 1;
        if at + 1 < self.used {
            self.slots[at..self.used].rotate_right(1);
        }
        true
    }

    fn push(&mut self, pointer: T) -> bool {
        let Some(slot) = self.slots.get_mut(self.used) else { return false };
        slot.write(pointer);
        self.used += 1;
        true
    }

    fn get(&self) -> &[T] {
        // SAFETY: push and insert have written the first `used` slots, and `used` never exceeds N.
        unsafe { slice::from_raw_parts(self.slots.as_ptr().cast(), self.used) }
    }
}

/// Refuses a list of the wrong number of shards.
pub(super) fn check_count(list: ShardList, expected: usize, got: usize) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::ShardCount { list, expected, got }) }
}

/// The shards of one call, all of one length.
///
/// `O` says what may be done with the outputs: `*mut u8` to write them, `*const u8` to compare.
pub(super) struct Call<'a, O> {
    /// The length of the first shard seen. All pointers are to this many bytes.
    len: Option<usize>,
    /// From how many bytes on outputs are written round the caches.
    stream: usize,
    /// Of a change, two.
    sources: Pointers<*const u8, { 2 * MAX_DATA }>,
    outputs: Pointers<O, MAX_PARITY>,
    borrowed: PhantomData<(&'a [u8], &'a mut [u8])>,
}

impl<'a, O: Copy> Call<'a, O> {
    pub(super) fn new() -> Self {
        Call::stream_from(stream_bytes())
    }

    /// A call that writes outputs round the caches if all its shards together have so many bytes.
    pub(super) fn stream_from(stream: usize) -> Self {
        Call {
            len: None,
            stream,
            sources: Pointers::new(),
            outputs: Pointers::new(),
            borrowed: PhantomData,
        }
    }

    /// Checks the length of a shard.
    pub(super) fn check(&mut self, list: ShardList, index: usize, got: usize) -> Result<(), Error> {
        let expected = *self.len.get_or_insert(got);
        if got == expected { Ok(()) } else { Err(Error::ShardSize { list, index, expected, got }) }
    }

    /// The next source.
    pub(super) fn source(
        &mut self,
        list: ShardList,
        index: usize,
        bytes: &'a [u8],
    ) -> Result<(), Error> {
        self.check(list, index, bytes.len())?;
        full(self.sources.push(bytes.as_ptr()), list, MAX_DATA)
    }

    /// A source that changes from `old` to `new`, before those that are at place `at` and later.
    pub(super) fn change(
        &mut self,
        index: usize,
        at: usize,
        old: &'a [u8],
        new: &'a [u8],
    ) -> Result<(), Error> {
        for (place, bytes) in [(2 * at, old), (2 * at + 1, new)] {
            self.check(ShardList::Data, index, bytes.len())?;
            full(self.sources.insert(place, bytes.as_ptr()), ShardList::Data, MAX_DATA)?;
        }
        Ok(())
    }

    /// All of `shards`, of which there must be `expected`, as sources.
    pub(super) fn sources(
        &mut self,
        list: ShardList,
        shards: &'a [impl AsRef<[u8]>],
        expected: usize,
    ) -> Result<(), Error> {
        check_count(list, expected, shards.len())?;
        for (index, shard) in shards.iter().enumerate() {
            self.source(list, index, shard.as_ref())?;
        }
        Ok(())
    }

    /// The common length, if `coefs` is a table for this many sources and outputs.
    fn ready(&self, coefs: &[Coef], sources: usize) -> Result<usize, Error> {
        let expected = sources * self.outputs.used;
        if coefs.len() == expected {
            Ok(self.len.unwrap_or(0))
        } else {
            Err(Error::TableSize { expected, got: coefs.len() })
        }
    }
}

/// A list can only be full if the geometry's limits were not kept.
fn full(fits: bool, list: ShardList, limit: usize) -> Result<(), Error> {
    if fits { Ok(()) } else { Err(Error::ShardCount { list, expected: limit, got: limit + 1 }) }
}

impl<'a> Call<'a, *mut u8> {
    /// An output, before those that are at place `at` and later.
    pub(super) fn output(
        &mut self,
        list: ShardList,
        index: usize,
        at: usize,
        bytes: &'a mut [u8],
    ) -> Result<(), Error> {
        self.check(list, index, bytes.len())?;
        full(self.outputs.insert(at, bytes.as_mut_ptr()), list, MAX_PARITY)
    }

    /// All of `shards`, of which there must be `expected`, as outputs.
    pub(super) fn outputs(
        &mut self,
        list: ShardList,
        shards: &'a mut [impl AsMut<[u8]>],
        expected: usize,
    ) -> Result<(), Error> {
        check_count(list, expected, shards.len())?;
        for (index, shard) in shards.iter_mut().enumerate() {
            let bytes = shard.as_mut();
            self.check(list, index, bytes.len())?;
            full(self.outputs.push(bytes.as_mut_ptr()), list, MAX_PARITY)?;
        }
        Ok(())
    }

    /// Overwrites the outputs with the products of `coefs` and the sources.
    pub(super) fn dot(&self, backend: Backend, coefs: &[Coef]) -> Result<(), Error> {
        let (sources, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, sources.len())?;
        // SAFETY: `ready` checked the size of `coefs`. `check` saw that each slice is `len` long,
        // and they are borrowed for 'a: outputs uniquely, so that they overlap nothing.
        unsafe { gf::dot(backend, coefs, sources, outputs, len, self.stream) };
        Ok(())
    }

    /// [`dot`](Self::dot) by a plan that says the same as `coefs`.
    #[cfg(feature = "alloc")]
    pub(super) fn planned_dot(
        &self,
        backend: Backend,
        coefs: &[Coef],
        plan: &Plan,
    ) -> Result<(), Error> {
        let (sources, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, sources.len())?;
        let Some(groups) = plan.groups(sources.len(), outputs.len()) else {
            return self.dot(backend, coefs);
        };
        // SAFETY: as for `dot`; `Plan::groups` saw that they are for so many sources and outputs.
        unsafe { groups.dot(backend, coefs, sources, outputs, len, self.stream) };
        Ok(())
    }

    /// [`planned_dot`](Self::planned_dot) into the cache, and to the places in `streamed` round the
    /// caches as well; the Streamer puts these stores in order when it is dropped. True if it was
    /// done: a place must be as long as the shards, a multiple of 256 bytes,
    /// and aligned to 64.
    #[cfg(feature = "alloc")]
    pub(super) fn tee(
        &self,
        backend: Backend,
        coefs: &[Coef],
        plan: &Plan,
        streamed: &mut [&mut [u8]],
        _: &mut Streamer,
    ) -> Result<bool, Error> {
        let (sources, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, sources.len())?;
        let mut places = [core::ptr::null_mut(); MAX_PARITY];
        let mut fits = streamed.len() == outputs.len() && len.is_multiple_of(gf::TEE_STEP);
        for (place, streamed) in places.iter_mut().zip(streamed) {
            *place = streamed.as_mut_ptr();
            fits &= streamed.len() == len && place.addr().is_multiple_of(64);
        }
        if !fits {
            self.planned_dot(backend, coefs, plan)?;
            return Ok(false);
        }
        let groups = plan.groups(sources.len(), outputs.len());
        // SAFETY: as for `dot`; `Plan::groups` saw that groups are for so many sources and outputs;
        // there are as many places, and `fits` says that each is long enough and aligned. They are
        // borrowed uniquely, so that they overlap nothing. The Streamer, which is borrowed, fences when
        // it is dropped.
        unsafe { gf::tee(backend, groups, coefs, sources, outputs, &places[..outputs.len()], len) };
        Ok(true)
    }

    /// Adds the products of `coefs` and the changes to the outputs.
    pub(super) fn update(&self, backend: Backend, coefs: &[Coef]) -> Result<(), Error> {
        let (changes, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, changes.len() / 2)?;
        // SAFETY: as for `dot`; `change` puts the pointers of a change next to each other.
        unsafe { gf::update(backend, coefs, changes, outputs, len) };
        Ok(())
    }

    /// [`update`](Self::update) by groups that say the same as `coefs`.
    #[cfg(feature = "alloc")]
    pub(super) fn grouped_update(
        &self,
        backend: Backend,
        coefs: &[Coef],
        groups: Option<&Groups>,
    ) -> Result<(), Error> {
        let (changes, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, changes.len() / 2)?;
        let Some(groups) = groups.filter(|groups| groups.are_for(changes.len() / 2, outputs.len()))
        else {
            return self.update(backend, coefs);
        };
        // SAFETY: as for `update`; the groups are for so many sources and outputs.
        unsafe { groups.update(backend, coefs, changes, outputs, len) };
        Ok(())
    }
}

impl<'a> Call<'a, *const u8> {
    /// All of `shards`, of which there must be `expected`, to be compared.
    pub(super) fn compared(
        &mut self,
        list: ShardList,
        shards: &'a [impl AsRef<[u8]>],
        expected: usize,
    ) -> Result<(), Error> {
        check_count(list, expected, shards.len())?;
        for (index, shard) in shards.iter().enumerate() {
            let bytes = shard.as_ref();
            self.check(list, index, bytes.len())?;
            full(self.outputs.push(bytes.as_ptr()), list, MAX_PARITY)?;
        }
        Ok(())
    }

    /// True if the outputs are the products of `coefs` and the sources.
    pub(super) fn verify(&self, backend: Backend, coefs: &[Coef]) -> Result<bool, Error> {
        let (sources, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, sources.len())?;
        // SAFETY: `ready` checked the size of `coefs`. `check` saw that each slice is `len` long,
        // and they are borrowed for 'a.
        Ok(unsafe { gf::verify(backend, coefs, sources, outputs, len, self.stream) })
    }

    /// [`verify`](Self::verify) by a plan that says the same as `coefs`.
    #[cfg(feature = "alloc")]
    pub(super) fn planned_verify(
        &self,
        backend: Backend,
        coefs: &[Coef],
        plan: &Plan,
    ) -> Result<bool, Error> {
        let (sources, outputs) = (self.sources.get(), self.outputs.get());
        let len = self.ready(coefs, sources.len())?;
        let Some(groups) = plan.groups(sources.len(), outputs.len()) else {
            return self.verify(backend, coefs);
        };
        // SAFETY: as for `verify`; `Plan::groups` saw that they are for so many sources and outputs.
        Ok(unsafe { groups.verify(backend, coefs, sources, outputs, len, self.stream) })
    }
}
