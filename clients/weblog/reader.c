#include "clients/weblog/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clients/collector/clock.h"
#include "clients/collector/input.h"
#include "clients/weblog/digest.h"
#include "clients/weblog/lines.h"
#include "clients/weblog/locate.h"
#include "clients/weblog/stamp.h"
#include "proto/check.h"

#define READER_MAGIC 0x9eade901u
#define COMMIT_BYTES (UINT64_C(512) << 20)
#define COMMIT_MS    5000
#define LOOK_US      INT64_C(86400000000) /* a log that did not grow is noted as still there once a day */

struct reader {
    unsigned magic;
    struct reading *reading;
    char *path;
    struct input *input;
    struct lines *lines;
    struct digest *digest;
    struct line_parser *parser; /* NULL: its format is not known yet */
    uint64_t unknown_until;     /* up to here no line parsed in any format */
    struct locate_watch *watch; /* a stream that may hold what was counted before; NULL: no more */
    bool met;                   /* `place` was met in the stream just now */
    struct place place;         /* where it goes on */
    uint64_t id;                /* of its position; 0: a new one */
    bool moved;                 /* the position was put in this run */
    bool finished_kind;         /* packed or a stream: it does not grow */
    bool heard;                 /* a line parsed, now or in an earlier run: last_day is known */
    int32_t last_day;
    uint64_t early; /* malformed lines before the first that parsed */
    uint64_t lines_before;
    enum tail tail; /* DOUBTFUL, or NONE */
    uint64_t tail_len;
    int32_t tail_day;
    bool due; /* look whether to commit: once a chunk */
    struct reader_report report;
};

int reading_commit(struct reading *reading, struct fault *why) {
    int rc = counter_commit(reading->counter, reading->stays, why);
    if (rc != 0)
        return rc;
    reading->bytes = 0;
    reading->committed_ms = clock_ms();
    if (!reading->stays)
        suivi_exchange(reading->suivi, 0); /* no daemon is no trouble yet: it all waits in the outbox */
    return 0;
}

static ssize_t source_read(void *arg, void *buffer, size_t size, struct fault *why) {
    struct reader *reader = arg;
    OBJ_CHECK(reader, READER_MAGIC);
    ssize_t got = input_read(reader->input, buffer, size, why);
    if (got > 0)
        reader->reading->bytes += (uint64_t)got;
    if (reader->reading->progress != NULL)
        reader->reading->progress(reader->reading->progress_arg, input_consumed(reader->input));
    reader->due = true;
    return got;
}

static void source_passed(void *arg, const void *bytes, size_t len) {
    struct reader *reader = arg;
    OBJ_CHECK(reader, READER_MAGIC);
    if (reader->watch == NULL)
        digest_feed(reader->digest, bytes, len);
    else if (locate_watch_feed(reader->watch, reader->digest, bytes, len, &reader->place))
        reader->met = true;
}

/* Goes on from a known position: what it says about the lines before. */
static void take_over(struct reader *reader, const struct place *place) {
    const struct position *position = positions_find(reader->reading->positions, place->id);
    ASSERT(position != NULL);
    reader->heard = true;
    reader->last_day = position->last_day;
    reader->lines_before = position->lines;
    reader->early = 0;
    reader->tail = place->mark.tail == TAIL_DOUBTFUL ? TAIL_DOUBTFUL : TAIL_NONE;
    reader->tail_len = place->mark.tail_len;
    reader->tail_day = place->mark.tail_day;
    /* A copy gets a position of its own, so that the log it was made from keeps the one it needs. */
    bool same_file = !position->packed && !input_packed(reader->input) &&
                     position->dev == input_dev(reader->input) && position->ino == input_ino(reader->input);
    bool same_name = strcmp(position->path, reader->path) == 0 &&
                     position->packed == input_packed(reader->input) && strcmp(reader->path, "-") != 0;
    bool newest = place->mark.offset == position->mark[0].offset;
    reader->id = newest && (same_file || same_name) ? position->id : 0;
    if (reader->reading->format == LINE_AUTO) {
        line_parser_destroy(&reader->parser);
        line_parser_new(&reader->parser, position->format);
    }
}

