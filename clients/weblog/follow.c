#include "clients/weblog/follow.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients/collector/terminal.h"
#include "proto/check.h"

#define TURN_MS   1000  /* at most one commit in this time */
#define IDLE_MS   30000 /* with inotify: look anyway */
#define LINGER_MS 60000 /* a rotated log is still written to: the server has it open */

struct followed {
    const char *path;
    struct reader *reader;  /* NULL: no such file at the moment */
    struct reader *rotated; /* moved away, and perhaps still written to */
    int64_t rotated_ms;
    bool complained; /* about the path, in this episode */
};

struct follow {
    struct reading *reading;
    struct followed *log;
    size_t count;
    struct logs_total *total;
    int signals, changes; /* descriptors; changes -1: no inotify */
    bool stop;
    bool alone;     /* no daemon: said so once */
    bool stuck;     /* nothing can be saved at the moment: said so once */
    uint64_t lines; /* when last committed */
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void follow_block_signals(void) {
    sigset_t set;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Without inotify (its watches are limited) the logs are looked at every second. */
static void watch_folders(struct follow *follow) {
    follow->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (size_t i = 0; i < follow->count && follow->changes >= 0; i++) {
        const char *path = follow->log[i].path, *slash = strrchr(path, '/');
        char *folder =
            slash ? mem_string(path, (size_t)(slash - path) + (slash == path)) : mem_string(".", 1);
        int watch =
            inotify_add_watch(follow->changes, folder,
                              IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB);
        free(folder);
        if (watch < 0) {
            close(follow->changes);
            follow->changes = -1;
        }
    }
}

static void complain_once(struct followed *log, const struct fault *why) {
    if (!log->complained)
        terminal_say(LOGS_PROGRAM, "%s", why->text);
    log->complained = true;
}

/* Its end has come: the last line is judged, the position put. */
static int retire(struct follow *follow, struct followed *log, struct reader **reader, struct fault *why) {
    if (*reader == NULL)
        return 0;
    struct fault quiet;
    int rc = reader_read(*reader, &quiet);
    if (rc == 0)
        reader_finish(*reader, &quiet);
    rc = reader_save(*reader, why);
    logs_add_report(follow->total, log->path, *reader);
    reader_close(reader);
    return rc;
}

/* `moved`: what was read there before is still open as log->rotated, and is read to its end by that. */
static int open_log(struct follow *follow, struct followed *log, bool moved, struct fault *why) {
    struct fault inner;
    const struct position *before = positions_by_path(follow->reading->positions, log->path);
    uint64_t id = before != NULL && !before->packed ? before->id : 0;
    int rc = reader_open(&log->reader, follow->reading, log->path, 0, &inner);
    if (rc != 0) {
        complain_once(log, &inner);
        return 0;
    }
    log->complained = false;
    if (moved || id == 0 || reader_position(log->reader) == id)
        return 0;
    return logs_catch_up(follow->reading, log->path, id, follow->total, why);
}

/* Whether the log at this path is still the one being read; when not, what was being read is put aside or
 * given up. */
static int look_at(struct follow *follow, struct followed *log, struct fault *why) {
    struct stat file;
    bool there = stat(log->path, &file) == 0, moved = false;
    int rc = 0;
    if (log->reader != NULL && there && !reader_is_at(log->reader, file.st_dev, file.st_ino)) {
        rc = retire(follow, log, &log->rotated, why);
        log->rotated = log->reader;
        log->rotated_ms = now_ms();
        log->reader = NULL;
        moved = true;
    } else if (log->reader != NULL && there && !reader_packed(log->reader) && file.st_size >= 0 &&
               (uint64_t)file.st_size < reader_offset(log->reader)) {
        /* Copied and cut short. What came after our last look is in the copy, which logs_catch_up finds. */
        rc = reader_save(log->reader, why);
        logs_add_report(follow->total, log->path, log->reader);
        reader_close(&log->reader);
    }
    if (rc == 0 && log->reader == NULL && there)
        rc = open_log(follow, log, moved, why);
    return rc;
}

static int read_log(struct follow *follow, struct followed *log, struct fault *why) {
    struct fault inner;
    int rc = look_at(follow, log, why);
    if (rc == 0 && log->rotated != NULL) {
        uint64_t before = reader_report(log->rotated).lines;
        rc = reader_read(log->rotated, &inner) == 0 ? reader_save(log->rotated, why) : 0;
        bool quiet = reader_report(log->rotated).lines == before;
        bool followed = log->reader != NULL && reader_offset(log->reader) > 0;
        if (rc == 0 && quiet && (followed || now_ms() - log->rotated_ms > LINGER_MS))
            rc = retire(follow, log, &log->rotated, why);
    }
    if (rc != 0 || log->reader == NULL)
        return rc;
    rc = reader_read(log->reader, &inner);
    if (rc != 0) {
        complain_once(log, &inner);
        follow->total->failed = true;
    }
    return reader_save(log->reader, why);
}

static uint64_t lines_so_far(const struct follow *follow) {
    uint64_t lines = follow->total->lines;
    for (size_t i = 0; i < follow->count; i++) {
        const struct followed *log = &follow->log[i];
        lines += log->reader ? reader_report(log->reader).lines : 0;
        lines += log->rotated ? reader_report(log->rotated).lines : 0;
    }
    return lines;
}

/* Commits what is new. A full disk is waited out: everything is still held. */
static int save(struct follow *follow, struct fault *why) {
    uint64_t lines = lines_so_far(follow);
    if (lines == follow->lines && !follow->stuck)
        return 0;
    int rc = counter_month_over(follow->reading->counter) ? counter_finish(follow->reading->counter, why)
                                                          : reading_commit(follow->reading, true, why);
    if (rc == -ENOSPC) {
        if (!follow->stuck)
            terminal_say(LOGS_PROGRAM, "%s; trying again", why->text);
        follow->stuck = true;
        return 0;
    }
    follow->stuck = false;
    follow->lines = lines;
    return rc;
}

static void send_on(struct follow *follow, int timeout_ms) {
    struct suivi *suivi = follow->reading->suivi;
    if (suivi_waiting(suivi) == 0) {
        follow->alone = false;
        return;
    }
    int rc = suivi_exchange(suivi, timeout_ms);
    if (rc == -ENOTCONN && !follow->alone)
        terminal_say(LOGS_PROGRAM, "%s", suivi_why(suivi));
    follow->alone = rc == -ENOTCONN;
}

static void drain(int descriptor) {
    char buffer[4096] __attribute__((aligned(8)));
    while (read(descriptor, buffer, sizeof buffer) > 0)
        continue;
}

/* Until something happens; then a turn's time since the last, so that a busy log is one commit a second. */
static void wait_for_change(struct follow *follow, int64_t turn_began) {
    struct pollfd wanted[2] = {{.fd = follow->signals, .events = POLLIN},
                               {.fd = follow->changes, .events = POLLIN}};
    bool busy = follow->changes < 0 || suivi_waiting(follow->reading->suivi) > 0 || follow->stuck;
    for (size_t i = 0; i < follow->count; i++)
        busy |= follow->log[i].rotated != NULL;
    poll(wanted, 2, busy ? TURN_MS : IDLE_MS);
    int64_t left = turn_began + TURN_MS - now_ms();
    if (left > 0 && !(wanted[0].revents & POLLIN))
        poll(wanted, 1, (int)left);
    if (follow->changes >= 0)
        drain(follow->changes);
    follow->stop = (wanted[0].revents & POLLIN) != 0;
}

static int turn(struct follow *follow, struct fault *why) {
    int rc = 0;
    for (size_t i = 0; i < follow->count && rc == 0; i++)
        rc = read_log(follow, &follow->log[i], why);
    if (rc == 0)
        rc = save(follow, why);
    if (rc == 0)
        send_on(follow, 200);
    return rc;
}

/* Last lines without an end are left for the next run to see. */
static int leave(struct follow *follow, struct fault *why) {
    int rc = 0;
    for (size_t i = 0; i < follow->count; i++) {
        struct followed *log = &follow->log[i];
        if (rc == 0)
            rc = retire(follow, log, &log->rotated, why);
        if (log->reader != NULL) {
            if (rc == 0)
                rc = reader_save(log->reader, why);
            logs_add_report(follow->total, log->path, log->reader);
        }
        reader_close(&log->reader);
        reader_close(&log->rotated);
    }
    return rc;
}

int follow_run(struct reading *reading, char *const *paths, size_t count, struct logs_total *total,
               struct fault *why) {
    struct follow follow = {.reading = reading, .count = count, .total = total};
    sigset_t set;
    stop_signals(&set);
    follow.signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (follow.signals < 0)
        return fault_set(why, -errno, "signals cannot be waited for: %s", strerror(errno));
    follow.log = mem_zeroed(count, sizeof *follow.log);
    for (size_t i = 0; i < count; i++) {
        struct stat file;
        follow.log[i].path = paths[i];
        if (stat(paths[i], &file) != 0) {
            struct fault inner;
            fault_set(&inner, -errno, "%s: %s; waiting for it", paths[i], strerror(errno));
            complain_once(&follow.log[i], &inner);
        }
    }
    watch_folders(&follow);
    int rc = 0;
    while (rc == 0 && !follow.stop) {
        int64_t began = now_ms();
        rc = turn(&follow, why);
        if (rc == 0)
            wait_for_change(&follow, began);
    }
    if (rc == 0)
        rc = turn(&follow, why);
    if (rc == 0)
        rc = leave(&follow, why);
    for (size_t i = 0; i < count; i++) {
        reader_close(&follow.log[i].reader);
        reader_close(&follow.log[i].rotated);
    }
    free(follow.log);
    if (follow.changes >= 0)
        close(follow.changes);
    close(follow.signals);
    return rc;
}
