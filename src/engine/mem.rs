//! Objects in memory, with faults on demand: the store of the tests.

use super::store::{Input, ObjectStore, Output};
use crate::layout::ObjectId;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Holes are kept in pages of this many bytes.
const PAGE: u64 = 4096;

/// A fault of one object, for as long as it is scripted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The object does not exist.
    Missing,
    /// Reads stop at this offset although the object goes on: an error, not the end.
    ShortRead(u64),
    /// Reads that touch this byte fail with an I/O error.
    ErrorAt(u64),
    /// Bit `bit` of the byte at `offset` reads flipped.
    FlippedBit {
        /// Byte offset in the object.
        offset: u64,
        /// Bit, 0..=7.
        bit: u8,
    },
    /// Each read takes this long.
    Slow(Duration),
    /// Writes that touch this byte fail.
    WriteErrorAt(u64),
    /// The object cannot be published.
    PublishError,
}

#[derive(Debug, Default)]
struct Object {
    size: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
    published: bool,
}

/// An [`ObjectStore`] in memory.
#[derive(Debug, Default)]
pub struct MemStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectId, Object>,
    faults: BTreeMap<ObjectId, Vec<Fault>>,
}

impl MemStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault to an object's script, also before the object is made.
    pub fn inject(&self, id: ObjectId, fault: Fault) {
        self.lock().faults.entry(id).or_default().push(fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// The published objects, in order.
    pub fn objects(&self) -> Vec<ObjectId> {
        self.lock().objects.iter().filter(|(_, o)| o.published).map(|(id, _)| *id).collect()
    }

    /// Overwrites one byte as silent damage would: no size changes, no error.
    pub fn corrupt(&self, id: ObjectId, offset: u64, byte: u8) -> io::Result<()> {
        self.with(id, |o| {
            if offset >= o.size {
                return Err(io::Error::new(
                    ErrorKind::InvalidInput,
                    "offset past the object's end",
                ));
            }
            o.page(offset / PAGE)[(offset % PAGE) as usize] = byte;
            Ok(())
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: ObjectId, f: impl FnOnce(&mut Object) -> io::Result<T>) -> io::Result<T> {
        self.with_faults(id, |object, _| f(object))
    }

    fn with_faults<T>(
        &self,
        id: ObjectId,
        f: impl FnOnce(&mut Object, &[Fault]) -> io::Result<T>,
    ) -> io::Result<T> {
        let State { objects, faults } = &mut *self.lock();
        let faults = faults.get(&id).map_or(&[][..], Vec::as_slice);
        match objects.get_mut(&id) {
            Some(object) if !faults.contains(&Fault::Missing) => f(object, faults),
            _ => Err(missing(id)),
        }
    }
}

fn missing(id: ObjectId) -> io::Error {
    io::Error::new(ErrorKind::NotFound, format!("no object {id}"))
}

impl Object {
    fn page(&mut self, index: u64) -> &mut [u8] {
        self.pages.entry(index).or_insert_with(|| vec![0; PAGE as usize].into())
    }

    fn read(&self, offset: u64, buf: &mut [u8], faults: &[Fault]) -> io::Result<usize> {
        let len = self.size.saturating_sub(offset).min(buf.len() as u64);
        let (from, to) = (offset, offset.saturating_add(len));
        for fault in faults {
            match *fault {
                Fault::ShortRead(at) if to > at => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "short read"));
                }
                Fault::ErrorAt(at) if (from..to).contains(&at) => {
                    return Err(io::Error::other("input/output error"));
                }
                _ => {}
            }
        }
        let mut pos = 0;
        while pos < len {
            let at = offset + pos;
            let (page, within) = (at / PAGE, at % PAGE);
            let n = (PAGE - within).min(len - pos);
            let target = &mut buf[pos as usize..(pos + n) as usize];
            match self.pages.get(&page) {
                Some(bytes) => {
                    target.copy_from_slice(&bytes[within as usize..(within + n) as usize]);
                }
                None => target.fill(0),
            }
            pos += n;
        }
        for fault in faults {
            if let Fault::FlippedBit { offset: at, bit } = *fault
                && (from..to).contains(&at)
            {
                buf[(at - from) as usize] ^= 1 << (bit & 7);
            }
        }
        Ok(len as usize)
    }
}

impl ObjectStore for MemStore {
    fn create(&self, id: ObjectId) -> io::Result<()> {
        let objects = &mut self.lock().objects;
        if objects.get(&id).is_some_and(|o| o.published) {
            return Err(io::Error::new(ErrorKind::AlreadyExists, format!("{id} exists")));
        }
        objects.insert(id, Object::default());
        Ok(())
    }

