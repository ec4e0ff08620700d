#include <errno.h>
#include <stdio.h>

#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/lending.h"
#include "clients/lib/texts.h"
#include "proto/message.h"
#include "proto/period.h"

/* --- closed periods, and closing one --- */

struct closing {
    bool close; /* that period; else all are asked for */
    struct message_close question;
    void (*on_closing)(void *arg, const struct suivi_closing *closing);
    void *arg;
    struct message_closed closed;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    struct closing *closing = arg;
    closing->question.id = id;
    if (closing->close)
        message_write_close(writer, &closing->question);
    else
        message_write_closings(writer, &(struct message_closings){.id = id});
}

static int read_rows(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct closing *closing = arg;
    texts_begin(&closing->texts, (size_t)(reader->end - reader->at));
    int rc = message_read_closed(reader, &closing->closed, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){closing->closed.id, closing->closed.last};
    return rc;
}

static void tell_rows(void *arg) {
    struct closing *closing = arg;
    for (uint32_t i = 0; i < closing->closed.row_count; i++) {
        struct message_closing_row row;
        message_next_closed(&closing->closed, &row);
        struct suivi_closing lent = lending_closing(&closing->texts, &row);
        if (closing->on_closing)
            closing->on_closing(closing->arg, &lent);
    }
}

static int run(struct suivi *client, struct closing *closing, int timeout_ms) {
    int rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_CLOSED,
                                         .write = write_question,
                                         .read = read_rows,
                                         .tell = tell_rows,
                                         .arg = closing,
                                         .doubt = closing->close ? "It may be closed all the same: see "
                                                                   "\"suivi close\""
                                                                 : NULL},
                        timeout_ms);
    texts_free(&closing->texts);
    return rc;
}

int suivi_closings(struct suivi *client, int timeout_ms,
                   void (*on_closing)(void *arg, const struct suivi_closing *closing), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    return run(client, &(struct closing){.on_closing = on_closing, .arg = arg}, timeout_ms);
}

int suivi_close_period(struct suivi *client, const char *period, const char *note, int timeout_ms,
                       void (*on_closing)(void *arg, const struct suivi_closing *closing), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct closing closing = {.close = true, .on_closing = on_closing, .arg = arg};
    int rc = asking_text(client, "the period", period, PERIOD_TEXT_MAX, &closing.question.period);
    if (rc == 0)
        rc = asking_text(client, "the note", note, ENTRY_NOTE_MAX, &closing.question.note);
    return rc == 0 ? run(client, &closing, timeout_ms) : rc;
}

/* --- withdrawing --- */

struct withdrawing {
    struct message_withdraw question;
    struct message_withdrawn answer;
    struct suivi_withdrawn withdrawn;
};

static void write_withdrawal(void *arg, struct wire_writer *writer, uint64_t id) {
    struct withdrawing *withdrawing = arg;
    withdrawing->question.id = id;
    message_write_withdraw(writer, &withdrawing->question);
}

static int read_answer(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct withdrawing *withdrawing = arg;
    int rc = message_read_withdrawn(reader, &withdrawing->answer, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){withdrawing->answer.id, true};
    return rc;
}

static void keep_answer(void *arg) {
    struct withdrawing *withdrawing = arg;
    struct suivi_withdrawn *to = &withdrawing->withdrawn;
    snprintf(to->first, sizeof to->first, "%.*s", STR_ARG(withdrawing->answer.first));
    snprintf(to->last, sizeof to->last, "%.*s", STR_ARG(withdrawing->answer.last));
    to->figures = withdrawing->answer.figures;
}

int suivi_withdraw(struct suivi *client, const char *source, const char *from, const char *to,
                   const char *reason, int timeout_ms, struct suivi_withdrawn *withdrawn) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct withdrawing withdrawing = {0};
    struct message_withdraw *question = &withdrawing.question;
    struct fault detail;
    int rc = asking_text(client, "the source", source, MESSAGE_SOURCE_MAX, &question->source);
    if (rc == 0)
        rc = asking_text(client, "the first period", from, PERIOD_TEXT_MAX, &question->from);
    if (rc == 0)
        rc = asking_text(client, "the last period", to, PERIOD_TEXT_MAX, &question->to);
    if (rc == 0)
        rc = asking_text(client, "the reason", reason, ENTRY_NOTE_MAX, &question->reason);
    if (rc == 0 && dims_check_value(question->source, &detail) != 0)
        rc = fault_set(&client->why, -EINVAL, "the source: %s", detail.text);
    if (rc == 0)
        rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_WITHDRAWN,
                                         .write = write_withdrawal,
                                         .read = read_answer,
                                         .tell = keep_answer,
                                         .arg = &withdrawing,
                                         .doubt = "It may be withdrawn all the same: say it again, "
                                                  "nothing is withdrawn twice"},
                        timeout_ms);
    if (rc == 0)
        *withdrawn = withdrawing.withdrawn;
    return rc;
}
