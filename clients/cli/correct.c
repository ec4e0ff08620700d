/* suivi correct: a figure is mended by one more entry, with a reason; nothing is overwritten. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/already.h"
#include "clients/cli/print.h"
#include "clients/cli/recording.h"
#include "clients/cli/spaces.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/entry.h"

#define PROGRAM RECORDING_PROGRAM
#define VERB    "correct"

static const char help_text[] =
    "usage: suivi correct ID --at DATE HOW --reason TEXT [--dim DIM=VALUE]... [OPTION]...\n"
    "\n"
    "Mends what was recorded for the indicator ID on that day. Nothing is overwritten: the correction is one "
    "more\n"
    "entry, which \"suivi explain\" shows with its reason.\n"
    "\n"
    "  --value N           count, distinct: the figure of that day is N, whatever else was or will be "
    "counted\n"
    "                      or said of it; level: from that day on there are N\n"
    "  --difference N      count, distinct: the figure of that day is N more (or less: -3)\n"
    "  --in-force yes|no   status\n"
    "  --remove NAME       roster: this name is not among those of that day\n"
    "  --retract ENTRY     any kind: this entry does not count; its 16 letters and digits are those that "
    "record and\n"
    "                      explain show. --at and --dim are not needed then\n"
    "  --reason TEXT       why; it must be given, and is kept as it is written, for all to read: no names "
    "of\n"
    "                      people who must not be known\n"
    "\n"
    "options:\n"
    "  --at DATE           the day, as in 2018-03-07\n"
    "  --dim DIM=VALUE     each breakdown that the indicator has, as in --dim region=africa\n"
    "  --note TEXT         anything else to be kept with it\n"
    "  --state DIR         where the outbox is (default: /var/lib/suivi/record)\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --framework FILE    the plan, for when no daemon answers; default /etc/suivi/framework.yaml\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "example: suivi correct members.total --at 2018-03-31 --dim region=africa --value 118 \\\n"
    "             --reason \"two had left in February\"\n";

enum choice { OPT_VALUE = 1, OPT_DIFFERENCE, OPT_IN_FORCE, OPT_REMOVE, OPT_RETRACT };

static const struct option options[] = {
    RECORDING_OPTIONS,
    {"dim", required_argument, NULL, RECORDING_DIM},
    {"note", required_argument, NULL, RECORDING_NOTE},
    {"value", required_argument, NULL, OPT_VALUE},
    {"difference", required_argument, NULL, OPT_DIFFERENCE},
    {"in-force", required_argument, NULL, OPT_IN_FORCE},
    {"remove", required_argument, NULL, OPT_REMOVE},
    {"retract", required_argument, NULL, OPT_RETRACT},
    {0},
};

struct request {
    struct recording common;
    const char *id;
    enum choice how; /* 0: not said */
    const char *how_name;
    int64_t number;
    const char *name;
    uint64_t entry;
};

struct correction {
    const struct promise *promise;
    struct suivi_entry entry;
    int64_t at;
    struct suivi_dim *dims; /* of the series */
    size_t dim_count;
    struct already already; /* which `dims` may point into */
    bool untold;            /* of some day there was more than was told */
    char words[256];        /* what is said to be corrected */
};

/* --- options --- */

static int read_entry_id(struct request *request, const char *text) {
    char *end;
    request->entry = strtoull(text, &end, 16);
    if (strlen(text) != 16 || strspn(text, "0123456789abcdefABCDEF") != 16 || request->entry == 0 ||
        request->entry > INT64_MAX)
        return verb_misused(VERB, "--retract",
                            "an entry has 16 of the digits 0-9 and letters a-f for a name");
    return 0;
}

static int take_how(struct request *request, int option, char *value) {
    static const char *const names[] = {[OPT_VALUE] = "--value",
                                        [OPT_DIFFERENCE] = "--difference",
                                        [OPT_IN_FORCE] = "--in-force",
                                        [OPT_REMOVE] = "--remove",
                                        [OPT_RETRACT] = "--retract"};
    const char *name = names[option];
    if (request->how)
        return verb_misused(VERB, name, "one correction at a time");
    request->how = (enum choice)option;
    request->how_name = name;
    switch (request->how) {
    case OPT_IN_FORCE:
        return recording_take_in_force(VERB, value, &request->number);
    case OPT_REMOVE:
        request->name = spaces_fold(value);
        return 0;
    case OPT_RETRACT:
        return read_entry_id(request, value);
    default:
        return recording_take_number(VERB, name, value, &request->number);
    }
}

