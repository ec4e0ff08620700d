/* The packings a file may be in, unpacked one member (gzip), frame (zstd) or stream (xz) at a time.
 * Each needs a bounded amount of memory whatever the file says, or refuses. */
#ifndef SUIVI_COLLECTOR_UNPACK_H
#define SUIVI_COLLECTOR_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packing {
    PACKING_NONE,
    PACKING_GZIP,
    PACKING_ZSTD,
    PACKING_XZ,
};

/* As many first bytes of a file (or of its next member) as it takes to tell them apart. */
#define PACKING_MAGIC_MAX 6

enum packing packing_of(const uint8_t *first, size_t len);
const char *packing_name(enum packing packing);

struct unpack;

void unpack_new(struct unpack **out, enum packing packing); /* not PACKING_NONE */
void unpack_destroy(struct unpack **unpack);

/* What is to be read and where it goes; a step moves both on. */
struct unpack_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
};

/* One step. 0, with `member_ended` set when a member was complete at this point (unpack_restart before the
 * next one); -EBADMSG when the data is damaged, see unpack_reason. A step that moves nothing wants more
 * input. */
int unpack_step(struct unpack *unpack, struct unpack_io *io, bool *member_ended);
const char *unpack_reason(const struct unpack *unpack); /* in the words of the packing's library */
void unpack_restart(struct unpack *unpack);

#endif
