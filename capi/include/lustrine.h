/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by ci/header.sh from capi/src: edit there, not here. */
/*
 * lustrine: erasure coding of the Lustre parallel file system, for C.
 *
 *     cargo build --release -p lustrine-capi     makes liblustrine.a and liblustrine.so
 *     cc prog.c -Icapi/include target/release/liblustrine.a -lgcc_s -lutil -lrt -lpthread -lm -ldl
 *
 * Conventions
 *
 * - A function that can fail returns int32_t: 0, or one of the negative LUSTRINE_ERR_ numbers, which
 *   keep their meaning for ever. lustrine_strerror() says it in words. Results come through the last
 *   arguments, inputs stand before outputs, and outputs are written only if 0 is returned.
 * - NULL is an error wherever a pointer is asked for, also for buffers of length 0, unless the
 *   function says otherwise.
 * - Buffers and tables of pointers stay the caller's; nothing is kept after the call returns. Any
 *   alignment and any length will do (lengths up to PTRDIFF_MAX). The tables' lengths follow from the
 *   codec: `data` has one entry for each data shard, `parity` one for each parity shard.
 * - A buffer that a call writes may not share a byte with any other buffer of that call, read or
 *   written: LUSTRINE_ERR_OVERLAP, and nothing is written. Buffers that are only read may overlap as
 *   they like. The tables of pointers are read before the first byte is written.
 * - No other thread may write to a buffer of a call while it runs, nor read one that the call writes.
 * - A handle never changes after it was made: threads may use one at the same time without a lock.
 *   Only the free function must be the last one to see it.
 * - C converts `uint8_t **` to `const uint8_t *const *` only with a cast.
 * - The library starts no thread, keeps no global state that a caller can see, reads no environment
 *   variable and never prints, except for the message of a panic (LUSTRINE_ERR_PANIC) on stderr.
 */

#ifndef LUSTRINE_H
#define LUSTRINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Version of this header; lustrine_version() tells that of the library. */
#define LUSTRINE_VERSION "0.1.0"
#define LUSTRINE_VERSION_MAJOR 0
#define LUSTRINE_VERSION_MINOR 1
#define LUSTRINE_VERSION_PATCH 0


/**
 * All went well.
 */
#define LUSTRINE_OK 0

/**
 * A pointer that must not be NULL is NULL.
 */
#define LUSTRINE_ERR_NULL (-1)

/**
 * A length does not fit the address space from its pointer on.
 */
#define LUSTRINE_ERR_LENGTH (-2)

/**
 * A buffer to be written shares bytes with another buffer of the call.
 */
#define LUSTRINE_ERR_OVERLAP (-3)

/**
 * The library panicked: a bug in it. The contents of what the call writes are undefined.
 */
#define LUSTRINE_ERR_PANIC (-4)

/**
 * No such code: data must be 2 to 255 (or 1 with 1 parity), parity 1 to 15, their sum at most 256.
 */
#define LUSTRINE_ERR_GEOMETRY (-101)

/**
 * A list of shards has the wrong number of entries.
 */
#define LUSTRINE_ERR_SHARD_COUNT (-102)

/**
 * The shards of one call are not equally long.
 */
#define LUSTRINE_ERR_SHARD_SIZE (-103)

/**
 * A shard index is too large.
 */
#define LUSTRINE_ERR_SHARD_INDEX (-104)

/**
 * A shard is named twice, or is wanted although it survives.
 */
#define LUSTRINE_ERR_SHARD_REPEATED (-105)

/**
 * More shards are missing than the parity can replace.
 */
#define LUSTRINE_ERR_TOO_MANY_ERASURES (-106)

/**
 * A table given by the caller is too short.
 */
#define LUSTRINE_ERR_TABLE_SIZE (-107)

/**
 * No backend has that name.
 */
#define LUSTRINE_ERR_BACKEND_UNKNOWN (-108)

/**
 * This processor lacks the instructions of that backend.
 */
#define LUSTRINE_ERR_BACKEND_UNAVAILABLE (-109)

/**
 * There is not one place for each guard.
 */
#define LUSTRINE_ERR_GUARD_COUNT (-113)