static bool blank(const char *text) {
    return !text || text[strspn(text, " \t\r\n")] == '\0';
}

static int check_request(struct request *request, int argc, char **argv) {
    int status = recording_words(VERB, argc, argv, &request->id);
    if (status != 0)
        return status;
    if (!request->how)
        return verb_misused(VERB, "what is to be corrected?",
                            "say --value, --difference, --in-force, --remove or --retract");
    if (blank(request->common.reason))
        return verb_misused(VERB, "--reason is missing", "say why the figure is to be corrected");
    if (!request->common.has_day && request->how != OPT_RETRACT)
        return verb_misused(VERB, "--at is missing", "say the day whose figure is wrong");
    return 0;
}

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    return option >= RECORDING_AT ? recording_option(&request->common, VERB, option, value)
                                  : take_how(request, option, value);
}

static const struct verb_spec spec = {
    .name = VERB, .help = help_text, .options = options, .read = read_option};

/* --- what a kind takes --- */

static bool takes(enum kind kind, enum choice how) {
    switch (how) {
    case OPT_VALUE:
        return kind == KIND_COUNT || kind == KIND_DISTINCT || kind == KIND_LEVEL;
    case OPT_DIFFERENCE:
        return kind == KIND_COUNT || kind == KIND_DISTINCT;
    case OPT_IN_FORCE:
        return kind == KIND_STATUS;
    case OPT_REMOVE:
        return kind == KIND_ROSTER;
    default:
        return true;
    }
}

static int check_kind(const struct request *request, const struct promise *promise) {
    static const char *const ways[] = {
        [KIND_COUNT] = "--value N, --difference N or",
        [KIND_DISTINCT] = "--value N, --difference N or",
        [KIND_LEVEL] = "--value N or",
        [KIND_STATUS] = "--in-force yes, --in-force no or",
        [KIND_ROSTER] = "--remove NAME or",
        [KIND_MILESTONE] = "",
        [KIND_EVIDENCE] = "",
        [KIND_NARRATIVE] = "",
    };
    if (takes(promise->kind, request->how))
        return 0;
    terminal_say(PROGRAM, "%s is of kind %s: it is corrected with %s%s--retract ENTRY, not with %s",
                 promise->id, kind_name(promise->kind), ways[promise->kind], *ways[promise->kind] ? " " : "",
                 request->how_name);
    return VERB_MISUSED;
}

/* --- what there is --- */

static int ask_period(const struct request *request, struct correction *correction,
                      const struct period *period) {
    char text[PERIOD_TEXT_MAX];
    struct fault why;
    const struct recording *common = &request->common;
    already_free(&correction->already);
    int rc = already_ask(&correction->already, common->client, request->id, period_print(period, text),
                         common->dims, common->dim_count, common->common.timeout_ms, &why);
    return rc == 0 ? 0 : recording_failed(why.text);
}

static int ask_day(const struct request *request, struct correction *correction) {
    const struct period day = {PERIOD_DAY, request->common.day, request->common.day};
    return ask_period(request, correction, &day);
}

struct figure {
    bool there;
    int64_t value;
};

static void on_figure(void *arg, const struct suivi_figure *told) {
    struct figure *figure = arg;
    if (told->state == SUIVI_VALUE)
        *figure = (struct figure){true, told->value};
}

/* The figure of that day and series; 0 when there is none. */
static int ask_figure_of(const struct request *request, int32_t on, const struct suivi_dim *dims,
                         size_t dim_count, int64_t *value) {
    char day[PERIOD_TEXT_MAX];
    const struct period period = {PERIOD_DAY, on, on};
    period_print(&period, day);
    const struct suivi_query query = {.indicators = &request->id,
                                      .indicator_count = 1,
                                      .from = day,
                                      .to = day,
                                      .by = "day",
                                      .where = dims,
                                      .where_count = dim_count};
    struct figure figure = {0};
    if (suivi_query(request->common.client, &query, request->common.common.timeout_ms, NULL, on_figure,
                    &figure) != 0)
        return recording_failed(suivi_why(request->common.client));
    *value = figure.value;
    return 0;
}

