//! Files joined without moving a byte.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/life.rs"]
mod life;

use life::{File, flr, renamed, write};
use lustrine::layout::edit::{self, Obstacle, Part};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{EOF, Layout, ObjectId, Pattern, map};

/// Where every unit of some bytes of a file lies: object and offset in it.
fn places(layout: &Layout, start: u64, end: u64) -> Vec<(ObjectId, u64)> {
    (start..end)
        .step_by(65536)
        .map(|at| {
            let piece = map::extents(layout, 0, at..at + 1).next().unwrap();
            let object = layout.component(piece.component).unwrap().object(piece.stripe);
            (object.unwrap(), piece.object_offset)
        })
        .collect()
}

/// Bytes of a joined file are where they were in the parts.
#[test]
fn joined_files_keep_their_bytes() {
    const MIB: u64 = 1 << 20;
    let head = renamed(flr("-E 4M -S 1M -c 2 -E -1 -S 1M -c 4"), 100);
    let mut file = File { layout: head, ..flr("-c 1") };
    file.event(&write(0, 5 * MIB)).unwrap();
    let head = file.layout;
    let whole = |layout, end| Part { layout, bytes: 0..end };
    // In place: the second part was written where it goes.
    let tail = renamed(flr("-S 1M -c 3"), 200);
    let parts = [whole(&head, 6 * MIB), Part { layout: &tail, bytes: 6 * MIB..EOF }];
    let joined = edit::join(&parts).unwrap();
    assert_eq!(parse(&emit(&joined)).as_ref(), Ok(&joined));
    let extents: Vec<_> = joined.components().map(|v| (v.extent.start, v.extent.end)).collect();
    assert_eq!(extents, [(0, 4 * MIB), (4 * MIB, 6 * MIB), (6 * MIB, EOF)]);
    assert_eq!(places(&joined, 0, 6 * MIB), places(&head, 0, 6 * MIB));
    assert_eq!(places(&joined, 6 * MIB, 40 * MIB), places(&tail, 6 * MIB, 40 * MIB));
    // Moved within a row: the stripes are turned.
    let row = renamed(flr("-S 1M -c 16"), 300);
    let parts = [whole(&head, 4 * MIB), whole(&row, 5 * MIB)];
    let joined = edit::join(&parts).unwrap();
    assert_eq!(places(&joined, 4 * MIB, 9 * MIB), places(&row, 0, 5 * MIB));
    let fault = |parts: &[Part<'_>]| {
        let error = edit::join(parts).unwrap_err();
        assert!(error.to_string().starts_with(&format!("part {}: ", error.part)));
        (error.part, error.obstacle)
    };
    // Over the end of the row.
    let moves = Obstacle::Moves { component: 0, from: 0, to: 4 * MIB, row: 16 * MIB };
    assert_eq!(fault(&[whole(&head, 4 * MIB), whole(&row, 13 * MIB)]), (1, moves));
    let moves = Obstacle::Moves { component: 0, from: 0, to: 4 * MIB, row: 3 * MIB };
    assert_eq!(fault(&[whole(&head, 4 * MIB), whole(&tail, 3 * MIB)]), (1, moves));
    // Without objects nothing can be in the wrong place.
    let lazy = flr("-E 4M -S 1M -c 1 -E -1 -S 1M -c 5").layout;
    let part = Part { layout: &lazy, bytes: 4 * MIB..64 * MIB };
    assert!(edit::join(&[whole(&head, 5 * MIB), part]).is_ok());
    let unit = |offset, unit| Obstacle::Boundary { offset, unit };
    assert_eq!(fault(&[whole(&head, 5)]), (0, unit(5, 65536)));
    assert_eq!(fault(&[whole(&tail, 65536)]), (0, unit(65536, MIB)));
    assert_eq!(fault(&[whole(&tail, EOF), whole(&head, MIB)]), (0, unit(EOF, 65536)));
    assert_eq!(fault(&[]), (0, Obstacle::Empty));
    assert_eq!(fault(&[whole(&head, 0)]), (0, Obstacle::Empty));
    let short = flr("-E 1M -S 1M -c 1").layout;
    assert_eq!(fault(&[whole(&short, 2 * MIB)]), (0, Obstacle::Gap { offset: MIB }));
    let two = flr("-N2 -c 1").layout;
    assert_eq!(fault(&[whole(&two, EOF)]), (0, Obstacle::Mirrors));
    let dom = flr("-E 1M -L mdt -E -1 -S 1M -c 1").layout;
    assert!(edit::join(&[whole(&dom, EOF)]).is_ok());
    assert_eq!(fault(&[whole(&head, MIB), whole(&dom, EOF)]), (1, Obstacle::Mdt));
    let mut released = tail.clone();
    edit::release(&mut released).unwrap();
    assert!(released.component(0).unwrap().striping.unwrap().pattern.has(Pattern::RELEASED));
    assert_eq!(fault(&[whole(&released, EOF)]), (0, Obstacle::Kind { component: 0 }));
}

/// No object is at two places of a file.
#[test]
fn an_object_is_in_one_part() {
    const MIB: u64 = 1 << 20;
    let a = flr("-S 1M -c 2").layout;
    let b = renamed(flr("-S 1M -c 2"), 100);
    let part = |layout, bytes| Part { layout, bytes };
    let fid = a.component(0).unwrap().object(0).unwrap().fid;
    let shared = |parts: &[Part<'_>], part, earlier, fid| {
        let error = edit::join(parts).unwrap_err();
        let obstacle = Obstacle::SharedObject { earlier, fid };
        assert_eq!((error.part, error.obstacle), (part, obstacle), "{error}");
    };
    let lazy = flr("-E 1M -S 1M -c 1 -E -1 -S 1M -c 1").layout;
    // The same stripe twice.
    let one = flr("-S 1M -c 1").layout;
    let fid_of_one = one.component(0).unwrap().object(0).unwrap().fid;
    let tail = part(&one, MIB..2 * MIB);
    shared(&[part(&one, 0..MIB), tail], 1, 0, fid_of_one);
    // The same bytes twice, in stripes that would be turned.
    let second = a.component(0).unwrap().object(1).unwrap().fid;
    shared(&[part(&a, 0..MIB), part(&a, 0..MIB)], 1, 0, second);
    // Another range of the same stripes, with a part between.
    let parts = [part(&a, 0..2 * MIB), part(&b, 2 * MIB..4 * MIB), part(&a, 4 * MIB..EOF)];
    shared(&parts, 2, 0, fid);
    // A file may be in two parts with different components.
    let mut grown =
        File { layout: renamed(File { layout: lazy, ..flr("-c 1") }, 7), ..flr("-c 1") };
    grown.event(&write(0, 2 * MIB)).unwrap();
    let parts = [part(&grown.layout, 0..MIB), part(&grown.layout, MIB..EOF)];
    let joined = edit::join(&parts).unwrap();
    assert_eq!(places(&joined, 0, 9 * MIB), places(&grown.layout, 0, 9 * MIB));
}
