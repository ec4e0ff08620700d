/* What `suivi record`, `correct` and `import` have in common: options, the plan, the outbox, and sending from it. */
#ifndef SUIVI_CLI_RECORDING_H
#define SUIVI_CLI_RECORDING_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/cli/promises.h"
#include "clients/cli/verb.h"
#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/fault.h"

#define RECORDING_PROGRAM "suivi"
#define RECORDING_NAME    "record" /* of the directory that all three share */

struct recording { /* zeros */
    struct verb_common common;
    const char *framework, *reason, *note;
    bool asks_only; /* nothing is to be sent, and no outbox is needed */
    char *state;    /* the directory with the key of pseudonyms */
    bool has_day;
    int32_t day;
    struct suivi_dim dims[DIMS_MAX];
    size_t dim_count;

    struct suivi *client;
    char *outbox; /* the client's directory */
    struct promises *promises;
    uint64_t waited; /* batches that were in the outbox before */
};

/* Rows for a verb's table of options, and what it passes on of them. */
enum recording_choice {
    RECORDING_AT = 20,
    RECORDING_DIM,
    RECORDING_REASON,
    RECORDING_NOTE,
    RECORDING_STATE,
    RECORDING_FRAMEWORK
};

#define RECORDING_OPTIONS                                                                                    \
    {"at", required_argument, NULL, RECORDING_AT}, {"reason", required_argument, NULL, RECORDING_REASON},    \
        {"state", required_argument, NULL, RECORDING_STATE}, {                                               \
        "framework", required_argument, NULL, RECORDING_FRAMEWORK                                            \
    }

/* 0, or VERB_MISUSED, which was said. */
int recording_option(struct recording *recording, const char *verb, int option, char *value);

/* Reads a day: -EINVAL when there is none such (31 February), or it is still to come. */
int recording_parse_day(const char *text, int32_t *day, struct fault *why);

/* -EINVAL when the day is still to come. */
int recording_check_past(int32_t day, struct fault *why);

/* A whole number, alone in `text`. */
int recording_parse_number(const char *text, int64_t *out, struct fault *why);

/* Opens the outbox of source COLLECTOR@HOST in `state`, or in `folder` of it when that is given, and gets the plan.
 * 0, or VERB_FAILED, which was said. */
int recording_open(struct recording *recording, const char *collector, const char *folder);
void recording_close(struct recording *recording);

/* Finds the indicator; NULL: it was said why not. Then holds the dimensions against it: 0, or VERB_FAILED, which was said. */
const struct promise *recording_promise(struct recording *recording, const char *id);
int recording_dims(const struct recording *recording, const struct promise *promise);

/* Does it say what an entry of that kind may say? So that nothing waits in the outbox to be refused. -EINVAL. */
int recording_check_entry(const struct suivi_entry *entry, enum kind kind, struct fault *why);

int64_t recording_noon(int32_t day); /* Unix time */

/* Puts what was recorded on disk here, and there. 0, or VERB_FAILED: it waits, or was refused, which was said. */
int recording_send(struct recording *recording);

/* Parts of the line that says what was recorded. */
#define RECORDING_DAY_MAX 32
const char *recording_print_day(int32_t day, char out[static RECORDING_DAY_MAX]); /* "31 March 2018" */
#define RECORDING_SERIES_MAX 2048
const char *recording_print_series(const struct promise *promise, const struct suivi_dim *dims,
                                   size_t dim_count,
                                   char out[static RECORDING_SERIES_MAX]); /* "Members, region africa" */

#endif
