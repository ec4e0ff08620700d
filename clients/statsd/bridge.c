#include "clients/statsd/bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "clients/collector/balance.h"
#include "clients/collector/clock.h"
#include "clients/collector/keys.h"
#include "clients/collector/sending.h"
#include "clients/collector/terminal.h"
#include "clients/lib/suivi.h"
#include "clients/statsd/plan_check.h"
#include "clients/statsd/receiver.h"
#include "clients/statsd/sender.h"
#include "proto/check.h"
#include "proto/civil.h"

#define SEND_MS      200   /* to wait for answers in a turn */
#define TROUBLE_MS   60000 /* one sort of bad lines is told once in this time */
#define PLAN_WAIT_MS 2000

struct bridge {
    const struct options *options;
    const struct statsd_settings *settings;
    struct suivi *suivi; /* NULL: a dry run */
    struct keys *keys;
    struct receiver *receiver;
    struct window *spare;
    struct sending sending;
    int signals;
    bool stop;
    bool held;    /* a window was handed over, and cannot be saved at the moment: said so once */
    bool checked; /* the rules against the plan */
    uint64_t lines[VERDICTS];
    uint64_t too_large;     /* of what was counted: sums that no indicator takes */
    uint64_t lost, refused; /* datagrams and connections: when last looked */
    int64_t told_ms[VERDICTS];
    uint64_t told[VERDICTS];
};

static void stop_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1);
}

void bridge_block_signals(void) {
    sigset_t set;
    stop_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* --- hashing of sets' members: on the receiver's thread, under its lock --- */

static int hash_member(void *arg, int32_t day, struct str data, uint64_t *out, struct fault *why) {
    struct bridge *bridge = arg;
    if (bridge->keys == NULL) { /* a dry run: nothing of it is kept */
        *out = 0;
        for (size_t i = 0; i < data.len; i++)
            *out = (*out ^ (unsigned char)data.at[i]) * UINT64_C(0x100000001b3);
        return 0;
    }
    return keys_hash(bridge->keys, civil_month_of_day(day), data.at, data.len, out, why);
}

/* A late sample may be of the month before. */
static int forget_keys(struct bridge *bridge, struct fault *why) {
    int32_t today;
    if (!civil_day_of_time((int64_t)time(NULL), &today))
        return 0;
    receiver_lock(bridge->receiver);
    int rc = keys_destroy_before(bridge->keys, civil_month_of_day(today) - 1, why);
    receiver_unlock(bridge->receiver);
    return rc;
}

/* --- telling a person --- */

static const char *const reasons[VERDICTS] = {
    [VERDICT_COUNTED] = "counted",
    [VERDICT_IGNORED] = "ignored, as the settings say",
    [VERDICT_UNMATCHED] = "of metrics that no rule names",
    [VERDICT_TIMER] = "timers, which no indicator takes",
    [VERDICT_TYPE] = "of another type than their rule says",
    [VERDICT_DIMENSION] = "without a tag that their rule needs, or with a value that is no dimension's",
    [VERDICT_MALFORMED] = "malformed",
    [VERDICT_NUMBER] = "with a number that is too large, or a time that is not now or past",
    [VERDICT_CROWD] = "of too many different metrics at once",
};

static void tell_bad(struct bridge *bridge, const struct window_sums *sums) {
    for (size_t i = 0; i < VERDICTS; i++) {
        bridge->lines[i] += sums->lines[i];
        if (i == VERDICT_COUNTED || i == VERDICT_IGNORED || sums->lines[i] == 0)
            continue;
        if (bridge->told_ms[i] != 0 && clock_ms() - bridge->told_ms[i] < TROUBLE_MS)
            continue;
        uint64_t count = bridge->lines[i] - bridge->told[i];
        bridge->told_ms[i] = clock_ms();
        bridge->told[i] = bridge->lines[i];
        terminal_say(BRIDGE_PROGRAM, "%" PRIu64 " line%s not counted: %s (\"%s\")", count,
                     balance_plural(count), reasons[i], sums->example[i]);
    }
}

/* One line in which everything adds up: each line that was read is counted, or is not for a reason. */
static void say_balance(const struct bridge *bridge) {
    struct balance balance = {""};
    uint64_t read = 0;
    for (size_t i = 0; i < VERDICTS; i++)
        read += bridge->lines[i];
    balance_add(&balance, "%" PRIu64 " line%s read", read, balance_plural(read));
    for (size_t i = 0; i < VERDICTS; i++)
        if (bridge->lines[i] > 0 || i == VERDICT_COUNTED)
            balance_add(&balance, "%s %" PRIu64 " %s", i == VERDICT_COUNTED ? ":" : ",", bridge->lines[i],
                        reasons[i]);
    if (bridge->too_large > 0)
        balance_add(&balance, "; %" PRIu64 " sum%s too large", bridge->too_large,
                    bridge->too_large == 1 ? " was" : "s were");
    balance_add(&balance, "; %" PRIu64 " datagram%s lost in the kernel", bridge->lost,
                balance_plural(bridge->lost));
    if (bridge->suivi != NULL) {
        struct suivi_tally sent = suivi_tally(bridge->suivi);
        balance_add_sent(&balance, &sent);
    }
    terminal_say(BRIDGE_PROGRAM, "%s", balance.line);
}

/* True: some datagrams were lost since the last look. */
static bool look_at_losses(struct bridge *bridge) {
    uint64_t lost = receiver_lost(bridge->receiver), refused = receiver_refused(bridge->receiver);
    if (refused > bridge->refused)
        terminal_say(BRIDGE_PROGRAM, "%" PRIu64 " connections were refused: %d at once are the most",
                     refused - bridge->refused, RECEIVER_STREAMS_MAX);
    bridge->refused = refused;
    if (lost <= bridge->lost)
        return false;
    terminal_say(
        BRIDGE_PROGRAM,
        "%" PRIu64
        " datagrams were lost: the kernel's queue was full. Raise net.core.rmem_max, or have clients "
        "send over TCP, which waits",
        lost - bridge->lost);
    bridge->lost = lost;
    return true;
}

/* --- one window --- */

/* What cannot be saved is held, and tried again; meanwhile the window being filled fills, and then streams wait. */
static int save(struct bridge *bridge, struct fault *why) {
    int rc = suivi_commit(bridge->suivi);
    if (rc == -ENOSPC) {
        if (!bridge->held)
            terminal_say(BRIDGE_PROGRAM, "%s; trying again", suivi_why(bridge->suivi));
        bridge->held = true;
        return 0;
    }
    bridge->held = false;
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(bridge->suivi));
}

