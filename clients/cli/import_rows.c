#include "clients/cli/import_rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/import_where.h"
#include "clients/cli/recording.h"
#include "clients/cli/spaces.h"
#include "clients/cli/words.h"
#include "proto/check.h"
#include "proto/entry.h"
#include "proto/utf8.h"

#define ROWS_MAGIC 0x0194057au
#define NOWHERE    SIZE_MAX
#define ZEROS_MAX  4096 /* sets of dimensions for which a level of no rows is 0 */

/* An entry of the mapping, held against the plan and the columns. */
struct column_set {
    const struct mapping_entry *from;
    const struct promise *promise;
    size_t at, value, name;                  /* columns; NOWHERE: none */
    const struct mapping_dim *dim[DIMS_MAX]; /* by the plan's order */
    size_t dim_column[DIMS_MAX];
};

struct row_fault {
    size_t line, number;
    char *text;
};

struct import_rows {
    unsigned magic;
    const struct import_source *source;
    struct column_set *sets;
    struct import_where *where;
    size_t later;
    size_t *key_column;
    struct str *key; /* of each row, where the mapping names columns for it */
    struct import_item *item;
    size_t count, room;
    struct row_fault *fault;
    size_t fault_count;
};

/* --- faults --- */

void import_rows_fault(struct import_rows *rows, size_t line, const char *format, ...) {
    char text[FAULT_TEXT_MAX];
    struct fault clean;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fault_set(&clean, -EINVAL, "%s", text);
    for (size_t i = rows->fault_count; i > 0 && rows->fault[i - 1].line == line; i--)
        if (strcmp(rows->fault[i - 1].text, clean.text) == 0)
            return;
    if ((rows->fault_count & (rows->fault_count - 1)) == 0)
        rows->fault =
            mem_resize(rows->fault, rows->fault_count ? rows->fault_count * 2 : 1, sizeof *rows->fault);
    rows->fault[rows->fault_count] =
        (struct row_fault){line, rows->fault_count, mem_string(clean.text, strlen(clean.text))};
    rows->fault_count++;
}

