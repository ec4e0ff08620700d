#include "clients/cli/due_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/copies.h"
#include "clients/cli/grid.h"
#include "clients/cli/json.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define LIST_MAGIC 0xd0e11570u
#define LABEL_MIN  16

struct due_list {
    unsigned magic;
    struct suivi_duty *row; /* strings owned */
    size_t count, room;
    bool cut;
};

void due_list_new(struct due_list **out) {
    struct due_list *list = mem_zeroed(1, sizeof *list);
    list->magic = LIST_MAGIC;
    *out = list;
}

void due_list_destroy(struct due_list **list) {
    struct due_list *l = *list;
    if (!l)
        return;
    OBJ_CHECK(l, LIST_MAGIC);
    for (size_t i = 0; i < l->count; i++) {
        const struct suivi_duty *row = &l->row[i];
        const char *const texts[] = {row->state,  row->indicator, row->code, row->label,
                                     row->period, row->due,       row->note};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            copies_drop(texts[t]);
        copies_drop_dims(row->dims, row->dim_count);
    }
    free(l->row);
    l->magic = 0;
    free(l);
    *list = NULL;
}

void due_list_add(struct due_list *list, const struct suivi_duty *duty) {
    OBJ_CHECK(list, LIST_MAGIC);
    if (list->count == DUE_LIST_MAX) {
        list->cut = true;
        return;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->row = mem_resize(list->row, list->room, sizeof *list->row);
    }
    struct suivi_duty *row = &list->row[list->count++];
    *row = *duty;
    row->state = copies_clean(duty->state);
    row->indicator = copies_clean(duty->indicator);
    row->code = copies_clean(duty->code);
    row->label = copies_clean(duty->label);
    row->period = copies_clean(duty->period);
    row->due = copies_clean(duty->due);
    row->note = copies_clean(duty->note);
    row->dims = copies_dims(duty->dims, duty->dim_count);
}

static bool is_soon(const struct suivi_duty *row) {
    return strcmp(row->state, "soon") == 0;
}

size_t due_list_count(const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->count;
}

bool due_list_cut(const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->cut;
}

bool due_list_is_late(const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    for (size_t i = 0; i < list->count; i++)
        if (!is_soon(&list->row[i]))
            return true;
    return false;
}

/* --- for people --- */

/* "due 30 Sep 2018, 54 days ago". */
static void put_due(FILE *stream, const struct suivi_duty *row) {
    char day[WORDS_MAX], count[WORDS_MAX];
    if (row->due[0] == '\0')
        return;
    fprintf(stream, "due %s", words_day_text(row->due, WORDS_NO_YEAR, day));
    if (row->days == 0)
        fputs(", today", stream);
    else if (row->days > 0)
        fprintf(stream, ", %s ago", words_count((uint64_t)row->days, "day", "days", count));
    else
        fprintf(stream, ", in %s", words_count((uint64_t)-row->days, "day", "days", count));
}

static void put_silent(FILE *stream, const struct suivi_duty *row, int year) {
    char moment[WORDS_MAX];
    if (row->heard == 0 && strncmp(row->note, "never heard", strlen("never heard")) == 0) {
        fputs(row->note, stream); /* of a whole kind of sources */
        return;
    }
    if (row->heard != 0)
        fprintf(stream, "last heard %s", words_moment(row->heard, year, moment));
    else
        fputs("never heard from", stream);
    if (row->note[0] != '\0')
        fprintf(stream, " (%s)", row->note);
}

static void put_what(FILE *stream, const struct suivi_duty *row, int year) {
    char value[PRINT_NUMBER], target[PRINT_NUMBER];
    if (strcmp(row->state, "silent") == 0) {
        put_silent(stream, row, year);
        return;
    }
    if (strcmp(row->state, "short") == 0)
        fprintf(stream, "%s of %s%s", print_number(row->value, value), print_number(row->target, target),
                row->due[0] ? ", " : "");
    put_due(stream, row);
    if (row->period[0] != '\0')
        fprintf(stream, " (for %s)", row->period);
    if (row->note[0] != '\0')
        fprintf(stream, "%s%s", row->due[0] || row->period[0] ? "; " : "", row->note);
}

