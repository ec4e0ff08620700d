#include "clients/weblog/visit_record.h"

#include <errno.h>

#include "clients/weblog/tally.h"
#include "proto/check.h"
#include "proto/civil.h"

#define VERSION 1

void visit_record_write(struct wire_writer *writer, const struct visit_record *record) {
    wire_write_array(writer, 6);
    wire_write_uint(writer, VERSION);
    wire_write_int(writer, record->first_day);
    wire_write_uint(writer, record->languages);
    wire_write_uint(writer, record->told);
    wire_write_bool(writer, record->before);
    wire_write_array(writer, 3 * record->visit_count);
    for (size_t i = 0; i < record->visit_count; i++) {
        const struct visit *visit = &record->visit[i];
        wire_write_int(writer, visit_start(visit));
        wire_write_uint(writer, (uint64_t)(visit->end - visit_start(visit)));
        wire_write_uint(writer, visit_language(visit));
    }
}

static int read_visits(struct wire_reader *reader, struct visit_record *record) {
    uint32_t count;
    if (wire_read_array(reader, &count, 3 * VISIT_RECORD_VISITS_MAX) || count % 3 != 0)
        return -EINVAL;
    record->visit_count = count / 3;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < record->visit_count; i++) {
        struct visit *visit = &record->visit[i];
        uint64_t length, language;
        int64_t start;
        int32_t day;
        if (wire_read_int(reader, &start) || wire_read_uint(reader, &length, INT32_MAX) ||
            wire_read_uint(reader, &language, TALLY_LANGUAGES - 1) || start <= last ||
            !civil_day_of_time(start, &day))
            return -EINVAL;
        last = start + (int64_t)length;
        *visit = visit_make(start, last, (unsigned)language);
    }
    return 0;
}

int visit_record_read(struct str bytes, struct visit_record *record) {
    struct wire_reader reader;
    uint32_t fields;
    uint64_t version, languages, told;
    int64_t day;
    wire_reader_init(&reader, bytes.at, bytes.len);
    if (wire_read_array(&reader, &fields, 6) || fields != 6 || wire_read_uint(&reader, &version, VERSION) ||
        version != VERSION || wire_read_int(&reader, &day) || day < CIVIL_DAY_MIN || day > CIVIL_DAY_MAX ||
        wire_read_uint(&reader, &languages, UINT32_MAX) || wire_read_uint(&reader, &told, UINT32_MAX) ||
        wire_read_bool(&reader, &record->before) || read_visits(&reader, record) || !wire_at_end(&reader))
        return -EINVAL;
    record->first_day = (int32_t)day;
    record->languages = (uint32_t)languages;
    record->told = (uint32_t)told;
    return 0;
}

uint32_t visit_record_due(const struct visit_record *record) {
    bool returning = record->visit_count >= 2 || record->before;
    return returning ? record->languages & ~record->told : 0;
}
