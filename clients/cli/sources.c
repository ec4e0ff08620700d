/* suivi sources: what was heard from each source, and whether it adds up. */
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

static const struct verb_spec spec = {.name = VERB, .help = help_text, .formats = VERB_FORMATS};

static void on_source(void *arg, const struct suivi_source *source) {
    sources_list_add(arg, source);
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    return suivi_sources(client, timeout_ms, on_source, arg);
}

static int print(enum verb_format format, const struct sources_list *list) {
    if (sources_list_cut(list)) {
        terminal_say(PROGRAM, "there are more than %u sources", SOURCES_LIST_MAX);
        return VERB_FAILED;
    }
    if (sources_list_count(list) == 0)
        terminal_say(PROGRAM, "no source has sent anything yet");
    if (format == VERB_CSV)
        sources_list_csv(stdout, list);
    else if (format == VERB_JSON)
        sources_list_json(stdout, list);
    else
        sources_list_table(stdout, list, terminal_width(stdout, PRINT_WIDTH), terminal_colour(stdout));
    return verb_printed("sources");
}

int sources_run(int argc, char **argv) {
    struct verb_common common;
    bool done;
    int status = verb_read(&spec, &common, NULL, argc, argv, &done);
    if (done)
        return status;
    if (optind < argc)
        return verb_misused(VERB, argv[optind], "nothing is to be named, all sources are shown");
    struct sources_list *list;
    sources_list_new(&list);
    status = verb_ask(&common, ask, list);
    if (status == VERB_DONE)
        status = print(common.format, list);
    sources_list_destroy(&list);
    return status;
}
