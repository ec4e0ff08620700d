/* libsuivi's questions against a thread with a ROUTER: what goes out, and that each field of
 * an answer (proto/vectors) arrives in its place. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "clients/lib/suivi.h"
#include "messages.h"
#include "proto/check.h"

#define PATIENTLY 20000 /* ms that no test waits for when all is well */
#define VECTORS   SUIVI_SOURCE_DIR "/proto/vectors/"
#define ANSWERS   2

struct stage {
    char directory[64], endpoint[96];
    void *context, *control;
    pthread_t thread;
    bool running;
    struct suivi *client;
    json_t *answers[ANSWERS]; /* messages; their id becomes the question's */
    unsigned busy;            /* questions turned away */
    const char *error;        /* code of the answer to all others */
    json_t *asked;            /* questions that came */
    char told[8192];          /* what the callbacks were told */
};

/* --- the daemon --- */

static void write_json(struct wire_writer *writer, const json_t *json) {
    const char *key;
    const json_t *value;
    size_t i;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        if ((value = json_object_get(json, "bin")) != NULL) {
            static const char zeros[ENTRY_SHA256];
            assert_int_equal(json_string_length(value), 2 * sizeof zeros);
            wire_write_bin(writer, zeros, sizeof zeros);
            return;
        }
        wire_write_map(writer, json_object_size(json));
        json_object_foreach((json_t *)json, key, value) {
            wire_write_str(writer, str_of(key));
            write_json(writer, value);
        }
        return;
    case JSON_ARRAY:
        wire_write_array(writer, json_array_size(json));
        json_array_foreach(json, i, value) write_json(writer, value);
        return;
    case JSON_STRING:
        wire_write_str(writer, (struct str){json_string_value(json), json_string_length(json)});
        return;
    case JSON_INTEGER:
        wire_write_int(writer, json_integer_value(json));
        return;
    default:
        wire_write_bool(writer, json_is_true(json));
    }
}

static void answer(void *router, zmq_msg_t *who, struct wire_writer *writer) {
    zmq_msg_t copy;
    assert_false(wire_writer_failed(writer));
    zmq_msg_init(&copy);
    zmq_msg_copy(&copy, who);
    zmq_msg_send(&copy, router, ZMQ_SNDMORE);
    zmq_send(router, wire_writer_data(writer), wire_writer_len(writer), 0);
    wire_writer_reset(writer);
}

static void serve(struct stage *stage, void *router, zmq_msg_t *who, zmq_msg_t *frame) {
    struct wire_reader reader;
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    wire_reader_init(&reader, zmq_msg_data(frame), zmq_msg_size(frame));
    json_t *question = messages_json(&reader);
    json_t *id = json_object_get(json_array_get(question, 2), "id");
    struct message_error error = {.text = STR("no, because"), .id = (uint64_t)json_integer_value(id)};
    if (stage->busy > 0 || stage->error) {
        error.code = str_of(stage->busy > 0 ? MESSAGE_ERROR_BUSY : stage->error);
        stage->busy -= stage->busy > 0;
        message_write_error(writer, &error);
        answer(router, who, writer);
    } else {
        for (size_t i = 0; i < ANSWERS && stage->answers[i]; i++) {
            json_object_set(json_array_get(stage->answers[i], 2), "id", id);
            write_json(writer, stage->answers[i]);
            answer(router, who, writer);
        }
    }
    json_object_del(json_array_get(question, 2), "id");
    json_array_append_new(stage->asked, question);
    wire_writer_destroy(&writer);
}

static void *run_daemon(void *arg) {
    struct stage *stage = arg;
    void *router = zmq_socket(stage->context, ZMQ_ROUTER), *control = zmq_socket(stage->context, ZMQ_PAIR);
    int linger = 0;
    zmq_setsockopt(router, ZMQ_LINGER, &linger, sizeof linger);
    assert_int_equal(zmq_bind(router, stage->endpoint), 0);
    assert_int_equal(zmq_connect(control, "inproc://stop"), 0);
    zmq_pollitem_t items[] = {{.socket = router, .events = ZMQ_POLLIN},
                              {.socket = control, .events = ZMQ_POLLIN}};
    while (zmq_poll(items, 2, -1) > 0 && !(items[1].revents & ZMQ_POLLIN)) {
        zmq_msg_t who, frame;
        zmq_msg_init(&who);
        zmq_msg_init(&frame);
        zmq_msg_recv(&who, router, 0);
        zmq_msg_recv(&frame, router, 0);
        serve(stage, router, &who, &frame);
        zmq_msg_close(&who);
        zmq_msg_close(&frame);
    }
    zmq_close(router);
    zmq_close(control);
    return NULL;
}

