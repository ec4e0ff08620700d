/* libsuivi against a daemon of our own making: a thread with a ROUTER that speaks the protocol, and now and
 * then badly. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "bytes.h"
#include "clients/lib/suivi.h"
#include "proto/check.h"
#include "proto/message.h"
#include "proto/sketch.h"

#define DAY       1520380800 /* 2018-03-07 */
#define PATIENTLY 20000      /* ms that no test waits for when all is well */

/* What the daemon does wrong. */
struct manners {
    unsigned lose_acks;     /* of the first batches */
    unsigned restart_after; /* batches, once: the socket goes, and what was on the way */
    unsigned refuse_event;  /* index + 1 of the event refused in every batch */
    bool disk_full, future, silent, garbage;
    unsigned busy;                /* questions turned away */
    unsigned taken;               /* hellos turned away */
    enum message_type unreadable; /* kind of answer to questions, if any */
    bool unending;                /* answers stop before their last part */
};

struct daemon {
    char directory[64], endpoint[96];
    struct manners manners;
    void *context, *control;
    pthread_t thread;
    bool running;
    /* What it took, to be read once it has stopped. */
    uint64_t last, batches, events, sum, hashes, hellos;
};

struct stage {
    struct daemon daemon;
    char state[96];
    struct suivi *client;
};

/* --- the daemon --- */

static void answer(void *router, zmq_msg_t *who, struct wire_writer *writer) {
    assert_false(wire_writer_failed(writer));
    zmq_msg_t copy;
    zmq_msg_init(&copy);
    zmq_msg_copy(&copy, who);
    zmq_msg_send(&copy, router, ZMQ_SNDMORE);
    zmq_send(router, wire_writer_data(writer), wire_writer_len(writer), 0);
    wire_writer_reset(writer);
}

static void take_batch(struct daemon *daemon, struct message_batch *batch, struct wire_writer *writer) {
    bool repeated = batch->seq <= daemon->last;
    struct wire_writer *reasons, *refused;
    wire_writer_new(&reasons, 4096);
    wire_writer_new(&refused, 4096);
    uint32_t refusal = daemon->manners.refuse_event, refusals = refusal > 0 && refusal <= batch->event_count;
    if (!repeated) {
        daemon->last = batch->seq;
        daemon->batches++;
        for (uint32_t i = 0; i < batch->event_count; i++) {
            struct message_event event;
            message_next_event(batch, &event);
            daemon->events++;
            daemon->sum += (uint64_t)event.number;
            daemon->hashes += event.form == MESSAGE_VALUE_SET ? sketch_count(event.bytes) : 0;
        }
    }
    if (refusals) {
        wire_write_str(reasons, STR("not in the plan"));
        message_write_refused(refused, refusal - 1, 0);
    }
    message_write_ack(writer, batch->source, batch->seq, repeated, batch->event_count - refusals, refusals,
                      reasons, refusals, refused);
    wire_writer_destroy(&reasons);
    wire_writer_destroy(&refused);
}

/* A message whose id can be read, and what else it says cannot. */
static void write_unreadable(struct wire_writer *writer, enum message_type type, uint64_t id) {
    wire_write_array(writer, 3);
    wire_write_uint(writer, MESSAGE_VERSION);
    wire_write_str(writer, str_of(message_type_name(type)));
    wire_write_map(writer, 3);
    wire_write_str(writer, STR("id"));
    wire_write_uint(writer, id);
    wire_write_str(writer, STR("last"));
    wire_write_str(writer, STR("perhaps"));
    wire_write_str(writer, STR("code"));
    wire_write_uint(writer, 7);
}

