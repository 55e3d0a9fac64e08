//! The loss of OSTs over many attributes: parsing and analysis of each, on one thread.

use std::collections::BTreeSet;
use std::hint::black_box;

use lustrine::layout::allocate::{Allocator, NewFile, Ost};
use lustrine::layout::analysis::{Class, Exposure, Summary};
use lustrine::layout::spec::Spec;
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Fid, ObjectId};

use crate::turns::{Contestant, Turns};

const KINDS: [(&str, &str); 4] = [
    ("loss: 4 stripes", "-c 4 -S 1M"),
    ("loss: 8 stripes 4+2", "-E -1 -S 1M -c 8 --ec 4+2"),
    ("loss: progressive, 1, 4, 16 of 8+2", "-E 4M -c 1 -E 64M -c 4 --ec 4+1 -E -1 -c 16 --ec 8+2"),
    ("loss: 96 stripes 8+2", "-E -1 -S 1M -c 96 --ec 8+2"),
];

pub(crate) fn run(turns: &Turns) {
    let osts: Vec<Ost> = (0..120).map(Ost::new).collect();
    let lost: BTreeSet<u32> = [7, 31].into();
    for (title, options) in KINDS {
        let request = Spec::parse(options).unwrap().request();
        let files = turns.amount(2000, 60);
        let eas: Vec<Vec<u8>> = (0..files)
            .map(|number| {
                let first = number as usize;
                let allocator = Allocator { osts: &osts, first, ..Allocator::default() };
                let file = NewFile { size: 1 << 30, ..NewFile::default() };
                let mut next_id = |ost| {
                    let fid = Fid { seq: 0x2_4000_0400, oid: number as u32 + 1, ver: 0 };
                    ObjectId { ost, fid }
                };
                emit(&allocator.allocate(&request, &file, &mut next_id).unwrap())
            })
            .collect();
        let all = || {
            let mut summary = Summary::new(100);
            for ea in &eas {
                let exposure = Exposure::of(&parse(ea).unwrap(), Some(1 << 30));
                summary.add("f", true, &exposure.without(&lost));
            }
            summary
        };
        let hit = files - all().count(Class::Safe);
        assert!(hit > 0 && hit <= files, "{hit} of {files}");
        let contestants: Vec<Contestant<'_>> = vec![
            (
                "parse and analyse",
                Box::new(|| {
                    black_box(all());
                    files
                }),
            ),
            (
                "parse",
                Box::new(|| {
                    eas.iter().for_each(|ea| drop(black_box(parse(ea).unwrap())));
                    files
                }),
            ),
        ];
        turns.race(&format!("{title} ({}% hit)", 100 * hit / files), "k/s", 1e3, contestants);
    }
}
