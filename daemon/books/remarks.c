#include "daemon/books/remarks.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/store/cell.h"
#include "proto/check.h"
#include "proto/civil.h"

#define NEVER INT32_MIN

struct adding {
    struct remarks *remarks;
    const struct remarks_scope *scope;
    const struct dims *about; /* of the series that is gone through */
    size_t start;             /* of its runs */
    struct fault *why;
};

int remarks_compare_said(const struct remark *a, const struct remark *b) {
    if (a->remark != b->remark)
        return a->remark < b->remark ? -1 : 1;
    int c = str_compare(a->title, b->title);
    return c ? c : str_compare(a->note, b->note);
}

static int compare_runs(const void *left, const void *right) {
    const struct remark *a = left, *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    int c = remarks_compare_said(a, b);
    return c ? c : (a->source > b->source) - (a->source < b->source);
}

static int compare_lasts(const void *left, const void *right) {
    const struct remark *a = left, *b = right;
    if (a->last != b->last)
        return a->last > b->last ? -1 : 1;
    return compare_runs(left, right);
}

/* Room for one more: of a full list the later half stays. Returns how many stay of those from `start` on. */
static void make_room(struct adding *adding) {
    struct remarks *remarks = adding->remarks;
    if (remarks->run == NULL)
        remarks->run = mem_zeroed(REMARKS_MAX, sizeof *remarks->run);
    if (remarks->count < REMARKS_MAX)
        return;
    qsort(remarks->run, remarks->count, sizeof *remarks->run, compare_lasts);
    remarks->count = REMARKS_MAX / 2;
    remarks->dropped = true;
    adding->start = 0;
}

static bool is_of(const struct adding *adding, const struct remark *run, const struct remark *said) {
    return run->source == said->source && run->remark == said->remark && str_equal(run->title, said->title) &&
           dims_equal(&run->about, adding->about);
}

/* Days come in order. A method goes on as long as no day of its source and title is without it. */
static void take_method(struct adding *adding, struct remark *said) {
    struct remarks *remarks = adding->remarks;
    struct remark *same = NULL;
    int32_t before = NEVER;
    for (size_t i = adding->start; i < remarks->count; i++) {
        struct remark *run = &remarks->run[i];
        if (!is_of(adding, run, said))
            continue;
        int32_t day = run->last < said->first ? run->last : run->before;
        before = day > before ? day : before;
        if (str_equal(run->note, said->note) && (same == NULL || run->last > same->last))
            same = run;
    }
    if (same && same->last == said->first)
        return;
    if (same && same->last == before) {
        same->before = before;
        same->last = said->first;
        same->days++;
        return;
    }
    said->changed = before != NEVER;
    make_room(adding);
    remarks->run[remarks->count++] = *said;
}

static void take_other(struct adding *adding, const struct remark *said) {
    struct remarks *remarks = adding->remarks;
    for (size_t i = adding->start; i < remarks->count; i++) {
        const struct remark *run = &remarks->run[i];
        if (run->first == said->first && is_of(adding, run, said) && str_equal(run->note, said->note))
            return;
    }
    make_room(adding);
    remarks->run[remarks->count++] = *said;
}

static int take_entry(void *arg, const struct store_entry *stored) {
    struct adding *adding = arg;
    const struct remarks_scope *scope = adding->scope;
    struct entry entry;
    int64_t at;
    if ((scope->vintage != 0 && stored->vintage > scope->vintage) ||
        !withdrawals_counts(scope->withdrawals, stored->source, stored->day, stored->vintage, scope->vintage))
        return 0;
    if (cell_entry_decode(stored->value, &at, &entry) != 0)
        return fault_set(adding->why, -EBADMSG,
                         "the store holds a damaged entry; \"suivi check\" tells where");
    struct remark said = {.remark = entry.remark,
                          .source = stored->source,
                          .about = *adding->about,
                          .title = entry.title,
                          .note = entry.note,
                          .first = stored->day,
                          .last = stored->day,
                          .days = 1,
                          .before = NEVER};
    if (entry.remark == ENTRY_REMARK_METHOD)
        take_method(adding, &said);
    else
        take_other(adding, &said);
    return 0;
}

static int take_series(void *arg, uint32_t series, const struct dims *about) {
    struct adding *adding = arg;
    const struct remarks_scope *scope = adding->scope;
    for (size_t i = 0; scope->where && i < scope->where->count; i++) {
        const struct dim *wanted = &scope->where->dim[i];
        struct str value = dims_get(about, wanted->name);
        if (value.len > 0 && !str_equal(value, wanted->value))
            return 0;
    }
    adding->about = about;
    adding->start = adding->remarks->count;
    return store_each_entry(scope->snapshot, series, scope->first, scope->last, take_entry, adding,
                            adding->why);
}

int remarks_add(struct remarks *remarks, const struct remarks_scope *scope, size_t indicator,
                struct fault *why) {
    return catalogue_each_remarks(scope->catalogue, indicator, take_series,
                                  &(struct adding){.remarks = remarks, .scope = scope, .why = why});
}

void remarks_sort(struct remarks *remarks) {
    if (remarks->count > 1)
        qsort(remarks->run, remarks->count, sizeof *remarks->run, compare_runs);
}

bool remarks_are_about(const struct remark *remark, const struct str *dim, const struct str *value,
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct str wanted = dims_get(&remark->about, dim[i]);
        if (wanted.len > 0 && !str_equal(wanted, value[i]))
            return false;
    }
    return true;
}

void remarks_clear(struct remarks *remarks) {
    free(remarks->run);
    *remarks = (struct remarks){0};
}
