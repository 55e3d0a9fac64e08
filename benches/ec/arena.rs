//! Memory that contestants share: equal shards, set after set.

use std::ptr::null_mut;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// Where the shards of an arena lie.
#[derive(Clone, Copy, Default)]
pub(crate) struct Layout {
    /// Shards a few cache lines further apart than they are long. Else shards of whole pages all
    /// start at the same offset of a page, and the ways of a cache that such lines share run out.
    pub(crate) stagger: bool,
    /// On pages of 2 MiB.
    pub(crate) huge: bool,
}

impl Layout {
    /// `page` (shard after shard, as a resync buffer has them), or `stagger`, `huge` or both.
    pub(crate) fn parse(text: &str) -> Option<Layout> {
        let mut layout = Layout::default();
        for word in text.split(',') {
            match word {
                "page" => {}
                "stagger" => layout.stagger = true,
                "huge" => layout.huge = true,
                _ => return None,
            }
        }
        Some(layout)
    }

    pub(crate) fn name(self) -> &'static str {
        match (self.stagger, self.huge) {
            (false, false) => "page",
            (true, false) => "stagger",
            (false, true) => "huge",
            (true, true) => "stagger,huge",
        }
    }
}

/// A shard of an arena.
///
/// Contestants run one after the other on one thread and keep no reference between runs; within a
/// run each shard is either read or written. That keeps the references below apart.
#[derive(Clone, Copy)]
pub(crate) struct Shard(pub(crate) *mut u8, usize);

impl Shard {
    /// Its first `len` bytes.
    pub(crate) fn head(self, len: usize) -> Shard {
        self.part(0, len)
    }

    /// `len` bytes from `start` on.
    pub(crate) fn part(self, start: usize, len: usize) -> Shard {
        assert!(start <= self.1 && len <= self.1 - start);
        Shard(self.0.wrapping_add(start), len)
    }
}

impl AsRef<[u8]> for Shard {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: inside the arena, and not written meanwhile, see above.
        unsafe { std::slice::from_raw_parts(self.0, self.1) }
    }
}

impl AsMut<[u8]> for Shard {
    fn as_mut(&mut self) -> &mut [u8] {
        // SAFETY: inside the arena, and not used otherwise meanwhile, see above.
        unsafe { std::slice::from_raw_parts_mut(self.0, self.1) }
    }
}

/// A few shards on the stack, to be written.
pub(crate) struct Few([Shard; 32], usize);

impl std::ops::Deref for Few {
    type Target = [Shard];
    fn deref(&self) -> &[Shard] {
        &self.0[..self.1]
    }
}

impl std::ops::DerefMut for Few {
    fn deref_mut(&mut self) -> &mut [Shard] {
        &mut self.0[..self.1]
    }
}

/// The pointers of some shards, on the stack.
pub(crate) fn pointers(shards: &[Shard]) -> [*mut u8; 32] {
    let mut pointers = [null_mut(); 32];
    pointers.iter_mut().zip(shards).for_each(|(pointer, shard)| *pointer = shard.0);
    pointers
}

/// Bytes over which large shards rotate: far more than a core's share of any cache.
const ROTATION: usize = 1 << 30;
const PAGE: usize = 4096;
const HUGE_PAGE: usize = 2 << 20;
/// As the library's `RowBuffers`: an odd number of lines, so 64 shards of whole pages start on
/// different lines of a page.
const STAGGER: usize = 17 * 64;

/// Shards of one size: enough sets of them to fill the working set.
pub(crate) struct Arena {
    /// What was mapped.
    memory: *mut u8,
    mapped: usize,
    shards: usize,
    sets: usize,
    pub(crate) size: usize,
    /// All shards, set after set, listed beforehand: small shards take less time than an allocation.
    list: Vec<Shard>,
}

impl Arena {
    /// `shards` shards of `size` bytes that are not all alike. Shards of up to 64 KiB stay in the
    /// cache; larger ones rotate, over less memory if it must be `quick`.
    pub(crate) fn new(quick: bool, layout: Layout, shards: usize, size: usize) -> Arena {
        let rotation = if quick { ROTATION / 16 } else { ROTATION };
        let sets = if size > 64 << 10 { rotation.div_ceil(shards * size) } else { 1 };
        Arena::with_sets(layout, shards, size, sets)
    }

    /// As many sets as the caller says.
    pub(crate) fn with_sets(layout: Layout, shards: usize, size: usize, sets: usize) -> Arena {
        let stride = if layout.stagger { size + STAGGER } else { size };
        let page = if layout.huge { HUGE_PAGE } else { PAGE };
        let bytes = (sets * shards * stride).next_multiple_of(page);
        // Fresh pages, and a page more to start at a huge one.
        let mapped = bytes + page;
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping, of which nobody knows yet.
        let memory = unsafe { mmap_anonymous(null_mut(), mapped, access, flags) };
        let memory: *mut u8 = memory.expect("memory for an arena").cast();
        let start = memory.wrapping_add(memory.align_offset(page));
        let had = huge_bytes();
        if layout.huge {
            // SAFETY: whole pages of our own; the advice changes no byte.
            let advised = unsafe { madvise(start.cast(), bytes, Advice::LinuxHugepage) };
            advised.expect("the kernel has pages of 2 MiB");
        }
        // SAFETY: just mapped, readable and writable, this long from the aligned start on.
        let words = unsafe { std::slice::from_raw_parts_mut(start, bytes) };
        let mut state = 1_u64;
        for word in words.chunks_exact_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.copy_from_slice(&(state ^ (state >> 29)).to_le_bytes());
        }
        let got = huge_bytes().saturating_sub(had);
        if layout.huge && got < bytes / 10 * 9 {
            // Figures of small pages must not pass for those of huge ones.
            println!("NOTE: only {} of {} KiB are on pages of 2 MiB", got >> 10, bytes >> 10);
        }
        let shard = |i| Shard(start.wrapping_add(i * stride), size);
        let list = (0..sets * shards).map(shard).collect();
        Arena { memory, mapped, shards, sets, size, list }
    }

    pub(crate) fn sets(&self) -> usize {
        self.sets
    }

    /// Bytes of the shards of one set.
    pub(crate) fn set_bytes(&self) -> usize {
        self.shards * self.size
    }

    /// All shards of a set.
    pub(crate) fn set(&self, set: usize) -> &[Shard] {
        &self.list[set * self.shards..][..self.shards]
    }

    /// The first `k` shards of a set to read, and the rest to write.
    pub(crate) fn split(&self, set: usize, k: usize) -> (&[Shard], Few) {
        let (data, rest) = self.set(set).split_at(k);
        let mut few = Few([Shard(null_mut(), 0); 32], rest.len());
        few.copy_from_slice(rest);
        (data, few)
    }

    /// Spoils the shards of the first set from `k` on.
    pub(crate) fn clear(&self, k: usize) {
        self.split(0, k).1.iter_mut().for_each(|shard| shard.as_mut().fill(0xa5));
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: mapped by new, and its shards are gone with the borrow of the arena.
        unsafe { munmap(self.memory.cast(), self.mapped) }.expect("what was mapped is unmapped");
    }
}

/// What of this process is on pages of 2 MiB.
fn huge_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("AnonHugePages:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}
