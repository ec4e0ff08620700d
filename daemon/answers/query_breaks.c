/* Where an indicator began to mean something else: a note at the first figure from that day on. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/answers/query_priv.h"
#include "daemon/books/definitions.h"
#include "proto/check.h"

static int note_definition(void *arg, const struct definition *definition) {
    struct query_breaks *breaks = arg;
    if (definition->seen > breaks->scope->known_at)
        return 0;
    if (breaks->definitions++ > 0)
        breaks->change[(breaks->definitions - 2) % QUERY_BREAKS_MAX] = (struct query_break){
            definition->since, !str_equal(definition->version, breaks->version), definition->version};
    breaks->version = definition->version;
    return 0;
}

static int compare_groups(const void *left, const void *right, void *arg) {
    return query_figures_compare_groups(arg, *(const uint32_t *)left, *(const uint32_t *)right);
}

/* A breakdown may have more than one group: they get one rank. */
static void rank_groups(struct query_breaks *breaks, const struct query_figures *figures) {
    size_t count = figures->kept.group_count;
    uint32_t *group = mem_zeroed(count + 1, sizeof *group), rank = 0;
    breaks->rank = mem_zeroed(count + 1, sizeof *breaks->rank);
    breaks->before = mem_zeroed(count + 1, sizeof *breaks->before);
    for (size_t i = 0; i < count; i++) {
        group[i] = (uint32_t)i;
        breaks->before[i] = INT32_MIN;
    }
    if (count > 1)
        qsort_r(group, count, sizeof *group, compare_groups, (void *)(uintptr_t)figures);
    for (size_t i = 0; i < count; i++) {
        rank += i > 0 && query_figures_compare_groups(figures, group[i - 1], group[i]) != 0;
        breaks->rank[group[i]] = rank;
    }
    free(group);
}

int query_breaks_load(struct query_breaks *breaks, const struct query_figures *figures, struct fault *why) {
    const struct query_scope *scope = figures->scope;
    *breaks = (struct query_breaks){.scope = scope, .figures = figures};
    int err =
        definitions_each(scope->snapshot, framework_indicator_at(scope->framework, figures->indicator)->id,
                         note_definition, breaks, why);
    if (err == 0)
        err = query_remarks_load(breaks, why);
    if (err == 0 && (breaks->definitions > 1 || breaks->remarks.count > 0))
        rank_groups(breaks, figures);
    return err;
}

void query_breaks_clear(struct query_breaks *breaks) {
    free(breaks->rank);
    free(breaks->before);
    remarks_clear(&breaks->remarks);
    *breaks = (struct query_breaks){0};
}

bool query_is_first_since(const struct query_breaks *breaks, const struct period *period, int32_t before,
                          int32_t since) {
    return since <= period->last && before < since &&
           (since >= period->first || since >= breaks->scope->first);
}

void query_note_add(struct query_note *note, const char *format, ...) {
    va_list arguments;
    size_t len = note->len;
    if (note->full)
        return;
    if (len == 0)
        len = (size_t)snprintf(note->text, MESSAGE_TEXT_MAX + 1, "%s", note->own);
    size_t start = len + (len > 0 ? 2 : 0);
    va_start(arguments, format);
    int more = start > MESSAGE_TEXT_MAX
                   ? -1
                   : vsnprintf(note->text + start, MESSAGE_TEXT_MAX + 1 - start, format, arguments);
    va_end(arguments);
    note->full = more < 0 || (size_t)more > MESSAGE_TEXT_MAX - start;
    if (note->full) {
        note->text[len] = '\0';
        return;
    }
    if (len > 0)
        memcpy(note->text + len, "; ", 2);
    note->len = start + (size_t)more;
}

/* Several of one day are told once. */
static bool reads_alike(const struct query_break *a, const struct query_break *b) {
    return a->since == b->since && a->of_version == b->of_version &&
           (!a->of_version || str_equal(a->version, b->version));
}

static void note_changes(const struct query_breaks *breaks, const struct period *period, int32_t before,
                         struct query_note *note) {
    size_t changes = breaks->definitions > 0 ? breaks->definitions - 1 : 0;
    const struct query_break *last = NULL;
    for (size_t i = changes > QUERY_BREAKS_MAX ? changes - QUERY_BREAKS_MAX : 0; i < changes; i++) {
        const struct query_break *change = &breaks->change[i % QUERY_BREAKS_MAX];
        char day[PERIOD_TEXT_MAX];
        bool again = last && reads_alike(last, change);
        last = change;
        if (again || !query_is_first_since(breaks, period, before, change->since))
            continue;
        (void)period_print_day(change->since, day);
        if (change->of_version && change->version.len > 0)
            query_note_add(note, "method changed on %s (version %.*s)", day, STR_ARG(change->version));
        else
            query_note_add(note, "%s changed on %s", change->of_version ? "method" : "definition", day);
    }
}

const char *query_breaks_note(struct query_breaks *breaks, const struct query_figure *figure,
                              const struct period *period, const char *own,
                              char text[static MESSAGE_TEXT_MAX + 1]) {
    struct query_note note = {.own = own, .text = text};
    if (breaks->before == NULL)
        return own;
    int32_t *before = &breaks->before[breaks->rank[figure->group]];
    note_changes(breaks, period, *before, &note);
    query_remarks_note(breaks, figure, period, *before, &note);
    *before = period->last;
    return note.len > 0 ? text : own;
}