static void tell_figures(struct message_query *query, bool unending, struct wire_writer *writer, void *router,
                         zmq_msg_t *who) {
    struct wire_writer *none, *indicators, *figures;
    wire_writer_new(&none, 65536);
    wire_writer_new(&indicators, 65536);
    wire_writer_new(&figures, 65536);
    const char *months[] = {"2018-01", "2018-02", "2018-03"};
    message_write_indicator(indicators, &(struct message_indicator){.id = STR("lists.posts"),
                                                                    .code = STR("1.2.8"),
                                                                    .kind = STR("count"),
                                                                    .label = STR("Posts on the lists"),
                                                                    .note = STR("")});
    for (int64_t i = 0; i < 3; i++) {
        struct message_figure figure = {.indicator = STR("lists.posts"),
                                        .period = str_of(months[i]),
                                        .value = 100 + i,
                                        .note = i == 2 ? STR("half a month") : STR("")};
        figure.dim_count = query->split_count;
        for (uint32_t d = 0; d < query->split_count; d++)
            figure.dim[d] = query->split[d];
        wire_writer_reset(figures);
        message_write_figure(figures, &figure);
        /* What cannot be read and the end of an earlier answer, to be ignored. */
        write_unreadable(writer, i == 0 ? MESSAGE_ERROR : MESSAGE_FIGURES, query->id - 1);
        answer(router, who, writer);
        message_write_figures(writer, query->id - 1, true, 0, none, 1, figures);
        answer(router, who, writer);
        message_write_figures(writer, query->id, i == 2 && !unending, i == 0, i == 0 ? indicators : none, 1,
                              figures);
        answer(router, who, writer);
    }
    wire_writer_destroy(&none);
    wire_writer_destroy(&indicators);
    wire_writer_destroy(&figures);
}

static void say_error(struct wire_writer *writer, const char *code, uint64_t id) {
    message_write_error(writer,
                        &(struct message_error){.code = str_of(code), .text = STR("no, because"), .id = id});
}

static void serve(struct daemon *daemon, void *router, zmq_msg_t *who, zmq_msg_t *frame,
                  struct wire_writer *writer) {
    struct wire_reader reader;
    enum message_type type;
    struct message_hello hello;
    struct message_batch batch;
    struct message_query query;
    wire_reader_init(&reader, zmq_msg_data(frame), zmq_msg_size(frame));
    assert_int_equal(message_open(&reader, &type, NULL), 0);
    if (daemon->manners.silent)
        return;
    if (daemon->manners.garbage) {
        wire_write_raw(writer, "\xdd\xff\xff\xff\xff", 5);
        answer(router, who, writer);
        zmq_msg_t copy;
        zmq_msg_init(&copy);
        zmq_msg_copy(&copy, who);
        zmq_msg_send(&copy, router, ZMQ_SNDMORE);
        zmq_send(router, "two", 3, ZMQ_SNDMORE);
        zmq_send(router, "parts", 5, 0);
    }
    if (type == MESSAGE_QUERY) {
        assert_int_equal(message_read_query(&reader, &query, NULL), 0);
        if (query.pattern_count > 0 && str_equal(query.pattern[0], STR("nope")))
            say_error(writer, MESSAGE_ERROR_QUERY, query.id);
        else if (daemon->manners.unreadable) {
            write_unreadable(writer, daemon->manners.unreadable, query.id);
        } else if (daemon->manners.busy > 0 && daemon->manners.busy--)
            say_error(writer, MESSAGE_ERROR_BUSY, query.id);
        else
            tell_figures(&query, daemon->manners.unending, writer, router, who);
    } else if (daemon->manners.future) {
        say_error(writer, MESSAGE_ERROR_VERSION, 0);
    } else if (type == MESSAGE_HELLO) {
        assert_int_equal(message_read_hello(&reader, &hello, NULL), 0);
        daemon->hellos++;
        if (daemon->manners.taken > 0 && daemon->manners.taken--)
            message_write_error(writer, &(struct message_error){.code = STR(MESSAGE_ERROR_BUSY),
                                                                .text = STR("another collector sends"),
                                                                .source = hello.source});
        else
            message_write_welcome(writer, &(struct message_welcome){.source = hello.source,
                                                                    .last = daemon->last,
                                                                    .credit = 4,
                                                                    .max_bytes = MESSAGE_BYTES_MAX,
                                                                    .max_series = MESSAGE_SERIES_MAX,
                                                                    .max_events = MESSAGE_EVENTS_MAX});
    } else if (daemon->manners.disk_full) {
        say_error(writer, MESSAGE_ERROR_STORE, 0);
    } else {
        assert_int_equal(message_read_batch(&reader, &batch, NULL), 0);
        if (batch.seq > daemon->last + 1) {
            message_write_error(writer, &(struct message_error){.code = STR(MESSAGE_ERROR_SEQUENCE),
                                                                .text = STR("a gap"),
                                                                .source = batch.source,
                                                                .seq = batch.seq});
        } else {
            take_batch(daemon, &batch, writer);
            if (daemon->manners.lose_acks > 0) {
                daemon->manners.lose_acks--;
                wire_writer_reset(writer);
            }
        }
    }
    if (wire_writer_len(writer) > 0)
        answer(router, who, writer);
}

