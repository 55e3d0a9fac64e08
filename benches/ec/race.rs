//! Contestants taking turns on the same memory.

use std::cell::RefCell;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Shards of one size: enough sets of them to fill the working set.
pub(crate) struct Arena {
    memory: *mut u8,
    bytes: usize,
    shards: usize,
    size: usize,
    /// All shards, set after set, listed beforehand: small shards take less time than an allocation.
    list: Vec<Shard>,
}

/// A shard of an arena.
///
/// Contestants run one after the other on one thread and keep no reference between runs; within a
/// run each shard is either read or written. That keeps the references below apart.
#[derive(Clone, Copy)]
pub(crate) struct Shard(pub *mut u8, usize);

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
    let mut pointers = [std::ptr::null_mut(); 32];
    pointers.iter_mut().zip(shards).for_each(|(pointer, shard)| *pointer = shard.0);
    pointers
}

/// Bytes over which large shards rotate: far more than a core's share of any cache.
const ROTATION: usize = 1 << 30;

impl Arena {
    /// `shards` shards of `size` bytes, page after page as a resync buffer has them. Shards of up
    /// to 64 KiB stay in the cache; larger ones rotate.
    pub(crate) fn new(race: &Race, shards: usize, size: usize) -> Arena {
        let rotation = if race.quick { ROTATION / 16 } else { ROTATION };
        let set = shards * size;
        let sets = if size > 64 << 10 { rotation.div_ceil(set) } else { 1 };
        let layout = std::alloc::Layout::from_size_align(sets * set, 4096).unwrap();
        // SAFETY: the size is not zero.
        let memory = unsafe { std::alloc::alloc(layout) };
        assert!(!memory.is_null(), "no memory for {} bytes", layout.size());
        // SAFETY: just allocated, this long.
        let bytes = unsafe { std::slice::from_raw_parts_mut(memory, layout.size()) };
        let mut state = 1_u64;
        for word in bytes.chunks_exact_mut(8) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.copy_from_slice(&(state ^ (state >> 29)).to_le_bytes());
        }
        let list = (0..sets * shards).map(|i| Shard(memory.wrapping_add(i * size), size)).collect();
        Arena { memory, bytes: layout.size(), shards, size, list }
    }

    pub(crate) fn sets(&self) -> usize {
        self.bytes / (self.shards * self.size)
    }

    /// The first `k` shards of a set to read, and the rest to write.
    pub(crate) fn split(&self, set: usize, k: usize) -> (&[Shard], Few) {
        let (data, rest) = self.list[set * self.shards..][..self.shards].split_at(k);
        let mut few = Few([Shard(std::ptr::null_mut(), 0); 32], rest.len());
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
        let layout = std::alloc::Layout::from_size_align(self.bytes, 4096).unwrap();
        // SAFETY: allocated by new with this layout.
        unsafe { std::alloc::dealloc(self.memory, layout) };
    }
}

/// A way to do the work on one set of the arena.
pub(crate) struct Contestant<'a> {
    name: &'static str,
    run: RefCell<Box<dyn FnMut(usize) + 'a>>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(usize) + 'a) -> Contestant<'a> {
        Contestant { name, run: RefCell::new(Box::new(run)) }
    }
}

/// How long to run, and what.
pub(crate) struct Race {
    quick: bool,
    words: Vec<String>,
}

impl Race {
    pub(crate) fn new(quick: bool, words: Vec<String>) -> Race {
        Race { quick, words }
    }

    /// True if the user asked for this line.
    pub(crate) fn wants(&self, label: &str, size: usize) -> bool {
        let label = format!("{label} {}K", size >> 10);
        let quick = ["4+2 ", "8+2 ", "20+8 "].iter().any(|geometry| label.contains(geometry));
        (!self.quick || quick) && self.words.iter().all(|word| label.contains(word.as_str()))
    }

    pub(crate) fn print_machine(&self) {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split(':').next_back().unwrap_or_default().trim().to_owned()
        };
        println!(
            "{}, family {} model {}",
            field("model name"),
            field("cpu family"),
            field("model\t")
        );
        for index in 0..4 {
            let dir = format!("/sys/devices/system/cpu/cpu0/cache/index{index}");
            let [level, kind, size] =
                ["level", "type", "size"].map(|f| read(&format!("{dir}/{f}")));
            print!("L{} {} {}; ", level.trim(), kind.trim(), size.trim());
        }
        println!(
            "one thread; GB of data per second; xISAL: best backend to ISA-L, median of turns"
        );
    }

    /// Times all contestants in turns, and prints a line.
    pub(crate) fn run(&self, label: &str, bytes: usize, arena: &Arena, list: Vec<Contestant>) {
        let (rounds, slice) = match self.quick {
            true => (3, Duration::from_micros(200)),
            false => (41, Duration::from_micros(800)),
        };
        // One rotation for all: else a contestant would find what the one before it has just used.
        let mut next = 0;
        // How often each runs in a turn, from one run with all warm; and in how many turns, since
        // the slowest would take up all the time.
        let plan: Vec<(usize, usize)> = list
            .iter()
            .map(|contestant| {
                let run = &mut *contestant.run.borrow_mut();
                run(0);
                let start = cpu_time();
                run(0);
                let each = (cpu_time() - start).as_nanos().max(1);
                let count = (slice.as_nanos() / each).clamp(1, 1 << 20);
                let sparse = (each / slice.as_nanos() / 4).clamp(1, rounds as u128 / 3);
                (count as usize, sparse as usize)
            })
            .collect();
        let mut speeds = vec![Vec::with_capacity(rounds); list.len()];
        for round in 0..rounds {
            for (i, contestant) in list.iter().enumerate() {
                let (count, sparse) = plan[i];
                if !round.is_multiple_of(sparse) {
                    continue;
                }
                let run = &mut *contestant.run.borrow_mut();
                let start = cpu_time();
                for _ in 0..count {
                    run(next);
                    next = (next + 1) % arena.sets();
                }
                let took = (cpu_time() - start).as_secs_f64();
                speeds[i].push((count * bytes) as f64 / took / 1e9);
            }
        }
        let set = arena.shards * arena.size;
        let place = match (arena.sets(), set) {
            (2.., _) => "DRAM",
            (_, ..=48_000) => "L1/L2",
            _ => "L2",
        };
        print!("{:<18} {:>5}K {place:<6}", label, arena.size >> 10);
        for (contestant, speeds) in list.iter().zip(&speeds) {
            print!(" {} {:.2}", contestant.name, median(speeds.clone()));
        }
        let ratio = |name: &str| {
            let rival = list.iter().position(|contestant| contestant.name == name)?;
            let ratios = speeds[0].iter().zip(&speeds[rival]).map(|(best, rival)| best / rival);
            Some(median(ratios.collect()))
        };
        for (title, name) in [("xISAL", "isal"), ("xMEMCMP", "best+memcmp")] {
            if let Some(ratio) = ratio(name) {
                print!(" | {title} {ratio:.2}");
            }
        }
        println!();
    }
}

/// Time that this thread has had a CPU: others may run on the machine.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
