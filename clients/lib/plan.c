#include <errno.h>
#include <stdlib.h>

#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/texts.h"
#include "proto/message.h"

struct planning {
    struct message_plan question;
    void (*on_plan)(void *arg, const struct suivi_plan *plan);
    void (*on_promise)(void *arg, const struct suivi_promise *promise);
    void *arg;
    bool begun;
    struct message_indicators indicators;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    struct planning *planning = arg;
    planning->question.id = id;
    message_write_plan(writer, &planning->question);
}

static int read_rows(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct planning *planning = arg;
    texts_begin(&planning->texts, (size_t)(reader->end - reader->at));
    int rc = message_read_indicators(reader, &planning->indicators, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){planning->indicators.id, planning->indicators.last};
    return rc;
}

static void tell_promise(struct planning *planning, struct message_indicator_row *row) {
    struct texts *texts = &planning->texts;
    struct suivi_dimension dims[DIMS_MAX];
    size_t value_count = 0, used = 0;
    for (uint32_t i = 0; i < row->dim_count; i++)
        value_count += row->value_count[i];
    const char **values = mem_zeroed(value_count + 1, sizeof *values);
    for (uint32_t i = 0; i < row->dim_count; i++) {
        dims[i] = (struct suivi_dimension){texts_add(texts, row->dim[i]), values + used, row->value_count[i]};
        for (uint32_t v = 0; v < row->value_count[i]; v++) {
            struct str value;
            int rc = wire_read_str(&row->values[i], &value, DIM_VALUE_MAX);
            ASSERT(rc == 0);
            values[used++] = texts_add(texts, value);
        }
    }
    struct suivi_promise promise = {
        .id = texts_add(texts, row->id),
        .code = texts_add(texts, row->code),
        .area = texts_add(texts, row->area),
        .kind = texts_add(texts, row->kind),
        .frequency = texts_add(texts, row->frequency),
        .unit = texts_add(texts, row->unit),
        .label = texts_add(texts, row->label),
        .definition = texts_add(texts, row->definition),
        .method = texts_add(texts, row->method),
        .method_version = texts_add(texts, row->method_version),
        .fed_by = texts_add(texts, row->fed_by),
        .target = texts_add(texts, row->target),
        .baseline = texts_add(texts, row->baseline),
        .due = texts_add(texts, row->due),
        .dims = dims,
        .dim_count = row->dim_count,
    };
    planning->on_promise(planning->arg, &promise);
    free(values);
}

static void tell_rows(void *arg) {
    struct planning *planning = arg;
    struct message_indicators *indicators = &planning->indicators;
    if (!planning->begun && planning->on_plan) {
        struct suivi_plan plan = {texts_add(&planning->texts, indicators->name),
                                  texts_add(&planning->texts, indicators->title),
                                  texts_add(&planning->texts, indicators->plan)};
        planning->on_plan(planning->arg, &plan);
    }
    planning->begun = true;
    for (uint32_t i = 0; i < indicators->row_count; i++) {
        struct message_indicator_row row;
        message_next_indicator_row(indicators, &row);
        if (planning->on_promise)
            tell_promise(planning, &row);
    }
}

static int put_together(struct suivi *client, const char *const *indicators, size_t indicator_count,
                        const char *language, struct message_plan *out) {
    *out = (struct message_plan){0};
    if (indicator_count > MESSAGE_PATTERNS_MAX)
        return fault_set(&client->why, -EINVAL, "at most %d indicators fit one question",
                         MESSAGE_PATTERNS_MAX);
    int rc = asking_text(client, "the language", language, MESSAGE_LANGUAGE_MAX, &out->language);
    for (size_t i = 0; rc == 0 && i < indicator_count; i++)
        rc = asking_text(client, "an indicator's id", indicators[i], INDICATOR_ID_MAX,
                         &out->pattern[out->pattern_count++]);
    return rc;
}

int suivi_ask_plan(struct suivi *client, const char *const *indicators, size_t indicator_count,
                   const char *language, int timeout_ms,
                   void (*on_plan)(void *arg, const struct suivi_plan *plan),
                   void (*on_promise)(void *arg, const struct suivi_promise *promise), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct planning planning = {.on_plan = on_plan, .on_promise = on_promise, .arg = arg};
    int rc = put_together(client, indicators, indicator_count, language, &planning.question);
    if (rc == 0)
        rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_INDICATORS,
                                         .write = write_question,
                                         .read = read_rows,
                                         .tell = tell_rows,
                                         .arg = &planning},
                        timeout_ms);
    texts_free(&planning.texts);
    return rc;
}
