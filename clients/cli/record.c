/* suivi record: one thing that a person says of an indicator, checked, kept and sent. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/cli/attachment.h"
#include "clients/cli/case_study.h"
#include "clients/cli/print.h"
#include "clients/cli/record_twice.h"
#include "clients/cli/recording.h"
#include "clients/cli/spaces.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/pseudonyms.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define PROGRAM RECORDING_PROGRAM
#define VERB    "record"

static const char help_text[] =
    "usage: suivi record ID --at DATE WHAT [--dim DIM=VALUE]... [OPTION]...\n"
    "\n"
    "Records one thing that happened, for the indicator ID. What there is to say depends on its kind:\n"
    "\n"
    "  count       --value N             so many were added on that day\n"
    "  level       --value N             there are so many from that day on\n"
    "  roster      --name NAME           this country, network ... was among them on that day\n"
    "  distinct    --name NAME           this person was among them; only a pseudonym leaves this machine\n"
    "  status      --in-force yes|no     it is in force from that day on, or no longer\n"
    "  milestone   --done                it was done on that day; what shows it: --title, --link, --file\n"
    "  evidence    --title TEXT --link URL   or --file PATH, of which the name and SHA-256 are kept; or "
    "--note\n"
    "  narrative   --file CASE.md        a case study: a title and six parts; --template writes an empty "
    "one\n"
    "\n"
    "options:\n"
    "  --at DATE           the day it happened, as in 2018-03-07\n"
    "  --dim DIM=VALUE     each breakdown that the indicator has, as in --dim region=africa\n"
    "  --for PERIOD        milestones: the period that it was done for, as in 2017 or 2018-Q1, when that is\n"
    "                      not the one in which it was done\n"
    "  --note TEXT         anything else to be kept with it\n"
    "  --even-so           also what the plan has counted by a collector: it is added to what that counts\n"
    "  --template          write an empty case study to standard output\n"
    "  --state DIR         where the outbox and the key of pseudonyms are (default: /var/lib/suivi/record)\n"
    "  --new-pseudonym-key the key of pseudonyms is lost: go on with another. Everybody is counted anew\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --framework FILE    the plan, for when no daemon answers; default /etc/suivi/framework.yaml\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "A NAME that is - is read from standard input. Titles, notes, links and names of files are kept as they "
    "are\n"
    "written, for all to read: put nobody there who must not be known. To mend what is recorded: suivi "
    "correct.\n"
    "\n"
    "example: suivi record members.total --at 2018-03-31 --value 120 --dim region=africa\n";

enum choice {
    OPT_VALUE = 1,
    OPT_NAME,
    OPT_DONE,
    OPT_IN_FORCE,
    OPT_TITLE,
    OPT_LINK,
    OPT_FILE,
    OPT_FOR,
    OPT_EVEN_SO,
    OPT_TEMPLATE
};

static const struct option options[] = {
    RECORDING_OPTIONS,
    {"dim", required_argument, NULL, RECORDING_DIM},
    {"note", required_argument, NULL, RECORDING_NOTE},
    {"value", required_argument, NULL, OPT_VALUE},
    {"name", required_argument, NULL, OPT_NAME},
    {"done", no_argument, NULL, OPT_DONE},
    {"in-force", required_argument, NULL, OPT_IN_FORCE},
    {"title", required_argument, NULL, OPT_TITLE},
    {"link", required_argument, NULL, OPT_LINK},
    {"file", required_argument, NULL, OPT_FILE},
    {"for", required_argument, NULL, OPT_FOR},
    {"even-so", no_argument, NULL, OPT_EVEN_SO},
    {"template", no_argument, NULL, OPT_TEMPLATE},
    {"new-pseudonym-key", no_argument, NULL, RECORDING_NEW_KEY},
    {0},
};

#define BIT(option) (1u << (option))

struct request {
    struct recording common;
    const char *id;
    unsigned given; /* BIT of each option that says something */
    char *name;
    int64_t value;
    char *title;
    const char *link, *file;
    struct period for_period;
    bool template, even_so;
};

