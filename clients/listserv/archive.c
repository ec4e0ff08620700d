#include "clients/listserv/archive.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "clients/collector/clock.h"
#include "clients/collector/input.h"
#include "clients/listserv/mbox.h"
#include "clients/listserv/places.h"
#include "proto/check.h"

#define READING_MAGIC 0x9ead1e5u
#define CHUNK         (256u << 10)
#define COMMIT_MS     5000

/* One file being read. */
struct reading {
    unsigned magic;
    struct archive *archive;
    const struct walk_file *file;
    struct input *input;
    struct mbox *mbox;
    XXH3_state_t *digest; /* NULL: it is packed or a stream */
    uint64_t digested;    /* bytes of the file in it */
    uint64_t offset;      /* of the next byte from `input` */
    struct place before;  /* as it was known */
    bool known;           /* it is */
    struct place now;
    bool due; /* look whether to commit */
};

/* --- going on --- */

static void digest_bytes(struct reading *reading, const void *bytes, size_t len) {
    XXH3_128bits_update(reading->digest, bytes, len);
    reading->digested += len;
}

static void digest_value(const struct reading *reading, unsigned char out[static PLACE_DIGEST_BYTES]) {
    XXH128_canonical_t value;
    XXH128_canonicalFromHash(&value, XXH3_128bits_digest(reading->digest));
    memcpy(out, value.digest, PLACE_DIGEST_BYTES);
}

/* Whether the file still begins with the bytes that were read of it. */
static int begins_as_before(struct reading *reading, bool *same, struct fault *wrong) {
    *same = false;
    if (input_size(reading->input) < reading->before.digested)
        return 0;
    char *chunk = mem_pages(CHUNK);
    ssize_t got = 1;
    while (reading->digested < reading->before.digested && got > 0) {
        uint64_t left = reading->before.digested - reading->digested;
        got = input_read(reading->input, chunk, left < CHUNK ? (size_t)left : CHUNK, wrong);
        if (got > 0)
            digest_bytes(reading, chunk, (size_t)got);
    }
    free(chunk);
    unsigned char value[PLACE_DIGEST_BYTES];
    digest_value(reading, value);
    *same = got > 0 && memcmp(value, reading->before.digest, sizeof value) == 0;
    return got < 0 ? (int)got : 0;
}

/* At the start of the last message that was read, or of the file. */
static int find_start(struct reading *reading, struct fault *wrong) {
    if (!input_seekable(reading->input))
        return 0;
    reading->digest = XXH3_createState();
    ASSERT(reading->digest != NULL);
    uint64_t seed = identities_seed(reading->archive->identities);
    XXH3_128bits_reset_withSeed(reading->digest, seed);
    if (!reading->known || reading->before.digested == 0 || reading->file->single)
        return 0;
    bool same;
    int rc = begins_as_before(reading, &same, wrong);
    if (rc != 0)
        return rc;
    reading->known = same;
    if (same) {
        reading->offset = reading->before.resume;
    } else {
        XXH3_128bits_reset_withSeed(reading->digest, seed);
        reading->digested = 0;
    }
    return input_seek(reading->input, reading->offset, wrong);
}

static ssize_t source_read(void *arg, void *buffer, size_t size, struct fault *why) {
    struct reading *reading = arg;
    OBJ_CHECK(reading, READING_MAGIC);
    ssize_t got = input_read(reading->input, buffer, size, why);
    struct archive *archive = reading->archive;
    if (archive->progress != NULL)
        archive->progress(archive->progress_arg, input_consumed(reading->input));
    reading->due = true;
    if (got <= 0)
        return got;
    uint64_t past = reading->offset + (uint64_t)got;
    if (reading->digest != NULL && past > reading->digested) {
        size_t skip = (size_t)(reading->digested - reading->offset);
        digest_bytes(reading, (const char *)buffer + skip, (size_t)got - skip);
    }
    reading->offset = past;
    return got;
}

/* --- counting --- */

int archive_commit(struct archive *archive, struct fault *why) {
    int rc = archive->dry ? 0 : census_commit(archive->census, why);
    if (rc == 0)
        archive->committed_ms = clock_ms();
    if (rc == 0 && !archive->dry && !archive->stays)
        suivi_exchange(archive->suivi, 0); /* no daemon is no trouble yet: it all waits in the outbox */
    return rc;
}

static int commit_if_due(struct reading *reading, struct fault *why) {
    struct archive *archive = reading->archive;
    reading->due = false;
    bool late = !archive->stays && clock_ms() - archive->committed_ms >= COMMIT_MS;
    return archive->dry || (!late && !census_full(archive->census)) ? 0 : archive_commit(archive, why);
}

