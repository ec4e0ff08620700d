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
    uint32_t series;          /* that is gone through */
    const struct dims *about; /* what it is about */
    size_t start;             /* of its runs */
    struct str said;          /* as the one before lies in the store: mostly the next says the same */
    struct entry entry;       /* that one */
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

/* Of a full list the later half stays. */
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

static void add_run(struct adding *adding, const struct store_entry *stored, bool changed) {
    make_room(adding);
    adding->remarks->run[adding->remarks->count++] = (struct remark){.remark = adding->entry.remark,
                                                                     .series = adding->series,
                                                                     .source = stored->source,
                                                                     .about = *adding->about,
                                                                     .title = adding->entry.title,
                                                                     .note = adding->entry.note,
                                                                     .first = stored->day,
                                                                     .last = stored->day,
                                                                     .days = 1,
                                                                     .changed = changed,
                                                                     .before = NEVER};
}

static bool is_of(const struct remark *run, const struct adding *adding, uint32_t source) {
    return run->source == source && run->series == adding->series && run->remark == adding->entry.remark &&
           str_equal(run->title, adding->entry.title);
}

/* Days come in order. A method goes on as long as no day of its source and title is without it. */
static void take_method(struct adding *adding, const struct store_entry *stored) {
    struct remarks *remarks = adding->remarks;
    struct remark *same = NULL;
    int32_t before = NEVER;
    for (size_t i = adding->start; i < remarks->count; i++) {
        struct remark *run = &remarks->run[i];
        if (!is_of(run, adding, stored->source))
            continue;
        int32_t day = run->last < stored->day ? run->last : run->before;
        before = day > before ? day : before;
        if ((same == NULL || run->last > same->last) && str_equal(run->note, adding->entry.note))
            same = run;
    }
    if (same && same->last == stored->day)
        return;
    if (same && same->last == before) {
        same->before = before;
        same->last = stored->day;
        same->days++;
        return;
    }
    add_run(adding, stored, before != NEVER);
}

static void take_other(struct adding *adding, const struct store_entry *stored) {
    for (size_t i = adding->start; i < adding->remarks->count; i++) {
        const struct remark *run = &adding->remarks->run[i];
        if (run->first == stored->day && is_of(run, adding, stored->source) &&
            str_equal(run->note, adding->entry.note))
            return;
    }
    add_run(adding, stored, false);
}

static int read_entry(struct adding *adding, struct str value) {
    struct str said = cell_entry_said(value);
    int64_t at;
    if (said.len > 0 && str_equal(said, adding->said))
        return 0;
    adding->said = said;
    return cell_entry_decode(value, &at, &adding->entry) == 0
               ? 0
               : fault_set(adding->why, -EBADMSG,
                           "the store holds a damaged entry; \"suivi check\" tells where");
}

static int take_entry(void *arg, const struct store_entry *stored) {
    struct adding *adding = arg;
    const struct remarks_scope *scope = adding->scope;
    if ((scope->vintage != 0 && stored->vintage > scope->vintage) ||
        !withdrawals_counts(scope->withdrawals, stored->source, stored->day, stored->vintage, scope->vintage))
        return 0;
    if (read_entry(adding, stored->value) != 0)
        return -EBADMSG;
    if (adding->entry.remark == ENTRY_REMARK_METHOD)
        take_method(adding, stored);
    else
        take_other(adding, stored);
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
    adding->series = series;
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
