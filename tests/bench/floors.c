/* What the machine itself gives, to hold ours against:
 *
 *   floors stream FRAME_BYTES FRAMES    a bare ZeroMQ DEALER-ROUTER stream over TCP loopback, each frame
 *                                       acknowledged
 *   floors commits DIRECTORY COUNT      LMDB: synced transactions of one row
 *
 * Prints JSON. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <lmdb.h>
#include <zmq.h>

#include "clock.h"

#define ACK_BYTES 60
#define CREDIT    64
#define MAP_BYTES (1u << 30)

static _Noreturn void die(const char *what) {
    fprintf(stderr, "floors: %s\n", what);
    exit(1);
}

struct acknowledger {
    void *router;
    unsigned long frames;
};

static void *acknowledge(void *arg) {
    struct acknowledger *own = arg;
    char ack[ACK_BYTES] = {0};
    zmq_msg_t identity, frame;
    zmq_msg_init(&identity);
    zmq_msg_init(&frame);
    for (unsigned long i = 0; i < own->frames; i++) {
        if (zmq_msg_recv(&identity, own->router, 0) < 0 || zmq_msg_recv(&frame, own->router, 0) < 0)
            die("cannot receive");
        if (zmq_msg_send(&identity, own->router, ZMQ_SNDMORE) < 0 ||
            zmq_send(own->router, ack, sizeof ack, 0) < 0)
            die("cannot acknowledge");
    }
    zmq_msg_close(&identity);
    zmq_msg_close(&frame);
    return NULL;
}

static void stream(size_t bytes, unsigned long frames) {
    char endpoint[128], ack[ACK_BYTES];
    size_t len = sizeof endpoint;
    pthread_t thread;
    void *context = zmq_ctx_new(), *other = zmq_ctx_new();
    void *dealer = zmq_socket(context, ZMQ_DEALER);
    struct acknowledger own = {.router = zmq_socket(other, ZMQ_ROUTER), .frames = frames};
    if (zmq_bind(own.router, "tcp://127.0.0.1:*") != 0 ||
        zmq_getsockopt(own.router, ZMQ_LAST_ENDPOINT, endpoint, &len) != 0 ||
        zmq_connect(dealer, endpoint) != 0 || pthread_create(&thread, NULL, acknowledge, &own) != 0)
        die("cannot start");
    zmq_msg_t *frame = calloc(frames, sizeof *frame);
    if (frame == NULL)
        die("no memory");
    for (unsigned long i = 0; i < frames; i++) {
        if (zmq_msg_init_size(&frame[i], bytes) != 0)
            die("no memory");
        memset(zmq_msg_data(&frame[i]), (int)i, bytes);
    }
    double started = clock_seconds();
    for (unsigned long sent = 0, acked = 0; acked < frames; acked++) {
        for (; sent < frames && sent - acked < CREDIT; sent++) {
            if (zmq_msg_send(&frame[sent], dealer, 0) < 0)
                die("cannot send");
        }
        if (zmq_recv(dealer, ack, sizeof ack, 0) < 0)
            die("no acknowledgement");
    }
    printf("{\"seconds\": %.6f}\n", clock_seconds() - started);
    pthread_join(thread, NULL);
    free(frame);
    zmq_close(dealer);
    zmq_close(own.router);
    zmq_ctx_term(context);
    zmq_ctx_term(other);
}

static void commits(const char *directory, unsigned long rounds) {
    MDB_env *env;
    MDB_dbi dbi = 0;
    double *took = calloc(rounds, sizeof *took);
    if (took == NULL || mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0 ||
        mdb_env_open(env, directory, 0, 0600) != 0)
        die("cannot open the directory");
    double started = clock_seconds();
    for (unsigned long i = 0; i < rounds; i++) {
        MDB_txn *txn;
        unsigned long key = i % 1000;
        MDB_val where = {sizeof key, &key}, what = {sizeof i, &i};
        double from = clock_seconds();
        if (mdb_txn_begin(env, NULL, 0, &txn) != 0 || mdb_dbi_open(txn, NULL, 0, &dbi) != 0 ||
            mdb_put(txn, dbi, &where, &what, 0) != 0 || mdb_txn_commit(txn) != 0)
            die("cannot commit");
        took[i] = (clock_seconds() - from) * 1e6;
    }
    printf("{\"commits\": %lu, \"seconds\": %.6f, ", rounds, clock_seconds() - started);
    printf("\"median\": %.1f, \"p99\": %.1f}\n", clock_quantile(took, rounds, 0.5),
           clock_quantile(took, rounds, 0.99));
    mdb_env_close(env);
    free(took);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "stream") == 0)
        stream(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "commits") == 0)
        commits(argv[2], strtoul(argv[3], NULL, 10));
    else
        die("usage: floors stream FRAME_BYTES FRAMES | floors commits DIRECTORY COUNT");
    return 0;
}
