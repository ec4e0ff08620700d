/* MessagePack, bounded. Specification: https://github.com/msgpack/msgpack/blob/master/spec.md
 *
 * Writing goes through msgpack-c. Reading is our own: msgpack-c's unpacker takes memory for as many elements
 * as a header claims, before one of them is seen; this reader takes none at all. It walks the frame in place,
 * never reads past its end, and refuses a count or length that the rest of the frame could not hold or that
 * is above the caller's bound.
 *
 * Every wire_read_ returns 0, or -EPROTO when the next value is of another type, above its bound, cut off or
 * not MessagePack; `reader` then stands where it stood. Views borrow from the frame. */
#ifndef SUIVI_PROTO_WIRE_H
#define SUIVI_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"

#define WIRE_DEPTH_MAX 8 /* containers inside containers */

struct wire_reader {
    const uint8_t *at, *end;
};

enum wire_type {
    WIRE_NONE, /* end of frame, or a byte that begins no value */
    WIRE_NIL,
    WIRE_BOOL,
    WIRE_INT,
    WIRE_FLOAT,
    WIRE_STR,
    WIRE_BIN,
    WIRE_ARRAY,
    WIRE_MAP,
    WIRE_EXT,
};

void wire_reader_init(struct wire_reader *reader, const void *frame, size_t len);
enum wire_type wire_peek(const struct wire_reader *reader);
bool wire_at_end(const struct wire_reader *reader);

int wire_read_bool(struct wire_reader *reader, bool *out);
int wire_read_uint(struct wire_reader *reader, uint64_t *out, uint64_t max);
int wire_read_int(struct wire_reader *reader, int64_t *out);                /* any integer that fits int64 */
int wire_read_str(struct wire_reader *reader, struct str *out, size_t max); /* valid UTF-8 only */
int wire_read_bin(struct wire_reader *reader, struct str *out, size_t max);
int wire_read_array(struct wire_reader *reader, uint32_t *count, uint32_t max); /* then read `count` values */
int wire_read_map(struct wire_reader *reader, uint32_t *count, uint32_t max);   /* then `count` pairs */
/* One whole value, at most WIRE_DEPTH_MAX deep; uses no recursion. */
int wire_skip(struct wire_reader *reader);

/* A growing buffer that takes MessagePack. Past `max` bytes nothing more is written and wire_writer_failed
 * says so: check it once, at the end. */
struct wire_writer;

void wire_writer_new(struct wire_writer **out, size_t max);
void wire_writer_destroy(struct wire_writer **writer);
void wire_writer_reset(struct wire_writer *writer); /* empty, memory kept */
bool wire_writer_failed(const struct wire_writer *writer);
size_t wire_writer_len(const struct wire_writer *writer);
const uint8_t *wire_writer_data(const struct wire_writer *writer); /* borrowed until the next write */

void wire_write_bool(struct wire_writer *writer, bool value);
void wire_write_uint(struct wire_writer *writer, uint64_t value);
void wire_write_int(struct wire_writer *writer, int64_t value);
void wire_write_str(struct wire_writer *writer, struct str text);
void wire_write_bin(struct wire_writer *writer, const void *data, size_t len);
void wire_write_array(struct wire_writer *writer, size_t count);
void wire_write_map(struct wire_writer *writer, size_t count);
void wire_write_raw(struct wire_writer *writer, const void *data, size_t len); /* already MessagePack */

/* An array of `count` elements that were written to `elements`. When they did not fit there, `writer` fails
 * too. */
void wire_write_elements(struct wire_writer *writer, size_t count, const struct wire_writer *elements);

#endif