/**
 * Erasure code of one geometry: makes `parity` shards from `data` shards, so that any `parity` of
 * them all can be lost and computed again. The code is Lustre's (GF(2^8), polynomial 0x11d, the
 * Cauchy matrix of ISA-L's `gf_gen_cauchy1_matrix`).
 *
 * Never changes after it was made, hence any number of threads may use one at the same time.
 */
typedef struct lustrine_codec lustrine_codec;

/**
 * A piece of memory of a bulk: what is transferred of a page or folio.
 */
typedef struct {
  /**
   * The first byte. NULL only if `len` is 0.
   */
  const uint8_t *data;
  /**
   * Bytes.
   */
  size_t len;
  /**
   * Where the first byte lies in its page; the offset in the file will do. Only T10 minds: its
   * sectors are those of the page.
   */
  uint64_t offset;
} lustrine_fragment;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, "major.minor.patch": a static string, never NULL. A program that
 * loads the shared library can compare it with `LUSTRINE_VERSION`, which it was compiled with.
 */
const char *lustrine_version(void);

/**
 * The checksum of a bulk of `nob` bytes, as Lustre's client and server compute it: over `count`
 * fragments in order, as long as there are bytes left.
 *
 * `flags` says which checksum, as the field 0xf000 of `o_flags` does; what names none means Adler-32.
 * `*sum` is what goes into `o_cksum`, a number of this machine's byte order.
 *
 * Errors:
 *
 * LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH.
 *
 * The caller promises:
 *
 * Pointers that are not NULL point to what is described: `count` fragments of readable bytes, room for
 * the result.
 */
int32_t lustrine_bulk_checksum(uint32_t flags,
                               uint64_t nob,
                               const lustrine_fragment *fragments,
                               size_t count,
                               uint32_t *sum);

/**
 * lustrine_bulk_checksum(), which also writes the guards of T10's sectors to `guards`, whose bytes are
 * those of the wire and of the disk (upper one first), and their number to `*used`. There is room for
 * `room` of them; with 0, `guards` may be NULL. The other checksums have none.
 *
 * Errors:
 *
 * LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP if `guards` overlaps a fragment;
 * LUSTRINE_ERR_GUARD_COUNT if there are more guards than room, and then `guards` is undefined.
 *
 * The caller promises:
 *
 * As for lustrine_bulk_checksum(); `guards` is aligned to 2.
 */
int32_t lustrine_bulk_guards(uint32_t flags,
                             uint64_t nob,
                             const lustrine_fragment *fragments,
                             size_t count,
                             size_t room,
                             uint32_t *sum,
                             uint16_t *guards,
                             size_t *used);

/**
 * Makes a codec for `data` data shards and `parity` parity shards, with the fastest instructions
 * that this processor has. `*codec` becomes a handle that lustrine_codec_free() takes back.
 *
 * `data` may be 2 to 255 and `parity` 1 to 15, together at most 256; or 1 with 1 parity, which is a
 * copy.
 *
 * Errors:
 *
 * LUSTRINE_ERR_GEOMETRY, LUSTRINE_ERR_NULL.
 *
 * The caller promises:
 *
 * `codec` is NULL or can be written as a pointer.
 */
int32_t lustrine_codec_new(size_t data,
                           size_t parity,
                           lustrine_codec **codec);

/**
 * Makes a codec as lustrine_codec_new() does, but one that computes with the instructions named:
 * "portable", "ssse3", "avx2", "gfni256", "avx512", "gfni512" or "neon". For tests and
 * measurements: all of them give the same bytes.
 *
 * Errors:
 *
 * LUSTRINE_ERR_BACKEND_UNKNOWN, LUSTRINE_ERR_BACKEND_UNAVAILABLE (another is never taken instead),
 * LUSTRINE_ERR_GEOMETRY, LUSTRINE_ERR_NULL.
 *
 * The caller promises:
 *
 * `backend` is NULL or a string that ends with NUL; `codec` is NULL or can be written as a pointer.
 */
int32_t lustrine_codec_new_with_backend(size_t data,
                                        size_t parity,
                                        const char *backend,
                                        lustrine_codec **codec);

/**
 * Frees a codec. NULL is allowed and does nothing.
 *
 * The caller promises:
 *
 * `codec` is NULL or was made by this library and not freed; no call uses it now or later.
 */
void lustrine_codec_free(lustrine_codec *codec);

