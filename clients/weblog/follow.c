#include "clients/weblog/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/collector/clock.h"
#include "clients/collector/sending.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

#define TURN_MS   1000  /* at most one commit in this time */
#define IDLE_MS   30000 /* with inotify: look anyway */
#define LINGER_MS 60000 /* a rotated log is still written to: the server has it open */
#define SEND_MS   200   /* to wait for answers in a turn */

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
    bool held;      /* a key is kept for another collector: said so once */
    bool stuck;     /* nothing can be saved at the moment: said so once */
    uint64_t lines; /* when last committed */
    struct sending sending;
};

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
    int rc = logs_read_through(*reader, log->path, follow->total, why);
    reader_close(reader);
    return rc;
}

/* `moved`: what was read there before is still open as log->rotated, and is read to its end by that. */
static int open_log(struct follow *follow, struct followed *log, bool moved, struct fault *why) {
    struct reader_fault wrong;
    const struct position *before = positions_by_path(follow->reading->positions, log->path);
    uint64_t id = before != NULL && !before->packed ? before->id : 0;
    int rc = reader_open(&log->reader, follow->reading, log->path, 0, &wrong, why);
    if (rc == 0 && wrong.rc != 0)
        complain_once(log, &wrong.why);
    if (rc != 0 || wrong.rc != 0)
        return rc;
    log->complained = false;
    if (moved || id == 0 || reader_position(log->reader) == id)
        return 0;
    return logs_catch_up(follow->reading, log->path, id, follow->total, why);
}

static int refuse_other(const char *path, struct fault *why) {
    return fault_set(why, -EINVAL,
                     "%s is no regular file, which alone can be followed; read a pipe without "
                     "--follow",
                     path);
}

/* Whether the log at this path is still the one being read; when not, what was being read is put aside or
 * given up. */
static int look_at(struct follow *follow, struct followed *log, struct fault *why) {
    struct stat file;
    bool there = stat(log->path, &file) == 0, moved = false;
    int rc = 0;
    if (there && !S_ISREG(file.st_mode)) { /* opening a pipe would wait for its writer */
        struct fault inner;
        refuse_other(log->path, &inner);
        complain_once(log, &inner);
        there = false;
    }
    if (log->reader != NULL && there && !reader_is_at(log->reader, file.st_dev, file.st_ino)) {
        rc = retire(follow, log, &log->rotated, why);
        log->rotated = log->reader;
        log->rotated_ms = clock_ms();
        log->reader = NULL;
        moved = true;
    } else if (log->reader != NULL && reader_replaced(log->reader)) {
        /* Copied and cut short. What came after our last look is in the copy, which logs_catch_up finds. */
        logs_add_report(follow->total, log->path, log->reader);
        reader_close(&log->reader);
    }
    if (rc == 0 && log->reader == NULL && there)
        rc = open_log(follow, log, moved, why);
    return rc;
}

static int read_rotated(struct follow *follow, struct followed *log, struct fault *why) {
    struct reader_fault wrong;
    uint64_t before = reader_report(log->rotated).lines;
    int rc = reader_read(log->rotated, &wrong, why);
    if (rc != 0)
        return rc;
    bool quiet = reader_report(log->rotated).lines == before;
    bool followed = log->reader != NULL && reader_offset(log->reader) > 0;
    bool over = quiet && (followed || clock_ms() - log->rotated_ms > LINGER_MS);
    return over || wrong.rc != 0 ? retire(follow, log, &log->rotated, why) : 0; /* which says what is wrong */
}

static int read_log(struct follow *follow, struct followed *log, struct fault *why) {
    struct reader_fault wrong;
    int rc = look_at(follow, log, why);
    if (rc == 0 && log->rotated != NULL)
        rc = read_rotated(follow, log, why);
    if (rc != 0 || log->reader == NULL)
        return rc;
    rc = reader_read(log->reader, &wrong, why);
    if (rc == 0 && wrong.rc != 0) {
        complain_once(log, &wrong.why);
        follow->total->failed = true;
    }
    return rc;
}

static uint64_t lines_of(const struct reader *reader) {
    return reader != NULL && reader_report(reader).heard ? reader_report(reader).lines : 0;
}

static uint64_t lines_so_far(const struct follow *follow) {
    uint64_t lines = follow->total->lines;
    for (size_t i = 0; i < follow->count; i++)
        lines += lines_of(follow->log[i].reader) + lines_of(follow->log[i].rotated);
    return lines;
}

/* Commits what is new. A full disk is waited out: everything is still held. */
static int save(struct follow *follow, struct fault *why) {
    struct counter *counter = follow->reading->counter;
    uint64_t lines = lines_so_far(follow);
    if (lines == follow->lines && !follow->stuck && !counter_finish_due(counter))
        return 0;
    int rc = reading_commit(follow->reading, why);
    if (rc == 0 && counter_finish_due(counter))
        rc = counter_finish(counter, why);
    if (rc == 0 && !follow->held)
        follow->held = logs_say_held_key(counter);
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
    int64_t left = turn_began + TURN_MS - clock_ms();
    if (left > 0 && !(wanted[0].revents & POLLIN))
        poll(wanted, 1, (int)left);
    if (follow->changes >= 0)
        drain(follow->changes);
    follow->stop = (wanted[0].revents & POLLIN) != 0;
}

/* While nothing can be saved nothing is read either: what is held would only grow. */
static int turn(struct follow *follow, struct fault *why) {
    int rc = follow->stuck ? save(follow, why) : 0;
    if (!follow->stuck) {
        for (size_t i = 0; i < follow->count && rc == 0; i++)
            rc = read_log(follow, &follow->log[i], why);
        if (rc == 0)
            rc = save(follow, why);
    }
    if (rc == 0)
        sending_turn(&follow->sending, SEND_MS);
    return rc;
}

/* Last lines without an end are left for the next run to see. */
static int leave(struct follow *follow, struct fault *why) {
    int rc = 0;
    for (size_t i = 0; i < follow->count; i++) {
        struct followed *log = &follow->log[i];
        if (rc == 0)
            rc = retire(follow, log, &log->rotated, why);
        if (log->reader != NULL)
            logs_add_report(follow->total, log->path, log->reader);
    }
    return rc;
}

/* What is not there yet may come; what is no file is refused now. */
static int check_paths(struct follow *follow, struct fault *why) {
    for (size_t i = 0; i < follow->count; i++) {
        struct followed *log = &follow->log[i];
        struct stat file;
        if (stat(log->path, &file) != 0) {
            struct fault inner;
            fault_set(&inner, -errno, "%s: %s; waiting for it", log->path, strerror(errno));
            complain_once(log, &inner);
        } else if (!S_ISREG(file.st_mode)) {
            return refuse_other(log->path, why);
        }
    }
    return 0;
}

int follow_run(struct reading *reading, char *const *paths, size_t count, struct logs_total *total,
               struct fault *why) {
    struct follow follow = {.reading = reading, .count = count, .total = total};
    follow.sending =
        (struct sending){.program = LOGS_PROGRAM, .suivi = reading->suivi, .state = reading->state};
    sigset_t set;
    stop_signals(&set);
    follow.signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (follow.signals < 0)
        return fault_set(why, -errno, "signals cannot be waited for: %s", strerror(errno));
    follow.log = mem_zeroed(count, sizeof *follow.log);
    for (size_t i = 0; i < count; i++)
        follow.log[i].path = paths[i];
    watch_folders(&follow);
    int rc = check_paths(&follow, why);
    while (rc == 0 && !follow.stop) {
        int64_t began = clock_ms();
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
