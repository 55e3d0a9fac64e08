//! Once its sums have seen a row of some size, a pipeline allocates nothing.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lustrine::checksum::Checksum;
use lustrine::ec::{Codec, Geometry};
use lustrine::pipeline::{Pipeline, RowSums};

thread_local! {
    /// Allocations of this thread: the harness has threads of its own.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is left to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations while `work` runs.
fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn nothing_is_allocated_after_the_first_row() {
    assert_eq!(allocations(|| drop(vec![1])), 1, "the counter counts");
    let codec = Codec::new(Geometry::new(4, 2).unwrap());
    let pipeline = Pipeline::new(&codec).zero_blocks(512).digests();
    let pipeline = Checksum::ALL.into_iter().fold(pipeline, Pipeline::checksum);
    let data = [[3; 9000]; 4];
    let mut parity = [[0; 9000]; 2];
    let segments: Vec<Vec<&[u8]>> =
        data.iter().map(|stripe| stripe.chunks(1000).collect()).collect();
    for pipeline in [pipeline.clone(), pipeline.stream_from(0)] {
        let mut sums = RowSums::new();
        let whole = |parity: &mut [[u8; 9000]; 2], sums: &mut RowSums| {
            pipeline.run(&data, parity, sums).unwrap();
        };
        let scattered = |parity: &mut [[u8; 9000]; 2], sums: &mut RowSums| {
            let [first, second] = parity;
            let mut parity = [[&mut first[..]], [&mut second[..]]];
            pipeline.run_segments(&segments, &mut parity, None, sums).unwrap();
        };
        assert!(allocations(|| whole(&mut parity, &mut sums)) > 0);
        assert_eq!(allocations(|| whole(&mut parity, &mut sums)), 0);
        scattered(&mut parity, &mut sums);
        assert_eq!(allocations(|| scattered(&mut parity, &mut sums)), 0);
        // A smaller row.
        let short = data.map(|stripe| [stripe[0]; 100]);
        let mut parity = [[0; 100]; 2];
        let count = allocations(|| {
            pipeline.run(&short, &mut parity, &mut sums).unwrap();
            assert_eq!(sums.value(Checksum::T10Ip512, 5), sums.values(Checksum::T10Ip512).last());
        });
        assert_eq!(count, 0);
    }
}
