//! Files joined without moving a byte.
#![allow(clippy::unwrap_used)]

#[path = "common/golden.rs"]
mod golden;
#[path = "common/life.rs"]
mod life;

use life::{File, flr, write};
use lustrine::layout::edit::{self, Obstacle, Part};
use lustrine::layout::xattr::{emit, parse};
use lustrine::layout::{Body, EOF, Layout, ObjectId, Pattern, map};

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

fn renamed(mut file: File, oid: u32) -> Layout {
    let rename = |striping: &mut lustrine::layout::Striping| {
        for slot in &mut striping.slots {
            slot.oi[1] += u64::from(oid);
        }
    };
    match &mut file.layout {
        Layout::Plain(striping) => rename(striping),
        Layout::Composite(composite) => composite.components.iter_mut().for_each(|component| {
            if let Body::Striping(striping) = &mut component.body {
                rename(striping);
            }
        }),
        Layout::Foreign(_) => {}
    }
    file.layout
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
