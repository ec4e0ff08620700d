#include "clients/cli/import_where.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "clients/cli/spaces.h"
#include "proto/check.h"

#define WHERE_MAGIC 0x03e4e9a1u
#define NONE        SIZE_MAX
#define LIST_MAX    280 /* bytes of the words in a sentence */
#define FORM        (UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD)

struct word {
    const char *written;
    char *folded;
};

/* A column in which words decide. */
struct deciding {
    const char *name;
    size_t column;
    bool any; /* also other words */
    struct word *word;
    size_t count;
    size_t said; /* the number of the word in the row that was read; NONE: another one */
};

struct asked {
    size_t column;
    size_t deciding; /* NONE: its words do not matter */
    size_t *word;    /* numbers of words, as many as the condition has values */
};

struct import_where {
    unsigned magic;
    const struct mapping *mapping;
    struct deciding *deciding;
    size_t count;
    struct asked **asked; /* by entry and condition */
};

/* --- words --- */

static char *fold(const char *text) {
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded, FORM);
    ASSERT(len >= 0);
    return spaces_fold((char *)folded);
}

static size_t find_word(const struct deciding *deciding, const char *folded) {
    for (size_t i = 0; i < deciding->count; i++)
        if (strcmp(deciding->word[i].folded, folded) == 0)
            return i;
    return NONE;
}

static size_t learn(struct deciding *deciding, const char *written) {
    char *folded = fold(written);
    size_t number = find_word(deciding, folded);
    if (number != NONE) {
        free(folded);
        return number;
    }
    deciding->word = mem_resize(deciding->word, deciding->count + 1, sizeof *deciding->word);
    deciding->word[deciding->count] = (struct word){written, folded};
    return deciding->count++;
}

static size_t find_deciding(const struct import_where *where, const char *name) {
    for (size_t i = 0; i < where->count; i++)
        if (strcmp(where->deciding[i].name, name) == 0)
            return i;
    return NONE;
}

static size_t need_deciding(struct import_where *where, const char *name, size_t column) {
    size_t index = find_deciding(where, name);
    if (index != NONE)
        return index;
    where->deciding = mem_resize(where->deciding, where->count + 1, sizeof *where->deciding);
    where->deciding[where->count] = (struct deciding){.name = name, .column = column, .said = NONE};
    return where->count++;
}

/* --- making it --- */

static int fit_entry(struct import_where *where, size_t index, const struct csv_file *file,
                     struct fault *why) {
    const struct mapping_entry *entry = &where->mapping->entries[index];
    struct asked *all = where->asked[index] = mem_zeroed(entry->condition_count + 1, sizeof *all);
    for (size_t i = 0; i < entry->condition_count; i++) {
        const struct mapping_condition *condition = &entry->conditions[i];
        struct asked *asked = &all[i];
        asked->deciding = NONE;
        int rc = csv_file_find(file, condition->column, &asked->column, why);
        if (rc != 0)
            return rc;
        if (condition->value_count == 0)
            continue;
        asked->deciding = need_deciding(where, condition->column, asked->column);
        asked->word = mem_zeroed(condition->value_count, sizeof *asked->word);
        for (size_t j = 0; j < condition->value_count; j++)
            asked->word[j] = learn(&where->deciding[asked->deciding], condition->values[j]);
    }
    return 0;
}

/* What the mapping says besides: lists of words, and conditions that tell an empty field from others. */
static void learn_others(struct import_where *where) {
    const struct mapping *mapping = where->mapping;
    for (size_t i = 0; i < mapping->words_count; i++) {
        const struct mapping_words *words = &mapping->words[i];
        struct deciding *deciding = &where->deciding[find_deciding(where, words->column)];
        deciding->any = words->any;
        for (size_t j = 0; j < words->value_count; j++)
            learn(deciding, words->values[j]);
    }
    for (size_t i = 0; i < mapping->entry_count; i++) {
        for (size_t j = 0; j < mapping->entries[i].condition_count; j++) {
            const struct mapping_condition *condition = &mapping->entries[i].conditions[j];
            size_t index = find_deciding(where, condition->column);
            if (condition->value_count == 0 && !condition->until_file && index != NONE)
                learn(&where->deciding[index], "");
        }
    }
}

