//! `lustrine_bulk_checksum`.

use lustrine_core::checksum::{Checksum, Fragment};

use crate::buffers::{shared, span};
use crate::error::{Code, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_NULL, LUSTRINE_ERR_OVERLAP, guard};

/// A piece of memory of a bulk: what is transferred of a page or folio.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BulkFragment {
    /// The first byte. NULL only if `len` is 0.
    pub data: *const u8,
    /// Bytes.
    pub len: usize,
    /// Where the first byte lies in its page; the offset in the file will do. Only T10 minds: its
    /// sectors are those of the page.
    pub offset: u64,
}

/// The checksum of a bulk of `nob` bytes, as Lustre's client and server compute it: over `count`
/// fragments in order, as long as there are bytes left.
///
/// `flags` says which checksum, as the field 0xf000 of `o_flags` does; what names none means Adler-32.
/// `*sum` is what goes into `o_cksum`, a number of this machine's byte order.
///
/// # Errors
///
/// LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH.
///
/// # Safety
///
/// Pointers that are not NULL point to what is described: `count` fragments of readable bytes, room for
/// the result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_bulk_checksum(
    flags: u32,
    nob: u64,
    fragments: *const BulkFragment,
    count: usize,
    sum: *mut u32,
) -> i32 {
    guard(|| {
        if sum.is_null() {
            return Err(Code(LUSTRINE_ERR_NULL));
        }
        // SAFETY: the caller's promise.
        let list = unsafe { list(fragments, count)? };
        let value = Checksum::from_wire_flags(flags).bulk(nob, list);
        // SAFETY: not NULL; that it may be written is the caller's promise. What the wire carries has
        // 32 bits.
        unsafe { *sum = value as u32 };
        Ok(())
    })
}

/// lustrine_bulk_checksum(), which also writes the guards of T10's sectors to `guards`, whose bytes are
/// those of the wire and of the disk (upper one first), and their number to `*used`. There is room for
/// `room` of them; with 0, `guards` may be NULL. The other checksums have none.
///
/// # Errors
///
/// LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP if `guards` overlaps a fragment;
/// LUSTRINE_ERR_GUARD_COUNT if there are more guards than room, and then `guards` is undefined.
///
/// # Safety
///
/// As for lustrine_bulk_checksum(); `guards` is aligned to 2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_bulk_guards(
    flags: u32,
    nob: u64,
    fragments: *const BulkFragment,
    count: usize,
    room: usize,
    sum: *mut u32,
    guards: *mut u16,
    used: *mut usize,
) -> i32 {
    guard(|| {
        if sum.is_null() || used.is_null() {
            return Err(Code(LUSTRINE_ERR_NULL));
        }
        let bytes = room.checked_mul(size_of::<u16>()).ok_or(Code(LUSTRINE_ERR_LENGTH))?;
        let mut none = [0_u16; 0];
        let guards = if room == 0 { none.as_mut_ptr() } else { guards };
        let (start, end) = span(guards.cast(), bytes)?;
        // SAFETY: the caller's promise.
        let list = unsafe { list(fragments, count)? };
        for Fragment { bytes, .. } in list.clone() {
            let other = bytes.as_ptr_range();
            if other.start.addr() < end && start < other.end.addr() && start < end {
                return Err(Code(LUSTRINE_ERR_OVERLAP));
            }
        }
        // SAFETY: `span` saw that it is not NULL and fits; writable, aligned and no other's are the
        // caller's promise, and no fragment shares a byte with it (checked above). What is in there is
        // not looked at before it is written, and every number is a u16.
        let guards = unsafe { core::slice::from_raw_parts_mut(guards, room) };
        let (value, count) = Checksum::from_wire_flags(flags).bulk_guards(nob, list, guards)?;
        guards.iter_mut().take(count).for_each(|guard| *guard = guard.to_be());
        // SAFETY: not NULL; that they may be written is the caller's promise.
        unsafe { (*sum, *used) = (value as u32, count) };
        Ok(())
    })
}

/// The fragments of a bulk.
///
/// # Safety
///
/// `fragments` is NULL or has `count` readable fragments, each of readable bytes, and nobody writes to
/// any of them while the list lives.
unsafe fn list<'a>(
    fragments: *const BulkFragment,
    count: usize,
) -> Result<impl Iterator<Item = Fragment<'a>> + Clone, Code> {
    let size = count.checked_mul(size_of::<BulkFragment>()).ok_or(Code(LUSTRINE_ERR_LENGTH))?;
    let list: &[BulkFragment] = match count {
        0 => &[],
        _ => {
            span(fragments.cast(), size)?;
            // SAFETY: `span` saw that it is not NULL and fits; aligned, readable and unwritten is the
            // caller's promise.
            unsafe { core::slice::from_raw_parts(fragments, count) }
        }
    };
    for fragment in list.iter().filter(|fragment| fragment.len > 0) {
        span(fragment.data, fragment.len)?;
    }
    Ok(list.iter().map(|fragment| Fragment {
        offset: fragment.offset,
        bytes: match fragment.len {
            0 => &[],
            // SAFETY: `span` accepted it; readable and unwritten is the caller's promise.
            len => unsafe { shared(fragment.data, len) },
        },
    }))
}
