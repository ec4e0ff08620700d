#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/lending.h"
#include "clients/lib/texts.h"
#include "proto/message.h"
#include "proto/period.h"

struct asking_due {
    struct message_due question;
    void (*on_duty)(void *arg, const struct suivi_duty *duty);
    void *arg;
    struct message_duties duties;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    struct asking_due *asking = arg;
    asking->question.id = id;
    message_write_due(writer, &asking->question);
}

static int read_rows(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct asking_due *asking = arg;
    texts_begin(&asking->texts, (size_t)(reader->end - reader->at));
    int rc = message_read_duties(reader, &asking->duties, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){asking->duties.id, asking->duties.last};
    return rc;
}

static void tell_rows(void *arg) {
    struct asking_due *asking = arg;
    struct texts *texts = &asking->texts;
    for (uint32_t i = 0; i < asking->duties.row_count; i++) {
        struct message_duty row;
        struct suivi_dim dims[DIMS_MAX];
        message_next_duty(&asking->duties, &row);
        lending_dims(texts, &row.dims, dims);
        struct suivi_duty duty = {
            .state = message_duty_state_name(row.state),
            .indicator = texts_add(texts, row.indicator),
            .code = texts_add(texts, row.code),
            .label = texts_add(texts, row.label),
            .dims = dims,
            .dim_count = row.dims.count,
            .period = texts_add(texts, row.period),
            .due = texts_add(texts, row.due),
            .days = row.days,
            .value = row.value,
            .target = row.target,
            .heard = row.heard,
            .note = texts_add(texts, row.note),
        };
        asking->on_duty(asking->arg, &duty);
    }
}

int suivi_due(struct suivi *client, const char *on, unsigned within_days, const char *language,
              int timeout_ms, void (*on_duty)(void *arg, const struct suivi_duty *duty), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct asking_due asking = {.question = {.within = within_days}, .on_duty = on_duty, .arg = arg};
    int rc = asking_text(client, "the day", on, PERIOD_TEXT_MAX, &asking.question.on);
    if (rc == 0)
        rc = asking_text(client, "the language", language, MESSAGE_LANGUAGE_MAX, &asking.question.language);
    if (rc == 0)
        rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_DUTIES,
                                         .write = write_question,
                                         .read = read_rows,
                                         .tell = tell_rows,
                                         .arg = &asking},
                        timeout_ms);
    texts_free(&asking.texts);
    return rc;
}
