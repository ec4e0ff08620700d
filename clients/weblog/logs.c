#include "clients/weblog/logs.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/collector/input.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/period.h"

#define PEEK_BYTES     (64u << 10)
#define SIBLINGS_MAX   1000
#define SILENT_SECONDS (7 * CIVIL_DAY_SECONDS)

static char *joined(const char *folder, size_t folder_len, const char *name) {
    size_t len = strlen(name);
    char *path = mem_zeroed(folder_len + 1 + len + 1, 1);
    memcpy(path, folder, folder_len);
    path[folder_len] = '/';
    memcpy(path + folder_len + 1, name, len);
    return path;
}

char *logs_absolute(const char *path) {
    if (strcmp(path, "-") == 0)
        return mem_string(path, 1);
    const char *slash = strrchr(path, '/');
    char *folder = slash ? mem_string(path, (size_t)(slash - path) + 1) : mem_string(".", 1);
    char *real = realpath(folder, NULL);
    free(folder);
    if (real == NULL)
        return mem_string(path, strlen(path));
    size_t len = strcmp(real, "/") == 0 ? 0 : strlen(real);
    char *whole = joined(real, len, slash ? slash + 1 : path);
    free(real);
    return whole;
}

struct dated {
    char *path;
    int64_t at; /* of the first line; INT64_MAX: unknown */
    size_t given;
};

static int compare_dated(const void *a, const void *b) {
    const struct dated *x = a, *y = b;
    bool x_last = strcmp(x->path, "-") == 0, y_last = strcmp(y->path, "-") == 0;
    if (x_last != y_last)
        return x_last ? 1 : -1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return (x->given > y->given) - (x->given < y->given);
}

static int64_t first_time_in(struct str piece, enum line_format format) {
    if (format == LINE_AUTO)
        format = line_detect(piece);
    if (format == LINE_AUTO)
        return INT64_MAX;
    struct line_parser *parser;
    line_parser_new(&parser, format);
    struct line line;
    int64_t at = INT64_MAX;
    for (size_t start = 0; start < piece.len && at == INT64_MAX;) {
        const char *newline = memchr(piece.at + start, '\n', piece.len - start);
        size_t end = newline ? (size_t)(newline - piece.at) : piece.len;
        size_t len = end - start;
        while (len > 0 && piece.at[start + len - 1] == '\r')
            len--;
        if (line_parse(parser, (struct str){piece.at + start, len}, &line))
            at = line.at;
        start = end + 1;
    }
    line_parser_destroy(&parser);
    return at;
}

static int64_t first_time(const char *path, enum line_format format) {
    struct input *input;
    struct stat file;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode) || input_open(&input, path, NULL) != 0)
        return INT64_MAX;
    char *bytes = mem_zeroed(1, PEEK_BYTES);
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len < PEEK_BYTES) {
        got = input_read(input, bytes + len, PEEK_BYTES - len, NULL);
        len += got > 0 ? (size_t)got : 0;
    }
    int64_t at = first_time_in((struct str){bytes, len}, format);
    free(bytes);
    input_close(&input);
    return at;
}

void logs_sort(char **paths, size_t count, enum line_format format) {
    if (count < 2)
        return;
    struct dated *dated = mem_zeroed(count, sizeof *dated);
    for (size_t i = 0; i < count; i++)
        dated[i] = (struct dated){paths[i], first_time(paths[i], format), i};
    qsort(dated, count, sizeof *dated, compare_dated);
    for (size_t i = 0; i < count; i++)
        paths[i] = dated[i].path;
    free(dated);
}

void logs_add_report(struct logs_total *total, const char *path, const struct reader *reader) {
    struct reader_report report = reader_report(reader);
    if (!report.heard)
        return;
    total->lines += report.lines;
    total->malformed += report.malformed;
    if (report.malformed > 0)
        terminal_say(LOGS_PROGRAM,
                     "%s:%" PRIu64 ": not readable, counted in web.malformed; %" PRIu64 " such line%s in all",
                     path, report.first_malformed, report.malformed, report.malformed == 1 ? "" : "s");
}

static void complain(struct logs_total *total, const struct reader_fault *wrong) {
    terminal_say(LOGS_PROGRAM, "%s", wrong->why.text);
    total->failed = true;
}