static void start_daemon(struct stage *stage) {
    stage->context = zmq_ctx_new();
    stage->control = zmq_socket(stage->context, ZMQ_PAIR);
    assert_int_equal(zmq_bind(stage->control, "inproc://stop"), 0);
    assert_int_equal(pthread_create(&stage->thread, NULL, run_daemon, stage), 0);
    stage->running = true;
    assert_int_equal(suivi_open(&stage->client, &(struct suivi_options){.endpoint = stage->endpoint}), 0);
}

static void stop_daemon(struct stage *stage) {
    if (!stage->running)
        return;
    zmq_send(stage->control, "", 0, 0);
    pthread_join(stage->thread, NULL);
    zmq_close(stage->control);
    zmq_ctx_term(stage->context);
    stage->running = false;
}

/* The daemon answers with this message, which is one of the vectors of that type. */
static void will_answer(struct stage *stage, enum message_type type, const char *name, bool last) {
    char path[sizeof VECTORS + 32];
    json_t *entry;
    size_t i, place = 0;
    snprintf(path, sizeof path, VECTORS "%s.json", message_type_name(type));
    json_t *list = json_load_file(path, 0, NULL);
    assert_non_null(list);
    while (stage->answers[place])
        place++;
    assert_true(place < ANSWERS);
    json_array_foreach(list, i, entry) {
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0)
            stage->answers[place] = json_deep_copy(json_object_get(entry, "message"));
    }
    assert_non_null(stage->answers[place]);
    json_t *map = json_array_get(stage->answers[place], 2);
    if (json_is_boolean(json_object_get(map, "last")))
        json_object_set_new(map, "last", json_boolean(last));
    json_decref(list);
}

/* --- the stage --- */

static int setup(void **state) {
    struct stage *stage = mem_zeroed(1, sizeof *stage);
    strcpy(stage->directory, "/tmp/test_asking.XXXXXX");
    assert_non_null(mkdtemp(stage->directory));
    snprintf(stage->endpoint, sizeof stage->endpoint, "ipc://%s/d.ipc", stage->directory);
    stage->asked = json_array();
    *state = stage;
    return 0;
}

static int teardown(void **state) {
    struct stage *stage = *state;
    suivi_close(&stage->client);
    stop_daemon(stage);
    for (size_t i = 0; i < ANSWERS; i++)
        json_decref(stage->answers[i]);
    json_decref(stage->asked);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", stage->directory);
    assert_int_equal(system(command), 0);
    free(stage);
    return 0;
}

static void tell(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct stage *stage, const char *format, ...) {
    size_t used = strlen(stage->told);
    va_list args;
    va_start(args, format);
    vsnprintf(stage->told + used, sizeof stage->told - used, format, args);
    va_end(args);
}

static void check_told(struct stage *stage, const char *expected) {
    assert_string_equal(stage->told, expected);
    stage->told[0] = '\0';
}

/* Stops the daemon, and compares all that it was asked. */
static void check_asked(struct stage *stage, const char *expected) {
    json_error_t error;
    stop_daemon(stage);
    json_t *wanted = json_loads(expected, 0, &error);
    if (wanted == NULL)
        fail_msg("%s", error.text);
    if (!json_equal(wanted, stage->asked))
        fail_msg("asked: %s", json_dumps(stage->asked, 0));
    json_decref(wanted);
}

/* --- the plan --- */

static void on_plan(void *arg, const struct suivi_plan *plan) {
    tell(arg, "plan %s, %s, %s\n", plan->name, plan->title, plan->plan);
}

static void on_promise(void *arg, const struct suivi_promise *promise) {
    tell(arg, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s", promise->id, promise->code, promise->area,
         promise->kind, promise->frequency, promise->unit, promise->label, promise->definition,
         promise->method, promise->method_version, promise->fed_by, promise->target, promise->baseline,
         promise->due);
    for (size_t i = 0; i < promise->dim_count; i++) {
        tell(arg, "; %s:", promise->dims[i].name);
        for (size_t v = 0; v < promise->dims[i].value_count; v++)
            tell(arg, " %s", promise->dims[i].values[v]);
    }
    tell(arg, "\n");
}

