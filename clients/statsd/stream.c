#include "clients/statsd/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/statsd/sample.h"
#include "proto/check.h"

#define STREAM_MAGIC 0x57e3a401u
#define BEGUN_MAX    (SAMPLE_BYTES_MAX + 2) /* of a longer line that much, which is no line of ours any more */

struct stream {
    unsigned magic;
    int descriptor;
    size_t len;
    char begun[BEGUN_MAX];
};

void stream_new(struct stream **out, int descriptor) {
    struct stream *stream = mem_zeroed(1, sizeof *stream);
    stream->magic = STREAM_MAGIC;
    stream->descriptor = descriptor;
    *out = stream;
}

void stream_close(struct stream **stream) {
    struct stream *gone = *stream;
    if (gone == NULL)
        return;
    OBJ_CHECK(gone, STREAM_MAGIC);
    close(gone->descriptor);
    gone->magic = 0;
    free(gone);
    *stream = NULL;
}

int stream_descriptor(const struct stream *stream) {
    OBJ_CHECK(stream, STREAM_MAGIC);
    return stream->descriptor;
}

static void keep(struct stream *stream, struct str text) {
    size_t room = sizeof stream->begun - stream->len, len = text.len < room ? text.len : room;
    if (len > 0)
        memcpy(stream->begun + stream->len, text.at, len);
    stream->len += len;
}

int stream_end(struct stream *stream, int (*line)(void *arg, struct str line), void *arg) {
    OBJ_CHECK(stream, STREAM_MAGIC);
    size_t len = stream->len;
    stream->len = 0;
    return len == 0 ? 0 : line(arg, (struct str){stream->begun, len});
}

static int take(struct stream *stream, struct str text, int (*line)(void *arg, struct str line), void *arg) {
    int rc = 0;
    while (rc == 0 && text.len > 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str part = {text.at, end ? (size_t)(end - text.at) : text.len};
        if (end == NULL) {
            keep(stream, part);
            return 0;
        }
        text = (struct str){end + 1, text.len - part.len - 1};
        if (stream->len == 0) {
            rc = line(arg, part);
            continue;
        }
        keep(stream, part);
        rc = stream_end(stream, line, arg);
    }
    return rc;
}

bool stream_read(struct stream *stream, char *buffer, size_t size, int (*line)(void *arg, struct str line),
                 void *arg) {
    OBJ_CHECK(stream, STREAM_MAGIC);
    ssize_t len = recv(stream->descriptor, buffer, size, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (len > 0)
        return take(stream, (struct str){buffer, (size_t)len}, line, arg) == 0;
    (void)stream_end(stream, line, arg);
    return false;
}