/* What an entry is made of, kept until it is in the outbox. */
struct saying {
    const struct promise *promise;
    struct suivi_entry entry;
    int32_t day; /* of the event */
    struct attachment attachment;
    struct case_study study;
    char done[PERIOD_TEXT_MAX];
    struct period period; /* milestones */
    bool pseudonym;
    uint64_t hash;
    char words[ENTRY_TITLE_MAX + 64]; /* what is said to be recorded */
};

/* --- options --- */

static int take_own(struct request *request, int option, char *value) {
    request->given |= BIT(option);
    for (const struct option *row = options; value && *value == '\0' && row->name; row++)
        if (row->val == option)
            return verb_misused(VERB, row->name, "an empty text says nothing");
    switch (option) {
    case OPT_VALUE:
        return recording_take_number(VERB, "--value", value, &request->value);
    case OPT_NAME:
        request->name = value;
        return 0;
    case OPT_IN_FORCE:
        return recording_take_in_force(VERB, value, &request->value);
    case OPT_TITLE:
        request->title = value;
        return 0;
    case OPT_LINK:
        request->link = value;
        return 0;
    case OPT_FILE:
        request->file = value;
        return 0;
    case OPT_FOR:
        return verb_period(VERB, "--for", value, &request->for_period);
    default:
        ASSERT(option == OPT_DONE);
        return 0;
    }
}

static int check_request(struct request *request, int argc, char **argv) {
    int status = recording_words(VERB, argc, argv, &request->id);
    if (status == 0 && !request->template && !request->common.has_day)
        status = verb_misused(VERB, "--at is missing", "say the day on which it happened");
    return status;
}

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    if (option == OPT_TEMPLATE)
        request->template = true;
    else if (option == OPT_EVEN_SO)
        request->even_so = true;
    else if (option == RECORDING_REASON)
        return verb_misused(VERB, "--reason",
                            "what is recorded needs none (\"suivi correct\" does); say more with --note");
    else if (option >= RECORDING_AT)
        return recording_option(&request->common, VERB, option, value);
    else
        return take_own(request, option, value);
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB, .help = help_text, .options = options, .read = read_option};

/* --- what a kind takes --- */

static const struct rule {
    unsigned needs, takes;
    const char *what;
} rules[] = {
    [KIND_COUNT] = {BIT(OPT_VALUE), BIT(OPT_VALUE), "a count: it takes --value N"},
    [KIND_DISTINCT] = {BIT(OPT_NAME), BIT(OPT_NAME), "a count of different people: it takes --name NAME"},
    [KIND_LEVEL] = {BIT(OPT_VALUE), BIT(OPT_VALUE), "a level: it takes --value N"},
    [KIND_ROSTER] = {BIT(OPT_NAME), BIT(OPT_NAME), "a roster: it takes --name NAME"},
    [KIND_STATUS] = {BIT(OPT_IN_FORCE), BIT(OPT_IN_FORCE), "a status: it takes --in-force yes or no"},
    [KIND_MILESTONE] =
        {BIT(OPT_DONE), BIT(OPT_DONE) | BIT(OPT_FOR) | BIT(OPT_TITLE) | BIT(OPT_LINK) | BIT(OPT_FILE),
         "a milestone: it takes --done, and what shows it by --title TEXT, --link URL or --file PATH"},
    [KIND_EVIDENCE] = {BIT(OPT_TITLE), BIT(OPT_TITLE) | BIT(OPT_LINK) | BIT(OPT_FILE),
                       "evidence: it takes --title TEXT, and --link URL, --file PATH or --note TEXT"},
    [KIND_NARRATIVE] = {BIT(OPT_FILE), BIT(OPT_FILE),
                        "a case study: it takes --file CASE.md (--template writes an empty one)"},
};

static int check_kind(const struct request *request, const struct promise *promise) {
    const struct rule *rule = &rules[promise->kind];
    for (const struct option *option = options; option->name; option++) {
        if (option->val >= RECORDING_AT || !(request->given & BIT(option->val) & ~rule->takes))
            continue;
        terminal_say(PROGRAM, "%s is %s, not --%s", promise->id, rule->what, option->name);
        return VERB_MISUSED;
    }
    if ((request->given & rule->needs) != rule->needs) {
        terminal_say(PROGRAM, "%s is %s", promise->id, rule->what);
        return VERB_MISUSED;
    }
    return 0;
}