    fn publish(&self, id: ObjectId, _durable: bool) -> io::Result<()> {
        self.with_faults(id, |o, faults| {
            if faults.contains(&Fault::PublishError) {
                return Err(io::Error::other("input/output error"));
            }
            o.published = true;
            Ok(())
        })
    }

    fn read_at(&self, id: ObjectId, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let pause = self.with_faults(id, |_, faults| {
            Ok(faults.iter().find_map(|f| match f {
                Fault::Slow(time) => Some(*time),
                _ => None,
            }))
        })?;
        if let Some(time) = pause {
            std::thread::sleep(time);
        }
        self.with_faults(id, |o, faults| o.read(offset, buf, faults))
    }

    fn write_at(&self, id: ObjectId, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_faults(id, |o, faults| {
            let touched = offset..offset + data.len() as u64;
            let bad = |f: &Fault| matches!(f, Fault::WriteErrorAt(at) if touched.contains(at));
            if faults.iter().any(bad) {
                return Err(io::Error::other("input/output error"));
            }
            let mut done = 0;
            while done < data.len() {
                let at = offset + done as u64;
                let within = (at % PAGE) as usize;
                let n = (PAGE as usize - within).min(data.len() - done);
                o.page(at / PAGE)[within..within + n].copy_from_slice(&data[done..done + n]);
                done += n;
            }
            o.size = o.size.max(offset + data.len() as u64);
            Ok(())
        })
    }

    fn size(&self, id: ObjectId) -> io::Result<u64> {
        self.with(id, |o| Ok(o.size))
    }

    fn set_size(&self, id: ObjectId, size: u64) -> io::Result<()> {
        self.with(id, |o| {
            if size < o.size {
                o.pages.split_off(&size.div_ceil(PAGE));
                if let Some(page) = o.pages.get_mut(&(size / PAGE)) {
                    page[(size % PAGE) as usize..].fill(0);
                }
            }
            o.size = size;
            Ok(())
        })
    }

    fn next_data(&self, id: ObjectId, offset: u64) -> io::Result<Option<Range<u64>>> {
        self.with(id, |o| {
            let mut region: Option<Range<u64>> = None;
            for &page in o.pages.range(offset / PAGE..).map(|(page, _)| page) {
                let (start, end) = ((page * PAGE).max(offset), ((page + 1) * PAGE).min(o.size));
                match &mut region {
                    None if start < end => region = Some(start..end),
                    Some(r) if r.end == page * PAGE => r.end = end,
                    _ => break,
                }
            }
            Ok(region)
        })
    }

    fn punch(&self, id: ObjectId, range: Range<u64>) -> io::Result<()> {
        self.with(id, |o| {
            let pages: Vec<u64> = o
                .pages
                .range(range.start / PAGE..range.end.div_ceil(PAGE))
                .map(|(p, _)| *p)
                .collect();
            for page in pages {
                let from = range.start.max(page * PAGE) - page * PAGE;
                let to = range.end.min((page + 1) * PAGE) - page * PAGE;
                if from == 0 && to == PAGE {
                    o.pages.remove(&page);
                } else {
                    o.page(page)[from as usize..to as usize].fill(0);
                }
            }
            Ok(())
        })
    }

    fn sync(&self, id: ObjectId) -> io::Result<()> {
        self.with(id, |_| Ok(()))
    }

    fn delete(&self, id: ObjectId) -> io::Result<()> {
        self.lock().objects.remove(&id).map(|_| ()).ok_or_else(|| missing(id))
    }
}

impl Input for &[u8] {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        let n = buf.len().min(self.len() - from);
        buf[..n].copy_from_slice(&self[from..from + n]);
        Ok(n)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<Range<u64>>> {
        let len = self.len() as u64;
        Ok((offset < len).then_some(offset..len))
    }
}

/// Output into a buffer of fixed length that holds file bytes from `base` on.
#[derive(Debug)]
pub struct MemOutput {
    base: u64,
    bytes: Mutex<Vec<u8>>,
}

impl MemOutput {
    /// `len` zero bytes that stand for file bytes `base..base + len`.
    pub fn new(base: u64, len: usize) -> Self {
        Self { base, bytes: Mutex::new(vec![0; len]) }
    }

    /// Starts over at another place, reusing the memory.
    pub fn reset(&mut self, base: u64, len: usize) {
        self.base = base;
        let bytes = self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner);
        bytes.clear();
        bytes.resize(len, 0);
    }

    /// The bytes.
    pub fn bytes(&mut self) -> &[u8] {
        self.bytes.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output for MemOutput {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let from = offset.checked_sub(self.base).and_then(|o| usize::try_from(o).ok());
        let target = from.and_then(|f| bytes.get_mut(f..f.checked_add(data.len())?));
        let outside = || io::Error::new(ErrorKind::InvalidInput, "write outside the buffer");
        target.ok_or_else(outside)?.copy_from_slice(data);
        Ok(())
    }
}
