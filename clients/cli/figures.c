/* suivi figures: asks the daemon, and prints what it answers. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/answer.h"
#include "clients/cli/figures_csv.h"
#include "clients/cli/figures_json.h"
#include "clients/cli/figures_table.h"
#include "clients/cli/print.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/fault.h"
#include "proto/message.h"
#include "proto/period.h"

#define PROGRAM "suivi"
#define VERB    "figures"

static const char help_text[] =
    "usage: suivi figures [OPTION]... [ID|GLOB]...\n"
    "\n"
    "Shows figures: of all indicators, or of those named, where * and ? stand for any letters.\n"
    "\n"
    "options:\n"
    "  --from PERIOD       the first period: 2018-03-07, 2018-03, 2018-Q1, 2018-H1, 2018, 2016/2020\n"
    "  --to PERIOD         the last one\n"
    "  --by TYPE           day, month (default), quarter, half, year, biennium or plan\n"
    "  --split DIM,...     break down by these dimensions\n"
    "  --where DIM=VALUE   only what has this value; may be given several times\n"
    "  --format FORMAT     table (default), csv or json\n"
    "  --language CODE     of the labels: en (default) or fr\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "A period without data has no row in csv and json, and a dash in the table.\n"
    "\n"
    "example: suivi figures 'web.*' lists.posts --from 2018-01 --to 2018-03\n";

struct request {
    const char *endpoint;
    double timeout;
    enum verb_format format;
    struct suivi_query query;
    const char *split[DIMS_MAX];
    struct suivi_dim where[DIMS_MAX];
    enum period_type by;
    struct period from, to;
};

enum choice {
    OPT_FROM = 1,
    OPT_TO,
    OPT_BY,
    OPT_SPLIT,
    OPT_WHERE,
    OPT_FORMAT,
    OPT_LANGUAGE,
    OPT_ENDPOINT,
    OPT_TIMEOUT,
    OPT_HELP,
    OPT_VERSION
};

static const struct option options[] = {
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"by", required_argument, NULL, OPT_BY},
    {"split", required_argument, NULL, OPT_SPLIT},
    {"where", required_argument, NULL, OPT_WHERE},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"language", required_argument, NULL, OPT_LANGUAGE},
    {"endpoint", required_argument, NULL, OPT_ENDPOINT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

/* --- the command line --- */

static int misused(const char *what, const char *why) {
    return verb_misused(VERB, what, why);
}

static int read_period(const char *what, const char *text, struct period *out) {
    struct fault why;
    return period_parse(out, str_of(text), &why) == 0 ? 0 : misused(what, why.text);
}

/* Cuts `text` at its commas; `text` stays in use. */
static int read_split(struct request *request, char *text) {
    for (char *name; (name = strsep(&text, ","));) {
        struct fault why;
        if (dims_check_name(str_of(name), &why) != 0)
            return misused("--split", why.text);
        if (request->query.split_count == DIMS_MAX) {
            terminal_say(PROGRAM, "--split: figures can be broken down by at most %d dimensions", DIMS_MAX);
            return VERB_MISUSED;
        }
        for (size_t i = 0; i < request->query.split_count; i++)
            if (strcmp(request->split[i], name) == 0) {
                terminal_say(PROGRAM, "--split: the dimension \"%s\" stands there twice", name);
                return VERB_MISUSED;
            }
        request->split[request->query.split_count++] = name;
    }
    return 0;
}

static int read_where(struct request *request, char *text) {
    struct fault why;
    char *equals = strchr(text, '=');
    if (!equals)
        return misused("--where", "it must be DIMENSION=VALUE");
    *equals = '\0';
    if (dims_check_name(str_of(text), &why) != 0)
        return misused("--where", why.text);
    if (dims_check_value(str_of(equals + 1), &why) != 0)
        return misused("--where", why.text);
    if (request->query.where_count == DIMS_MAX) {
        terminal_say(PROGRAM, "--where: at most %d dimensions can be named", DIMS_MAX);
        return VERB_MISUSED;
    }
    request->where[request->query.where_count++] = (struct suivi_dim){text, equals + 1};
    return 0;
}

static int read_language(struct request *request, const char *text) {
    size_t letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    if (letters != strlen(text) || letters < 2 || letters > 3)
        return misused("--language", "it must be a language's code, such as en or fr");
    request->query.language = text;
    return 0;
}

