#include "clients/weblog/lines.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define LINES_MAGIC 0x3c81b6e5u
#define CHUNK       (256u << 10)

struct lines {
    unsigned magic;
    struct lines_source source;
    char *buffer;
    size_t size;
    size_t told;     /* passed up to here */
    size_t start;    /* of the next line */
    size_t scanned;  /* no line end before this */
    size_t end;      /* of what was read */
    uint64_t offset; /* of the byte at `told` */
    bool inside;
    int failed; /* what `read` said at last: the same again from then on */
    struct fault why;
};

void lines_new(struct lines **out, const struct lines_source *source, uint64_t offset, bool inside) {
    struct lines *lines = mem_zeroed(1, sizeof *lines);
    lines->magic = LINES_MAGIC;
    lines->source = *source;
    lines->size = (size_t)CHUNK * 2;
    lines->buffer = mem_zeroed(1, lines->size);
    lines->offset = offset;
    lines->inside = inside;
    *out = lines;
}

void lines_destroy(struct lines **pointer) {
    struct lines *lines = *pointer;
    if (lines == NULL)
        return;
    OBJ_CHECK(lines, LINES_MAGIC);
    lines->magic = 0;
    free(lines->buffer);
    free(lines);
    *pointer = NULL;
}

static void tell(struct lines *lines) {
    size_t len = lines->start - lines->told;
    if (len == 0)
        return;
    lines->source.passed(lines->source.arg, lines->buffer + lines->told, len);
    lines->told = lines->start;
    lines->offset += len;
}

static void pass_to(struct lines *lines, size_t to) {
    lines->start = to;
    if (lines->scanned < to)
        lines->scanned = to;
}

/* Room for a chunk more, by moving what is left to the front and, for a long line, by growing. */
static void make_room(struct lines *lines) {
    tell(lines);
    if (lines->start > 0) {
        memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->scanned -= lines->start;
        lines->start = lines->told = 0;
    }
    if (lines->size - lines->end < CHUNK) {
        lines->size =
            lines->size * 2 < LINES_LONGEST + 2 * CHUNK ? lines->size * 2 : LINES_LONGEST + 2 * CHUNK;
        lines->buffer = mem_resize(lines->buffer, 1, lines->size);
    }
    ASSERT(lines->size - lines->end >= CHUNK);
}

static ssize_t refill(struct lines *lines) {
    if (lines->failed != 0)
        return lines->failed;
    if (lines->size - lines->end < CHUNK)
        make_room(lines);
    ssize_t got = lines->source.read(lines->source.arg, lines->buffer + lines->end, CHUNK, &lines->why);
    if (got > 0)
        lines->end += (size_t)got;
    else
        lines->failed = (int)got;
    return got;
}

static int failure(const struct lines *lines, struct fault *why) {
    if (why != NULL)
        *why = lines->why;
    return lines->failed;
}

static struct str without_cr(const char *at, size_t len) {
    while (len > 0 && at[len - 1] == '\r')
        len--;
    return (struct str){at, len};
}

/* 1: skipped to the end of the line we are inside of; 0: that end has not come. */
static int skip_inside(struct lines *lines, const char *newline) {
    if (newline == NULL) {
        pass_to(lines, lines->end);
        return 0;
    }
    pass_to(lines, (size_t)(newline - lines->buffer) + 1);
    lines->inside = false;
    return 1;
}

int lines_next(struct lines *lines, enum lines_found *found, struct str *text, struct fault *why) {
    OBJ_CHECK(lines, LINES_MAGIC);
    for (;;) {
        const char *newline = NULL;
        if (lines->scanned < lines->end)
            newline = memchr(lines->buffer + lines->scanned, '\n', lines->end - lines->scanned);
        if (lines->inside) {
            if (skip_inside(lines, newline))
                continue;
        } else if (newline != NULL && (size_t)(newline - lines->buffer) - lines->start <= LINES_LONGEST) {
            const char *begin = lines->buffer + lines->start;
            *text = without_cr(begin, (size_t)(newline - begin));
            *found = LINES_LINE;
            pass_to(lines, (size_t)(newline - lines->buffer) + 1);
            return 0;
        } else if (lines->end - lines->start > LINES_LONGEST) {
            pass_to(lines, newline ? (size_t)(newline - lines->buffer) + 1 : lines->end);
            lines->inside = newline == NULL;
            *found = LINES_TOO_LONG;
            return 0;
        } else {
            lines->scanned = lines->end;
        }
        ssize_t got = refill(lines);
        if (got < 0)
            return failure(lines, why);
        if (got == 0) {
            *found = LINES_END;
            return 0;
        }
    }
}

struct str lines_rest(const struct lines *lines, size_t *raw_len) {
    OBJ_CHECK(lines, LINES_MAGIC);
    *raw_len = lines->end - lines->start;
    return without_cr(lines->buffer + lines->start, *raw_len);
}

void lines_take_rest(struct lines *lines) {
    OBJ_CHECK(lines, LINES_MAGIC);
    pass_to(lines, lines->end);
    lines->inside = true;
}

uint64_t lines_offset(struct lines *lines) {
    OBJ_CHECK(lines, LINES_MAGIC);
    tell(lines);
    return lines->offset;
}

bool lines_inside(const struct lines *lines) {
    OBJ_CHECK(lines, LINES_MAGIC);
    return lines->inside;
}
