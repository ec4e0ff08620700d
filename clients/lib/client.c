#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "clients/lib/client_priv.h"
#include "clients/lib/directory.h"
#include "config/paths.h"
#include "proto/dims.h"
#include "proto/message.h"

#define VALUE_MAX        (1u << 20) /* bytes of a record's value */
#define STAGED_BYTES_MAX (512u << 20)
#define FRAMES_A_ROUND   1024
#define SILENCE_MS       3000 /* after which nobody seems to be there */

/* --- opening and closing --- */

static int check_source(const char *source, const char *software, struct fault *why) {
    struct fault detail;
    if (!source)
        return fault_set(why, -EINVAL, "a state directory needs a source, such as \"mine@host\"");
    if (dims_check_value(str_of(source), &detail) != 0 || strlen(source) > MESSAGE_SOURCE_MAX)
        return fault_set(why, -EINVAL, "\"%.200s\" cannot be the name of a source: %.200s", source,
                         detail.text);
    if (software && dims_check_value(str_of(software), &detail) != 0)
        return fault_set(why, -EINVAL, "\"%.200s\" cannot be the name of a software: %.200s", software,
                         detail.text);
    return 0;
}

static int open_state(struct suivi *client, const struct suivi_options *options) {
    struct fault *why = &client->why;
    int rc = check_source(options->source, options->software, why);
    if (rc == 0)
        rc = directory_make(options->state, why);
    if (rc == 0)
        rc = directory_lock(options->state, &client->lock, why);
    if (rc == 0)
        rc = outbox_open(&client->outbox, options->state, options->source, OUTBOX_BYTES_MAX, why);
    if (rc != 0)
        return rc;
    struct str source = str_of(options->source);
    client->state = mem_string(options->state, strlen(options->state));
    client->source = mem_string(options->source, strlen(options->source));
    staged_new(&client->staged);
    batcher_new(&client->batcher, source, outbox_id(client->outbox), outbox_next(client->outbox));
    refused_new(&client->refused, options->state, source);
    delivery_new(&client->delivery, client->outbox, client->refused, source,
                 str_of(options->software ? options->software : ""));
    return 0;
}

int suivi_open(struct suivi **out, const struct suivi_options *options) {
    struct suivi *client = mem_zeroed(1, sizeof *client);
    client->magic = CLIENT_MAGIC;
    client->lock = -1;
    *out = client;
    client->endpoint =
        options->endpoint ? mem_string(options->endpoint, strlen(options->endpoint)) : paths_endpoint();
    return options->state ? open_state(client, options) : 0;
}

void suivi_close(struct suivi **client) {
    if (!client || !*client)
        return;
    struct suivi *c = *client;
    OBJ_CHECK(c, CLIENT_MAGIC);
    connection_close(&c->asking);
    connection_close(&c->sending);
    delivery_destroy(&c->delivery);
    refused_destroy(&c->refused);
    batcher_destroy(&c->batcher);
    staged_destroy(&c->staged);
    outbox_close(&c->outbox);
    if (c->lock >= 0)
        close(c->lock);
    free(c->state);
    free(c->source);
    free(c->endpoint);
    c->magic = 0;
    free(c);
    *client = NULL;
}

const char *suivi_why(const struct suivi *client) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    return client->why.text;
}

static int need_state(struct suivi *client) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    return client->delivery
               ? 0
               : fault_set(&client->why, -EINVAL, "this client was opened without a state directory");
}

/* --- counting --- */

/* A commit that failed may be on disk all the same. Counting goes on only by the number that comes after it:
 * by that of a batch which is there, it would pass for that one. */
static int need_number(struct suivi *client) {
    int rc = need_state(client);
    if (rc != 0 || !client->unnumbered)
        return rc;
    rc = outbox_look_again(client->outbox, &client->why);
    if (rc != 0)
        return rc;
    batcher_number_from(client->batcher, outbox_next(client->outbox));
    client->unnumbered = false;
    return 0;
}

int client_series(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                  struct dims *out) {
    int rc = need_number(client);
    if (rc == 0)
        rc = dims_check_indicator(str_of(indicator), &client->why);
    *out = (struct dims){0};
    for (size_t i = 0; i < dim_count && rc == 0; i++) {
        rc = dims_add(out, str_of(dims[i].name), str_of(dims[i].value), &client->why);
        if (rc != 0) /* too many, or one twice: neither can be sent */
            rc = -EINVAL;
    }
    return rc;
}

int suivi_count(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
                int64_t at, int64_t value) {
    struct dims sorted;
    int rc = client_series(client, indicator, dims, dim_count, &sorted);
    return rc != 0 ? rc
                   : batcher_number(client->batcher, str_of(indicator), &sorted, at, value, &client->why);
}

