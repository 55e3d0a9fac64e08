//! Two threads against one, by the clock on the wall.

use std::time::Duration;

use lustrine::ec::{Codec, Geometry};
use rayon::{ThreadPool, ThreadPoolBuilder};
use rustix::time::{ClockId, clock_gettime};

use crate::Bench;
use crate::arena::Arena;
use crate::encode::{Encoders, filled};
use crate::race::{Code, Ratios, Versus};

const ONE: Versus = Versus { title: "x1THREAD", rivals: &["1-thread"] };

/// Shards that stay where they are: in both cores' second-level caches if they are small enough.
pub(crate) fn cached(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = Arena::with_sets(bench.race.layout, code.0 + code.1, size, 1);
    race(bench, "threads", code, &filled(bench, code, arena))
}

pub(crate) fn dram(bench: &Bench, code: Code, size: usize) -> Ratios {
    let arena = bench.race.arena(code.0 + code.1, size);
    race(bench, "threads-dram", code, &filled(bench, code, arena))
}

fn race(bench: &Bench, op: &str, (k, p): Code, arena: &Arena) -> Ratios {
    let codec = &Codec::new(Geometry::new(k, p).unwrap());
    let pool: &ThreadPool = &ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let mut field = Encoders::new(arena, (k, p));
    field.add("2-threads", move |set| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode_on(pool, data, &mut parity).unwrap();
    });
    field.add("1-thread", move |set| {
        let (data, mut parity) = arena.split(set, k);
        codec.encode(data, &mut parity).unwrap();
    });
    let mut race = bench.race.clone();
    race.clock = wall_time;
    race.run(op, (k, p), arena, &field.list, &[ONE])
}

/// What a thread has had of a CPU says nothing of the others.
fn wall_time() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
