/* suivi figures: asks the daemon, and prints what it answers. */
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
    "  --sum-of TYPE       add up the figures of such periods, where that may be done; it is labelled so\n"
    "  --as-of DATE        what was known at the end of that day\n"
    "  --reported          of closed periods the value as it was reported\n"
    "  --gaps              in csv and json periods without a value, too, and on how many days was heard "
    "from\n"
    "                      whom; in the table every period\n"
    "  --outside           for others than the organisation: small numbers of breakdowns are withheld\n"
    "  --format FORMAT     table (default), csv or json\n"
    "  --language CODE     of the labels, as in the plan: en (default), fr ...\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "The table tells four kinds of nothing apart: 0, \xe2\x80\x93 for missing, \xc2\xb7 for not due, x for "
    "withheld.\n"
    "Without --gaps it begins and ends where there are figures, and csv and json have no rows for what is "
    "missing\n"
    "or not due.\n"
    "\n"
    "example: suivi figures 'web.*' lists.posts --from 2018-01 --to 2018-03\n";

struct request {
    struct verb_common common;
    struct suivi_query query;
    const char *split[DIMS_MAX];
    struct suivi_dim where[DIMS_MAX];
    enum period_type by;
    struct period from, to;
    struct period years; /* of the plan */
    bool has_years;
    struct answer *answer;
};

enum choice {
    OPT_FROM = 1,
    OPT_TO,
    OPT_BY,
    OPT_SPLIT,
    OPT_WHERE,
    OPT_AS_OF,
    OPT_REPORTED,
    OPT_GAPS,
    OPT_OUTSIDE,
    OPT_SUM_OF
};

static const struct option options[] = {
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"by", required_argument, NULL, OPT_BY},
    {"split", required_argument, NULL, OPT_SPLIT},
    {"where", required_argument, NULL, OPT_WHERE},
    {"as-of", required_argument, NULL, OPT_AS_OF},
    {"reported", no_argument, NULL, OPT_REPORTED},
    {"gaps", no_argument, NULL, OPT_GAPS},
    {"outside", no_argument, NULL, OPT_OUTSIDE},
    {"sum-of", required_argument, NULL, OPT_SUM_OF},
    {0},
};

/* --- the command line --- */

static int misused(const char *what, const char *why) {
    return verb_misused(VERB, what, why);
}

static int read_type(const char *what, const char *text, enum period_type *out) {
    struct fault why;
    return period_type_parse(out, str_of(text), &why) == 0 ? 0 : misused(what, why.text);
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

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    struct suivi_query *query = &request->query;
    enum period_type type;
    int32_t day;
    switch (option) {
    case OPT_FROM:
        query->from = value;
        return verb_period(VERB, "--from", value, &request->from);
    case OPT_TO:
        query->to = value;
        return verb_period(VERB, "--to", value, &request->to);
    case OPT_BY:
        query->by = value;
        return read_type("--by", value, &request->by);
    case OPT_SPLIT:
        return read_split(request, value);
    case OPT_WHERE:
        return verb_dim(VERB, "--where", value, request->where, &query->where_count);
    case OPT_AS_OF:
        query->as_of = value;
        return verb_day(VERB, "--as-of", value, &day);
    case OPT_SUM_OF:
        query->sum_of = value;
        return read_type("--sum-of", value, &type);
    case OPT_REPORTED:
        query->reported = true;
        return 0;
    case OPT_GAPS:
        query->gaps = true;
        return 0;
    default:
        query->outside = true;
        return 0;
    }
}

static const struct verb_spec spec = {
    .name = VERB,
    .help = help_text,
    .formats = VERB_FORMATS,
    .language = true,
    .options = options,
    .read = read_option,
};

