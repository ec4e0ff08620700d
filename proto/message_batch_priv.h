/* What message_batch.c (a batch read plainly) and message_flat.c (laid out flat) share. */
#ifndef SUIVI_PROTO_MESSAGE_BATCH_PRIV_H
#define SUIVI_PROTO_MESSAGE_BATCH_PRIV_H

#include "proto/message_flat.h"
#include "proto/message_priv.h"

/* The events may stand before the base and the dictionary that judge them, so their extremes are kept. */
struct message_batch_reading {
    struct message_batch batch;
    struct message_flat *flat; /* NULL: read plainly */
    uint32_t last_series;      /* the highest named */
    int64_t lowest, highest;   /* deltas */
};

struct message_raw_event {
    uint32_t series;
    enum message_value form;
    int64_t delta, number;
    struct str bytes;
};

/* Any series and any event, with every check. */
int message_read_series(struct wire_reader *reader, struct str *indicator, struct dims *dims,
                        struct fault *why);
int message_read_event(struct wire_reader *reader, struct message_raw_event *out, struct fault *why);

/* Take `count` elements of the lists into `reading->flat`. */
int message_flat_series(struct wire_reader *reader, struct message_batch_reading *reading, uint32_t count,
                        struct fault *why);
int message_flat_events(struct wire_reader *reader, struct message_batch_reading *reading, uint32_t count,
                        struct fault *why);

#endif
