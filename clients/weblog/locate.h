/* Where to go on in a log: finds its position among the known ones, by content. */
#ifndef SUIVI_WEBLOG_LOCATE_H
#define SUIVI_WEBLOG_LOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/collector/input.h"
#include "clients/weblog/digest.h"
#include "clients/weblog/position.h"

struct place {
    uint64_t id;      /* of the position whose content this is; 0: of none, it is new */
    struct mark mark; /* where that was; offset 0 when it is new */
};

/* Leaves `input` and `digest` at place->mark.offset. `only`: look for that position alone (0: any). The input
 * must be a regular file, plain or packed; it may be opened anew. Damage that lies before a known end is met
 * again by who reads on. */
int locate(struct place *place, struct input **input, struct digest *digest,
           const struct positions *positions, uint64_t only, struct fault *why);

/* Does the input still hold what was digested up to position->mark[0]? Reads its head and the block that this
 * lies in, no more, and leaves input and digest there. 0: it does; 1: it does not, or is shorter; negative:
 * it cannot be read. The input must be seekable. */
int locate_check(struct input *input, struct digest *digest, const struct position *position,
                 struct fault *why);

/* Marks that a stream, which cannot be wound back, may turn out to contain: feed it through, and each mark is
 * compared as the digest comes to it. */
struct locate_watch;

void locate_watch_new(struct locate_watch **out, const struct positions *positions);
void locate_watch_destroy(struct locate_watch **watch);
bool locate_watch_over(const struct locate_watch *watch); /* nothing more can match */

/* Feeds the digest. True when a mark was met in these bytes; the last one met is *place. */
bool locate_watch_feed(struct locate_watch *watch, struct digest *digest, const void *bytes, size_t len,
                       struct place *place);

#endif