/* *done: nothing is left to do, and the status is what is returned. */
static int read_options(struct request *request, int argc, char **argv, bool *done) {
    struct suivi_query *query = &request->query;
    int status = verb_read(&spec, &request->common, request, argc, argv, done);
    if (*done)
        return status;
    *done = true;
    if (query->from && query->to && request->from.first > request->to.last) {
        terminal_say(PROGRAM, "--from %s is after --to %s", query->from, query->to);
        return VERB_MISUSED;
    }
    query->indicators = (const char *const *)(argv + optind);
    query->indicator_count = (size_t)(argc - optind);
    if (query->indicator_count > MESSAGE_PATTERNS_MAX) {
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

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct request *request = arg;
    struct suivi_query query = request->query;
    query.split = request->split;
    query.where = request->where;
    query.language = request->common.language;
    query.gaps = query.gaps || request->common.format == VERB_TABLE; /* it shows why nothing is there */
    return suivi_query(client, &query, timeout_ms, on_indicator, on_figure, request->answer);
}

static struct figures_table_layout layout_of(const struct request *request) {
    return (struct figures_table_layout){
        .width = terminal_width(stdout, PRINT_WIDTH),
        .colour = terminal_colour(stdout),
        .by = request->by,
        .from = request->query.from ? &request->from : NULL,
        .to = request->query.to ? &request->to : NULL,
        .years = request->has_years ? &request->years : NULL,
        .all_periods = request->query.gaps,
        .all_rows = request->query.gaps || request->query.indicator_count > 0,
    };
}

static void on_plan(void *arg, const struct suivi_plan *plan) {
    struct request *request = arg;
    request->has_years = period_parse(&request->years, str_of(plan->plan), NULL) == 0;
}

static void on_promise(void *arg, const struct suivi_promise *promise) {
    (void)arg;
    (void)promise;
}

static int ask_plan(struct suivi *client, int timeout_ms, void *arg) {
    const struct request *request = arg;
    const char *const one[] = {answer_at(request->answer, 0)->indicator};
    return suivi_ask_plan(client, one, 1, request->common.language, timeout_ms, on_plan, on_promise, arg);
}

/* Where an end was left open each indicator is told as far as it has figures. A table has the same columns for all of
 * them, so it asks once more, from the first to the last one. Past the plan's years there are figures only. */
static int ask_to_the_ends(struct request *request) {
    char first_text[PERIOD_TEXT_MAX], last_text[PERIOD_TEXT_MAX];
    const char *from = request->query.from, *to = request->query.to;
    struct figures_table_layout layout = layout_of(request);
    int32_t first, last;
    if (request->common.format != VERB_TABLE || request->by == PERIOD_PLAN || (from && to) ||
        !answer_tells(request->answer) || !figures_table_span(request->answer, &layout, &first, &last))
        return VERB_DONE;
    int status = verb_ask(&request->common, ask_plan, request);
    if (status != VERB_DONE)
        return status;
    answer_destroy(&request->answer);
    answer_new(&request->answer, request->split, request->query.split_count);
    if (from || !request->has_years || first >= request->years.first)
        request->query.from = period_print_day(first, first_text);
    if (to || !request->has_years || last <= request->years.last)
        request->query.to = period_print_day(last, last_text);
    status = verb_ask(&request->common, ask, request);
    request->query.from = from;
    request->query.to = to;
    return status;
}

static int print(const struct request *request) {
    struct figures_table_layout layout = layout_of(request);
    if (answer_cut(request->answer)) {
        terminal_say(PROGRAM, "there are more than %u figures; ask for fewer with --from, --to or --by",
                     ANSWER_FIGURES_MAX);
        return VERB_FAILED;
    }
    if (!answer_tells(request->answer))
        say_empty(request);
    if (request->common.format == VERB_CSV)
        figures_csv_write(stdout, request->answer);
    else if (request->common.format == VERB_JSON)
        figures_json_write(stdout, request->answer);
    else
        figures_table_write(stdout, request->answer, &layout);
    return verb_printed("figures");
}

int figures_run(int argc, char **argv) {
    struct request request = {.by = PERIOD_MONTH};
    bool done;
    int status = read_options(&request, argc, argv, &done);
    if (done)
        return status;
    answer_new(&request.answer, request.split, request.query.split_count);
    status = verb_ask_about(&request.common, ask, &request, request.query.indicators,
                            request.query.indicator_count);
    if (status == VERB_DONE)
        status = ask_to_the_ends(&request);
    if (status == VERB_DONE)
        status = print(&request);
    answer_destroy(&request.answer);
    return status;
}