/**
 * Name of the instructions that a codec computes with, such as "avx2" or "portable": a static
 * string.
 *
 * Errors:
 *
 * LUSTRINE_ERR_NULL.
 *
 * The caller promises:
 *
 * `codec` is NULL or a live handle; `name` is NULL or can be written as a pointer.
 */
int32_t lustrine_codec_backend_name(const lustrine_codec *codec,
                                    const char **name);

/**
 * Computes the parity of `data`: reads `len` bytes of each data buffer, writes `len` bytes of each
 * parity buffer.
 *
 * Costs about `data * parity * len` multiply-adds in the processor's widest registers; allocates
 * nothing.
 *
 * Errors:
 *
 * LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
 *
 * The caller promises:
 *
 * Pointers that are not NULL point to what is described: a live handle, tables of as many pointers
 * as the codec has data and parity shards, buffers of `len` bytes.
 */
int32_t lustrine_codec_encode(const lustrine_codec *codec,
                              size_t len,
                              const uint8_t *const *data,
                              uint8_t *const *parity);

/**
 * Tells whether `parity` is the parity of `data`: `*ok` becomes true or false. Looks at each buffer
 * once and needs no scratch memory.
 *
 * Errors:
 *
 * LUSTRINE_ERR_NULL, LUSTRINE_ERR_LENGTH. Parity that does not match is no error: 0 is returned and
 * `*ok` is false.
 *
 * The caller promises:
 *
 * Pointers that are not NULL point to what is described: a live handle, tables of as many pointers
 * as the codec has data and parity shards, buffers of `len` bytes, a bool.
 */
int32_t lustrine_codec_verify(const lustrine_codec *codec,
                              size_t len,
                              const uint8_t *const *data,
                              const uint8_t *const *parity,
                              bool *ok);

/**
 * Brings parity up to date after data shard `index` changed from `old_data` to `new_data`, without
 * the other data shards. `parity` must be that of the old data; it becomes that of the new. A call
 * repeated with `old_data` and `new_data` exchanged undoes it.
 *
 * To change a part of a shard, pass that part and the same part of each parity buffer.
 *
 * Errors:
 *
 * LUSTRINE_ERR_SHARD_INDEX if `index` is not that of a data shard, LUSTRINE_ERR_NULL,
 * LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
 *
 * The caller promises:
 *
 * Pointers that are not NULL point to what is described: a live handle, a table of as many pointers
 * as the codec has parity shards, buffers of `len` bytes.
 */
int32_t lustrine_codec_update(const lustrine_codec *codec,
                              size_t len,
                              size_t index,
                              const uint8_t *old_data,
                              const uint8_t *new_data,
                              uint8_t *const *parity);

/**
 * Computes lost shards from surviving ones.
 *
 * `shards` has an entry for each data shard and then one for each parity shard: NULL if that shard
 * is lost. As many as the codec has data shards must survive; what more there is need not be read.
 * `wanted` names `wanted_count` of the lost shards by their place in `shards`, and buffer
 * `rebuilt[i]` receives `len` bytes of shard `wanted[i]`: shards that nobody wants cost nothing.
 *
 * Errors:
 *
 * LUSTRINE_ERR_TOO_MANY_ERASURES if too few survive, LUSTRINE_ERR_SHARD_INDEX and
 * LUSTRINE_ERR_SHARD_REPEATED if `wanted` names what does not exist, survives, or was named before,
 * LUSTRINE_ERR_SHARD_COUNT if it names more shards than there are, LUSTRINE_ERR_NULL,
 * LUSTRINE_ERR_LENGTH, LUSTRINE_ERR_OVERLAP.
 *
 * The caller promises:
 *
 * Pointers that are not NULL point to what is described: a live handle, a table of as many pointers
 * as the codec has shards, two tables of `wanted_count` entries, buffers of `len` bytes.
 */
int32_t lustrine_codec_reconstruct(const lustrine_codec *codec,
                                   size_t len,
                                   const uint8_t *const *shards,
                                   size_t wanted_count,
                                   const size_t *wanted,
                                   uint8_t *const *rebuilt);

/**
 * What a number returned by this library means: a static string in English without a final full
 * stop, never NULL. Numbers that no function returns get a text that says so.
 */
const char *lustrine_strerror(int32_t code);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* LUSTRINE_H */