static void test_plan(void **state) {
    struct stage *stage = *state;
    will_answer(stage, MESSAGE_INDICATORS, "two rows", false);
    will_answer(stage, MESSAGE_INDICATORS, "not the last chunk", true);
    start_daemon(stage);
    const char *patterns[] = {"web.*", "members.total"};
    assert_int_equal(suivi_ask_plan(stage->client, patterns, 2, "fr", PATIENTLY, on_plan, on_promise, stage),
                     0);
    check_told(stage,
               "plan nswp-2016-2020, Plan stratégique, 2016/2020\n"
               "members.total|1.1.1|1.1|level|quarter|members|Members|Organisations that are members "
               "on the last day.|Counted by the secretariat.|2|record|300 by 2020|237 in 2015|+30d; region: "
               "africa asia Европа; kind:\n"
               "web.downloads|||count|month||Resources downloaded|||||||+30d\n"
               "web.downloads|||count|month||Resources downloaded|||||||+30d\n");
    assert_int_equal(suivi_ask_plan(stage->client, NULL, 0, NULL, PATIENTLY, NULL, NULL, NULL), 0);
    check_asked(stage, "[[1, \"plan\", {\"indicators\": [\"web.*\", \"members.total\"], \"language\": "
                       "\"fr\"}], [1, \"plan\", {\"indicators\": [], \"language\": \"\"}]]");
}

/* --- figures, and an explanation --- */

static void tell_figure(struct stage *stage, const struct suivi_figure *figure) {
    tell(stage, "%s %s %" PRId64 " '%s' state %d decimals %u", figure->indicator, figure->period,
         figure->value, figure->note, figure->state, figure->decimals);
    if (figure->has_reported)
        tell(stage, " reported %" PRId64, figure->reported);
    if (figure->has_target)
        tell(stage, " target %" PRId64, figure->target);
    if (figure->has_on_time)
        tell(stage, " on time %" PRId64, figure->on_time);
    tell(stage, " heard %u of %u\n", figure->heard, figure->days);
}

static void on_figure(void *arg, const struct suivi_figure *figure) {
    tell(arg, "[%s] ", figure->dims[0]);
    tell_figure(arg, figure);
}

static void on_indicator(void *arg, const struct suivi_indicator *indicator) {
    tell(arg, "%s|%s|%s|%s|%s|%s\n", indicator->id, indicator->code, indicator->kind, indicator->label,
         indicator->note, indicator->unit);
}

static void tell_dims(struct stage *stage, const struct suivi_dim *dims, size_t count) {
    for (size_t i = 0; i < count; i++)
        tell(stage, " %s=%s", dims[i].name, dims[i].value);
}

static void tell_entry(struct stage *stage, const struct suivi_entry *entry) {
    tell(stage, " %" PRIu64 " %" PRId64, entry->id, entry->recorded);
    if (entry->has_value)
        tell(stage, " value %" PRId64, entry->value);
    tell(stage, " name '%s'%s done %s title '%s' link '%s' file '%s' sha256 %s", entry->name,
         entry->removed ? " removed" : "", entry->done ? entry->done : "never", entry->title, entry->link,
         entry->file, entry->sha256 ? (entry->sha256[31] == 0 ? "zeros" : "else") : "none");
    for (size_t i = 0; entry->parts && i < ENTRY_PARTS; i++)
        tell(stage, " part %s", entry->parts[i]);
    tell(stage, " note '%s' reason '%s' retracts %" PRIu64 "\n", entry->note, entry->reason, entry->retracts);
}

