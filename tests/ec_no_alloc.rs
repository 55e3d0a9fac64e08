//! Once a codec is made and has seen a pattern of losses, it allocates nothing.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use lustrine::ec::{Codec, Geometry};

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
fn nothing_is_allocated_after_the_first_call() {
    assert_eq!(allocations(|| drop(vec![1])), 1, "the counter counts");
    let codec = Codec::new(Geometry::new(6, 3).unwrap());
    let data = [[3; 500]; 6];
    let mut parity = [[0; 500]; 3];
    let count = allocations(|| {
        codec.encode(&data, &mut parity).unwrap();
        assert!(codec.verify(&data, &parity).unwrap());
        codec.update(2, &data[2], &[4; 500], &mut parity).unwrap();
        codec.update(2, &[4; 500], &data[2], &mut parity).unwrap();
    });
    assert_eq!(count, 0);

    let changes = [(4, &data[4], &[9; 500]), (5, &data[5], &[8; 500]), (0, &data[0], &[7; 500])];
    let first = allocations(|| codec.update_many(&changes, &mut parity).unwrap());
    let changes = changes.map(|(index, old, new)| (index, new, old));
    let again = allocations(|| codec.update_many(&changes, &mut parity).unwrap());
    assert!(first > 0 && again == 0, "{first}, {again}");

    let mut survivors = [None; 9];
    let shards = data.iter().chain(&parity);
    survivors.iter_mut().zip(shards).for_each(|(slot, shard)| *slot = Some(shard));
    (survivors[1], survivors[7]) = (None, None);
    let mut wanted = [(1, [0; 500]), (7, [0; 500])];
    let first = allocations(|| codec.reconstruct(&survivors, &mut wanted).unwrap());
    let again = allocations(|| codec.reconstruct(&survivors, &mut wanted).unwrap());
    // The other order is the same pattern.
    wanted.reverse();
    let reversed = allocations(|| codec.reconstruct(&survivors, &mut wanted).unwrap());
    assert!(first > 0 && again == 0 && reversed == 0, "{first}, {again}, {reversed}");
    assert_eq!((wanted[1].1, wanted[0].1), (data[1], parity[1]));
}