static bool can_wind_back(const struct reader *reader) {
    struct stat file;
    return input_seekable(reader->input) || (input_packed(reader->input) && strcmp(reader->path, "-") != 0 &&
                                             stat(reader->path, &file) == 0 && S_ISREG(file.st_mode));
}

static int locate_place(struct reader *reader, uint64_t only, struct fault *why) {
    const struct positions *positions = reader->reading->positions;
    int rc = locate(&reader->place, &reader->input, reader->digest, positions, only, why);
    if (rc == 0 && only != 0 && reader->place.id == 0)
        return fault_set(why, -ENOENT, "%s does not go on from there", reader->path);
    if (rc == 0 && only != 0) /* it may have been read further since, under another name */
        rc = locate(&reader->place, &reader->input, reader->digest, positions, 0, why);
    if (rc == 0 && reader->place.id != 0)
        take_over(reader, &reader->place);
    return rc;
}

static int find_place(struct reader *reader, uint64_t only, struct reader_fault *wrong, struct fault *why) {
    if (can_wind_back(reader)) {
        wrong->rc = locate_place(reader, only, &wrong->why);
        return 0;
    }
    if (only != 0) {
        wrong->rc = fault_set(&wrong->why, -ENOENT, "%s is no file", reader->path);
        return 0;
    }
    locate_watch_new(&reader->watch, reader->reading->positions);
    if (locate_watch_over(reader->watch)) {
        locate_watch_destroy(&reader->watch);
        return 0;
    }
    /* What is counted from here on may have to be forgotten: nothing else may be. */
    return reading_commit(reader->reading, why);
}

int reader_open(struct reader **out, struct reading *reading, const char *path, uint64_t only,
                struct reader_fault *wrong, struct fault *why) {
    struct input *input;
    wrong->rc = input_open(&input, path, &wrong->why);
    if (wrong->rc != 0)
        return 0;
    struct reader *reader = mem_zeroed(1, sizeof *reader);
    reader->magic = READER_MAGIC;
    reader->reading = reading;
    reader->path = mem_string(path, strlen(path));
    reader->input = input;
    digest_new(&reader->digest, positions_seed(reading->positions));
    if (reading->format != LINE_AUTO)
        line_parser_new(&reader->parser, reading->format);
    int rc = find_place(reader, only, wrong, why);
    if (rc != 0 || wrong->rc != 0) {
        reader_close(&reader);
        return rc;
    }
    reader->finished_kind =
        input_packed(reader->input) || !input_seekable(reader->input) || strcmp(path, "-") == 0;
    const struct lines_source source = {.arg = reader, .read = source_read, .passed = source_passed};
    lines_new(&reader->lines, &source, reader->place.mark.offset, reader->place.mark.tail == TAIL_COUNTED);
    *out = reader;
    return 0;
}

void reader_close(struct reader **pointer) {
    struct reader *reader = *pointer;
    if (reader == NULL)
        return;
    OBJ_CHECK(reader, READER_MAGIC);
    lines_destroy(&reader->lines);
    locate_watch_destroy(&reader->watch);
    line_parser_destroy(&reader->parser);
    digest_destroy(&reader->digest);
    input_close(&reader->input);
    reader->magic = 0;
    free(reader->path);
    free(reader);
    *pointer = NULL;
}

/* Looks at what is there to find the format: the line just given out (`text`, may be empty) and what follows
 * it in memory. Where nothing parses, so much is passed over before looking again. */
