/* suivi explain: how a figure came to be. */
#include <stdio.h>
#include <string.h>

#include "clients/cli/explain_json.h"
#include "clients/cli/explain_text.h"
#include "clients/cli/verb.h"
#include "proto/dims.h"

#define VERB "explain"

static const char help_text[] =
    "usage: suivi explain [OPTION]... ID PERIOD\n"
    "\n"
    "Shows how a figure came to be: what each source gave and on which days, what people entered and "
    "corrected,\n"
    "what was refused or withdrawn, what was reported of a closed period and what has moved since, and what "
    "the\n"
    "figure means.\n"
    "\n"
    "options:\n"
    "  --where DIM=VALUE   only what has this value; may be given several times\n"
    "  --full              case studies with all their parts\n"
    "  --format FORMAT     table (default: words for people) or json\n"
    "  --language CODE     of the labels, as in the plan: en (default), fr ...\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "example: suivi explain web.downloads 2018-02\n";

struct request {
    struct verb_common common;
    const char *indicator, *period;
    struct suivi_dim where[DIMS_MAX];
    struct explain_asked asked;
};

enum choice { OPT_WHERE = 1, OPT_FULL };

static const struct option options[] = {
    {"where", required_argument, NULL, OPT_WHERE},
    {"full", no_argument, NULL, OPT_FULL},
    {0},
};

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    if (option == OPT_WHERE)
        return verb_dim(VERB, "--where", value, request->where, &request->asked.where_count);
    request->asked.full = true;
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB,
    .help = help_text,
    .formats = 1u << VERB_TABLE | 1u << VERB_JSON,
    .language = true,
    .options = options,
    .read = read_option,
};

static int read_words(struct request *request, int argc, char **argv) {
    struct period period;
    if (argc - optind < 2)
        return verb_misused(VERB, optind < argc ? argv[optind] : "nothing is named",
                            "say which indicator and which period: suivi explain web.downloads 2018-02");
    if (argc - optind > 2)
        return verb_misused(VERB, argv[optind + 2], "one figure is explained at a time");
    request->indicator = argv[optind];
    request->period = argv[optind + 1];
    return verb_period(VERB, "PERIOD", request->period, &period);
}

static void tell(void *arg, const struct suivi_explanation *explanation) {
    const struct request *request = arg;
    if (request->common.format == VERB_JSON)
        explain_json_write(stdout, explanation, &request->asked);
    else
        explain_text_write(stdout, explanation, &request->asked);
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct request *request = arg;
    return suivi_explain(client, request->indicator, request->period, request->where,
                         request->asked.where_count, request->common.language, timeout_ms, tell, request);
}

int explain_run(int argc, char **argv) {
    struct request request = {0};
    bool done;
    int status = verb_read(&spec, &request.common, &request, argc, argv, &done);
    if (done)
        return status;
    request.asked.where = request.where;
    status = read_words(&request, argc, argv);
    if (status == 0)
        status = verb_ask_about(&request.common, ask, &request, &request.indicator, 1);
    return status == VERB_DONE ? verb_printed("explanation") : status;
}