int suivi_distinct(struct suivi *client, const char *indicator, const struct suivi_dim *dims,
                   size_t dim_count, int64_t at, const uint64_t *hashes, size_t hash_count) {
    struct dims sorted;
    int rc = client_series(client, indicator, dims, dim_count, &sorted);
    return rc != 0 ? rc
                   : batcher_set(client->batcher, str_of(indicator), &sorted, at, hashes, hash_count,
                                 &client->why);
}

int suivi_name(struct suivi *client, const char *indicator, const struct suivi_dim *dims, size_t dim_count,
               int64_t at, const char *name) {
    struct dims sorted;
    int rc = client_series(client, indicator, dims, dim_count, &sorted);
    return rc != 0
               ? rc
               : batcher_name(client->batcher, str_of(indicator), &sorted, at, str_of(name), &client->why);
}

void suivi_whole(struct suivi *client) {
    if (need_state(client) == 0)
        batcher_whole(client->batcher);
}

/* --- the caller's records --- */

static int check_key(struct suivi *client, const void *key, size_t key_len, struct str *out) {
    int rc = need_state(client);
    if (rc != 0)
        return rc;
    if (key_len == 0 || key_len > OUTBOX_KEY_MAX)
        return fault_set(&client->why, -EINVAL, "a record's key has %zu bytes; from 1 to %d are possible",
                         key_len, OUTBOX_KEY_MAX);
    *out = (struct str){key, key_len};
    return 0;
}

int suivi_get(struct suivi *client, const void *key, size_t key_len, const void **value, size_t *value_len) {
    struct str wanted, found;
    struct staged_record record;
    int rc = check_key(client, key, key_len, &wanted);
    if (rc != 0)
        return rc;
    if (staged_find(client->staged, wanted, &record)) {
        if (record.deleted)
            return -ENOENT;
        found = record.value;
    } else {
        rc = outbox_record(client->outbox, wanted, &found, &client->why);
        if (rc != 0)
            return rc;
    }
    *value = found.at;
    *value_len = found.len;
    return 0;
}

static int check_staged(struct suivi *client, size_t more) {
    if (staged_bytes(client->staged) + more <= STAGED_BYTES_MAX)
        return 0;
    return fault_set(&client->why, -ENOBUFS,
                     "%u MiB of records are put and not yet committed: commit more often",
                     STAGED_BYTES_MAX >> 20);
}

int suivi_put(struct suivi *client, const void *key, size_t key_len, const void *value, size_t value_len) {
    struct str name;
    int rc = check_key(client, key, key_len, &name);
    if (rc != 0)
        return rc;
    if (value_len > VALUE_MAX)
        return fault_set(&client->why, -EINVAL, "a record's value has %zu bytes; at most %u are possible",
                         value_len, VALUE_MAX);
    rc = check_staged(client, key_len + value_len);
    if (rc == 0)
        staged_put(client->staged, name, (struct str){value, value_len});
    return rc;
}

int suivi_delete(struct suivi *client, const void *key, size_t key_len) {
    struct str name;
    int rc = check_key(client, key, key_len, &name);
    if (rc == 0)
        rc = check_staged(client, key_len);
    if (rc == 0)
        staged_delete(client->staged, name);
    return rc;
}

struct visitor {
    int (*visit)(void *arg, const void *key, size_t key_len, const void *value, size_t value_len);
    void *arg;
};

static int visit_record(void *arg, struct str key, struct str value) {
    const struct visitor *visitor = arg;
    return visitor->visit(visitor->arg, key.at, key.len, value.at, value.len);
}

int suivi_scan(struct suivi *client, const void *prefix, size_t prefix_len,
               int (*visit)(void *arg, const void *key, size_t key_len, const void *value, size_t value_len),
               void *arg) {
    struct visitor visitor = {visit, arg};
    int rc = need_state(client);
    if (rc == 0 && prefix_len > OUTBOX_KEY_MAX)
        return 0; /* no key is as long */
    return rc != 0 ? rc
                   : outbox_scan(client->outbox, client->staged, (struct str){prefix, prefix_len},
                                 visit_record, &visitor, &client->why);
}

/* --- saving and sending --- */

/* Counting goes on by the numbers in the state: not when they were used before. */
static int need_fresh_state(struct suivi *client) {
    int rc = need_state(client);
    if (rc == 0 && outbox_stale(client->outbox))
        rc = fault_set(&client->why, -ESTALE, "%s", outbox_stale(client->outbox));
    return rc;
}

int suivi_commit(struct suivi *client) {
    int rc = need_fresh_state(client);
    if (rc != 0)
        return rc;
    size_t count;
    const struct outbox_batch *batches = batcher_close(client->batcher, &count);
    if (count == 0 && staged_count(client->staged) == 0)
        return 0;
    rc = outbox_commit(client->outbox, batches, count, client->staged, &client->why);
    if (rc == 0)
        suivi_rollback(client); /* what is saved need not be held */
    return rc;
}

void suivi_rollback(struct suivi *client) {
    if (need_state(client) != 0)
        return;
    client->unnumbered = outbox_look_again(client->outbox, NULL) != 0;
    batcher_clear(client->batcher, outbox_next(client->outbox));
    staged_clear(client->staged);
}

