/* suivi check: has the daemon go through its whole store, and prints what it finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/print.h"
#include "clients/cli/verb.h"
#include "clients/lib/suivi.h"
#include "proto/check.h"

#define VERB "check"

static const char help_text[] =
    "usage: suivi check [OPTION]...\n"
    "\n"
    "Has the daemon go through its whole store while it works: that every record has its shape, that the "
    "months\n"
    "are what their days add up to, and that the figures are what the sources sent. Prints what is not so, "
    "a\n"
    "sentence a line, and at the end what was checked.\n"
    "\n"
    "options:\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for a sign of life (default 10); the check itself may take "
    "longer\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "Exits 0 when all is well, 1 when something was found, or could not be checked.\n";

static const struct verb_spec spec = {.name = VERB, .help = help_text};

struct findings {
    uint64_t told;
    struct suivi_checked checked;
};

static void on_finding(void *arg, const char *sentence) {
    struct findings *findings = arg;
    char *text = print_clean(mem_string(sentence, strlen(sentence)));
    puts(text);
    free(text);
    findings->told++;
}

/* "1 204 names, 30 120 figures of days ..." */
static void print_checked(const struct suivi_checked *checked) {
    const struct {
        uint64_t count;
        const char *one, *many;
    } parts[] = {
        {checked->names, "name", "names"},
        {checked->cells, "figure of a day", "figures of days"},
        {checked->months, "figure of a month", "figures of months"},
        {checked->sources, "source", "sources"},
        {checked->bytes, "byte", "bytes"},
    };
    char number[PRINT_NUMBER];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        printf("%s%s %s", i ? ", " : "", print_number((int64_t)parts[i].count, number),
               parts[i].count == 1 ? parts[i].one : parts[i].many);
    puts(" checked");
}

static int print(const struct findings *findings) {
    char number[PRINT_NUMBER];
    uint64_t found = findings->checked.findings;
    if (found > findings->told)
        printf("and %s more\n", print_number((int64_t)(found - findings->told), number));
    if (found == 0)
        fputs("all is well: ", stdout);
    else
        printf("%s %s: ", print_number((int64_t)found, number), found == 1 ? "fault" : "faults");
    print_checked(&findings->checked);
    int status = verb_printed("findings");
    return status == VERB_DONE && found > 0 ? VERB_FAILED : status;
}

static int ask(struct suivi *client, int timeout_ms, void *arg) {
    struct findings *findings = arg;
    return suivi_check(client, timeout_ms, on_finding, findings, &findings->checked);
}

int check_run(int argc, char **argv) {
    struct verb_common common;
    struct findings findings = {0};
    bool done;
    int status = verb_read(&spec, &common, NULL, argc, argv, &done);
    if (done)
        return status;
    if (optind < argc)
        return verb_misused(VERB, argv[optind], "nothing is to be named, the whole store is checked");
    status = verb_ask(&common, ask, &findings);
    return status == VERB_DONE ? print(&findings) : status;
}
