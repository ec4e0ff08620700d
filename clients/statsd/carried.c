#include "clients/statsd/carried.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "proto/wire.h"

#define VERSION     1
#define FIELDS_MAX  4
#define RECORD_ROOM 64

struct key { /* 'c' or 'g', and the hash */
    char bytes[1 + 16];
};

static struct key key_of(char sort, struct str metric) {
    struct key key = {{sort}};
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(metric.at, metric.len));
    memcpy(key.bytes + 1, hash.digest, sizeof hash.digest);
    return key;
}

static int suivi_fault(struct suivi *suivi, int rc, struct fault *why) {
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static int damaged(const char *what, struct str metric, struct fault *why) {
    return fault_set(why, -EINVAL,
                     "the record of the %s \"%.*s\" is damaged, or another version's: restore the state from "
                     "a backup",
                     what, (int)(metric.len < 80 ? metric.len : 80), metric.at);
}

/* --- [version, number], and [version, value, sent, day]: numbers with a fraction as their IEEE 754 bits --- */

static int read_fraction(struct wire_reader *reader, double *out) {
    uint64_t bits;
    int rc = wire_read_uint(reader, &bits, UINT64_MAX);
    if (rc != 0)
        return rc;
    memcpy(out, &bits, sizeof bits);
    return isfinite(*out) ? 0 : -EPROTO;
}

static void write_fraction(struct wire_writer *writer, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    wire_write_uint(writer, bits);
}

static int read_head(struct wire_reader *reader, uint32_t wanted) {
    uint32_t fields;
    uint64_t version;
    if (wire_read_array(reader, &fields, FIELDS_MAX) != 0 || fields != wanted ||
        wire_read_uint(reader, &version, VERSION) != 0 || version != VERSION)
        return -EPROTO;
    return 0;
}

static struct wire_writer *write_head(size_t fields) {
    struct wire_writer *writer;
    wire_writer_new(&writer, RECORD_ROOM);
    wire_write_array(writer, fields);
    wire_write_uint(writer, VERSION);
    return writer;
}

static int put(struct suivi *suivi, const struct key *key, struct wire_writer *writer, struct fault *why) {
    int rc =
        suivi_put(suivi, key->bytes, sizeof key->bytes, wire_writer_data(writer), wire_writer_len(writer));
    wire_writer_destroy(&writer);
    return suivi_fault(suivi, rc, why);
}

int carried_counter(struct suivi *suivi, struct str metric, double *left, struct fault *why) {
    struct key key = key_of('c', metric);
    struct wire_reader reader;
    const void *value;
    size_t len;
    *left = 0;
    int rc = suivi_get(suivi, key.bytes, sizeof key.bytes, &value, &len);
    if (rc != 0)
        return rc == -ENOENT ? 0 : suivi_fault(suivi, rc, why);
    wire_reader_init(&reader, value, len);
    if (read_head(&reader, 2) != 0 || read_fraction(&reader, left) != 0 || !wire_at_end(&reader))
        return damaged("counter", metric, why);
    return 0;
}

int carried_put_counter(struct suivi *suivi, struct str metric, double left, struct fault *why) {
    struct key key = key_of('c', metric);
    if (left == 0) {
        int rc = suivi_delete(suivi, key.bytes, sizeof key.bytes);
        return rc == -ENOENT ? 0 : suivi_fault(suivi, rc, why);
    }
    struct wire_writer *writer = write_head(2);
    write_fraction(writer, left);
    return put(suivi, &key, writer, why);
}

int carried_gauge(struct suivi *suivi, struct str metric, struct carried_gauge *out, struct fault *why) {
    struct key key = key_of('g', metric);
    struct wire_reader reader;
    const void *value;
    size_t len;
    int64_t day;
    *out = (struct carried_gauge){.day = INT32_MIN};
    int rc = suivi_get(suivi, key.bytes, sizeof key.bytes, &value, &len);
    if (rc != 0)
        return rc == -ENOENT ? 0 : suivi_fault(suivi, rc, why);
    wire_reader_init(&reader, value, len);
    if (read_head(&reader, 4) != 0 || read_fraction(&reader, &out->value) != 0 ||
        wire_read_int(&reader, &out->sent) != 0 || wire_read_int(&reader, &day) != 0 || day < INT32_MIN ||
        day > INT32_MAX || !wire_at_end(&reader))
        return damaged("gauge", metric, why);
    out->day = (int32_t)day;
    return 0;
}

int carried_put_gauge(struct suivi *suivi, struct str metric, const struct carried_gauge *gauge,
                      struct fault *why) {
    struct key key = key_of('g', metric);
    struct wire_writer *writer = write_head(4);
    write_fraction(writer, gauge->value);
    wire_write_int(writer, gauge->sent);
    wire_write_int(writer, gauge->day);
    return put(suivi, &key, writer, why);
}
