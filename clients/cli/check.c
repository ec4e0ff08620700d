/* suivi check: has the daemon go through its whole store, and prints what it finds; or goes through a framework
 * file, which needs no daemon. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/print.h"
#include "clients/cli/verb.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "config/framework.h"
#include "proto/check.h"

#define PROGRAM "suivi"
#define VERB    "check"

static const char help_text[] =
    "usage: suivi check [OPTION]...\n"
    "\n"
    "Has the daemon go through its whole store while it works: that every record has its shape, that the "
    "months\n"
    "are what their days add up to, and that the figures are what the sources sent. Prints what is not so, "
    "a\n"
    "sentence a line, and at the end what was checked.\n"
    "\n"
    "With --framework, goes through that file instead and prints every fault in it, with its line. This "
    "needs "
    "no\n"
    "daemon.\n"
    "\n"
    "options:\n"
    "  --framework FILE    check this framework file\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --timeout SECONDS   how long to wait for a sign of life (default 10); the check itself may take "
    "longer\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "Exits 0 when all is well, 1 when something was found, or could not be checked.\n";

enum choice { OPT_FRAMEWORK = 1, OPT_ENDPOINT, OPT_TIMEOUT, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
    {"framework", required_argument, NULL, OPT_FRAMEWORK},
    {"endpoint", required_argument, NULL, OPT_ENDPOINT},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

struct request {
    const char *framework; /* NULL: the store is checked */
    const char *endpoint;
    double timeout;
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
        case OPT_FRAMEWORK:
            request->framework = optarg;
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
        rc = verb_misused(VERB, argv[optind],
                          "nothing is to be named: the whole store is checked, or the file of --framework");
    *done = rc != 0;
    return rc;
}

struct findings {
    uint64_t told;
};

static void on_finding(void *arg, const char *sentence) {
    struct findings *findings = arg;
    char *text = print_clean(mem_string(sentence, strlen(sentence)));
    puts(text);
    free(text);
    findings->told++;
}

struct part {
    uint64_t count;
    const char *one, *many;
};

/* "1 204 names, 30 120 figures of days". */
static void print_parts(const struct part *parts, size_t count) {
    char number[PRINT_NUMBER];
    for (size_t i = 0; i < count; i++)
        printf("%s%s %s", i ? ", " : "", print_number((int64_t)parts[i].count, number),
               parts[i].count == 1 ? parts[i].one : parts[i].many);
}

static void print_checked(const struct suivi_checked *checked) {
    const struct part parts[] = {
        {checked->names, "name", "names"},
        {checked->cells, "figure of a day", "figures of days"},
        {checked->months, "figure of a month", "figures of months"},
        {checked->sources, "source", "sources"},
        {checked->bytes, "byte", "bytes"},
    };
    print_parts(parts, sizeof parts / sizeof *parts);
    puts(" checked");
}

static void print_framework(const char *path, const struct framework *framework) {
    const struct part parts[] = {
        {framework_indicator_count(framework), "indicator", "indicators"},
        {framework_area_count(framework), "area", "areas"},
        {framework_feed_count(framework), "source", "sources"},
        {framework_language_count(framework), "language", "languages"},
    };
    printf("%s: all is well: ", path);
    print_parts(parts, sizeof parts / sizeof *parts);
    putchar('\n');
}

static int check_framework(const char *path) {
    struct framework *framework = NULL;
    struct findings findings = {0};
    struct fault why;
    int rc = framework_load(&framework, path, &why);
    if (rc == 0) {
        print_framework(path, framework);
        framework_destroy(&framework);
        return verb_printed("findings");
    }
    if (rc != -EINVAL) {
        terminal_say(PROGRAM, "%s", why.text);
        return VERB_FAILED;
    }
    int count = framework_check_file(path, on_finding, &findings);
    if (count > 0 && (uint64_t)count > findings.told)
        printf("and %" PRIu64 " more\n", (uint64_t)count - findings.told);
    verb_printed("findings");
    return VERB_FAILED;
}

static int print(const struct suivi_checked *checked, const struct findings *findings) {
    char number[PRINT_NUMBER];
    if (checked->findings > findings->told)
        printf("and %s more\n", print_number((int64_t)(checked->findings - findings->told), number));
    if (checked->findings == 0)
        fputs("all is well: ", stdout);
    else
        printf("%s %s: ", print_number((int64_t)checked->findings, number),
               checked->findings == 1 ? "fault" : "faults");
    print_checked(checked);
    int status = verb_printed("findings");
    return status == VERB_DONE && checked->findings > 0 ? VERB_FAILED : status;
}

int check_run(int argc, char **argv) {
    struct request request = {.timeout = VERB_TIMEOUT};
    bool done;
    int status = read_options(&request, argc, argv, &done);
    if (done)
        return status;
    if (request.framework != NULL)
        return check_framework(request.framework);
    struct suivi *client;
    struct suivi_checked checked;
    struct findings findings = {0};
    int rc = suivi_open(&client, &(struct suivi_options){.endpoint = request.endpoint});
    if (rc == 0)
        rc = suivi_check(client, (int)(request.timeout * 1000), on_finding, &findings, &checked);
    if (rc != 0)
        terminal_say(PROGRAM, "%s", suivi_why(client));
    suivi_close(&client);
    return rc == 0 ? print(&checked, &findings) : VERB_FAILED;
}
