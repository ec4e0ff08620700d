#include "clients/weblog/methods.h"

#include <errno.h>

#include "proto/check.h"
#include "proto/wire.h"

#define METHODS_VERSION 1

/* [version, [[from, by stamp]...]], rising */
static int decode(struct str value, struct methods *out) {
    struct wire_reader reader;
    uint32_t fields, count;
    uint64_t version;
    struct methods methods = {0};
    wire_reader_init(&reader, value.at, value.len);
    if (wire_read_array(&reader, &fields, 2) || fields != 2 ||
        wire_read_uint(&reader, &version, METHODS_VERSION) || wire_read_array(&reader, &count, METHODS_MAX))
        return -EINVAL;
    for (; methods.count < count; methods.count++) {
        struct method *method = &methods.at[methods.count];
        int64_t from;
        uint64_t stamp;
        if (wire_read_array(&reader, &fields, 2) || fields != 2 || wire_read_int(&reader, &from) ||
            from < INT32_MIN || from > INT32_MAX || wire_read_uint(&reader, &stamp, 1) ||
            (methods.count > 0 && from <= method[-1].from))
            return -EINVAL;
        *method = (struct method){(int32_t)from, stamp == 1};
    }
    if (!wire_at_end(&reader))
        return -EINVAL;
    *out = methods;
    return 0;
}

static bool present(const struct methods *methods) {
    return methods->count > 0 && methods->at[methods->count - 1].stamp;
}

/* What was changed and changed back before a line came of its days, never was. */
static int change(struct methods *methods, bool stamp, int32_t from, struct fault *why) {
    if (present(methods) == stamp)
        return 0;
    methods->changed = true;
    while (methods->count > 0 && methods->at[methods->count - 1].from >= from)
        methods->count--;
    if (present(methods) == stamp)
        return 0;
    if (methods->count == METHODS_MAX)
        return fault_set(why, -E2BIG,
                         "the method of counting visitors was changed %d times; keep to one of them, or "
                         "begin with a new directory (--state)",
                         METHODS_MAX);
    methods->at[methods->count++] = (struct method){from, stamp};
    return 0;
}

int methods_load(struct methods *methods, const struct records *records, struct str site, bool stamp,
                 int32_t newest, struct fault *why) {
    struct record_key key = record_key_of(RECORD_METHODS, site);
    struct str value;
    *methods = (struct methods){0};
    int rc = records->get(records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = decode(value, methods);
    if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc,
                         "how the visitors of site %.*s were counted cannot be read; restore the state "
                         "directory from a backup",
                         STR_ARG(site));
    return change(methods, stamp, newest == METHODS_NO_DAY ? METHODS_NO_DAY : newest + 1, why);
}

int methods_save(struct methods *methods, const struct records *records, struct str site, struct fault *why) {
    struct record_key key = record_key_of(RECORD_METHODS, site);
    struct wire_writer *writer;
    if (!methods->changed)
        return 0;
    wire_writer_new(&writer, 64 + 16 * METHODS_MAX);
    wire_write_array(writer, 2);
    wire_write_uint(writer, METHODS_VERSION);
    wire_write_array(writer, methods->count);
    for (size_t i = 0; i < methods->count; i++) {
        wire_write_array(writer, 2);
        wire_write_int(writer, methods->at[i].from);
        wire_write_uint(writer, methods->at[i].stamp);
    }
    ASSERT(!wire_writer_failed(writer));
    struct str encoded = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int rc = records->put(records->arg, record_key_str(&key), encoded, why);
    wire_writer_destroy(&writer);
    return rc;
}

bool methods_stamp(const struct methods *methods, int32_t day) {
    size_t i = methods->count;
    while (i > 0 && methods->at[i - 1].from > day)
        i--;
    return i > 0 && methods->at[i - 1].stamp;
}

const char *methods_name(const struct methods *methods, int32_t day) {
    if (methods->count == 0)
        return NULL;
    return methods_stamp(methods, day) ? "stamp" : "keyed hash";
}

int32_t methods_since(const struct methods *methods) {
    return methods->count > 0 ? methods->at[methods->count - 1].from : METHODS_NO_DAY;
}
