//! `lustrine_codec_*`.

use core::ffi::{CStr, c_char};

use lustrine_core::ec::{Codec, Geometry};
use lustrine_core::gf::Backend;
use lustrine_core::{Error, ShardList};

use crate::buffers::{MAX_PARITY, MAX_SHARDS, check, exclusive, shared, table};
use crate::error::{Code, LUSTRINE_ERR_NULL, guard};

/// Erasure code of one geometry: makes `parity` shards from `data` shards, so that any `parity` of
/// them all can be lost and computed again. The code is Lustre's (GF(2^8), polynomial 0x11d, the
/// Cauchy matrix of ISA-L's `gf_gen_cauchy1_matrix`).
///
/// Never changes after it was made, hence any number of threads may use one at the same time.
pub struct Handle {
    codec: Codec,
}

// What the header promises to threads.
const _: () = {
    const fn shareable<T: Send + Sync>() {}
    shareable::<Handle>();
};

/// The handle behind a pointer from C.
///
/// # Safety
///
/// `codec` is NULL or came from `create` and has not been freed.
unsafe fn handle<'a>(codec: *const Handle) -> Result<&'a Codec, Code> {
    // SAFETY: `as_ref` checks for NULL; otherwise a live Box of ours (the caller's promise), of which
    // no `&mut` ever exists.
    unsafe { codec.as_ref() }.map(|handle| &handle.codec).ok_or(Code(LUSTRINE_ERR_NULL))
}

/// A backend's name as C wants it.
pub(crate) fn backend_name(name: &str) -> Option<&'static CStr> {
    Some(match name {
        "portable" => c"portable",
        "ssse3" => c"ssse3",
        "avx2" => c"avx2",
        "gfni256" => c"gfni256",
        "avx512" => c"avx512",
        "gfni512" => c"gfni512",
        "neon" => c"neon",
        // A test sees to it that none of the library's names ends here.
        _ => return None,
    })
}

/// Makes a codec for `data` data shards and `parity` parity shards, with the fastest instructions
/// that this processor has. `*codec` becomes a handle that lustrine_codec_free() takes back.
///
/// `data` may be 2 to 255 and `parity` 1 to 15, together at most 256; or 1 with 1 parity, which is a
/// copy.
///
/// # Errors
///
/// LUSTRINE_ERR_GEOMETRY, LUSTRINE_ERR_NULL.
///
/// # Safety
///
/// `codec` is NULL or can be written as a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_new(
    data: usize,
    parity: usize,
    codec: *mut *mut Handle,
) -> i32 {
    // SAFETY: NULL or writable: the caller's promise.
    guard(|| unsafe { create(data, parity, || Ok(Backend::best()), codec) })
}

/// Makes a codec as lustrine_codec_new() does, but one that computes with the instructions named:
/// "portable", "ssse3", "avx2", "gfni256", "avx512", "gfni512" or "neon". For tests and
/// measurements: all of them give the same bytes.
///
/// # Errors
///
/// LUSTRINE_ERR_BACKEND_UNKNOWN, LUSTRINE_ERR_BACKEND_UNAVAILABLE (another is never taken instead),
/// LUSTRINE_ERR_GEOMETRY, LUSTRINE_ERR_NULL.
///
/// # Safety
///
/// `backend` is NULL or a string that ends with NUL; `codec` is NULL or can be written as a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_new_with_backend(
    data: usize,
    parity: usize,
    backend: *const c_char,
    codec: *mut *mut Handle,
) -> i32 {
    guard(|| {
        if backend.is_null() {
            return Err(Code(LUSTRINE_ERR_NULL));
        }
        // SAFETY: not NULL (checked above); ends with NUL (the caller's promise).
        let name = unsafe { CStr::from_ptr(backend) };
        // What is not UTF-8 is no backend's name either.
        let choose = || Backend::from_name(name.to_str().unwrap_or_default());
        // SAFETY: NULL or writable: the caller's promise.
        unsafe { create(data, parity, choose, codec) }
    })
}

/// # Safety
///
/// `codec` is NULL or can be written as a pointer.
unsafe fn create(
    data: usize,
    parity: usize,
    backend: impl FnOnce() -> Result<Backend, Error>,
    codec: *mut *mut Handle,
) -> Result<(), Code> {
    if codec.is_null() {
        return Err(Code(LUSTRINE_ERR_NULL));
    }
    let made = Codec::with_backend(Geometry::new(data, parity)?, backend()?);
    let made = Box::into_raw(Box::new(Handle { codec: made }));
    // SAFETY: not NULL (checked above); aligned and writable (the caller's promise).
    unsafe { codec.write(made) };
    Ok(())
}

