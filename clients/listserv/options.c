#include "clients/listserv/options.h"

#include <errno.h>

#include "proto/dims.h"

const char options_help[] =
    "usage: suivi-listserv --list NAME [options] PATH...\n"
    "       suivi-listserv [--config FILE] [options]\n"
    "Counts what is new in a mailing list's archive and sends it to suivid. PATH is an mbox (also packed:\n"
    "gzip, zstd, xz), a Maildir, a directory of these, or -. Without --list: what the settings say, lists "
    "and\n"
    "list servers.\n"
    "\n"
    "  --list NAME              the mailing list that the archive is of\n"
    "  --config FILE            settings (default: /etc/suivi/listserv.yaml)\n"
    "  --dry-run                print what would be sent, as CSV; send and save nothing\n"
    "  --once                   read to the end, send, and end (default)\n"
    "  --follow                 stay and count posts as they come\n"
    "  --state DIR              where known posts, keys and the outbox are (default: "
    "/var/lib/suivi/listserv)\n" COMMON_HELP("listserv");

enum { LIST = 1, CONFIG, DRY_RUN, ONCE, FOLLOW };

static const struct option long_options[] = {
    {"list", required_argument, NULL, LIST},
    {"config", required_argument, NULL, CONFIG},
    {"dry-run", no_argument, NULL, DRY_RUN},
    {"once", no_argument, NULL, ONCE},
    {"follow", no_argument, NULL, FOLLOW},
    COMMON_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

static int check(const struct options *options, bool once, struct fault *why) {
    struct fault reason;
    if (options->list != NULL && dims_check_value(str_of(options->list), &reason) != 0)
        return fault_set(why, -EINVAL, "--list: %s", reason.text);
    if (options->list == NULL && options->path_count > 0)
        return fault_set(why, -EINVAL, "--list NAME is missing: which list is this the archive of?");
    if (options->list != NULL && options->path_count == 0)
        return fault_set(why, -EINVAL,
                         "no PATH to read; give the archive of the list, or - for standard input");
    if (options->follow && options->dry_run)
        return fault_set(why, -EINVAL, "--follow and --dry-run do not go together");
    if (options->follow && once)
        return fault_set(why, -EINVAL, "--follow and --once do not go together");
    return common_check_streams(options->paths, options->path_count, options->follow, why);
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
    default:
        return common_take(&options->common, letter, argv, why);
    }
}

int options_parse(struct options *options, int argc, char *const *argv, struct fault *why) {
    *options = (struct options){.common = COMMON_OPTIONS_NONE};
    bool once = false;
    int letter, rc = 0;
    while (rc == 0 && (letter = common_next(&options->common, argc, argv, long_options)) != -1)
        rc = take(options, letter, &once, argv, why);
    if (rc != 0 || options->common.help || options->common.version)
        return rc;
    options->paths = argv + optind;
    options->path_count = (size_t)(argc - optind);
    rc = check(options, once, why);
    if (rc == 0)
        common_defaults(&options->common, "listserv");
    return rc;
}

void options_free(struct options *options) {
    common_free(&options->common);
}