static int ask_figure(const struct request *request, int64_t *value) {
    const struct recording *common = &request->common;
    return ask_figure_of(request, common->day, common->dims, common->dim_count, value);
}

/* --- the correction --- */

#define NOTHING_TO_DO (-1) /* which was said */

static int unchanged(const struct correction *correction, const char *is) {
    terminal_say(PROGRAM, "%s: %s already; nothing was changed", correction->promise->id, is);
    return NOTHING_TO_DO;
}

static int check_difference(const struct request *request) {
    char number[PRINT_NUMBER], day[WORDS_MAX];
    int64_t was = 0;
    if (request->number > 0 || !promises_answered(request->common.promises))
        return 0;
    int status = ask_figure(request, &was);
    if (status != 0 || was + request->number >= 0)
        return status;
    terminal_say(PROGRAM, "%s: it is %s on %s, and no figure is below 0; nothing was changed", request->id,
                 print_number(was, number), words_long_day(request->common.day, day));
    return VERB_FAILED;
}

/* After all that was said of the day: a figure that holds stands for what was said before it. */
static int say_last(const struct request *request, struct correction *correction) {
    int status = promises_answered(request->common.promises) ? ask_day(request, correction) : 0;
    if (status == 0)
        correction->entry.recorded = already_later(&correction->already);
    return status;
}

static int correct_by_difference(const struct request *request, struct correction *correction) {
    correction->entry.has_value = true;
    correction->entry.value = request->number;
    if (request->number == 0)
        return verb_misused(VERB, "--difference", "0 changes nothing");
    snprintf(correction->words, sizeof correction->words, "%+" PRId64, request->number);
    int status = check_difference(request);
    return status == 0 ? say_last(request, correction) : status;
}

static int correct_sum(const struct request *request, struct correction *correction) {
    char number[PRINT_NUMBER], was_number[PRINT_NUMBER];
    int64_t was = 0;
    if (request->how == OPT_DIFFERENCE)
        return correct_by_difference(request, correction);
    correction->entry.holds = true;
    correction->entry.value = request->number;
    if (request->number < 0)
        return verb_misused(VERB, "--value", "the figure of a day is 0 or more");
    int status = ask_figure(request, &was);
    if (status != 0)
        return status;
    status = say_last(request, correction);
    print_number(request->number, number);
    if (status == 0 && was == request->number && already_holding(&correction->already, request->common.day))
        return unchanged(correction, number);
    if (was == request->number)
        snprintf(correction->words, sizeof correction->words, "%s, as it is, and stays so", number);
    else
        snprintf(correction->words, sizeof correction->words, "%s instead of %s", number,
                 print_number(was, was_number));
    return status;
}

static const char *name_value(enum kind kind, int64_t value, char room[static PRINT_NUMBER]) {
    if (kind == KIND_STATUS)
        return value ? "in force" : "not in force";
    return print_number(value, room);
}

/* A new statement of the same day, said later, so that it holds. */
static int correct_statement(const struct request *request, struct correction *correction) {
    enum kind kind = correction->promise->kind;
    char number[PRINT_NUMBER], was_number[PRINT_NUMBER], day[WORDS_MAX];
    const char *now = name_value(kind, request->number, number);
    if (request->number < 0)
        return verb_misused(VERB, "--value", "a level is 0 or more");
    correction->entry.has_value = true;
    correction->entry.value = request->number;
    snprintf(correction->words, sizeof correction->words, "%s", now);
    if (!promises_answered(request->common.promises))
        return 0;
    int status = ask_day(request, correction);
    if (status != 0)
        return status;
    const struct already_entry *last = already_last(&correction->already, request->common.day, NULL);
    if (!last && !correction->already.has_value) {
        terminal_say(PROGRAM,
                     "%s: nothing is recorded from %s on that could be corrected; suivi record does that",
                     request->id, words_long_day(request->common.day, day));
        return VERB_FAILED;
    }
    if (last && last->value == request->number)
        return unchanged(correction, now);
    if (last)
        snprintf(correction->words, sizeof correction->words, "%s instead of %s", now,
                 name_value(kind, last->value, was_number));
    correction->entry.recorded = already_later(&correction->already);
    return 0;
}

