#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: suivid [--config FILE] [--data DIR] [--listen ENDPOINT]... [--framework FILE]\n"
    "\n"
    "Takes indicator events from collectors, keeps each exactly once, answers with figures.\n"
    "\n"
    "  --config FILE      settings (default: /etc/suivi/suivid.yaml when it is there)\n"
    "  --data DIR         where the store is kept (default: /var/lib/suivi)\n"
    "  --listen ENDPOINT  ipc:///PATH or tcp://127.0.0.1:PORT; may be given several times\n"
    "                     (default: ipc:///run/suivi/suivid.ipc for root, else in $XDG_RUNTIME_DIR/suivi)\n"
    "  --framework FILE   the plan (default: /etc/suivi/framework.yaml, else the shipped one)\n"
    "  --help, --version\n"
    "\n"
    "Prints \"suivid: ready on ENDPOINT\" on stderr when it is. SIGTERM: finishes, commits, exits 0.\n"
    "Exit status: 0 done, 1 could not, 2 wrong usage. See suivid(8).\n";

enum { OPTION_CONFIG = 256, OPTION_DATA, OPTION_LISTEN, OPTION_FRAMEWORK, OPTION_HELP, OPTION_VERSION };

static const struct option known[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"data", required_argument, NULL, OPTION_DATA},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"framework", required_argument, NULL, OPTION_FRAMEWORK},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* First pass: only what decides which file is read, or whether anything is. */
static int scan(int argc, char **argv, const char **config, struct fault *why) {
    int option;
    opterr = 0; /* it is said once, by the caller */
    optind = 1;
    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == OPTION_CONFIG)
            *config = optarg;
        else if (option == OPTION_HELP || option == OPTION_VERSION) {
            (void)fputs(option == OPTION_HELP ? usage : "suivid " SUIVI_VERSION "\n", stdout);
            if (fflush(stdout) != 0)
                return fault_set(why, -errno, "cannot write on standard output: %s", strerror(errno));
            return 1;
        } else if (option == ':')
            return fault_set(why, -EINVAL, "%s needs a value; try suivid --help", argv[optind - 1]);
        else if (option == '?')
            return fault_set(why, -EINVAL, "there is no option %s; try suivid --help", argv[optind - 1]);
    }
    if (optind < argc)
        return fault_set(why, -EINVAL, "\"%s\" is not an option; try suivid --help", argv[optind]);
    return 0;
}

int options_read(struct settings *out, int argc, char **argv, struct fault *why) {
    const char *config = NULL;
    int err = scan(argc, argv, &config, why);
    if (err)
        return err;
    err = settings_load(out, config, why);
    if (err) /* a bad file is no wrong usage */
        return err == -EINVAL ? -EBADMSG : err;
    int option, replace = 1;
    optind = 1;
    while (err == 0 && (option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == OPTION_DATA)
            settings_set(&out->data, optarg);
        else if (option == OPTION_FRAMEWORK)
            settings_set(&out->framework, optarg);
        else if (option == OPTION_LISTEN) {
            err = settings_listen(out, optarg, replace, why);
            replace = 0;
        }
    }
    if (err)
        settings_clear(out);
    return err == -E2BIG ? -EINVAL : err;
}