static void *bound_router(struct daemon *daemon) {
    void *router = zmq_socket(daemon->context, ZMQ_ROUTER);
    int linger = 0;
    zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(router, daemon->endpoint), 0);
    return router;
}

static void *run_daemon(void *arg) {
    struct daemon *daemon = arg;
    void *router = bound_router(daemon), *control = zmq_socket(daemon->context, ZMQ_PAIR);
    assert_int_equal(zmq_connect(control, "inproc://stop"), 0);
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN},
                              {.socket = control, .events = ZMQ_POLLIN}};
    while (zmq_poll(items, 2, -1) > 0 && !(items[1].revents & ZMQ_POLLIN)) {
        zmq_msg_t who, frame;
        zmq_msg_init(&who);
        zmq_msg_init(&frame);
        zmq_msg_recv(&who, router, 0);
        zmq_msg_recv(&frame, router, 0);
        serve(daemon, router, &who, &frame, writer);
        zmq_msg_close(&who);
        zmq_msg_close(&frame);
        if (daemon->manners.restart_after > 0 && daemon->batches >= daemon->manners.restart_after) {
            daemon->manners.restart_after = 0;
            zmq_close(router);
            router = bound_router(daemon);
            items[0].socket = router;
        }
    }
    wire_writer_destroy(&writer);
    zmq_close(router);
    zmq_close(control);
    return NULL;
}

static void start_daemon(struct daemon *daemon, struct manners manners) {
    daemon->manners = manners;
    daemon->context = zmq_ctx_new();
    daemon->control = zmq_socket(daemon->context, ZMQ_PAIR);
    assert_int_equal(zmq_bind(daemon->control, "inproc://stop"), 0);
    assert_int_equal(pthread_create(&daemon->thread, NULL, run_daemon, daemon), 0);
    daemon->running = true;
}

static void stop_daemon(struct daemon *daemon) {
    if (!daemon->running)
        return;
    zmq_send(daemon->control, "", 0, 0);
    pthread_join(daemon->thread, NULL);
    zmq_close(daemon->control);
    zmq_ctx_term(daemon->context);
    daemon->running = false;
}

/* --- the stage --- */

static int setup(void **state) {
    struct stage *stage = mem_zeroed(1, sizeof *stage);
    strcpy(stage->daemon.directory, "/tmp/test_client.XXXXXX");
    assert_non_null(mkdtemp(stage->daemon.directory));
    snprintf(stage->daemon.endpoint, sizeof stage->daemon.endpoint, "ipc://%s/d.ipc",
             stage->daemon.directory);
    snprintf(stage->state, sizeof stage->state, "%s/state/mine", stage->daemon.directory);
    *state = stage;
    return 0;
}

static int teardown(void **state) {
    struct stage *stage = *state;
    suivi_close(&stage->client);
    stop_daemon(&stage->daemon);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", stage->daemon.directory);
    assert_int_equal(system(command), 0);
    free(stage);
    return 0;
}

static struct suivi *open_client(struct stage *stage) {
    suivi_close(&stage->client);
    int rc = suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->daemon.endpoint,
                                                                .state = stage->state,
                                                                .source = "mine@here",
                                                                .software = "test 1"});
    if (rc != 0)
        fail_msg("%s", suivi_why(stage->client));
    return stage->client;
}