uint64_t suivi_waiting(const struct suivi *client) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    return client->outbox ? outbox_waiting(client->outbox) : 0;
}

struct suivi_tally suivi_tally(const struct suivi *client) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    return client->delivery ? delivery_tally(client->delivery) : (struct suivi_tally){0};
}

/* Takes what came and sends what may go, once around. *blocked: there is more to send than the connection
 * takes now. */
static int go_around(struct suivi *client, bool *blocked) {
    struct str frame;
    int rc = 0;
    for (int i = 0; i < FRAMES_A_ROUND && rc == 0 && connection_receive(client->sending, &frame); i++)
        rc = delivery_receive(client->delivery, frame, connection_clock_ms(), &client->why);
    *blocked = false;
    while (rc == 0 && !*blocked &&
           delivery_next(client->delivery, connection_clock_ms(), &frame, &rc, &client->why)) {
        *blocked = !connection_send(client->sending, frame);
        if (!*blocked)
            delivery_sent(client->delivery, connection_clock_ms());
    }
    return rc;
}

static int nobody_there(struct suivi *client, bool answered, const char *when) {
    uint64_t waiting = suivi_waiting(client);
    if (!answered && connection_forbidden(client->endpoint))
        return fault_set(&client->why, -ENOTCONN,
                         "no permission to connect to %s: become the user that suivid runs as, or one of its "
                         "group; %" PRIu64 " %s in %s and will be sent %s",
                         client->endpoint, waiting, waiting == 1 ? "batch waits" : "batches wait",
                         client->state, when);
    bool silent = !answered && connection_silent(client->endpoint);
    return fault_set(&client->why, -ENOTCONN,
                     "%s %s%s; %" PRIu64
                     " %s in %s and will be sent %s. Is suivid running? (systemctl status suivid)",
                     answered || silent ? "the daemon at" : "no daemon at", client->endpoint,
                     answered ? " stopped answering"
                     : silent ? " does not answer"
                              : "",
                     waiting, waiting == 1 ? "batch waits" : "batches wait", client->state, when);
}

static int not_let_in(struct suivi *client, const char *when) {
    uint64_t waiting = suivi_waiting(client);
    return fault_set(&client->why, -EBUSY, "%s; %" PRIu64 " %s in %s and will be sent %s",
                     delivery_busy(client->delivery), waiting, waiting == 1 ? "batch waits" : "batches wait",
                     client->state, when);
}

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* `patient`: the time runs anew with each answer, and running out of it is a failure. */
static int converse(struct suivi *client, int timeout_ms, bool patient, int64_t start) {
    for (;;) {
        bool blocked;
        int rc = go_around(client, &blocked);
        if (rc != 0 || delivery_done(client->delivery))
            return rc;
        int64_t now = connection_clock_ms(), heard = delivery_heard_ms(client->delivery);
        int64_t end = (patient ? later(heard, start) : start) + timeout_ms,
                grace = start + CONNECTION_GRACE_MS;
        if (patient && heard < start && now >= grace && connection_deserted(client->endpoint))
            end = now;
        bool busy = delivery_busy(client->delivery) != NULL;
        if (now >= end && patient && busy)
            return not_let_in(client, "by the next run");
        if (now >= end && patient)
            return nobody_there(client, heard >= start, "by the next run");
        if (now >= end) {
            bool silent = now - later(heard, client->waiting_since_ms) >= SILENCE_MS;
            if (silent && busy)
                return not_let_in(client, "once the other is done");
            return silent ? nobody_there(client, heard > client->waiting_since_ms, "once it answers") : 0;
        }
        int64_t wake = delivery_wake_ms(client->delivery);
        if (now < grace && grace < wake)
            wake = grace;
        connection_wait(client->sending, blocked, (wake < end ? wake : end) - now);
    }
}

static int send_waiting(struct suivi *client, int timeout_ms, bool patient) {
    int rc = need_fresh_state(client);
    if (rc == 0 && delivery_done(client->delivery))
        return 0;
    if (rc == 0 && !client->sending)
        rc = connection_open(&client->sending, client->endpoint, &client->why);
    if (rc != 0)
        return rc;
    int64_t start = connection_clock_ms();
    if (client->waiting_since_ms == 0)
        client->waiting_since_ms = start;
    rc = converse(client, timeout_ms, patient, start);
    if (delivery_done(client->delivery))
        client->waiting_since_ms = 0;
    if (rc != 0 && rc != -ENOTCONN && rc != -EBUSY)
        delivery_restart(client->delivery);
    return rc;
}

int suivi_deliver(struct suivi *client, int timeout_ms) {
    return send_waiting(client, timeout_ms, true);
}

int suivi_exchange(struct suivi *client, int timeout_ms) {
    return send_waiting(client, timeout_ms, false);
}
