/* suivi import: the rows of a CSV file become entries, all of them or none. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/csv_file.h"
#include "clients/cli/import_levels.h"
#include "clients/cli/import_rows.h"
#include "clients/cli/import_send.h"
#include "clients/cli/import_table.h"
#include "clients/cli/recording.h"
#include "clients/cli/verb.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "config/mapping.h"
#include "config/paths.h"
#include "proto/check.h"

#define PROGRAM RECORDING_PROGRAM
#define VERB    "import"

static const char help_text[] =
    "usage: suivi import FILE.csv --mapping MAP.yaml [--at DATE] [--dry-run] [OPTION]...\n"
    "\n"
    "Records the rows of a CSV file. The mapping says which columns are entries of which indicators. The "
    "whole\n"
    "file is looked through first; when one row is bad, nothing is recorded and every bad row is named. "
    "Importing\n"
    "the same file again, or the file as it has grown since, counts no row twice.\n"
    "\n"
    "options:\n"
    "  --mapping FILE      the mapping; membership.yaml and survey.yaml are shipped as examples\n"
    "  --at DATE           the day that the file is of, for what has no date of its own: as in 2018-03-31\n"
    "  --dry-run           show what would be recorded, and record nothing\n"
    "  --reason TEXT       why levels that were said otherwise of the same day are to be changed\n"
    "  --state DIR         where the outbox and the key of pseudonyms are (default: /var/lib/suivi/record)\n"
    "  --new-pseudonym-key the key of pseudonyms is lost: go on with another. Everybody is counted anew\n"
    "  --endpoint E        where the daemon listens; default $SUIVI_ENDPOINT, else its usual place\n"
    "  --framework FILE    the plan, for when no daemon answers; default /etc/suivi/framework.yaml\n"
    "  --timeout SECONDS   how long to wait for an answer (default 10)\n"
    "  --help              show this help\n"
    "  --version           show the version\n"
    "\n"
    "example: suivi import members.csv --mapping membership.yaml --at 2018-03-31 --dry-run\n";

enum choice { OPT_MAPPING = 1, OPT_DRY_RUN };

static const struct option options[] = {
    RECORDING_OPTIONS,
    {"mapping", required_argument, NULL, OPT_MAPPING},
    {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"new-pseudonym-key", no_argument, NULL, RECORDING_NEW_KEY},
    {0},
};

struct request {
    struct recording common;
    const char *path, *mapping_path;
    struct mapping *mapping;
    struct csv_file *file;
    struct import_rows *rows;
    struct import_source source; /* of the rows */
};

static int read_option(void *arg, int option, char *value) {
    struct request *request = arg;
    if (option == OPT_MAPPING)
        request->mapping_path = value;
    else if (option == OPT_DRY_RUN)
        request->common.asks_only = true;
    else
        return recording_option(&request->common, VERB, option, value);
    return 0;
}

static const struct verb_spec spec = {
    .name = VERB, .help = help_text, .options = options, .read = read_option};

static int check_request(struct request *request, int argc, char **argv) {
    if (optind == argc)
        return verb_misused(VERB, "the file is missing", "name a CSV file");
    if (optind + 1 < argc)
        return verb_misused(VERB, argv[optind + 1], "one file at a time");
    if (!request->mapping_path)
        return verb_misused(VERB, "--mapping is missing", "it says what the columns mean");
    request->path = argv[optind];
    return 0;
}

/* --- looking through it --- */

/* A file; else, when it is a name alone, one of those that are shipped. */
static int load_mapping(struct request *request, struct fault *why) {
    char *shipped = NULL;
    if (access(request->mapping_path, F_OK) != 0 && !strchr(request->mapping_path, '/')) {
        char *folder = paths_shipped("mappings");
        ASSERT(asprintf(&shipped, "%s/%s", folder, request->mapping_path) > 0);
        free(folder);
    }
    bool is_shipped = shipped && access(shipped, F_OK) == 0;
    int rc = mapping_load(&request->mapping, is_shipped ? shipped : request->mapping_path, why);
    free(shipped);
    return rc;
}

static int open_files(struct request *request) {
    struct fault why;
    if (load_mapping(request, &why) != 0 ||
        csv_file_read(&request->file, request->path, request->mapping->encoding, request->mapping->delimiter,
                      &why) != 0)
        return recording_failed(why.text);
    if (csv_file_rows(request->file) > 0)
        return 0;
    terminal_say(PROGRAM, "%s has no rows; nothing was recorded", request->path);
    return VERB_FAILED;
}

