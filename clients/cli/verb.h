/* A verb of the command line: `suivi figures`. One file each; main.c has the table. */
#ifndef SUIVI_CLI_VERB_H
#define SUIVI_CLI_VERB_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "clients/lib/suivi.h"
#include "proto/period.h"

enum {
    VERB_DONE = 0,
    VERB_FAILED = 1,  /* said in one line on stderr */
    VERB_MISUSED = 2, /* likewise */
    VERB_DUE = 3      /* of `due`: done, and something is late */
};

/* argv[0] is the verb. Returns the program's exit status. */
typedef int verb_run(int argc, char **argv);

verb_run figures_run;
verb_run record_run;
verb_run correct_run;
verb_run import_run;
verb_run explain_run;
verb_run due_run;
verb_run close_run;
verb_run withdraw_run;
verb_run sources_run;
verb_run check_run;

enum verb_format { VERB_TABLE, VERB_CSV, VERB_JSON };

#define VERB_FORMATS (1u << VERB_TABLE | 1u << VERB_CSV | 1u << VERB_JSON)

/* What a verb is told on its command line. Every verb takes --endpoint, --timeout, --help and --version. */
struct verb_spec {
    const char *name, *help;
    unsigned formats; /* bits 1 << VERB_TABLE ... that --format may name; 0: there is no such option */
    bool language;    /* whether it takes --language */
    const struct option *options; /* its own ones, `val` from 1 to 31, ended by {0}; NULL: none */
    int (*read)(void *arg, int option,
                char *value); /* takes one of its own: 0, or VERB_MISUSED, which was said */
};

struct verb_common {
    const char *endpoint, *language; /* NULL: not said */
    int timeout_ms;
    enum verb_format format;
};

/* Reads all options; argv[optind] is then the first word that is none. *done: nothing is left to do, and the status
 * is what is returned. `argv` stays in use. */
int verb_read(const struct verb_spec *spec, struct verb_common *common, void *arg, int argc, char **argv,
              bool *done);

/* Opens a client and has `ask` ask. VERB_DONE, or VERB_FAILED, which was said. */
int verb_ask(const struct verb_common *common, int (*ask)(struct suivi *client, int timeout_ms, void *arg),
             void *arg);

/* The same of a question that names indicators, by ids or globs: where the plan does not have one, what looks like it is
 * said. */
int verb_ask_about(const struct verb_common *common,
                   int (*ask)(struct suivi *client, int timeout_ms, void *arg), void *arg,
                   const char *const *indicators, size_t count);

/* Each says on stderr what is wrong, and returns VERB_MISUSED, or 0. `what` is the option or word that it is about. */
int verb_misused(const char *verb, const char *what, const char *why);
int verb_period(const char *verb, const char *what, const char *text, struct period *out);
int verb_day(const char *verb, const char *what, const char *text, int32_t *out);
int verb_parse_day(const char *text, int32_t *out,
                   struct fault *why); /* the same, which says nothing: -EINVAL */
int verb_dim(const char *verb, const char *what, char *text, struct suivi_dim *dims,
             size_t *count); /* DIM=VALUE */

/* Whether everything went out to stdout: VERB_DONE, or VERB_FAILED, which was said. */
int verb_printed(const char *what);

#endif
