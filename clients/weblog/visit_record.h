/* One client in one month, as it is stored: msgpack [version, first day, languages, languages told as
 * returning, seen the month before, [start, length, language, ...]]. Never who. */
#ifndef SUIVI_WEBLOG_VISIT_RECORD_H
#define SUIVI_WEBLOG_VISIT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/str.h"
#include "proto/wire.h"

#define VISIT_RECORD_VISITS_MAX 1488 /* a month has so many half hours */

struct visit {     /* there are many: 16 bytes */
    int64_t begun; /* its start, and the language of its first view in the low byte */
    int64_t end;
};

static inline struct visit visit_make(int64_t start, int64_t end, unsigned language) {
    return (struct visit){start * 256 + language, end};
}

static inline int64_t visit_start(const struct visit *visit) {
    return visit->begun >> 8;
}

static inline unsigned visit_language(const struct visit *visit) {
    return visit->begun & 0xff;
}

struct visit_record {
    int32_t first_day;        /* with a page view */
    uint32_t languages, told; /* bits: viewed in; told as returning */
    bool before;              /* page view in the month before */
    size_t visit_count;
    struct visit
        *visit; /* that begin in the month, ascending; borrowed by _write, room for VISITS_MAX in _read */
};

void visit_record_write(struct wire_writer *writer, const struct visit_record *record);
int visit_record_read(struct str bytes, struct visit_record *record); /* -EINVAL: not one of ours */

/* Languages in which this client is a returning visitor and was not yet told as one. */
uint32_t visit_record_due(const struct visit_record *record);

#endif
