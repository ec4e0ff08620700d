#include "config/mapping.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/document.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/kind.h"

#define MAPPING_MAGIC  0x3a991e60u
#define ENTRIES_MAX    256
#define CONDITIONS_MAX 32
#define WORDS_MAX      1024
#define TEXT_MAX_BYTES 256
#define NODE_MAX       (DOCUMENT_PATH_MAX * 2 + 8)

#define NEEDED   CYAML_FLAG_POINTER
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

struct where_entry {
    char *column, *is, *filled, *until;
    char **in;
    unsigned in_count;
};

struct words_entry {
    char *column, *any;
    char **in;
    unsigned in_count;
};

struct line_entry {
    char *indicator;
    struct where_entry *where;
    unsigned where_count;
};

/* What libcyaml fills in, and the texts that were read besides. */
struct mapping_content {
    char *name, *encoding, *delimiter, *dates;
    char **key;
    unsigned key_count;
    struct words_entry *words;
    unsigned words_count;
    struct line_entry *entries;
    unsigned entries_count;
    char **texts;
    size_t text_count;
};

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_MAX_BYTES)};

static const cyaml_schema_field_t where_fields[] = {
    CYAML_FIELD_STRING_PTR("column", NEEDED, struct where_entry, column, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("is", OPTIONAL, struct where_entry, is, 0, TEXT_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("in", OPTIONAL, struct where_entry, in, &text_schema, 1, WORDS_MAX),
    CYAML_FIELD_STRING_PTR("filled", OPTIONAL, struct where_entry, filled, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("until", OPTIONAL, struct where_entry, until, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t where_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct where_entry, where_fields)};

static const cyaml_schema_field_t words_fields[] = {
    CYAML_FIELD_STRING_PTR("column", NEEDED, struct words_entry, column, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("in", OPTIONAL, struct words_entry, in, &text_schema, 1, WORDS_MAX),
    CYAML_FIELD_STRING_PTR("any", OPTIONAL, struct words_entry, any, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t words_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct words_entry, words_fields)};

static const cyaml_schema_field_t line_fields[] = {
    CYAML_FIELD_STRING_PTR("indicator", NEEDED, struct line_entry, indicator, 1, INDICATOR_ID_MAX),
    CYAML_FIELD_IGNORE("at",
                       CYAML_FLAG_DEFAULT), /* these may be one thing or another, and are read by hand */
    CYAML_FIELD_IGNORE("value", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("name", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("dims", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_SEQUENCE("where", OPTIONAL, struct line_entry, where, &where_schema, 1, CONDITIONS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t line_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct line_entry, line_fields)};

static const cyaml_schema_field_t content_fields[] = {
    CYAML_FIELD_STRING_PTR("name", OPTIONAL, struct mapping_content, name, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("encoding", OPTIONAL, struct mapping_content, encoding, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("delimiter", OPTIONAL, struct mapping_content, delimiter, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_STRING_PTR("dates", OPTIONAL, struct mapping_content, dates, 1, TEXT_MAX_BYTES),
    CYAML_FIELD_SEQUENCE("key", OPTIONAL, struct mapping_content, key, &text_schema, 1, CONDITIONS_MAX),
    CYAML_FIELD_SEQUENCE("words", OPTIONAL, struct mapping_content, words, &words_schema, 1, CONDITIONS_MAX),
    CYAML_FIELD_SEQUENCE("entries", NEEDED, struct mapping_content, entries, &line_schema, 1, ENTRIES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t content_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct mapping_content, content_fields)};

struct loading {
    struct mapping *mapping;
    const struct document *document;
    struct fault *why;
};

#define FAULT(l, node, ...) document_fault((l)->document, (l)->why, (node), __VA_ARGS__)

static const char *keep(struct loading *l, struct str text) {
    struct mapping_content *content = l->mapping->content;
    content->texts = mem_resize(content->texts, content->text_count + 1, sizeof *content->texts);
    return content->texts[content->text_count++] = mem_string(text.at, text.len);
}

/* --- dates --- */

int mapping_parse_date(const char *text, const char *format, int32_t *day, struct fault *why) {
    struct tm tm = {0};
    const char *end = strptime(text, format, &tm);
    if (end == NULL || *end != '\0') {
        return fault_set(why, -EINVAL, "\"%.64s\" is no date written as %s", text, format);
    }
    if (tm.tm_year < 0) { /* %Y takes "18" */
        return fault_set(why, -EINVAL, "\"%.64s\" is a day of the year %d: write the year in full", text,
                         tm.tm_year + 1900);
    }
    if (!civil_valid(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday)) {
        return fault_set(why, -EINVAL, "\"%.64s\" is a day that does not exist", text);
    }
    *day = civil_to_day(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    return 0;
}

/* A format is good when it tells day, month and year. */
static int read_dates(struct loading *l) {
    const int32_t wanted = civil_to_day(2018, 9, 27);
    const struct tm tm = {.tm_year = 118, .tm_mon = 8, .tm_mday = 27, .tm_wday = 4, .tm_yday = 269};
    struct mapping *mapping = l->mapping;
    mapping->dates = mapping->content->dates ? mapping->content->dates : "%Y-%m-%d";
    char text[TEXT_MAX_BYTES * 4];
    int32_t day;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    size_t len = strftime(text, sizeof text, mapping->dates, &tm);
#pragma GCC diagnostic pop
    if (len == 0 || mapping_parse_date(text, mapping->dates, &day, NULL) != 0 || day != wanted) {
        return FAULT(l, "dates", "\"%s\" does not tell day, month and year: write it as in \"%%d/%%m/%%Y\"",
                     mapping->dates);
    }
    return 0;
}

/* --- what is said of the whole file --- */

static int read_encoding(struct loading *l) {
    static const char *const known[][2] = {{"utf-8", "UTF-8"},
                                           {"iso-8859-1", "ISO-8859-1"},
                                           {"latin1", "ISO-8859-1"},
                                           {"windows-1252", "CP1252"}};
    const char *name = l->mapping->content->encoding;
    l->mapping->encoding = "UTF-8";
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcasecmp(name, known[i][0]) == 0) {
            l->mapping->encoding = known[i][1];
            return 0;
        }
    }
    return name == NULL
               ? 0
               : FAULT(l, "encoding",
                       "\"%s\" is no known encoding: it must be utf-8, iso-8859-1 or windows-1252", name);
}

static int read_delimiter(struct loading *l) {
    static const char *const known[][2] = {{"comma", ","}, {"semicolon", ";"}, {"tab", "\t"}};
    const char *name = l->mapping->content->delimiter;
    for (size_t i = 0; name != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i][0]) == 0 || strcmp(name, known[i][1]) == 0) {
            l->mapping->delimiter = known[i][1][0];
            return 0;
        }
    }
    return name == NULL
               ? 0
               : FAULT(l, "delimiter", "\"%s\" is no delimiter: it must be \",\", \";\" or tab", name);
}

/* --- one entry --- */

/* The set of keys at `node` has no other than these, and each of these is a single value. */
static int check_keys(struct loading *l, const char *node, const char *const *known, size_t count) {
    if (document_form(l->document, node) != DOCUMENT_KEYS) {
        return FAULT(l, node, "a set of keys is needed here, such as {%s: ...}", known[0]);
    }
    for (size_t i = 0; i < document_size(l->document, node); i++) {
        struct str key = document_key(l->document, node, i);
        bool good = false;
        for (size_t j = 0; j < count; j++) {
            good = good || str_equal(key, str_of(known[j]));
        }
        if (!good) {
            const char *similar = document_similar(key, known, count);
            return FAULT(l, node, "unknown key \"%.*s\": %s \"%s\"", (int)(key.len < 64 ? key.len : 64),
                         key.at, similar ? "did you mean" : "it may have", similar ? similar : known[0]);
        }
    }
    return 0;
}

/* The column that `node`, {column: X}, names. */
static int read_column(struct loading *l, const char *node, const char **out) {
    static const char *const known[] = {"column"};
    char inner[NODE_MAX];
    int err = check_keys(l, node, known, 1);
    if (err) {
        return err;
    }
    snprintf(inner, sizeof inner, "%s.column", node);
    struct str name = document_single(l->document, inner);
    if (name.len == 0) {
        return FAULT(l, node, "the name of a column is needed here, such as {column: Region}");
    }
    *out = keep(l, name);
    return 0;
}

static const char *field(size_t index, const char *name, char node[static DOCUMENT_PATH_MAX]) {
    snprintf(node, DOCUMENT_PATH_MAX, "entries[%zu].%s", index, name);
    return node;
}

static int read_at(struct loading *l, size_t index) {
    char node[DOCUMENT_PATH_MAX];
    field(index, "at", node);
    if (document_form(l->document, node) == DOCUMENT_KEYS) {
        return read_column(l, node, &l->mapping->entries[index].at_column);
    }
    if (!str_equal(document_single(l->document, node), STR("file"))) {
        return FAULT(l, node, "\"at\" must be {column: NAME}, or file for the day that --at says");
    }
    return 0;
}

static int read_value(struct loading *l, size_t index) {
    struct mapping_entry *entry = &l->mapping->entries[index];
    char node[DOCUMENT_PATH_MAX];
    field(index, "value", node);
    enum document_form form = document_form(l->document, node);
    if (form == DOCUMENT_NOTHING) {
        return 0;
    }
    if (form == DOCUMENT_KEYS) {
        entry->form = MAPPING_COLUMN;
        return read_column(l, node, &entry->value_column);
    }
    struct str text = document_single(l->document, node);
    if (str_equal(text, STR("rows"))) {
        entry->form = MAPPING_ROWS;
        return 0;
    }
    bool digits = text.len > 0 && text.len <= 12;
    entry->number = 0;
    for (size_t i = 0; digits && i < text.len; i++) {
        digits = text.at[i] >= '0' && text.at[i] <= '9';
        entry->number = entry->number * 10 + (text.at[i] - '0');
    }
    return digits
               ? 0
               : FAULT(l, node, "\"value\" must be a number, {column: NAME}, or rows for how many there are");
}

static int read_name(struct loading *l, size_t index) {
    char node[DOCUMENT_PATH_MAX];
    field(index, "name", node);
    return document_form(l->document, node) == DOCUMENT_NOTHING
               ? 0
               : read_column(l, node, &l->mapping->entries[index].name_column);
}

static int read_words(struct loading *l, const char *node, struct mapping_dim *dim) {
    char inner[NODE_MAX];
    size_t count;
    snprintf(inner, sizeof inner, "%s.map", node);
    int err = document_texts(l->document, inner, WORDS_MAX, &count, l->why);
    if (err || count == 0) {
        return err;
    }
    const char **from = mem_zeroed(count, sizeof *from), **to = mem_zeroed(count, sizeof *to);
    dim->from = from;
    dim->to = to;
    dim->word_count = count;
    for (size_t i = 0; i < count; i++) {
        struct str word, value;
        document_text(l->document, inner, i, &word, &value);
        from[i] = keep(l, word);
        to[i] = keep(l, value);
    }
    return 0;
}

static int read_dim(struct loading *l, const char *node, struct mapping_dim *dim) {
    static const char *const known[] = {"column", "map", "is"};
    char column[NODE_MAX], fixed[NODE_MAX];
    int err = check_keys(l, node, known, 3);
    if (err) {
        return err;
    }
    snprintf(column, sizeof column, "%s.column", node);
    snprintf(fixed, sizeof fixed, "%s.is", node);
    struct str from = document_single(l->document, column), value = document_single(l->document, fixed);
    if ((from.len > 0) == (value.len > 0)) {
        return FAULT(l, node, "a dimension is {column: NAME}, with or without a map, or {is: VALUE}");
    }
    if (value.len > 0) {
        dim->fixed = keep(l, value);
        return 0;
    }
    dim->column = keep(l, from);
    return read_words(l, node, dim);
}

static int read_dims(struct loading *l, size_t index) {
    struct mapping_entry *entry = &l->mapping->entries[index];
    char node[DOCUMENT_PATH_MAX], inner[DOCUMENT_PATH_MAX * 2];
    field(index, "dims", node);
    enum document_form form = document_form(l->document, node);
    if (form == DOCUMENT_NOTHING) {
        return 0;
    }
    size_t count = document_size(l->document, node);
    if (form != DOCUMENT_KEYS || count > DIMS_MAX) {
        return FAULT(l, node, "at most %d dimensions are needed here, such as region: {column: Region}",
                     DIMS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        struct fault reason;
        struct str name = document_key(l->document, node, i);
        if (dims_check_name(name, &reason) != 0) {
            return FAULT(l, node, "%s", reason.text);
        }
        struct mapping_dim *dim = &entry->dim[entry->dim_count++];
        dim->name = keep(l, name);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(entry->dim[j].name, dim->name) == 0) {
                return FAULT(l, node, "dimension \"%s\" stands here twice", dim->name);
            }
        }
        snprintf(inner, sizeof inner, "%s.%s", node, dim->name);
        int err = read_dim(l, inner, dim);
        if (err) {
            return err;
        }
    }
    return 0;
}

static int read_condition(struct loading *l, size_t index, unsigned number) {
    const struct where_entry *where = &l->mapping->content->entries[index].where[number];
    struct mapping_entry *entry = &l->mapping->entries[index];
    struct mapping_condition *condition = &entry->conditions[number];
    char node[DOCUMENT_PATH_MAX];
    snprintf(node, sizeof node, "entries[%zu].where[%u]", index, number);
    entry->condition_count = number + 1;
    condition->column = where->column;
    if ((where->is != NULL) + (where->in != NULL) + (where->filled != NULL) + (where->until != NULL) != 1) {
        return FAULT(l, node,
                     "a condition has one of is: VALUE, in: [VALUE, ...], filled: true and until: file");
    }
    if (where->until != NULL) {
        condition->until_file = strcmp(where->until, "file") == 0;
        return condition->until_file ? 0
                                     : FAULT(l, node, "\"until\" must be file, for the day that --at says");
    }
    if (where->filled != NULL) {
        condition->filled = strcmp(where->filled, "true") == 0;
        return condition->filled || strcmp(where->filled, "false") == 0
                   ? 0
                   : FAULT(l, node, "\"filled\" must be true or false");
    }
    condition->values = where->in ? (const char *const *)where->in : (const char *const *)&where->is;
    condition->value_count = where->in ? where->in_count : 1;
    return 0;
}

static int read_entry(struct loading *l, size_t index) {
    const struct line_entry *from = &l->mapping->content->entries[index];
    struct mapping_entry *entry = &l->mapping->entries[index];
    char node[DOCUMENT_PATH_MAX];
    struct fault reason;
    l->mapping->entry_count = index + 1;
    *entry = (struct mapping_entry){.indicator = from->indicator, .number = 1};
    entry->conditions = mem_zeroed(from->where_count + 1u, sizeof *entry->conditions);
    if (dims_check_indicator(str_of(from->indicator), &reason) != 0) {
        return FAULT(l, field(index, "indicator", node), "%s", reason.text);
    }
    int err = read_at(l, index);
    if (err == 0) {
        err = read_value(l, index);
    }
    if (err == 0) {
        err = read_name(l, index);
    }
    if (err == 0) {
        err = read_dims(l, index);
    }
    for (unsigned i = 0; err == 0 && i < from->where_count; i++) {
        err = read_condition(l, index, i);
    }
    return err;
}

/* --- words of columns that decide --- */

static bool decides(const struct mapping *mapping, const char *column) {
    for (size_t i = 0; i < mapping->entry_count; i++) {
        for (size_t j = 0; j < mapping->entries[i].condition_count; j++) {
            const struct mapping_condition *condition = &mapping->entries[i].conditions[j];
            if (condition->value_count > 0 && strcmp(condition->column, column) == 0) {
                return true;
            }
        }
    }
    return false;
}

static int read_known_words(struct loading *l, size_t index) {
    const struct words_entry *from = &l->mapping->content->words[index];
    struct mapping_words *words = &l->mapping->words[index];
    char node[DOCUMENT_PATH_MAX];
    snprintf(node, sizeof node, "words[%zu]", index);
    *words = (struct mapping_words){.column = from->column,
                                    .values = (const char *const *)from->in,
                                    .value_count = from->in_count,
                                    .any = from->any != NULL};
    if ((from->in != NULL) + (from->any != NULL) != 1 ||
        (from->any != NULL && strcmp(from->any, "true") != 0)) {
        return FAULT(l, node, "the words of a column are in: [WORD, ...], or any: true");
    }
    if (!decides(l->mapping, from->column)) {
        return FAULT(l, node, "no condition asks for a word in column \"%s\"", from->column);
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(l->mapping->words[i].column, from->column) == 0) {
            return FAULT(l, node, "column \"%s\" stands here twice", from->column);
        }
    }
    return 0;
}

/* --- the whole --- */

static int read_content(struct loading *l) {
    struct mapping *mapping = l->mapping;
    mapping->name = mapping->content->name;
    mapping->keys = (const char *const *)mapping->content->key;
    mapping->key_count = mapping->content->key_count;
    mapping->entries = mem_zeroed(mapping->content->entries_count, sizeof *mapping->entries);
    int err = read_encoding(l);
    if (err == 0) {
        err = read_delimiter(l);
    }
    if (err == 0) {
        err = read_dates(l);
    }
    for (size_t i = 0; err == 0 && i < mapping->content->entries_count; i++) {
        err = read_entry(l, i);
    }
    mapping->words_count = mapping->content->words_count;
    mapping->words = mem_zeroed(mapping->words_count + 1, sizeof *mapping->words);
    for (size_t i = 0; err == 0 && i < mapping->words_count; i++) {
        err = read_known_words(l, i);
    }
    return err;
}

int mapping_load(struct mapping **out, const char *path, struct fault *why) {
    struct document *document = NULL;
    struct mapping *mapping = NULL;
    void *content = NULL;
    int err = document_open(&document, path, why);
    if (err == 0) {
        err = document_read(document, &content_schema, &content, why);
    }
    if (err == 0) {
        mapping = mem_zeroed(1, sizeof *mapping);
        mapping->magic = MAPPING_MAGIC;
        mapping->content = content;
        err = read_content(&(struct loading){mapping, document, why});
    }
    document_close(&document);
    if (err) {
        mapping_destroy(&mapping);
        return err;
    }
    *out = mapping;
    return 0;
}

void mapping_destroy(struct mapping **mapping) {
    struct mapping *gone = *mapping;
    if (gone == NULL) {
        return;
    }
    OBJ_CHECK(gone, MAPPING_MAGIC);
    for (size_t i = 0; i < gone->entry_count; i++) {
        for (size_t j = 0; j < gone->entries[i].dim_count; j++) {
            free((void *)gone->entries[i].dim[j].from);
            free((void *)gone->entries[i].dim[j].to);
        }
        free(gone->entries[i].conditions);
    }
    free(gone->entries);
    free(gone->words);
    for (size_t i = 0; i < gone->content->text_count; i++) {
        free(gone->content->texts[i]);
    }
    free(gone->content->texts);
    gone->content->texts = NULL;
    document_free_data(&content_schema, gone->content);
    gone->magic = 0;
    free(gone);
    *mapping = NULL;
}
