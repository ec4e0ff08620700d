#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clients/lib/client_priv.h"
#include "proto/dims.h"
#include "proto/message.h"

#define BUSY_PAUSE_MS 100

struct callbacks {
    void (*on_indicator)(void *arg, const struct suivi_indicator *indicator);
    void (*on_figure)(void *arg, const struct suivi_figure *figure);
    void *arg;
    size_t split_count;
};

/* --- asking --- */

static struct str open_part(const char *text) {
    return text ? str_of(text) : (struct str){0};
}

static int put_together(struct suivi *client, const struct suivi_query *query, struct message_query *out) {
    *out = (struct message_query){
        .id = ++client->last_query,
        .from = open_part(query->from),
        .to = open_part(query->to),
        .by = open_part(query->by),
        .language = open_part(query->language),
    };
    if (query->indicator_count > MESSAGE_PATTERNS_MAX)
        return fault_set(&client->why, -EINVAL, "at most %d indicators fit one question",
                         MESSAGE_PATTERNS_MAX);
    if (query->split_count > DIMS_MAX)
        return fault_set(&client->why, -EINVAL, "figures can be split by at most %d dimensions", DIMS_MAX);
    for (size_t i = 0; i < query->indicator_count; i++)
        out->pattern[out->pattern_count++] = str_of(query->indicators[i]);
    for (size_t i = 0; i < query->split_count; i++)
        out->split[out->split_count++] = str_of(query->split[i]);
    for (size_t i = 0; i < query->where_count; i++)
        if (dims_add(&out->where, str_of(query->where[i].name), str_of(query->where[i].value),
                     &client->why) != 0)
            return -EINVAL;
    return 0;
}

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