/* "1.3.1  Annual audit filed, region=africa"; the label is cut where all of it would be wider than `width`; 0: never. */
static char *label_of(const struct suivi_duty *row, int width) {
    char *text = NULL, *dims = print_dims(row->dims, row->dim_count);
    const char *comma = dims[0] ? ", " : "";
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    fprintf(stream, "%s%s", row->code, row->code[0] ? "  " : "");
    int room = width - terminal_columns(row->code) - (row->code[0] ? 2 : 0) - terminal_columns(comma) -
               terminal_columns(dims);
    int whole = terminal_columns(row->label);
    room = room < LABEL_MIN ? LABEL_MIN : room;
    print_left(stream, row->label, width == 0 || whole < room ? whole : room);
    fprintf(stream, "%s%s", comma, dims);
    ASSERT(fclose(stream) == 0);
    free(dims);
    return text;
}

static char *what_of(const struct suivi_duty *row, int year) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    put_what(stream, row, year);
    ASSERT(fclose(stream) == 0);
    return text;
}

static int widest_what(const struct due_list *list, int year) {
    int widest = 0;
    for (size_t i = 0; i < list->count; i++) {
        char *what = what_of(&list->row[i], year);
        int columns = terminal_columns(what);
        widest = columns > widest ? columns : widest;
        free(what);
    }
    return widest;
}

void due_list_table(FILE *stream, const struct due_list *list, int year, int width) {
    OBJ_CHECK(list, LIST_MAGIC);
    struct grid *grid;
    int room = width == 0 ? 0 : width - (int)strlen("missing") - 2 * PRINT_GAP - widest_what(list, year);
    if (width > 0 && room < LABEL_MIN)
        room = LABEL_MIN;
    grid_new(&grid, 3);
    for (size_t i = 0; i < list->count; i++) {
        char *label = label_of(&list->row[i], room), *what = what_of(&list->row[i], year);
        grid_cell(grid, "%s", list->row[i].state);
        grid_cell(grid, "%s", label);
        grid_cell(grid, "%s", what);
        free(label);
        free(what);
    }
    grid_print(grid, stream, 0, NULL, false);
    grid_destroy(&grid);
}

char *due_list_first(const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    ASSERT(list->count > 0);
    char *label = label_of(&list->row[0], 0), *what = what_of(&list->row[0], WORDS_NO_YEAR), *both;
    ASSERT(asprintf(&both, "%s, %s", label, what) >= 0);
    free(label);
    free(what);
    return both;
}

/* --- files --- */

static bool is_short(const struct suivi_duty *row) {
    return strcmp(row->state, "short") == 0;
}

void due_list_csv(FILE *stream, const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    char time[WORDS_MAX];
    fputs("state,indicator,code,label,dims,period,due,days,value,target,heard,note\n", stream);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_duty *row = &list->row[i];
        const char *const before[] = {row->state, row->indicator, row->code, row->label};
        for (size_t t = 0; t < sizeof before / sizeof *before; t++) {
            print_csv_field(stream, before[t]);
            fputc(',', stream);
        }
        char *dims = print_dims(row->dims, row->dim_count);
        print_csv_field(stream, dims);
        free(dims);
        fprintf(stream, ",%s,%s,", row->period, row->due);
        if (row->due[0] != '\0')
            fprintf(stream, "%" PRId64, row->days);
        if (is_short(row))
            fprintf(stream, ",%" PRId64 ",%" PRId64 ",", row->value, row->target);
        else
            fputs(",,,", stream);
        fprintf(stream, "%s,", words_iso(row->heard, time));
        print_csv_field(stream, row->note);
        fputc('\n', stream);
    }
}

void due_list_json(FILE *stream, const struct due_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_duty *row = &list->row[i];
        json_t *object = json_new();
        json_object_set_new(object, "state", json_text(row->state));
        json_set_text(object, "indicator", row->indicator);
        json_set_text(object, "code", row->code);
        json_object_set_new(object, "label", json_text(row->label));
        json_object_set_new(object, "dims", json_dims(row->dims, row->dim_count));
        json_set_text(object, "period", row->period);
        json_set_text(object, "due", row->due);
        if (row->due[0] != '\0')
            json_object_set_new(object, "days", json_integer(row->days));
        if (is_short(row)) {
            json_object_set_new(object, "value", json_integer(row->value));
            json_object_set_new(object, "target", json_integer(row->target));
        }
        if (row->heard != 0)
            json_object_set_new(object, "heard", json_time(row->heard));
        json_set_text(object, "note", row->note);
        json_put_row(stream, i, object);
    }
    json_put_end(stream, list->count);
}
