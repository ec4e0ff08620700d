#include "clients/cli/closings_list.h"

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

#define LIST_MAGIC 0xc105ed00u

struct closings_list {
    unsigned magic;
    struct suivi_closing *row; /* strings owned */
    size_t count, room;
    bool cut;
};

void closings_list_new(struct closings_list **out) {
    struct closings_list *list = mem_zeroed(1, sizeof *list);
    list->magic = LIST_MAGIC;
    *out = list;
}

void closings_list_destroy(struct closings_list **list) {
    struct closings_list *l = *list;
    if (!l)
        return;
    OBJ_CHECK(l, LIST_MAGIC);
    for (size_t i = 0; i < l->count; i++) {
        copies_drop(l->row[i].period);
        copies_drop(l->row[i].digest);
        copies_drop(l->row[i].note);
    }
    free(l->row);
    l->magic = 0;
    free(l);
    *list = NULL;
}

void closings_list_add(struct closings_list *list, const struct suivi_closing *closing) {
    OBJ_CHECK(list, LIST_MAGIC);
    if (list->count == CLOSINGS_LIST_MAX) {
        list->cut = true;
        return;
    }
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->row = mem_resize(list->row, list->room, sizeof *list->row);
    }
    struct suivi_closing *row = &list->row[list->count++];
    *row = *closing;
    row->period = copies_clean(closing->period);
    row->digest = copies_clean(closing->digest);
    row->note = copies_clean(closing->note);
}

size_t closings_list_count(const struct closings_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->count;
}

bool closings_list_cut(const struct closings_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    return list->cut;
}

/* --- for people --- */

void closings_list_table(FILE *stream, const struct closings_list *list, bool colour) {
    OBJ_CHECK(list, LIST_MAGIC);
    static const char *const heads[] = {"period", "closed on", "figures", "SHA-256", "note"};
    if (list->count == 0)
        return;
    struct grid *grid;
    grid_new(&grid, sizeof heads / sizeof *heads);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_closing *row = &list->row[i];
        char moment[WORDS_MAX], number[PRINT_NUMBER];
        grid_cell(grid, "%s", row->period);
        grid_cell(grid, "%s", words_moment(row->at, WORDS_NO_YEAR, moment));
        grid_cell(grid, "%s", print_number((int64_t)row->figures, number));
        grid_cell(grid, "%s", row->digest);
        grid_cell(grid, "%s", row->note);
    }
    grid_print(grid, stream, 0, heads, colour);
    grid_destroy(&grid);
}

static void put_values(FILE *stream, const struct closings_values *values) {
    char indicators[WORDS_MAX];
    if (values->indicators == 0)
        return;
    words_count(values->indicators, "indicator", "indicators", indicators);
    if (values->values == 0)
        fprintf(stream, "None of %s has a value: that there was none is kept.\n", indicators);
    else
        fprintf(stream, "%zu of %s %s a value.\n", values->values, indicators,
                values->values == 1 ? "has" : "have");
}

void closings_list_sentences(FILE *stream, const struct closings_list *list,
                             const struct closings_values *values) {
    OBJ_CHECK(list, LIST_MAGIC);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_closing *row = &list->row[i];
        char figures[WORDS_MAX];
        struct period period;
        fprintf(stream, "closed: %s, %s kept, SHA-256 %s\n", row->period,
                words_count(row->figures, "figure", "figures", figures), row->digest);
        if (period_parse(&period, str_of(row->period), NULL) == 0)
            fprintf(stream, "To see them: suivi figures --reported --by %s --from %s --to %s\n",
                    period_type_name(period.type), row->period, row->period);
        put_values(stream, values);
    }
}

/* --- files --- */

void closings_list_csv(FILE *stream, const struct closings_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    fputs("period,closed,figures,sha256,vintage,note\n", stream);
    for (size_t i = 0; i < list->count; i++) {
        const struct suivi_closing *row = &list->row[i];
        char time[WORDS_MAX];
        fprintf(stream, "%s,%s,%" PRIu64 ",%s,%" PRIu32 ",", row->period, words_iso(row->at, time),
                row->figures, row->digest, row->vintage);
        print_csv_field(stream, row->note);
        fputc('\n', stream);
    }
}

void closings_list_json(FILE *stream, const struct closings_list *list) {
    OBJ_CHECK(list, LIST_MAGIC);
    for (size_t i = 0; i < list->count; i++)
        json_put_row(stream, i, json_closing(&list->row[i]));
    json_put_end(stream, list->count);
}
