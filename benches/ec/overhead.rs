//! What a call costs beside its bytes: the time of short calls, and the line through them.

use lustrine::ec::{Codec, Geometry};
use lustrine::gf::Backend;

use crate::Bench;
use crate::arena::Shard;
use crate::encode::{arena, isal_run};
use crate::race::{cpu_time, median};
use crate::totals::Totals;

const CODE: (usize, usize) = (8, 2);
/// All of it in L1: ten shards of the largest.
const LENGTHS: [usize; 9] = [64, 128, 256, 512, 1024, 1536, 2048, 3072, 4096];

/// Prints a line for our best backend and one for ISA-L, and keeps them.
///
/// The time of a call is a straight line over the length, `overhead + length / speed`: the overhead
/// is where least squares put it at length 0. What the longest call takes beyond its share of the
/// slope is the same thing without the fit's blur of short lengths.
pub(crate) fn overhead(bench: &Bench, totals: &mut Totals) {
    let (k, p) = CODE;
    if !bench.race.wants("overhead", CODE, LENGTHS[LENGTHS.len() - 1]) {
        return;
    }
    let arena = arena(bench, CODE, 0, LENGTHS[LENGTHS.len() - 1]);
    let codec = Codec::new(Geometry::new(k, p).unwrap());
    let (data, parity) = arena.split(0, k);
    let ours = |data: &[Shard], parity: &mut [Shard]| codec.encode(data, parity).unwrap();
    totals.note(print(bench, Backend::best().name(), data, &parity, ours));
    if let Some(isal) = &bench.isal {
        let tables = isal.tables(k, &isal.matrix(k, p)[k * k..]);
        let rival = |data: &[Shard], parity: &mut [Shard]| isal_run(isal, &tables, data, parity);
        totals.note(print(bench, "isal", data, &parity, rival));
    }
}

fn print(
    bench: &Bench,
    name: &str,
    data: &[Shard],
    parity: &[Shard],
    mut call: impl FnMut(&[Shard], &mut [Shard]),
) -> String {
    let (rounds, slice) = bench.race.pace();
    let mut times = vec![Vec::new(); LENGTHS.len()];
    for _ in 0..rounds {
        for (len, times) in LENGTHS.iter().zip(&mut times) {
            let cut = |shards: &[Shard]| shards.iter().map(|s| s.head(*len)).collect::<Vec<_>>();
            let (data, mut parity) = (cut(data), cut(parity));
            let (start, mut calls) = (cpu_time(), 0);
            // The clock is asked once in 64 calls: asking takes longer than a call.
            let took = loop {
                (0..64).for_each(|_| call(&data, &mut parity));
                calls += 64;
                let took = cpu_time() - start;
                if took >= slice {
                    break took;
                }
            };
            times.push(took.as_secs_f64() * 1e9 / f64::from(calls));
        }
    }
    let times: Vec<f64> = times.into_iter().map(median).collect();
    let points: Vec<(f64, f64)> =
        LENGTHS.iter().zip(&times).map(|(len, time)| (*len as f64, *time)).collect();
    let (overhead, slope) = line(&points);
    let (longest, time) = points[points.len() - 1];
    let over = time - longest * slope;
    println!(
        "overhead {}+{} {name}: {overhead:.1} ns a call, {:.1} GB/s beyond; {:.1} ns for 64 bytes, \
         {time:.1} for 4 KiB, {over:.1} over the slope",
        CODE.0,
        CODE.1,
        CODE.0 as f64 / slope,
        points[0].1,
    );
    let (k, p) = CODE;
    format!("overhead 4K {k}+{p} {name}  {overhead:.1} ns a call, {over:.1} over the slope")
}

/// The straight line nearest to the points: its height at 0, and its slope.
fn line(points: &[(f64, f64)]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let slope = (mean(|p| p.0 * p.1) - x * y) / (mean(|p| p.0 * p.0) - x * x);
    (y - slope * x, slope)
}
