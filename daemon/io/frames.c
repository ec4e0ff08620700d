#include "daemon/io/frames.h"

#include <stdlib.h>

#include "proto/check.h"

#define FRAMES_MAGIC 0x4652414du

struct frames {
    unsigned magic;
    struct str *frame; /* owned */
    size_t count, room;
};

void frames_new(struct frames **out) {
    struct frames *frames = mem_zeroed(1, sizeof *frames);
    frames->magic = FRAMES_MAGIC;
    *out = frames;
}

void frames_destroy(struct frames **frames) {
    struct frames *f = *frames;
    if (f == NULL)
        return;
    OBJ_CHECK(f, FRAMES_MAGIC);
    for (size_t i = 0; i < f->count; i++)
        str_free(f->frame[i]);
    free(f->frame);
    f->magic = 0;
    free(f);
    *frames = NULL;
}

void frames_add(struct frames *frames, const struct wire_writer *frame) {
    OBJ_CHECK(frames, FRAMES_MAGIC);
    ASSERT(!wire_writer_failed(frame));
    if (frames->count == frames->room) {
        frames->room = frames->room ? frames->room * 2 : 4;
        frames->frame = mem_resize(frames->frame, frames->room, sizeof *frames->frame);
    }
    frames->frame[frames->count++] =
        str_copy((struct str){(const char *)wire_writer_data(frame), wire_writer_len(frame)});
}

size_t frames_count(const struct frames *frames) {
    OBJ_CHECK(frames, FRAMES_MAGIC);
    return frames->count;
}

struct str frames_at(const struct frames *frames, size_t index) {
    OBJ_CHECK(frames, FRAMES_MAGIC);
    ASSERT(index < frames->count);
    return frames->frame[index];
}
