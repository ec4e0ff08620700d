#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "bytes.h"
#include "proto/utf8.h"
#include "proto/wire.h"

static struct wire_reader reader_of(struct bytes frame) {
    struct wire_reader reader;
    wire_reader_init(&reader, frame.at, frame.len);
    return reader;
}

static void test_integers(void **state) {
    (void)state;
    static const struct {
        const char *hex;
        bool negative;
        uint64_t value; /* two's complement of a negative one */
    } cases[] = {
        {"00", false, 0},
        {"7f", false, 127},
        {"e0", true, (uint64_t)-32},
        {"ff", true, (uint64_t)-1},
        {"cc 00", false, 0},
        {"cc ff", false, 255},
        {"cd 0100", false, 256},
        {"cd ffff", false, 65535},
        {"ce 00010000", false, 65536},
        {"ce ffffffff", false, UINT32_MAX},
        {"cf 0000000100000000", false, UINT64_C(1) << 32},
        {"cf 7fffffffffffffff", false, INT64_MAX},
        {"cf 8000000000000000", false, UINT64_C(1) << 63},
        {"cf ffffffffffffffff", false, UINT64_MAX},
        {"d0 00", false, 0},
        {"d0 7f", false, 127},
        {"d0 80", true, (uint64_t)-128},
        {"d1 0001", false, 1},
        {"d1 8000", true, (uint64_t)-32768},
        {"d2 7fffffff", false, INT32_MAX},
        {"d2 80000000", true, (uint64_t)INT32_MIN},
        {"d3 0000000000000005", false, 5},
        {"d3 7fffffffffffffff", false, INT64_MAX},
        {"d3 8000000000000000", true, (uint64_t)INT64_MIN},
        {"d3 ffffffffffffffff", true, (uint64_t)-1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes frame = bytes_of_hex(cases[i].hex);
        struct wire_reader reader = reader_of(frame);
        uint64_t natural = 77;
        int64_t whole = 77;
        assert_int_equal(wire_peek(&reader), WIRE_INT);
        assert_int_equal(wire_read_uint(&reader, &natural, UINT64_MAX), cases[i].negative ? -EPROTO : 0);
        assert_true(natural == (cases[i].negative ? 77 : cases[i].value));
        assert_true(wire_at_end(&reader) == !cases[i].negative);

        reader = reader_of(frame);
        bool fits = cases[i].negative || cases[i].value <= INT64_MAX;
        assert_int_equal(wire_read_int(&reader, &whole), fits ? 0 : -EPROTO);
        assert_true(whole == (fits ? (int64_t)cases[i].value : 77));
        assert_true(wire_at_end(&reader) == fits);

        reader = reader_of(frame);
        if (!cases[i].negative && cases[i].value > 0)
            assert_int_equal(wire_read_uint(&reader, &natural, cases[i].value - 1), -EPROTO);
        if (!cases[i].negative)
            assert_int_equal(wire_read_uint(&reader, &natural, cases[i].value), 0);
        free(frame.at);
    }
}

/* Whole values of every form. Cut off anywhere they are refused, and the reader stays where it was. */
static const char *const whole_values[] = {
    "c0",
    "c2",
    "c3",
    "05",
    "fb",
    "cc 80",
    "cd 1234",
    "ce 12345678",
    "cf 1234567812345678",
    "d0 80",
    "d1 8000",
    "d2 80000000",
    "d3 8000000000000000",
    "ca 3f800000",
    "cb 3ff0000000000000",
    "a0",
    "a3 616263",
    "d9 03 616263",
    "da 0003 616263",
    "db 00000003 616263",
    "c4 00",
    "c4 02 00ff",
    "c5 0002 00ff",
    "c6 00000002 00ff",
    "90",
    "92 01 02",
    "dc 0002 01 a161",
    "dd 00000002 c0 c3",
    "80",
    "81 a161 01",
    "de 0001 a161 90",
    "df 00000001 a161 80",
    "d4 01 10",
    "d5 01 1011",
    "d6 ff 5a4af6a5",
    "d7 01 0001020304050607",
    "d8 01 000102030405060708090a0b0c0d0e0f",
    "c7 03 01 aabbcc",
    "c7 00 01",
    "c8 0002 01 aabb",
    "c9 00000002 01 aabb",
    "9191919191919191 00",
    "93 81 a161 92 01 c0 c4 01 ff a0",
};

static void refuse_everything(struct bytes frame) {
    struct wire_reader reader = reader_of(frame), before = reader;
    bool flag;
    uint64_t natural;
    int64_t whole;
    struct str text;
    uint32_t count;
    assert_int_equal(wire_peek(&reader), WIRE_NONE);
    assert_int_equal(wire_skip(&reader), -EPROTO);
    assert_int_equal(wire_read_bool(&reader, &flag), -EPROTO);
    assert_int_equal(wire_read_uint(&reader, &natural, UINT64_MAX), -EPROTO);
    assert_int_equal(wire_read_int(&reader, &whole), -EPROTO);
    assert_int_equal(wire_read_str(&reader, &text, SIZE_MAX), -EPROTO);
    assert_int_equal(wire_read_bin(&reader, &text, SIZE_MAX), -EPROTO);
    assert_int_equal(wire_read_array(&reader, &count, UINT32_MAX), -EPROTO);
    assert_int_equal(wire_read_map(&reader, &count, UINT32_MAX), -EPROTO);
    assert_memory_equal(&reader, &before, sizeof reader);
}

static void test_skip_whole_and_cut(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof whole_values / sizeof whole_values[0]; i++) {
        struct bytes frame = bytes_of_hex(whole_values[i]);
        struct wire_reader reader = reader_of(frame);
        assert_int_equal(wire_skip(&reader), 0);
        assert_true(wire_at_end(&reader));
        for (size_t cut = 0; cut < frame.len; cut++) {
            struct bytes part = bytes_copy(frame.at, cut);
            struct wire_reader before = reader = reader_of(part);
            assert_int_equal(wire_skip(&reader), -EPROTO);
            assert_memory_equal(&reader, &before, sizeof reader);
            free(part.at);
        }
        free(frame.at);
    }
}

