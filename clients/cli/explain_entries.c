#include "clients/cli/explain_entries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/answer.h"
#include "clients/cli/grid.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"

#define MARGIN "      " /* before what is told below an entry */

static bool is_kind(const struct suivi_indicator *indicator, const char *kind) {
    return strcmp(indicator->kind, kind) == 0;
}

const char *explain_value(const struct suivi_indicator *indicator, const struct suivi_figure *figure,
                          char *out, size_t room) {
    char number[PRINT_NUMBER];
    if (figure->state != SUIVI_VALUE)
        snprintf(out, room, "%s", answer_state_name(figure->state));
    else if (is_kind(indicator, "status") && (figure->value == 0 || figure->value == 1))
        snprintf(out, room, "%s", figure->value == 1 ? "in force" : "not in force");
    else
        snprintf(out, room, "%s%s", print_value(figure->value, figure->decimals, number),
                 strcmp(indicator->unit, "%") == 0 ? " %" : "");
    return out;
}

const char *explain_unit_of(const struct suivi_indicator *indicator, int64_t value) {
    return value == 1 || value == -1 ? "" : indicator->unit;
}

/* --- one entry --- */

static void put_number(FILE *stream, const struct suivi_indicator *indicator,
                       const struct suivi_entry *entry) {
    char number[PRINT_NUMBER];
    bool adds = is_kind(indicator, "count") || is_kind(indicator, "distinct");
    bool correction = entry->reason && entry->reason[0] != '\0';
    const char *unit = explain_unit_of(indicator, entry->value);
    if (is_kind(indicator, "status"))
        fputs(entry->value != 0 ? "in force" : "not in force", stream);
    else
        fprintf(stream, "%s%s%s%s%s", adds && correction && !entry->holds && entry->value >= 0 ? "+" : "",
                print_number(entry->value, number), unit[0] ? " " : "", unit, entry->holds ? " in all" : "");
}

static bool is_done(const struct suivi_entry *entry) {
    return entry->done && entry->done[0] != '\0';
}

/* What it says, in a few words. */
static char *what_of(const struct suivi_indicator *indicator, const struct suivi_entry *entry) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    if (entry->retracts != 0)
        fprintf(stream, "takes back %016" PRIx64, entry->retracts);
    else if (entry->has_value || entry->holds)
        put_number(stream, indicator, entry);
    else if (entry->name && entry->name[0] != '\0')
        fprintf(stream, "%s%s", entry->name, entry->removed ? " is removed" : "");
    else if (is_done(entry))
        fputs("done", stream);
    else if (entry->title)
        fputs(entry->title, stream);
    ASSERT(fclose(stream) == 0);
    return text;
}

static const char *standing_of(const char *state) {
    if (strcmp(state, "retracted") == 0)
        return "taken back, does not count";
    if (strcmp(state, "withdrawn") == 0)
        return "withdrawn with its source, does not count";
    if (strcmp(state, "superseded") == 0)
        return "does not count: a later one holds, or it was said twice";
    if (strcmp(state, "replaced") == 0)
        return "does not count: a corrected figure of that day holds";
    return "";
}

static void add_line(struct grid *grid, const char *what, const char *text) {
    if (text && text[0] != '\0')
        grid_line(grid, MARGIN "%s%s", what, text);
}

/* The lines of a text, each behind the margin. */
static void add_text(struct grid *grid, const char *text) {
    while (text[0] != '\0') {
        size_t len = strcspn(text, "\n");
        size_t shown = len > 0 && text[len - 1] == '\r' ? len - 1 : len;
        grid_line(grid, shown > 0 ? MARGIN "  %.*s" : "%.*s", (int)shown, text);
        text += text[len] == '\n' ? len + 1 : len;
    }
}

static void add_below(struct grid *grid, const struct suivi_entry *entry, bool full) {
    char day[WORDS_MAX];
    int32_t recorded;
    if (is_done(entry))
        add_line(grid, "title: ", entry->title);
    add_line(grid, "link: ", entry->link);
    add_line(grid, "file: ", entry->file);
    if (entry->sha256) {
        char hex[2 * ENTRY_SHA256 + 1];
        for (size_t i = 0; i < ENTRY_SHA256; i++)
            snprintf(hex + 2 * i, 3, "%02x", entry->sha256[i]);
        add_line(grid, "its SHA-256: ", hex);
    }
    add_line(grid, "note: ", entry->note);
    if (entry->reason && entry->reason[0] != '\0' && civil_day_of_time(entry->recorded, &recorded))
        grid_line(grid, MARGIN "correction, said on %s: %s", words_day(recorded, WORDS_NO_YEAR, day),
                  entry->reason);
    for (size_t i = 0; full && entry->parts && i < ENTRY_PARTS; i++) {
        grid_line(grid, "%s", "");
        add_line(grid, "", entry_part_names[i]);
        add_text(grid, entry->parts[i]);
    }
}

static void add_entry(struct grid *grid, const struct suivi_indicator *indicator,
                      const struct suivi_entry_row *row, bool full) {
    char day[WORDS_MAX];
    char *what = what_of(indicator, &row->entry), *dims = print_dims(row->dims, row->dim_count);
    int32_t at;
    bool dated = civil_day_of_time(row->at, &at);
    if (is_done(&row->entry)) /* its own day lies in the period that it was done for */
        grid_cell(grid, "%s", words_day_text(row->entry.done, WORDS_NO_YEAR, day));
    else
        grid_cell(grid, "%s", dated ? words_day(at, WORDS_NO_YEAR, day) : "");
    grid_cell(grid, "%s", what);
    grid_cell(grid, "%s", dims);
    grid_cell(grid, "%s", row->source);
    grid_cell(grid, "%016" PRIx64, row->entry.id);
    grid_cell(grid, "%s", standing_of(row->state));
    add_below(grid, &row->entry, full);
    free(what);
    free(dims);
}

void explain_entries_write(FILE *stream, const struct suivi_explanation *explanation, bool full) {
    struct grid *grid;
    if (explanation->entry_count == 0)
        return;
    grid_new(&grid, 6);
    for (size_t i = 0; i < explanation->entry_count; i++)
        add_entry(grid, &explanation->indicator, &explanation->entries[i], full);
    fputs("Entries:\n", stream);
    grid_print(grid, stream, 2, NULL, false);
    grid_destroy(&grid);
}
