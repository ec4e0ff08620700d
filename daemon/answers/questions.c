#include "daemon/answers/questions.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/answers/closed.h"
#include "daemon/answers/due.h"
#include "daemon/answers/explain.h"
#include "daemon/answers/plan.h"
#include "daemon/answers/query.h"
#include "daemon/answers/sources.h"
#include "daemon/audit/audit.h"
#include "proto/check.h"

#define QUESTIONS_MAGIC 0x51554553u
#define JOB_MAGIC       0x51554a42u
#define LIFE_MS         1000 /* between two signs of life of a check */
#define BEGIN_MAX       16   /* times that a question begins anew */

/* A question on its way: through the line, over a thread, back. */
struct job {
    unsigned magic;
    struct questions *questions;
    struct socket_message *message;
    const struct question_type *type;
    union { /* borrows from the message */
        struct message_query query;
        struct message_sources sources;
        struct message_check check;
        struct message_plan plan;
        struct message_explain explain;
        struct message_due due;
        struct message_closings closings;
    } in;
    uint64_t id;
    struct frames *answer;
    struct fault why;
    int err;
    uv_work_t work;
    struct job *next;
};

struct questions {
    unsigned magic;
    uv_loop_t *loop;
    const struct framework *framework;
    struct catalogue *catalogue;
    struct store *store;
    struct questions_way way;
    struct wire_writer *reply;
    struct job *first, *last; /* that wait */
    size_t waiting, running;
    struct job *audit; /* the one that waits or runs */
    atomic_bool audit_ends;
    uv_timer_t life; /* runs with it */
};

int questions_new(struct questions **out, uv_loop_t *loop, const struct framework *framework,
                  struct catalogue *catalogue, struct store *store, const struct questions_way *way,
                  struct fault *why) {
    struct questions *questions = mem_zeroed(1, sizeof *questions);
    questions->magic = QUESTIONS_MAGIC;
    questions->loop = loop;
    questions->framework = framework;
    questions->catalogue = catalogue;
    questions->store = store;
    questions->way = *way;
    wire_writer_new(&questions->reply, MESSAGE_BYTES_MAX);
    questions->life.data = questions;
    int err = uv_timer_init(loop, &questions->life);
    if (err) {
        questions_destroy(&questions);
        return fault_set(why, err, "cannot make a timer: %s", uv_strerror(err));
    }
    *out = questions;
    return 0;
}

void questions_destroy(struct questions **questions) {
    struct questions *q = *questions;
    if (q == NULL)
        return;
    OBJ_CHECK(q, QUESTIONS_MAGIC);
    ASSERT(q->running == 0);
    questions_stop(q);
    wire_writer_destroy(&q->reply);
    q->magic = 0;
    free(q);
    *questions = NULL;
}

/* ---- answers ---- */

static bool send_reply(struct questions *questions, struct str peer) {
    const struct wire_writer *reply = questions->reply;
    ASSERT(!wire_writer_failed(reply));
    return questions->way.send(questions->way.arg, peer,
                               (struct str){(const char *)wire_writer_data(reply), wire_writer_len(reply)});
}

static void send_error(struct questions *questions, struct str peer, const char *code, const char *text,
                       uint64_t id) {
    wire_writer_reset(questions->reply);
    message_write_error(questions->reply,
                        &(struct message_error){.code = str_of(code), .text = str_of(text), .id = id});
    (void)send_reply(questions, peer);
}

static void job_destroy(struct job *job) {
    OBJ_CHECK(job, JOB_MAGIC);
    frames_destroy(&job->answer);
    socket_message_destroy(&job->message);
    job->magic = 0;
    free(job);
}

static const char *code_of(int err) {
    switch (err) {
    case -EINVAL:
    case -E2BIG:
        return MESSAGE_ERROR_QUERY;
    case -EAGAIN:
    case -ECANCELED:
        return MESSAGE_ERROR_BUSY;
    default:
        return MESSAGE_ERROR_STORE;
    }
}

