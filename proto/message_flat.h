/* A batch laid out flat, for who takes very many: the keys of its series one after the other, its events as
 * arrays. Reading fills it in one pass over the frame; the memory is kept for the next one, and is at most some
 * 40 bytes for each event and series that a batch may have, and the bytes of a frame for keys.
 *
 * What message_read_batch refuses is refused here with the same words, but for one thing that is put off: the
 * texts of a usual series are not looked at. Its key is in good form only if message_flat_check says so; one
 * that equals a key in good form is in good form. */
#ifndef SUIVI_PROTO_MESSAGE_FLAT_H
#define SUIVI_PROTO_MESSAGE_FLAT_H

#include "proto/message.h"

/* A value that is no number. */
struct message_flat_other {
    uint32_t event; /* whose value it is; its number is 0 */
    enum message_value form;
    struct str bytes; /* borrows from the frame */
};

struct message_flat {
    /* Series i has the key (dims_series_key) from key_end[i - 1], or 0, to key_end[i]. */
    char *keys;
    uint32_t *key_end;

    /* By event. The series is one that there is, base + delta does not overflow. */
    uint32_t *series;
    int64_t *delta, *number;
    struct message_flat_other *other;
    uint32_t other_count;

    int64_t earliest, latest; /* extremes of base + delta, and of numbers; without events base, and 0 */
    int64_t least, most;

    size_t keys_room;
    uint32_t series_room, event_room, other_room;
};

/* Zero-initialise. */
void message_flat_clear(struct message_flat *flat); /* frees */

int message_read_flat(struct wire_reader *reader, struct message_flat *flat, struct message_batch *out,
                      struct fault *why);

/* Takes the key of series `index` apart. -EPROTO, as message_read_batch would have said it: the batch is none. */
int message_flat_check(const struct message_flat *flat, const struct message_batch *batch, uint32_t index,
                       struct str *indicator, struct dims *dims, struct fault *why);

#endif
