/* One connection that lines come from, in pieces. */
#ifndef SUIVI_STATSD_STREAM_H
#define SUIVI_STATSD_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/str.h"

struct stream;

void stream_new(struct stream **out, int descriptor); /* takes the descriptor over */
void stream_close(struct stream **stream);
int stream_descriptor(const struct stream *stream);

/* Reads once, into `buffer`, and hands on each whole line. False: it is over, and its last line, ended or not, was handed on.
 * What `line` returns other than 0 ends it, too. */
bool stream_read(struct stream *stream, char *buffer, size_t size, int (*line)(void *arg, struct str line),
                 void *arg);

/* Hands on what has come of a last line. */
int stream_end(struct stream *stream, int (*line)(void *arg, struct str line), void *arg);

#endif
