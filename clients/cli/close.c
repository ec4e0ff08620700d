/* suivi close: keeps the figures of a period as they are reported, for good; or lists the closed periods. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/closings_list.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"

#define PROGRAM "suivi"
#define VERB    "close"

static const char help_text[] =
    "usage: suivi close [OPTION]... PERIOD\n"
    "       suivi close [OPTION]...\n"
    "\n"
    "Keeps the figures of a period that is over as they are reported now, under a SHA-256, for good: nobody "
    "can\n"
    "open it again. What comes later counts as ever, and shows beside what was reported. Without a PERIOD, "
    "lists\n"
    "the closed ones.\n"
    "\n"
    "options:\n"
    "  --note TEXT         kept with it: to whom it was reported, say\n"
    "  --format FORMAT     table (default), csv or json\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "example: suivi close 2018-Q1 --note 'narrative report to the donors'\n";

struct request {
    struct verb_common common;
    const char *period, *note;
    struct closings_list *list;
    struct closings_values values; /* no indicators: it is not known */
};

enum choice { OPT_NOTE = 1 };

static const struct option options[] = {
    {"note", required_argument, NULL, OPT_NOTE},
    {0},
};

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    (void)option; /* there is one */
    request->note = value;
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB,
    .help = help_text,
    .formats = VERB_FORMATS,
    .options = options,
    .read = read_option,
};

static int read_words(struct request *request, int argc, char **argv) {
    struct period period;
    if (optind == argc)
        return request->note ? verb_misused(VERB, "--note", "say which period is to be closed") : 0;
    if (optind + 1 < argc)
        return verb_misused(VERB, argv[optind + 1], "one period is closed at a time");
    request->period = argv[optind];
    return verb_period(VERB, "PERIOD", request->period, &period);
}

static void on_closing(void *arg, const struct suivi_closing *closing) {
    closings_list_add(arg, closing);
}

static void on_indicator(void *arg, const struct suivi_indicator *indicator) {
    struct request *request = arg;
    (void)indicator;
    request->values.indicators++;
}

static void on_figure(void *arg, const struct suivi_figure *figure) {
    struct request *request = arg;
    request->values.values += figure->state == SUIVI_VALUE;
}

/* It is closed by then, whatever becomes of this question. */
static void ask_values(struct suivi *client, int timeout_ms, struct request *request) {
    struct period period;
    if (period_parse(&period, str_of(request->period), NULL) != 0)
        return;
    const struct suivi_query query = {.from = request->period,
                                      .to = request->period,
                                      .by = period_type_name(period.type),
                                      .reported = true};
    if (suivi_query(client, &query, timeout_ms, on_indicator, on_figure, request) != 0)
        request->values = (struct closings_values){0};
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct request *request = arg;
    if (request->period) {
        int rc =
            suivi_close_period(client, request->period, request->note, timeout_ms, on_closing, request->list);
        if (rc == 0)
            ask_values(client, timeout_ms, request);
        return rc;
    }
    return suivi_closings(client, timeout_ms, on_closing, request->list);
}

static int print(const struct request *request) {
    const struct closings_list *list = request->list;
    if (closings_list_cut(list)) {
        terminal_say(PROGRAM, "there are more than %u closed periods", CLOSINGS_LIST_MAX);
        return VERB_FAILED;
    }
    if (closings_list_count(list) == 0)
        terminal_say(PROGRAM, "no period is closed yet");
    if (request->common.format == VERB_CSV)
        closings_list_csv(stdout, list);
    else if (request->common.format == VERB_JSON)
        closings_list_json(stdout, list);
    else if (request->period)
        closings_list_sentences(stdout, list, &request->values);
    else
        closings_list_table(stdout, list, terminal_colour(stdout));
    return verb_printed("closed periods");
}

int close_run(int argc, char **argv) {
    struct request request = {0};
    bool done;
    int status = verb_read(&spec, &request.common, &request, argc, argv, &done);
    if (done)
        return status;
    status = read_words(&request, argc, argv);
    if (status != 0)
        return status;
    closings_list_new(&request.list);
    status = verb_ask(&request.common, ask, &request);
    if (status == VERB_DONE)
        status = print(&request);
    closings_list_destroy(&request.list);
    return status;
}
