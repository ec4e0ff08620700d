/* suivi-weblog: counts what is new in a website's logs and sends it to suivid. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clients/collector/balance.h"
#include "clients/collector/keys.h"
#include "clients/collector/secret.h"
#include "clients/collector/sending.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "clients/weblog/counter.h"
#include "clients/weblog/follow.h"
#include "clients/weblog/logs.h"
#include "clients/weblog/methods.h"
#include "clients/weblog/options.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/period.h"

struct program {
    struct options options;
    struct robots *robots;
    struct suivi *suivi;
    struct keys *keys;
    struct counter *counter;
    struct positions *positions;
    struct logs_total total;
    char **paths;
    struct terminal_progress bar;
    uint64_t done; /* bytes of the logs before the present one */
};

static int open_suivi(struct program *program, struct fault *why) {
    const struct suivi_options options = {.endpoint = program->options.common.endpoint,
                                          .state = program->options.common.state,
                                          .source = program->options.common.source,
                                          .software = "suivi-weblog " SUIVI_VERSION};
    int rc = suivi_open(&program->suivi, &options);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(program->suivi));
}

static int open_keys(struct program *program, struct fault *why) {
    const struct options *options = &program->options;
    char *own = NULL;
    ASSERT(asprintf(&own, "%s/keys", options->common.state) > 0);
    bool shared = options->shared_keys != NULL;
    const struct keys_options keys = {.directory = shared ? options->shared_keys : own,
                                      .epoch = options->epoch,
                                      .shared_as = shared ? options->common.source : NULL};
    int rc = keys_open_as(&program->keys, &keys, why);
    free(own);
    if (rc == 0 && options->keys != NULL)
        rc = keys_borrow(program->keys, options->keys, options->days.first, options->days.last, why);
    return rc;
}

static int make_key(struct program *program, struct fault *why) {
    char *path = NULL;
    int rc = open_keys(program, why);
    if (rc == 0)
        rc = keys_make(program->keys, &program->options.key, &path, why);
    if (rc == 0)
        puts(path);
    free(path);
    return rc == 0 && fflush(stdout) != 0 ? fault_set(why, -EIO, "the path of the key cannot be printed")
                                          : rc;
}

static int open_all(struct program *program, struct fault *why) {
    const struct options *options = &program->options;
    char *shipped = options->robots ? NULL : paths_shipped("robots.txt");
    int rc = robots_load(&program->robots, options->robots ? options->robots : shipped, why);
    free(shipped);
    if (rc == 0)
        rc = open_suivi(program, why);
    if (rc == 0)
        rc = open_keys(program, why);
    const struct counter_options counting = {.site = options->site,
                                             .languages = options->languages,
                                             .language_count = options->language_count,
                                             .default_language = options->default_language,
                                             .robots = program->robots,
                                             .stamp = options->stamp,
                                             .stamp_path =
                                                 str_of(options->stamp_path ? options->stamp_path : ""),
                                             .days = options->days};
    if (rc == 0)
        rc = counter_open(&program->counter, program->suivi, program->keys, &counting, why);
    if (rc == 0)
        rc = positions_load(&program->positions, counter_records(program->counter),
                            counter_site(program->counter), why);
    return rc;
}

static void close_all(struct program *program) {
    for (size_t i = 0; program->paths != NULL && i < program->options.file_count; i++)
        free(program->paths[i]);
    free(program->paths);
    positions_destroy(&program->positions);
    counter_close(&program->counter);
    keys_close(&program->keys);
    suivi_close(&program->suivi);
    robots_destroy(&program->robots);
    options_free(&program->options);
}

/* A person who has changed the method wants to know from when on. */
static void say_method(const struct program *program) {
    int32_t since = counter_method_since(program->counter);
    char text[PERIOD_TEXT_MAX];
    if (since != METHODS_NO_DAY)
        terminal_say(
            LOGS_PROGRAM,
            "visitors of %s are counted by %s from %s on, the day after the last one counted otherwise",
            program->options.site, program->options.stamp ? "stamp" : "keyed hash",
            period_print_day(since, text));
}

static void show_progress(void *arg, uint64_t consumed) {
    struct program *program = arg;
    terminal_progress_at(&program->bar, program->done + consumed);
}

static uint64_t size_of(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && S_ISREG(file.st_mode) ? (uint64_t)file.st_size : 0;
}

