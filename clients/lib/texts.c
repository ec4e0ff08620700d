#include "clients/lib/texts.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

void texts_begin(struct texts *texts, size_t room) {
    if (room > texts->room) {
        texts->buffer = mem_resize(texts->buffer, room, 1);
        texts->room = room;
    }
    texts->used = 0;
}

const char *texts_add(struct texts *texts, struct str text) {
    if (text.len == 0)
        return "";
    ASSERT(texts->room - texts->used > text.len);
    char *copy = texts->buffer + texts->used;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    texts->used += text.len + 1;
    return copy;
}

void texts_free(struct texts *texts) {
    free(texts->buffer);
    *texts = (struct texts){0};
}
