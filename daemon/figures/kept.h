/* What figures that are kept have in common: their breakdowns, by the number of the group, and their notes. */
#ifndef SUIVI_DAEMON_FIGURES_KEPT_H
#define SUIVI_DAEMON_FIGURES_KEPT_H

#include <stdint.h>

#include "proto/dims.h"

struct kept {
    struct str (*dim)[DIMS_MAX]; /* of each group; owned */
    size_t group_count, group_room;
    char *notes; /* one after the other, each once when it comes again at once */
    size_t notes_len, notes_room, last_note;
};

/* Zero-initialise. Copies the values of that group, unless they are there. */
void kept_group(struct kept *kept, uint32_t group, const struct str *dim, size_t count);
uint32_t kept_new_group(struct kept *kept); /* without values */

/* Copies it; where it begins among all notes. */
size_t kept_note(struct kept *kept, const char *note);
const char *kept_note_at(const struct kept *kept, size_t note);

void kept_clear(struct kept *kept); /* frees */

#endif
