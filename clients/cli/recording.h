/* What `suivi record`, `correct` and `import` have in common: options, the plan, the outbox, and sending from it. */
#ifndef SUIVI_CLI_RECORDING_H
#define SUIVI_CLI_RECORDING_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/cli/promises.h"
#include "clients/cli/verb.h"
#include "clients/collector/pseudonyms.h"
#include "clients/lib/suivi.h"
#include "proto/dims.h"
#include "proto/fault.h"

#define RECORDING_PROGRAM "suivi"
#define RECORDING_NAME    "record" /* of the directory that all three share */

struct recording { /* zeros */
    struct verb_common common;
    const char *framework, *reason, *note;
    bool new_key;   /* of pseudonyms: another than before will do */
    bool asks_only; /* nothing is to be sent, and no outbox is needed */
    char *state;    /* the directory with the key of pseudonyms */
    bool has_day;
    int32_t day;
    struct suivi_dim dims[DIMS_MAX];
    size_t dim_count;

    struct suivi *client;
    char *outbox; /* the client's directory */
    struct promises *promises;
    uint64_t waited;            /* batches that were in the outbox before and were not sent yet */
    struct suivi_tally earlier; /* what became of those that were sent first */
};

/* Rows for a verb's table of options, and what it passes on of them. */
enum recording_choice {
    RECORDING_AT = 20,
    RECORDING_DIM,
    RECORDING_REASON,
    RECORDING_NOTE,
    RECORDING_STATE,
    RECORDING_FRAMEWORK,
    RECORDING_NEW_KEY
};

#define RECORDING_OPTIONS                                                                                    \
    {"at", required_argument, NULL, RECORDING_AT}, {"reason", required_argument, NULL, RECORDING_REASON},    \
        {"state", required_argument, NULL, RECORDING_STATE}, {                                               \
        "framework", required_argument, NULL, RECORDING_FRAMEWORK                                            \
    }

/* These return 0, or VERB_MISUSED, which was said. */
int recording_option(struct recording *recording, const char *verb, int option, char *value);

int recording_take_number(const char *verb, const char *what, const char *text, int64_t *value);
int recording_take_in_force(const char *verb, const char *text, int64_t *value); /* yes or no: 1 or 0 */

/* The one word that is left: which indicator. */
int recording_words(const char *verb, int argc, char **argv, const char **id);

/* A whole number, alone in `text`. */
int recording_parse_number(const char *text, int64_t *out, struct fault *why);

/* -EINVAL when the day is still to come, or lies before 1970; or so far outside the plan that its year must be a slip. */
int recording_check_past(int32_t day, struct fault *why);
int recording_check_day(const struct promises *promises, int32_t day, struct fault *why);

/* Opens the outbox of source COLLECTOR@HOST in `state`, or in `folder` of it when that is given, and gets the plan. What waits
 * there from an earlier run is sent first, so that the daemon knows it when it is asked what there is; it is said that it was.
 * 0, or VERB_FAILED, which was said. */
int recording_open(struct recording *recording, const char *collector, const char *folder);

/* Returns `status`, or VERB_FAILED when something of an earlier run was refused. */
int recording_close(struct recording *recording, int status);

/* The same as source "record", and finds the indicator, which may be named by its code in the plan. Then holds the
 * dimensions against it. 0, or VERB_FAILED, which was said. */
int recording_begin(struct recording *recording, const char *id, const struct promise **promise);
int recording_dims(const struct recording *recording, const struct promise *promise);

/* Does it say what an entry of that kind may say? So that nothing waits in the outbox to be refused. -EINVAL. */
int recording_check_entry(const struct suivi_entry *entry, enum kind kind, struct fault *why);

int64_t recording_noon(int32_t day); /* Unix time */

int recording_failed(const char *sentence); /* says it: VERB_FAILED */

/* Puts what was recorded on disk here, and there. 0, or VERB_FAILED: it waits, or was refused, which was said. */
int recording_send(struct recording *recording);

/* What is said of a series. */
struct recording_entry {
    const struct promise *promise;
    const struct suivi_dim *dims;
    size_t dim_count;
    int64_t at; /* Unix time of the event */
    const struct suivi_entry *entry;
};

/* Records it, alone in its batch, and sends it. 0, or VERB_FAILED, which was said. */
int recording_put(struct recording *recording, const struct recording_entry *said, uint64_t *id);
int recording_put_person(struct recording *recording, const struct recording_entry *said,
                         uint64_t pseudonym); /* in the place of the entry */

/* Opens the pseudonyms of `state`. Of the key with which people were named before a mark is kept in the outbox, so that another
 * one is not taken for it. A negative errno with `why`. */
int recording_pseudonyms(struct recording *recording, struct pseudonyms **out, struct fault *why);

/* Says it on stdout: "recorded: Members, region africa, from 31 March 2018: 120 (entry 69d5ff41d1d6afc3)"; `done` is the first
 * word; the day only when `dated`; the entry when its id is not 0. As verb_printed. */
int recording_print(const char *done, const struct recording_entry *said, bool dated, const char *words,
                    uint64_t id);

#define RECORDING_SERIES_MAX 2048
const char *recording_print_series(const struct promise *promise, const struct suivi_dim *dims,
                                   size_t dim_count,
                                   char out[static RECORDING_SERIES_MAX]); /* "Members, region africa" */

#endif
