/* How long a question takes beside a bare ZeroMQ round trip of the same sizes over the same transport, one
 * after the other in turn: query ENDPOINT ECHO_ENDPOINT ROUNDS INDICATOR FROM TO [SPLIT]
 *
 * The echo is a process of its own, as the daemon is. Prints JSON: figures, medians and p99 of both in
 * microseconds. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zmq.h>

#include "clock.h"
#include "proto/message.h"

#define WAIT_MS      60000
#define REPLY_MAX    (1u << 20)
#define ENDPOINT_MAX 256

static _Noreturn void die(const char *what) {
    fprintf(stderr, "query: %s\n", what);
    exit(1);
}

/* Answers each frame with as many bytes as its first eight say; a frame of no bytes is the end. */
static void echo(const char *endpoint, int tell) {
    static const char reply[REPLY_MAX];
    char bound[ENDPOINT_MAX] = {0};
    size_t len = sizeof bound;
    void *context = zmq_ctx_new();
    void *router = zmq_socket(context, ZMQ_ROUTER);
    zmq_msg_t identity, frame;
    if (zmq_bind(router, endpoint) != 0 || zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, bound, &len) != 0 ||
        write(tell, bound, sizeof bound) != (ssize_t)sizeof bound)
        die("the echo cannot start");
    zmq_msg_init(&identity);
    zmq_msg_init(&frame);
    while (zmq_msg_recv(&identity, router, 0) >= 0 && zmq_msg_recv(&frame, router, 0) > 0) {
        uint64_t size;
        memcpy(&size, zmq_msg_data(&frame), sizeof size);
        if (zmq_msg_send(&identity, router, ZMQ_SNDMORE) < 0 || zmq_send(router, reply, size, 0) < 0)
            die("the echo cannot answer");
    }
    zmq_msg_close(&identity);
    zmq_msg_close(&frame);
    zmq_close(router);
    zmq_ctx_term(context);
}

static void *dealer_to(void *context, const char *endpoint) {
    int wait = WAIT_MS, none = 0;
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &wait, sizeof wait);
    zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof none);
    if (zmq_connect(dealer, endpoint) != 0)
        die("cannot connect");
    return dealer;
}

/* One question to its last chunk; returns how many figures came, *bytes how long the answer was. */
static uint32_t ask(void *dealer, const struct wire_writer *question, zmq_msg_t *answer, size_t *bytes) {
    struct message_figures figures;
    uint32_t count = 0;
    *bytes = 0;
    if (zmq_send(dealer, wire_writer_data(question), wire_writer_len(question), 0) < 0)
        die("cannot send");
    do {
        struct wire_reader reader;
        enum message_type type;
        struct fault why;
        if (zmq_msg_recv(answer, dealer, 0) < 0)
            die("no answer");
        wire_reader_init(&reader, zmq_msg_data(answer), zmq_msg_size(answer));
        if (message_open(&reader, &type, &why) != 0 || type != MESSAGE_FIGURES ||
            message_read_figures(&reader, &figures, &why) != 0)
            die("no figures in the answer");
        count += figures.figure_count;
        *bytes += zmq_msg_size(answer);
    } while (!figures.last);
    return count;
}

static void bare(void *dealer, const void *frame, size_t len, zmq_msg_t *answer) {
    if (zmq_send(dealer, frame, len, 0) < 0 || zmq_msg_recv(answer, dealer, 0) < 0)
        die("no echo");
}

static void measure(void *daemon, void *floor, const struct wire_writer *question, size_t rounds) {
    double *ours = calloc(rounds, sizeof *ours), *theirs = calloc(rounds, sizeof *theirs);
    size_t len = wire_writer_len(question), bytes;
    char *frame = calloc(1, len);
    uint32_t figures = 0;
    zmq_msg_t answer;
    if (ours == NULL || theirs == NULL || frame == NULL)
        die("no memory");
    zmq_msg_init(&answer);
    ask(daemon, question, &answer, &bytes);
    uint64_t size = bytes < REPLY_MAX ? bytes : REPLY_MAX;
    memcpy(frame, &size, sizeof size);
    for (size_t i = 0; i < rounds; i++) {
        double start = clock_seconds();
        figures = ask(daemon, question, &answer, &bytes);
        double middle = clock_seconds();
        bare(floor, frame, len, &answer);
        ours[i] = (middle - start) * 1e6;
        theirs[i] = (clock_seconds() - middle) * 1e6;
    }
    zmq_msg_close(&answer);
    printf("{\"figures\": %u, \"bytes\": %zu, \"median\": %.1f, \"p99\": %.1f, \"bare_median\": %.1f, "
           "\"bare_p99\": %.1f}\n",
           figures, bytes, clock_quantile(ours, rounds, 0.5), clock_quantile(ours, rounds, 0.99),
           clock_quantile(theirs, rounds, 0.5), clock_quantile(theirs, rounds, 0.99));
    free(ours);
    free(theirs);
    free(frame);
}

int main(int argc, char **argv) {
    int pipes[2];
    char bound[ENDPOINT_MAX];
    if (argc < 7 || argc > 8 || strtoul(argv[3], NULL, 10) == 0)
        die("usage: query ENDPOINT ECHO_ENDPOINT ROUNDS INDICATOR FROM TO [SPLIT]");
    if (pipe(pipes) != 0)
        die("no pipe");
    pid_t child = fork();
    if (child < 0)
        die("cannot fork");
    if (child == 0) {
        echo(argv[2], pipes[1]);
        return 0;
    }
    if (read(pipes[0], bound, sizeof bound) != (ssize_t)sizeof bound)
        die("the echo did not start");
    struct message_query query = {.id = 1,
                                  .pattern_count = 1,
                                  .pattern = {str_of(argv[4])},
                                  .from = str_of(argv[5]),
                                  .to = str_of(argv[6]),
                                  .by = STR("month")};
    if (argc == 8)
        query.split[query.split_count++] = str_of(argv[7]);
    struct wire_writer *question;
    wire_writer_new(&question, MESSAGE_BYTES_MAX);
    message_write_query(question, &query);
    void *context = zmq_ctx_new();
    void *daemon = dealer_to(context, argv[1]), *floor = dealer_to(context, bound);
    measure(daemon, floor, question, strtoul(argv[3], NULL, 10));
    int wait = WAIT_MS;
    zmq_setsockopt(floor, ZMQ_LINGER, &wait, sizeof wait);
    zmq_send(floor, "", 0, 0);
    waitpid(child, NULL, 0);
    wire_writer_destroy(&question);
    zmq_close(daemon);
    zmq_close(floor);
    zmq_ctx_term(context);
    return 0;
}