static void find_format(struct reader *reader, struct str text) {
    uint64_t offset = lines_offset(reader->lines);
    if (reader->unknown_until != 0 && offset <= reader->unknown_until)
        return;
    size_t raw_len;
    struct str rest = lines_rest(reader->lines, &raw_len);
    struct str piece = {rest.at, raw_len};
    if (text.len > 0)
        piece = (struct str){text.at, (size_t)(rest.at + raw_len - text.at)};
    enum line_format format = line_detect(piece);
    if (format != LINE_AUTO)
        line_parser_new(&reader->parser, format);
    else
        reader->unknown_until = offset + raw_len;
}

static void count_malformed(struct reader *reader) {
    reader->report.malformed++;
    if (reader->report.first_malformed == 0)
        reader->report.first_malformed = reader->lines_before + reader->report.lines;
    if (reader->heard)
        counter_malformed(reader->reading->counter, reader->last_day, 1);
    else
        reader->early++;
}

static int count_line(struct reader *reader, const struct line *line, struct fault *why) {
    int32_t day;
    int rc = counter_line(reader->reading->counter, line, &day, why);
    if (rc == -ERANGE) {
        count_malformed(reader);
        return 0;
    }
    if (rc != 0)
        return rc;
    reader->heard = true;
    reader->last_day = day;
    if (reader->early > 0)
        counter_malformed(reader->reading->counter, day, (int64_t)reader->early);
    reader->early = 0;
    return 0;
}

/* The stream turned out to hold what was counted before: what it gave so far was never here. */
static void start_over(struct reader *reader) {
    counter_forget(reader->reading->counter);
    reader->report = (struct reader_report){0};
    reader->met = false;
    take_over(reader, &reader->place);
}

/* Of a line, or the part of one that is there: has it been counted before? */
static bool known_already(struct reader *reader) {
    if (reader->watch == NULL)
        return false;
    lines_offset(reader->lines); /* brings the digest up to here */
    bool met = reader->met;
    if (met)
        start_over(reader);
    if (locate_watch_over(reader->watch))
        locate_watch_destroy(&reader->watch);
    return met;
}

static int take_line(struct reader *reader, enum lines_found found, struct str text, struct fault *why) {
    if (reader->parser == NULL && found == LINES_LINE)
        find_format(reader, text);
    if (known_already(reader))
        return 0;
    if (reader->tail == TAIL_DOUBTFUL) { /* it has grown: now it can be judged */
        counter_malformed(reader->reading->counter, reader->tail_day, -1);
        reader->tail = TAIL_NONE;
    }
    reader->report.lines++;
    struct line line;
    if (found == LINES_LINE && reader->parser != NULL && line_parse(reader->parser, text, &line))
        return count_line(reader, &line, why);
    count_malformed(reader);
    return 0;
}

static struct mark mark_now(struct reader *reader) {
    struct mark mark = {.offset = lines_offset(reader->lines)};
    mark.digest = digest_now(reader->digest);
    mark.tail = lines_inside(reader->lines) ? TAIL_COUNTED : reader->tail;
    if (mark.tail == TAIL_DOUBTFUL) {
        mark.tail_len = reader->tail_len;
        mark.tail_day = reader->tail_day;
    }
    return mark;
}

static bool same_mark(const struct mark *a, const struct mark *b) {
    return a->offset == b->offset && a->tail == b->tail && a->tail_len == b->tail_len;
}

/* The marks of runs before stay behind the new one. */
static void push_mark(struct reader *reader, struct position *position, const struct mark *mark) {
    if (!reader->moved && position->marks > 0 && position->mark[0].offset != mark->offset) {
        size_t kept = position->marks < POSITION_MARKS ? position->marks : POSITION_MARKS - 1;
        memmove(position->mark + 1, position->mark, kept * sizeof *position->mark);
        position->marks = kept + 1;
    }
    if (position->marks == 0)
        position->marks = 1;
    position->mark[0] = *mark;
}

