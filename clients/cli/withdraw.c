/* suivi withdraw: takes back what a source gave to some days, so that it can be counted again. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/hints.h"
#include "clients/cli/print.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"

#define PROGRAM "suivi"
#define VERB    "withdraw"

static const char help_text[] =
    "usage: suivi withdraw --source S --from PERIOD --to PERIOD --reason TEXT [OPTION]...\n"
    "\n"
    "Takes back what a source gave to these days up to now, so that it can be counted again. What the "
    "source\n"
    "sends for them afterwards counts. Nothing is deleted: \"suivi explain\" tells of it, and \"suivi "
    "figures --as-of\"\n"
    "a day before shows the figures as they were.\n"
    "\n"
    "options:\n"
    "  --source S          the source, as \"suivi sources\" names it: weblog@www1\n"
    "  --from PERIOD       its first day is the first: 2018-03-07, 2018-03, 2018-Q1, 2018 ...\n"
    "  --to PERIOD         its last day is the last\n"
    "  --reason TEXT       why; kept for good\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "example: suivi withdraw --source weblog@www1 --from 2018-02 --to 2018-02 --reason 'the log was cut "
    "short'\n";

struct request {
    struct verb_common common;
    const char *source, *from, *to, *reason;
    struct period first, last;
    struct suivi_withdrawn withdrawn;
};

enum choice { OPT_SOURCE = 1, OPT_FROM, OPT_TO, OPT_REASON };

static const struct option options[] = {
    {"source", required_argument, NULL, OPT_SOURCE},
    {"from", required_argument, NULL, OPT_FROM},
    {"to", required_argument, NULL, OPT_TO},
    {"reason", required_argument, NULL, OPT_REASON},
    {0},
};

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    switch (option) {
    case OPT_SOURCE:
        request->source = value;
        return 0;
    case OPT_FROM:
        request->from = value;
        return verb_period(VERB, "--from", value, &request->first);
    case OPT_TO:
        request->to = value;
        return verb_period(VERB, "--to", value, &request->last);
    default:
        request->reason = value;
        return 0;
    }
}

static const struct verb_spec spec = {
    .name = VERB, .help = help_text, .options = options, .read = read_option};

static bool is_blank(const char *text) {
    return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int check_request(const struct request *request) {
    if (is_blank(request->source))
        return verb_misused(VERB, "--source", "say which source it is; \"suivi sources\" lists them");
    if (!request->from)
        return verb_misused(VERB, "--from", "say from which day on");
    if (!request->to)
        return verb_misused(VERB, "--to", "say up to which day");
    if (is_blank(request->reason))
        return verb_misused(VERB, "--reason",
                            "a reason must be given, for whoever asks later why the figures moved");
    if (request->first.first > request->last.last) {
        terminal_say(PROGRAM, "--from %s is after --to %s", request->from, request->to);
        return VERB_MISUSED;
    }
    return 0;
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct request *request = arg;
    return suivi_withdraw(client, request->source, request->from, request->to, request->reason, timeout_ms,
                          &request->withdrawn);
}

static int print(const struct request *request) {
    char days[WORDS_MAX], count[WORDS_MAX];
    const struct suivi_withdrawn *withdrawn = &request->withdrawn;
    words_days_text(withdrawn->first, withdrawn->last, WORDS_NO_YEAR, days);
    printf("withdrawn: %s from ", words_count(withdrawn->figures, "daily figure", "daily figures", count));
    print_text(stdout, request->source);
    printf(" for %s\n", days);
    hints_count_withdrawn(stdout, request->source, withdrawn->first, withdrawn->last, NULL);
    return verb_printed("result");
}

int withdraw_run(int argc, char **argv) {
    struct request request = {0};
    bool done;
    int status = verb_read(&spec, &request.common, &request, argc, argv, &done);
    if (done)
        return status;
    if (optind < argc)
        return verb_misused(VERB, argv[optind], "all is said by options");
    status = check_request(&request);
    if (status == 0)
        status = verb_ask(&request.common, ask, &request);
    return status == VERB_DONE ? print(&request) : status;
}
