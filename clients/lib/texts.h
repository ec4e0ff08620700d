/* Views of a frame as C strings: all that one call of a callback lends, in one buffer. */
#ifndef SUIVI_LIB_TEXTS_H
#define SUIVI_LIB_TEXTS_H

#include <stddef.h>

#include "proto/str.h"

struct texts { /* zeros: empty */
    char *buffer;
    size_t used, room;
};

/* Forgets what was added; room for texts of `room` bytes in all, each that is not empty with one more for its end. A
 * text takes no more here than in MessagePack: as many bytes as a message has are enough for its texts. */
void texts_begin(struct texts *texts, size_t room);
const char *texts_add(struct texts *texts, struct str text); /* borrowed until texts_begin */
void texts_free(struct texts *texts);

#endif