/* What is recorded adds to what is collected, and would count twice. */
static int check_feeders(const struct request *request, const struct promise *promise) {
    if (request->even_so || !promise_is_collected(promise))
        return 0;
    terminal_say(
        PROGRAM,
        "%s is counted by itself (fed by: %s), and what is recorded by hand comes on top of that; "
        "nothing was recorded. To mend what was counted: suivi correct. If it is to come on top: --even-so",
        promise->id, promise->fed_by);
    return VERB_FAILED;
}

/* --- making the entry --- */

static int read_name(struct request *request, char room[static PSEUDONYM_NAME_MAX + 2]) {
    if (strcmp(request->name, "-") != 0)
        return 0;
    if (!fgets(room, PSEUDONYM_NAME_MAX + 2, stdin))
        room[0] = '\0';
    room[strcspn(room, "\r\n")] = '\0';
    request->name = room;
    return room[0] != '\0' ? 0 : verb_misused(VERB, "--name -", "nothing came on standard input");
}

/* The name is wiped wherever this program has it, its command line included. */
static int make_pseudonym(struct request *request, struct saying *saying) {
    struct pseudonyms *pseudonyms = NULL;
    struct fault why;
    int rc = recording_pseudonyms(&request->common, &pseudonyms, &why);
    if (rc == 0)
        rc = pseudonyms_of_name(pseudonyms, str_of(request->name), &saying->hash, &why);
    pseudonyms_close(&pseudonyms);
    explicit_bzero(request->name, strlen(request->name));
    saying->pseudonym = true;
    strcpy(saying->words, "one person, under a pseudonym");
    return rc == 0 ? 0 : recording_failed(why.text);
}

/* What documents it. */
static int take_item(const struct request *request, struct saying *saying) {
    struct fault why;
    if (request->title)
        saying->entry.title = spaces_fold(request->title);
    if (saying->entry.title && *saying->entry.title == '\0')
        return verb_misused(VERB, "--title", "an empty text says nothing");
    saying->entry.link = request->link;
    if (request->file && attachment_read(&saying->attachment, request->file, &why) != 0)
        return recording_failed(why.text);
    if (request->file) {
        saying->entry.file = saying->attachment.name;
        saying->entry.sha256 = saying->attachment.sha256;
    }
    return 0;
}

static int make_milestone(const struct request *request, struct saying *saying) {
    const struct promise *promise = saying->promise;
    saying->period = request->for_period;
    if (!(request->given & BIT(OPT_FOR)))
        saying->period = promises_period(request->common.promises, promise, request->common.day);
    if (promise->frequency == PERIOD_PLAN && (request->given & BIT(OPT_FOR)))
        saying->period = *promises_plan(request->common.promises);
    if (saying->period.type != promise->frequency) {
        terminal_say(PROGRAM, "--for: %s is due once a %s: name one of these", promise->id,
                     period_type_name(promise->frequency));
        return VERB_MISUSED;
    }
    char day[WORDS_MAX], period[PERIOD_TEXT_MAX], years[PERIOD_TEXT_MAX];
    const struct period *plan = promises_plan(request->common.promises);
    if ((request->given & BIT(OPT_FOR)) &&
        (saying->period.last < plan->first || saying->period.first > plan->last)) {
        terminal_say(PROGRAM, "--for %s is outside the plan, which is of %s: is the year right?",
                     period_print(&saying->period, period), period_print(plan, years));
        return VERB_MISUSED;
    }
    const struct period on = {PERIOD_DAY, request->common.day, request->common.day};
    saying->entry.done = period_print(&on, saying->done);
    saying->day =
        period_contains(&saying->period, request->common.day) ? request->common.day : saying->period.last;
    snprintf(saying->words, sizeof saying->words, "done on %s, for %s",
             words_long_day(request->common.day, day), period_print(&saying->period, period));
    return take_item(request, saying);
}

static int make_evidence(const struct request *request, struct saying *saying) {
    if (!request->link && !request->file && !request->common.note)
        return verb_misused(VERB, "--title",
                            "a title alone shows nothing: say where it is by --link or --file, or by --note");
    int status = take_item(request, saying);
    if (status == 0)
        snprintf(saying->words, sizeof saying->words, "\"%s\"", saying->entry.title);
    return status;
}