static int read_option(struct request *request, int option, char *value) {
    struct fault why;
    switch (option) {
    case OPT_FROM:
        request->query.from = value;
        return read_period("--from", value, &request->from);
    case OPT_TO:
        request->query.to = value;
        return read_period("--to", value, &request->to);
    case OPT_BY:
        request->query.by = value;
        return period_type_parse(&request->by, str_of(value), &why) == 0 ? 0 : misused("--by", why.text);
    case OPT_SPLIT:
        return read_split(request, value);
    case OPT_WHERE:
        return read_where(request, value);
    case OPT_FORMAT:
        return verb_format(VERB, &request->format, value);
    case OPT_LANGUAGE:
        return read_language(request, value);
    case OPT_ENDPOINT:
        request->endpoint = value;
        return 0;
    default:
        return verb_timeout(VERB, &request->timeout, value);
    }
}

/* *done: nothing is left to do, and the status is what is returned. */
static int read_options(struct request *request, int argc, char **argv, bool *done) {
    int option, rc = 0;
    *done = true;
    opterr = 0;
    optind = 0; /* glibc: start anew */
    while (rc == 0 && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == OPT_HELP)
            return fputs(help_text, stdout) < 0 ? VERB_FAILED : VERB_DONE;
        if (option == OPT_VERSION)
            return puts("suivi " SUIVI_VERSION) < 0 ? VERB_FAILED : VERB_DONE;
        if (option == '?' || option == ':') {
            return verb_no_option(VERB, option, argv[optind - 1]);
        }
        rc = read_option(request, option, optarg);
    }
    if (rc != 0)
        return rc;
    if (request->query.from && request->query.to && request->from.first > request->to.last) {
        terminal_say(PROGRAM, "--from %s is after --to %s", request->query.from, request->query.to);
        return VERB_MISUSED;
    }
    request->query.indicators = (const char *const *)(argv + optind);
    request->query.indicator_count = (size_t)(argc - optind);
    if (request->query.indicator_count > MESSAGE_PATTERNS_MAX) {
        terminal_say(PROGRAM, "at most %d indicators can be named; use globs, such as 'web.*'",
                     MESSAGE_PATTERNS_MAX);
        return VERB_MISUSED;
    }
    *done = false;
    return 0;
}

/* --- asking and printing --- */

static void on_indicator(void *arg, const struct suivi_indicator *indicator) {
    answer_add_indicator(arg, indicator);
}

static void on_figure(void *arg, const struct suivi_figure *figure) {
    answer_add_figure(arg, figure);
}

static void say_empty(const struct request *request) {
    char names[256] = "";
    for (size_t i = 0, used = 0; i < request->query.indicator_count && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : " for ",
                                 request->query.indicators[i]);
    terminal_say(PROGRAM, "no figures%s%s%s%s%s yet", names, request->query.from ? " from " : "",
                 request->query.from ? request->query.from : "", request->query.to ? " to " : "",
                 request->query.to ? request->query.to : "");
}

static int print(const struct request *request, struct answer *answer) {
    if (answer_count(answer) == 0)
        say_empty(request);
    if (request->format == VERB_CSV)
        figures_csv_write(stdout, answer);
    else if (request->format == VERB_JSON)
        figures_json_write(stdout, answer);
    else
        figures_table_write(stdout, answer,
                            &(struct figures_table_layout){
                                .width = terminal_width(stdout, PRINT_WIDTH),
                                .colour = terminal_colour(stdout),
                                .by = request->by,
                                .from = request->query.from ? &request->from : NULL,
                                .to = request->query.to ? &request->to : NULL,
                            });
    return verb_printed("figures");
}

static int ask(const struct request *request, struct answer *answer) {
    struct suivi *client;
    int rc = suivi_open(&client, &(struct suivi_options){.endpoint = request->endpoint});
    if (rc == 0)
        rc = suivi_query(client, &request->query, (int)(request->timeout * 1000), on_indicator, on_figure,
                         answer);
    if (rc != 0)
        terminal_say(PROGRAM, "%s", suivi_why(client));
    suivi_close(&client);
    if (rc == 0 && answer_cut(answer)) {
        terminal_say(PROGRAM, "there are more than %u figures; ask for fewer with --from, --to or --by",
                     ANSWER_FIGURES_MAX);
        rc = -E2BIG;
    }
    return rc == 0 ? VERB_DONE : VERB_FAILED;
}

int figures_run(int argc, char **argv) {
    struct request request = {.timeout = VERB_TIMEOUT, .format = VERB_TABLE, .by = PERIOD_MONTH};
    bool done;
    int status = read_options(&request, argc, argv, &done);
    if (done)
        return status;
    request.query.split = request.split;
    request.query.where = request.where;
    struct answer *answer;
    answer_new(&answer, request.split, request.query.split_count);
    status = ask(&request, answer);
    if (status == VERB_DONE)
        status = print(&request, answer);
    answer_destroy(&answer);
    return status;
}
