#include "clients/weblog/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define WATCH_MAGIC 0x3a7c4e11u
#define CHUNK       (256u << 10)

struct candidate {
    uint64_t id;
    struct mark mark;
};

/* Marks up to DIGEST_HEAD are looked for where there are any, whatever they are of; those behind it among logs with
 * the head that was found. */
struct locate_watch {
    unsigned magic;
    const struct positions *positions;
    uint64_t only, longest;
    bool head_known;
    uint64_t early; /* while it is not: the next offset with a mark */
    size_t count, next;
    struct candidate *candidate; /* once it is known; by offset */
};

static int compare_candidates(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return (x->mark.offset > y->mark.offset) - (x->mark.offset < y->mark.offset);
}

static struct locate_watch *watch_from(const struct positions *positions, uint64_t only, uint64_t longest,
                                       uint64_t offset) {
    struct locate_watch *watch = mem_zeroed(1, sizeof *watch);
    watch->magic = WATCH_MAGIC;
    watch->positions = positions;
    watch->only = only;
    watch->longest = longest;
    watch->early = positions_next_offset(positions, offset);
    return watch;
}

void locate_watch_new(struct locate_watch **out, const struct positions *positions) {
    *out = watch_from(positions, 0, UINT64_MAX, 0);
}

void locate_watch_destroy(struct locate_watch **pointer) {
    struct locate_watch *watch = *pointer;
    if (watch == NULL)
        return;
    OBJ_CHECK(watch, WATCH_MAGIC);
    watch->magic = 0;
    free(watch->candidate);
    free(watch);
    *pointer = NULL;
}

/* Marks of a position that are looked for. */
static size_t wanted_marks(const struct locate_watch *watch, const struct position *position) {
    if (watch->only == 0)
        return position->marks;
    return watch->only == position->id ? 1 : 0;
}

/* What lies behind `offset`, in logs with this head. */
static void learn_head(struct locate_watch *watch, const struct digest *digest, uint64_t offset) {
    struct digest_value head = digest_head(digest);
    struct positions_cursor cursor = {0};
    const struct position *position;
    size_t size = 0;
    while ((position = positions_of_head(watch->positions, &head, &cursor)) != NULL) {
        if (memcmp(&position->head, &head, sizeof head) != 0)
            continue;
        if (size < watch->count + POSITION_MARKS) {
            size = 2 * size + POSITION_MARKS;
            watch->candidate = mem_resize(watch->candidate, size, sizeof *watch->candidate);
        }
        for (size_t i = 0; i < wanted_marks(watch, position); i++)
            if (position->mark[i].offset > offset)
                watch->candidate[watch->count++] = (struct candidate){position->id, position->mark[i]};
    }
    if (watch->count > 1)
        qsort(watch->candidate, watch->count, sizeof *watch->candidate, compare_candidates);
    watch->head_known = true;
}

/* How far to feed until something must be compared; UINT64_MAX: nothing more can match. */
static uint64_t next_stop(const struct locate_watch *watch) {
    uint64_t stop = UINT64_MAX;
    if (watch->head_known)
        stop = watch->next < watch->count ? watch->candidate[watch->next].mark.offset : UINT64_MAX;
    else if (watch->early != UINT64_MAX)
        stop = watch->early;
    else if (positions_beyond_head(watch->positions))
        stop = DIGEST_HEAD;
    return stop <= watch->longest ? stop : UINT64_MAX;
}

bool locate_watch_over(const struct locate_watch *watch) {
    OBJ_CHECK(watch, WATCH_MAGIC);
    return next_stop(watch) == UINT64_MAX;
}

static bool compare_early(struct locate_watch *watch, const struct digest_value *now, struct place *place) {
    struct positions_cursor cursor = {0};
    const struct position *position;
    bool met = false;
    while ((position = positions_of_mark(watch->positions, watch->early, now, &cursor)) != NULL)
        for (size_t i = 0; i < wanted_marks(watch, position); i++) {
            const struct mark *mark = &position->mark[i];
            if (mark->offset != watch->early || memcmp(&mark->digest, now, sizeof *now) != 0)
                continue;
            *place = (struct place){position->id, *mark};
            met = true;
        }
    return met;
}

static bool compare_here(struct locate_watch *watch, const struct digest *digest, struct place *place) {
    bool met = false;
    struct digest_value now = digest_now(digest);
    uint64_t offset = digest_offset(digest);
    if (!watch->head_known) {
        if (offset == watch->early)
            met = compare_early(watch, &now, place);
        watch->early = positions_next_offset(watch->positions, offset);
        if (offset == DIGEST_HEAD)
            learn_head(watch, digest, offset);
        return met;
    }
    for (; watch->next < watch->count && watch->candidate[watch->next].mark.offset == offset; watch->next++) {
        const struct candidate *candidate = &watch->candidate[watch->next];
        if (memcmp(&candidate->mark.digest, &now, sizeof now) != 0)
            continue;
        *place = (struct place){candidate->id, candidate->mark};
        met = true;
    }
    return met;
}