static int no_such_name(const struct request *request, const struct already *already) {
    char names[300] = "", day[WORDS_MAX];
    for (size_t i = 0; i < already->count; i++) {
        const struct already_entry *entry = &already->entry[i];
        size_t len = strlen(names);
        if (already_last(already, request->common.day, entry->name) == entry && !entry->removed)
            snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", entry->name);
    }
    terminal_say(PROGRAM, "%s: \"%s\" is not among the names of %s%s%s; nothing was changed", request->id,
                 request->name, words_long_day(request->common.day, day), *names ? "; there are: " : "",
                 names);
    return VERB_FAILED;
}

static int correct_name(const struct request *request, struct correction *correction) {
    correction->entry.name = request->name;
    correction->entry.removed = true;
    snprintf(correction->words, sizeof correction->words, "\"%s\" is removed", request->name);
    if (!promises_answered(request->common.promises))
        return 0;
    int status = ask_day(request, correction);
    if (status != 0)
        return status;
    const struct already_entry *last = already_last(&correction->already, request->common.day, request->name);
    if (!last || last->removed)
        return no_such_name(request, &correction->already);
    correction->entry.recorded = already_later(&correction->already);
    return 0;
}

/* Where a period has more entries than are told, its parts are asked for. */
static int search(const struct request *request, struct correction *correction, const struct period *within,
                  const struct already_entry **found) {
    int status = ask_period(request, correction, within);
    *found = already_by_id(&correction->already, request->entry);
    if (status != 0 || *found || correction->already.more == 0)
        return status;
    if (within->type == PERIOD_DAY)
        correction->untold = true;
    enum period_type type = within->type == PERIOD_YEAR ? PERIOD_MONTH : PERIOD_DAY;
    for (int32_t day = within->first;
         within->type != PERIOD_DAY && day <= within->last && status == 0 && !*found;) {
        struct period part = period_of_day(type, day, NULL);
        status = search(request, correction, &part, found);
        day = part.last + 1;
    }
    return status;
}

/* All the years in which something can have been recorded: files tell of members of long ago. */
static int search_years(const struct request *request, struct correction *correction, bool of_plan,
                        const struct already_entry **found) {
    const struct period *plan = promises_plan(request->common.promises);
    struct period year = period_of_day(PERIOD_YEAR, 0, NULL);
    struct fault why;
    int status = 0;
    while (status == 0 && !*found && recording_check_past(year.first, &why) == 0) {
        if ((year.first >= plan->first && year.last <= plan->last) == of_plan)
            status = search(request, correction, &year, found);
        year = period_of_day(PERIOD_YEAR, year.last + 1, NULL);
    }
    return status;
}

/* Its own day first, for a whole plan may have more entries than are told. */
static int find_entry(const struct request *request, struct correction *correction,
                      const struct already_entry **found) {
    int status = 0;
    *found = NULL;
    if (request->common.has_day) {
        status = ask_day(request, correction);
        *found = already_by_id(&correction->already, request->entry);
    }
    if (status == 0 && !*found) {
        status = ask_period(request, correction, promises_plan(request->common.promises));
        *found = already_by_id(&correction->already, request->entry);
    }
    if (status == 0 && !*found && correction->already.more > 0)
        status = search_years(request, correction, true, found);
    if (status == 0 && !*found)
        status = search_years(request, correction, false, found);
    if (status != 0 || *found)
        return status;
    terminal_say(PROGRAM, "%s has no entry %016" PRIx64 "%s; \"suivi explain\" shows those there are",
                 request->id, request->entry,
                 correction->untold          ? " among those that were told: name its --dim, too"
                 : request->common.dim_count ? " with these dimensions"
                                             : "");
    return VERB_FAILED;
}

/* The day that it is kept on or, of a milestone, that on which it was done. */
static bool is_of_day(const struct already_entry *entry, int32_t day) {
    struct period done;
    int32_t of;
    return (civil_day_of_time(entry->at, &of) && of == day) ||
           (period_parse(&done, str_of(entry->done), NULL) == 0 && done.first == day);
}