/* An answer with a hole would pass for a whole one: after a frame that did not go, none goes. */
static void send_answer(struct questions *questions, const struct job *job) {
    struct str peer = socket_message_peer(job->message);
    if (job->err) {
        send_error(questions, peer, code_of(job->err), job->why.text, job->id);
        return;
    }
    for (size_t i = 0; i < frames_count(job->answer); i++)
        if (!questions->way.send(questions->way.arg, peer, frames_at(job->answer, i)))
            break;
}

/* ---- checks ---- */

/* An empty chunk, so that who waits knows that it is not in vain; nobody there ends the check. */
static void on_life(uv_timer_t *timer) {
    struct questions *questions = timer->data;
    OBJ_CHECK(questions, QUESTIONS_MAGIC);
    struct job *job = questions->audit;
    struct wire_writer *none;
    wire_writer_new(&none, 1);
    wire_writer_reset(questions->reply);
    message_write_findings(questions->reply, job->id, false, &(struct message_checked){0}, 0, none);
    wire_writer_destroy(&none);
    if (!send_reply(questions, socket_message_peer(job->message)))
        atomic_store(&questions->audit_ends, true);
    questions->way.done(questions->way.arg);
}

static void start_audit(struct questions *questions) {
    atomic_store(&questions->audit_ends, false);
    int err = uv_timer_start(&questions->life, on_life, LIFE_MS, LIFE_MS);
    ASSERT(err == 0);
}

static void end_audit(struct questions *questions) {
    questions->audit = NULL;
    (void)uv_timer_stop(&questions->life);
}

static bool audit_goes_on(void *arg) {
    struct questions *questions = arg;
    return !atomic_load_explicit(&questions->audit_ends, memory_order_relaxed);
}

/* ---- the questions ---- */

static int64_t now(void) {
    return (int64_t)time(NULL);
}

#define READ(name)                                                                                           \
    static int read_##name(struct job *job, struct wire_reader *reader, struct fault *why) {                 \
        int err = message_read_##name(reader, &job->in.name, why);                                           \
        if (err == 0)                                                                                        \
            job->id = job->in.name.id;                                                                       \
        return err;                                                                                          \
    }

READ(query)
READ(sources)
READ(check)
READ(plan)
READ(explain)
READ(due)
READ(closings)

static int run_query(struct job *job) {
    const struct questions *questions = job->questions;
    return query_run(&job->answer, &job->in.query, questions->framework, questions->catalogue,
                     questions->store, now(), &job->why);
}

static int run_sources(struct job *job) {
    return sources_run(&job->answer, &job->in.sources, job->questions->store, &job->why);
}

static int run_check(struct job *job) {
    return audit_run(&job->answer, &job->in.check, job->questions->store, now(), audit_goes_on,
                     job->questions, &job->why);
}

static int run_plan(struct job *job) {
    return plan_run(&job->answer, &job->in.plan, job->questions->framework, &job->why);
}

static int run_explain(struct job *job) {
    const struct questions *questions = job->questions;
    return explain_run(&job->answer, &job->in.explain, questions->framework, questions->catalogue,
                       questions->store, now(), &job->why);
}

static int run_due(struct job *job) {
    const struct questions *questions = job->questions;
    return due_run(&job->answer, &job->in.due, questions->framework, questions->catalogue, questions->store,
                   now(), &job->why);
}

static int run_closings(struct job *job) {
    return closed_run(&job->answer, &job->in.closings, job->questions->store, &job->why);
}

static const struct question_type {
    enum message_type message;
    int (*read)(struct job *job, struct wire_reader *reader, struct fault *why); /* on the loop's thread */
    int (*run)(struct job *job);                                                 /* on another */
} types[] = {
    {MESSAGE_QUERY, read_query, run_query},          {MESSAGE_SOURCES, read_sources, run_sources},
    {MESSAGE_CHECK, read_check, run_check},          {MESSAGE_PLAN, read_plan, run_plan},
    {MESSAGE_EXPLAIN, read_explain, run_explain},    {MESSAGE_DUE, read_due, run_due},
    {MESSAGE_CLOSINGS, read_closings, run_closings},
};