/// Frees a codec. NULL is allowed and does nothing.
///
/// # Safety
///
/// `codec` is NULL or was made by this library and not freed; no call uses it now or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_free(codec: *mut Handle) {
    // The number is of no use: freeing cannot fail in a way that C could act upon.
    let _ = guard(|| {
        if !codec.is_null() {
            // SAFETY: not NULL (checked above); made by `Box::into_raw` in `create`, and
            // nobody uses it any more (the caller's promise).
            drop(unsafe { Box::from_raw(codec) });
        }
        Ok(())
    });
}

/// Name of the instructions that a codec computes with, such as "avx2" or "portable": a static
/// string.
///
/// # Errors
///
/// LUSTRINE_ERR_NULL.
///
/// # Safety
///
/// `codec` is NULL or a live handle; `name` is NULL or can be written as a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_backend_name(
    codec: *const Handle,
    name: *mut *const c_char,
) -> i32 {
    guard(|| {
        // SAFETY: NULL or a live handle: the caller's promise.
        let codec = unsafe { handle(codec)? };
        if name.is_null() {
            return Err(Code(LUSTRINE_ERR_NULL));
        }
        let text = backend_name(codec.backend().name()).unwrap_or(c"unnamed");
        // SAFETY: not NULL (checked above); aligned and writable (the caller's promise).
        unsafe { name.write(text.as_ptr()) };
        Ok(())
    })
}

/// Computes the parity of `data`: reads `len` bytes of each data buffer, writes `len` bytes of each
/// parity buffer.
///
/// Costs about `data * parity * len` multiply-adds in the processor's widest registers; allocates
/// nothing.
///
/// # Errors
///
/// LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
///
/// # Safety
///
/// Pointers that are not NULL point to what is described: a live handle, tables of as many pointers
/// as the codec has data and parity shards, buffers of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_encode(
    codec: *const Handle,
    len: usize,
    data: *const *const u8,
    parity: *const *mut u8,
) -> i32 {
    guard(|| {
        // SAFETY: NULL or a live handle: the caller's promise.
        let codec = unsafe { handle(codec)? };
        let geometry = codec.geometry();
        // SAFETY: a table of that many pointers, unwritten while we look at it: the caller's promise,
        // and we write no buffer before the last look.
        let data = unsafe { table(data, geometry.data())? };
        // SAFETY: as above.
        let parity = unsafe { table(parity, geometry.parity())? };
        check(len, data.iter().copied(), parity.iter().copied())?;
        let mut inputs: [&[u8]; MAX_SHARDS] = [&[]; MAX_SHARDS];
        for (input, &buffer) in inputs.iter_mut().zip(data) {
            // SAFETY: `check` accepted it as read; `len` readable bytes are the caller's promise.
            *input = unsafe { shared(buffer, len) };
        }
        let inputs = &inputs[..data.len()];
        let mut outputs: [&mut [u8]; MAX_PARITY] = core::array::from_fn(|_| &mut [][..]);
        for (output, &buffer) in outputs.iter_mut().zip(parity) {
            // SAFETY: `check` accepted it as written, and no other slice is made of it; `len`
            // writable bytes are the caller's promise.
            *output = unsafe { exclusive(buffer, len) };
        }
        codec.encode(inputs, &mut outputs[..parity.len()])?;
        Ok(())
    })
}

/// Tells whether `parity` is the parity of `data`: `*ok` becomes true or false. Looks at each buffer
/// once and needs no scratch memory.
///
/// # Errors
///
/// LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH. Parity that does not match is no error: 0 is returned and
/// `*ok` is false.
///
/// # Safety
///
/// Pointers that are not NULL point to what is described: a live handle, tables of as many pointers
/// as the codec has data and parity shards, buffers of `len` bytes, a bool.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_verify(
    codec: *const Handle,
    len: usize,
    data: *const *const u8,
    parity: *const *const u8,
    ok: *mut bool,
) -> i32 {
    guard(|| {
        // SAFETY: NULL or a live handle: the caller's promise.
        let codec = unsafe { handle(codec)? };
        if ok.is_null() {
            return Err(Code(LUSTRINE_ERR_NULL));
        }
        let geometry = codec.geometry();
        // SAFETY: a table of that many pointers, unwritten while we look at it: the caller's promise.
        let data = unsafe { table(data, geometry.data())? };
        // SAFETY: as above.
        let parity = unsafe { table(parity, geometry.parity())? };
        let all = data.iter().chain(parity).copied();
        check(len, all.clone(), core::iter::empty())?;
        let mut inputs: [&[u8]; MAX_SHARDS] = [&[]; MAX_SHARDS];
        for (input, buffer) in inputs.iter_mut().zip(all) {
            // SAFETY: `check` accepted it as read; `len` readable bytes are the caller's promise.
            *input = unsafe { shared(buffer, len) };
        }
        let (data_in, parity_in) = inputs[..geometry.total()].split_at(geometry.data());
        let answer = codec.verify(data_in, parity_in)?;
        // SAFETY: not NULL (checked above); writable (the caller's promise). The slices are done with.
        unsafe { ok.write(answer) };
        Ok(())
    })
}

