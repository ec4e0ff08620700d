#include "clients/cli/promises.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/copies.h"
#include "config/document.h"
#include "config/framework.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/civil.h"

#define PROMISES_MAGIC  0x91065e55u
#define FRAMEWORK_FILE  "/etc/suivi/framework.yaml"
#define FRAMEWORK_OURS  "nswp-2016-2020.yaml"
#define PROMISES_MAX    4096
#define BACK_MAX        100 /* periods that are looked back for one that is due yet */
#define FEEDERS_BETWEEN ", "
#define CHOICES_MAX     300 /* bytes of a list of choices in a sentence */

struct promises {
    unsigned magic;
    bool answered;
    struct period plan;
    struct promise *promise;
    size_t count, room;
};

static struct promise *add(struct promises *promises, const char *id, const char *code, const char *label,
                           const char *fed_by) {
    if (promises->count == promises->room) {
        promises->room = promises->room ? promises->room * 2 : 64;
        promises->promise = mem_resize(promises->promise, promises->room, sizeof *promises->promise);
    }
    struct promise *promise = &promises->promise[promises->count++];
    *promise = (struct promise){.id = copies_text(id),
                                .code = copies_text(code),
                                .label = copies_text(label),
                                .fed_by = copies_text(fed_by)};
    return promise;
}

static struct promise_dim *add_dim(struct promise *promise, const char *name, size_t value_count) {
    struct promise_dim *dim = &promise->dim[promise->dim_count++];
    *dim = (struct promise_dim){.name = copies_text(name), .value_count = value_count};
    if (value_count > 0)
        dim->values = mem_zeroed(value_count, sizeof *dim->values);
    return dim;
}

void promises_destroy(struct promises **promises) {
    struct promises *gone = *promises;
    if (!gone)
        return;
    OBJ_CHECK(gone, PROMISES_MAGIC);
    for (size_t i = 0; i < gone->count; i++) {
        struct promise *promise = &gone->promise[i];
        for (size_t j = 0; j < promise->dim_count; j++) {
            for (size_t k = 0; k < promise->dim[j].value_count; k++)
                free(promise->dim[j].values[k]);
            free(promise->dim[j].values);
            free(promise->dim[j].name);
        }
        free(promise->id);
        free(promise->code);
        free(promise->label);
        free(promise->fed_by);
    }
    free(gone->promise);
    gone->magic = 0;
    free(gone);
    *promises = NULL;
}

/* --- from the daemon --- */

static void on_plan(void *arg, const struct suivi_plan *plan) {
    struct promises *promises = arg;
    (void)period_parse(&promises->plan, str_of(plan->plan), NULL);
    promises->plan.type = PERIOD_PLAN;
}

/* One that this program does not understand, being of a later daemon, is passed over. */
static void on_promise(void *arg, const struct suivi_promise *told) {
    struct promises *promises = arg;
    enum kind kind;
    enum period_type frequency;
    if (promises->count >= PROMISES_MAX || told->dim_count > DIMS_MAX ||
        kind_parse(&kind, str_of(told->kind), NULL) != 0 ||
        period_type_parse(&frequency, str_of(told->frequency), NULL) != 0)
        return;
    struct promise *promise = add(promises, told->id, told->code,
                                  told->label && *told->label ? told->label : told->id, told->fed_by);
    promise->kind = kind;
    promise->frequency = frequency;
    (void)due_parse(&promise->due, str_of(told->due),
                    NULL); /* what it does not understand is due at the end */
    for (size_t i = 0; i < told->dim_count; i++) {
        struct promise_dim *dim = add_dim(promise, told->dims[i].name, told->dims[i].value_count);
        for (size_t j = 0; j < dim->value_count; j++)
            dim->values[j] = copies_text(told->dims[i].values[j]);
    }
}

/* --- from the file --- */

static int load_file(struct framework **out, const char *path, struct fault *why) {
    if (path)
        return framework_load(out, path, why);
    if (access(FRAMEWORK_FILE, F_OK) == 0)
        return framework_load(out, FRAMEWORK_FILE, why);
    char *shipped = paths_shipped(FRAMEWORK_OURS);
    int rc = framework_load(out, shipped, why);
    free(shipped);
    return rc;
}

static char *copy_view(struct str text) {
    return mem_string(text.at, text.len);
}

