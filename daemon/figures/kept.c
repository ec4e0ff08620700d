#include "daemon/figures/kept.h"

#include <stdlib.h>

#include "proto/check.h"

static void make_groups(struct kept *kept, size_t count) {
    if (count > kept->group_room) {
        kept->group_room = count * 2 + 16;
        kept->dim = mem_resize(kept->dim, kept->group_room, sizeof *kept->dim);
    }
    if (count > kept->group_count) {
        memset(kept->dim + kept->group_count, 0, (count - kept->group_count) * sizeof *kept->dim);
        kept->group_count = count;
    }
}

void kept_group(struct kept *kept, uint32_t group, const struct str *dim, size_t count) {
    make_groups(kept, (size_t)group + 1);
    for (size_t i = 0; i < count; i++)
        if (kept->dim[group][i].at == NULL)
            kept->dim[group][i] = str_copy(dim[i]);
}

uint32_t kept_new_group(struct kept *kept) {
    make_groups(kept, kept->group_count + 1);
    return (uint32_t)kept->group_count - 1;
}

static void forget_groups(struct kept *kept) {
    for (size_t g = 0; g < kept->group_count; g++)
        for (size_t i = 0; i < DIMS_MAX; i++)
            str_free(kept->dim[g][i]);
    kept->group_count = 0;
}

size_t kept_note(struct kept *kept, const char *note) {
    size_t len = strlen(note) + 1;
    if (kept->notes_len > 0 && strcmp(kept->notes + kept->last_note, note) == 0)
        return kept->last_note;
    while (kept->notes_len + len > kept->notes_room) {
        kept->notes_room = kept->notes_room ? kept->notes_room * 2 : 1024;
        kept->notes = mem_resize(kept->notes, kept->notes_room, 1);
    }
    memcpy(kept->notes + kept->notes_len, note, len);
    kept->last_note = kept->notes_len;
    kept->notes_len += len;
    return kept->last_note;
}

const char *kept_note_at(const struct kept *kept, size_t note) {
    ASSERT(note < kept->notes_len);
    return kept->notes + note;
}

void kept_clear(struct kept *kept) {
    forget_groups(kept);
    free(kept->dim);
    free(kept->notes);
    *kept = (struct kept){0};
}
