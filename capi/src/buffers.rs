//! From C's pointers to Rust's slices, and every check that can be made on the way.

use crate::error::{Code, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_NULL, LUSTRINE_ERR_OVERLAP};

/// Data and parity shards that any code can have together.
pub(crate) const MAX_SHARDS: usize = 256;
/// Parity shards that any code can have.
pub(crate) const MAX_PARITY: usize = 15;

/// The table of `count` pointers at `table`.
///
/// # Safety
///
/// `table` is NULL, or aligned for a pointer and readable for `count` of them, and nobody writes to
/// it while the slice lives.
pub(crate) unsafe fn table<'a, P>(table: *const P, count: usize) -> Result<&'a [P], Code> {
    if table.is_null() {
        return Err(Code(LUSTRINE_ERR_NULL));
    }
    // SAFETY: not NULL (checked above); aligned, readable and unwritten (the caller's promise). Its
    // size fits isize because callers pass no more than `MAX_SHARDS`, checked where C gave the count.
    Ok(unsafe { core::slice::from_raw_parts(table, count) })
}

/// Address range of a buffer, or why it cannot be one.
pub(crate) fn span(start: *const u8, len: usize) -> Result<(usize, usize), Code> {
    if start.is_null() {
        return Err(Code(LUSTRINE_ERR_NULL));
    }
    // What a Rust slice may span at most.
    if isize::try_from(len).is_err() {
        return Err(Code(LUSTRINE_ERR_LENGTH));
    }
    let start = start.addr();
    let end = start.checked_add(len).ok_or(Code(LUSTRINE_ERR_LENGTH))?;
    Ok((start, end))
}

/// Everything that can be known of a call's buffers before one is touched: none is NULL, each has
/// room in the address space, and none that is written overlaps another. That costs
/// `written * (read + written)` comparisons, little beside coding as many shards.
pub(crate) fn check(
    len: usize,
    read: impl Iterator<Item = *const u8> + Clone,
    written: impl Iterator<Item = *mut u8> + Clone,
) -> Result<(), Code> {
    for buffer in read.clone() {
        span(buffer, len)?;
    }
    for (i, buffer) in written.clone().enumerate() {
        let (start, end) = span(buffer, len)?;
        let others = written.clone().take(i).map(<*mut u8>::cast_const).chain(read.clone());
        for other in others {
            // Equally long, so they overlap if one starts inside of the other; not if empty.
            let other = other.addr();
            if other < end && start < other.wrapping_add(len) {
                return Err(Code(LUSTRINE_ERR_OVERLAP));
            }
        }
    }
    Ok(())
}

/// A buffer that the call reads.
///
/// # Safety
///
/// `check` accepted the buffer as one of those read; its `len` bytes are readable, and nobody writes
/// to them while the slice lives.
pub(crate) unsafe fn shared<'a>(buffer: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: `check` saw that it is not NULL, no longer than isize::MAX, and does not wrap around;
    // alignment of u8 is 1; readable and unwritten is the caller's promise, and `check` saw that no
    // buffer of this call that is written overlaps it.
    unsafe { core::slice::from_raw_parts(buffer, len) }
}

/// A buffer that the call writes.
///
/// # Safety
///
/// `check` accepted the buffer as one of those written; its `len` bytes are writable, nobody else
/// touches them while the slice lives, and it is made into a slice once only.
pub(crate) unsafe fn exclusive<'a>(buffer: *mut u8, len: usize) -> &'a mut [u8] {
    // SAFETY: as in `shared`; exclusive because `check` saw that no other buffer of the call shares a
    // byte with it, and other threads keep away (the caller's promise).
    unsafe { core::slice::from_raw_parts_mut(buffer, len) }
}
