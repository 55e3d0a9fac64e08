//! The numbers that C sees, and the words for them.

use core::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use lustrine_core::Error;

/// All went well.
pub const LUSTRINE_OK: i32 = 0;
/// A pointer that must not be NULL is NULL.
pub const LUSTRINE_ERR_NULL: i32 = -1;
/// A length does not fit the address space from its pointer on.
pub const LUSTRINE_ERR_LENGTH: i32 = -2;
/// A buffer to be written shares bytes with another buffer of the call.
pub const LUSTRINE_ERR_OVERLAP: i32 = -3;
/// The library panicked: a bug in it. The contents of what the call writes are undefined.
pub const LUSTRINE_ERR_PANIC: i32 = -4;
/// No such code: data must be 2 to 255 (or 1 with 1 parity), parity 1 to 15, their sum at most 256.
pub const LUSTRINE_ERR_GEOMETRY: i32 = -101;
/// A list of shards has the wrong number of entries.
pub const LUSTRINE_ERR_SHARD_COUNT: i32 = -102;
/// The shards of one call are not equally long.
pub const LUSTRINE_ERR_SHARD_SIZE: i32 = -103;
/// A shard index is too large.
pub const LUSTRINE_ERR_SHARD_INDEX: i32 = -104;
/// A shard is named twice, or is wanted although it survives.
pub const LUSTRINE_ERR_SHARD_REPEATED: i32 = -105;
/// More shards are missing than the parity can replace.
pub const LUSTRINE_ERR_TOO_MANY_ERASURES: i32 = -106;
/// A table given by the caller is too short.
pub const LUSTRINE_ERR_TABLE_SIZE: i32 = -107;
/// No backend has that name.
pub const LUSTRINE_ERR_BACKEND_UNKNOWN: i32 = -108;
/// This processor lacks the instructions of that backend.
pub const LUSTRINE_ERR_BACKEND_UNAVAILABLE: i32 = -109;

/// There is not one place for each guard.
pub const LUSTRINE_ERR_GUARD_COUNT: i32 = -113;

/// Why a call fails: one of the numbers above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

impl From<Error> for Code {
    fn from(error: Error) -> Code {
        Code(error.code())
    }
}

/// Runs the body of an exported function: its result as a number, and no panic beyond this point,
/// because unwinding into C aborts the program.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Code>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => LUSTRINE_OK,
        Ok(Err(code)) => code.0,
        Err(payload) => {
            // A payload's destructor can panic as well; what that leaves is leaked, and nothing else.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                core::mem::forget(again);
            }
            LUSTRINE_ERR_PANIC
        }
    }
}

/// What a number returned by this library means: a static string in English without a final full
/// stop, never NULL. Numbers that no function returns get a text that says so.
#[unsafe(no_mangle)]
pub extern "C" fn lustrine_strerror(code: i32) -> *const c_char {
    words(code).as_ptr()
}

pub(crate) const fn words(code: i32) -> &'static CStr {
    match code {
        LUSTRINE_OK => c"no error",
        LUSTRINE_ERR_NULL => c"a pointer that must not be NULL is NULL",
        LUSTRINE_ERR_LENGTH => c"a buffer is longer than the address space has room for",
        LUSTRINE_ERR_OVERLAP => c"a buffer to be written overlaps another buffer of the call",
        LUSTRINE_ERR_PANIC => c"internal error of lustrine (panic); please report it",
        LUSTRINE_ERR_GEOMETRY => {
            c"no such code: data must be 2..255 (or 1 with 1 parity), parity 1..15, sum at most 256"
        }
        LUSTRINE_ERR_SHARD_COUNT => c"wrong number of shards",
        LUSTRINE_ERR_SHARD_SIZE => c"the shards of one call are not equally long",
        LUSTRINE_ERR_SHARD_INDEX => c"no shard has that index",
        LUSTRINE_ERR_SHARD_REPEATED => c"a shard is named twice, or is wanted although it survives",
        LUSTRINE_ERR_TOO_MANY_ERASURES => c"more shards are missing than the parity can replace",
        LUSTRINE_ERR_TABLE_SIZE => c"the caller's table is too short",
        LUSTRINE_ERR_BACKEND_UNKNOWN => c"no backend has that name",
        LUSTRINE_ERR_BACKEND_UNAVAILABLE => c"this processor lacks that backend's instructions",
        LUSTRINE_ERR_GUARD_COUNT => c"there is not one place for each guard",
        _ => c"not an error number of lustrine",
    }
}
