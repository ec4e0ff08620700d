/* Ratios: both operands folded by themselves, then divided where there are both. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/figures/fold_priv.h"
#include "daemon/figures/kept.h"
#include "proto/check.h"

__extension__ typedef __int128 wide;

/* A figure of an operand. */
struct term {
    int32_t period;
    uint32_t group;
    enum message_state state;
    int64_t value;
    double error;
    size_t note; /* where its note begins among all notes */
};

struct operand {
    const struct fold_question *ask;
    struct term *term; /* in order of period and breakdown */
    size_t count, room;
    struct kept kept;
    struct str id;
};

static int keep_term(void *arg, const struct fold_figure *figure, struct fault *why) {
    struct operand *operand = arg;
    if (operand->count == FOLD_FIGURES_MAX)
        return fault_set(why, -E2BIG,
                         "too much at once for %.*s: ask for fewer periods, or split by fewer dimensions",
                         STR_ARG(operand->id));
    if (operand->count == operand->room) {
        operand->room = operand->room ? operand->room * 2 : 64;
        operand->term = mem_resize(operand->term, operand->room, sizeof *operand->term);
    }
    kept_group(&operand->kept, figure->group, figure->dim, operand->ask->split_count);
    operand->term[operand->count++] = (struct term){.period = figure->period,
                                                    .group = figure->group,
                                                    .state = figure->state,
                                                    .value = figure->value,
                                                    .error = figure->error,
                                                    .note = kept_note(&operand->kept, figure->note)};
    return 0;
}

static void operand_clear(struct operand *operand) {
    kept_clear(&operand->kept);
    free(operand->term);
}

/* ---- dividing ---- */

static bool times_ten(wide *number, unsigned power) {
    for (; power > 0; power--)
        if (__builtin_mul_overflow(*number, (wide)10, number))
            return false;
    return true;
}

/* above / below x factor, rounded half away from zero to so many decimals; held at the ends of int64. */
static int64_t divide(int64_t above, unsigned above_decimals, int64_t below, unsigned below_decimals,
                      int64_t factor, unsigned decimals) {
    wide n = above, d = below;
    bool negative = (above < 0) != (below < 0);
    unsigned up = decimals + below_decimals;
    bool fits = !__builtin_mul_overflow(n, (wide)factor, &n);
    if (up >= above_decimals)
        fits = fits && times_ten(&n, up - above_decimals);
    else
        fits = fits && times_ten(&d, above_decimals - up);
    if (!fits)
        return negative ? INT64_MIN : INT64_MAX;
    n = n < 0 ? -n : n;
    d = d < 0 ? -d : d;
    wide quotient = n / d, rest = n % d;
    if (rest >= d - rest)
        quotient++;
    if (quotient > INT64_MAX)
        return negative ? INT64_MIN : INT64_MAX;
    return negative ? -(int64_t)quotient : (int64_t)quotient;
}

int64_t fold_divide(const struct framework *framework, size_t ratio, int64_t above, int64_t below) {
    const struct framework_indicator *about = framework_indicator_at(framework, ratio);
    unsigned above_decimals = framework_indicator_at(framework, about->numerator)->decimals;
    unsigned below_decimals = framework_indicator_at(framework, about->denominator)->decimals;
    return below == 0 ? 0
                      : divide(above, above_decimals, below, below_decimals, about->factor, about->decimals);
}

/* As if one operand's error had nothing to do with the other's. */
static double error_of(const struct term *above, const struct term *below, int64_t ratio) {
    double of_above = above->value ? above->error / (double)above->value : 0;
    return fabs((double)ratio) * hypot(of_above, below->error / (double)below->value);
}

/* Both operands' notes, once when they are the same. */
static void join_notes(const char *above, const char *below, char note[static FOLD_NOTE_MAX]) {
    if (*above == '\0' || strcmp(above, below) == 0)
        (void)snprintf(note, FOLD_NOTE_MAX, "%s", below);
    else
        (void)snprintf(note, FOLD_NOTE_MAX, "%s%s%s", above, *below ? "; " : "", below);
}