static const struct suivi_dim here[] = {{"site", "here"}};

/* Batches of two events each, worth 7 and 3 members. */
static void count(struct suivi *client, int batches) {
    for (int i = 0; i < batches; i++) {
        char position[16];
        snprintf(position, sizeof position, "%d", i);
        assert_int_equal(suivi_count(client, "web.pageviews", here, 1, DAY, 7), 0);
        assert_int_equal(
            suivi_distinct(client, "web.visitors.unique", here, 1, DAY, (uint64_t[]){3, 1, 2, 3}, 4), 0);
        assert_int_equal(suivi_put(client, "position", 8, position, strlen(position)), 0);
        assert_int_equal(suivi_commit(client), 0);
    }
}

static void deliver(struct suivi *client) {
    if (suivi_deliver(client, PATIENTLY) != 0)
        fail_msg("%s", suivi_why(client));
    assert_int_equal(suivi_waiting(client), 0);
}

static void took(struct stage *stage, uint64_t batches) {
    stop_daemon(&stage->daemon);
    assert_int_equal(stage->daemon.batches, batches);
    assert_int_equal(stage->daemon.events, 2 * batches);
    assert_int_equal(stage->daemon.sum, 7 * batches);
    assert_int_equal(stage->daemon.hashes, 3 * batches);
}

static void assert_why(struct suivi *client, const char *words) {
    if (!strstr(suivi_why(client), words))
        fail_msg("\"%s\" does not say \"%s\"", suivi_why(client), words);
}

/* --- tests: counting --- */

static void test_what_is_counted_arrives(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){0});
    struct suivi *client = open_client(stage);
    deliver(client); /* nothing */
    count(client, 10);
    assert_int_equal(suivi_waiting(client), 10);
    deliver(client);
    struct suivi_tally tally = suivi_tally(client);
    assert_int_equal(tally.batches, 10);
    assert_int_equal(tally.events, 20);
    assert_int_equal(tally.refused, 0);
    count(client, 1);
    deliver(client);
    took(stage, 11);
}

static void test_nobody_there_is_said_and_the_next_run_sends(void **state) {
    struct stage *stage = *state;
    struct suivi *client = open_client(stage);
    count(client, 2);
    assert_int_equal(suivi_deliver(client, 50), -ENOTCONN);
    assert_why(client, "no daemon at ipc://");
    assert_why(client, "2 batches wait in /tmp/");
    assert_why(client, "systemctl status suivid");
    assert_int_equal(suivi_exchange(client, 0), 0);
    assert_int_equal(suivi_waiting(client), 2);
    client = open_client(stage);
    start_daemon(&stage->daemon, (struct manners){0});
    deliver(client);
    took(stage, 2);
}

static void test_daemon_that_comes_later_is_found(void **state) {
    struct stage *stage = *state;
    struct suivi *client = open_client(stage);
    count(client, 2);
    assert_int_equal(suivi_exchange(client, 20), 0);
    assert_int_equal(suivi_exchange(client, 20), 0);
    start_daemon(&stage->daemon, (struct manners){0});
    deliver(client);
    took(stage, 2);
}

static void test_one_that_stays_hears_of_silence(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){0});
    struct suivi *client = open_client(stage);
    count(client, 1);
    deliver(client);
    stop_daemon(&stage->daemon);
    count(client, 1);
    int rc = 0;
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = suivi_exchange(client, 100);
    assert_int_equal(rc, -ENOTCONN);
    assert_why(client, "no daemon at");
    assert_why(client, "once it answers");
    start_daemon(&stage->daemon, (struct manners){0}); /* which still has the first batch */
    for (int i = 0; i < 100 && suivi_waiting(client) > 0; i++)
        suivi_exchange(client, 100);
    assert_int_equal(suivi_waiting(client), 0);
}

static void test_silent_daemon_is_said(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.silent = true});
    struct suivi *client = open_client(stage);
    count(client, 1);
    assert_int_equal(suivi_deliver(client, 50), -ENOTCONN);
    assert_why(client, "1 batch waits in");
}

