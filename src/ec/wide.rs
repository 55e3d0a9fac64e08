//! `WideCodec`: more shards than a byte can number. Not Lustre's code.

use std::vec;
use std::vec::Vec;

use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

use super::shards::check_count;
use crate::{Error, ShardList};

/// A code for more than 255 data shards: Reed-Solomon over GF(2^16), by crate `reed-solomon-simd`.
///
/// **Its parity is not Lustre's**, even for geometries that [`Codec`](crate::ec::Codec) has too: no
/// Lustre tool reads it. It has the same verbs. Shards must have an even length. The cost of a call
/// grows with n log n of the shards instead of k·p, but each call allocates and copies all shards.
///
/// # Which code when
///
/// Use [`Codec`](crate::ec::Codec) wherever it has the geometry, unless this one is 1.2 times as
/// fast or more there at both encoding and rebuilding; and this one for what lies beyond: more than
/// 15 parity shards, or more than 256 in all. That is Lustre's limit, and speed says the same. On a
/// machine with GFNI, `Codec` encoded 6 to 8 times as fast at 8+2, and still 2.5 to 4 times as fast
/// at 64+15 to 240+15, where its k·p is largest. With AVX2 alone it was 2 times as fast at 8+2, and
/// the wide code encoded up to 1.4 times as fast from 64+15 on, with shards of 4 KiB (not of 64
/// KiB). Reconstructing, `Codec` was 2.5 times as fast or more on each of them: a call of the wide
/// code takes some 0.2 ms however short the shards. `lustrine bench ec --advise` measures this on
/// your machine.
///
/// ```
/// use lustrine::ec::WideCodec;
///
/// let codec = WideCodec::new(300, 20)?;
/// let data: Vec<_> = (0..300).map(|i| [i as u8; 64]).collect();
/// let mut parity = vec![[0; 64]; 20];
/// codec.encode(&data, &mut parity)?;
///
/// // The first data shard and all but one of the parity shards are lost.
/// let mut survivors = vec![None; 320];
/// (1..300).for_each(|i| survivors[i] = Some(&data[i]));
/// survivors[305] = Some(&parity[5]);
/// let mut wanted = [(0, [0xff; 64]), (319, [0; 64])];
/// codec.reconstruct(&survivors, &mut wanted)?;
/// assert_eq!((wanted[0].1, wanted[1].1), (data[0], parity[19]));
/// # Ok::<(), lustrine::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideCodec {
    data: usize,
    parity: usize,
}

impl WideCodec {
    /// A codec of `data` + `parity` shards, at most 65536 of both together (and fewer for some
    /// lopsided pairs).
    ///
    /// # Errors
    ///
    /// [`Error::WideGeometry`].
    pub fn new(data: usize, parity: usize) -> Result<WideCodec, Error> {
        // The sum first: the crate's own check multiplies the counts up.
        let small = data.checked_add(parity).is_some_and(|total| total <= 1 << 16);
        if small && ReedSolomonEncoder::supports(data, parity) {
            Ok(WideCodec { data, parity })
        } else {
            Err(Error::WideGeometry { data, parity })
        }
    }

    /// Data shards.
    pub const fn data(&self) -> usize {
        self.data
    }

    /// Parity shards: how many of all may be lost.
    pub const fn parity(&self) -> usize {
        self.parity
    }

