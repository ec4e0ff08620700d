#include "clients/lib/refused.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/sketch.h"

#define REFUSED_MAGIC 0x4ef05ed1u
#define TIME_TEXT     32
#define DAMAGED_SHOWN 32 /* bytes of a damaged batch, by which to know it */

struct refused {
    unsigned magic;
    char *directory, *path, *source;
};

/* A batch with its series findable by number, and the reasons for its events. */
struct casebook {
    struct message_batch batch;
    struct wire_reader *series; /* where each stands */
    const struct str **reasons; /* by event; NULL: not refused */
    struct str *reason_texts;
};

void refused_new(struct refused **out, const char *directory, struct str source) {
    struct refused *refused = mem_zeroed(1, sizeof *refused);
    refused->magic = REFUSED_MAGIC;
    refused->directory = mem_string(directory, strlen(directory));
    refused->source = mem_string(source.at, source.len);
    ASSERT(asprintf(&refused->path, "%s/refused.log", directory) > 0);
    *out = refused;
}

void refused_destroy(struct refused **refused) {
    if (!*refused)
        return;
    OBJ_CHECK(*refused, REFUSED_MAGIC);
    free((*refused)->directory);
    free((*refused)->path);
    free((*refused)->source);
    (*refused)->magic = 0;
    free(*refused);
    *refused = NULL;
}

/* --- lines that are there already --- */

/* What a batch has in the file, without the times at which it was written: sorted. */
struct lines {
    char **line; /* owned */
    size_t count, room;
};

