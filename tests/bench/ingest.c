/* How many events a second the daemon puts on disk: ingest ENDPOINT SERIES DAYS BATCHES EVENTS [FLIGHT]
 *
 * One collector that has everything encoded beforehand (up to BUFFERS different batches, which take turns) sends as
 * fast as its credit allows, or with at most FLIGHT batches unacknowledged, and waits for every ack. Then it asks
 * for the sum, which must be that of what it sent. Prints JSON: events, bytes, batches, seconds, and how long a
 * batch waited for its ack, in microseconds. With 0 for BATCHES it says "sending" and goes on until SIGTERM. */
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <zmq.h>

#include "clock.h"
#include "proto/check.h"
#include "proto/message.h"

#define BASE      1520380800 /* 2018-03-07 */
#define SECONDS   86400
#define WAIT_MS   60000
#define SOURCE    STR("bench@host")
#define OUTBOX    STR("bench")
#define INDICATOR STR("web.requests")
#define BUFFERS   256
#define SAMPLES   65536u
#define SEQ_LONG  (UINT64_C(1) << 40) /* takes 9 bytes, so that any number fits in its place */

struct buffer {
    char *frame;
    size_t len;
    char *seq; /* 8 bytes, big-endian */
    int64_t sum;
    double sent;
};

struct load {
    uint32_t series, days, batches, events;
    uint64_t random;
    uint32_t buffers;
    struct buffer buffer[BUFFERS];
    double waited[SAMPLES]; /* the last ones */
};

static volatile sig_atomic_t stopped;

static void stop(int number) {
    (void)number;
    stopped = 1;
}

static _Noreturn void die(const char *what) {
    fprintf(stderr, "ingest: %s\n", what);
    exit(1);
}

static void send_writer(void *dealer, const struct wire_writer *writer) {
    if (wire_writer_failed(writer) ||
        zmq_send(dealer, wire_writer_data(writer), wire_writer_len(writer), 0) < 0)
        die("cannot send");
}

static void receive(void *dealer, zmq_msg_t *message, struct wire_reader *reader, enum message_type wanted) {
    enum message_type type;
    struct message_error error;
    struct fault why;
    int rc;
    do
        rc = zmq_msg_recv(message, dealer, 0);
    while (rc < 0 && zmq_errno() == EINTR);
    if (rc < 0)
        die("no answer");
    wire_reader_init(reader, zmq_msg_data(message), zmq_msg_size(message));
    if (message_open(reader, &type, &why) != 0)
        die(why.text);
    if (type == MESSAGE_ERROR && message_read_error(reader, &error, &why) == 0) {
        fprintf(stderr, "ingest: %.*s\n", (int)error.text.len, error.text.at);
        exit(1);
    }
    if (type != wanted)
        die("an answer of another type");
}

static struct message_welcome greet(void *dealer, struct wire_writer *writer) {
    struct message_hello hello = {.source = SOURCE, .outbox = OUTBOX, .software = STR("bench"), .first = 1};
    struct message_welcome welcome;
    struct wire_reader reader;
    struct fault why;
    zmq_msg_t message;
    wire_writer_reset(writer);
    message_write_hello(writer, &hello);
    send_writer(dealer, writer);
    zmq_msg_init(&message);
    receive(dealer, &message, &reader, MESSAGE_WELCOME);
    if (message_read_welcome(&reader, &welcome, &why) != 0)
        die(why.text);
    zmq_msg_close(&message);
    return welcome;
}

/* Of all series those that the batch mentions stand in its dictionary, in the order in which it mentions
 * them. */