static void test_refused_heads(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "c1",
        "cc",
        "cd 00",
        "ce 000000",
        "cf 00000000000000",
        "d3",
        "a1",
        "bf 00",
        "d9",
        "d9 01",
        "da 0002 61",
        "db ffffffff 61",
        "c4",
        "c4 01",
        "c5 0001",
        "c6 7fffffff",
        "c6 ffffffff 00",
        "91",
        "9f 00",
        "dc 0001",
        "dc",
        "dd ffffffff 01",
        "dd 00000002 00",
        "81",
        "81 a0",
        "8f 00",
        "de 0001 00",
        "df ffffffff",
        "df 80000000 00 00",
        "df 00000001 00",
        "d4 00",
        "d8 00 00",
        "c7",
        "c7 00",
        "c7 01 00",
        "c8 ffff 00",
        "c9 ffffffff 00",
        "ca 000000",
        "cb 00000000000000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes frame = bytes_of_hex(bad[i]);
        refuse_everything(frame);
        free(frame.at);
    }
    struct wire_reader nowhere;
    wire_reader_init(&nowhere, NULL, 0);
    assert_true(wire_at_end(&nowhere));
    assert_int_equal(wire_peek(&nowhere), WIRE_NONE);
    assert_int_equal(wire_skip(&nowhere), -EPROTO);
}

