/* The answer to a question: frames, to be sent in this order. */
#ifndef SUIVI_DAEMON_IO_FRAMES_H
#define SUIVI_DAEMON_IO_FRAMES_H

#include <stddef.h>

#include "proto/str.h"
#include "proto/wire.h"

struct frames;

void frames_new(struct frames **out);
void frames_destroy(struct frames **frames);

/* Copies what was written, which must have fitted. */
void frames_add(struct frames *frames, const struct wire_writer *frame);

size_t frames_count(const struct frames *frames);
struct str frames_at(const struct frames *frames, size_t index); /* borrowed */

#endif
