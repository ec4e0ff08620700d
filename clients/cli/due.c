/* suivi due: what is late, missing, short of its target, silent or soon due. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clients/cli/due_list.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"
#include "proto/civil.h"

#define PROGRAM    "suivi"
#define VERB       "due"
#define WITHIN     45
#define WITHIN_MAX 3660

static const char help_text[] =
    "usage: suivi due [OPTION]...\n"
    "\n"
    "Shows what the plan wants and does not have:\n"
    "  late       the day has passed, and it is not done or not in force\n"
    "  missing    the day has passed, and there is no figure\n"
    "  short      the day has passed, and the figure is below its target\n"
    "  silent     a source was not heard from for longer than is expected of it\n"
    "  soon       it is due within the next days, and not there yet\n"
    "\n"
    "options:\n"
    "  --on DATE           as of that day; default today\n"
    "  --within DAYS       how many days ahead count as soon (default 45)\n"
    "  --format FORMAT     table (default), csv or json\n"
    "  --language CODE     of the labels, as in the plan: en (default), fr ...\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "Exits 0 when nothing is late, missing, short or silent, 3 when something is, 1 when it could not be "
    "asked,\n"
    "2 on wrong usage.\n";

struct request {
    struct verb_common common;
    const char *on;
    int32_t day;
    unsigned within;
    struct due_list *list;
};

enum choice { OPT_ON = 1, OPT_WITHIN };

static const struct option options[] = {
    {"on", required_argument, NULL, OPT_ON},
    {"within", required_argument, NULL, OPT_WITHIN},
    {0},
};

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    if (option == OPT_ON) {
        request->on = value;
        return verb_day(VERB, "--on", value, &request->day);
    }
    char *end;
    unsigned long days = strtoul(value, &end, 10);
    if (strspn(value, "0123456789") != strlen(value) || value[0] == '\0' || days > WITHIN_MAX)
        return verb_misused(VERB, "--within", "it must be a number of days, up to ten years'");
    request->within = (unsigned)days;
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB,
    .help = help_text,
    .formats = VERB_FORMATS,
    .language = true,
    .options = options,
    .read = read_option,
};

static void on_duty(void *arg, const struct suivi_duty *duty) {
    due_list_add(arg, duty);
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct request *request = arg;
    return suivi_due(client, request->on, request->within, request->common.language, timeout_ms, on_duty,
                     request->list);
}

static void say_nothing_late(const struct request *request) {
    if (due_list_count(request->list) == 0) {
        terminal_say(PROGRAM, "nothing is late, and nothing is due within %u %s", request->within,
                     request->within == 1 ? "day" : "days");
        return;
    }
    char *next = due_list_first(request->list);
    terminal_say(PROGRAM, "nothing is late; next: %s", next);
    free(next);
}

static int print(const struct request *request) {
    const struct due_list *list = request->list;
    bool late = due_list_is_late(list);
    if (due_list_cut(list)) {
        terminal_say(PROGRAM, "more than %u things are due; ask for fewer with --within", DUE_LIST_MAX);
        return VERB_FAILED;
    }
    if (request->common.format == VERB_CSV)
        due_list_csv(stdout, list);
    else if (request->common.format == VERB_JSON)
        due_list_json(stdout, list);
    else
        due_list_table(stdout, list, civil_of_day(request->day).year, terminal_width(stdout, 0));
    if (!late)
        say_nothing_late(request);
    int status = verb_printed("list");
    return status == VERB_DONE && late ? VERB_DUE : status;
}

int due_run(int argc, char **argv) {
    struct request request = {.within = WITHIN};
    bool done;
    if (!civil_day_of_time((int64_t)time(NULL), &request.day))
        request.day = 0;
    int status = verb_read(&spec, &request.common, &request, argc, argv, &done);
    if (done)
        return status;
    if (optind < argc)
        return verb_misused(VERB, argv[optind], "nothing is to be named, the whole plan is gone through");
    due_list_new(&request.list);
    status = verb_ask(&request.common, ask, &request);
    if (status == VERB_DONE)
        status = print(&request);
    due_list_destroy(&request.list);
    return status;
}