static void on_explanation(void *arg, const struct suivi_explanation *all) {
    struct stage *stage = arg;
    tell(stage, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%" PRIu64 "\n", all->indicator.id, all->indicator.code,
         all->indicator.kind, all->indicator.label, all->indicator.note, all->indicator.unit, all->definition,
         all->method, all->method_version, all->fed_by, all->more);
    tell_figure(stage, &all->figure);
    for (size_t i = 0; i < all->part_count; i++) {
        const struct suivi_part *part = &all->parts[i];
        tell(stage, "part %s %" PRId64 " %u %s %s %" PRId64 "\n", part->source, part->value, part->days,
             part->first, part->last, part->heard);
    }
    for (size_t i = 0; i < all->entry_count; i++) {
        const struct suivi_entry_row *row = &all->entries[i];
        tell(stage, "entry %s", row->source);
        tell_dims(stage, row->dims, row->dim_count);
        tell(stage, " %" PRId64 " %" PRId64 " %s", row->at, row->received, row->state);
        tell_entry(stage, &row->entry);
    }
    for (size_t i = 0; i < all->withdrawal_count; i++) {
        const struct suivi_withdrawal *row = &all->withdrawals[i];
        tell(stage, "withdrawal %s %s %s '%s' %" PRId64 "\n", row->source, row->first, row->last, row->reason,
             row->at);
    }
    for (size_t i = 0; i < all->refusal_count; i++) {
        const struct suivi_refusal *row = &all->refusals[i];
        tell(stage, "refusal %s '%s' %" PRIu64 " %" PRId64 "\n", row->source, row->reason, row->count,
             row->at);
    }
    for (size_t i = 0; i < all->version_count; i++)
        tell(stage, "version %s %s %" PRId64 "\n", all->versions[i].version, all->versions[i].since,
             all->versions[i].seen);
    for (size_t i = 0; i < all->closing_count; i++) {
        const struct suivi_closing *row = &all->closings[i];
        tell(stage, "closing %s %.8s '%s' %" PRId64 " %" PRIu64 " %u\n", row->period, row->digest, row->note,
             row->at, row->figures, row->vintage);
    }
    for (size_t i = 0; i < all->move_count; i++)
        tell(stage, "move %" PRId64 " %" PRId64 " %s '%s'\n", all->moves[i].at, all->moves[i].difference,
             all->moves[i].source, all->moves[i].what);
    for (size_t i = 0; i < all->operand_count; i++) {
        tell(stage, "operand %s %s: ", all->operands[i].indicator, all->operands[i].label);
        tell_figure(stage, &all->operands[i].figure);
    }
}

static void test_figures(void **state) {
    struct stage *stage = *state;
    const char *split[] = {"language"}, *patterns[] = {"a", "b"};
    const struct suivi_dim where[] = {{"site", "nswp"}};
    const struct suivi_query query = {.indicators = patterns,
                                      .indicator_count = 2,
                                      .from = "2018-Q1",
                                      .to = "2019",
                                      .by = "quarter",
                                      .language = "fr",
                                      .split = split,
                                      .split_count = 1,
                                      .where = where,
                                      .where_count = 1,
                                      .as_of = "2018-04-30",
                                      .sum_of = "month",
                                      .reported = true,
                                      .outside = true};
    will_answer(stage, MESSAGE_FIGURES, "one chunk", false);
    will_answer(stage, MESSAGE_FIGURES, "all that a figure may have", true);
    start_daemon(stage);
    assert_int_equal(suivi_query(stage->client, &query, PATIENTLY, on_indicator, on_figure, stage), 0);
    check_told(stage, "web.pageviews||count|Page views||views\n"
                      "web.visitors.unique|1.2.4|distinct|Visiteurs uniques|sum of months|\n"
                      "[] web.pageviews 2018-03 70000 '' state 0 decimals 0 heard 0 of 0\n"
                      "[] web.visitors.unique 2018-Q1 3120 'sum of months' state 0 decimals 0 heard 0 of 0\n"
                      "[] a 2018-Q1 125 'restated' state 0 decimals 1 reported 120 target -5 heard 28 of 31\n"
                      "[] a 2018-Q2 0 '' state 1 decimals 0 target 200 heard 0 of 0\n"
                      "[en] a 2018-Q3 0 '' state 3 decimals 0 heard 0 of 0\n"
                      "[] a 2018-Q4 0 '' state 2 decimals 0 heard 0 of 0\n"
                      "[] b 2018 -1 '' state 0 decimals 0 reported -9223372036854775808 heard 0 of 0\n"
                      "[] b 2019 7 '' state 0 decimals 0 heard 0 of 365\n"
                      "[] c 2018-Q1 3 '' state 0 decimals 0 on time 2 heard 0 of 0\n");
    assert_int_equal(
        suivi_query(stage->client, &(struct suivi_query){.gaps = true}, PATIENTLY, NULL, NULL, NULL), 0);
    check_asked(
        stage,
        "[[1, \"query\", {\"indicators\": [\"a\", \"b\"], \"from\": \"2018-Q1\", \"to\": \"2019\", \"by\": "
        "\"quarter\", \"language\": \"fr\", \"split\": [\"language\"], \"where\": {\"site\": \"nswp\"}, "
        "\"as_of\": \"2018-04-30\", \"sum_of\": \"month\", \"reported\": true, \"gaps\": false, "
        "\"outside\": true}], [1, \"query\", {\"indicators\": [], \"from\": \"\", \"to\": \"\", \"by\": "
        "\"\", \"language\": \"\", \"split\": [], \"where\": {}, \"as_of\": \"\", \"sum_of\": \"\", "
        "\"reported\": false, \"gaps\": true, \"outside\": false}]]");
}