static void test_lost_acks_count_once(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.lose_acks = 3});
    struct suivi *client = open_client(stage);
    count(client, 8);
    deliver(client);
    assert_int_equal(suivi_tally(client).batches, 8);
    assert_true(suivi_tally(client).repeated >= 3);
    took(stage, 8);
}

static void test_restart_in_the_middle_counts_once(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.restart_after = 5});
    struct suivi *client = open_client(stage);
    count(client, 30);
    deliver(client);
    took(stage, 30);
    assert_int_equal(stage->daemon.manners.restart_after, 0); /* it did restart */
}

static void test_garbage_in_between_is_passed_over(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.garbage = true});
    struct suivi *client = open_client(stage);
    count(client, 5);
    deliver(client);
    took(stage, 5);
}

/* The daemon has more of this outbox than the outbox knows of. */
static void test_state_put_back_from_a_copy_is_of_no_more_use(void **state) {
    struct stage *stage = *state;
    stage->daemon.last = 5;
    start_daemon(&stage->daemon, (struct manners){0});
    struct suivi *client = open_client(stage);
    count(client, 2);
    assert_int_equal(suivi_deliver(client, PATIENTLY), -ESTALE);
    for (int i = 0; i < 2; i++) {
        assert_why(client, "older copy");
        assert_why(client, stage->state);
        assert_why(client, "is safe");
        assert_why(client, "would count again");
        assert_int_equal(suivi_commit(client), -ESTALE);
        assert_int_equal(suivi_count(client, "web.pageviews", here, 1, DAY, 7), 0);
        assert_int_equal(suivi_commit(client), -ESTALE);
        assert_int_equal(suivi_exchange(client, 0), -ESTALE);
        client = open_client(stage);
        assert_int_equal(suivi_waiting(client), 2);
        assert_int_equal(suivi_deliver(client, PATIENTLY), -ESTALE);
    }
    took(stage, 0);
}

static void test_another_collector_is_waited_for(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.taken = 3});
    struct suivi *client = open_client(stage);
    count(client, 2);
    deliver(client);
    took(stage, 2);
}

static void test_another_collector_that_stays_is_said(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.taken = UINT32_MAX});
    struct suivi *client = open_client(stage);
    count(client, 2);
    assert_int_equal(suivi_deliver(client, 600), -EBUSY);
    assert_why(client, "another collector sends; 2 batches wait in /tmp/");
    assert_why(client, "by the next run");
    int rc = 0;
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = suivi_exchange(client, 100);
    assert_int_equal(rc, -EBUSY);
    assert_why(client, "once the other is done");
    assert_int_equal(suivi_waiting(client), 2);
    stop_daemon(&stage->daemon);
    assert_in_range(stage->daemon.hellos, 3, 40); /* now and then, not all the time */
}

static void test_full_disk_there_keeps_all_here(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.disk_full = true});
    struct suivi *client = open_client(stage);
    count(client, 5);
    assert_int_equal(suivi_deliver(client, PATIENTLY), -EAGAIN);
    assert_why(client, "no, because");
    assert_int_equal(suivi_waiting(client), 5);
}

static void test_future_daemon_is_said(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.future = true});
    struct suivi *client = open_client(stage);
    count(client, 1);
    assert_int_equal(suivi_deliver(client, PATIENTLY), -EPROTO);
    assert_why(client, "version");
}

static void test_refused_events_are_kept_and_told(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.refuse_event = 2});
    struct suivi *client = open_client(stage);
    count(client, 3);
    deliver(client);
    assert_int_equal(suivi_tally(client).refused, 3);
    assert_string_equal(suivi_tally(client).first_reason, "not in the plan");
    char path[128], line[512];
    int lines = 0;
    snprintf(path, sizeof path, "%s/refused.log", stage->state);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        lines += strstr(line, "\tset of 3\tnot in the plan\n") != NULL;
    fclose(file);
    assert_int_equal(lines, 3);
}