/* Of a count that was corrected by differences since, these would be left alone. */
static int check_rest(const struct request *request, const struct correction *correction,
                      const struct already_entry *entry, int32_t of) {
    char number[PRINT_NUMBER], day[WORDS_MAX];
    int64_t is = 0;
    if (correction->promise->kind != KIND_COUNT || entry->value <= 0 || entry->holds ||
        already_holding(&correction->already, of))
        return 0;
    int status = ask_figure_of(request, of, entry->dims, entry->dim_count, &is);
    if (status != 0 || is >= entry->value)
        return status;
    terminal_say(PROGRAM,
                 "%s: without entry %016" PRIx64
                 " it would be %s on %s, and no figure is below 0; retract first "
                 "what corrects it (\"suivi explain\" shows that); nothing was changed",
                 request->id, entry->id, print_number(is - entry->value, number), words_long_day(of, day));
    return VERB_FAILED;
}

static int correct_entry(const struct request *request, struct correction *correction) {
    const struct already_entry *found;
    char day[WORDS_MAX];
    int32_t of = 0;
    int status = find_entry(request, correction, &found);
    if (status != 0)
        return status;
    (void)civil_day_of_time(found->at, &of);
    if (request->common.has_day && !is_of_day(found, request->common.day)) {
        terminal_say(PROGRAM, "entry %016" PRIx64 " is of %s, not of the day that --at says", found->id,
                     words_long_day(of, day));
        return VERB_FAILED;
    }
    if (!found->alive) {
        terminal_say(PROGRAM, "entry %016" PRIx64 " does not count any more (%s); nothing was changed",
                     found->id, found->state);
        return VERB_FAILED;
    }
    status = check_rest(request, correction, found, of);
    if (status != 0)
        return status;
    correction->entry.retracts = found->id;
    correction->at = found->at;
    correction->dims = (struct suivi_dim *)found->dims;
    correction->dim_count = found->dim_count;
    snprintf(correction->words, sizeof correction->words, "entry %016" PRIx64 " does not count any more",
             found->id);
    return 0;
}

static int put_together(struct request *request, struct correction *correction) {
    bool asks =
        request->how == OPT_RETRACT || (request->how == OPT_VALUE && correction->promise->kind != KIND_LEVEL);
    if (asks && !promises_answered(request->common.promises)) {
        terminal_say(PROGRAM, "no daemon answers, and without it nobody knows what %s would change%s",
                     request->how_name,
                     request->how == OPT_VALUE ? "; --difference N could wait for it" : "");
        return VERB_FAILED;
    }
    correction->entry.reason = request->common.reason;
    correction->entry.note = request->common.note;
    correction->at = recording_noon(request->common.day);
    correction->dims = request->common.dims;
    correction->dim_count = request->common.dim_count;
    if (request->how == OPT_RETRACT)
        return correct_entry(request, correction);
    if (request->how == OPT_REMOVE)
        return correct_name(request, correction);
    if (kind_carries(correction->promise->kind))
        return correct_statement(request, correction);
    return correct_sum(request, correction);
}

static int send(struct request *request, struct correction *correction) {
    const struct recording_entry said = {correction->promise, correction->dims, correction->dim_count,
                                         correction->at, &correction->entry};
    uint64_t id;
    struct fault why;
    if (recording_check_entry(&correction->entry, correction->promise->kind, &why) != 0)
        return recording_failed(why.text);
    int status = recording_put(&request->common, &said, &id);
    return status == 0 ? recording_print("corrected", &said, true, correction->words, id) : status;
}

static int run(struct request *request, struct correction *correction) {
    struct recording *common = &request->common;
    int status = recording_begin(common, request->id, &correction->promise);
    if (status == 0) {
        request->id = correction->promise->id; /* its code may have been named */
        status = check_kind(request, correction->promise);
    }
    if (status == 0 && (request->how != OPT_RETRACT || common->dim_count > 0))
        status = recording_dims(common, correction->promise);
    if (status == 0)
        status = put_together(request, correction);
    if (status == NOTHING_TO_DO)
        return VERB_DONE;
    return status == 0 ? send(request, correction) : status;
}

int correct_run(int argc, char **argv) {
    struct request request = {0};
    struct correction correction = {0};
    bool done;
    int status = verb_read(&spec, &request.common.common, &request, argc, argv, &done);
    if (!done)
        status = check_request(&request, argc, argv);
    if (!done && status == 0)
        status = run(&request, &correction);
    already_free(&correction.already);
    return recording_close(&request.common, status);
}