static void test_explanation(void **state) {
    struct stage *stage = *state;
    const struct suivi_dim where[] = {{"region", "asia"}};
    will_answer(stage, MESSAGE_EXPLANATION, "all parts", true);
    start_daemon(stage);
    assert_int_equal(suivi_explain(stage->client, "members.total", "2018-Q1", where, 1, "fr", PATIENTLY,
                                   on_explanation, stage),
                     0);
    check_told(
        stage,
        "members.total|1.1.1|level|Members|last known|members|Organisations that are members.|Counted by "
        "the secretariat.|2|record|12\n"
        "members.total 2018-Q1 120 'restated' state 0 decimals 0 reported 118 target 300 heard 28 of 90\n"
        "part weblog@www1 31 3 2018-02-01 2018-02-03 1520380800\n"
        "part people@bureau -2 0   0\n"
        "entry people@bureau region=asia 1520380800 1520380805 counts 1 1520380800 value 120 name '' done "
        "never title '' link '' file '' sha256 none note '' reason '' retracts 0\n"
        "entry people@bureau 1520380800 1520380805 retracted 2 1520380800 name '' done never title "
        "'Étude' link '' file '' sha256 none part 1 part 2 part 3 part 4 part 5 part 6 note 'n' reason '' "
        "retracts 0\n"
        "entry import@bureau kind=ngo region=asia -1 0 withdrawn 3 0 name '' done 2018-09-12 title 't' "
        "link 'l' file 'f' sha256 zeros note '' reason 'r' retracts 0\n"
        "entry people@bureau 0 0 superseded 9223372036854775807 1520380800 name 'Chile' removed done never "
        "title '' link '' file '' sha256 none note '' reason 'It was Peru' retracts 7\n"
        "withdrawal weblog@www1 2018-02-01 2018-02-28 'The log was read twice' 1520380800\n"
        "refusal weblog@www1 'web.downloads has no dimension \"region\"' 9223372036854775807 1520380801\n"
        "version 1 2016-01-01 1520380800\n"
        "version 2 2018-01-01 1520380802\n"
        "closing 2018-Q1 9f86d081 'Sent to the donor' 1520380803 64 9\n"
        "move 1520380804 -2 people@bureau 'came later'\n"
        "move 1520380805 2 weblog@www1 'The log was read twice'\n"
        "operand members.total Members: members.total 2018-Q1 120 '' state 0 decimals 0 heard 0 of 0\n"
        "operand members.new New members: members.new 2018-Q1 0 '' state 1 decimals 0 heard 0 of 0\n");
    check_asked(stage, "[[1, \"explain\", {\"indicator\": \"members.total\", \"period\": \"2018-Q1\", "
                       "\"where\": {\"region\": \"asia\"}, \"language\": \"fr\"}]]");
}

/* Texts that are there by default take no room in the message. */
static void test_explanation_of_next_to_nothing(void **state) {
    struct stage *stage = *state;
    will_answer(stage, MESSAGE_EXPLANATION, "the least there can be", true);
    start_daemon(stage);
    assert_int_equal(
        suivi_explain(stage->client, "a", "2018", NULL, 0, NULL, PATIENTLY, on_explanation, stage), 0);
    check_told(stage, "web.pageviews||count|Page views|||||||0\n"
                      "web.pageviews 2018-02 4 '' state 0 decimals 0 heard 0 of 0\n");
}

/* --- duties --- */