static int compare_lines(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void lines_clear(struct lines *lines) {
    for (size_t i = 0; i < lines->count; i++)
        free(lines->line[i]);
    free(lines->line);
    *lines = (struct lines){0};
}

static void lines_add(struct lines *lines, const char *line, size_t len) {
    if (lines->count == lines->room) {
        lines->room = lines->room ? lines->room * 2 : 64;
        lines->line = mem_resize(lines->line, lines->room, sizeof *lines->line);
    }
    lines->line[lines->count++] = mem_string(line, len);
}

static bool lines_have(const struct lines *lines, const char *line) {
    return lines->count > 0 &&
           bsearch(&line, lines->line, lines->count, sizeof *lines->line, compare_lines) != NULL;
}

/* Those of one batch. A last line that a crash cut short is none. What cannot be read is not there: better a line
 * twice than none. */
static void lines_load(struct lines *lines, const struct refused *refused, uint64_t seq) {
    char *line = NULL, head[MESSAGE_SOURCE_MAX + 32];
    size_t room = 0;
    ssize_t len;
    FILE *stream = fopen(refused->path, "re");
    if (!stream)
        return;
    int head_len = snprintf(head, sizeof head, "\t%s\t%" PRIu64 "\t", refused->source, seq);
    ASSERT(head_len > 0 && (size_t)head_len < sizeof head);
    while ((len = getline(&line, &room, stream)) > 0) {
        const char *rest = strchr(line, '\t');
        if (rest && line[len - 1] == '\n' && strncmp(rest, head, (size_t)head_len) == 0)
            lines_add(lines, rest, (size_t)(line + len - rest));
    }
    free(line);
    fclose(stream);
    if (lines->count > 1)
        qsort(lines->line, lines->count, sizeof *lines->line, compare_lines);
}

/* --- the file --- */

struct log {
    FILE *stream;
    off_t before; /* its length, to which a failed write takes it back */
};

/* A line that a crash cut short stays, and the next begins after it. */
static bool ends_cut(int file, off_t size) {
    char last;
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

static int fail(const struct refused *refused, const char *doing, struct fault *why) {
    int code = errno;
    return fault_set(why, -code, "cannot %s %s, where refused events are kept: %s", doing, refused->path,
                     strerror(code));
}

static int log_open(const struct refused *refused, struct log *log, struct fault *why) {
    int file = open(refused->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat about;
    *log = (struct log){0};
    if (file < 0 || fstat(file, &about) != 0 || !(log->stream = fdopen(file, "a"))) {
        int rc = fail(refused, "open", why);
        if (file >= 0)
            close(file);
        return rc;
    }
    log->before = about.st_size;
    if (log->before == 0)
        fputs("# refused at\tsource\tbatch\tevent\tindicator\tdimensions\thappened at\tvalue\treason\n",
              log->stream);
    else if (ends_cut(file, log->before))
        fputc('\n', log->stream);
    return 0;
}

/* On disk, or as it was. */
static int log_close(const struct refused *refused, struct log *log, struct fault *why) {
    int rc = fflush(log->stream) != 0 || fsync(fileno(log->stream)) != 0 ? fail(refused, "write", why) : 0;
    fclose(log->stream);
    /* After closing, which may have written some of the rest. */
    if (rc != 0 && truncate(refused->path, log->before) != 0)
        fail(refused, "mend", why);
    return rc == 0 && log->before == 0 ? directory_sync(refused->directory, why) : rc;
}

static void write_time(FILE *stream, int64_t at) {
    char text[TIME_TEXT];
    time_t time = (time_t)at;
    struct tm parts;
    if (gmtime_r(&time, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0)
        fputs(text, stream);
    else
        fprintf(stream, "%" PRId64, at);
}

/* Where a line is made before it is known whether the file has it. */
struct page {
    FILE *stream;
    char *text;
    size_t len;
    struct lines there;
};

static void page_open(struct page *page, const struct refused *refused, uint64_t seq, bool again) {
    *page = (struct page){0};
    page->stream = open_memstream(&page->text, &page->len);
    ASSERT(page->stream != NULL);
    if (again)
        lines_load(&page->there, refused, seq);
}

static void page_write(struct page *page, FILE *to) {
    fputc('\0', page->stream);
    ASSERT(fflush(page->stream) == 0);
    if (!lines_have(&page->there, page->text)) {
        write_time(to, (int64_t)time(NULL));
        fputs(page->text, to);
    }
    rewind(page->stream);
}

static void page_close(struct page *page) {
    fclose(page->stream);
    free(page->text);
    lines_clear(&page->there);
}

/* Of an entry only what names it: what it says is with who said it. */
static void write_value(FILE *stream, const struct message_event *event) {
    struct wire_reader reader;
    struct entry entry;
    switch (event->form) {
    case MESSAGE_VALUE_NUMBER:
        fprintf(stream, "\t%" PRId64, event->number);
        break;
    case MESSAGE_VALUE_SET:
        if (sketch_valid(event->bytes))
            fprintf(stream, "\tset of %s%" PRIu64, sketch_count_error(event->bytes) ? "about " : "",
                    sketch_count(event->bytes));
        else
            fputs("\tset", stream);
        break;
    case MESSAGE_VALUE_NAME:
        fprintf(stream, "\tname of %zu bytes", event->bytes.len);
        break;
    case MESSAGE_VALUE_ENTRY:
        wire_reader_init(&reader, event->bytes.at, event->bytes.len);
        if (entry_read(&reader, &entry, NULL) == 0)
            fprintf(stream, "\tentry %016" PRIx64, entry.id);
        break;
    }
}

/* All of a line but the time at which it is written. */
static void write_event(FILE *stream, const struct casebook *book, uint32_t index,
                        const struct message_event *event, struct str reason) {
    struct message_batch batch = book->batch;
    batch.series = book->series[event->series];
    struct str indicator;
    struct dims dims;
    message_next_series(&batch, &indicator, &dims);

    fprintf(stream, "\t%.*s\t%" PRIu64 "\t%" PRIu32 "\t%.*s\t", STR_ARG(batch.source), batch.seq, index,
            STR_ARG(indicator));
    for (size_t i = 0; i < dims.count; i++)
        fprintf(stream, "%s%.*s=%.*s", i ? "," : "", STR_ARG(dims.dim[i].name), STR_ARG(dims.dim[i].value));
    fputc('\t', stream);
    write_time(stream, event->at);
    write_value(stream, event);
    struct fault clean; /* a reason is a peer's text */
    fault_set(&clean, -EPROTO, "%.*s", STR_ARG(reason));
    fprintf(stream, "\t%s\n", clean.text);
}

/* --- the events --- */

static int book_open(struct casebook *book, const struct outbox_batch *batch, struct fault *why) {
    struct wire_reader reader;
    enum message_type type;
    struct fault detail;
    *book = (struct casebook){0};
    wire_reader_init(&reader, batch->bytes.at, batch->bytes.len);
    int rc = message_open(&reader, &type, &detail);
    if (rc == 0 && type != MESSAGE_BATCH)
        rc = fault_set(&detail, -EPROTO, "not a batch");
    if (rc == 0)
        rc = message_read_batch(&reader, &book->batch, &detail);
    if (rc != 0)
        return fault_set(why, -EBADMSG,
                         "batch %" PRIu64
                         " was damaged in the outbox, what was counted in it is lost: %.300s",
                         batch->seq, detail.text);
    struct message_batch walk = book->batch;
    book->series = mem_zeroed(walk.series_count + 1u, sizeof *book->series);
    book->reasons = mem_zeroed(walk.event_count + 1u, sizeof *book->reasons);
    for (uint32_t i = 0; i < walk.series_count; i++) {
        struct str indicator;
        struct dims dims;
        book->series[i] = walk.series;
        message_next_series(&walk, &indicator, &dims);
    }
    return 0;
}

static void book_close(struct casebook *book) {
    free(book->series);
    free(book->reasons);
    free(book->reason_texts);
}

static void add_to_tally(struct suivi_tally *tally, struct str reason, uint64_t count) {
    if (tally->refused == 0 && count > 0) {
        struct fault clean;
        fault_set(&clean, -EPROTO, "%.*s", STR_ARG(reason));
        snprintf(tally->first_reason, sizeof tally->first_reason, "%.*s", (int)sizeof tally->first_reason - 1,
                 clean.text);
    }
    tally->refused += count;
}

/* A batch without events to be told, because it cannot be read. */
static int keep_damaged(struct refused *refused, const struct outbox_batch *batch, const struct fault *damage,
                        struct suivi_tally *tally, struct fault *why) {
    struct log log;
    int rc = log_open(refused, &log, why);
    if (rc != 0)
        return rc;
    struct page page;
    page_open(&page, refused, batch->seq, true);
    fprintf(page.stream, "\t%s\t%" PRIu64 "\t-\t-\t-\t-\t%zu bytes\t%s (digest %016" PRIx64 ", bytes ",
            refused->source, batch->seq, batch->bytes.len, damage->text, message_digest(batch->bytes));
    for (size_t i = 0; i < batch->bytes.len && i < DAMAGED_SHOWN; i++)
        fprintf(page.stream, "%02x", (unsigned char)batch->bytes.at[i]);
    fputs(batch->bytes.len > DAMAGED_SHOWN ? "...)\n" : ")\n", page.stream);
    page_write(&page, log.stream);
    page_close(&page);
    rc = log_close(refused, &log, why);
    if (rc == 0)
        add_to_tally(tally, str_of(damage->text), 1);
    return rc;
}

/* Writes down the events that have a reason; `again`: perhaps they were before. */
static int book_write(struct refused *refused, const struct casebook *book, bool again,
                      struct suivi_tally *tally, struct fault *why) {
    struct log log;
    struct page page;
    int rc = log_open(refused, &log, why);
    if (rc != 0)
        return rc;
    page_open(&page, refused, book->batch.seq, again);
    struct message_batch walk = book->batch;
    struct str first = {0};
    uint64_t count = 0;
    for (uint32_t i = 0; i < walk.event_count; i++) {
        struct message_event event;
        message_next_event(&walk, &event);
        if (!book->reasons[i])
            continue;
        if (count++ == 0 || str_equal(first, STR(MESSAGE_REASON_WHOLE)))
            first = *book->reasons[i];
        write_event(page.stream, book, i, &event, *book->reasons[i]);
        page_write(&page, log.stream);
    }
    page_close(&page);
    rc = log_close(refused, &log, why);
    if (rc == 0)
        add_to_tally(tally, first, count);
    return rc;
}

int refused_keep(struct refused *refused, const struct outbox_batch *batch, const struct message_ack *ack,
                 struct suivi_tally *tally, struct fault *why) {
    OBJ_CHECK(refused, REFUSED_MAGIC);
    struct casebook book;
    struct fault damage;
    if (book_open(&book, batch, &damage) != 0)
        return keep_damaged(refused, batch, &damage, tally, why);
    struct message_ack walk = *ack;
    book.reason_texts = mem_zeroed(walk.reason_count + 1u, sizeof *book.reason_texts);
    for (uint32_t i = 0; i < walk.reason_count; i++)
        message_next_reason(&walk, &book.reason_texts[i]);
    for (uint32_t i = 0; i < walk.refused_count; i++) {
        uint32_t index, reason;
        message_next_refused(&walk, &index, &reason);
        if (index < book.batch.event_count)
            book.reasons[index] = &book.reason_texts[reason];
    }
    int rc = book_write(refused, &book, ack->repeated, tally, why);
    book_close(&book);
    return rc;
}

int refused_keep_all(struct refused *refused, const struct outbox_batch *batch, struct str reason,
                     struct suivi_tally *tally, struct fault *why) {
    OBJ_CHECK(refused, REFUSED_MAGIC);
    struct casebook book;
    struct fault damage;
    if (book_open(&book, batch, &damage) != 0)
        return keep_damaged(refused, batch, &damage, tally, why);
    for (uint32_t i = 0; i < book.batch.event_count; i++)
        book.reasons[i] = &reason;
    int rc = book_write(refused, &book, true, tally, why);
    book_close(&book);
    return rc;
}
