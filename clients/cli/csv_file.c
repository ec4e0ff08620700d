#include "clients/cli/csv_file.h"

#include <csv.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"
#include "proto/check.h"
#include "proto/utf8.h"

#define CSV_MAGIC    0x0c5f11e5u
#define COLUMNS_MAX  512
#define COLUMNS_SHOW 300 /* bytes of a list of columns in a sentence */

struct row {
    size_t line, first, count; /* its fields, in `field` */
};

struct csv_file {
    unsigned magic;
    char *path;
    char **field;
    size_t field_count, field_room;
    struct row *row; /* the first one is the header */
    size_t row_count, row_room;
};

/* --- bytes --- */

static int read_bytes(const char *path, char **out, size_t *out_len, struct fault *why) {
    FILE *file = fopen(path, "rbe");
    if (!file)
        return fault_set(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
    size_t len = 0, room = 1u << 16, got;
    char *text = mem_zeroed(1, room);
    while ((got = fread(text + len, 1, room - len, file)) > 0) {
        len += got;
        if (len > CSV_FILE_BYTES_MAX)
            break;
        if (len == room)
            text = mem_resize(text, room *= 2, 1);
    }
    int rc = 0;
    if (ferror(file))
        rc = fault_set(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
    else if (len > CSV_FILE_BYTES_MAX)
        rc = fault_set(why, -EFBIG, "%s: larger than %u MiB: split it", path, CSV_FILE_BYTES_MAX >> 20);
    fclose(file);
    if (rc != 0) {
        free(text);
        return rc;
    }
    *out = text;
    *out_len = len;
    return 0;
}

/* Bytes of the end of line that `text` begins with; 0: none. */
static size_t line_end(const char *text, size_t len) {
    if (len > 1 && text[0] == '\r' && text[1] == '\n')
        return 2;
    return len > 0 && (text[0] == '\n' || text[0] == '\r');
}

static size_t line_of(const char *text, size_t offset) {
    size_t line = 1;
    for (size_t i = 0; i < offset;) {
        size_t end = line_end(text + i, offset - i);
        line += end > 0;
        i += end ? end : 1;
    }
    return line;
}

static int check_utf8(const char *path, const char *text, size_t len, struct fault *why) {
    for (size_t i = 0; i < len;) {
        size_t step = utf8_step((struct str){text + i, len - i});
        if (step == 0)
            return fault_set(
                why, -EINVAL,
                "%s:%zu: this is not UTF-8. Save the file as \"CSV UTF-8\", or say its encoding in the "
                "mapping, as in encoding: windows-1252",
                path, line_of(text, i));
        if (text[i] == '\0')
            return fault_set(why, -EINVAL, "%s:%zu: a zero byte: this is no CSV file", path,
                             line_of(text, i));
        i += step;
    }
    return 0;
}

/* Into UTF-8, in the place of *text. */
static int convert(const char *path, const char *encoding, char **text, size_t *len, struct fault *why) {
    iconv_t converter = iconv_open("UTF-8", encoding);
    if (converter == (iconv_t)-1)
        return fault_set(why, -errno, "this system cannot read %s: convert %s to UTF-8", encoding, path);
    size_t room = *len * 3 + 1, left = *len, space = room;
    char *out = mem_zeroed(room, 1), *from = *text, *to = out;
    size_t done = iconv(converter, &from, &left, &to, &space);
    iconv_close(converter);
    if (done == (size_t)-1) {
        size_t line = line_of(*text, (size_t)(from - *text));
        free(out);
        return fault_set(why, -EINVAL, "%s:%zu: this is not %s: is \"encoding\" in the mapping right?", path,
                         line, encoding);
    }
    free(*text);
    *text = out;
    *len = (size_t)(to - out);
    return 0;
}

/* --- rows --- */

struct reading {
    struct csv_file *file;
    size_t line, begins, first; /* of the row that is being read */
    bool filled;
    bool crowded; /* more columns or rows than are taken */
};

static void on_field(void *text, size_t len, void *arg) {
    struct reading *reading = arg;
    struct csv_file *file = reading->file;
    if (file->field_count - reading->first >= COLUMNS_MAX) {
        reading->crowded = true;
        return;
    }
    const char *at = text;
    while (len > 0 && strchr(" \t\r\n", at[0])) {
        at++;
        len--;
    }
    while (len > 0 && strchr(" \t\r\n", at[len - 1]))
        len--;
    if (file->field_count == file->field_room) {
        file->field_room = file->field_room ? file->field_room * 2 : 256;
        file->field = mem_resize(file->field, file->field_room, sizeof *file->field);
    }
    file->field[file->field_count++] = mem_string(at, len);
    reading->filled = reading->filled || len > 0;
}

static void on_row(int end, void *arg) {
    (void)end;
    struct reading *reading = arg;
    struct csv_file *file = reading->file;
    if (!reading->filled) {
        while (file->field_count > reading->first)
            free(file->field[--file->field_count]);
        return;
    }
    if (file->row_count > CSV_FILE_ROWS_MAX) {
        reading->crowded = true;
        return;
    }
    if (file->row_count == file->row_room) {
        file->row_room = file->row_room ? file->row_room * 2 : 64;
        file->row = mem_resize(file->row, file->row_room, sizeof *file->row);
    }
    file->row[file->row_count++] =
        (struct row){reading->begins, reading->first, file->field_count - reading->first};
    reading->first = file->field_count;
    reading->filled = false;
}

/* The one that the header has most of, outside quotes. */
static char find_delimiter(const char *text, size_t len) {
    static const char choices[] = ",;\t";
    size_t count[3] = {0};
    bool quoted = false;
    for (size_t i = 0; i < len && (quoted || !line_end(text + i, len - i)); i++) {
        const char *choice = text[i] != '\0' ? strchr(choices, text[i]) : NULL;
        quoted ^= text[i] == '"';
        if (choice && !quoted)
            count[choice - choices]++;
    }
    size_t best = count[1] > count[0];
    return choices[count[2] > count[best] ? 2 : best];
}

/* Line by line, so that each row's line is known. */
static int parse(struct reading *reading, struct csv_parser *parser, const char *text, size_t len,
                 struct fault *why) {
    const char *path = reading->file->path;
    bool within = false;
    while (len > 0) {
        size_t step = 0;
        while (step < len && !line_end(text + step, len - step))
            step++;
        step += line_end(text + step, len - step);
        reading->line++;
        if (!within)
            reading->begins = reading->line;
        if (csv_parse(parser, text, step, on_field, on_row, reading) != step) {
            ASSERT(csv_error(parser) == CSV_EPARSE);
            return fault_set(
                why, -EINVAL,
                "%s:%zu: a quote (\") where none can be: a field with quotes in it stands within quotes, "
                "and each of them twice",
                path, reading->line);
        }
        /* Only quotes carry a row over the end of a line. */
        within = parser->pstate != 0;
        if (reading->crowded)
            return fault_set(why, -E2BIG, "%s:%zu: more than %d columns or %u rows: split the file", path,
                             reading->line, COLUMNS_MAX, CSV_FILE_ROWS_MAX);
        text += step;
        len -= step;
    }
    if (csv_fini(parser, on_field, on_row, reading) != 0)
        return fault_set(why, -EINVAL, "%s:%zu: a quote (\") that stands in this row is never closed", path,
                         reading->begins);
    return 0;
}

static int read_rows(struct csv_file *file, const char *text, size_t len, char delimiter, struct fault *why) {
    struct csv_parser parser;
    struct reading reading = {.file = file};
    ASSERT(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0);
    csv_set_delim(&parser, (unsigned char)(delimiter ? delimiter : find_delimiter(text, len)));
    int rc = parse(&reading, &parser, text, len, why);
    csv_free(&parser);
    if (rc == 0 && file->row_count == 0)
        rc = fault_set(why, -EINVAL, "%s: is empty", file->path);
    return rc;
}

/* --- the whole --- */

int csv_file_read(struct csv_file **out, const char *path, const char *encoding, char delimiter,
                  struct fault *why) {
    char *text = NULL;
    size_t len = 0;
    int rc = read_bytes(path, &text, &len, why);
    if (rc != 0)
        return rc;
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (len >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        rc = fault_set(why, -EINVAL, "%s: this is UTF-16: save the file as \"CSV UTF-8\"", path);
    else if (mark == 0 && strcmp(encoding, "UTF-8") != 0)
        rc = convert(path, encoding, &text, &len, why);
    if (rc == 0)
        rc = check_utf8(path, text, len, why);
    struct csv_file *file = mem_zeroed(1, sizeof *file);
    file->magic = CSV_MAGIC;
    file->path = mem_string(path, strlen(path));
    if (rc == 0)
        rc = read_rows(file, text + mark, len - mark, delimiter, why);
    free(text);
    if (rc != 0)
        csv_file_destroy(&file);
    else
        *out = file;
    return rc;
}

void csv_file_destroy(struct csv_file **file) {
    struct csv_file *gone = *file;
    if (!gone)
        return;
    OBJ_CHECK(gone, CSV_MAGIC);
    for (size_t i = 0; i < gone->field_count; i++)
        free(gone->field[i]);
    free(gone->field);
    free(gone->row);
    free(gone->path);
    gone->magic = 0;
    free(gone);
    *file = NULL;
}

size_t csv_file_columns(const struct csv_file *file) {
    OBJ_CHECK(file, CSV_MAGIC);
    return file->row[0].count;
}

const char *csv_file_column(const struct csv_file *file, size_t index) {
    ASSERT(index < csv_file_columns(file));
    return file->field[file->row[0].first + index];
}

size_t csv_file_rows(const struct csv_file *file) {
    OBJ_CHECK(file, CSV_MAGIC);
    return file->row_count - 1;
}

struct csv_row csv_file_row(const struct csv_file *file, size_t index) {
    ASSERT(index < csv_file_rows(file));
    const struct row *row = &file->row[index + 1];
    return (struct csv_row){row->line, row->count, (const char *const *)file->field + row->first};
}

int csv_file_find(const struct csv_file *file, const char *name, size_t *index, struct fault *why) {
    size_t count = csv_file_columns(file), found = count;
    const char *columns[COLUMNS_MAX];
    char all[COLUMNS_SHOW] = "";
    for (size_t i = 0; i < count; i++) {
        columns[i] = csv_file_column(file, i);
        if (strcmp(columns[i], name) == 0 && found < count)
            return fault_set(why, -EINVAL, "%s:%zu: there are two columns \"%s\"", file->path,
                             file->row[0].line, name);
        if (strcmp(columns[i], name) == 0)
            found = i;
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", columns[i]);
    }
    if (found < count) {
        *index = found;
        return 0;
    }
    const char *similar = document_similar(str_of(name), columns, count);
    if (similar)
        return fault_set(why, -EINVAL, "%s:%zu: there is no column \"%s\"; did you mean \"%s\"?", file->path,
                         file->row[0].line, name, similar);
    return fault_set(why, -EINVAL, "%s:%zu: there is no column \"%s\": the header has %s", file->path,
                     file->row[0].line, name, all);
}
