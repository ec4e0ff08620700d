#include "clients/weblog/days.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *days_print(struct days days, char out[static DAYS_TEXT_MAX]) {
    char text[PERIOD_TEXT_MAX];
    out[0] = '\0';
    if (days.first != CIVIL_DAY_MIN)
        snprintf(out, DAYS_TEXT_MAX, "--from %s",
                 period_print(&(struct period){PERIOD_DAY, days.first, days.first}, text));
    size_t len = strlen(out);
    if (days.last != CIVIL_DAY_MAX)
        snprintf(out + len, DAYS_TEXT_MAX - len, "%s--to %s", len > 0 ? " " : "",
                 period_print(&(struct period){PERIOD_DAY, days.last, days.last}, text));
    return out;
}

static int is_there(void *arg, struct str key, struct str value) {
    (void)arg, (void)key, (void)value;
    return 1;
}

/* Whether a line of any site was counted into this state. */
static int is_used(const struct records *records, bool *used, struct fault *why) {
    const char kind = RECORD_EPOCHS;
    int rc = records->scan(records->arg, (struct str){&kind, 1}, is_there, NULL);
    if (rc < 0)
        return fault_set(why, rc, "the state cannot be read; restore its directory from a backup");
    *used = rc == 1;
    return 0;
}

int days_check(struct days days, const struct records *records, struct fault *why) {
    char text[DAYS_TEXT_MAX];
    struct record_key key = record_key_of(RECORD_DAYS, (struct str){0});
    struct str before = STR("");
    bool used = false;
    int rc = records->get(records->arg, record_key_str(&key), &before);
    if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc, "the state cannot be read; restore its directory from a backup");
    days_print(days, text);
    if (str_equal(before, str_of(text)))
        return 0;
    if (rc == 0)
        return fault_set(
            why, -EINVAL,
            "this state is of runs with %.*s, which counted no line of another day: give the same, "
            "or another directory with --state",
            STR_ARG(before));
    rc = is_used(records, &used, why);
    if (rc != 0 || !used)
        return rc;
    return fault_set(
        why, -EINVAL,
        "this state is of runs without --from and --to, which counted these lines already: to count "
        "%s again, give a new directory with --state",
        text);
}

int days_save(struct days days, const struct records *records, struct fault *why) {
    char text[DAYS_TEXT_MAX];
    struct record_key key = record_key_of(RECORD_DAYS, (struct str){0});
    days_print(days, text);
    return text[0] == '\0' ? 0 : records->put(records->arg, record_key_str(&key), str_of(text), why);
}