/* Puts the position; nothing when it did not move. */
static int save(struct reader *reader, struct fault *why) {
    if (!reader->heard || reader->parser == NULL)
        return 0;
    struct mark mark = mark_now(reader);
    struct position position = {0};
    const struct position *held = reader->id ? positions_find(reader->reading->positions, reader->id) : NULL;
    if (held != NULL)
        position = *held;
    int64_t now = clock_unix_us();
    bool same = same_mark(&mark, held ? &held->mark[0] : &reader->place.mark);
    if (same && (held == NULL || (now - held->used < LOOK_US && strcmp(held->path, reader->path) == 0)))
        return 0;
    push_mark(reader, &position, &mark);
    position.chain = digest_chain(reader->digest);
    position.head = digest_head(reader->digest);
    position.dev = input_dev(reader->input);
    position.ino = input_ino(reader->input);
    position.path = strlen(reader->path) <= POSITION_PATH_MAX ? reader->path : "";
    position.packed = reader->finished_kind;
    position.format = line_parser_format(reader->parser);
    position.last_day = reader->last_day;
    position.lines = reader->lines_before + reader->report.lines;
    position.used = now;
    char *path = mem_string(position.path, strlen(position.path)); /* may be the held one's own */
    position.path = path;
    int rc = positions_put(reader->reading->positions, &position, why);
    free(path);
    if (rc == 0) {
        reader->id = position.id;
        reader->moved = true;
    }
    return rc;
}

/* What was counted of it never was: nothing of it may be saved. */
static int give_up(struct reader *reader, struct reader_fault *wrong) {
    counter_forget(reader->reading->counter);
    reader->report = (struct reader_report){0};
    reader->heard = false;
    wrong->rc = fault_set(&wrong->why, -EFBIG,
                          "%s may have been counted before, which shows only later, and is too large to "
                          "wait for that; give the file by its name",
                          reader->path);
    return 0;
}

static int commit_if_due(struct reader *reader, struct reader_fault *wrong, struct fault *why) {
    struct reading *reading = reader->reading;
    reader->due = false;
    bool full = counter_full(reading->counter);
    if (reader->watch != NULL)
        return full ? give_up(reader, wrong) : 0;
    full |= reading->bytes >= COMMIT_BYTES;
    if (!full && (reading->stays || clock_ms() - reading->committed_ms < COMMIT_MS))
        return 0;
    int rc = save(reader, why);
    if (rc == 0)
        rc = reading_commit(reading, why);
    return rc == -ENOSPC && reading->stays ? 0 : rc; /* who stays waits for room at the end of this turn */
}

int reader_read(struct reader *reader, struct reader_fault *wrong, struct fault *why) {
    OBJ_CHECK(reader, READER_MAGIC);
    for (;;) {
        enum lines_found found;
        struct str text = {0};
        wrong->rc = lines_next(reader->lines, &found, &text, &wrong->why);
        if (wrong->rc != 0 || found == LINES_END)
            break;
        int rc = take_line(reader, found, text, why);
        if (rc == 0 && reader->due)
            rc = commit_if_due(reader, wrong, why);
        if (rc != 0)
            return rc;
        if (wrong->rc != 0)
            break;
    }
    /* A stream that may still turn out to be known has no position yet. */
    return reader->watch != NULL && wrong->rc == 0 ? 0 : save(reader, why);
}

/* May a last line without its line end be counted as it stands? More bytes can still come to a plain file,
 * and change what a line means that has no agent yet, unless none of its lines has one; or no stamp yet. */
static bool stands_as_is(const struct reader *reader, const struct line *line) {
    struct stamp stamp;
    if (!reader->finished_kind && counter_stamps(reader->reading->counter) &&
        stamp_read(line, &stamp) == STAMP_ABSENT)
        return false;
    return reader->finished_kind || !line->open_ended || line_parser_format(reader->parser) == LINE_COMMON;
}