static int64_t encode_batch(struct load *load, uint32_t *place, struct wire_writer *const part[3]) {
    struct wire_writer *frame = part[0], *series = part[1], *events = part[2];
    uint32_t known = 0;
    int64_t sum = 0;
    memset(place, 0xff, load->series * sizeof *place);
    for (int i = 0; i < 3; i++)
        wire_writer_reset(part[i]);
    for (uint32_t i = 0; i < load->events; i++) {
        uint64_t random = clock_random(&load->random);
        uint32_t which = (uint32_t)((random >> 32) % load->series);
        int64_t number = (int64_t)(random % 5 + 1);
        int64_t delta = (int64_t)(random >> 8 & 0xffffff) % SECONDS +
                        (int64_t)(random >> 3 & 0xffff) % load->days * SECONDS;
        if (place[which] == UINT32_MAX) {
            char name[32];
            struct dims dims = {.count = 1, .dim = {{.name = STR("site")}}};
            snprintf(name, sizeof name, "site-%06u", which);
            dims.dim[0].value = str_of(name);
            message_write_series(series, INDICATOR, &dims);
            place[which] = known++;
        }
        message_write_event_number(events, place[which], delta, number);
        sum += number;
    }
    message_write_batch(frame,
                        &(struct message_batch){.source = SOURCE,
                                                .outbox = OUTBOX,
                                                .seq = SEQ_LONG,
                                                .base = BASE,
                                                .series_count = known,
                                                .event_count = load->events},
                        series, events);
    if (wire_writer_failed(frame))
        die("a batch does not fit its frame");
    return sum;
}

static void encode(struct load *load) {
    static const char seq_key[] = "\xa3seq\xcf";
    struct wire_writer *part[3];
    uint32_t *place = mem_zeroed(load->series, sizeof *place);
    load->buffers = load->batches < BUFFERS ? load->batches : BUFFERS;
    for (int i = 0; i < 3; i++)
        wire_writer_new(&part[i], MESSAGE_BYTES_MAX);
    for (uint32_t i = 0; i < load->buffers; i++) {
        struct buffer *buffer = &load->buffer[i];
        buffer->sum = encode_batch(load, place, part);
        buffer->len = wire_writer_len(part[0]);
        buffer->frame = mem_copy(wire_writer_data(part[0]), buffer->len);
        buffer->seq = memmem(buffer->frame, buffer->len, seq_key, sizeof seq_key - 1);
        if (buffer->seq == NULL)
            die("a batch without a number");
        buffer->seq += sizeof seq_key - 1;
    }
    for (int i = 0; i < 3; i++)
        wire_writer_destroy(&part[i]);
    free(place);
}

static void keep(void *data, void *hint) {
    (void)data;
    (void)hint;
}

/* A buffer goes out again only when it was acknowledged, which its number waited for. */
static void send_batch(void *dealer, struct buffer *buffer, uint64_t seq) {
    zmq_msg_t message;
    uint64_t big = htobe64(seq);
    memcpy(buffer->seq, &big, sizeof big);
    buffer->sent = clock_seconds();
    if (zmq_msg_init_data(&message, buffer->frame, buffer->len, keep, NULL) != 0 ||
        zmq_msg_send(&message, dealer, 0) < 0)
        die("cannot send");
}

/* Until all are acknowledged; load->batches becomes what was sent. */
static double deliver(void *dealer, struct load *load, uint64_t first, uint64_t flight) {
    uint32_t sent = 0, acked = 0;
    zmq_msg_t message;
    double started = clock_seconds();
    zmq_msg_init(&message);
    while (acked < load->batches) {
        if (stopped && load->batches > sent)
            load->batches = sent;
        for (; sent < load->batches && sent - acked < flight; sent++)
            send_batch(dealer, &load->buffer[sent % load->buffers], first + sent);
        struct wire_reader reader;
        struct message_ack ack;
        struct fault why;
        receive(dealer, &message, &reader, MESSAGE_ACK);
        if (message_read_ack(&reader, &ack, &why) != 0)
            die(why.text);
        if (ack.refused_count > 0 || ack.repeated || ack.accepted != load->events || ack.seq != first + acked)
            die("the daemon refused events, or acknowledged another batch");
        load->waited[acked % SAMPLES] = (clock_seconds() - load->buffer[acked % load->buffers].sent) * 1e6;
        acked++;
    }
    zmq_msg_close(&message);
    return clock_seconds() - started;
}

