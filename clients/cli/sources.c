/* suivi sources: what was heard from each source, and whether it adds up. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "clients/cli/print.h"
#include "clients/cli/sources_list.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"

#define PROGRAM "suivi"
#define VERB    "sources"

static const char help_text[] =
    "usage: suivi sources [OPTION]...\n"
    "\n"
    "Shows what the daemon heard from each source: when last, how many batches, and of the events in them "
    "how\n"
    "many were counted, refused, or came again. Events = counted + refused + repeated.\n"
    "\n"
    "options:\n"
    "  --format FORMAT     table (default), csv or json\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "Times are in UTC.\n";

enum choice { OPT_FORMAT = 1, OPT_ENDPOINT, OPT_TIMEOUT, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
    {"format", required_argument, NULL, OPT_FORMAT},   {"endpoint", required_argument, NULL, OPT_ENDPOINT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT}, {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},       {0},
};

struct request {
    const char *endpoint;
    double timeout;
    enum verb_format format;
};

/* *done: nothing is left to do, and the status is what is returned. */
static int read_options(struct request *request, int argc, char **argv, bool *done) {
    int option, rc = 0;
    *done = true;
    opterr = 0;
    optind = 0; /* glibc: start anew */
    while (rc == 0 && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (option) {
        case OPT_HELP:
            return fputs(help_text, stdout) < 0 ? VERB_FAILED : VERB_DONE;
        case OPT_VERSION:
            return puts("suivi " SUIVI_VERSION) < 0 ? VERB_FAILED : VERB_DONE;
        case OPT_FORMAT:
            rc = verb_format(VERB, &request->format, optarg);
            break;
        case OPT_ENDPOINT:
            request->endpoint = optarg;
            break;
        case OPT_TIMEOUT:
            rc = verb_timeout(VERB, &request->timeout, optarg);
            break;
        default:
            return verb_no_option(VERB, option, argv[optind - 1]);
        }
    }
    if (rc == 0 && optind < argc)
        rc = verb_misused(VERB, argv[optind], "nothing is to be named, all sources are shown");
    *done = rc != 0;
    return rc;
}

static void on_source(void *arg, const struct suivi_source *source) {
    sources_list_add(arg, source);
}

static int ask(const struct request *request, struct sources_list *list) {
    struct suivi *client;
    int rc = suivi_open(&client, &(struct suivi_options){.endpoint = request->endpoint});
    if (rc == 0)
        rc = suivi_sources(client, (int)(request->timeout * 1000), on_source, list);
    if (rc != 0)
        terminal_say(PROGRAM, "%s", suivi_why(client));
    suivi_close(&client);
    if (rc == 0 && sources_list_cut(list)) {
        terminal_say(PROGRAM, "there are more than %u sources", SOURCES_LIST_MAX);
        rc = -E2BIG;
    }
    return rc == 0 ? VERB_DONE : VERB_FAILED;
}

static int print(const struct request *request, const struct sources_list *list) {
    if (sources_list_count(list) == 0)
        terminal_say(PROGRAM, "no source has sent anything yet");
    if (request->format == VERB_CSV)
        sources_list_csv(stdout, list);
    else if (request->format == VERB_JSON)
        sources_list_json(stdout, list);
    else
        sources_list_table(stdout, list, terminal_width(stdout, PRINT_WIDTH), terminal_colour(stdout));
    return verb_printed("sources");
}

int sources_run(int argc, char **argv) {
    struct request request = {.timeout = VERB_TIMEOUT, .format = VERB_TABLE};
    bool done;
    int status = read_options(&request, argc, argv, &done);
    if (done)
        return status;
    struct sources_list *list;
    sources_list_new(&list);
    status = ask(&request, list);
    if (status == VERB_DONE)
        status = print(&request, list);
    sources_list_destroy(&list);
    return status;
}
