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

enum choice { OPT_FRAMEWORK = 1 };

static const struct option options[] = {{"framework", required_argument, NULL, OPT_FRAMEWORK}, {0}};

static int read_option(void *arg, int option, char *value) {
    const char **framework = arg;
    (void)option; /* there is one */
    *framework = value;
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB, .help = help_text, .options = options, .read = read_option};

struct findings {
    uint64_t told;
    struct suivi_checked checked;
};

static void on_finding(void *arg, const char *sentence) {
    struct findings *findings = arg;
    char *text = terminal_clean(mem_string(sentence, strlen(sentence)));
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
        terminal_say("suivi", "%s", why.text);
        return VERB_FAILED;
    }
    int count = framework_check_file(path, on_finding, &findings);
    if (count > 0 && (uint64_t)count > findings.told)
        printf("and %" PRIu64 " more\n", (uint64_t)count - findings.told);
    verb_printed("findings");
    return VERB_FAILED;
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
    const char *framework = NULL; /* none: the store is checked */
    struct findings findings = {0};
    bool done;
    int status = verb_read(&spec, &common, &framework, argc, argv, &done);
    if (done)
        return status;
    if (optind < argc)
        return verb_misused(VERB, argv[optind],
                            "nothing is to be named: the whole store is checked, or the file of --framework");
    if (framework != NULL)
        return check_framework(framework);
    status = verb_ask(&common, ask, &findings);
    return status == VERB_DONE ? print(&findings) : status;
}