static int turn(struct bridge *bridge, struct fault *why) {
    struct fault failed;
    int receiving;
    if (bridge->held)
        return save(bridge, why);
    struct window *filled = receiver_swap(bridge->receiver, bridge->spare, &receiving, &failed);
    bridge->spare = filled;
    tell_bad(bridge, window_sums(filled));
    bool lost = look_at_losses(bridge);
    int rc = 0;
    if (bridge->suivi == NULL)
        sender_print(filled);
    else
        rc = sender_hand_over(bridge->suivi, filled, lost, &bridge->too_large, why);
    window_clear(filled);
    if (rc == 0 && bridge->suivi != NULL)
        rc = save(bridge, why);
    if (rc == 0 && bridge->keys != NULL)
        rc = forget_keys(bridge, why);
    if (rc == 0 && receiving != 0)
        rc = fault_set(why, receiving, "%s", failed.text);
    return rc;
}

/* Nothing leaves before the rules were held against the plan. */
static int check_plan(struct bridge *bridge, struct fault *why) {
    if (bridge->checked)
        return 0;
    int rc = plan_check(bridge->suivi, bridge->settings, PLAN_WAIT_MS, why);
    bridge->checked = rc == 0;
    return rc;
}

static int send_on(struct bridge *bridge, struct fault *why) {
    if (bridge->suivi == NULL || (bridge->checked && suivi_waiting(bridge->suivi) == 0))
        return 0;
    struct fault unheard;
    int rc = check_plan(bridge, &unheard);
    if (rc == -EINVAL)
        return fault_set(why, rc, "%s", unheard.text);
    if (rc == 0)
        sending_turn(&bridge->sending, SEND_MS);
    return 0;
}

static void wait_for(struct bridge *bridge, int64_t until_ms) {
    struct pollfd wanted[] = {
        {.fd = bridge->signals, .events = POLLIN},
        {.fd = receiver_descriptor(bridge->receiver), .events = bridge->held ? 0 : POLLIN}};
    bool sends = bridge->suivi != NULL && bridge->checked && suivi_waiting(bridge->suivi) > 0;
    int64_t left = until_ms - clock_ms();
    struct signalfd_siginfo signal;
    if (poll(wanted, 2, sends ? 0 : left > 0 ? (int)left : 0) <= 0 || !(wanted[0].revents & POLLIN))
        return;
    if (read(bridge->signals, &signal, sizeof signal) == (ssize_t)sizeof signal &&
        signal.ssi_signo == SIGUSR1)
        say_balance(bridge);
    else
        bridge->stop = true;
}