static int ask(struct suivi *client, const struct message_query *question, int timeout_ms) {
    int rc = client->asking ? 0 : connection_open(&client->asking, client->endpoint, &client->why);
    if (rc != 0)
        return rc;
    struct wire_writer *writer;
    wire_writer_new(&writer, MESSAGE_BYTES_MAX);
    message_write_query(writer, question);
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

/* --- the answer --- */

/* Views of a frame as C strings, all of one call in one buffer. */
struct strings {
    char *buffer;
    size_t used, room;
};

static void strings_begin(struct strings *strings, size_t room) {
    if (room > strings->room) {
        strings->buffer = mem_resize(strings->buffer, room, 1);
        strings->room = room;
    }
    strings->used = 0;
}

static const char *strings_add(struct strings *strings, struct str text) {
    ASSERT(strings->room - strings->used > text.len);
    char *copy = strings->buffer + strings->used;
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    strings->used += text.len + 1;
    return copy;
}

static void tell_indicator(struct strings *strings, const struct message_indicator *from,
                           const struct callbacks *to) {
    strings_begin(strings,
                  from->id.len + from->code.len + from->kind.len + from->label.len + from->note.len + 5);
    struct suivi_indicator indicator = {
        .id = strings_add(strings, from->id),
        .code = strings_add(strings, from->code),
        .kind = strings_add(strings, from->kind),
        .label = strings_add(strings, from->label),
        .note = strings_add(strings, from->note),
    };
    to->on_indicator(to->arg, &indicator);
}

static void tell_figure(struct strings *strings, const struct message_figure *from,
                        const struct callbacks *to) {
    size_t room = from->indicator.len + from->period.len + from->note.len + 3;
    for (size_t i = 0; i < from->dim_count; i++)
        room += from->dim[i].len + 1;
    strings_begin(strings, room);
    const char *dims[DIMS_MAX] = {"", "", "", "", "", "", "", ""};
    _Static_assert(DIMS_MAX == 8, "one empty text for each dimension");
    for (size_t i = 0; i < from->dim_count && i < to->split_count; i++)
        dims[i] = strings_add(strings, from->dim[i]);
    struct suivi_figure figure = {
        .indicator = strings_add(strings, from->indicator),
        .period = strings_add(strings, from->period),
        .dims = dims,
        .value = from->value,
        .note = strings_add(strings, from->note),
    };
    to->on_figure(to->arg, &figure);
}

static void tell(struct message_figures *figures, const struct callbacks *to) {
    struct strings strings = {0};
    for (uint32_t i = 0; i < figures->indicator_count; i++) {
        struct message_indicator indicator;
        message_next_indicator(figures, &indicator);
        if (to->on_indicator)
            tell_indicator(&strings, &indicator, to);
    }
    for (uint32_t i = 0; i < figures->figure_count; i++) {
        struct message_figure figure;
        message_next_figure(figures, &figure);
        if (to->on_figure)
            tell_figure(&strings, &figure, to);
    }
    free(strings.buffer);
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
static int take(struct suivi *client, struct str frame, const struct callbacks *to, bool *part, bool *more) {
    struct wire_reader reader;
    enum message_type type;
    struct message_figures figures;
    struct message_error error;
    struct fault detail;
    *part = false;
    *more = true;
    wire_reader_init(&reader, frame.at, frame.len);
    int rc = message_open(&reader, &type, &detail);
    if (rc == -EPROTONOSUPPORT)
        return fault_set(&client->why, -EPROTO, "the daemon at %s speaks another version of the protocol",
                         client->endpoint);
    if (rc != 0 || (type != MESSAGE_FIGURES && type != MESSAGE_ERROR))
        return 0;
    struct wire_reader body = reader;
    rc = type == MESSAGE_FIGURES ? message_read_figures(&reader, &figures, &detail)
                                 : message_read_error(&reader, &error, &detail);
    if (rc != 0) {
        message_read_about(body, &error);
        return error.id != client->last_query
                   ? 0
                   : fault_set(&client->why, -EPROTO, "the answer of the daemon at %s cannot be read: %.300s",
                               client->endpoint, detail.text);
    }
    if (type == MESSAGE_ERROR)
        return error.id == client->last_query || error.id == 0 ? refusal(client, &error) : 0;
    if (figures.id != client->last_query)
        return 0;
    tell(&figures, to);
    *part = true;
    *more = !figures.last;
    return 0;
}

/* Until the last part of the answer; the time runs anew with each part. */
static int hear(struct suivi *client, int timeout_ms, const struct callbacks *to) {
    int64_t end = connection_clock_ms() + timeout_ms;
    bool more = true, heard = false;
    int rc = 0;
    while (rc == 0 && more) {
        struct str frame;
        bool part = false;
        if (connection_receive(client->asking, &frame)) {
            rc = take(client, frame, to, &part, &more);
        } else {
            int64_t left = end - connection_clock_ms();
            if (left > 0)
                connection_wait(client->asking, false, left);
            else if (heard)
                rc = fault_set(&client->why, -ENOTCONN,
                               "the daemon at %s stopped answering in the middle of its answer; ask again",
                               client->endpoint);
            else
                rc = nobody_there(client);
        }
        if (part) {
            heard = true;
            end = connection_clock_ms() + timeout_ms;
        }
    }
    return rc;
}

int suivi_query(struct suivi *client, const struct suivi_query *query, int timeout_ms,
                void (*on_indicator)(void *arg, const struct suivi_indicator *indicator),
                void (*on_figure)(void *arg, const struct suivi_figure *figure), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct callbacks to = {on_indicator, on_figure, arg, query->split_count};
    struct message_query question;
    int64_t end = connection_clock_ms() + timeout_ms;
    for (;;) {
        int rc = put_together(client, query, &question);
        if (rc == 0)
            rc = ask(client, &question, timeout_ms);
        if (rc == 0)
            rc = hear(client, timeout_ms, &to);
        int64_t left = end - connection_clock_ms();
        if (rc != -EAGAIN || left <= 0)
            return rc;
        connection_wait(client->asking, false,
                        left < BUSY_PAUSE_MS ? left : BUSY_PAUSE_MS); /* too busy: ask again */
    }
}