static void on_duty(void *arg, const struct suivi_duty *duty) {
    tell(arg, "%s|%s|%s|%s|", duty->state, duty->indicator, duty->code, duty->label);
    tell_dims(arg, duty->dims, duty->dim_count);
    tell(arg, "|%s|%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%" PRId64 "|%s\n", duty->period, duty->due,
         duty->days, duty->value, duty->target, duty->heard, duty->note);
}

static void test_duties(void **state) {
    struct stage *stage = *state;
    will_answer(stage, MESSAGE_DUTIES, "nothing", false);
    will_answer(stage, MESSAGE_DUTIES, "one of each", true);
    start_daemon(stage);
    assert_int_equal(suivi_due(stage->client, "2018-11-24", 31, "en", PATIENTLY, on_duty, stage), 0);
    check_told(stage,
               "late|audit.filed|1.3.1|Annual audit filed||2017|2018-09-30|54|0|1|0|\n"
               "missing|members.total|1.1.1|Membres| region=Азия|2018-Q3|2018-10-31|24|0|0|0|no figure "
               "yet\n"
               "short|web.downloads|1.2.6|Resources downloaded||2018-10|2018-11-10|14|12|40|0|\n"
               "silent|||weblog@www1|||2018-02-04|293|0|0|1520380800|expected daily\n"
               "soon|calls.held|1.4.5|Quarterly board call||2018-Q4|2018-12-31|-37|0|0|0|\n");
    check_asked(stage, "[[1, \"due\", {\"on\": \"2018-11-24\", \"within\": 31, \"language\": \"en\"}]]");
}

/* --- closings and withdrawals --- */

static void on_closing(void *arg, const struct suivi_closing *closing) {
    tell(arg, "%s %.8s '%s' %" PRId64 " %" PRIu64 " %u\n", closing->period, closing->digest, closing->note,
         closing->at, closing->figures, closing->vintage);
}

static void test_closings(void **state) {
    struct stage *stage = *state;
    will_answer(stage, MESSAGE_CLOSED, "two periods", true);
    start_daemon(stage);
    const char *all = "2017 00000000 '' 1520380795 9223372036854775807 4294967295\n"
                      "2018-Q1 9f86d081 'Sent to the donor' 1520380800 64 9\n";
    assert_int_equal(suivi_closings(stage->client, PATIENTLY, on_closing, stage), 0);
    check_told(stage, all);
    assert_int_equal(suivi_close_period(stage->client, "2018-Q1", NULL, PATIENTLY, on_closing, stage), 0);
    check_told(stage, all);
    assert_int_equal(suivi_close_period(stage->client, "2018-Q2", "n", PATIENTLY, NULL, NULL), 0);
    check_asked(stage,
                "[[1, \"closings\", {}], [1, \"close\", {\"period\": \"2018-Q1\", \"note\": \"\"}], [1, "
                "\"close\", {\"period\": \"2018-Q2\", \"note\": \"n\"}]]");
}

static void test_withdrawal(void **state) {
    struct stage *stage = *state;
    struct suivi_withdrawn withdrawn;
    will_answer(stage, MESSAGE_WITHDRAWN, "a month", true);
    start_daemon(stage);
    assert_int_equal(
        suivi_withdraw(stage->client, "weblog@www1", "2018-02", "2018-Q2", "twice", PATIENTLY, &withdrawn),
        0);
    assert_string_equal(withdrawn.first, "2018-02-01");
    assert_string_equal(withdrawn.last, "2018-02-28");
    assert_int_equal(withdrawn.figures, 31);
    check_asked(stage, "[[1, \"withdraw\", {\"source\": \"weblog@www1\", \"from\": \"2018-02\", \"to\": "
                       "\"2018-Q2\", \"reason\": \"twice\"}]]");
}

/* A daemon that is too busy has done nothing: it is asked again until it has. */
static void test_busy_is_asked_again(void **state) {
    struct stage *stage = *state;
    will_answer(stage, MESSAGE_CLOSED, "not the last chunk", true);
    stage->busy = 2;
    start_daemon(stage);
    assert_int_equal(suivi_close_period(stage->client, "2018-Q1", "", PATIENTLY, on_closing, stage), 0);
    check_told(stage, "2018-Q1 9f86d081 'Sent to the donor' 1520380800 64 9\n");
    check_asked(stage, "[[1, \"close\", {\"period\": \"2018-Q1\", \"note\": \"\"}], [1, \"close\", "
                       "{\"period\": \"2018-Q1\", \"note\": \"\"}], [1, \"close\", {\"period\": \"2018-Q1\", "
                       "\"note\": \"\"}]]");
}

