/* The reader against collections made by others, when ../shared/data is there. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <zlib.h>

#include "bytes.h"
#include "proto/wire.h"

#define DATA      SUIVI_SOURCE_DIR "/../shared/data/proto/"
#define BYTES_MAX (1u << 20)

/* Reads plain and compressed files alike. */
static json_t *load(const char *path) {
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = malloc(BYTES_MAX);
    assert_non_null(text);
    int len = gzread(file, text, BYTES_MAX);
    assert_in_range(len, 1, BYTES_MAX - 1);
    gzclose(file);
    json_error_t error;
    json_t *json = json_loadb(text, (size_t)len, 0, &error);
    if (json == NULL)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    free(text);
    return json;
}

static void check_integer(struct wire_reader *reader, const char *wanted) {
    struct wire_reader copy = *reader;
    char text[32];
    uint64_t natural;
    int64_t whole;
    bool is_natural = wire_read_uint(&copy, &natural, UINT64_MAX) == 0;
    bool is_whole = wire_read_int(reader, &whole) == 0;
    assert_true(is_natural || is_whole);
    if (is_natural) {
        snprintf(text, sizeof text, "%" PRIu64, natural);
        assert_string_equal(text, wanted);
    }
    if (is_whole) {
        snprintf(text, sizeof text, "%" PRId64, whole);
        assert_string_equal(text, wanted);
    }
}

/* The value, as far as this reader reads values: integers, texts, bytes, nil, bool. */
static void check_value(struct wire_reader reader, const json_t *entry) {
    const json_t *number = json_object_get(entry, "number"), *big = json_object_get(entry, "bignum");
    const json_t *text = json_object_get(entry, "string"), *binary = json_object_get(entry, "binary");
    const json_t *flag = json_object_get(entry, "bool");
    struct str read;
    if (big != NULL && wire_peek(&reader) == WIRE_INT) {
        check_integer(&reader, json_string_value(big));
    } else if (json_is_integer(number) && wire_peek(&reader) == WIRE_INT) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
        check_integer(&reader, wanted);
    } else if (text != NULL) {
        assert_int_equal(wire_read_str(&reader, &read, SIZE_MAX), 0);
        assert_true(str_equal(read, (struct str){json_string_value(text), json_string_length(text)}));
    } else if (binary != NULL) {
        struct bytes wanted = bytes_of_hex(json_string_value(binary));
        assert_int_equal(wire_read_bin(&reader, &read, SIZE_MAX), 0);
        assert_true(str_equal(read, (struct str){(const char *)wanted.at, wanted.len}));
        free(wanted.at);
    } else if (flag != NULL) {
        bool value;
        assert_int_equal(wire_read_bool(&reader, &value), 0);
        assert_true(value == json_is_true(flag));
    } else if (json_object_get(entry, "nil") != NULL) {
        assert_int_equal(wire_peek(&reader), WIRE_NIL);
        assert_int_equal(wire_skip(&reader), 0);
    }
}

static void test_msgpack_test_suite(void **state) {
    (void)state;
    json_t *suite = load(DATA "msgpack-test-suite.json"), *group, *entry, *encoding;
    const char *name;
    size_t i, j, seen = 0;
    if (suite == NULL) {
        print_message("skipped: no " DATA "msgpack-test-suite.json\n");
        skip();
    }
    json_object_foreach(suite, name, group) {
        json_array_foreach(group, i, entry) {
            json_array_foreach(json_object_get(entry, "msgpack"), j, encoding) {
                struct bytes frame = bytes_of_hex(json_string_value(encoding));
                struct wire_reader reader;
                wire_reader_init(&reader, frame.at, frame.len);
                check_value(reader, entry);
                assert_int_equal(wire_skip(&reader), 0);
                assert_true(wire_at_end(&reader));
                free(frame.at);
                seen++;
            }
        }
    }
    print_message("%zu encodings\n", seen);
    assert_in_range(seen, 200, 100000);
    json_decref(suite);
}

static void test_hostile_set(void **state) {
    (void)state;
    json_t *truth = load(DATA "hostile.truth.json"), *cases = load(DATA "hostile/msgpack-bad.json.gz"),
           *value, *name;
    const char *key;
    size_t i;
    if (truth == NULL || cases == NULL) {
        print_message("skipped: no " DATA "hostile\n");
        json_decref(truth);
        json_decref(cases);
        skip();
    }
    json_t *files = json_object_get(truth, "files");
    json_t *must = json_object_get(json_object_get(files, "msgpack-bad.json.gz"), "must_be_refused");
    assert_in_range(json_array_size(must), 1, 1000);
    json_object_foreach(cases, key, value) {
        struct bytes frame = bytes_of_hex(json_string_value(value));
        struct wire_reader reader;
        bool refused, wanted = false;
        wire_reader_init(&reader, frame.at, frame.len);
        refused = wire_skip(&reader) != 0;
        json_array_foreach(must, i, name) {
            wanted = wanted || strcmp(json_string_value(name), key) == 0;
        }
        print_message("%s: %s\n", key, refused ? "refused" : "read");
        assert_true(refused || !wanted);
        free(frame.at);
    }
    json_decref(truth);
    json_decref(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_msgpack_test_suite),
        cmocka_unit_test(test_hostile_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
