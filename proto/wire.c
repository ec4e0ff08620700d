#include "proto/wire.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include <msgpack.h>

#include "proto/check.h"
#include "proto/utf8.h"

#define WIRE_WRITER_MAGIC 0x77697265u
#define ROOM_MIN          256

/* What the bytes before a value's content say. Small enough to travel in registers. */
struct head {
    /* bool, int: the number itself (of a negative one, its two's complement); str, bin, ext, float: bytes
     * that follow; array, map: values that follow, a map's pairs counting twice */
    uint64_t value;
    uint8_t type; /* enum wire_type */
    uint8_t size; /* bytes of the head itself */
    bool negative;
};

static const struct head no_head = {.type = WIRE_NONE};

static uint64_t big_endian(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

/* Types 0xc0 to 0xdf by their low five bits: the type, and how many bytes of length or number follow. */
struct form {
    enum wire_type type;
    uint8_t bytes;
    bool is_signed;
    uint8_t fixed; /* content of a float or a fixext, its type byte included */
};

static const struct form forms[32] = {
    [0x00] = {WIRE_NIL, 0, false, 0},   [0x02] = {WIRE_BOOL, 0, false, 0},  [0x03] = {WIRE_BOOL, 0, false, 0},
    [0x04] = {WIRE_BIN, 1, false, 0},   [0x05] = {WIRE_BIN, 2, false, 0},   [0x06] = {WIRE_BIN, 4, false, 0},
    [0x07] = {WIRE_EXT, 1, false, 0},   [0x08] = {WIRE_EXT, 2, false, 0},   [0x09] = {WIRE_EXT, 4, false, 0},
    [0x0a] = {WIRE_FLOAT, 0, false, 4}, [0x0b] = {WIRE_FLOAT, 0, false, 8}, [0x0c] = {WIRE_INT, 1, false, 0},
    [0x0d] = {WIRE_INT, 2, false, 0},   [0x0e] = {WIRE_INT, 4, false, 0},   [0x0f] = {WIRE_INT, 8, false, 0},
    [0x10] = {WIRE_INT, 1, true, 0},    [0x11] = {WIRE_INT, 2, true, 0},    [0x12] = {WIRE_INT, 4, true, 0},
    [0x13] = {WIRE_INT, 8, true, 0},    [0x14] = {WIRE_EXT, 0, false, 2},   [0x15] = {WIRE_EXT, 0, false, 3},
    [0x16] = {WIRE_EXT, 0, false, 5},   [0x17] = {WIRE_EXT, 0, false, 9},   [0x18] = {WIRE_EXT, 0, false, 17},
    [0x19] = {WIRE_STR, 1, false, 0},   [0x1a] = {WIRE_STR, 2, false, 0},   [0x1b] = {WIRE_STR, 4, false, 0},
    [0x1c] = {WIRE_ARRAY, 2, false, 0}, [0x1d] = {WIRE_ARRAY, 4, false, 0}, [0x1e] = {WIRE_MAP, 2, false, 0},
    [0x1f] = {WIRE_MAP, 4, false, 0},
};

static struct head head_of_form(const uint8_t *at, size_t left) {
    uint8_t first = at[0];
    const struct form *form = &forms[first & 0x1f];
    if (form->type == WIRE_NONE || left < 1u + form->bytes)
        return no_head;
    struct head head = {.type = (uint8_t)form->type, .size = (uint8_t)(1 + form->bytes)};
    head.value = big_endian(at + 1, form->bytes);
    switch (form->type) {
    case WIRE_BOOL:
        head.value = first & 1;
        break;
    case WIRE_INT:
        if (form->is_signed) {
            unsigned unused_bits = 64 - 8u * form->bytes;
            int64_t number = (int64_t)(head.value << unused_bits) >> unused_bits;
            head.value = (uint64_t)number;
            head.negative = number < 0;
        }
        break;
    case WIRE_EXT:
        head.value = form->fixed != 0 ? form->fixed : head.value + 1;
        break;
    case WIRE_FLOAT:
        head.value = form->fixed;
        break;
    case WIRE_MAP:
        head.value *= 2;
        break;
    default:
        break;
    }
    return head;
}

/* Every value takes a byte at least, so that what follows can be no more than what is left. */
static inline struct head if_it_fits(struct head head, size_t left) {
    return head.value > left - head.size ? no_head : head;
}

/* The next value's head; of type WIRE_NONE when there is none, or the frame cannot hold what it claims. */
static inline struct head head_of(const struct wire_reader *reader) {
    size_t left = (size_t)(reader->end - reader->at);
    if (left == 0)
        return no_head;
    uint8_t first = reader->at[0];
    if (first < 0x80)
        return (struct head){.type = WIRE_INT, .size = 1, .value = first};
    if (first >= 0xe0)
        return (struct head){.type = WIRE_INT, .size = 1, .negative = true, .value = (uint64_t)(int8_t)first};
    if (first < 0x90)
        return if_it_fits((struct head){.type = WIRE_MAP, .size = 1, .value = 2 * (first & 0x0fu)}, left);
    if (first < 0xa0)
        return if_it_fits((struct head){.type = WIRE_ARRAY, .size = 1, .value = first & 0x0fu}, left);
    if (first < 0xc0)
        return if_it_fits((struct head){.type = WIRE_STR, .size = 1, .value = first & 0x1fu}, left);
    struct head head = head_of_form(reader->at, left);
    if (head.type == WIRE_NONE || head.type == WIRE_NIL || head.type == WIRE_BOOL || head.type == WIRE_INT)
        return head;
    return if_it_fits(head, left);
}

static bool has_content(struct head head) {
    return head.type == WIRE_STR || head.type == WIRE_BIN || head.type == WIRE_EXT || head.type == WIRE_FLOAT;
}

void wire_reader_init(struct wire_reader *reader, const void *frame, size_t len) {
    /* An empty frame may come as NULL; pointer arithmetic needs a place to stand. */
    static const uint8_t nothing = 0;
    reader->at = frame != NULL ? frame : &nothing;
    reader->end = reader->at + (frame != NULL ? len : 0);
}

enum wire_type wire_peek(const struct wire_reader *reader) {
    return head_of(reader).type;
}

bool wire_at_end(const struct wire_reader *reader) {
    return reader->at == reader->end;
}

int wire_read_bool(struct wire_reader *reader, bool *out) {
    struct head head = head_of(reader);
    if (head.type != WIRE_BOOL)
        return -EPROTO;
    *out = head.value != 0;
    reader->at += head.size;
    return 0;
}

int wire_read_uint(struct wire_reader *reader, uint64_t *out, uint64_t max) {
    struct head head = head_of(reader);
    if (head.type != WIRE_INT || head.negative || head.value > max)
        return -EPROTO;
    *out = head.value;
    reader->at += head.size;
    return 0;
}

int wire_read_int(struct wire_reader *reader, int64_t *out) {
    struct head head = head_of(reader);
    if (head.type != WIRE_INT || (!head.negative && head.value > INT64_MAX))
        return -EPROTO;
    *out = (int64_t)head.value;
    reader->at += head.size;
    return 0;
}

static int read_bytes(struct wire_reader *reader, enum wire_type type, struct str *out, size_t max) {
    struct head head = head_of(reader);
    if (head.type != type || head.value > max)
        return -EPROTO;
    struct str bytes = {(const char *)reader->at + head.size, (size_t)head.value};
    if (type == WIRE_STR && !utf8_valid(bytes))
        return -EPROTO;
    *out = bytes;
    reader->at += head.size + bytes.len;
    return 0;
}

int wire_read_str(struct wire_reader *reader, struct str *out, size_t max) {
    return read_bytes(reader, WIRE_STR, out, max);
}

int wire_read_bin(struct wire_reader *reader, struct str *out, size_t max) {
    return read_bytes(reader, WIRE_BIN, out, max);
}

int wire_read_array(struct wire_reader *reader, uint32_t *count, uint32_t max) {
    struct head head = head_of(reader);
    if (head.type != WIRE_ARRAY || head.value > max)
        return -EPROTO;
    *count = (uint32_t)head.value;
    reader->at += head.size;
    return 0;
}

int wire_read_map(struct wire_reader *reader, uint32_t *count, uint32_t max) {
    struct head head = head_of(reader);
    if (head.type != WIRE_MAP || head.value / 2 > max)
        return -EPROTO;
    *count = (uint32_t)(head.value / 2);
    reader->at += head.size;
    return 0;
}

int wire_skip(struct wire_reader *reader) {
    struct wire_reader walk = *reader;
    uint64_t left[WIRE_DEPTH_MAX + 1] = {1}; /* values still to come, container by container */
    size_t depth = 0;
    for (;;) {
        while (depth > 0 && left[depth] == 0)
            depth--;
        if (left[depth] == 0)
            break;
        left[depth]--;
        struct head head = head_of(&walk);
        if (head.type == WIRE_NONE)
            return -EPROTO;
        struct str content = {(const char *)walk.at + head.size, has_content(head) ? (size_t)head.value : 0};
        if (head.type == WIRE_STR && !utf8_valid(content))
            return -EPROTO;
        walk.at += head.size + content.len;
        if (head.type != WIRE_ARRAY && head.type != WIRE_MAP)
            continue;
        if (depth == WIRE_DEPTH_MAX)
            return -EPROTO;
        left[++depth] = head.value;
    }
    *reader = walk;
    return 0;
}

struct wire_writer {
    unsigned magic;
    bool failed;
    uint8_t *data;
    size_t len, room, max;
    msgpack_packer packer;
};

static void append(struct wire_writer *writer, const void *data, size_t len) {
    if (writer->failed || len > writer->max - writer->len) {
        writer->failed = true;
        return;
    }
    if (len > writer->room - writer->len) {
        size_t room = writer->room < ROOM_MIN ? ROOM_MIN : writer->room;
        while (room - writer->len < len)
            room *= 2;
        writer->data = mem_resize(writer->data, room, 1);
        writer->room = room;
    }
    if (len > 0)
        memcpy(writer->data + writer->len, data, len);
    writer->len += len;
}

static int on_packed(void *arg, const char *data, size_t len) {
    struct wire_writer *writer = arg;
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    append(writer, data, len);
    return writer->failed ? -1 : 0;
}

void wire_writer_new(struct wire_writer **out, size_t max) {
    struct wire_writer *writer = mem_zeroed(1, sizeof *writer);
    writer->magic = WIRE_WRITER_MAGIC;
    writer->max = max;
    msgpack_packer_init(&writer->packer, writer, on_packed);
    *out = writer;
}

void wire_writer_destroy(struct wire_writer **writer) {
    if (*writer == NULL)
        return;
    OBJ_CHECK(*writer, WIRE_WRITER_MAGIC);
    (*writer)->magic = 0;
    free((*writer)->data);
    free(*writer);
    *writer = NULL;
}

void wire_writer_reset(struct wire_writer *writer) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    writer->len = 0;
    writer->failed = false;
}