static void test_large_counts_become_several_batches(void **state) {
    struct stage *stage = *state;
    enum { EVENTS = 600000, MEMBERS = 1500000 };
    start_daemon(&stage->daemon, (struct manners){0});
    struct suivi *client = open_client(stage);
    for (int i = 0; i < EVENTS; i++) {
        char value[16];
        snprintf(value, sizeof value, "page%d", i % 100000);
        assert_int_equal(
            suivi_count(client, "web.pageviews", &(struct suivi_dim){"page", value}, 1, DAY + i, 1), 0);
    }
    uint64_t *members = mem_zeroed(MEMBERS, sizeof *members);
    uint64_t random = 2018;
    for (uint64_t i = 0; i < MEMBERS; i++)
        members[i] = bytes_random(&random);
    assert_int_equal(suivi_distinct(client, "web.visitors.unique", here, 1, DAY, members, MEMBERS), 0);
    free(members);
    assert_int_equal(suivi_commit(client), 0);
    assert_in_range(suivi_waiting(client), 4, 40);
    deliver(client);
    stop_daemon(&stage->daemon);
    assert_int_equal(stage->daemon.sum, EVENTS);
    assert_in_range(stage->daemon.hashes, MEMBERS / 100 * 96, MEMBERS / 100 * 104); /* five standard errors */
}

static void test_what_cannot_be_sent_is_refused_at_once(void **state) {
    struct stage *stage = *state;
    struct suivi *client = open_client(stage);
    const struct suivi_dim twice[] = {{"site", "a"}, {"site", "b"}};
    struct suivi_dim many[DIMS_MAX + 1];
    char names[DIMS_MAX + 1][16];
    for (int i = 0; i <= DIMS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "d%d", i);
        many[i] = (struct suivi_dim){names[i], "x"};
    }
    assert_int_equal(suivi_count(client, "Web Pages", here, 1, DAY, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "", here, 1, DAY, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", &(struct suivi_dim){"site", ""}, 1, DAY, 1),
                     -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", &(struct suivi_dim){"site", "a\nb"}, 1, DAY, 1),
                     -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", &(struct suivi_dim){"site", "\xff"}, 1, DAY, 1),
                     -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", &(struct suivi_dim){"Site", "a"}, 1, DAY, 1),
                     -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", twice, 2, DAY, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", many, DIMS_MAX + 1, DAY, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", here, 1, INT64_MAX, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", here, 1, INT64_MIN, 1), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", here, 1, DAY, INT64_MAX), -EINVAL);
    assert_int_equal(suivi_count(client, "web.pageviews", here, 1, DAY, INT64_MIN), -EINVAL);
    assert_int_equal(suivi_commit(client), 0);
    assert_int_equal(suivi_waiting(client), 0);
    assert_int_equal(suivi_count(client, "web.pageviews", NULL, 0, DAY, 0), 0);
    assert_int_equal(suivi_distinct(client, "web.visitors.unique", NULL, 0, DAY, NULL, 0), 0);
    assert_int_equal(suivi_commit(client), 0);
    assert_int_equal(suivi_waiting(client), 1);
}

/* --- tests: records --- */

static int add_length(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    (void)key, (void)value;
    *(size_t *)arg += 100 * key_len + value_len;
    return 0;
}