static void test_typed_reads(void **state) {
    (void)state;
    struct bytes frame =
        bytes_of_hex("98 c0 c3 c2 a568c3a96c6f c4 02 00ff 82 a0 a0 01 02 ca 3f800000 d4 07 aa");
    struct wire_reader reader = reader_of(frame);
    uint32_t count;
    bool flag;
    struct str text;
    int64_t whole;
    assert_int_equal(wire_read_array(&reader, &count, 7), -EPROTO);
    assert_int_equal(wire_read_array(&reader, &count, 8), 0);
    assert_int_equal(count, 8);
    assert_int_equal(wire_peek(&reader), WIRE_NIL);
    assert_int_equal(wire_read_bool(&reader, &flag), -EPROTO);
    assert_int_equal(wire_skip(&reader), 0);
    assert_int_equal(wire_peek(&reader), WIRE_BOOL);
    assert_int_equal(wire_read_bool(&reader, &flag), 0);
    assert_true(flag);
    assert_int_equal(wire_read_bool(&reader, &flag), 0);
    assert_false(flag);
    assert_int_equal(wire_peek(&reader), WIRE_STR);
    assert_int_equal(wire_read_bin(&reader, &text, 100), -EPROTO);
    assert_int_equal(wire_read_str(&reader, &text, 4), -EPROTO);
    assert_int_equal(wire_read_str(&reader, &text, 5), 0);
    assert_true(str_equal(text, STR("hélo")));
    assert_int_equal(wire_peek(&reader), WIRE_BIN);
    assert_int_equal(wire_read_str(&reader, &text, 100), -EPROTO);
    assert_int_equal(wire_read_bin(&reader, &text, 1), -EPROTO);
    assert_int_equal(wire_read_bin(&reader, &text, 2), 0);
    assert_memory_equal(text.at, "\0\xff", 2);
    assert_int_equal(wire_peek(&reader), WIRE_MAP);
    assert_int_equal(wire_read_array(&reader, &count, 100), -EPROTO);
    assert_int_equal(wire_read_map(&reader, &count, 1), -EPROTO);
    assert_int_equal(wire_read_map(&reader, &count, 2), 0);
    assert_int_equal(count, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(wire_read_str(&reader, &text, 0), 0);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(wire_read_int(&reader, &whole), 0);
        assert_int_equal(whole, i);
    }
    assert_int_equal(wire_peek(&reader), WIRE_FLOAT);
    assert_int_equal(wire_read_int(&reader, &whole), -EPROTO);
    assert_int_equal(wire_skip(&reader), 0);
    assert_int_equal(wire_peek(&reader), WIRE_EXT);
    assert_int_equal(wire_skip(&reader), 0);
    assert_true(wire_at_end(&reader));
    free(frame.at);
}

static void test_text_must_be_utf8(void **state) {
    (void)state;
    static const char *const bad[] = {"a1 80",       "a2 c080",        "a3 eda080",
                                      "a4 f4908080", "a1 ff",          "a2 61c3",
                                      "d9 02 c328",  "da 0003 e28228", "91 a1 ff",
                                      "81 a1 ff 00", "81 00 a1 ff",    "db 00000009 616161616161616180"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes frame = bytes_of_hex(bad[i]);
        struct wire_reader reader = reader_of(frame);
        struct str text;
        assert_int_equal(wire_read_str(&reader, &text, 100), -EPROTO);
        assert_int_equal(wire_skip(&reader), -EPROTO);
        assert_ptr_equal(reader.at, frame.at);
        free(frame.at);
    }
}

static void test_depth(void **state) {
    (void)state;
    for (size_t depth = 1; depth < 200; depth++) {
        uint8_t frame[2 * 200];
        memset(frame, 0x91, depth);
        frame[depth] = 0xc0;
        struct wire_reader reader;
        wire_reader_init(&reader, frame, depth + 1);
        assert_int_equal(wire_skip(&reader), depth <= WIRE_DEPTH_MAX ? 0 : -EPROTO);
        frame[depth - 1] = 0x80;
        wire_reader_init(&reader, frame, depth);
        assert_int_equal(wire_skip(&reader), depth <= WIRE_DEPTH_MAX ? 0 : -EPROTO);
        for (size_t i = 0; i < depth; i++) {
            frame[2 * i] = 0x81;
            frame[2 * i + 1] = 0x01;
        }
        frame[2 * depth] = 0x01;
        wire_reader_init(&reader, frame, 2 * depth + 1);
        assert_int_equal(wire_skip(&reader), depth <= WIRE_DEPTH_MAX ? 0 : -EPROTO);
    }
}

