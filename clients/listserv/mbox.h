/* Messages out of an mbox, or the one of a Maildir's file, however the stream is cut into pieces. Only what the figures
 * need of a message is kept, and of that at most MBOX_FIELD_MAX bytes a field: memory is bounded whatever the file
 * holds. */
#ifndef SUIVI_LISTSERV_MBOX_H
#define SUIVI_LISTSERV_MBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "clients/listserv/content.h"
#include "proto/fault.h"
#include "proto/str.h"

#define MBOX_FIELD_MAX    (64u << 10)
#define MBOX_DIGEST_BYTES CONTENT_DIGEST_BYTES
#define MBOX_KEY_BYTES    CONTENT_KEY_BYTES

struct mbox;

struct mbox_source {
    void *arg;
    /* As input_read. */
    ssize_t (*read)(void *arg, void *buffer, size_t size, struct fault *why);
};

/* Of each field the first of that name, unfolded and trimmed; empty when there is none. Borrowed until the next call. */
struct mbox_message {
    uint64_t offset;      /* where it begins in the stream */
    int64_t separator_at; /* Unix time of its separator; SEPARATOR_NO_DAY: none */
    struct str message_id, date, received, from;
    /* Of headers and body, when it has no Message-ID; line ends as LF, and none at its end, where the next message may
     * or may not follow. */
    unsigned char digest[MBOX_DIGEST_BYTES];
    bool headers_end; /* their end was seen */
    bool from_cut;    /* the stream ended within that field */
    bool last;        /* the stream ends with it */
    bool cut;         /* the stream failed within it */
};

/* `offset`: the stream's place in the file, at the start of a line. `single`: all of it is one message. `key`: of the
 * digests. */
void mbox_new(struct mbox **out, const struct mbox_source *source, uint64_t offset, bool single,
              const unsigned char key[static MBOX_KEY_BYTES]);
void mbox_destroy(struct mbox **mbox);

/* 1: `message` is set; 0: the end; negative: what the source said. What stands before the first separator is passed over. */
int mbox_next(struct mbox *mbox, struct mbox_message *message, struct fault *why);

/* Anything but line ends before the first separator, or without any. */
bool mbox_has_other(const struct mbox *mbox);

#endif
