//! Reading the largest layouts, against copying their bytes.
//!
//! `cargo bench --bench layout [-- --quick]`. The two take turns in one process; printed are the
//! medians in microseconds, and the median over turns of their ratio. `--quick` (also when not run
//! by `cargo bench`) does a few turns only.
#![allow(clippy::unwrap_used, missing_docs)]

use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::check::check;
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Fid, ObjectId};
use std::hint::black_box;
use std::time::Instant;

/// Calls in one turn: some tenths of a millisecond.
const CALLS: u32 = 10;

fn main() {
    let bench = std::env::args().any(|word| word == "--bench");
    let quick = !bench || std::env::args().any(|word| word == "--quick");
    let turns = if quick { 20 } else { 3000 };
    for (name, options) in [
        ("2000 stripes", "-c 2000"),
        ("2000 stripes in a pool", "-c 2000 -p fast"),
        ("one component of 2000", "-E -1 -c 2000"),
        ("8+2 over 2000, 500 of parity", "-E -1 -c 2000 --ec 8+2"),
    ] {
        let ea = ea(options);
        let layout = parse(&ea).unwrap();
        assert_eq!(emit(&layout), ea);
        assert!(check(&ea).findings.is_empty());
        let contestants: [(&str, &dyn Fn()); 3] = [
            ("parse", &|| drop(black_box(parse(black_box(&ea))))),
            ("check", &|| drop(black_box(check(black_box(&ea))))),
            ("copy", &|| drop(black_box(black_box(&ea).to_vec()))),
        ];
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..turns {
            for ((_, work), times) in contestants.iter().zip(&mut times) {
                let begin = Instant::now();
                (0..CALLS).for_each(|_| work());
                times.push(begin.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
            }
        }
        print!("{name:30} {:6} bytes", ea.len());
        for ((word, _), own) in contestants.iter().zip(&times) {
            let ratios = own.iter().zip(&times[2]).map(|(own, copy)| own / copy).collect();
            print!("  {word} {:6.2} us ({:5.1} x)", median(own.clone()), median(ratios));
        }
        println!();
    }
}

fn ea(options: &str) -> Vec<u8> {
    let osts: Vec<Ost> =
        (0..2000).map(|index| Ost { pools: vec!["fast".into()], ..Ost::new(index) }).collect();
    let allocator = Allocator { osts: &osts, ..Allocator::default() };
    let request = Spec::parse(options).unwrap().request();
    let mut made = 0;
    let mut object = |ost| {
        made += 1;
        ObjectId { ost, fid: Fid { seq: 0x2_4000_0400, oid: made, ver: 0 } }
    };
    emit(&allocator.allocate(&request, &NewFile::default(), &mut object).unwrap())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