static char *join_feeders(const struct framework *framework, size_t index) {
    char *joined = mem_string("", 0);
    for (size_t i = 0; i < framework_feeder_count(framework, index); i++) {
        struct str feeder = framework_feeder_at(framework, index, i);
        size_t len = strlen(joined);
        joined = mem_resize(joined, len + feeder.len + 3, 1);
        snprintf(joined + len, feeder.len + 3, "%s%.*s", i ? FEEDERS_BETWEEN : "", STR_ARG(feeder));
    }
    return joined;
}

static void take_indicator(struct promises *promises, const struct framework *framework, size_t index) {
    const struct framework_indicator *indicator = framework_indicator_at(framework, index);
    char *id = copy_view(indicator->id), *code = copy_view(indicator->code);
    char *label = copy_view(framework_label(framework, index, STR("en")));
    char *fed_by = join_feeders(framework, index);
    struct promise *promise = add(promises, id, code, label, fed_by);
    free(fed_by);
    free(id);
    free(code);
    free(label);
    int rc = due_parse(&promise->due, framework_due_text(framework, index), NULL);
    ASSERT(rc == 0);
    promise->kind = indicator->kind;
    promise->frequency = indicator->frequency;
    for (size_t i = 0; i < indicator->dim_count; i++) {
        char *name = copy_view(framework_dim_name(framework, index, i));
        struct promise_dim *dim = add_dim(promise, name, framework_dim_value_count(framework, index, i));
        free(name);
        for (size_t j = 0; j < dim->value_count; j++)
            dim->values[j] = copy_view(framework_dim_value_at(framework, index, i, j));
    }
}

static int get_from_file(struct promises *promises, const char *path, struct fault *why) {
    struct framework *framework = NULL;
    int rc = load_file(&framework, path, why);
    if (rc != 0)
        return rc;
    promises->plan = *framework_plan(framework);
    for (size_t i = 0; i < framework_indicator_count(framework); i++)
        take_indicator(promises, framework, i);
    framework_destroy(&framework);
    return 0;
}

int promises_get(struct promises **out, struct suivi *client, const char *framework, int timeout_ms,
                 struct fault *why) {
    struct promises *promises = mem_zeroed(1, sizeof *promises);
    promises->magic = PROMISES_MAGIC;
    int rc = suivi_ask_plan(client, NULL, 0, NULL, timeout_ms, on_plan, on_promise, promises);
    promises->answered = rc == 0;
    if (rc == -ENOTCONN)
        rc = get_from_file(promises, framework, why);
    else if (rc != 0)
        rc = fault_set(why, rc, "%s", suivi_why(client));
    if (rc != 0)
        promises_destroy(&promises);
    else
        *out = promises;
    return rc;
}

bool promises_answered(const struct promises *promises) {
    OBJ_CHECK(promises, PROMISES_MAGIC);
    return promises->answered;
}

const struct period *promises_plan(const struct promises *promises) {
    OBJ_CHECK(promises, PROMISES_MAGIC);
    return &promises->plan;
}

/* --- looking up --- */

bool promise_is_collected(const struct promise *promise) {
    const char *at = promise->fed_by, *end = at + strlen(at);
    if (at == end)
        return false;
    while (at < end) {
        const char *next = strstr(at, FEEDERS_BETWEEN);
        if (framework_names_people((struct str){at, (size_t)((next ? next : end) - at)}))
            return false;
        at = next ? next + strlen(FEEDERS_BETWEEN) : end;
    }
    return true;
}

struct period promises_period(const struct promises *promises, const struct promise *promise, int32_t day) {
    OBJ_CHECK(promises, PROMISES_MAGIC);
    struct period period = period_of_day(promise->frequency, day, &promises->plan);
    if (promise->frequency == PERIOD_PLAN || due_day(&promise->due, &period) <= period.last)
        return period;
    for (int i = 0; i < BACK_MAX && period.first > CIVIL_DAY_MIN; i++) {
        struct period before = period_of_day(promise->frequency, period.first - 1, NULL);
        if (due_day(&promise->due, &before) < day)
            break;
        period = before;
    }
    return period;
}

