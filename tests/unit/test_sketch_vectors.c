/* proto/vectors/sets.json: the hashes give the bytes, these the count; what is refused is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "bytes.h"
#include "proto/sketch.h"

static const char *text_in(const json_t *entry, const char *key) {
    return json_string_value(json_object_get(entry, key));
}

static struct bytes with_registers(json_t *registers) {
    struct bytes bytes = {calloc(1, SKETCH_BYTES_MAX), SKETCH_BYTES_MAX};
    const char *number;
    json_t *held;
    bytes.at[0] = 2;
    json_object_foreach(registers, number, held) {
        struct bytes four = bytes_of_hex(json_string_value(held));
        memcpy(bytes.at + 1 + 4 * strtoul(number, NULL, 10), four.at, 4);
        free(four.at);
    }
    return bytes;
}

static struct bytes with_hashes(const json_t *entry) {
    struct sketch *sketch;
    size_t i;
    json_t *hash, *made = json_object_get(entry, "splitmix64");
    sketch_new(&sketch);
    json_array_foreach(json_object_get(entry, "hashes"), i, hash)
        sketch_add(sketch, strtoull(json_string_value(hash), NULL, 16));
    uint64_t random = (uint64_t)json_integer_value(json_array_get(made, 0));
    for (json_int_t left = json_integer_value(json_array_get(made, 1)); left > 0; left--)
        sketch_add(sketch, bytes_random(&random));
    struct str bytes = sketch_bytes(sketch);
    struct bytes copy = bytes_copy(bytes.at, bytes.len);
    sketch_destroy(&sketch);
    return copy;
}

static void check_good(const json_t *entry, struct bytes bytes, struct str view) {
    const char *hex = text_in(entry, "hex"), *sha256 = text_in(entry, "sha256");
    uint8_t digest[crypto_hash_sha256_BYTES];
    if (hex != NULL) {
        struct bytes wanted = bytes_of_hex(hex);
        assert_int_equal(bytes.len, wanted.len);
        assert_memory_equal(bytes.at, wanted.at, wanted.len);
        free(wanted.at);
    }
    if (sha256 != NULL) {
        struct bytes wanted = bytes_of_hex(sha256);
        crypto_hash_sha256(digest, bytes.at, bytes.len);
        assert_int_equal(wanted.len, sizeof digest);
        assert_memory_equal(digest, wanted.at, sizeof digest);
        free(wanted.at);
    }
    uint64_t wanted = (uint64_t)json_integer_value(json_object_get(entry, "count"));
    uint64_t off = bytes.at[0] == 2; /* the last bits of another's logarithm may round otherwise */
    assert_in_range(sketch_count(view), wanted - off, wanted + off);
}

static void test_sets(void **state) {
    (void)state;
    json_error_t error;
    json_t *list =
               json_load_file(SUIVI_SOURCE_DIR "/proto/vectors/sets.json", JSON_REJECT_DUPLICATES, &error),
           *entry;
    size_t i;
    if (list == NULL)
        fail_msg("sets.json:%d: %s", error.line, error.text);
    assert_in_range(json_array_size(list), 20, 1000);
    json_array_foreach(list, i, entry) {
        json_t *registers = json_object_get(entry, "registers");
        bool refused = json_is_true(json_object_get(entry, "refused"));
        struct bytes bytes = registers ? with_registers(registers)
                             : refused ? bytes_of_hex(text_in(entry, "hex"))
                                       : with_hashes(entry);
        struct str view = {(const char *)bytes.at, bytes.len};
        print_message("%s\n", text_in(entry, "name"));
        assert_int_equal(sketch_valid(view), !refused);
        if (!refused)
            check_good(entry, bytes, view);
        free(bytes.at);
    }
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
