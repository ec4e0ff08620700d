/* suivi-listserv: counts what is new in mailing lists' archives and sends it to suivid. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/collector/balance.h"
#include "clients/collector/sending.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "clients/listserv/follow.h"
#include "clients/listserv/lists.h"
#include "clients/listserv/listserv_settings.h"
#include "clients/listserv/options.h"
#include "clients/listserv/posts.h"
#include "clients/listserv/server.h"
#include "proto/check.h"

struct program {
    struct options options;
    struct suivi *suivi;
    struct lists *lists;
    struct listserv_settings *settings; /* NULL: a list was named */
    struct list *list;
    size_t list_count;
};

/* A dry run looks up what is known, and makes no state. */
static bool needs_state(const struct options *options) {
    char *path = NULL;
    ASSERT(asprintf(&path, "%s/outbox.mdb", options->common.state) > 0);
    bool there = access(path, F_OK) == 0;
    free(path);
    return !options->dry_run || there;
}

static int open_suivi(struct program *program, struct fault *why) {
    const struct suivi_options options = {.endpoint = program->options.common.endpoint,
                                          .state = program->options.common.state,
                                          .source = program->options.common.source,
                                          .software = "suivi-listserv " SUIVI_VERSION};
    int rc = suivi_open(&program->suivi, &options);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(program->suivi));
}

/* The list that was named, or those of the settings. */
static int find_lists(struct program *program, struct fault *why) {
    const struct options *options = &program->options;
    if (options->list != NULL) {
        program->list = mem_zeroed(1, sizeof *program->list);
        program->list[program->list_count++] =
            (struct list){options->list, options->paths, options->path_count};
        return 0;
    }
    int rc = listserv_settings_load(&program->settings, options->config, why);
    if (rc == -ENOENT && options->config == NULL)
        return fault_set(why, rc,
                         "no list was named, and there are no settings (" LISTSERV_SETTINGS_FILE
                         "): give --list NAME PATH, or --config FILE");
    if (rc != 0)
        return rc;
    const struct listserv_content *content = listserv_settings_content(program->settings);
    program->list = mem_zeroed(content->archive_count + 1, sizeof *program->list);
    for (; program->list_count < content->archive_count; program->list_count++) {
        const struct listserv_archive *archive = &content->archives[program->list_count];
        program->list[program->list_count] =
            (struct list){archive->list, archive->paths, archive->path_count};
    }
    return 0;
}

static int open_all(struct program *program, struct fault *why) {
    const struct options *options = &program->options;
    int rc = find_lists(program, why);
    if (rc == 0)
        rc = needs_state(options) ? open_suivi(program, why) : 0;
    if (rc != 0)
        return rc;
    const struct lists_options lists = {.suivi = program->suivi,
                                        .state = options->common.state,
                                        .lists = program->list,
                                        .count = program->list_count,
                                        .dry = options->dry_run,
                                        .stays = options->follow};
    return lists_open(&program->lists, &lists, why);
}

static void close_all(struct program *program) {
    lists_close(&program->lists);
    suivi_close(&program->suivi);
    listserv_settings_free(&program->settings);
    free(program->list);
    options_free(&program->options);
}

static int64_t archived(void *arg, const char *list) {
    struct program *program = arg;
    return program->suivi != NULL ? posts_count(program->suivi, str_of(list)) : -1;
}

static void say(void *arg, const char *sentence) {
    (void)arg;
    terminal_say(LISTS_PROGRAM, "%s", sentence);
}

/* A list server that cannot be asked does not hold up the archives. */
static int ask_server(void *arg, struct fault *why) {
    struct program *program = arg;
    if (program->settings == NULL || listserv_settings_content(program->settings)->server == NULL)
        return 0;
    const struct server_options options = {.suivi = program->suivi,
                                           .out = program->options.dry_run ? stdout : NULL,
                                           .settings = program->settings,
                                           .archived = archived,
                                           .say = say,
                                           .arg = program};
    int rc = server_count(&options, why);
    if (rc == 0 || rc == -ENOSPC)
        return rc;
    lists_complain(program->lists, why->text);
    return 0;
}

static int count_all(struct program *program, struct fault *why) {
    if (program->options.follow)
        return follow_run(program->lists, program->suivi, program->options.common.state, ask_server, program,
                          why);
    if (program->options.dry_run)
        puts("indicator,period,list,value");
    int rc = lists_read(program->lists, why);
    if (rc == 0)
        rc = ask_server(program, why);
    return rc == 0 ? lists_finish(program->lists, why) : rc;
}

/* One line in which everything adds up: each message is a post, without a date, or known. */
static void say_balance(const struct lists_total *total, const struct suivi_tally *sent) {
    const struct census_sums *sums = &total->sums;
    struct balance balance = {""};
    uint64_t fresh = sums->read - sums->known - sums->undated;
    int64_t taken_back = (int64_t)fresh - sums->posts;
    balance_add(&balance, "%" PRIu64 " message%s read: %" PRIu64 " new post%s", sums->read,
                balance_plural(sums->read), fresh, balance_plural(fresh));
    if (taken_back > 0)
        balance_add(&balance, " (%" PRId64 " taken back, of messages that were read when half written)",
                    taken_back);
    balance_add(&balance, ", %" PRIu64 " without a date, %" PRIu64 " known", sums->undated, sums->known);
    balance_add_sent(&balance, sent);
    terminal_say(LISTS_PROGRAM, "%s", balance.line);
}

/* What a person wants to know at the end; true when all is well. */
static bool report(struct program *program, int delivered) {
    struct suivi_tally sent = suivi_tally(program->suivi);
    struct lists_total total = lists_total(program->lists);
    const struct sending sending = {
        .program = LISTS_PROGRAM, .suivi = program->suivi, .state = program->options.common.state};
    bool well = sending_end(&sending, delivered) && !total.failed;
    if (delivered != 0)
        return program->options.follow && well; /* asked to end, and all is saved */
    say_balance(&total, &sent);
    return well;
}

static bool run(struct program *program) {
    struct fault why;
    if (open_all(program, &why) != 0 || count_all(program, &why) != 0) {
        terminal_say(LISTS_PROGRAM, "%s", why.text);
        return false;
    }
    if (program->options.dry_run) {
        struct lists_total total = lists_total(program->lists);
        say_balance(&total, &(struct suivi_tally){0});
        return !total.failed && fflush(stdout) == 0;
    }
    return report(program, suivi_deliver(program->suivi, program->options.common.timeout_ms));
}

int main(int argc, char **argv) {
    struct program program = {0};
    struct fault why;
    int status, parsed = options_parse(&program.options, argc, argv, &why);
    if (common_told(&program.options.common, LISTS_PROGRAM, options_help, parsed, &why, &status)) {
        options_free(&program.options);
        return status;
    }
    if (program.options.follow)
        follow_block_signals();
    bool well = run(&program);
    close_all(&program);
    return well ? 0 : 1;
}