bool wire_writer_failed(const struct wire_writer *writer) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    return writer->failed;
}

size_t wire_writer_len(const struct wire_writer *writer) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    return writer->len;
}

const uint8_t *wire_writer_data(const struct wire_writer *writer) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    static const uint8_t nothing = 0;
    return writer->data != NULL ? writer->data : &nothing;
}

void wire_write_bool(struct wire_writer *writer, bool value) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    if (value)
        msgpack_pack_true(&writer->packer);
    else
        msgpack_pack_false(&writer->packer);
}

void wire_write_uint(struct wire_writer *writer, uint64_t value) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    msgpack_pack_uint64(&writer->packer, value);
}

void wire_write_int(struct wire_writer *writer, int64_t value) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    msgpack_pack_int64(&writer->packer, value);
}

/* MessagePack counts with 32 bits; what they cannot say does not fit. */
static bool countable(struct wire_writer *writer, size_t count) {
    if (count > UINT32_MAX)
        writer->failed = true;
    return count <= UINT32_MAX;
}

void wire_write_str(struct wire_writer *writer, struct str text) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    if (!countable(writer, text.len))
        return;
    msgpack_pack_str(&writer->packer, text.len);
    append(writer, text.at, text.len);
}

void wire_write_bin(struct wire_writer *writer, const void *data, size_t len) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    if (!countable(writer, len))
        return;
    msgpack_pack_bin(&writer->packer, len);
    append(writer, data, len);
}

void wire_write_array(struct wire_writer *writer, size_t count) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    if (countable(writer, count))
        msgpack_pack_array(&writer->packer, count);
}

void wire_write_map(struct wire_writer *writer, size_t count) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    if (countable(writer, count))
        msgpack_pack_map(&writer->packer, count);
}

void wire_write_raw(struct wire_writer *writer, const void *data, size_t len) {
    OBJ_CHECK(writer, WIRE_WRITER_MAGIC);
    append(writer, data, len);
}

void wire_write_elements(struct wire_writer *writer, size_t count, const struct wire_writer *elements) {
    OBJ_CHECK(elements, WIRE_WRITER_MAGIC);
    wire_write_array(writer, count);
    append(writer, elements->data, elements->len);
    writer->failed = writer->failed || elements->failed;
}
