#include "clients/cli/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/promises.h"
#include "clients/cli/spaces.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/dims.h"
#include "proto/fault.h"

#define PROGRAM     "suivi"
#define TIMEOUT     10.0 /* seconds to wait for an answer, unless told otherwise */
#define TIMEOUT_MAX 86400.0
#define OPTIONS_MAX 32

enum common_option { OPT_ENDPOINT = 256, OPT_TIMEOUT, OPT_HELP, OPT_VERSION, OPT_FORMAT, OPT_LANGUAGE };

static const char *const format_names[] = {[VERB_TABLE] = "table", [VERB_CSV] = "csv", [VERB_JSON] = "json"};

#define FORMAT_COUNT (sizeof format_names / sizeof *format_names)

/* --- what is wrong --- */

int verb_misused(const char *verb, const char *what, const char *why) {
    terminal_say(PROGRAM, "%s: %s; see \"suivi %s --help\"", what, why, verb);
    return VERB_MISUSED;
}

static int no_option(const char *verb, int got, const char *word) {
    terminal_say(PROGRAM, "%s %s; \"suivi %s --help\" lists the options",
                 got == ':' ? "a value is missing after" : "there is no option", word, verb);
    return VERB_MISUSED;
}

/* --- values --- */

static int read_format(const struct verb_spec *spec, const char *text, enum verb_format *out) {
    char names[64] = "";
    size_t allowed = 0, told = 0, used = 0;
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        allowed += (spec->formats >> i) & 1;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (((spec->formats >> i) & 1) == 0)
            continue;
        if (strcmp(text, format_names[i]) == 0) {
            *out = (enum verb_format)i;
            return 0;
        }
        const char *before = told == 0 ? "" : told + 1 == allowed ? " or " : ", ";
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", before, format_names[i]);
        told++;
    }
    char why[96];
    snprintf(why, sizeof why, "it must be %s", names);
    return verb_misused(spec->name, "--format", why);
}

static int read_timeout(const char *verb, double *out, const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0) || seconds > TIMEOUT_MAX)
        return verb_misused(verb, "--timeout", "it must be a number of seconds up to a day's");
    *out = seconds;
    return 0;
}

static int read_language(const char *verb, const char *text, const char **out) {
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    if (letters != strlen(text) || letters < 2 || letters > 3)
        return verb_misused(verb, "--language", "it must be a language's code, such as en or fr");
    *out = text;
    return 0;
}

int verb_period(const char *verb, const char *what, const char *text, struct period *out) {
    struct fault why;
    return period_parse(out, str_of(text), &why) == 0 ? 0 : verb_misused(verb, what, why.text);
}

int verb_parse_day(const char *text, int32_t *out, struct fault *why) {
    struct period period;
    int year, month, number, end = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &number, &end) == 3 && end == 10 && text[10] == '\0' &&
        year >= 1 && month >= 1 && month <= 12 && number >= 1 && !civil_valid(year, month, number))
        return fault_set(why, -EINVAL, "there is no %d %s %d: that month has %d days", number,
                         words_month(month), year, civil_days_in_month(year, month));
    if (period_parse(&period, str_of(text), NULL) != 0 || period.type != PERIOD_DAY)
        return fault_set(why, -EINVAL, "\"%.64s\" is no day: write it as in 2018-03-07", text);
    *out = period.first;
    return 0;
}

int verb_day(const char *verb, const char *what, const char *text, int32_t *out) {
    struct fault why;
    return verb_parse_day(text, out, &why) == 0 ? 0 : verb_misused(verb, what, why.text);
}

int verb_dim(const char *verb, const char *what, char *text, struct suivi_dim *dims, size_t *count) {
    struct fault why;
    char *equals = strchr(text, '=');
    if (!equals)
        return verb_misused(verb, what, "it must be DIMENSION=VALUE");
    *equals = '\0';
    if (dims_check_name(str_of(text), &why) != 0)
        return verb_misused(verb, what, why.text);
    if (dims_check_value(str_of(spaces_fold(equals + 1)), &why) != 0)
        return verb_misused(verb, what, why.text);
    if (*count == DIMS_MAX) {
        terminal_say(PROGRAM, "%s: at most %d dimensions can be named", what, DIMS_MAX);
        return VERB_MISUSED;
    }
    dims[(*count)++] = (struct suivi_dim){text, equals + 1};
    return 0;
}

/* --- the options --- */