static void test_records_are_seen_at_once_and_kept_by_commit(void **state) {
    struct stage *stage = *state;
    struct suivi *client = open_client(stage);
    const void *value;
    size_t len, total = 0;
    assert_int_equal(suivi_get(client, "a", 1, &value, &len), -ENOENT);
    assert_int_equal(suivi_put(client, "a", 1, "one", 3), 0);
    assert_int_equal(suivi_put(client, "b", 1, "", 0), 0);
    assert_int_equal(suivi_get(client, "a", 1, &value, &len), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(value, "one", 3);
    assert_int_equal(suivi_scan(client, "", 0, add_length, &total), 0);
    assert_int_equal(total, 203);
    assert_int_equal(suivi_commit(client), 0);
    assert_int_equal(suivi_waiting(client), 0); /* records alone make no batch */
    assert_int_equal(suivi_delete(client, "a", 1), 0);
    assert_int_equal(suivi_get(client, "a", 1, &value, &len), -ENOENT);
    suivi_rollback(client);
    assert_int_equal(suivi_get(client, "a", 1, &value, &len), 0);
    /* A value that was got may be put again. */
    assert_int_equal(suivi_put(client, "c", 1, value, len), 0);
    assert_int_equal(suivi_get(client, "c", 1, &value, &len), 0);
    assert_int_equal(suivi_put(client, "c", 1, value, len), 0);
    assert_int_equal(suivi_commit(client), 0);
    assert_int_equal(suivi_delete(client, "b", 1), 0); /* never committed */
    client = open_client(stage);
    assert_int_equal(suivi_get(client, "a", 1, &value, &len), 0);
    assert_int_equal(suivi_get(client, "b", 1, &value, &len), 0);
    assert_int_equal(len, 0);
    assert_int_equal(suivi_get(client, "c", 1, &value, &len), 0);
    assert_memory_equal(value, "one", 3);
    char long_key[256] = {1};
    assert_int_equal(suivi_put(client, long_key, 255, "x", 1), 0);
    assert_int_equal(suivi_put(client, long_key, 256, "x", 1), -EINVAL);
    assert_int_equal(suivi_put(client, "", 0, "x", 1), -EINVAL);
    assert_int_equal(suivi_commit(client), 0);
}

static void test_rollback_forgets_what_was_counted(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){0});
    struct suivi *client = open_client(stage);
    assert_int_equal(suivi_count(client, "web.pageviews", here, 1, DAY, 1000), 0);
    suivi_rollback(client);
    count(client, 1);
    deliver(client);
    took(stage, 1);
}

/* --- tests: opening --- */

static void test_open_says_what_is_wrong(void **state) {
    struct stage *stage = *state;
    struct suivi *client = open_client(stage), *second;
    struct suivi_options options = {
        .endpoint = stage->daemon.endpoint, .state = stage->state, .source = "mine@here"};
    assert_int_equal(suivi_open(&second, &options), -EBUSY);
    assert_why(second, "another process uses /tmp/");
    assert_int_equal(suivi_count(second, "web.pageviews", here, 1, DAY, 1), -EINVAL);
    assert_int_equal(suivi_waiting(second), 0);
    suivi_close(&second);
    suivi_close(&second);

    options.source = NULL;
    assert_int_equal(suivi_open(&second, &options), -EINVAL);
    suivi_close(&second);
    options.source = "a\nb";
    assert_int_equal(suivi_open(&second, &options), -EINVAL);
    suivi_close(&second);
    options = (struct suivi_options){.endpoint = "nonsense", .state = NULL};
    assert_int_equal(suivi_open(&second, &options), 0);
    assert_int_equal(suivi_query(second, &(struct suivi_query){0}, 100, NULL, NULL, NULL), -EINVAL);
    assert_why(second, "nonsense");
    assert_int_equal(suivi_commit(second), -EINVAL);
    suivi_close(&second);

    /* A state directory whose file cannot be written. */
    char path[128];
    snprintf(path, sizeof path, "%s/outbox.mdb", stage->state);
    count(client, 1);
    suivi_close(&stage->client);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fwrite("garbage where LMDB keeps its magic number......", 1, 40, file), 40);
    fclose(file);
    options = (struct suivi_options){.state = stage->state, .source = "mine@here"};
    assert_int_equal(suivi_open(&second, &options), -EBADMSG);
    assert_why(second, "outbox.mdb");
    suivi_close(&second);
}

/* --- tests: queries --- */

struct heard {
    char text[512];
};

static void on_indicator(void *arg, const struct suivi_indicator *indicator) {
    struct heard *heard = arg;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s|%s|%s|%s|%s; ", indicator->id,
             indicator->code, indicator->kind, indicator->label, indicator->note);
}