/* The last message of a file that grows may have been read when only half of it was there. What it was counted as then,
 * by its text, it is no more. */
static int correct_tail(struct reading *reading, const struct mbox_message *message, struct fault *why) {
    struct archive *archive = reading->archive;
    const struct place *before = &reading->before;
    if (!reading->known || !before->has_tail || message->offset != before->resume)
        return 0;
    struct identity now = identity_of_message(archive->identities, message);
    if (!before->tail_open && memcmp(now.bytes, before->tail.bytes, sizeof now.bytes) == 0)
        return 0;
    return census_take_back(archive->census, &before->tail, before->tail_day, why);
}

static int take(struct reading *reading, const struct mbox_message *message, struct fault *why) {
    bool named = message->message_id.len > 0;
    if (message->cut && !(named && message->headers_end))
        return 0; /* the file has to be copied again, and then it is whole */
    int rc = correct_tail(reading, message, why);
    struct counted counted;
    if (rc == 0)
        rc = census_message(reading->archive->census, message, &counted, why);
    if (rc != 0 || !message->last)
        return rc;
    const struct place *before = &reading->before;
    struct place *now = &reading->now;
    bool same_tail = reading->known && before->has_tail && message->offset == before->resume &&
                     memcmp(counted.identity.bytes, before->tail.bytes, sizeof before->tail.bytes) == 0;
    bool may_change = reading->digest != NULL && !reading->file->single && !(named && message->headers_end);
    now->resume = message->offset;
    now->has_tail = may_change && (counted.added || same_tail);
    now->tail_open = now->has_tail && !message->headers_end;
    now->tail = counted.identity;
    now->tail_day = counted.added ? counted.day : before->tail_day;
    return 0;
}

static int read_messages(struct reading *reading, enum archive_found *found, struct fault *wrong,
                         struct fault *why) {
    struct mbox_message message;
    bool any = reading->offset > 0;
    int more;
    while ((more = mbox_next(reading->mbox, &message, wrong)) > 0) {
        any = true;
        int rc = take(reading, &message, why);
        if (rc == 0 && reading->due)
            rc = commit_if_due(reading, why);
        if (rc != 0)
            return rc;
    }
    if (more < 0)
        *found = ARCHIVE_WRONG;
    else
        *found = any || !mbox_has_other(reading->mbox) ? ARCHIVE_READ : ARCHIVE_NO_MAILBOX;
    return 0;
}

static int save_place(struct reading *reading, struct fault *why) {
    struct archive *archive = reading->archive;
    if (archive->dry || !reading->file->regular)
        return 0;
    if (reading->digest != NULL && !reading->file->single) {
        reading->now.digested = reading->digested;
        digest_value(reading, reading->now.digest);
    }
    return place_save(&reading->now, archive->suivi, archive->identities, census_list(archive->census),
                      str_of(reading->file->name), why);
}

static int read_open(struct reading *reading, enum archive_found *found, struct fault *wrong,
                     struct fault *why) {
    struct archive *archive = reading->archive;
    if (reading->known && reading->before.has_tail && !archive->dry) { /* it may be of this very run */
        int rc = archive_commit(archive, why);
        if (rc != 0)
            return rc;
    }
    const struct mbox_source source = {.arg = reading, .read = source_read};
    mbox_new(&reading->mbox, &source, reading->offset, reading->file->single,
             identities_content_key(archive->identities));
    int rc = read_messages(reading, found, wrong, why);
    return rc == 0 && *found == ARCHIVE_READ ? save_place(reading, why) : rc;
}

static int load_place(struct reading *reading, struct fault *why) {
    struct archive *archive = reading->archive;
    if (!reading->file->regular)
        return 0;
    int rc = place_load(&reading->before, archive->suivi, archive->identities, census_list(archive->census),
                        str_of(reading->file->name), why);
    reading->known = rc == 0;
    return rc == -ENOENT ? 0 : rc;
}

int archive_read(struct archive *archive, const struct walk_file *file, enum archive_found *found,
                 struct fault *wrong, struct fault *why) {
    struct reading reading = {.magic = READING_MAGIC,
                              .archive = archive,
                              .file = file,
                              .now = {.file = file->status, .read = clock_unix_us() * 1000}};
    int rc = load_place(&reading, why);
    if (rc != 0)
        return rc;
    *found = ARCHIVE_UNCHANGED;
    if (reading.known && place_unchanged(&reading.before, &file->status))
        return 0;
    *found = ARCHIVE_WRONG;
    if (input_open(&reading.input, file->path, wrong) == 0 && find_start(&reading, wrong) == 0)
        rc = read_open(&reading, found, wrong, why);
    mbox_destroy(&reading.mbox);
    XXH3_freeState(reading.digest);
    input_close(&reading.input);
    return rc;
}