static void list_options(const struct verb_spec *spec, struct option out[static OPTIONS_MAX + 1]) {
    size_t count = 0;
    for (const struct option *own = spec->options; own && own->name; own++) {
        ASSERT(count < OPTIONS_MAX - 6);
        out[count++] = *own;
    }
    out[count++] = (struct option){"endpoint", required_argument, NULL, OPT_ENDPOINT};
    out[count++] = (struct option){"timeout", required_argument, NULL, OPT_TIMEOUT};
    out[count++] = (struct option){"help", no_argument, NULL, OPT_HELP};
    out[count++] = (struct option){"version", no_argument, NULL, OPT_VERSION};
    if (spec->formats != 0)
        out[count++] = (struct option){"format", required_argument, NULL, OPT_FORMAT};
    if (spec->language)
        out[count++] = (struct option){"language", required_argument, NULL, OPT_LANGUAGE};
    out[count] = (struct option){0};
}

static int read_option(const struct verb_spec *spec, struct verb_common *common, void *arg, int option) {
    double seconds = 0;
    int rc;
    switch (option) {
    case OPT_ENDPOINT:
        common->endpoint = optarg;
        return 0;
    case OPT_TIMEOUT:
        rc = read_timeout(spec->name, &seconds, optarg);
        common->timeout_ms = (int)(seconds * 1000);
        return rc;
    case OPT_FORMAT:
        return read_format(spec, optarg, &common->format);
    case OPT_LANGUAGE:
        return read_language(spec->name, optarg, &common->language);
    default:
        return spec->read(arg, option, optarg);
    }
}

int verb_read(const struct verb_spec *spec, struct verb_common *common, void *arg, int argc, char **argv,
              bool *done) {
    struct option options[OPTIONS_MAX + 1];
    int option, rc = 0;
    *common = (struct verb_common){.timeout_ms = (int)(TIMEOUT * 1000), .format = VERB_TABLE};
    *done = true;
    list_options(spec, options);
    opterr = 0;
    optind = 0; /* glibc: start anew */
    while (rc == 0 && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == OPT_HELP)
            return fputs(spec->help, stdout) < 0 ? VERB_FAILED : VERB_DONE;
        if (option == OPT_VERSION)
            return puts("suivi " SUIVI_VERSION) < 0 ? VERB_FAILED : VERB_DONE;
        if (option == '?' || option == ':')
            return no_option(spec->name, option, argv[optind - 1]);
        rc = read_option(spec, common, arg, option);
    }
    *done = rc != 0;
    return rc;
}

/* --- asking and printing --- */

/* Whether the plan lacks one of these; `why` then names it, and what looks like it. */
static bool lacks_one(struct suivi *client, int timeout_ms, const char *const *indicators, size_t count,
                      struct fault *why) {
    struct promises *promises = NULL;
    bool lacks = false;
    if (promises_get(&promises, client, NULL, timeout_ms, why) == 0)
        for (size_t i = 0; i < count && !lacks; i++)
            lacks = !strpbrk(indicators[i], "*?") && !promises_find(promises, indicators[i], why);
    promises_destroy(&promises);
    return lacks;
}

int verb_ask_about(const struct verb_common *common,
                   int (*ask)(struct suivi *client, int timeout_ms, void *arg), void *arg,
                   const char *const *indicators, size_t count) {
    struct suivi *client;
    int rc = suivi_open(&client, &(struct suivi_options){.endpoint = common->endpoint});
    if (rc == 0)
        rc = ask(client, common->timeout_ms, arg);
    if (rc != 0) {
        struct fault why, lack;
        fault_set(&why, rc, "%s", suivi_why(client));
        bool lacks = rc == -EINVAL && count > 0 && strstr(why.text, " no indicator ") &&
                     lacks_one(client, common->timeout_ms, indicators, count, &lack);
        terminal_say(PROGRAM, "%s", lacks ? lack.text : why.text);
    }
    suivi_close(&client);
    return rc == 0 ? VERB_DONE : VERB_FAILED;
}

int verb_ask(const struct verb_common *common, int (*ask)(struct suivi *client, int timeout_ms, void *arg),
             void *arg) {
    return verb_ask_about(common, ask, arg, NULL, 0);
}

int verb_printed(const char *what) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return VERB_DONE;
    terminal_say(PROGRAM, "cannot write the %s: %s", what, strerror(errno));
    return VERB_FAILED;
}
