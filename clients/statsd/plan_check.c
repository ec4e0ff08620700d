#include "clients/statsd/plan_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

struct checking {
    const struct statsd_settings *settings;
    bool *known; /* for each rule */
    struct fault *why;
    int rc;
};

static const char *kind_of(enum statsd_type type) {
    static const char *const kinds[] = {
        [STATSD_COUNTER] = "count", [STATSD_GAUGE] = "level", [STATSD_SET] = "distinct"};
    return kinds[type];
}

static bool says(const struct statsd_rule *rule, const char *name) {
    for (size_t i = 0; i < rule->dim_count; i++)
        if (strcmp(rule->dim[i].name, name) == 0)
            return true;
    return false;
}

static int check_rule(const struct statsd_rule *rule, const struct suivi_promise *promise,
                      struct fault *why) {
    if (strcmp(promise->kind, kind_of(rule->type)) != 0)
        return fault_set(
            why, -EINVAL,
            "the rule for \"%s\" makes a %s of %s, which the plan has as a %s: a counter can feed a "
            "count, a gauge a level, a set a distinct count",
            rule->pattern, statsd_type_name(rule->type), rule->indicator, promise->kind);
    for (size_t i = 0; i < promise->dim_count; i++)
        if (!says(rule, promise->dims[i].name))
            return fault_set(why, -EINVAL, "the rule for \"%s\" must say the dimension \"%s\" of %s",
                             rule->pattern, promise->dims[i].name, rule->indicator);
    if (rule->dim_count > promise->dim_count)
        return fault_set(why, -EINVAL, "the rule for \"%s\" says more dimensions than %s has in the plan",
                         rule->pattern, rule->indicator);
    return 0;
}

static void check_promise(void *arg, const struct suivi_promise *promise) {
    struct checking *checking = arg;
    for (size_t i = 0; i < checking->settings->rule_count; i++) {
        const struct statsd_rule *rule = &checking->settings->rules[i];
        if (strcmp(rule->indicator, promise->id) != 0)
            continue;
        checking->known[i] = true;
        if (checking->rc == 0)
            checking->rc = check_rule(rule, promise, checking->why);
    }
}

int plan_check(struct suivi *suivi, const struct statsd_settings *settings, int timeout_ms,
               struct fault *why) {
    struct checking checking = {.settings = settings, .why = why};
    checking.known = mem_zeroed(settings->rule_count, sizeof *checking.known);
    int rc = suivi_ask_plan(suivi, NULL, 0, "en", timeout_ms, NULL, check_promise, &checking);
    if (rc != 0)
        rc = fault_set(why, rc, "%s", suivi_why(suivi));
    else
        rc = checking.rc;
    for (size_t i = 0; i < settings->rule_count && rc == 0; i++)
        if (!checking.known[i])
            rc = fault_set(why, -EINVAL,
                           "the rule for \"%s\" names the indicator %s, which the plan does not have",
                           settings->rules[i].pattern, settings->rules[i].indicator);
    free(checking.known);
    return rc;
}