static int by_line(const void *a, const void *b) {
    const struct row_fault *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

size_t import_rows_faults(struct import_rows *rows) {
    OBJ_CHECK(rows, ROWS_MAGIC);
    if (rows->fault_count > 0)
        qsort(rows->fault, rows->fault_count, sizeof *rows->fault, by_line);
    return rows->fault_count;
}

const char *import_rows_fault_at(const struct import_rows *rows, size_t index, size_t *line) {
    ASSERT(index < rows->fault_count);
    *line = rows->fault[index].line;
    return rows->fault[index].text;
}

/* --- mapping, plan and columns --- */

static int find_column(const struct import_source *source, const char *name, size_t *out, struct fault *why) {
    *out = NOWHERE;
    return name ? csv_file_find(source->file, name, out, why) : 0;
}

static int check_form(const struct import_source *source, const struct column_set *set, struct fault *why) {
    const struct mapping_entry *from = set->from;
    enum kind kind = set->promise->kind;
    const char *mend = NULL;
    if (kind == KIND_COUNT && (from->name_column || from->form == MAPPING_ROWS))
        mend = "a count: give it value: 1 for each row, or value: {column: NAME}";
    else if (kind == KIND_LEVEL && (from->name_column || from->form == MAPPING_FIXED))
        mend = "a level: give it value: rows for how many rows there are, or value: {column: NAME}";
    else if (kind == KIND_ROSTER && (!from->name_column || from->form != MAPPING_FIXED))
        mend = "a roster: give it name: {column: NAME} and no value";
    else if (kind == KIND_DISTINCT && (!from->name_column || from->form != MAPPING_FIXED))
        mend = "a count of different people: give it name: {column: NAME} and no value";
    else if (kind == KIND_RATIO)
        mend = "a ratio, which is computed: import what it is made of";
    else if (kind != KIND_COUNT && kind != KIND_LEVEL && kind != KIND_ROSTER && kind != KIND_DISTINCT)
        mend = "not for import, which takes counts, levels, rosters and people: use suivi record";
    return mend ? fault_set(why, -EINVAL, "%s: %s is %s", source->mapping_path, from->indicator, mend) : 0;
}

/* A value that stands in the mapping itself must be one of the closed list. */
static int check_words(const struct import_source *source, const struct promise *promise, size_t index,
                       const struct mapping_dim *dim, struct fault *why) {
    size_t count = dim->fixed ? 1 : dim->word_count;
    for (size_t i = 0; i < count; i++) {
        struct fault reason;
        const char *value = dim->fixed ? dim->fixed : dim->to[i];
        if (promise_check_value(promise, index, value, &reason) != 0)
            return fault_set(why, -EINVAL, "%s: %s", source->mapping_path, reason.text);
    }
    return 0;
}

static int fit_dims(const struct import_source *source, struct column_set *set, struct fault *why) {
    const struct promise *promise = set->promise;
    const struct mapping_entry *from = set->from;
    struct suivi_dim dims[DIMS_MAX];
    struct fault reason;
    for (size_t i = 0; i < from->dim_count; i++)
        dims[i] = (struct suivi_dim){from->dim[i].name, NULL};
    if (promise_check_names(promise, dims, from->dim_count, "dims: ", &reason) != 0)
        return fault_set(why, -EINVAL, "%s: %s", source->mapping_path, reason.text);
    int rc = 0;
    for (size_t i = 0; i < promise->dim_count && rc == 0; i++) {
        size_t j = 0;
        while (strcmp(from->dim[j].name, promise->dim[i].name) != 0)
            j++;
        set->dim[i] = &from->dim[j];
        rc = find_column(source, from->dim[j].column, &set->dim_column[i], why);
        if (rc == 0)
            rc = check_words(source, promise, i, &from->dim[j], why);
    }
    return rc;
}

static int fit(const struct import_source *source, struct column_set *set, struct fault *why) {
    const struct mapping_entry *from = set->from;
    struct fault reason;
    set->promise = promises_find(source->promises, from->indicator, &reason);
    if (!set->promise)
        return fault_set(why, -EINVAL, "%s: %s", source->mapping_path, reason.text);
    int rc = check_form(source, set, why);
    if (rc == 0 && !from->at_column && !source->has_day)
        rc = fault_set(why, -EINVAL, "%s is of the day of the file: say it with --at DATE", from->indicator);
    if (rc == 0)
        rc = find_column(source, from->at_column, &set->at, why);
    if (rc == 0)
        rc = find_column(source, from->value_column, &set->value, why);
    if (rc == 0)
        rc = find_column(source, from->name_column, &set->name, why);
    if (rc == 0)
        rc = fit_dims(source, set, why);
    for (size_t i = 0; i < from->condition_count && rc == 0; i++)
        if (from->conditions[i].until_file && !source->has_day)
            rc = fault_set(why, -EINVAL, "%s is of rows until the day of the file: say it with --at DATE",
                           from->indicator);
    return rc;
}

static int fit_all(struct import_rows *rows, struct fault *why) {
    const struct mapping *mapping = rows->source->mapping;
    int rc = 0;
    rows->sets = mem_zeroed(mapping->entry_count, sizeof *rows->sets);
    rows->key_column = mem_zeroed(mapping->key_count + 1, sizeof *rows->key_column);
    for (size_t i = 0; i < mapping->key_count && rc == 0; i++)
        rc = find_column(rows->source, mapping->keys[i], &rows->key_column[i], why);
    for (size_t i = 0; i < mapping->entry_count && rc == 0; i++) {
        rows->sets[i].from = &mapping->entries[i];
        rc = fit(rows->source, &rows->sets[i], why);
    }
    if (rc == 0)
        rc = import_where_make(&rows->where, mapping, rows->source->file, why);
    return rc;
}

/* --- keys of rows --- */

static struct str join(const struct csv_row *row, const size_t *columns, size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += strlen(row->field[columns[i]]) + 1;
    char *text = mem_zeroed(len + 1, 1), *at = text;
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, row->field[columns[i]]) + 1;
    return (struct str){text, len};
}

static int by_key(const void *a, const void *b, void *keys) {
    const struct str *key = keys;
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    int order = str_compare(key[x], key[y]);
    return order ? order : (x > y) - (x < y);
}

static bool nothing_in(struct str key) {
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] != '\0')
            return false;
    return true;
}

static void tell_apart(struct import_rows *rows, const size_t *order, size_t count) {
    const struct import_source *source = rows->source;
    size_t first = 0;
    for (size_t i = 1; i < count; i++) {
        if (str_equal(rows->key[order[i]], rows->key[order[first]]))
            import_rows_fault(rows, csv_file_row(source->file, order[i]).line,
                              "is line %zu again: the same \"%s\"",
                              csv_file_row(source->file, order[first]).line, source->mapping->keys[0]);
        else
            first = i;
    }
}

