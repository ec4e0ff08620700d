#include "clients/listserv/follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients/collector/clock.h"
#include "clients/collector/sending.h"
#include "clients/collector/terminal.h"

#define TURN_MS 1000  /* at most one reading in this time */
#define IDLE_MS 30000 /* look anyway */
#define SEND_MS 200   /* to wait for answers in a turn */
#define HOUR_MS 3600000

struct follow {
    struct lists *lists;
    struct suivi *suivi;
    struct sending sending;
    int signals, changes; /* descriptors; changes -1: no inotify */
    bool stop;
    bool stuck;      /* nothing can be saved at the moment: said so once */
    int64_t hour_ms; /* when the last one began */
    int (*hourly)(void *arg, struct fault *why);
    void *arg;
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

/* New directories come and go: what is watched already is not watched twice. Without inotify (its watches are limited)
 * the archives are looked at every second. */
static void watch_folders(struct follow *follow) {
    size_t count;
    const char *const *folders = lists_folders(follow->lists, &count);
    for (size_t i = 0; i < count && follow->changes >= 0; i++) {
        int watch =
            inotify_add_watch(follow->changes, folders[i],
                              IN_MODIFY | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB);
        if (watch < 0 && errno == ENOSPC) {
            close(follow->changes);
            follow->changes = -1;
        }
    }
}

/* While nothing can be saved nothing is read either: what is held would only grow. */
static int turn(struct follow *follow, struct fault *why) {
    int rc = follow->stuck ? lists_finish(follow->lists, why) : 0;
    if (rc == 0)
        rc = lists_read(follow->lists, why);
    bool due = clock_ms() - follow->hour_ms >= HOUR_MS;
    if (rc == 0 && due)
        rc = follow->hourly(follow->arg, why);
    if (rc == 0 && (follow->stop || due)) {
        rc = lists_finish(follow->lists, why);
        follow->hour_ms = clock_ms();
    }
    if (rc == -ENOSPC && !follow->stuck)
        terminal_say(LISTS_PROGRAM, "%s; trying again", why->text);
    follow->stuck = rc == -ENOSPC;
    if (rc == 0 || rc == -ENOSPC) {
        watch_folders(follow);
        sending_turn(&follow->sending, SEND_MS);
        rc = 0;
    }
    return rc;
}

static void drain(int descriptor) {
    char buffer[4096] __attribute__((aligned(8)));
    while (read(descriptor, buffer, sizeof buffer) > 0)
        continue;
}

/* Until something happens; then a turn's time since the last. */
static void wait_for_change(struct follow *follow, int64_t turn_began) {
    struct pollfd wanted[2] = {{.fd = follow->signals, .events = POLLIN},
                               {.fd = follow->changes, .events = POLLIN}};
    bool busy = follow->changes < 0 || suivi_waiting(follow->suivi) > 0 || follow->stuck;
    poll(wanted, 2, busy ? TURN_MS : IDLE_MS);
    int64_t left = turn_began + TURN_MS - clock_ms();
    if (left > 0 && !(wanted[0].revents & POLLIN))
        poll(wanted, 1, (int)left);
    if (follow->changes >= 0)
        drain(follow->changes);
    follow->stop = (wanted[0].revents & POLLIN) != 0;
}

int follow_run(struct lists *lists, struct suivi *suivi, const char *state,
               int (*hourly)(void *arg, struct fault *why), void *arg, struct fault *why) {
    struct follow follow = {.lists = lists,
                            .suivi = suivi,
                            .sending = {.program = LISTS_PROGRAM, .suivi = suivi, .state = state},
                            .hour_ms = INT64_MIN / 2,
                            .hourly = hourly,
                            .arg = arg};
    sigset_t set;
    stop_signals(&set);
    follow.signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (follow.signals < 0)
        return fault_set(why, -errno, "signals cannot be waited for: %s", strerror(errno));
    follow.changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    int rc = 0;
    do {
        int64_t began = clock_ms();
        rc = turn(&follow, why);
        if (rc == 0 && !follow.stop)
            wait_for_change(&follow, began);
        else if (rc == 0)
            break;
    } while (rc == 0);
    if (follow.changes >= 0)
        close(follow.changes);
    close(follow.signals);
    return rc;
}