/* ---- the question ---- */

/* What the operands are asked for: the ratio's own dimensions only. */
struct asking {
    const struct fold_question *ask;
    struct fold_question operand;
    struct str split[DIMS_MAX];
    size_t place[DIMS_MAX]; /* of each of these in the question's split */
};

static bool has_dim(const struct fold_question *ask, struct str dim) {
    size_t count = framework_indicator_at(ask->framework, ask->indicator)->dim_count;
    for (size_t i = 0; i < count; i++)
        if (str_equal(framework_dim_name(ask->framework, ask->indicator, i), dim))
            return true;
    return false;
}

/* false: nothing of it has the values that were asked for. */
static bool prepare(struct asking *asking) {
    const struct fold_question *ask = asking->ask;
    for (size_t i = 0; ask->where && i < ask->where->count; i++)
        if (!has_dim(ask, ask->where->dim[i].name))
            return false;
    asking->operand = *ask;
    asking->operand.split = asking->split;
    asking->operand.split_count = 0;
    asking->operand.coverage = false;
    for (size_t i = 0; i < ask->split_count; i++)
        if (has_dim(ask, ask->split[i])) {
            asking->place[asking->operand.split_count] = i;
            asking->split[asking->operand.split_count++] = ask->split[i];
        }
    return true;
}

static int compare_terms(const struct operand *a, const struct term *x, const struct operand *b,
                         const struct term *y) {
    if (x->period != y->period)
        return x->period < y->period ? -1 : 1;
    for (size_t i = 0; i < a->ask->split_count; i++) {
        int c = str_compare(a->kept.dim[x->group][i], b->kept.dim[y->group][i]);
        if (c)
            return c;
    }
    return 0;
}

static int join(const struct asking *asking, const struct operand *above, const struct operand *below,
                int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg,
                struct fault *why) {
    const struct framework *framework = asking->ask->framework;
    int err = 0;
    for (size_t i = 0, k = 0; i < above->count && k < below->count && err == 0;) {
        const struct term *n = &above->term[i], *d = &below->term[k];
        int c = compare_terms(above, n, below, d);
        if (c != 0) {
            i += c < 0;
            k += c > 0;
            continue;
        }
        struct str dim[DIMS_MAX] = {{NULL, 0}};
        char note[FOLD_NOTE_MAX] = "";
        struct fold_figure out = {.period = n->period, .group = n->group, .dim = dim, .note = note};
        for (size_t s = 0; s < asking->operand.split_count; s++)
            dim[asking->place[s]] = above->kept.dim[n->group][s];
        if (n->state != MESSAGE_STATE_VALUE || d->state != MESSAGE_STATE_VALUE || d->value == 0) {
            out.state = MESSAGE_STATE_MISSING;
        } else {
            out.value = fold_divide(framework, asking->ask->indicator, n->value, d->value);
            out.error = error_of(n, d, out.value);
            join_notes(kept_note_at(&above->kept, n->note), kept_note_at(&below->kept, d->note), note);
        }
        err = figure(arg, &out, why);
        i++;
        k++;
    }
    return err;
}

int fold_ratio(const struct fold_question *question,
               int (*figure)(void *arg, const struct fold_figure *figure, struct fault *why), void *arg,
               struct fault *why) {
    const struct framework_indicator *ratio =
        framework_indicator_at(question->framework, question->indicator);
    struct asking asking = {.ask = question};
    if (!prepare(&asking))
        return 0;
    struct operand above = {.ask = &asking.operand, .id = ratio->id}, below = above;
    asking.operand.indicator = ratio->numerator;
    int err = fold_run(&asking.operand, keep_term, &above, why);
    if (err == 0) {
        asking.operand.indicator = ratio->denominator;
        err = fold_run(&asking.operand, keep_term, &below, why);
    }
    if (err == 0)
        err = join(&asking, &above, &below, figure, arg, why);
    operand_clear(&above);
    operand_clear(&below);
    return err;
}
