/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Encodes a row of 8 data + 2 parity shards, loses two, and gets them back. Then shows what the
 * library says to calls that make no sense. Exits with 0 if all went as it has to, else with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lustrine.h"

enum { DATA = 8, PARITY = 2, TOTAL = DATA + PARITY, LEN = 65536 + 13 };

static int failures;

/* Reports a call's result; both a wrong number and a missing text are failures. */
static void expect(const char *what, int32_t got, int32_t wanted)
{
    const char *text = lustrine_strerror(got);

    if (text == NULL || text[0] == '\0' || got != wanted) {
        printf("FAILED: %s returned %d, expected %d\n", what, (int)got, (int)wanted);
        failures++;
        return;
    }
    printf("%-48s %5d  %s\n", what, (int)got, text);
}

static void check(const char *what, int true_is_good)
{
    if (!true_is_good) {
        printf("FAILED: %s\n", what);
        failures++;
    } else {
        printf("%s: yes\n", what);
    }
}

static uint8_t *buffer(void)
{
    uint8_t *bytes = malloc(LEN);

    if (bytes == NULL) {
        perror("malloc");
        exit(1);
    }
    return bytes;
}

int main(void)
{
    lustrine_codec *codec = NULL, *none = NULL;
    uint8_t *shards[TOTAL];         /* data, then parity */
    const uint8_t *survivors[TOTAL]; /* the same, NULL where lost */
    const size_t lost[3] = { 1, 8, 5 };
    uint8_t *rebuilt[3];
    uint8_t *new_data = buffer();
    const uint8_t *const *data = (const uint8_t *const *)shards;
    uint8_t *const *parity = shards + DATA;
    const uint8_t *const *parity_in = (const uint8_t *const *)parity;
    const char *backend = NULL;
    uint8_t *twice[PARITY];
    bool ok = false;
    size_t i, j;

    for (i = 0; i < TOTAL; i++)
        shards[i] = buffer();
    for (i = 0; i < 3; i++)
        rebuilt[i] = buffer();
    for (i = 0; i < DATA; i++)
        for (j = 0; j < LEN; j++)
            shards[i][j] = (uint8_t)(i * 59 + j * j % 251);

    printf("lustrine %s\n", lustrine_version());
    check("header and library have one version", strcmp(lustrine_version(), LUSTRINE_VERSION) == 0);

    expect("new 8+2", lustrine_codec_new(DATA, PARITY, &codec), LUSTRINE_OK);
    if (codec == NULL)
        return 1;
    expect("backend_name", lustrine_codec_backend_name(codec, &backend), LUSTRINE_OK);
    printf("computing with %s\n", backend == NULL ? "nothing" : backend);

    expect("encode", lustrine_codec_encode(codec, LEN, data, parity), LUSTRINE_OK);
    expect("verify", lustrine_codec_verify(codec, LEN, data, parity_in, &ok), LUSTRINE_OK);
    check("parity fits the data", ok);
    shards[3][LEN - 1] ^= 0x10;
    expect("verify with one bit flipped", lustrine_codec_verify(codec, LEN, data, parity_in, &ok),
           LUSTRINE_OK);
    check("the damage is seen", !ok);
    shards[3][LEN - 1] ^= 0x10;

    /* Shard 5 changes, and its parity with it. */
    for (j = 0; j < LEN; j++)
        new_data[j] = (uint8_t)(shards[5][j] * 3 + 1);
    expect("update of shard 5", lustrine_codec_update(codec, LEN, 5, shards[5], new_data, parity),
           LUSTRINE_OK);
    memcpy(shards[5], new_data, LEN);
    ok = false;
    expect("verify", lustrine_codec_verify(codec, LEN, data, parity_in, &ok), LUSTRINE_OK);
    check("parity fits the new data", ok);

    /* Data shard 1 and the first parity shard are lost. */
    for (i = 0; i < TOTAL; i++)
        survivors[i] = i == lost[0] || i == lost[1] ? NULL : shards[i];
    expect("reconstruct shards 1 and 8",
           lustrine_codec_reconstruct(codec, LEN, survivors, 2, lost, rebuilt), LUSTRINE_OK);
    check("shard 1 is back", memcmp(rebuilt[0], shards[1], LEN) == 0);
    check("shard 8 is back", memcmp(rebuilt[1], shards[8], LEN) == 0);

    /* What makes no sense is told apart, and nothing is written. */
    for (i = 0; i < 3; i++)
        memset(rebuilt[i], 0xee, LEN);
    survivors[lost[2]] = NULL;
    expect("reconstruct with three lost",
           lustrine_codec_reconstruct(codec, LEN, survivors, 3, lost, rebuilt),
           LUSTRINE_ERR_TOO_MANY_ERASURES);
    survivors[lost[2]] = shards[lost[2]];
    expect("reconstruct what survives",
           lustrine_codec_reconstruct(codec, LEN, survivors, 3, lost, rebuilt),
           LUSTRINE_ERR_SHARD_REPEATED);
    for (i = 0, j = 0; i < 3; i++)
        j += rebuilt[i][0] == 0xee && rebuilt[i][LEN - 1] == 0xee &&
             memcmp(rebuilt[i], rebuilt[i] + 1, LEN - 1) == 0;
    check("the outputs are untouched", j == 3);
    expect("new 0+2", lustrine_codec_new(0, PARITY, &none), LUSTRINE_ERR_GEOMETRY);
    expect("new 250+15", lustrine_codec_new(250, 15, &none), LUSTRINE_ERR_GEOMETRY);
    check("no handle comes with an error", none == NULL);
    expect("new without a place for the handle", lustrine_codec_new(DATA, PARITY, NULL),
           LUSTRINE_ERR_NULL);
    expect("encode without a codec", lustrine_codec_encode(NULL, LEN, data, parity),
           LUSTRINE_ERR_NULL);
    expect("encode without data", lustrine_codec_encode(codec, LEN, NULL, parity),
           LUSTRINE_ERR_NULL);
    expect("encode of SIZE_MAX bytes", lustrine_codec_encode(codec, SIZE_MAX, data, parity),
           LUSTRINE_ERR_LENGTH);
    twice[0] = twice[1] = shards[DATA];
    expect("encode both parities to one buffer", lustrine_codec_encode(codec, LEN, data, twice),
           LUSTRINE_ERR_OVERLAP);
    expect("update of shard 8", lustrine_codec_update(codec, LEN, 8, shards[5], new_data, parity),
           LUSTRINE_ERR_SHARD_INDEX);
    ok = false;
    expect("verify", lustrine_codec_verify(codec, LEN, data, parity_in, &ok), LUSTRINE_OK);
    check("the parity is untouched", ok);

    lustrine_codec_free(codec);
    lustrine_codec_free(NULL);
    for (i = 0; i < TOTAL; i++)
        free(shards[i]);
    for (i = 0; i < 3; i++)
        free(rebuilt[i]);
    free(new_data);
    printf(failures == 0 ? "all as it has to be\n" : "something is wrong\n");
    return failures == 0 ? 0 : 1;
}
