/* What is to be saved, in the order of its keys: by month, then by hash. Hashes are spread evenly, so that sorting
 * takes a time in proportion to their number. */
#ifndef SUIVI_WEBLOG_SAVES_H
#define SUIVI_WEBLOG_SAVES_H

#include <stddef.h>
#include <stdint.h>

struct save {
    int32_t month;
    uint32_t number;
    uint64_t hash;
};

void saves_sort(struct save *list, size_t count);

#endif
