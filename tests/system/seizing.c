/* What test_seizure.py needs quickly: it looks for many byte strings at once, and hashes as a thief could.
 *
 *     seizing search NEEDLES FILE...   NEEDLES: hexadecimal, one a line, each of 4 bytes or more. Prints the number of each
 *                                      that is in any of the files, from 0, with that file and the place in it
 *     seizing hashes                   for each line of input, hexadecimal: digests that need no key, hexadecimal
 *     seizing keyed KEYFILE            the same with the key that is in that file, 16 digits
 *     seizing sets FILE                the place of each estimated set of hashes in that file
 *     seizing fits FILE PLACE          for each line of input, a hash of 16 digits: 1 when that set may hold it, else 0
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "proto/check.h"
#include "proto/sketch.h"

#define PREFIX    4 /* bytes that a needle is looked up by */
#define SIEVE     (1u << 24)
#define DENSE     SKETCH_BYTES_MAX
#define KEY_BYTES crypto_kdf_KEYBYTES
#define BYTES_MAX (1u << 16)

struct needle {
    unsigned char *bytes;
    size_t len, next; /* next: of those with its slot, plus 1 */
    bool found;
};

struct hay {
    const unsigned char *bytes;
    size_t len;
};

static int fail(const char *what) {
    fprintf(stderr, "seizing: %s: %s\n", what, strerror(errno));
    return 1;
}

static struct hay map_file(const char *path) {
    struct hay hay = {NULL, 0};
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) != 0)
        exit(fail(path));
    if (about.st_size > 0) {
        void *at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (at == MAP_FAILED)
            exit(fail(path));
        hay = (struct hay){at, (size_t)about.st_size};
    }
    close(file);
    return hay;
}

/* The bytes of a line of hexadecimal; false: there are no more lines. */
static bool read_line(FILE *stream, unsigned char *out, size_t *len) {
    static char line[2 * BYTES_MAX + 2];
    if (!fgets(line, sizeof line, stream))
        return false;
    size_t digits = strcspn(line, "\n");
    if (sodium_hex2bin(out, BYTES_MAX, line, digits, NULL, len, NULL) != 0 || 2 * *len != digits)
        exit((errno = EINVAL, fail(line)));
    return true;
}

/* ---- looking for ---- */

static uint32_t prefix_of(const unsigned char *at) {
    uint32_t prefix;
    memcpy(&prefix, at, sizeof prefix);
    return prefix * 2654435761u >> 8;
}

static struct needle *read_needles(const char *path, uint32_t *sieve, size_t *count) {
    static unsigned char bytes[BYTES_MAX];
    struct needle *needle = NULL;
    size_t room = 0, len;
    FILE *stream = fopen(path, "r");
    if (!stream)
        exit(fail(path));
    for (*count = 0; read_line(stream, bytes, &len); ++*count) {
        if (len < PREFIX)
            exit((errno = EINVAL, fail("a needle of less than 4 bytes")));
        if (*count == room)
            needle = mem_resize(needle, room = room ? 2 * room : 1024, sizeof *needle);
        uint32_t *slot = &sieve[prefix_of(bytes)];
        needle[*count] = (struct needle){.bytes = mem_copy(bytes, len), .len = len, .next = *slot};
        *slot = (uint32_t)*count + 1;
    }
    fclose(stream);
    return needle;
}

static int search(char **argument) {
    uint32_t *sieve = mem_zeroed(SIEVE, sizeof *sieve);
    size_t count;
    struct needle *needle = read_needles(*argument, sieve, &count);
    for (char **path = argument + 1; *path; path++) {
        struct hay hay = map_file(*path);
        for (size_t at = 0; at + PREFIX <= hay.len; at++)
            for (size_t i = sieve[prefix_of(hay.bytes + at)]; i != 0; i = needle[i - 1].next) {
                struct needle *one = &needle[i - 1];
                if (one->found || one->len > hay.len - at ||
                    memcmp(hay.bytes + at, one->bytes, one->len) != 0)
                    continue;
                one->found = true;
                printf("%zu %s %zu\n", i - 1, *path, at);
            }
        if (hay.len > 0)
            munmap((void *)(uintptr_t)hay.bytes, hay.len);
    }
    for (size_t i = 0; i < count; i++)
        free(needle[i].bytes);
    free(needle);
    free(sieve);
    return 0;
}

/* ---- hashing ---- */