static void test_writing_and_reading_back(void **state) {
    (void)state;
    struct wire_writer *writer;
    wire_writer_new(&writer, 1000);
    assert_int_equal(wire_writer_len(writer), 0);
    assert_non_null(wire_writer_data(writer));
    wire_write_array(writer, 8);
    wire_write_bool(writer, true);
    wire_write_bool(writer, false);
    wire_write_uint(writer, UINT64_MAX);
    wire_write_int(writer, INT64_MIN);
    wire_write_int(writer, 300);
    wire_write_str(writer, STR("hé"));
    wire_write_bin(writer, "\0\1", 2);
    wire_write_map(writer, 1);
    wire_write_raw(writer, "\xa1k\x05", 3);
    struct bytes wanted =
        bytes_of_hex("98 c3 c2 cf ffffffffffffffff d3 8000000000000000 cd 012c a3 68c3a9 c4 02 0001 "
                     "81 a16b 05");
    assert_false(wire_writer_failed(writer));
    assert_int_equal(wire_writer_len(writer), wanted.len);
    assert_memory_equal(wire_writer_data(writer), wanted.at, wanted.len);
    wire_writer_reset(writer);
    assert_int_equal(wire_writer_len(writer), 0);
    free(wanted.at);
    wire_writer_destroy(&writer);
    assert_null(writer);
    wire_writer_destroy(&writer);
}

static void test_a_writer_is_bounded(void **state) {
    (void)state;
    for (size_t max = 0; max < 40; max++) {
        struct wire_writer *writer;
        wire_writer_new(&writer, max);
        size_t wanted = 0;
        while (!wire_writer_failed(writer)) {
            wire_write_str(writer, STR("abcd"));
            wanted += wire_writer_failed(writer) ? 0 : 5;
            assert_true(wire_writer_len(writer) <= max);
        }
        assert_int_equal(wanted, max / 5 * 5);
        size_t stopped = wire_writer_len(writer);
        wire_write_bool(writer, true);
        wire_write_raw(writer, "", 0);
        assert_int_equal(wire_writer_len(writer), stopped);
        assert_true(wire_writer_failed(writer));
        wire_writer_reset(writer);
        assert_false(wire_writer_failed(writer));
        wire_write_raw(writer, "1234567890123456789012345678901234567890", max);
        assert_false(wire_writer_failed(writer));
        assert_int_equal(wire_writer_len(writer), max);
        wire_writer_destroy(&writer);
    }
}

static void test_counts_past_32_bits_do_not_fit(void **state) {
    (void)state;
    struct wire_writer *writer;
    wire_writer_new(&writer, SIZE_MAX);
    static const size_t past = (size_t)UINT32_MAX + 1;
    for (int which = 0; which < 4; which++) {
        wire_writer_reset(writer);
        switch (which) {
        case 0:
            wire_write_array(writer, past);
            break;
        case 1:
            wire_write_map(writer, past);
            break;
        case 2:
            wire_write_str(writer, (struct str){"", past});
            break;
        default:
            wire_write_bin(writer, "", past);
            break;
        }
        assert_true(wire_writer_failed(writer));
        assert_int_equal(wire_writer_len(writer), 0);
    }
    wire_writer_destroy(&writer);
}

static void test_elements(void **state) {
    (void)state;
    struct wire_writer *writer, *elements;
    wire_writer_new(&writer, 100);
    wire_writer_new(&elements, 3);
    wire_write_elements(writer, 0, elements);
    wire_write_uint(elements, 1);
    wire_write_uint(elements, 2);
    wire_write_elements(writer, 2, elements);
    assert_false(wire_writer_failed(writer));
    assert_int_equal(wire_writer_len(writer), 4);
    assert_memory_equal(wire_writer_data(writer), "\x90\x92\x01\x02", 4);
    wire_write_uint(elements, 1000);
    wire_write_elements(writer, 3, elements);
    assert_true(wire_writer_failed(writer));
    wire_writer_destroy(&writer);
    wire_writer_destroy(&elements);
}

/* What this reader refuses that msgpack-c takes: texts that are no UTF-8, and depth. Both judged on its
 * object tree. */