static int read_once(struct program *program, struct reading *reading, struct fault *why) {
    uint64_t total = 0;
    for (size_t i = 0; i < program->options.file_count; i++)
        total += size_of(program->paths[i]);
    logs_sort(program->paths, program->options.file_count, program->options.format);
    terminal_progress_start(&program->bar, "reading", total);
    reading->progress = show_progress;
    reading->progress_arg = program;
    int rc = 0;
    for (size_t i = 0; i < program->options.file_count && rc == 0; i++) {
        rc = logs_read(reading, program->paths[i], &program->total, why);
        program->done += size_of(program->paths[i]);
    }
    terminal_progress_end(&program->bar);
    return rc;
}

static int count_all(struct program *program, struct fault *why) {
    const struct options *options = &program->options;
    struct reading reading = {.suivi = program->suivi,
                              .counter = program->counter,
                              .positions = program->positions,
                              .format = options->format,
                              .stays = options->follow,
                              .state = options->common.state};
    program->paths = mem_zeroed(options->file_count, sizeof *program->paths);
    for (size_t i = 0; i < options->file_count; i++)
        program->paths[i] = logs_absolute(options->files[i]);
    if (options->forget_site)
        return counter_end_site(program->counter, why);
    say_method(program);
    int rc = options->follow ? follow_run(&reading, program->paths, options->file_count, &program->total, why)
                             : read_once(program, &reading, why);
    return rc == 0 ? counter_finish(program->counter, why) : rc;
}

/* One line in which everything adds up: each new line is a request or malformed. */
static void say_balance(const struct program *program, const struct counter_sums *sums,
                        const struct suivi_tally *sent) {
    const struct logs_total *total = &program->total;
    struct balance balance = {""};
    char days[DAYS_TEXT_MAX];
    int64_t taken_back = (int64_t)total->malformed - sums->malformed;
    balance_add(&balance,
                "%" PRIu64 " new line%s: %" PRIu64 " request%s (%" PRIu64 " by robots), %" PRIu64
                " malformed",
                total->lines, balance_plural(total->lines), sums->requests, balance_plural(sums->requests),
                sums->robots, total->malformed);
    if (taken_back > 0)
        balance_add(&balance, " (%" PRId64 " taken back, of lines that were cut short before)", taken_back);
    if (days_print(program->options.days, days)[0] != '\0')
        balance_add(&balance, " (only what %s asks for is sent)", days);
    balance_add_sent(&balance, sent);
    terminal_say(LOGS_PROGRAM, "%s", balance.line);
}

/* What a person wants to know at the end; true when all is well. */
static bool report(struct program *program, int delivered) {
    struct suivi_tally sent = suivi_tally(program->suivi);
    struct counter_sums sums = counter_sums(program->counter);
    if (sums.too_late > 0)
        terminal_say(LOGS_PROGRAM,
                     "%" PRIu64
                     " page view%s of months that are over: counted, but no more among unique or returning "
                     "visitors",
                     sums.too_late, balance_plural(sums.too_late));
    if (sums.unlogged > 0)
        terminal_say(LOGS_PROGRAM,
                     "%" PRIu64
                     " page view%s in lines without a stamp: not counted among visitors. Is the cookie "
                     "the last field of the log, in quotes? docs/stamp.md shows how",
                     sums.unlogged, balance_plural(sums.unlogged));
    if (!program->options.follow)
        (void)logs_say_held_key(program->counter);
    const struct sending sending = {
        .program = LOGS_PROGRAM, .suivi = program->suivi, .state = program->options.common.state};
    bool well = sending_end(&sending, delivered) && !program->total.failed;
    if (delivered != 0)
        return program->options.follow && well; /* asked to end, and all is saved */
    say_balance(program, &sums, &sent);
    return well;
}

int main(int argc, char **argv) {
    struct program program = {0};
    struct fault why;
    int status, parsed = options_parse(&program.options, argc, argv, &why);
    if (common_told(&program.options.common, LOGS_PROGRAM, options_help, parsed, &why, &status)) {
        options_free(&program.options);
        return status;
    }
    if (program.options.follow)
        follow_block_signals();
    bool well = false;
    if (secret_no_dumps(&why) != 0 || (program.options.make_key && make_key(&program, &why) != 0))
        terminal_say(LOGS_PROGRAM, "%s", why.text);
    else if (program.options.make_key)
        well = true;
    else if (open_all(&program, &why) != 0 || count_all(&program, &why) != 0)
        terminal_say(LOGS_PROGRAM, "%s", why.text);
    else
        well = report(&program, suivi_deliver(program.suivi, program.options.common.timeout_ms));
    close_all(&program);
    return well ? 0 : 1;
}
