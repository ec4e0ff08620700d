/* Ratios: their operands, that none is computed from itself, and the dimensions they have by them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/framework_priv.h"
#include "proto/check.h"

enum visit { NOT_YET, ON_THE_WAY, DONE };

/* A walk down from one ratio through its operands. */
struct walk {
    struct loading *l;
    enum visit *visits; /* of each indicator */
    size_t *path;       /* the ratios from the top down to here */
    unsigned *next;     /* of each of them, the operand to go to next: 0, 1; 2: none */
    size_t depth;
};

static bool is_ratio(const struct framework *f, size_t index) {
    return f->indicators[index].public.kind == KIND_RATIO;
}

static void unknown(struct loading *l, const char *node, const char *id) {
    const struct framework *f = l->framework;
    const char **known = mem_zeroed(f->count, sizeof *known);
    for (size_t i = 0; i < f->count; i++) {
        known[i] = f->indicators[i].entry->id;
    }
    const char *similar = document_similar(str_of(id), known, f->count);
    free(known);
    if (similar != NULL) {
        FAULT(l, node, "no indicator has the id \"%s\" (did you mean \"%s\"?)", id, similar);
    } else {
        FAULT(l, node, "no indicator has the id \"%s\": declare it, or mend the id", id);
    }
}

int loading_find(struct loading *l, const char *node, const char *id) {
    int found = framework_find(l->framework, str_of(id));
    if (found < 0) {
        unknown(l, node, id);
    }
    return found;
}

static void find_operand(struct loading *l, size_t index, const char *key, const char *id, size_t *out) {
    struct framework *f = l->framework;
    char node[DOCUMENT_PATH_MAX];
    *out = index; /* itself: none */
    if (id == NULL) {
        return;
    }
    int found = framework_find(f, str_of(id));
    if (found >= 0 && (size_t)found != index) {
        *out = (size_t)found;
        return;
    }
    loading_field(index, key, node);
    if (found >= 0) {
        FAULT(l, node, "ratio \"%s\" is computed from itself: name another indicator", id);
        return;
    }
    unknown(l, node, id);
}

static void tell_cycle(struct walk *walk, size_t again) {
    const struct framework *f = walk->l->framework;
    char ids[FAULT_TEXT_MAX / 2], node[DOCUMENT_PATH_MAX];
    size_t from = walk->depth, len = 0;
    while (walk->path[from - 1] != again) {
        from--;
    }
    for (size_t i = from - 1; i < walk->depth && len < sizeof ids; i++) {
        len += (size_t)snprintf(ids + len, sizeof ids - len, "%s > ", f->indicators[walk->path[i]].entry->id);
    }
    snprintf(node, sizeof node, "indicators[%zu].%s", again,
             walk->next[from - 1] == 1 ? "numerator" : "denominator");
    FAULT(walk->l, node, "ratio \"%s\" is computed from itself (%s%s): take it out of one of these",
          f->indicators[again].entry->id, ids, f->indicators[again].entry->id);
}

/* Its operands are complete. */
static void finish(struct loading *l, size_t index) {
    struct framework *f = l->framework;
    struct indicator *ratio = &f->indicators[index];
    const struct indicator *above = &f->indicators[ratio->public.numerator];
    const struct indicator *below = &f->indicators[ratio->public.denominator];
    if (above == ratio || below == ratio) {
        return;
    }
    ratio->public.dim_count = 0;
    for (size_t i = 0; i < above->public.dim_count; i++) {
        for (size_t j = 0; j < below->public.dim_count; j++) {
            if (above->dim[i] == below->dim[j]) {
                ratio->dim[ratio->public.dim_count++] = above->dim[i];
            }
        }
    }
    ratio->depth = 1 + (above->depth > below->depth ? above->depth : below->depth);
    if (ratio->depth == FRAMEWORK_RATIO_DEPTH_MAX + 1) {
        char node[DOCUMENT_PATH_MAX];
        FAULT(l, loading_field(index, "numerator", node),
              "ratio \"%s\" is computed from ratios of ratios, %u deep; %d is the most: use what they are "
              "made of",
              ratio->entry->id, ratio->depth, FRAMEWORK_RATIO_DEPTH_MAX);
    }
    ratio->meaning = framework_meaning_of(f, index);
}

static void enter(struct walk *walk, size_t index) {
    walk->visits[index] = ON_THE_WAY;
    walk->path[walk->depth] = index;
    walk->next[walk->depth++] = 0;
}

static void walk_from(struct walk *walk, size_t start) {
    const struct framework *f = walk->l->framework;
    enter(walk, start);
    while (walk->depth > 0) {
        size_t here = walk->path[walk->depth - 1];
        unsigned operand = walk->next[walk->depth - 1]++;
        if (operand == 2) {
            finish(walk->l, here);
            walk->visits[here] = DONE;
            walk->depth--;
            continue;
        }
        const struct framework_indicator *ratio = &f->indicators[here].public;
        size_t to = operand == 0 ? ratio->numerator : ratio->denominator;
        if (to == here || !is_ratio(f, to) || walk->visits[to] == DONE) {
            continue;
        }
        if (walk->visits[to] == ON_THE_WAY) {
            tell_cycle(walk, to);
        } else {
            enter(walk, to);
        }
    }
}

void loading_ratios(struct loading *l) {
    struct framework *f = l->framework;
    size_t room = f->count + 1;
    struct walk walk = {l, mem_zeroed(room, sizeof *walk.visits), mem_zeroed(room, sizeof *walk.path),
                        mem_zeroed(room, sizeof *walk.next), 0};
    for (size_t i = 0; i < f->count; i++) {
        struct indicator *indicator = &f->indicators[i];
        if (is_ratio(f, i)) {
            find_operand(l, i, "numerator", indicator->entry->numerator, &indicator->public.numerator);
            find_operand(l, i, "denominator", indicator->entry->denominator, &indicator->public.denominator);
        } else if (indicator->public.kind != 0) {
            indicator->meaning = framework_meaning_of(f, i);
        }
    }
    for (size_t i = 0; i < f->count; i++) {
        if (is_ratio(f, i) && walk.visits[i] == NOT_YET) {
            walk_from(&walk, i);
        }
    }
    free(walk.visits);
    free(walk.path);
    free(walk.next);
}
