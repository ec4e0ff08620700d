/* When figures are due, and what the plan wants them to be. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/framework_priv.h"
#include "proto/check.h"
#include "proto/civil.h"

/* The days of the shortest period of the frequency. */
static int32_t shortest(const struct framework *f, enum period_type frequency) {
    static const int32_t days[] = {
        [PERIOD_DAY] = 1,    [PERIOD_MONTH] = 28, [PERIOD_QUARTER] = 90,
        [PERIOD_HALF] = 181, [PERIOD_YEAR] = 365, [PERIOD_BIENNIUM] = 730,
    };
    return frequency == PERIOD_PLAN ? f->plan.last - f->plan.first + 1 : days[frequency];
}

static void read_due(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    enum period_type frequency = indicator->public.frequency;
    const char *text = indicator->entry->due;
    char node[DOCUMENT_PATH_MAX];
    struct due due;
    struct fault reason;
    if (text == NULL) {
        return;
    }
    loading_field(index, "due", node);
    if (due_parse(&due, str_of(text), &reason) != 0) {
        FAULT(l, node, "%s", reason.text);
        return;
    }
    if (due.how == DUE_AFTER_DAYS && -due.days >= shortest(l->framework, frequency)) {
        FAULT(l, node, "\"%s\" lies before the %s begins: write fewer days", text,
              period_type_name(frequency));
    }
    if (due.how == DUE_ON_DATE && frequency < PERIOD_YEAR) {
        FAULT(l, node,
              "a day of the year is for frequency year, biennium or plan; for each %s write days after "
              "or before its end, such as +30d or -10d",
              period_type_name(frequency));
    }
    indicator->due = due;
}

/* A value in the indicator's own digits. */
static int read_value(struct loading *l, size_t index, const char *node, const char *text, int64_t *out) {
    const struct framework_indicator *indicator = &l->framework->indicators[index].public;
    int64_t max = indicator->kind == KIND_STATUS ? 1 : KIND_COUNT_MAX;
    if (indicator->kind == KIND_STATUS && strcmp(text, "0") != 0 && strcmp(text, "1") != 0) {
        return FAULT(l, node, "\"%s\" is neither 1 (in force) nor 0 (not in force)", text);
    }
    return loading_number(l, node, text, indicator->decimals, max, out);
}

static bool lies_in(const struct period *inner, const struct period *outer) {
    return inner->first >= outer->first && inner->last <= outer->last;
}

static bool same_days(const struct period *a, const struct period *b) {
    return a->first == b->first && a->last == b->last;
}

static int read_goal(struct loading *l, size_t index, const char *node, const struct goal_entry *entry,
                     struct goal *out) {
    const struct period *plan = &l->framework->plan;
    char field[DOCUMENT_PATH_MAX];
    struct fault reason;
    snprintf(field, sizeof field, "%s.value", node);
    int err = read_value(l, index, field, entry->value, &out->value);
    snprintf(field, sizeof field, "%s.period", node);
    if (period_parse(&out->period, str_of(entry->period), &reason) != 0) {
        return FAULT(l, field, "%s", reason.text);
    }
    if (out->period.type == PERIOD_PLAN && !same_days(&out->period, plan)) {
        return FAULT(l, field, "\"%s\" is neither the plan nor a biennium (which begins with an even year)",
                     entry->period);
    }
    return err;
}

static void read_target(struct loading *l, size_t index, const struct rule_entry *entry) {
    struct indicator *indicator = &l->framework->indicators[index];
    struct targets *targets = &indicator->targets;
    char node[DOCUMENT_PATH_MAX];
    targets->has_rule = true;
    targets->per = indicator->public.frequency;
    read_value(l, index, loading_field(index, "target.value", node), entry->value, &targets->value);
    if (entry->per == NULL ||
        loading_period_type(l, loading_field(index, "target.per", node), entry->per, &targets->per) != 0) {
        return;
    }
    if (targets->per < indicator->public.frequency) {
        FAULT(l, node,
              "a target per %s, but the figure is wanted once a %s: make the target one of that period",
              period_type_name(targets->per), period_type_name(indicator->public.frequency));
    }
}

static void read_targets(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    struct targets *targets = &indicator->targets;
    const struct indicator_entry *entry = indicator->entry;
    const struct period *plan = &l->framework->plan;
    targets->goals = mem_zeroed(entry->targets_count + 1, sizeof *targets->goals);
    for (unsigned i = 0; i < entry->targets_count; i++) {
        struct goal goal;
        char node[DOCUMENT_PATH_MAX];
        snprintf(node, sizeof node, "indicators[%zu].targets[%u]", index, i);
        if (read_goal(l, index, node, &entry->targets[i], &goal) != 0) {
            continue;
        }
        snprintf(node, sizeof node, "indicators[%zu].targets[%u].period", index, i);
        if (!lies_in(&goal.period, plan)) {
            FAULT(l, node, "%s is not within the plan, which is %s", entry->targets[i].period,
                  l->framework->content->plan);
        } else if (goal.period.type < indicator->public.frequency && !same_days(&goal.period, plan)) {
            FAULT(l, node, "%s is shorter than a %s, for which the figure is wanted",
                  entry->targets[i].period, period_type_name(indicator->public.frequency));
        }
        for (size_t j = 0; j < targets->count; j++) {
            if (same_days(&targets->goals[j].period, &goal.period)) {
                FAULT(l, node, "a second target for %s: take one of them out", entry->targets[i].period);
                break;
            }
        }
        targets->goals[targets->count++] = goal;
    }
}

