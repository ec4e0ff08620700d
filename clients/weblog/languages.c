#include "clients/weblog/languages.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/check.h"
#include "proto/wire.h"

static int decode(struct languages *languages, struct str value) {
    struct wire_reader reader;
    uint32_t count;
    wire_reader_init(&reader, value.at, value.len);
    if (wire_read_array(&reader, &count, TALLY_LANGUAGES))
        return -EINVAL;
    for (uint32_t i = 0; i < count; i++) {
        struct str name;
        if (wire_read_str(&reader, &name, DIM_VALUE_MAX))
            return -EINVAL;
        languages->name[languages->count++] = mem_string(name.at, name.len);
    }
    return wire_at_end(&reader) ? 0 : -EINVAL;
}

static int save(const struct languages *languages, const struct records *records,
                const struct record_key *key, struct fault *why) {
    struct wire_writer *writer;
    wire_writer_new(&writer, 16 + TALLY_LANGUAGES * (DIM_VALUE_MAX + 8));
    wire_write_array(writer, languages->count);
    for (size_t i = 0; i < languages->count; i++)
        wire_write_str(writer, str_of(languages->name[i]));
    ASSERT(!wire_writer_failed(writer));
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int rc = records->put(records->arg, record_key_str(key), value, why);
    wire_writer_destroy(&writer);
    return rc;
}

static size_t place_of(const struct languages *languages, struct str name) {
    for (size_t i = 0; i < languages->count; i++)
        if (str_equal(str_of(languages->name[i]), name))
            return i;
    return languages->count;
}

int languages_load(struct languages *languages, const struct records *records, struct str site,
                   const struct str *names, size_t count, unsigned *number, struct fault *why) {
    *languages = (struct languages){0};
    struct record_key key = record_key_of(RECORD_LANGUAGES, site);
    struct str value;
    int rc = records->get(records->arg, record_key_str(&key), &value);
    if (rc == 0)
        rc = decode(languages, value);
    if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc,
                         "what was stored about the languages of site %.*s cannot be read; restore the state "
                         "directory from a backup",
                         STR_ARG(site));
    size_t known = languages->count;
    for (size_t i = 0; i < count; i++) {
        size_t place = place_of(languages, names[i]);
        if (place == TALLY_LANGUAGES)
            return fault_set(why, -E2BIG,
                             "site %.*s has had %d languages, and \"%.*s\" would be one more; use another "
                             "--state for it",
                             STR_ARG(site), TALLY_LANGUAGES, STR_ARG(names[i]));
        if (place == languages->count)
            languages->name[languages->count++] = mem_string(names[i].at, names[i].len);
        number[i] = (unsigned)place;
    }
    return languages->count > known ? save(languages, records, &key, why) : 0;
}

void languages_free(struct languages *languages) {
    for (size_t i = 0; i < languages->count; i++)
        free(languages->name[i]);
    languages->count = 0;
}