static void check_keys(struct import_rows *rows) {
    const struct csv_file *file = rows->source->file;
    size_t count = csv_file_rows(file), named = rows->source->mapping->key_count, good = 0;
    if (named == 0)
        return;
    size_t *order = mem_zeroed(count + 1, sizeof *order);
    rows->key = mem_zeroed(count + 1, sizeof *rows->key);
    for (size_t i = 0; i < count; i++) {
        struct csv_row row = csv_file_row(file, i);
        if (row.count != csv_file_columns(file))
            continue;
        rows->key[i] = join(&row, rows->key_column, named);
        if (nothing_in(rows->key[i]))
            import_rows_fault(rows, row.line, "\"%s\" is empty, and tells no row from another",
                              rows->source->mapping->keys[0]);
        else
            order[good++] = i;
    }
    qsort_r(order, good, sizeof *order, by_key, rows->key);
    tell_apart(rows, order, good);
    free(order);
}

/* --- one row --- */

static const char *column_name(const struct import_rows *rows, size_t column) {
    return csv_file_column(rows->source->file, column);
}

/* Each says what is wrong with the row, and returns false. */

static bool take_day(struct import_rows *rows, const struct csv_row *row, const struct column_set *set,
                     struct import_item *item) {
    struct fault why;
    item->day = rows->source->day;
    if (set->at == NOWHERE)
        return true;
    const char *text = row->field[set->at];
    if (*text == '\0')
        import_rows_fault(rows, row->line, "\"%s\" is empty: a date is needed", column_name(rows, set->at));
    else if (mapping_parse_date(text, rows->source->mapping->dates, &item->day, &why) != 0 ||
             recording_check_past(item->day, &why) != 0)
        import_rows_fault(rows, row->line, "\"%s\": %s", column_name(rows, set->at), why.text);
    else
        return true;
    return false;
}

static const char *translate(const struct mapping_dim *dim, const char *text) {
    for (size_t i = 0; i < dim->word_count; i++)
        if (strcmp(dim->from[i], text) == 0)
            return dim->to[i];
    return dim->word_count > 0 ? NULL : text;
}

static bool take_dims(struct import_rows *rows, const struct csv_row *row, const struct column_set *set,
                      struct import_item *item) {
    for (size_t i = 0; i < set->promise->dim_count; i++) {
        const struct mapping_dim *dim = set->dim[i];
        struct fault why;
        item->dims[i] = (struct suivi_dim){set->promise->dim[i].name, dim->fixed};
        if (dim->fixed)
            continue;
        const char *text = row->field[set->dim_column[i]];
        if (dim->word_count == 0)
            text = spaces_fold((char *)(uintptr_t)text);
        const char *value = *text ? translate(dim, text) : NULL;
        if (*text == '\0')
            fault_set(&why, -EINVAL, "it is empty: a %s is needed", dim->name);
        else if (!value)
            fault_set(&why, -EINVAL, "\"%s\" is not among the words that the mapping has for it", text);
        else if (promise_check_value(set->promise, i, value, &why) == 0) {
            item->dims[i].value = value;
            continue;
        }
        import_rows_fault(rows, row->line, "\"%s\": %s", column_name(rows, set->dim_column[i]), why.text);
        return false;
    }
    return true;
}

static bool take_value(struct import_rows *rows, const struct csv_row *row, const struct column_set *set,
                       struct import_item *item) {
    struct fault why;
    item->value = set->from->form == MAPPING_ROWS ? 1 : set->from->number;
    if (set->value == NOWHERE)
        return true;
    const char *text = row->field[set->value];
    if (*text == '\0')
        fault_set(&why, -EINVAL, "it is empty: a number is needed");
    else if (recording_parse_number(text, &item->value, &why) == 0) {
        if (item->value >= 0)
            return true;
        fault_set(&why, -EINVAL, "%s is below 0", text);
    }
    import_rows_fault(rows, row->line, "\"%s\": %s", column_name(rows, set->value), why.text);
    return false;
}

static bool take_name(struct import_rows *rows, const struct csv_row *row, const struct column_set *set,
                      struct import_item *item) {
    struct fault why;
    if (set->name == NOWHERE)
        return true;
    item->name = row->field[set->name];
    if (*item->name == '\0')
        fault_set(&why, -EINVAL, "it is empty: a name is needed");
    else if (set->promise->kind == KIND_DISTINCT ||
             dims_check_value(str_of(spaces_fold((char *)(uintptr_t)item->name)), &why) == 0)
        return true; /* of people nothing is repeated in a sentence */
    import_rows_fault(rows, row->line, "\"%s\": %s", column_name(rows, set->name), why.text);
    return false;
}