static void on_figure(void *arg, const struct suivi_figure *figure) {
    struct heard *heard = arg;
    size_t used = strlen(heard->text);
    snprintf(heard->text + used, sizeof heard->text - used, "%s %s %s %d %s; ", figure->indicator,
             figure->period, figure->dims[0], (int)figure->value, figure->note);
}

static void test_query_tells_indicators_and_figures(void **state) {
    struct stage *stage = *state;
    start_daemon(&stage->daemon, (struct manners){.garbage = true, .busy = 2});
    assert_int_equal(suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->daemon.endpoint}),
                     0);
    const char *split[] = {"list"}, *nope[] = {"nope"};
    for (int i = 0; i < 2; i++) {
        struct heard heard = {{0}};
        struct suivi_query query = {.split = split, .split_count = 1};
        assert_int_equal(suivi_query(stage->client, &query, PATIENTLY, on_indicator, on_figure, &heard), 0);
        assert_string_equal(heard.text,
                            "lists.posts|1.2.8|count|Posts on the lists|; lists.posts 2018-01 list 100 ; "
                            "lists.posts 2018-02 list 101 ; lists.posts 2018-03 list 102 half a month; ");
        query = (struct suivi_query){.indicators = nope, .indicator_count = 1};
        assert_int_equal(suivi_query(stage->client, &query, PATIENTLY, NULL, NULL, NULL), -EINVAL);
        assert_string_equal(suivi_why(stage->client), "no, because");
    }
}

static void test_answer_that_cannot_be_read_is_said(void **state) {
    struct stage *stage = *state;
    const enum message_type types[] = {MESSAGE_FIGURES, MESSAGE_ERROR};
    for (size_t i = 0; i < 2; i++) {
        start_daemon(&stage->daemon, (struct manners){.unreadable = types[i]});
        assert_int_equal(
            suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->daemon.endpoint}), 0);
        assert_int_equal(suivi_query(stage->client, &(struct suivi_query){0}, PATIENTLY, NULL, NULL, NULL),
                         -EPROTO);
        assert_why(stage->client, "the answer of the daemon at ipc://");
        assert_why(stage->client, "cannot be read: ");
        suivi_close(&stage->client);
        stop_daemon(&stage->daemon);
    }
}

static void test_answer_without_an_end_is_said(void **state) {
    struct stage *stage = *state;
    struct heard heard = {{0}};
    start_daemon(&stage->daemon, (struct manners){.unending = true});
    assert_int_equal(suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->daemon.endpoint}),
                     0);
    /* Long enough for the first part to come, since time runs anew from there. */
    assert_int_equal(suivi_query(stage->client, &(struct suivi_query){0}, 1000, NULL, on_figure, &heard),
                     -ENOTCONN);
    assert_non_null(strstr(heard.text, "2018-03"));
    assert_why(stage->client, "stopped answering");
}

static void test_query_without_daemon_is_said(void **state) {
    struct stage *stage = *state;
    assert_int_equal(suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->daemon.endpoint}),
                     0);
    assert_int_equal(suivi_query(stage->client, &(struct suivi_query){0}, 50, NULL, NULL, NULL), -ENOTCONN);
    assert_why(stage->client, "no daemon at ipc://");
    start_daemon(&stage->daemon, (struct manners){.silent = true});
    assert_int_equal(suivi_query(stage->client, &(struct suivi_query){0}, 50, NULL, NULL, NULL), -ENOTCONN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_counted_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_there_is_said_and_the_next_run_sends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_daemon_that_comes_later_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_stays_hears_of_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silent_daemon_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_acks_count_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_in_the_middle_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_in_between_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_put_back_from_a_copy_is_of_no_more_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_collector_is_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_collector_that_stays_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_there_keeps_all_here, setup, teardown),
        cmocka_unit_test_setup_teardown(test_future_daemon_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_events_are_kept_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_counts_become_several_batches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_sent_is_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_records_are_seen_at_once_and_kept_by_commit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rollback_forgets_what_was_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_says_what_is_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query_tells_indicators_and_figures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_that_cannot_be_read_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_without_an_end_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_query_without_daemon_is_said, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
