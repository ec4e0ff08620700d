#include "clients/lib/asking.h"

#include <errno.h>

#include "clients/lib/client_priv.h"
#include "proto/utf8.h"

#define BUSY_PAUSE_MS 100

static int nobody_there(struct suivi *client) {
    if (connection_forbidden(client->endpoint))
        return fault_set(
            &client->why, -ENOTCONN,
            "no permission to connect to %s: become the user that suivid runs as, or one of its group",
            client->endpoint);
    if (connection_silent(client->endpoint))
        return fault_set(
            &client->why, -ENOTCONN,
            "the daemon at %s does not answer. Is it stopped, or very busy? (systemctl status suivid)",
            client->endpoint);
    return fault_set(&client->why, -ENOTCONN, "no daemon at %s. Is suivid running? (systemctl status suivid)",
                     client->endpoint);
}

static int ask(struct suivi *client, const struct asking *asking, int timeout_ms) {
    int rc = client->asking ? 0 : connection_open(&client->asking, client->endpoint, &client->why);
    if (rc != 0)
        return rc;
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    asking->write(asking->arg, writer, ++client->last_query);
    ASSERT(!wire_writer_failed(writer));
    struct str frame = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int64_t start = connection_clock_ms(), end = start + timeout_ms, grace = start + CONNECTION_GRACE_MS;
    while (rc == 0 && !connection_send(client->asking, frame)) {
        int64_t now = connection_clock_ms();
        if (now >= end || (now >= grace && connection_deserted(client->endpoint)))
            rc = nobody_there(client);
        else
            connection_wait(client->asking, true, (now < grace && grace < end ? grace : end) - now);
    }
    wire_writer_destroy(&writer);
    return rc;
}

static int refusal(struct suivi *client, const struct message_error *error) {
    static const struct {
        const char *code;
        int number;
    } codes[] = {
        {MESSAGE_ERROR_QUERY, -EINVAL},
        {MESSAGE_ERROR_BUSY, -EAGAIN},
        {MESSAGE_ERROR_STORE, -EIO},
    };
    int rc = -EPROTO;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (str_equal(error->code, str_of(codes[i].code)))
            rc = codes[i].number;
    return fault_set(&client->why, rc, "%.*s", STR_ARG(error->text));
}

/* *more: this frame was none of the answer, or not the last one. *part: it was of the answer. */
static int take(struct suivi *client, struct str frame, const struct asking *asking, bool *part, bool *more) {
    struct wire_reader reader;
    enum message_type type;
    struct asking_chunk chunk;
    struct message_error error;
    struct fault detail;
    *part = false;
    *more = true;
    wire_reader_init(&reader, frame.at, frame.len);
    int rc = message_open(&reader, &type, &detail);
    if (rc == -EPROTONOSUPPORT)
        return fault_set(&client->why, -EPROTO, "the daemon at %s speaks another version of the protocol",
                         client->endpoint);
    if (rc != 0 || (type != asking->answer && type != MESSAGE_ERROR))
        return 0;
    struct wire_reader body = reader;
    rc = type == MESSAGE_ERROR ? message_read_error(&reader, &error, &detail)
                               : asking->read(asking->arg, &reader, &chunk, &detail);
    if (rc != 0) {
        message_read_about(body, &error);
        return error.id != client->last_query
                   ? 0
                   : fault_set(&client->why, -EPROTO, "the answer of the daemon at %s cannot be read: %.300s",
                               client->endpoint, detail.text);
    }
    if (type == MESSAGE_ERROR)
        return error.id == client->last_query || error.id == 0 ? refusal(client, &error) : 0;
    if (chunk.id != client->last_query)
        return 0;
    asking->tell(asking->arg);
    *part = true;
    *more = !chunk.last;
    return 0;
}

/* It was sent: what it asks for may be done all the same. */
static int unanswered(struct suivi *client, const struct asking *asking) {
    int rc = nobody_there(client);
    struct fault said = client->why;
    return asking->doubt ? fault_set(&client->why, rc, "%.300s %s", said.text, asking->doubt) : rc;
}

/* Until the last part of the answer; the time runs anew with each part. */
static int hear(struct suivi *client, int timeout_ms, const struct asking *asking) {
    int64_t end = connection_clock_ms() + timeout_ms;
    bool more = true, heard = false;
    int rc = 0;
    while (rc == 0 && more) {
        struct str frame;
        bool part = false;
        if (connection_receive(client->asking, &frame)) {
            rc = take(client, frame, asking, &part, &more);
        } else {
            int64_t left = end - connection_clock_ms();
            if (left > 0)
                connection_wait(client->asking, false, left);
            else if (heard)
                rc = fault_set(&client->why, -ENOTCONN,
                               "the daemon at %s stopped answering in the middle of its answer; ask again",
                               client->endpoint);
            else
                rc = unanswered(client, asking);
        }
        if (part) {
            heard = true;
            end = connection_clock_ms() + timeout_ms;
        }
    }
    return rc;
}

int asking_run(struct suivi *client, const struct asking *asking, int timeout_ms) {
    int64_t end = connection_clock_ms() + timeout_ms;
    for (;;) {
        int rc = ask(client, asking, timeout_ms);
        if (rc == 0)
            rc = hear(client, timeout_ms, asking);
        int64_t left = end - connection_clock_ms();
        if (rc != -EAGAIN || left <= 0)
            return rc;
        connection_wait(client->asking, false,
                        left < BUSY_PAUSE_MS ? left : BUSY_PAUSE_MS); /* too busy: ask again */
    }
}

int asking_text(struct suivi *client, const char *what, const char *text, size_t max, struct str *out) {
    struct str view = text ? str_of(text) : STR("");
    if (!utf8_valid(view))
        return fault_set(&client->why, -EINVAL, "%s is no text in UTF-8", what);
    if (view.len > max)
        return fault_set(&client->why, -EINVAL, "%s has %zu bytes, the limit is %zu", what, view.len, max);
    *out = view;
    return 0;
}
