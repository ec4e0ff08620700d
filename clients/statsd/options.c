#include "clients/statsd/options.h"

#include <errno.h>

#define USUAL_CONFIG "/etc/suivi/statsd.yaml"

const char options_help[] =
    "usage: suivi-statsd [options]\n"
    "Takes what statsd clients send, and sends to suivid what its settings name. Stays until it is told to "
    "end.\n"
    "\n"
    "  --config FILE            which metric is which indicator (default: " USUAL_CONFIG ")\n"
    "  --listen ADDRESS         udp://HOST:PORT or tcp://HOST:PORT; may be repeated; in place of the "
    "settings' own\n"
    "  --dry-run                print what would be sent; nothing is saved or sent\n"
    "  --state DIR              where keys and the outbox are (default: /var/lib/suivi/statsd)\n" COMMON_HELP(
        "statsd");

enum { CONFIG = 1, LISTEN, DRY_RUN };

static const struct option long_options[] = {
    {"config", required_argument, NULL, CONFIG},
    {"listen", required_argument, NULL, LISTEN},
    COMMON_LONG_OPTIONS,
    {"dry-run", no_argument, NULL, DRY_RUN},
    {NULL, 0, NULL, 0},
};

static int add_listen(struct options *options, const char *address, struct fault *why) {
    if (options->listen_count == STATSD_LISTEN_MAX)
        return fault_set(why, -EINVAL, "--listen: at most %d addresses", STATSD_LISTEN_MAX);
    options->listen[options->listen_count++] = address;
    struct fault reason;
    return statsd_check_listen(address, &reason) == 0 ? 0
                                                      : fault_set(why, -EINVAL, "--listen: %s", reason.text);
}

static int take(struct options *options, int letter, char *const *argv, struct fault *why) {
    switch (letter) {
    case CONFIG:
        options->config = optarg;
        return 0;
    case LISTEN:
        return add_listen(options, optarg, why);
    case DRY_RUN:
        options->dry_run = true;
        return 0;
    default:
        return common_take(&options->common, letter, argv, why);
    }
}

int options_parse(struct options *options, int argc, char *const *argv, struct fault *why) {
    *options = (struct options){.common = COMMON_OPTIONS_NONE, .config = USUAL_CONFIG};
    int letter, rc = 0;
    while (rc == 0 && (letter = common_next(&options->common, argc, argv, long_options)) != -1)
        rc = take(options, letter, argv, why);
    if (rc != 0 || options->common.help || options->common.version)
        return rc;
    if (optind < argc)
        return fault_set(why, -EINVAL, "\"%s\" is one argument too many: suivi-statsd takes only options",
                         argv[optind]);
    common_defaults(&options->common, "statsd");
    return 0;
}

void options_free(struct options *options) {
    common_free(&options->common);
}