static void test_refusals_are_said(void **state) {
    struct stage *stage = *state;
    struct suivi_withdrawn withdrawn = {.figures = 7};
    stage->error = MESSAGE_ERROR_QUERY;
    start_daemon(stage);
    assert_int_equal(suivi_close_period(stage->client, "2018-Q1", NULL, PATIENTLY, NULL, NULL), -EINVAL);
    assert_string_equal(suivi_why(stage->client), "no, because");
    assert_int_equal(suivi_withdraw(stage->client, "a@b", "2018", "2018", "r", PATIENTLY, &withdrawn),
                     -EINVAL);
    assert_int_equal(withdrawn.figures, 7);
    assert_int_equal(
        suivi_explain(stage->client, "a", "2018", NULL, 0, NULL, PATIENTLY, on_explanation, stage), -EINVAL);
    assert_int_equal(suivi_due(stage->client, NULL, 0, NULL, PATIENTLY, on_duty, stage), -EINVAL);
    check_told(stage, "");
    check_asked(stage, "[[1, \"close\", {\"period\": \"2018-Q1\", \"note\": \"\"}], [1, \"withdraw\", "
                       "{\"source\": \"a@b\", \"from\": \"2018\", \"to\": \"2018\", \"reason\": \"r\"}], [1, "
                       "\"explain\", {\"indicator\": \"a\", \"period\": \"2018\", \"where\": {}, "
                       "\"language\": \"\"}], [1, \"due\", {\"on\": \"\", \"within\": 0, \"language\": "
                       "\"\"}]]");
}

/* What the daemon could not read does not go out. */
static void test_what_cannot_be_asked_is_refused_at_once(void **state) {
    struct stage *stage = *state;
    struct suivi_withdrawn withdrawn;
    const struct suivi_dim twice[] = {{"region", "asia"}, {"region", "africa"}};
    const char *patterns[MESSAGE_PATTERNS_MAX + 1];
    char note[ENTRY_NOTE_MAX + 2];
    for (size_t i = 0; i <= MESSAGE_PATTERNS_MAX; i++)
        patterns[i] = "a";
    memset(note, 'x', sizeof note - 1);
    note[sizeof note - 1] = '\0';
    start_daemon(stage);
    assert_int_equal(suivi_close_period(stage->client, "2018", note, PATIENTLY, NULL, NULL), -EINVAL);
    assert_string_equal(suivi_why(stage->client), "the note has 2001 bytes, the limit is 2000");
    assert_int_equal(suivi_close_period(stage->client, "2018-Q1-and-later", NULL, PATIENTLY, NULL, NULL),
                     -EINVAL);
    assert_string_equal(suivi_why(stage->client), "the period has 17 bytes, the limit is 16");
    assert_int_equal(suivi_withdraw(stage->client, "a@b", "2018", "2018", "\xff", PATIENTLY, &withdrawn),
                     -EINVAL);
    assert_string_equal(suivi_why(stage->client), "the reason is no text in UTF-8");
    assert_int_equal(suivi_withdraw(stage->client, "", "2018", "2018", "r", PATIENTLY, &withdrawn), -EINVAL);
    assert_string_equal(suivi_why(stage->client),
                        "the source: the text is empty: give at least one character");
    assert_int_equal(
        suivi_explain(stage->client, "a", "2018", twice, 2, NULL, PATIENTLY, on_explanation, stage), -EINVAL);
    assert_int_equal(
        suivi_ask_plan(stage->client, patterns, MESSAGE_PATTERNS_MAX + 1, NULL, PATIENTLY, NULL, NULL, NULL),
        -EINVAL);
    assert_int_equal(suivi_due(stage->client, "the day after today", 0, NULL, PATIENTLY, NULL, NULL),
                     -EINVAL);
    check_asked(stage, "[]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_figures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_explanation, setup, teardown),
        cmocka_unit_test_setup_teardown(test_explanation_of_next_to_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duties, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_withdrawal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_are_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_asked_is_refused_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
