/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How an RPC's checksum is taken: the list of pages goes in, what o_cksum carries comes out. Where a
 * client walked its pages with a hash of its own,
 *
 *     while (nob > 0 && pg_count > 0) {
 *             count = min(pages[i]->count, nob);
 *             update(hash, pages[i]->memory + (pages[i]->off & PAGE_MASK), count);
 *             ...
 *     }
 *     sum = final(hash);
 *
 * it hands the same list over in one call, whichever checksum was agreed on. Exits with 0 if all sums
 * are the known ones, else with 1.
 */
#include <stdio.h>
#include <string.h>

#include "lustrine.h"

enum { PAGE = 4096, PAGES = 4 };

/* What an RPC knows of a page. */
struct brw_page {
    const uint8_t *memory;
    uint64_t off;   /* in the file */
    uint32_t count; /* bytes transferred */
};

/* The field 0xf000 of o_flags. */
enum { CRC32 = 0x1000, ADLER = 0x2000, CRC32C = 0x4000, T10IP512 = 0x5000, T10CRC4K = 0x8000 };

static int bulk_checksum(uint32_t o_flags, uint64_t nob, const struct brw_page *pages, size_t count,
                         uint32_t *o_cksum)
{
    lustrine_fragment list[PAGES];
    size_t i;

    for (i = 0; i < count; i++) {
        list[i].data = pages[i].memory + pages[i].off % PAGE;
        list[i].len = pages[i].count;
        list[i].offset = pages[i].off;
    }
    return lustrine_bulk_checksum(o_flags, nob, list, count, o_cksum);
}

static int failures;

static void expect(const char *what, uint32_t got, uint32_t wanted)
{
    printf("%-28s %08x %s\n", what, (unsigned)got, got == wanted ? "" : "WRONG");
    failures += got != wanted;
}

int main(void)
{
    static uint8_t memory[PAGES][PAGE];
    struct brw_page pages[PAGES];
    lustrine_fragment whole = { memory[0], PAGE, 0 };
    uint8_t guards[16];
    uint16_t places[8];
    size_t used = 0;
    uint32_t sum = 0, other = 0;
    int i, j;

    for (i = 0; i < PAGES; i++) {
        for (j = 0; j < PAGE; j++)
            memory[i][j] = (uint8_t)(7 * j + 3);
        pages[i].memory = memory[i];
        pages[i].off = (uint64_t)i * PAGE;
        pages[i].count = PAGE;
    }

    /* Known values of one page. */
    failures += bulk_checksum(CRC32, PAGE, pages, PAGES, &sum) != LUSTRINE_OK;
    expect("crc32 of one page", sum, 0xa1b1e66a);
    failures += bulk_checksum(CRC32C, PAGE, pages, PAGES, &sum) != LUSTRINE_OK;
    expect("crc32c of one page", sum, 0xed96b643);
    failures += bulk_checksum(ADLER, PAGE, pages, PAGES, &sum) != LUSTRINE_OK;
    expect("adler of one page", sum, 0x9a15f86a);

    /* A fragment: 1000 bytes from byte 100 of its page on. */
    pages[0].off = 100;
    pages[0].count = 1000;
    failures += bulk_checksum(T10IP512, 1000, pages, 1, &sum) != LUSTRINE_OK;
    expect("t10ip512 of a fragment", sum, 0x084302bc);

    /* A short read: what lies behind the last byte does not count. */
    failures += bulk_checksum(CRC32C, 1500, pages, PAGES, &sum) != LUSTRINE_OK;
    memory[1][500] ^= 1;
    failures += bulk_checksum(CRC32C, 1500, pages, PAGES, &other) != LUSTRINE_OK;
    expect("crc32c of a short read", other, sum);

    /* The guards too, as they go to a disk. */
    failures += lustrine_bulk_guards(T10IP512, PAGE, &whole, 1, 8, &sum, places, &used) != LUSTRINE_OK;
    expect("t10ip512 of one page", sum, 0x43d007f9);
    memcpy(guards, places, sizeof(guards));
    failures += used != 8 || guards[0] != 0x80 || guards[15] != 0x7f;

    /* And what makes no sense is refused. */
    failures += lustrine_bulk_guards(T10IP512, PAGE, &whole, 1, 7, &sum, places, &used) !=
                LUSTRINE_ERR_GUARD_COUNT;
    failures += lustrine_bulk_checksum(T10CRC4K, PAGE, NULL, 1, &sum) != LUSTRINE_ERR_NULL;
    printf(failures ? "FAILED: %d\n" : "all as it has to be\n", failures);
    return failures != 0;
}
