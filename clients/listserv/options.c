#include "clients/listserv/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/usual.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/dims.h"

const char options_help[] =
    "usage: suivi-listserv --list NAME [options] PATH...\n"
    "       suivi-listserv [--config FILE] [options]\n"
    "Counts what is new in a mailing list's archive and sends it to suivid. PATH is an mbox (also packed: "
    "gzip, "
    "zstd,\nxz), a Maildir, a directory of these, or -. Without --list: what the settings say, lists and "
    "list "
    "servers.\n"
    "\n"
    "  --list NAME              the mailing list that the archive is of\n"
    "  --config FILE            settings (default: /etc/suivi/listserv.yaml)\n"
    "  --dry-run                print what would be sent, as CSV; send and save nothing\n"
    "  --once                   read to the end, send, and end (default)\n"
    "  --follow                 stay and count posts as they come\n"
    "  --endpoint ENDPOINT      of the daemon (default: $SUIVI_ENDPOINT, else as suivid listens)\n"
    "  --state DIR              where known posts, keys and the outbox are (default: "
    "/var/lib/suivi/listserv)\n"
    "  --source NAME            name of this collector (default: listserv@HOSTNAME)\n"
    "  --timeout SECONDS        how long to wait for an answer of the daemon (default: 10)\n"
    "  --help, --version\n";

enum { LIST = 1, CONFIG, DRY_RUN, ONCE, FOLLOW, ENDPOINT, STATE, SOURCE, TIMEOUT, HELP, VERSION };

static const struct option long_options[] = {
    {"list", required_argument, NULL, LIST},       {"config", required_argument, NULL, CONFIG},
    {"dry-run", no_argument, NULL, DRY_RUN},       {"once", no_argument, NULL, ONCE},
    {"follow", no_argument, NULL, FOLLOW},         {"endpoint", required_argument, NULL, ENDPOINT},
    {"state", required_argument, NULL, STATE},     {"source", required_argument, NULL, SOURCE},
    {"timeout", required_argument, NULL, TIMEOUT}, {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},       {NULL, 0, NULL, 0},
};

static int check_streams(const struct options *options, struct fault *why) {
    size_t streams = 0;
    for (size_t i = 0; i < options->path_count; i++)
        streams += strcmp(options->paths[i], "-") == 0;
    if (streams > 0 && options->follow)
        return fault_set(why, -EINVAL, "--follow needs files: standard input (-) cannot be followed");
    return streams > 1 ? fault_set(why, -EINVAL, "standard input (-) is given twice") : 0;
}

static int check(const struct options *options, bool once, struct fault *why) {
    struct fault reason;
    if (options->list != NULL && dims_check_value(str_of(options->list), &reason) != 0)
        return fault_set(why, -EINVAL, "--list: %s", reason.text);
    if (options->source != NULL && dims_check_value(str_of(options->source), &reason) != 0)
        return fault_set(why, -EINVAL, "--source: %s", reason.text);
    if (options->list == NULL && options->path_count > 0)
        return fault_set(why, -EINVAL, "--list NAME is missing: which list is this the archive of?");
    if (options->list != NULL && options->path_count == 0)
        return fault_set(why, -EINVAL,
                         "no PATH to read; give the archive of the list, or - for standard input");
    if (options->follow && options->dry_run)
        return fault_set(why, -EINVAL, "--follow and --dry-run do not go together");
    if (options->follow && once)
        return fault_set(why, -EINVAL, "--follow and --once do not go together");
    return check_streams(options, why);
}

static void replace(char **text, const char *with) {
    free(*text);
    *text = mem_string(with, strlen(with));
}

static int take(struct options *options, int letter, bool *once, char *const *argv, struct fault *why) {
    switch (letter) {
    case LIST:
        options->list = optarg;
        return 0;
    case CONFIG:
        options->config = optarg;
        return 0;
    case DRY_RUN:
        options->dry_run = true;
        return 0;
    case ONCE:
        *once = true;
        return 0;
    case FOLLOW:
        options->follow = true;
        return 0;
    case ENDPOINT:
        options->endpoint = optarg;
        return 0;
    case STATE:
        replace(&options->state, optarg);
        return 0;
    case SOURCE:
        replace(&options->source, optarg);
        return 0;
    case TIMEOUT:
        return usual_timeout(&options->timeout_ms, optarg, why);
    case HELP:
        options->help = true;
        return 0;
    case VERSION:
        options->version = true;
        return 0;
    case ':':
        return fault_set(why, -EINVAL, "%s needs a value", argv[optind - 1]);
    default:
        return fault_set(why, -EINVAL, "unknown option %s", argv[optind - 1]);
    }
}

int options_parse(struct options *options, int argc, char *const *argv, struct fault *why) {
    *options = (struct options){.timeout_ms = USUAL_TIMEOUT_MS};
    bool once = false;
    int letter, rc = 0;
    opterr = 0;
    while (rc == 0 && !options->help && !options->version &&
           (letter = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
        rc = take(options, letter, &once, argv, why);
    if (rc != 0 || options->help || options->version)
        return rc;
    options->paths = argv + optind;
    options->path_count = (size_t)(argc - optind);
    rc = check(options, once, why);
    if (rc == 0 && options->state == NULL)
        options->state = paths_state("listserv");
    if (rc == 0 && options->source == NULL)
        options->source = usual_source("listserv");
    return rc;
}

void options_free(struct options *options) {
    free(options->state);
    free(options->source);
}
