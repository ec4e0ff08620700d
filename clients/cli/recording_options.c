/* What the verbs that record are told on their command lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/cli/recording.h"
#include "clients/cli/words.h"
#include "proto/check.h"
#include "proto/civil.h"

#define YEARS_AROUND 10 /* the plan's: what is recorded by hand may lie as far from it */

/* The later of the days that it is here and in UTC: whoever says "today" is right. */
static int32_t today(void) {
    time_t now = time(NULL);
    struct tm here;
    int32_t utc = 0;
    (void)civil_day_of_time((int64_t)now, &utc);
    if (!localtime_r(&now, &here) || !civil_valid(here.tm_year + 1900, here.tm_mon + 1, here.tm_mday))
        return utc;
    int32_t local = civil_to_day(here.tm_year + 1900, here.tm_mon + 1, here.tm_mday);
    return local > utc ? local : utc;
}

int recording_check_past(int32_t day, struct fault *why) {
    char text[WORDS_MAX];
    if (day > today())
        return fault_set(why, -EINVAL, "%s is still to come: only what has happened can be recorded",
                         words_long_day(day, text));
    if (day < 0)
        return fault_set(why, -EINVAL, "%s lies before 1970: is the year right?", words_long_day(day, text));
    return 0;
}

int recording_check_day(const struct promises *promises, int32_t day, struct fault *why) {
    char text[WORDS_MAX], years[PERIOD_TEXT_MAX];
    const struct period *plan = promises_plan(promises);
    int year = civil_of_day(day).year;
    if (recording_check_past(day, why) != 0)
        return -EINVAL;
    if (year >= civil_of_day(plan->first).year - YEARS_AROUND &&
        year <= civil_of_day(plan->last).year + YEARS_AROUND)
        return 0;
    return fault_set(why, -EINVAL,
                     "%s is more than %d years outside the plan, which is of %s: is the year right?",
                     words_long_day(day, text), YEARS_AROUND, period_print(plan, years));
}

static int parse_day(const char *text, int32_t *day, struct fault *why) {
    int32_t parsed;
    if (verb_parse_day(text, &parsed, why) != 0 || recording_check_past(parsed, why) != 0)
        return -EINVAL;
    *day = parsed;
    return 0;
}

int recording_parse_number(const char *text, int64_t *out, struct fault *why) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool digits = text[0] == '-' ? text[1] >= '0' && text[1] <= '9' : text[0] >= '0' && text[0] <= '9';
    if (!digits || *end != '\0')
        return fault_set(why, -EINVAL, "\"%.64s\" is no whole number", text);
    if (errno != 0 || value > KIND_COUNT_MAX || value < -KIND_COUNT_MAX)
        return fault_set(why, -EINVAL, "%.64s is past %lld, the largest number that is taken", text,
                         (long long)KIND_COUNT_MAX);
    *out = value;
    return 0;
}

int recording_option(struct recording *recording, const char *verb, int option, char *value) {
    struct fault why;
    switch (option) {
    case RECORDING_AT:
        recording->has_day = parse_day(value, &recording->day, &why) == 0;
        return recording->has_day ? 0 : verb_misused(verb, "--at", why.text);
    case RECORDING_DIM:
        return verb_dim(verb, "--dim", value, recording->dims, &recording->dim_count);
    case RECORDING_REASON:
        recording->reason = value;
        return 0;
    case RECORDING_NOTE:
        recording->note = value;
        return 0;
    case RECORDING_STATE:
        free(recording->state);
        recording->state = mem_string(value, strlen(value));
        return 0;
    case RECORDING_NEW_KEY:
        recording->new_key = true;
        return 0;
    default:
        ASSERT(option == RECORDING_FRAMEWORK);
        recording->framework = value;
        return 0;
    }
}

int recording_take_in_force(const char *verb, const char *text, int64_t *value) {
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return verb_misused(verb, "--in-force", "it must be yes or no");
    *value = yes;
    return 0;
}

int recording_take_number(const char *verb, const char *what, const char *text, int64_t *value) {
    struct fault why;
    return recording_parse_number(text, value, &why) == 0 ? 0 : verb_misused(verb, what, why.text);
}

int recording_words(const char *verb, int argc, char **argv, const char **id) {
    char example[64];
    snprintf(example, sizeof example, "name it first, as in suivi %s members.total", verb);
    if (optind == argc)
        return verb_misused(verb, "the indicator is missing", example);
    if (optind + 1 < argc)
        return verb_misused(verb, argv[optind + 1], "one indicator at a time");
    *id = argv[optind];
    return 0;
}