static int64_t sum_of(const struct load *load, size_t *bytes) {
    int64_t sum = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < load->batches; i++) {
        sum += load->buffer[i % load->buffers].sum;
        *bytes += load->buffer[i % load->buffers].len;
    }
    return sum;
}

static int64_t ask_sum(void *dealer, struct wire_writer *writer) {
    struct message_query query = {.id = 1, .pattern_count = 1, .pattern = {INDICATOR}};
    struct message_figures figures;
    zmq_msg_t message;
    int64_t sum = 0;
    wire_writer_reset(writer);
    message_write_query(writer, &query);
    send_writer(dealer, writer);
    zmq_msg_init(&message);
    do {
        struct wire_reader reader;
        struct fault why;
        receive(dealer, &message, &reader, MESSAGE_FIGURES);
        if (message_read_figures(&reader, &figures, &why) != 0)
            die(why.text);
        for (uint32_t i = 0; i < figures.figure_count; i++) {
            struct message_figure figure;
            message_next_figure(&figures, &figure);
            sum += figure.value;
        }
    } while (!figures.last);
    zmq_msg_close(&message);
    return sum;
}

int main(int argc, char **argv) {
    if (argc < 6 || argc > 7)
        die("usage: ingest ENDPOINT SERIES DAYS BATCHES EVENTS [FLIGHT]");
    static struct load load;
    load.series = (uint32_t)strtoul(argv[2], NULL, 10);
    load.days = (uint32_t)strtoul(argv[3], NULL, 10);
    load.batches = (uint32_t)strtoul(argv[4], NULL, 10);
    load.events = (uint32_t)strtoul(argv[5], NULL, 10);
    bool endless = load.batches == 0;
    if (endless)
        load.batches = UINT32_MAX;
    load.random = 0x9e3779b97f4a7c15u;
    uint64_t flight = argc == 7 ? strtoul(argv[6], NULL, 10) : BUFFERS;
    int wait = WAIT_MS, none = 0;
    struct wire_writer *writer;
    void *context = zmq_ctx_new();
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &wait, sizeof wait);
    zmq_setsockopt(dealer, ZMQ_LINGER, &none, sizeof none);
    if (load.series == 0 || load.days == 0 || load.events == 0 || flight == 0 ||
        zmq_connect(dealer, argv[1]) != 0)
        die("cannot connect there, or a count of 0");
    encode(&load);
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    struct message_welcome welcome = greet(dealer, writer);
    int64_t before = ask_sum(dealer, writer);
    flight = welcome.credit < flight ? welcome.credit : flight;
    flight = load.buffers < flight ? load.buffers : flight;
    if (endless && (signal(SIGTERM, stop) == SIG_ERR || puts("sending") < 0 || fflush(stdout) != 0))
        die("cannot say that it begins");
    double seconds = deliver(dealer, &load, welcome.last + 1, flight);
    size_t bytes, samples = load.batches < SAMPLES ? load.batches : SAMPLES;
    if (ask_sum(dealer, writer) - before != sum_of(&load, &bytes))
        die("the sum asked for is not the sum sent");
    printf("{\"events\": %llu, \"bytes\": %zu, \"batches\": %u, \"seconds\": %.6f, \"ack_median\": %.1f, "
           "\"ack_p99\": %.1f}\n",
           (unsigned long long)load.batches * load.events, bytes, load.batches, seconds,
           clock_quantile(load.waited, samples, 0.5), clock_quantile(load.waited, samples, 0.99));
    wire_writer_destroy(&writer);
    for (uint32_t i = 0; i < load.buffers; i++)
        free(load.buffer[i].frame);
    zmq_close(dealer);
    zmq_ctx_term(context);
    return 0;
}