    /// Overwrites `parity` with the parity of `data`.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`] or [`Error::OddSize`], and then nothing is
    /// written.
    pub fn encode<D: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data: &[D],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let mut row = Row::default();
        let data = row.list(ShardList::Data, data.iter().map(AsRef::as_ref), self.data)?;
        let parity = row.list_mut(parity.iter_mut().map(AsMut::as_mut), self.parity)?;
        let rows = self.parity_of(&data, row.len()?)?;
        parity.into_iter().zip(rows).for_each(|(shard, row)| shard.copy_from_slice(&row));
        Ok(())
    }

    /// True if `parity` is the parity of `data`.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`] or [`Error::OddSize`].
    pub fn verify<D: AsRef<[u8]>, P: AsRef<[u8]>>(
        &self,
        data: &[D],
        parity: &[P],
    ) -> Result<bool, Error> {
        let mut row = Row::default();
        let data = row.list(ShardList::Data, data.iter().map(AsRef::as_ref), self.data)?;
        let parity = row.list(ShardList::Parity, parity.iter().map(AsRef::as_ref), self.parity)?;
        Ok(self.parity_of(&data, row.len()?)? == parity)
    }

    /// Changes `parity` as the change of data shard `index` from `old` to `new` demands. It costs as
    /// much as `encode`, but needs no other data shard.
    ///
    /// # Errors
    ///
    /// [`Error::ShardIndex`], [`Error::ShardCount`], [`Error::ShardSize`] or [`Error::OddSize`],
    /// and then nothing is written.
    pub fn update<P: AsMut<[u8]>>(
        &self,
        index: usize,
        old: &[u8],
        new: &[u8],
        parity: &mut [P],
    ) -> Result<(), Error> {
        if index >= self.data {
            return Err(Error::ShardIndex { index, limit: self.data });
        }
        let mut row = Row::default();
        row.check(ShardList::Data, index, old.len())?;
        row.check(ShardList::Data, index, new.len())?;
        let parity = row.list_mut(parity.iter_mut().map(AsMut::as_mut), self.parity)?;
        let len = row.len()?;
        // The code is linear: parity changes by the parity of the change.
        let (change, zeros) = (xor(old, new), vec![0; len]);
        let data: Vec<&[u8]> =
            (0..self.data).map(|i| if i == index { &change[..] } else { &zeros[..] }).collect();
        for (shard, row) in parity.into_iter().zip(self.parity_of(&data, len)?) {
            let sum = xor(shard, &row);
            shard.copy_from_slice(&sum);
        }
        Ok(())
    }

    /// Overwrites the `wanted` shards from `survivors`: all data + parity shards, `None` for what is
    /// lost; as many as there are data shards are enough.
    ///
    /// # Errors
    ///
    /// [`Error::ShardCount`], [`Error::ShardSize`], [`Error::OddSize`], [`Error::ShardIndex`];
    /// [`Error::ShardRepeated`] if a wanted shard is named twice or survives;
    /// [`Error::TooManyErasures`]. Then nothing is written.
    pub fn reconstruct<S: AsRef<[u8]>, W: AsMut<[u8]>>(
        &self,
        survivors: &[Option<S>],
        wanted: &mut [(usize, W)],
    ) -> Result<(), Error> {
        let total = self.data + self.parity;
        check_count(ShardList::Survivors, total, survivors.len())?;
        let mut taken: Vec<bool> = survivors.iter().map(Option::is_some).collect();
        let missing = taken.iter().filter(|present| !**present).count();
        for (index, _) in &*wanted {
            let index = *index;
            let seen = taken.get_mut(index).ok_or(Error::ShardIndex { index, limit: total })?;
            if std::mem::replace(seen, true) {
                return Err(Error::ShardRepeated { index });
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        if missing > self.parity {
            return Err(Error::TooManyErasures { missing, parity: self.parity });
        }

        let mut row = Row::default();
        let mut present: Vec<Option<&[u8]>> = Vec::with_capacity(total);
        for (index, shard) in survivors.iter().enumerate() {
            let bytes = shard.as_ref().map(AsRef::as_ref);
            if let Some(bytes) = bytes {
                row.check(ShardList::Survivors, index, bytes.len())?;
            }
            present.push(bytes);
        }
        let mut outputs = Vec::with_capacity(wanted.len());
        for (index, shard) in wanted {
            let bytes = shard.as_mut();
            row.check(ShardList::Wanted, *index, bytes.len())?;
            outputs.push((*index, bytes));
        }
        let len = row.len()?;
        if len == 0 {
            return Ok(());
        }

        let (data, parity) = present.split_at(self.data);
        let decoded = || {
            let mut decoder = ReedSolomonDecoder::new(self.data, self.parity, len)?;
            for (index, shard) in data.iter().enumerate().filter_map(some) {
                decoder.add_original_shard(index, shard)?;
            }
            for (index, shard) in parity.iter().enumerate().filter_map(some) {
                decoder.add_recovery_shard(index, shard)?;
            }
            let result = decoder.decode()?;
            Ok(result.restored_original_iter().map(|(i, shard)| (i, shard.to_vec())).collect())
        };
        let restored: Vec<(usize, Vec<u8>)> = decoded().map_err(|error| self.refused(error))?;
        let mut whole: Vec<&[u8]> = data.iter().map(|shard| shard.unwrap_or_default()).collect();
        for (index, shard) in &restored {
            if let Some(slot) = whole.get_mut(*index) {
                *slot = shard;
            }
        }
        // Parity shards come from the data, which is whole by now.
        let lost_parity = outputs.iter().any(|(index, _)| *index >= self.data);
        let rows = if lost_parity { self.parity_of(&whole, len)? } else { Vec::new() };
        for (index, output) in outputs {
            let right = whole.get(index).copied();
            let right = right.or_else(|| rows.get(index - self.data).map(Vec::as_slice));
            output.copy_from_slice(right.unwrap_or_default());
        }
        Ok(())
    }

    /// The parity of data shards that are all `len` bytes long.
    fn parity_of(&self, data: &[&[u8]], len: usize) -> Result<Vec<Vec<u8>>, Error> {
        if len == 0 {
            return Ok(vec![Vec::new(); self.parity]);
        }
        let encoded = || {
            let mut encoder = ReedSolomonEncoder::new(self.data, self.parity, len)?;
            data.iter().try_for_each(|shard| encoder.add_original_shard(shard))?;
            let result = encoder.encode()?;
            Ok(result.recovery_iter().map(<[u8]>::to_vec).collect())
        };
        encoded().map_err(|error| self.refused(error))
    }

    /// What the crate may still refuse, after our checks, is only the geometry.
    fn refused(&self, _: reed_solomon_simd::Error) -> Error {
        Error::WideGeometry { data: self.data, parity: self.parity }
    }
}

fn some<'a>((index, shard): (usize, &Option<&'a [u8]>)) -> Option<(usize, &'a [u8])> {
    Some((index, (*shard)?))
}

fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

/// The common length of the shards of a call, which is that of the first.
#[derive(Default)]
struct Row(Option<usize>);

impl Row {
    fn check(&mut self, list: ShardList, index: usize, got: usize) -> Result<(), Error> {
        let expected = *self.0.get_or_insert(got);
        if got == expected { Ok(()) } else { Err(Error::ShardSize { list, index, expected, got }) }
    }

    fn list<'a>(
        &mut self,
        list: ShardList,
        shards: impl ExactSizeIterator<Item = &'a [u8]>,
        expected: usize,
    ) -> Result<Vec<&'a [u8]>, Error> {
        check_count(list, expected, shards.len())?;
        let checked = |(index, shard): (usize, &'a [u8])| {
            self.check(list, index, shard.len())?;
            Ok(shard)
        };
        shards.enumerate().map(checked).collect()
    }

    fn list_mut<'a>(
        &mut self,
        shards: impl ExactSizeIterator<Item = &'a mut [u8]>,
        expected: usize,
    ) -> Result<Vec<&'a mut [u8]>, Error> {
        let list = ShardList::Parity;
        check_count(list, expected, shards.len())?;
        let checked = |(index, shard): (usize, &'a mut [u8])| {
            self.check(list, index, shard.len())?;
            Ok(shard)
        };
        shards.enumerate().map(checked).collect()
    }

    fn len(&self) -> Result<usize, Error> {
        let got = self.0.unwrap_or(0);
        if got.is_multiple_of(2) { Ok(got) } else { Err(Error::OddSize { got }) }
    }
}
