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
    struct digest_value head; /* of a mark past DIGEST_HEAD */
};

struct locate_watch {
    unsigned magic;
    size_t count, next;
    struct candidate *candidate; /* by offset */
    bool head_known;
};

static int compare_candidates(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    return (x->mark.offset > y->mark.offset) - (x->mark.offset < y->mark.offset);
}

static struct locate_watch *list_candidates(const struct positions *positions, uint64_t only,
                                            uint64_t longest) {
    struct locate_watch *watch = mem_zeroed(1, sizeof *watch);
    watch->magic = WATCH_MAGIC;
    watch->candidate = mem_zeroed(positions_count(positions) * POSITION_MARKS + 1, sizeof *watch->candidate);
    for (size_t i = 0; i < positions_count(positions); i++) {
        const struct position *position = positions_at(positions, i);
        if (only != 0 && position->id != only)
            continue;
        size_t marks = only != 0 ? 1 : position->marks;
        for (size_t m = 0; m < marks; m++)
            if (position->mark[m].offset <= longest)
                watch->candidate[watch->count++] =
                    (struct candidate){position->id, position->mark[m], position->head};
    }
    qsort(watch->candidate, watch->count, sizeof *watch->candidate, compare_candidates);
    return watch;
}

void locate_watch_new(struct locate_watch **out, const struct positions *positions) {
    *out = list_candidates(positions, 0, UINT64_MAX);
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

bool locate_watch_over(const struct locate_watch *watch) {
    OBJ_CHECK(watch, WATCH_MAGIC);
    return watch->next == watch->count;
}

/* Once the head is known, most candidates are out. */
static void compare_heads(struct locate_watch *watch, const struct digest *digest) {
    struct digest_value head = digest_head(digest);
    size_t kept = watch->next;
    for (size_t i = watch->next; i < watch->count; i++)
        if (memcmp(&watch->candidate[i].head, &head, sizeof head) == 0)
            watch->candidate[kept++] = watch->candidate[i];
    watch->count = kept;
    watch->head_known = true;
}

/* How far to feed until something must be compared. */
static uint64_t next_stop(const struct locate_watch *watch) {
    uint64_t stop = watch->next < watch->count ? watch->candidate[watch->next].mark.offset : UINT64_MAX;
    return !watch->head_known && stop > DIGEST_HEAD ? DIGEST_HEAD : stop;
}

static bool compare_here(struct locate_watch *watch, const struct digest *digest, struct place *place) {
    bool met = false;
    struct digest_value now = digest_now(digest);
    uint64_t offset = digest_offset(digest);
    for (; watch->next < watch->count && watch->candidate[watch->next].mark.offset == offset; watch->next++) {
        const struct candidate *candidate = &watch->candidate[watch->next];
        if (memcmp(&candidate->mark.digest, &now, sizeof now) != 0)
            continue;
        *place = (struct place){candidate->id, candidate->mark};
        met = true;
    }
    if (!watch->head_known && offset == DIGEST_HEAD)
        compare_heads(watch, digest);
    return met;
}

bool locate_watch_feed(struct locate_watch *watch, struct digest *digest, const void *bytes, size_t len,
                       struct place *place) {
    OBJ_CHECK(watch, WATCH_MAGIC);
    const char *at = bytes;
    bool met = false;
    while (len > 0) {
        uint64_t room = locate_watch_over(watch) ? UINT64_MAX : next_stop(watch) - digest_offset(digest);
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
    struct locate_watch *watch = list_candidates(positions, only, longest);
    while (!locate_watch_over(watch) && watch->candidate[watch->next].mark.offset <= place->mark.offset)
        watch->next++;
    if (place->mark.offset >= DIGEST_HEAD)
        compare_heads(watch, digest);
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
    for (size_t i = 0; i < positions_count(positions) && rc == 1 && input_seekable(*input); i++) {
        const struct position *position = positions_at(positions, i);
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