const struct promise *promises_find(const struct promises *promises, const char *id, struct fault *why) {
    OBJ_CHECK(promises, PROMISES_MAGIC);
    const char **ids = mem_zeroed(promises->count + 1, sizeof *ids);
    const struct promise *found = NULL;
    for (size_t i = 0; i < promises->count && !found; i++) {
        ids[i] = promises->promise[i].id;
        const char *code = promises->promise[i].code;
        if (strcmp(ids[i], id) == 0 || (code[0] != '\0' && strcmp(code, id) == 0))
            found = &promises->promise[i];
    }
    if (!found) {
        const char *similar = document_similar(str_of(id), ids, promises->count);
        if (similar)
            fault_set(why, -ENOENT, "there is no indicator \"%s\" in the plan; did you mean \"%s\"?", id,
                      similar);
        else
            fault_set(why, -ENOENT, "there is no indicator \"%s\" in the plan; \"suivi figures\" lists them",
                      id);
    }
    free(ids);
    return found;
}

/* "africa, europe or latin-america" */
static const char *choices(const struct promise_dim *dim, char out[static CHOICES_MAX]) {
    out[0] = '\0';
    for (size_t i = 0; i < dim->value_count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, CHOICES_MAX - len, "%s%s",
                 i == 0                      ? ""
                 : i + 1 == dim->value_count ? " or "
                                             : ", ",
                 dim->values[i]);
    }
    return out;
}

int promise_check_value(const struct promise *promise, size_t index, const char *value, struct fault *why) {
    const struct promise_dim *dim = &promise->dim[index];
    char all[CHOICES_MAX];
    for (size_t i = 0; i < dim->value_count; i++)
        if (strcmp(dim->values[i], value) == 0)
            return 0;
    if (dim->value_count == 0)
        return dims_check_value(str_of(value), why);
    const char *similar = document_similar(str_of(value), (const char *const *)dim->values, dim->value_count);
    if (similar)
        return fault_set(why, -EINVAL, "\"%s\" is no %s of %s; did you mean \"%s\"?", value, dim->name,
                         promise->id, similar);
    return fault_set(why, -EINVAL, "\"%s\" is no %s of %s: it is %s", value, dim->name, promise->id,
                     choices(dim, all));
}

static const struct suivi_dim *find_dim(const struct suivi_dim *dims, size_t dim_count, const char *name) {
    for (size_t i = 0; i < dim_count; i++)
        if (strcmp(dims[i].name, name) == 0)
            return &dims[i];
    return NULL;
}

static int not_a_dim(const struct promise *promise, const char *name, struct fault *why) {
    char has[DIMS_MAX * (DIM_NAME_MAX + 2)] = "";
    for (size_t i = 0; i < promise->dim_count; i++)
        snprintf(has + strlen(has), sizeof has - strlen(has), "%s%s", i ? ", " : "", promise->dim[i].name);
    if (promise->dim_count == 0)
        return fault_set(why, -EINVAL, "%s is not broken down by \"%s\", nor by anything else", promise->id,
                         name);
    return fault_set(why, -EINVAL, "%s is not broken down by \"%s\": it has %s", promise->id, name, has);
}

int promise_check_names(const struct promise *promise, const struct suivi_dim *dims, size_t dim_count,
                        const char *how, struct fault *why) {
    char all[CHOICES_MAX];
    for (size_t i = 0; i < dim_count; i++) {
        bool known = false;
        for (size_t j = 0; j < promise->dim_count; j++)
            known = known || strcmp(promise->dim[j].name, dims[i].name) == 0;
        if (!known)
            return not_a_dim(promise, dims[i].name, why);
    }
    for (size_t i = 0; i < promise->dim_count; i++) {
        const struct promise_dim *dim = &promise->dim[i];
        if (!find_dim(dims, dim_count, dim->name))
            return fault_set(why, -EINVAL, "%s is broken down by %s: add %s%s=VALUE%s%s", promise->id,
                             dim->name, how, dim->name, dim->value_count ? ", which is " : "",
                             choices(dim, all));
    }
    return 0;
}

int promise_check_dims(const struct promise *promise, const struct suivi_dim *dims, size_t dim_count,
                       const char *how, struct fault *why) {
    int rc = promise_check_names(promise, dims, dim_count, how, why);
    for (size_t i = 0; i < promise->dim_count && rc == 0; i++)
        rc = promise_check_value(promise, i, find_dim(dims, dim_count, promise->dim[i].name)->value, why);
    return rc;
}