static void add_item(struct import_rows *rows, const struct import_item *item) {
    if (rows->count == rows->room) {
        rows->room = rows->room ? rows->room * 2 : 256;
        rows->item = mem_resize(rows->item, rows->room, sizeof *rows->item);
    }
    rows->item[rows->count++] = *item;
}

/* Whether the mapping's entry takes the row. */
static bool is_taken(struct import_rows *rows, const struct csv_row *row, size_t entry, bool *later) {
    struct fault why;
    enum import_where_answer answer = import_where_takes(rows->where, entry, row, rows->source->day, &why);
    if (answer == IMPORT_WHERE_BAD)
        import_rows_fault(rows, row->line, "%s", why.text);
    *later = *later || answer == IMPORT_WHERE_LATER;
    return answer == IMPORT_WHERE_YES;
}

static void read_row(struct import_rows *rows, size_t index) {
    const struct import_source *source = rows->source;
    struct csv_row row = csv_file_row(source->file, index);
    if (row.count != csv_file_columns(source->file)) {
        import_rows_fault(rows, row.line, "%zu field%s, and the header has %zu%s", row.count,
                          row.count == 1 ? "" : "s", csv_file_columns(source->file),
                          row.count > csv_file_columns(source->file)
                              ? ": is there a separator within a field that is not quoted?"
                              : "");
        return;
    }
    struct fault why;
    bool later = false;
    for (size_t i = 0; i < import_where_columns(rows->where); i++)
        if (import_where_read(rows->where, i, &row, &why) != 0)
            import_rows_fault(rows, row.line, "%s", why.text);
    for (size_t i = 0; i < source->mapping->entry_count; i++) {
        const struct column_set *set = &rows->sets[i];
        struct import_item item = {.from = set->from, .promise = set->promise, .line = row.line};
        if (set->promise->kind == KIND_COUNT)
            item.list = source->mapping->name;
        if (is_taken(rows, &row, i, &later) && take_day(rows, &row, set, &item) &&
            take_dims(rows, &row, set, &item) && take_value(rows, &row, set, &item) &&
            take_name(rows, &row, set, &item))
            add_item(rows, &item);
    }
    rows->later += later;
}

/* --- items --- */

int import_item_compare(const struct import_item *a, const struct import_item *b) {
    if (a->promise != b->promise)
        return a->from < b->from ? -1 : 1;
    for (size_t i = 0; i < a->promise->dim_count; i++) {
        int order = strcmp(a->dims[i].value, b->dims[i].value);
        if (order != 0)
            return order;
    }
    return (a->day > b->day) - (a->day < b->day);
}

/* By mapping entry first, then as above. */
static int by_series(const void *a, const void *b) {
    const struct import_item *x = a, *y = b;
    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    int order = import_item_compare(x, y);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Where levels are numbers of rows, one item for each day and set of dimensions takes the place of the rows'. The items
 * are sorted. */
static void count_rows(struct import_rows *rows) {
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct import_item *item = &rows->item[i], *last = kept ? &rows->item[kept - 1] : NULL;
        if (item->from->form == MAPPING_ROWS && last && last->from == item->from &&
            import_item_compare(last, item) == 0)
            last->value++;
        else
            rows->item[kept++] = *item;
    }
    rows->count = kept;
}

static int by_place(const void *a, const void *b) {
    const struct import_item *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : import_item_compare(x, y);
}

/* A region of which the file has no row any more has 0 members, and not those that it had before. */
static void add_zeros(struct import_rows *rows, const struct column_set *set, size_t known) {
    const struct promise *promise = set->promise;
    size_t all = 1;
    if (set->from->form != MAPPING_ROWS || set->at != NOWHERE)
        return;
    for (size_t i = 0; i < promise->dim_count; i++)
        if ((all *= set->dim[i]->fixed ? 1 : promise->dim[i].value_count) > ZEROS_MAX)
            return;
    for (size_t number = 0; number < all; number++) {
        struct import_item item = {
            .from = set->from, .promise = promise, .line = 1, .day = rows->source->day};
        size_t rest = number;
        for (size_t i = 0; i < promise->dim_count; i++) {
            const struct promise_dim *dim = &promise->dim[i];
            item.dims[i] = (struct suivi_dim){dim->name, set->dim[i]->fixed};
            if (!set->dim[i]->fixed) {
                item.dims[i].value = dim->values[rest % dim->value_count];
                rest /= dim->value_count;
            }
        }
        if (known == 0 || !bsearch(&item, rows->item, known, sizeof item, by_place))
            add_item(rows, &item);
    }
}