bool locate_watch_feed(struct locate_watch *watch, struct digest *digest, const void *bytes, size_t len,
                       struct place *place) {
    OBJ_CHECK(watch, WATCH_MAGIC);
    const char *at = bytes;
    bool met = false;
    while (len > 0) {
        uint64_t stop = next_stop(watch);
        uint64_t room = stop == UINT64_MAX ? stop : stop - digest_offset(digest);
        size_t take = room < len ? (size_t)room : len;
        digest_feed(digest, at, take);
        at += take;
        len -= take;
        if (take == room)
            met |= compare_here(watch, digest, place);
    }
    return met;
}

/* Feeds the digest from the input up to `offset`. 1: the input ends before. */
static int feed_to(struct input *input, struct digest *digest, uint64_t offset, char *buffer,
                   struct fault *why) {
    while (digest_offset(digest) < offset) {
        uint64_t left = offset - digest_offset(digest);
        ssize_t got = input_read(input, buffer, left < CHUNK ? (size_t)left : CHUNK, why);
        if (got <= 0)
            return got == 0 || got == -EBADMSG ? 1 : (int)got;
        digest_feed(digest, buffer, (size_t)got);
    }
    return 0;
}

/* Is the file still the one at this position? Reads its head and the block that the position lies in, no
 * more. */
static int still_there(struct input *input, struct digest *digest, const struct position *position,
                       char *buffer, struct fault *why) {
    const struct mark *mark = &position->mark[0];
    if (mark->offset >= DIGEST_HEAD) {
        digest_reset(digest);
        int rc = input_seek(input, 0, why);
        if (rc == 0)
            rc = feed_to(input, digest, DIGEST_HEAD, buffer, why);
        if (rc != 0)
            return rc;
        struct digest_value head = digest_head(digest);
        if (memcmp(&head, &position->head, sizeof head) != 0)
            return 1;
    }
    digest_resume(digest, mark->offset, &position->chain, &position->head);
    int rc = input_seek(input, digest_offset(digest), why);
    if (rc == 0)
        rc = feed_to(input, digest, mark->offset, buffer, why);
    if (rc != 0)
        return rc;
    struct digest_value now = digest_now(digest);
    return memcmp(&now, &mark->digest, sizeof now) == 0 ? 0 : 1;
}

static int wind_back(struct input **input, struct digest *digest, struct fault *why) {
    digest_reset(digest);
    if (input_seekable(*input))
        return input_seek(*input, 0, why);
    if (input_consumed(*input) == 0)
        return 0;
    struct input *again;
    int rc = input_open(&again, input_path(*input), why);
    if (rc == 0) {
        input_close(input);
        *input = again;
    }
    return rc;
}

/* Goes to a place known to match, from the start. */
static int go_to(struct input **input, struct digest *digest, uint64_t offset, char *buffer,
                 struct fault *why) {
    int rc = wind_back(input, digest, why);
    if (rc == 0)
        rc = feed_to(*input, digest, offset, buffer, why);
    return rc > 0
               ? fault_set(why, -EAGAIN, "%s changed while it was read; run this again", input_path(*input))
               : rc;
}

/* On from *place, where input and digest stand, to the furthest mark that this content has passed. */
static int by_content(struct place *place, struct input **input, struct digest *digest,
                      const struct positions *positions, uint64_t only, char *buffer, struct fault *why) {
    uint64_t longest = input_seekable(*input) ? input_size(*input) : UINT64_MAX;
    struct locate_watch *watch = watch_from(positions, only, longest, place->mark.offset);
    if (place->mark.offset >= DIGEST_HEAD)
        learn_head(watch, digest, place->mark.offset);
    int rc = 0;
    while (rc == 0 && !locate_watch_over(watch)) {
        rc = feed_to(*input, digest, next_stop(watch), buffer, why);
        if (rc == 0)
            compare_here(watch, digest, place);
    }
    locate_watch_destroy(&watch);
    if (rc < 0)
        return rc;
    return digest_offset(digest) == place->mark.offset && rc == 0
               ? 0
               : go_to(input, digest, place->mark.offset, buffer, why);
}

int locate_check(struct input *input, struct digest *digest, const struct position *position,
                 struct fault *why) {
    char *buffer = mem_zeroed(1, CHUNK);
    int rc = still_there(input, digest, position, buffer, why);
    free(buffer);
    return rc;
}

int locate(struct place *place, struct input **input, struct digest *digest,
           const struct positions *positions, uint64_t only, struct fault *why) {
    char *buffer = mem_zeroed(1, CHUNK);
    *place = (struct place){0};
    int rc = 1;
    struct positions_cursor cursor = {0};
    const struct position *position;
    while (rc == 1 && input_seekable(*input) &&
           (position = positions_of_file(positions, input_dev(*input), input_ino(*input), &cursor)) != NULL) {
        if (position->packed || position->dev != input_dev(*input) || position->ino != input_ino(*input) ||
            position->mark[0].offset > input_size(*input) || (only != 0 && position->id != only))
            continue;
        rc = still_there(*input, digest, position, buffer, why);
        if (rc == 0)
            *place = (struct place){position->id, position->mark[0]};
    }
    if (rc == 1)
        rc = wind_back(input, digest, why);
    if (rc == 0)
        rc = by_content(place, input, digest, positions, only, buffer, why);
    free(buffer);
    return rc;
}