static bool stricter_refuses(const msgpack_object *object, unsigned depth) {
    bool refused = false;
    switch (object->type) {
    case MSGPACK_OBJECT_STR:
        return !utf8_valid((struct str){object->via.str.ptr, object->via.str.size});
    case MSGPACK_OBJECT_ARRAY:
        refused = depth == WIRE_DEPTH_MAX;
        for (uint32_t i = 0; i < object->via.array.size && !refused; i++)
            refused = stricter_refuses(&object->via.array.ptr[i], depth + 1);
        return refused;
    case MSGPACK_OBJECT_MAP:
        refused = depth == WIRE_DEPTH_MAX;
        for (uint32_t i = 0; i < object->via.map.size && !refused; i++)
            refused = stricter_refuses(&object->via.map.ptr[i].key, depth + 1) ||
                      stricter_refuses(&object->via.map.ptr[i].val, depth + 1);
        return refused;
    default:
        return false;
    }
}

/* msgpack-c would take memory for a count that is only claimed; such frames are not compared. */
static bool claims_much(struct bytes frame) {
    for (size_t i = 0; i < frame.len; i++) {
        if (frame.at[i] == 0xdd || frame.at[i] == 0xdf)
            return true;
    }
    return false;
}

static void compare_with_msgpack(struct bytes frame, size_t *taken, size_t *refused) {
    struct wire_reader reader = reader_of(frame);
    int rc = wire_skip(&reader);
    if (claims_much(frame))
        return;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t offset = 0;
    msgpack_unpack_return theirs = msgpack_unpack_next(&unpacked, (const char *)frame.at, frame.len, &offset);
    bool good = theirs == MSGPACK_UNPACK_SUCCESS && !stricter_refuses(&unpacked.data, 0);
    assert_int_equal(rc, good ? 0 : -EPROTO);
    assert_int_equal(reader.at - frame.at, good ? (ptrdiff_t)offset : 0);
    ++*(good ? taken : refused);
    msgpack_unpacked_destroy(&unpacked);
}

static void test_random_frames_against_msgpack_c(void **state) {
    (void)state;
    uint64_t random = 1618;
    size_t taken = 0, refused = 0;
    print_message("seed %llu\n", (unsigned long long)random);
    for (unsigned round = 0; round < 100000; round++) {
        uint8_t raw[24];
        size_t len = bytes_random(&random) % sizeof raw;
        for (size_t i = 0; i < len; i++) {
            uint64_t r = bytes_random(&random);
            /* Containers and heads more often than chance has them, with small counts. */
            static const uint8_t heads[] = {0x91, 0x92, 0x81, 0xdc, 0xde, 0xc4, 0xd9, 0xc7, 0xa1, 0xc0};
            raw[i] = r % 3 == 0   ? heads[(r >> 8) % sizeof heads]
                     : r % 3 == 1 ? (uint8_t)((r >> 8) % 4)
                                  : (uint8_t)(r >> 8);
        }
        struct bytes frame = bytes_copy(raw, len);
        compare_with_msgpack(frame, &taken, &refused);
        free(frame.at);
    }
    print_message("%zu taken, %zu refused by both\n", taken, refused);
    assert_true(taken > 10000 && refused > 10000);
}

static void test_mutated_values_against_msgpack_c(void **state) {
    (void)state;
    uint64_t random = 271828;
    size_t taken = 0, refused = 0;
    print_message("seed %llu\n", (unsigned long long)random);
    for (unsigned round = 0; round < 1000; round++) {
        for (size_t i = 0; i < sizeof whole_values / sizeof whole_values[0]; i++) {
            struct bytes frame = bytes_of_hex(whole_values[i]);
            for (uint64_t flips = 1 + bytes_random(&random) % 3; flips > 0; flips--)
                frame.at[bytes_random(&random) % frame.len] ^= (uint8_t)(1u << bytes_random(&random) % 8);
            compare_with_msgpack(frame, &taken, &refused);
            free(frame.at);
        }
    }
    print_message("%zu taken, %zu refused by both\n", taken, refused);
    assert_true(taken > 10000 && refused > 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_skip_whole_and_cut),
        cmocka_unit_test(test_refused_heads),
        cmocka_unit_test(test_typed_reads),
        cmocka_unit_test(test_text_must_be_utf8),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_writing_and_reading_back),
        cmocka_unit_test(test_a_writer_is_bounded),
        cmocka_unit_test(test_counts_past_32_bits_do_not_fit),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_random_frames_against_msgpack_c),
        cmocka_unit_test(test_mutated_values_against_msgpack_c),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