static int by_promise(const void *a, const void *b) {
    const struct import_item *x = *(struct import_item *const *)a, *y = *(struct import_item *const *)b;
    if (x->promise != y->promise)
        return x->promise < y->promise ? -1 : 1;
    int order = import_item_compare(x, y);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* A level cannot be two numbers on one day. */
static void check_levels(struct import_rows *rows) {
    struct import_item **level = mem_zeroed(rows->count + 1, sizeof *level);
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        if (rows->item[i].promise->kind == KIND_LEVEL)
            level[count++] = &rows->item[i];
    qsort(level, count, sizeof *level, by_promise);
    for (size_t i = 1; i < count; i++) {
        const struct import_item *a = level[i - 1], *b = level[i];
        char day[WORDS_MAX];
        if (a->promise == b->promise && import_item_compare(a, b) == 0 && a->value != b->value)
            import_rows_fault(rows, b->line, "%s is %lld here and %lld in line %zu, of the same day (%s)",
                              b->promise->id, (long long)b->value, (long long)a->value, a->line,
                              words_long_day(b->day, day));
    }
    free(level);
}

static int compare_said(const struct import_item *a, const struct import_item *b) {
    if (a->promise != b->promise)
        return a->promise < b->promise ? -1 : 1;
    int order = import_item_compare(a, b);
    if (order == 0 && a->value != b->value)
        order = a->value < b->value ? -1 : 1;
    return order == 0 && a->name && b->name ? strcmp(a->name, b->name) : order;
}

static int by_what_is_said(const void *a, const void *b) {
    const struct import_item *x = *(struct import_item *const *)a, *y = *(struct import_item *const *)b;
    int order = compare_said(x, y);
    return order ? order : (x > y) - (x < y);
}

/* Ten activities of one day are ten, also when nothing but their number tells them apart. */
static void number_equal_ones(struct import_rows *rows) {
    struct import_item **item = mem_zeroed(rows->count + 1, sizeof *item);
    for (size_t i = 0; i < rows->count; i++)
        item[i] = &rows->item[i];
    qsort(item, rows->count, sizeof *item, by_what_is_said);
    for (size_t i = 1; i < rows->count; i++)
        if (compare_said(item[i - 1], item[i]) == 0)
            item[i]->occurrence = item[i - 1]->occurrence + 1;
    free(item);
}

/* --- the whole --- */

int import_rows_read(struct import_rows **out, const struct import_source *source, struct fault *why) {
    struct import_rows *rows = mem_zeroed(1, sizeof *rows);
    rows->magic = ROWS_MAGIC;
    rows->source = source;
    int rc = fit_all(rows, why);
    if (rc != 0) {
        import_rows_destroy(&rows);
        return rc;
    }
    check_keys(rows);
    for (size_t i = 0; i < csv_file_rows(source->file); i++)
        read_row(rows, i);
    if (rows->count > 0)
        qsort(rows->item, rows->count, sizeof *rows->item, by_series);
    count_rows(rows);
    size_t known = rows->count; /* and sorted */
    for (size_t i = 0; i < source->mapping->entry_count; i++)
        add_zeros(rows, &rows->sets[i], known);
    if (rows->count > 0)
        qsort(rows->item, rows->count, sizeof *rows->item, by_series);
    check_levels(rows);
    number_equal_ones(rows);
    *out = rows;
    return 0;
}

void import_rows_destroy(struct import_rows **rows) {
    struct import_rows *gone = *rows;
    if (!gone)
        return;
    OBJ_CHECK(gone, ROWS_MAGIC);
    for (size_t i = 0; i < gone->fault_count; i++)
        free(gone->fault[i].text);
    for (size_t i = 0; gone->key && i < csv_file_rows(gone->source->file); i++)
        str_free(gone->key[i]);
    free(gone->key);
    free(gone->fault);
    free(gone->item);
    free(gone->key_column);
    import_where_destroy(&gone->where);
    free(gone->sets);
    gone->magic = 0;
    free(gone);
    *rows = NULL;
}

size_t import_rows_count(const struct import_rows *rows) {
    OBJ_CHECK(rows, ROWS_MAGIC);
    return rows->count;
}

size_t import_rows_later(const struct import_rows *rows) {
    OBJ_CHECK(rows, ROWS_MAGIC);
    return rows->later;
}

struct import_item *import_rows_item(const struct import_rows *rows, size_t index) {
    ASSERT(index < rows->count);
    return &rows->item[index];
}