int logs_read_through(struct reader *reader, const char *path, struct logs_total *total, struct fault *why) {
    struct reader_fault wrong;
    int rc = reader_read(reader, &wrong, why);
    if (rc == 0 && wrong.rc == 0)
        rc = reader_finish(reader, &wrong, why);
    if (rc != 0)
        return rc;
    if (wrong.rc != 0)
        complain(total, &wrong);
    logs_add_report(total, path, reader);
    return 0;
}

static bool is_sibling(const char *name, const char *base, size_t base_len) {
    return strncmp(name, base, base_len) == 0 && (name[base_len] == '.' || name[base_len] == '-') &&
           name[base_len + 1] != '\0';
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t list_siblings(const char *path, char **names) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return 0;
    size_t folder_len = (size_t)(slash - path), base_len = strlen(slash + 1), count = 0;
    char *folder = mem_string(path, folder_len + (folder_len == 0));
    DIR *listing = opendir(folder);
    free(folder);
    if (listing == NULL)
        return 0;
    for (struct dirent *entry; count < SIBLINGS_MAX && (entry = readdir(listing)) != NULL;)
        if (is_sibling(entry->d_name, slash + 1, base_len))
            names[count++] = joined(path, folder_len, entry->d_name);
    closedir(listing);
    qsort(names, count, sizeof *names, compare_names);
    return count;
}

/* Reads it if it is the one that goes on from there. */
static int try_sibling(struct reading *reading, const char *path, uint64_t id, struct logs_total *total,
                       bool *found, struct fault *why) {
    struct stat file;
    struct reader_fault wrong;
    struct reader *reader = NULL;
    if (stat(path, &file) != 0 || !S_ISREG(file.st_mode))
        return 0;
    int rc = reader_open(&reader, reading, path, id, &wrong, why);
    if (rc != 0 || wrong.rc != 0)
        return rc;
    *found = true;
    rc = logs_read_through(reader, path, total, why);
    reader_close(&reader);
    return rc;
}

int logs_catch_up(struct reading *reading, const char *path, uint64_t id, struct logs_total *total,
                  struct fault *why) {
    char **names = mem_zeroed(SIBLINGS_MAX, sizeof *names);
    size_t count = list_siblings(path, names);
    bool found = false;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0 && !found; i++)
        rc = try_sibling(reading, names[i], id, total, &found, why);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return rc;
}

int logs_read(struct reading *reading, const char *path, struct logs_total *total, struct fault *why) {
    struct reader *reader = NULL;
    struct reader_fault wrong;
    const struct position *before = positions_by_path(reading->positions, path);
    uint64_t id = before != NULL && !before->packed ? before->id : 0;
    int rc = reader_open(&reader, reading, path, 0, &wrong, why);
    if (rc != 0)
        return rc;
    if (id != 0 && (wrong.rc == -ENOENT || (reader != NULL && reader_position(reader) != id)))
        rc = logs_catch_up(reading, path, id, total, why);
    if (rc == 0 && reader != NULL)
        rc = logs_read_through(reader, path, total, why);
    else if (rc == 0)
        complain(total, &wrong);
    reader_close(&reader);
    return rc;
}

static bool say_held_by_other(const struct keys *keys) {
    int64_t since;
    int32_t day;
    char date[PERIOD_TEXT_MAX];
    const char *who = keys_held_by(keys, &since);
    if (who == NULL || (int64_t)time(NULL) - since < SILENT_SECONDS || !civil_day_of_time(since, &day))
        return false;
    terminal_say(
        LOGS_PROGRAM,
        "a key whose time is over is kept for %s, which has not run since %s: run it there, or remove "
        "%s/%s.needs if it never will",
        who, period_print_day(day, date), keys_shared(keys), who);
    return true;
}

bool logs_say_held_key(const struct counter *counter) {
    int64_t newest;
    int32_t day;
    char date[PERIOD_TEXT_MAX];
    bool said = say_held_by_other(counter_keys(counter));
    const char *site = counter_slow_site(counter, &newest);
    if (site == NULL || !civil_day_of_time(newest, &day))
        return said;
    terminal_say(
        LOGS_PROGRAM,
        "a key whose time is over is kept for site %s, of which nothing was read since %s: count its "
        "logs, or say --forget-site %s if there are none any more",
        site, period_print_day(day, date), site);
    return true;
}
