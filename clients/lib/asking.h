/* A question to the daemon, and its answer in chunks: what all questions share. */
#ifndef SUIVI_LIB_ASKING_H
#define SUIVI_LIB_ASKING_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "proto/message.h"

/* What `take` found in a chunk. */
struct asking_chunk {
    uint64_t id;
    bool last;
};

struct asking {
    enum message_type answer; /* of its chunks */
    void (*write)(void *arg, struct wire_writer *writer, uint64_t id);
    /* Reads a chunk; -EPROTO with `why`. Then, if it is one of this question: tells it. */
    int (*read)(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why);
    void (*tell)(void *arg);
    void *arg;
    const char *doubt; /* of what is more than a question: how to see whether it was done. May be NULL */
};

/* Asks, and tells each chunk until the last one; the time runs anew with each. When the daemon is too busy it is
 * asked again, until the time is over. Results as suivi_query. */
int asking_run(struct suivi *client, const struct asking *asking, int timeout_ms);

/* A text of a question, NULL for an empty one: -EINVAL when the daemon could not read it. `what`: "the reason". */
int asking_text(struct suivi *client, const char *what, const char *text, size_t max, struct str *out);

#endif
