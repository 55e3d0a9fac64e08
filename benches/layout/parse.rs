//! Reading the largest layouts, against copying their bytes.

use std::hint::black_box;

use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::check::check;
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Fid, ObjectId};

use crate::turns::{Contestant, Turns};

pub(crate) fn run(turns: &Turns) {
    let calls = turns.amount(1000, 20);
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
        let repeat = |work: fn(&[u8])| -> Box<dyn FnMut() -> u64> {
            let ea = ea.clone();
            Box::new(move || {
                (0..calls).for_each(|_| work(black_box(&ea)));
                calls
            })
        };
        let contestants: Vec<Contestant> = vec![
            ("parse", repeat(|ea| drop(black_box(parse(ea))))),
            ("check", repeat(|ea| drop(black_box(check(ea))))),
            ("copy", repeat(|ea| drop(black_box(ea.to_vec())))),
        ];
        turns.race(name, "k EAs/s", 1e3, contestants);
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