static void put_hex(const unsigned char *bytes, size_t len, const char *after) {
    for (size_t i = 0; i < len; i++)
        printf("%02x", bytes[i]);
    fputs(after, stdout);
}

static void put_number(uint64_t number, unsigned bytes, const char *after) {
    printf("%0*" PRIx64 "%s", (int)(2 * bytes), number, after);
}

static int hashes(void) {
    static unsigned char bytes[BYTES_MAX];
    const unsigned char nothing[KEY_BYTES] = {0};
    unsigned char derived[crypto_shorthash_KEYBYTES], out[crypto_generichash_BYTES];
    size_t len;
    crypto_kdf_derive_from_key(derived, sizeof derived, 1, "visitors", nothing);
    while (read_line(stdin, bytes, &len)) {
        crypto_shorthash(out, bytes, len, nothing);
        put_hex(out, crypto_shorthash_BYTES, " ");
        crypto_shorthash(out, bytes, len, derived);
        put_hex(out, crypto_shorthash_BYTES, " ");
        crypto_shorthash_siphashx24(out, bytes, len, nothing);
        put_hex(out, crypto_shorthash_siphashx24_BYTES, " ");
        crypto_generichash(out, sizeof out, bytes, len, NULL, 0);
        put_hex(out, sizeof out, " ");
        XXH128_hash_t wide = XXH3_128bits(bytes, len);
        put_number(wide.high64, 8, "");
        put_number(wide.low64, 8, " ");
        put_number(XXH3_64bits(bytes, len), 8, " ");
        put_number(XXH64(bytes, len, 0), 8, " ");
        put_number(XXH32(bytes, len, 0), 4, "\n");
    }
    return 0;
}

/* As a collector with that key does (clients/collector/keys.c). */
static int keyed(const char *path) {
    static unsigned char bytes[BYTES_MAX];
    unsigned char key[crypto_shorthash_KEYBYTES];
    size_t len;
    struct hay file = map_file(path);
    if (file.len != KEY_BYTES)
        return errno = EINVAL, fail(path);
    crypto_kdf_derive_from_key(key, sizeof key, 1, "visitors", file.bytes);
    while (read_line(stdin, bytes, &len)) {
        uint64_t hash;
        crypto_shorthash((unsigned char *)&hash, bytes, len, key);
        put_number(hash, 8, "\n");
    }
    return 0;
}

/* ---- sets ---- */

static int sets(const char *path) {
    struct hay file = map_file(path);
    for (size_t at = 0; at + DENSE <= file.len; at++)
        if (file.bytes[at] == 2 && sketch_valid((struct str){(const char *)file.bytes + at, DENSE})) {
            printf("%zu\n", at);
            at += DENSE - 1;
        }
    return 0;
}

static int fits(const char *path, size_t place) {
    static char before[DENSE];
    struct hay file = map_file(path);
    char line[64];
    struct sketch *sketch;
    if (place + DENSE > file.len)
        return errno = EINVAL, fail(path);
    sketch_new(&sketch);
    sketch_merge(sketch, (struct str){(const char *)file.bytes + place, DENSE});
    memcpy(before, file.bytes + place, DENSE);
    while (fgets(line, sizeof line, stdin)) {
        sketch_add(sketch, strtoull(line, NULL, 16));
        struct str after = sketch_bytes(sketch);
        bool same = after.len == DENSE && memcmp(after.at, before, DENSE) == 0;
        puts(same ? "1" : "0");
        if (!same) {
            sketch_clear(sketch);
            sketch_merge(sketch, (struct str){before, DENSE});
        }
    }
    sketch_destroy(&sketch);
    return 0;
}

int main(int argc, char **argv) {
    if (sodium_init() < 0)
        return fail("libsodium");
    if (argc >= 4 && strcmp(argv[1], "search") == 0)
        return search(argv + 2);
    if (argc == 2 && strcmp(argv[1], "hashes") == 0)
        return hashes();
    if (argc == 3 && strcmp(argv[1], "keyed") == 0)
        return keyed(argv[2]);
    if (argc == 3 && strcmp(argv[1], "sets") == 0)
        return sets(argv[2]);
    if (argc == 4 && strcmp(argv[1], "fits") == 0)
        return fits(argv[2], strtoull(argv[3], NULL, 10));
    fprintf(stderr,
            "usage: seizing search NEEDLES FILE... | hashes | keyed KEYFILE | sets FILE | fits FILE PLACE\n");
    return 2;
}