static int say_faults(struct request *request) {
    size_t count = import_rows_faults(request->rows), bad = 0, before = 0;
    for (size_t i = 0; i < count; i++) {
        size_t line;
        const char *fault = import_rows_fault_at(request->rows, i, &line);
        terminal_say(PROGRAM, "%s:%zu: %s", request->path, line, fault);
        bad += i == 0 || line != before;
        before = line;
    }
    if (count == 0)
        return 0;
    terminal_say(PROGRAM, "%zu bad row%s in %s; nothing was recorded", bad, bad == 1 ? "" : "s",
                 request->path);
    return VERB_FAILED;
}

static int look_through(struct request *request) {
    struct fault why;
    request->source = (struct import_source){.file = request->file,
                                             .path = request->path,
                                             .mapping_path = request->mapping_path,
                                             .mapping = request->mapping,
                                             .promises = request->common.promises,
                                             .has_day = request->common.has_day,
                                             .day = request->common.day};
    if (import_rows_read(&request->rows, &request->source, &why) != 0)
        return recording_failed(why.text);
    int status = import_levels_check(&request->common, request->rows);
    if (status == 0)
        status = say_faults(request);
    if (status == 0 && import_send_check(request->rows, request->common.reason, &why) != 0)
        return recording_failed(why.text);
    return status;
}

/* --- recording it --- */

static void say_indicators(const struct import_rows *rows) {
    for (size_t i = 0, next; i < import_rows_count(rows); i = next) {
        const struct import_item *item = import_rows_item(rows, i);
        for (next = i; next < import_rows_count(rows) && import_rows_item(rows, next)->from == item->from;
             next++)
            ;
        printf("%s%zu of %s", i ? ", " : "", next - i, item->promise->id);
    }
}

static void say_known(const struct import_known *known) {
    if (known->before > 0)
        printf("; %zu of them %s recorded before, and each counts once", known->before,
               known->before == 1 ? "was" : "were");
    if (!known->complete)
        fputs("; what of them was recorded before counts once", stdout);
    if (known->people > 0)
        fputs("; people who were recorded before count once", stdout);
    if (known->retracted > 0)
        printf("; %zu of them %s not count", known->retracted,
               known->retracted == 1 ? "was retracted, and does" : "were retracted, and do");
}

/* Nothing is left out without a word. */
static void say_later(const struct request *request) {
    size_t later = import_rows_later(request->rows);
    char day[WORDS_MAX];
    if (later > 0)
        terminal_say(PROGRAM, "%zu row%s of %s %s of a day after %s, and not counted among those of that day",
                     later, later == 1 ? "" : "s", request->path, later == 1 ? "is" : "are",
                     words_long_day(request->source.day, day));
}

static int record(struct request *request) {
    size_t count = import_rows_count(request->rows), lines = csv_file_rows(request->file);
    struct import_known known = {0};
    say_later(request);
    if (count == 0) {
        terminal_say(PROGRAM, "no row of %s is one that the mapping takes; nothing was recorded",
                     request->path);
        return VERB_DONE;
    }
    int status = import_send(&request->common, request->rows, request->path, &known);
    if (status != 0)
        return status;
    if (known.before == count) {
        if (count == 1)
            printf("%s: its entry was recorded before, and counts once", request->path);
        else
            printf("%s: all its %zu entries were recorded before, and each counts once", request->path,
                   count);
        known.before = 0;
        known.complete = true;
    } else {
        printf("recorded from %s: %zu row%s, %zu entr%s (", request->path, lines, lines == 1 ? "" : "s",
               count, count == 1 ? "y" : "ies");
        say_indicators(request->rows);
        fputs(")", stdout);
    }
    say_known(&known);
    puts("");
    return verb_printed("answer");
}

static int show(struct request *request) {
    import_table_print(stdout, request->rows);
    say_later(request);
    size_t rows = csv_file_rows(request->file);
    terminal_say(PROGRAM, "%zu %s good; nothing was recorded, this was a dry run", rows,
                 rows == 1 ? "row is" : "rows are");
    return verb_printed("table");
}

static int run(struct request *request) {
    int status = open_files(request);
    if (status == 0)
        status = recording_open(&request->common, VERB, VERB);
    if (status == 0)
        status = look_through(request);
    if (status == 0)
        status = request->common.asks_only ? show(request) : record(request);
    return status;
}

int import_run(int argc, char **argv) {
    struct request request = {0};
    bool done;
    int status = verb_read(&spec, &request.common.common, &request, argc, argv, &done);
    if (!done)
        status = check_request(&request, argc, argv);
    if (!done && status == 0)
        status = run(&request);
    import_rows_destroy(&request.rows);
    csv_file_destroy(&request.file);
    mapping_destroy(&request.mapping);
    return recording_close(&request.common, status);
}