static int make_narrative(const struct request *request, struct saying *saying) {
    struct fault why;
    if (case_study_read(&saying->study, request->file, &why) != 0)
        return recording_failed(why.text);
    saying->entry.title = spaces_fold(saying->study.title);
    saying->entry.parts = (const char *const *)saying->study.part;
    snprintf(saying->words, sizeof saying->words, "\"%s\"", saying->study.title);
    return 0;
}

static int make_number(const struct request *request, struct saying *saying) {
    char number[PRINT_NUMBER];
    if (request->value < 0)
        return verb_misused(VERB, "--value", "it is 0 or more; to take something back: suivi correct");
    saying->entry.has_value = true;
    saying->entry.value = request->value;
    bool status = saying->promise->kind == KIND_STATUS;
    strcpy(saying->words,
           status ? (request->value ? "in force" : "not in force") : print_number(request->value, number));
    return 0;
}

static int make(struct request *request, struct saying *saying) {
    saying->day = request->common.day;
    saying->entry.note = request->common.note;
    switch (saying->promise->kind) {
    case KIND_DISTINCT:
        if (request->common.note)
            return verb_misused(VERB, "--note", "a pseudonym has no notes, which could tell whose it is");
        return make_pseudonym(request, saying);
    case KIND_ROSTER:
        saying->entry.name = spaces_fold(request->name);
        snprintf(saying->words, sizeof saying->words, "%s", request->name);
        return 0;
    case KIND_MILESTONE:
        return make_milestone(request, saying);
    case KIND_EVIDENCE:
        return make_evidence(request, saying);
    case KIND_NARRATIVE:
        return make_narrative(request, saying);
    default:
        return make_number(request, saying);
    }
}

/* Also when no daemon is there to judge it. */
static int check(const struct saying *saying) {
    struct fault why;
    if (saying->pseudonym || recording_check_entry(&saying->entry, saying->promise->kind, &why) == 0)
        return 0;
    return recording_failed(why.text);
}

/* --- recording it --- */

static int record(struct request *request, struct saying *saying) {
    struct recording *common = &request->common;
    const struct recording_entry said = {saying->promise, common->dims, common->dim_count,
                                         recording_noon(saying->day), &saying->entry};
    uint64_t id = 0;
    int status = saying->pseudonym ? recording_put_person(common, &said, saying->hash)
                                   : recording_put(common, &said, &id);
    if (status != 0)
        return status;
    return recording_print("recorded", &said, saying->promise->kind != KIND_MILESTONE, saying->words, id);
}

static int print_template(const struct promise *promise) {
    if (promise->kind != KIND_NARRATIVE) {
        terminal_say(PROGRAM, "%s is %s; only case studies have a template", promise->id,
                     rules[promise->kind].what);
        return VERB_MISUSED;
    }
    case_study_template(stdout, promise->label);
    return verb_printed("template");
}

static int run(struct request *request, struct saying *saying) {
    struct recording *common = &request->common;
    char name[PSEUDONYM_NAME_MAX + 2];
    common->asks_only = request->template;
    int status = recording_begin(common, request->id, &saying->promise);
    if (status == 0 && request->template)
        return print_template(saying->promise);
    if (status == 0)
        status = check_kind(request, saying->promise);
    if (status == 0)
        status = check_feeders(request, saying->promise);
    if (status == 0)
        status = recording_dims(common, saying->promise);
    if (status == 0 && request->name)
        status = read_name(request, name);
    if (status == 0)
        status = make(request, saying);
    if (status == 0)
        status = check(saying);
    if (status == 0 && promises_answered(common->promises))
        status = record_twice(common, saying->promise, &saying->entry, saying->day,
                              saying->promise->kind == KIND_MILESTONE ? &saying->period : NULL);
    return status == 0 ? record(request, saying) : status;
}

int record_run(int argc, char **argv) {
    struct request request = {0};
    struct saying saying = {0};
    bool done;
    int status = verb_read(&spec, &request.common.common, &request, argc, argv, &done);
    if (!done)
        status = check_request(&request, argc, argv);
    if (!done && status == 0)
        status = run(&request, &saying);
    case_study_free(&saying.study);
    return recording_close(&request.common, status);
}
