#include "tests/simulation/stand_ins.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "clients/lib/directory.h"
#include "clients/lib/refused.h"
#include "daemon/io/log.h"
#include "proto/check.h"
#include "tests/simulation/files.h"

static const struct stand_ins *in_use;

void stand_ins_use(const struct stand_ins *stand_ins) {
    in_use = stand_ins;
}

/* ---- files.h ---- */

int files_stat(const char *path, struct stat *out) {
    errno = ENOENT;
    *out = (struct stat){.st_size = 4096};
    return disk_exists(in_use->disk, path) ? 0 : -1;
}

int files_unlink(const char *path) {
    disk_remove(in_use->disk, path);
    return 0;
}

ssize_t files_random(void *out, size_t len) {
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)dice_word(in_use->dice);
    return (ssize_t)len;
}

/* ---- clients/lib/directory.h ---- */

int directory_make(const char *path, struct fault *why) {
    (void)path, (void)why;
    return 0;
}

int directory_lock(const char *path, int *descriptor, struct fault *why) {
    (void)path, (void)why;
    *descriptor = -1;
    return 0;
}

int directory_sync(const char *path, struct fault *why) {
    (void)path, (void)why;
    return 0;
}

/* ---- daemon/io/log.h ---- */

void log_event(enum log_level level, const char *event, const char *format, ...) {
    (void)level;
    if (!in_use->trace)
        return;
    va_list args;
    va_start(args, format);
    printf("         daemon's log: %s ", event);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

int log_episode_speak(struct log_episode *episode, uint64_t *unsaid) {
    (void)episode;
    *unsaid = 0;
    return in_use->trace;
}

/* ---- clients/lib/refused.h ---- */

struct refused {
    char *directory;
};

void refused_new(struct refused **out, const char *directory, struct str source) {
    (void)source;
    *out = mem_zeroed(1, sizeof **out);
    (*out)->directory = mem_string(directory, strlen(directory));
}

void refused_destroy(struct refused **refused) {
    if (*refused)
        free((*refused)->directory);
    free(*refused);
    *refused = NULL;
}

static int tell(const struct refused *refused, int moment, int64_t at) {
    return in_use->refused(in_use->arg, refused->directory, moment, at);
}

static int fail(int err, struct fault *why) {
    return fault_set(why, err, "refused events cannot be kept");
}

int refused_keep(struct refused *refused, const struct outbox_batch *batch, const struct message_ack *ack,
                 struct suivi_tally *tally, struct fault *why) {
    struct wire_reader reader;
    enum message_type type;
    struct message_batch content;
    struct message_ack walk = *ack;
    wire_reader_init(&reader, batch->bytes.at, batch->bytes.len);
    if (message_open(&reader, &type, why) != 0 || message_read_batch(&reader, &content, why) != 0)
        return -EBADMSG;
    int err = tell(refused, REFUSED_BEGIN, 0);
    if (err)
        return fail(err, why);
    uint32_t index, reason, at = 0;
    struct message_event event = {0};
    for (uint32_t i = 0; i < walk.refused_count; i++) {
        message_next_refused(&walk, &index, &reason);
        for (; at <= index && at < content.event_count; at++)
            message_next_event(&content, &event);
        (void)tell(refused, REFUSED_EVENT, event.at);
    }
    tally->refused += walk.refused_count;
    err = tell(refused, REFUSED_END, 0);
    return err ? fail(err, why) : 0;
}

/* Only what was damaged, or what the daemon cannot read at all, is refused whole: neither happens here. */
int refused_keep_all(struct refused *refused, const struct outbox_batch *batch, struct str reason,
                     struct suivi_tally *tally, struct fault *why) {
    (void)refused, (void)batch, (void)tally;
    return fault_set(why, -EPROTO, "a batch was refused whole: %.*s", STR_ARG(reason));
}