static const struct question_type *find_type(enum message_type message) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].message == message)
            return &types[i];
    return NULL;
}

/* ---- the line ---- */

static void start_waiting(struct questions *questions);

/* A question that stood in the writer's way begins anew. */
static void run_job(uv_work_t *work) {
    struct job *job = work->data;
    OBJ_CHECK(job, JOB_MAGIC);
    int begun = 0;
    do {
        job->err = job->type->run(job);
    } while (job->err == -EAGAIN && ++begun < BEGIN_MAX);
    if (job->err == -EAGAIN)
        (void)fault_set(&job->why, -EAGAIN,
                        "the store made room again and again while this was answered: ask again later");
}

static void finish_job(uv_work_t *work, int status) {
    struct job *job = work->data;
    OBJ_CHECK(job, JOB_MAGIC);
    struct questions *questions = job->questions;
    (void)status; /* never cancelled */
    if (job == questions->audit)
        end_audit(questions);
    send_answer(questions, job);
    questions->running--;
    job_destroy(job);
    start_waiting(questions);
    questions->way.done(questions->way.arg);
}

static struct job *take_first(struct questions *questions) {
    struct job *job = questions->first;
    questions->first = job->next;
    if (questions->first == NULL)
        questions->last = NULL;
    questions->waiting--;
    return job;
}

static void start_waiting(struct questions *questions) {
    while (questions->running < QUESTIONS_RUNNING && questions->first) {
        struct job *job = take_first(questions);
        questions->running++;
        if (job == questions->audit)
            start_audit(questions);
        job->work.data = job;
        int err = uv_queue_work(questions->loop, &job->work, run_job, finish_job);
        ASSERT(err == 0);
    }
}

bool questions_are(enum message_type type) {
    return find_type(type) != NULL;
}

/* Why it cannot wait here, with the error's code; NULL: it can. */
static const char *too_much(const struct questions *questions, const struct job *job, const char **code) {
    *code = MESSAGE_ERROR_QUERY;
    if (socket_message_frame(job->message).len > QUESTIONS_BYTES_MAX)
        return "a question of more than 65536 bytes: ask for less at once";
    *code = MESSAGE_ERROR_BUSY;
    if (questions->waiting == QUESTIONS_WAITING)
        return "too many questions at once: ask again later";
    if (job->type->message == MESSAGE_CHECK && questions->audit)
        return "the store is being checked already: ask again when that is done";
    return NULL;
}

int questions_take(struct questions *questions, enum message_type type, struct wire_reader reader,
                   struct socket_message *message, struct fault *why) {
    OBJ_CHECK(questions, QUESTIONS_MAGIC);
    ASSERT(questions_are(type));
    struct job *job = mem_zeroed(1, sizeof *job);
    *job = (struct job){.magic = JOB_MAGIC, .questions = questions, .type = find_type(type)};
    int err = job->type->read(job, &reader, why);
    if (err) {
        job_destroy(job);
        return err;
    }
    job->message = message;
    const char *code, *refusal = too_much(questions, job, &code);
    if (refusal) {
        send_error(questions, socket_message_peer(message), code, refusal, job->id);
        job_destroy(job);
        return 0;
    }
    if (questions->last)
        questions->last->next = job;
    else
        questions->first = job;
    questions->last = job;
    questions->waiting++;
    if (type == MESSAGE_CHECK)
        questions->audit = job;
    start_waiting(questions);
    return 0;
}

/* ---- the end ---- */

void questions_stop(struct questions *questions) {
    OBJ_CHECK(questions, QUESTIONS_MAGIC);
    while (questions->first) {
        struct job *job = take_first(questions);
        if (job == questions->audit)
            end_audit(questions);
        job_destroy(job);
    }
    atomic_store(&questions->audit_ends, true);
}

bool questions_stopped(const struct questions *questions) {
    OBJ_CHECK(questions, QUESTIONS_MAGIC);
    return questions->running == 0;
}

void questions_close(struct questions *questions) {
    OBJ_CHECK(questions, QUESTIONS_MAGIC);
    uv_close((uv_handle_t *)&questions->life, NULL);
}