static int finish_rest(struct reader *reader, struct str rest, size_t raw_len, struct fault *why) {
    if (reader->parser == NULL)
        find_format(reader, (struct str){0});
    struct line line;
    bool parses = reader->parser != NULL && line_parse(reader->parser, rest, &line);
    if (reader->finished_kind || (parses && stands_as_is(reader, &line))) {
        lines_take_rest(reader->lines);
        return take_line(reader, LINES_LINE, rest, why);
    }
    if (!reader->heard)
        return 0; /* there is no day to put it on, and no log yet */
    if (reader->tail != TAIL_DOUBTFUL) {
        reader->report.lines++;
        count_malformed(reader);
        reader->tail = TAIL_DOUBTFUL;
        reader->tail_day = reader->last_day;
    }
    reader->tail_len = raw_len;
    return 0;
}

int reader_finish(struct reader *reader, struct reader_fault *wrong, struct fault *why) {
    OBJ_CHECK(reader, READER_MAGIC);
    wrong->rc = 0;
    size_t raw_len;
    struct str rest = lines_rest(reader->lines, &raw_len);
    bool as_before = reader->tail == TAIL_DOUBTFUL && raw_len == reader->tail_len && !reader->finished_kind;
    if (raw_len > 0 && !as_before) {
        int rc = finish_rest(reader, rest, raw_len, why);
        if (rc != 0)
            return rc;
    }
    if (!reader->heard && reader->report.lines > 0)
        wrong->rc = fault_set(
            &wrong->why, -EINVAL,
            "%s:1: not a line of a web server's log (combined, common, vhost or JSON); nothing of this file "
            "was counted",
            reader->path);
    return save(reader, why);
}

/* Are the bytes of the last line, which waits for its end, still those at the input's place? */
static bool same_rest(struct reader *reader) {
    size_t len;
    const char *rest = lines_rest(reader->lines, &len).at;
    char again[4096];
    while (len > 0) {
        ssize_t got = input_read(reader->input, again, len < sizeof again ? len : sizeof again, NULL);
        if (got <= 0 || memcmp(again, rest, (size_t)got) != 0)
            return false;
        rest += got;
        len -= (size_t)got;
    }
    return true;
}

bool reader_replaced(struct reader *reader) {
    OBJ_CHECK(reader, READER_MAGIC);
    if (reader->finished_kind)
        return false;
    uint64_t size = input_size(reader->input), offset = reader_offset(reader);
    if (size <= offset) /* as long as before: there is nothing to read on, whatever it holds */
        return size < offset;
    struct digest *digest;
    digest_new(&digest, positions_seed(reader->reading->positions));
    const struct mark mark = mark_now(reader); /* brings the digest up to here */
    const struct position position = {.mark = {mark},
                                      .marks = 1,
                                      .chain = digest_chain(reader->digest),
                                      .head = digest_head(reader->digest)};
    int rc = locate_check(reader->input, digest, &position, NULL);
    digest_destroy(&digest);
    bool replaced = rc == 1 || (rc == 0 && !same_rest(reader));
    return input_seek(reader->input, offset, NULL) != 0 || replaced;
}

uint64_t reader_position(const struct reader *reader) {
    OBJ_CHECK(reader, READER_MAGIC);
    return reader->place.id;
}

uint64_t reader_offset(const struct reader *reader) {
    OBJ_CHECK(reader, READER_MAGIC);
    size_t raw_len;
    lines_rest(reader->lines, &raw_len);
    return lines_offset(reader->lines) + raw_len;
}

bool reader_is_at(const struct reader *reader, uint64_t dev, uint64_t ino) {
    OBJ_CHECK(reader, READER_MAGIC);
    return input_dev(reader->input) == dev && input_ino(reader->input) == ino;
}

struct reader_report reader_report(const struct reader *reader) {
    OBJ_CHECK(reader, READER_MAGIC);
    struct reader_report report = reader->report;
    report.heard = reader->heard;
    return report;
}