int import_where_make(struct import_where **out, const struct mapping *mapping, const struct csv_file *file,
                      struct fault *why) {
    struct import_where *where = mem_zeroed(1, sizeof *where);
    int rc = 0;
    where->magic = WHERE_MAGIC;
    where->mapping = mapping;
    where->asked = mem_zeroed(mapping->entry_count + 1, sizeof(struct asked *));
    for (size_t i = 0; i < mapping->entry_count && rc == 0; i++)
        rc = fit_entry(where, i, file, why);
    if (rc != 0) {
        import_where_destroy(&where);
        return rc;
    }
    learn_others(where);
    *out = where;
    return 0;
}

void import_where_destroy(struct import_where **where) {
    struct import_where *gone = *where;
    if (!gone)
        return;
    OBJ_CHECK(gone, WHERE_MAGIC);
    for (size_t i = 0; i < gone->count; i++) {
        for (size_t j = 0; j < gone->deciding[i].count; j++)
            free(gone->deciding[i].word[j].folded);
        free(gone->deciding[i].word);
    }
    free(gone->deciding);
    for (size_t i = 0; i < gone->mapping->entry_count; i++) {
        for (size_t j = 0; gone->asked[i] && j < gone->mapping->entries[i].condition_count; j++)
            free(gone->asked[i][j].word);
        free(gone->asked[i]);
    }
    free(gone->asked);
    gone->magic = 0;
    free(gone);
    *where = NULL;
}

/* --- a row --- */

size_t import_where_columns(const struct import_where *where) {
    OBJ_CHECK(where, WHERE_MAGIC);
    return where->count;
}

/* "yes, oui, no or nothing", as far as there is room. */
static void list_words(const struct deciding *deciding, char text[static LIST_MAX]) {
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < deciding->count; i++) {
        const char *word = deciding->word[i].written;
        const char *before = i == 0 ? "" : i + 1 < deciding->count ? ", " : " or ";
        if (len + strlen(word) + sizeof " and others" + 8 > LIST_MAX) {
            snprintf(text + len, LIST_MAX - len, " and others");
            return;
        }
        len += (size_t)snprintf(text + len, LIST_MAX - len, "%s%s", before, *word ? word : "nothing");
    }
}

int import_where_read(struct import_where *where, size_t index, const struct csv_row *row,
                      struct fault *why) {
    ASSERT(index < where->count);
    struct deciding *deciding = &where->deciding[index];
    char *folded = fold(row->field[deciding->column]), words[LIST_MAX];
    bool empty = *folded == '\0';
    deciding->said = find_word(deciding, folded);
    free(folded);
    if (deciding->said != NONE || deciding->any)
        return 0;
    list_words(deciding, words);
    return empty
               ? fault_set(why, -EINVAL, "\"%.64s\" is empty: it must be %s", deciding->name, words)
               : fault_set(why, -EINVAL,
                           "\"%.64s\": \"%.64s\" is none of the words that the mapping knows there: it must "
                           "be %s",
                           deciding->name, row->field[deciding->column], words);
}

static bool says_one(const struct import_where *where, const struct asked *asked, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (where->deciding[asked->deciding].said == asked->word[i])
            return true;
    return false;
}

enum import_where_answer import_where_takes(const struct import_where *where, size_t entry,
                                            const struct csv_row *row, int32_t day, struct fault *why) {
    OBJ_CHECK(where, WHERE_MAGIC);
    const struct mapping_entry *from = &where->mapping->entries[entry];
    enum import_where_answer answer = IMPORT_WHERE_YES;
    for (size_t i = 0; i < from->condition_count; i++) {
        const struct mapping_condition *condition = &from->conditions[i];
        const struct asked *asked = &where->asked[entry][i];
        const char *text = row->field[asked->column];
        struct fault reason;
        int32_t said;
        if (condition->value_count > 0) {
            if (!says_one(where, asked, condition->value_count))
                return IMPORT_WHERE_NO;
        } else if (!condition->until_file) {
            if ((*text != '\0') != condition->filled)
                return IMPORT_WHERE_NO;
        } else if (*text == '\0') {
            fault_set(why, -EINVAL, "\"%.64s\" is empty: a date is needed", condition->column);
            return IMPORT_WHERE_BAD;
        } else if (mapping_parse_date(text, where->mapping->dates, &said, &reason) != 0) {
            fault_set(why, -EINVAL, "\"%.64s\": %s", condition->column, reason.text);
            return IMPORT_WHERE_BAD;
        } else if (said > day) {
            answer = IMPORT_WHERE_LATER;
        }
    }
    return answer;
}