/// Brings parity up to date after data shard `index` changed from `old_data` to `new_data`, without
/// the other data shards. `parity` must be that of the old data; it becomes that of the new. A call
/// repeated with `old_data` and `new_data` exchanged undoes it.
///
/// To change a part of a shard, pass that part and the same part of each parity buffer.
///
/// # Errors
///
/// LUSTRINE_ERR_SHARD_INDEX if `index` is not that of a data shard, LUSTRINE_ERR_NULL,
/// LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
///
/// # Safety
///
/// Pointers that are not NULL point to what is described: a live handle, a table of as many pointers
/// as the codec has parity shards, buffers of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_update(
    codec: *const Handle,
    len: usize,
    index: usize,
    old_data: *const u8,
    new_data: *const u8,
    parity: *const *mut u8,
) -> i32 {
    guard(|| {
        // SAFETY: NULL or a live handle: the caller's promise.
        let codec = unsafe { handle(codec)? };
        // SAFETY: a table of that many pointers, unwritten while we look at it: the caller's promise,
        // and we write no buffer before the last look.
        let parity = unsafe { table(parity, codec.geometry().parity())? };
        check(len, [old_data, new_data].into_iter(), parity.iter().copied())?;
        // SAFETY: `check` accepted both as read; `len` readable bytes are the caller's promise.
        let (old, new) = unsafe { (shared(old_data, len), shared(new_data, len)) };
        let mut outputs: [&mut [u8]; MAX_PARITY] = core::array::from_fn(|_| &mut [][..]);
        for (output, &buffer) in outputs.iter_mut().zip(parity) {
            // SAFETY: `check` accepted it as written, and no other slice is made of it; `len`
            // writable bytes are the caller's promise.
            *output = unsafe { exclusive(buffer, len) };
        }
        codec.update(index, old, new, &mut outputs[..parity.len()])?;
        Ok(())
    })
}

/// Computes lost shards from surviving ones.
///
/// `shards` has an entry for each data shard and then one for each parity shard: NULL if that shard
/// is lost. As many as the codec has data shards must survive; what more there is need not be read.
/// `wanted` names `wanted_count` of the lost shards by their place in `shards`, and buffer
/// `rebuilt[i]` receives `len` bytes of shard `wanted[i]`: shards that nobody wants cost nothing.
///
/// # Errors
///
/// LUSTRINE_ERR_TOO_MANY_ERASURES if too few survive, LUSTRINE_ERR_SHARD_INDEX and
/// LUSTRINE_ERR_SHARD_REPEATED if `wanted` names what does not exist, survives, or was named before,
/// LUSTRINE_ERR_SHARD_COUNT if it names more shards than there are, LUSTRINE_ERR_NULL,
/// LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
///
/// # Safety
///
/// Pointers that are not NULL point to what is described: a live handle, a table of as many pointers
/// as the codec has shards, two tables of `wanted_count` entries, buffers of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lustrine_codec_reconstruct(
    codec: *const Handle,
    len: usize,
    shards: *const *const u8,
    wanted_count: usize,
    wanted: *const usize,
    rebuilt: *const *mut u8,
) -> i32 {
    guard(|| {
        // SAFETY: NULL or a live handle: the caller's promise.
        let codec = unsafe { handle(codec)? };
        let total = codec.geometry().total();
        // Also what keeps the tables within `MAX_SHARDS` entries.
        if wanted_count > total {
            let list = ShardList::Wanted;
            return Err(Error::ShardCount { list, expected: total, got: wanted_count }.into());
        }
        // SAFETY: a table of that many pointers, unwritten while we look at it: the caller's promise,
        // and we write no buffer before the last look.
        let shards = unsafe { table(shards, total)? };
        // SAFETY: as above.
        let (wanted, rebuilt) =
            unsafe { (table(wanted, wanted_count)?, table(rebuilt, wanted_count)?) };
        let survivors = shards.iter().copied().filter(|shard| !shard.is_null());
        check(len, survivors, rebuilt.iter().copied())?;
        let mut inputs: [Option<&[u8]>; MAX_SHARDS] = [None; MAX_SHARDS];
        for (input, &buffer) in inputs.iter_mut().zip(shards) {
            if !buffer.is_null() {
                // SAFETY: `check` accepted it as read; `len` readable bytes are the caller's promise.
                *input = Some(unsafe { shared(buffer, len) });
            }
        }
        let mut outputs: [(usize, &mut [u8]); MAX_SHARDS] =
            core::array::from_fn(|_| (0, &mut [][..]));
        for ((output, &index), &buffer) in outputs.iter_mut().zip(wanted).zip(rebuilt) {
            // SAFETY: `check` accepted it as written, and no other slice is made of it; `len`
            // writable bytes are the caller's promise.
            *output = (index, unsafe { exclusive(buffer, len) });
        }
        codec.reconstruct(&inputs[..total], &mut outputs[..wanted_count])?;
        Ok(())
    })
}