void loading_calendar(struct loading *l, size_t index) {
    struct indicator *indicator = &l->framework->indicators[index];
    const struct indicator_entry *entry = indicator->entry;
    char node[DOCUMENT_PATH_MAX];
    read_due(l, index);
    if (entry->target != NULL) {
        read_target(l, index, entry->target);
    }
    read_targets(l, index);
    if (entry->baseline != NULL && read_goal(l, index, loading_field(index, "baseline", node),
                                             entry->baseline, &indicator->targets.baseline) == 0) {
        indicator->targets.has_baseline = true;
    }
}

static const struct indicator *indicator_at(const struct framework *framework, size_t index) {
    OBJ_CHECK(framework, FRAMEWORK_MAGIC);
    ASSERT(index < framework->count);
    return &framework->indicators[index];
}

int32_t framework_due(const struct framework *framework, size_t index, const struct period *period) {
    return due_day(&indicator_at(framework, index)->due, period);
}

struct str framework_due_text(const struct framework *framework, size_t index) {
    const char *text = indicator_at(framework, index)->entry->due;
    return text ? str_of(text) : STR("");
}

/* How many whole periods of a type lie in another one. */
static int64_t count_in(enum period_type type, const struct period *period) {
    int64_t months = civil_month_of_day(period->last) - civil_month_of_day(period->first) + 1;
    int first = civil_of_day(period->first).year, last = civil_of_day(period->last).year;
    switch (type) {
    case PERIOD_DAY:
        return (int64_t)period->last - period->first + 1;
    case PERIOD_MONTH:
        return months;
    case PERIOD_QUARTER:
        return months / 3;
    case PERIOD_HALF:
        return months / 6;
    case PERIOD_YEAR:
        return months / 12;
    case PERIOD_BIENNIUM:
        return (last - (first + first % 2) + 1) / 2;
    case PERIOD_PLAN:
        break;
    }
    return 1; /* the plan, which is what was asked for: nothing is longer */
}

/* What was set one by one for the periods of a type that lie in another one. */
static int64_t sum_of_goals(const struct targets *targets, enum period_type type, const struct period *period,
                            int64_t *count) {
    int64_t sum = 0;
    *count = 0;
    for (size_t i = 0; i < targets->count; i++) {
        const struct goal *goal = &targets->goals[i];
        if (goal->period.type == type && lies_in(&goal->period, period)) {
            sum += goal->value;
            ++*count;
        }
    }
    return sum;
}

/* Of a kind that adds up: what is wanted of the periods that it is wanted for, those set one by one in the
 * place of the rule. */
static bool add_up(const struct indicator *indicator, const struct period *period, int64_t *value) {
    const struct targets *targets = &indicator->targets;
    int64_t set, all;
    if (targets->has_rule) {
        all = count_in(targets->per, period);
        int64_t sum = sum_of_goals(targets, targets->per, period, &set);
        *value = sum + (all - set) * targets->value;
        return all > 0 && targets->per <= period->type;
    }
    for (int type = (int)period->type - 1; type >= (int)indicator->public.frequency; type--) {
        *value = sum_of_goals(targets, (enum period_type)type, period, &set);
        if (set > 0 && set == count_in((enum period_type)type, period)) {
            return true;
        }
    }
    return false;
}

bool framework_target(const struct framework *framework, size_t index, const struct period *period,
                      int64_t *value) {
    const struct indicator *indicator = indicator_at(framework, index);
    const struct targets *targets = &indicator->targets;
    int64_t found = targets->value;
    if (!lies_in(period, &framework->plan)) {
        return false;
    }
    for (size_t i = 0; i < targets->count; i++) {
        if (same_days(&targets->goals[i].period, period)) {
            *value = targets->goals[i].value;
            return true;
        }
    }
    if (kind_adds_up(indicator->public.kind)) {
        if (!add_up(indicator, period, &found)) {
            return false;
        }
    } else if (!targets->has_rule || targets->per > period->type) {
        return false;
    }
    *value = found;
    return true;
}

bool framework_baseline(const struct framework *framework, size_t index, struct period *period,
                        int64_t *value) {
    const struct targets *targets = &indicator_at(framework, index)->targets;
    if (targets->has_baseline) {
        *period = targets->baseline.period;
        *value = targets->baseline.value;
    }
    return targets->has_baseline;
}