static bool wants_turn(const struct bridge *bridge, int64_t next_ms) {
    struct pollfd full = {.fd = receiver_descriptor(bridge->receiver), .events = POLLIN};
    return clock_ms() >= next_ms || (!bridge->held && poll(&full, 1, 0) == 1);
}

static int loop(struct bridge *bridge, struct fault *why) {
    int rc = 0;
    int64_t step = (int64_t)bridge->settings->seconds * 1000, next = clock_ms() + step;
    while (rc == 0 && !bridge->stop) {
        wait_for(bridge, next);
        if (wants_turn(bridge, next)) {
            rc = turn(bridge, why);
            next = clock_ms() + step;
        }
        if (rc == 0)
            rc = send_on(bridge, why);
    }
    if (rc == 0) {
        receiver_drain(bridge->receiver);
        rc = turn(bridge, why);
    }
    if (rc == 0 && bridge->held) /* what was held is older than the window that is left */
        rc = fault_set(why, -ENOSPC, "%s", suivi_why(bridge->suivi));
    return rc;
}

/* --- all of it --- */

static int open_state(struct bridge *bridge, struct fault *why) {
    const struct common_options *common = &bridge->options->common;
    const struct suivi_options options = {.endpoint = common->endpoint,
                                          .state = common->state,
                                          .source = common->source,
                                          .software = "suivi-statsd " SUIVI_VERSION};
    char *folder = NULL;
    int rc = suivi_open(&bridge->suivi, &options);
    if (rc != 0)
        return fault_set(why, rc, "%s", suivi_why(bridge->suivi));
    bridge->sending =
        (struct sending){.program = BRIDGE_PROGRAM, .suivi = bridge->suivi, .state = common->state};
    ASSERT(asprintf(&folder, "%s/keys", common->state) > 0);
    rc = keys_open(&bridge->keys, folder, why);
    free(folder);
    return rc;
}

static int start(struct bridge *bridge, struct window *first, struct fault *why) {
    const struct options *options = bridge->options;
    const char *const *listen = options->listen_count > 0 ? options->listen : bridge->settings->listen;
    size_t count = options->listen_count > 0 ? options->listen_count : bridge->settings->listen_count;
    sigset_t set;
    stop_signals(&set);
    bridge->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (bridge->signals < 0)
        return fault_set(why, -errno, "signals cannot be waited for: %s", strerror(errno));
    int rc = options->dry_run ? 0 : open_state(bridge, why);
    if (rc == 0 && bridge->suivi != NULL) {
        struct fault unheard;
        rc = check_plan(bridge, &unheard);
        if (rc == -EINVAL)
            return fault_set(why, rc, "%s", unheard.text);
        if (rc != 0)
            terminal_say(BRIDGE_PROGRAM, "%s; lines are taken, and wait", unheard.text);
        rc = 0;
    }
    if (rc == 0)
        rc = receiver_open(&bridge->receiver, listen, count, why);
    if (rc == 0)
        rc = receiver_start(bridge->receiver, first, why);
    for (size_t i = 0; rc == 0 && i < count; i++)
        terminal_say(BRIDGE_PROGRAM, "ready on %s", receiver_address(bridge->receiver, i));
    return rc;
}

static bool deliver(struct bridge *bridge) {
    say_balance(bridge);
    if (bridge->suivi == NULL)
        return true;
    int rc = bridge->checked ? suivi_deliver(bridge->suivi, bridge->options->common.timeout_ms) : 0;
    return sending_end(&bridge->sending, rc); /* what waits is saved */
}

int bridge_run(const struct options *options, const struct statsd_settings *settings, bool *well,
               struct fault *why) {
    struct bridge bridge = {.options = options, .settings = settings, .signals = -1};
    const struct window_hasher hasher = {.arg = &bridge, .hash = hash_member};
    struct window *first;
    window_new(&first, settings, &hasher);
    window_new(&bridge.spare, settings, &hasher);
    int rc = start(&bridge, first, why);
    if (rc == 0)
        rc = loop(&bridge, why);
    *well = rc == 0 && deliver(&bridge);
    if (bridge.receiver != NULL) {
        int unused;
        struct fault none;
        receiver_drain(bridge.receiver);
        first = receiver_swap(bridge.receiver, NULL, &unused, &none);
        receiver_close(&bridge.receiver);
    }
    window_destroy(&bridge.spare);
    window_destroy(&first);
    keys_close(&bridge.keys);
    suivi_close(&bridge.suivi);
    if (bridge.signals >= 0)
        close(bridge.signals);
    return rc;
}
