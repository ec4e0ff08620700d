#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/lending.h"
#include "clients/lib/texts.h"
#include "proto/dims.h"
#include "proto/message.h"

struct callbacks {
    void (*on_indicator)(void *arg, const struct suivi_indicator *indicator);
    void (*on_figure)(void *arg, const struct suivi_figure *figure);
    void *arg;
    size_t split_count;
};

struct querying {
    struct message_query question;
    struct callbacks to;
    struct message_figures figures;
    struct texts texts;
};

/* --- the question --- */

static struct str open_part(const char *text) {
    return text ? str_of(text) : (struct str){0};
}

static int put_together(struct suivi *client, const struct suivi_query *query, struct message_query *out) {
    *out = (struct message_query){
        .from = open_part(query->from),
        .to = open_part(query->to),
        .by = open_part(query->by),
        .language = open_part(query->language),
        .as_of = open_part(query->as_of),
        .sum_of = open_part(query->sum_of),
        .reported = query->reported,
        .gaps = query->gaps,
        .outside = query->outside,
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

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    struct querying *querying = arg;
    querying->question.id = id;
    message_write_query(writer, &querying->question);
}

/* --- the answer --- */

static int read_figures(void *arg, struct wire_reader *reader, struct asking_chunk *chunk,
                        struct fault *why) {
    struct querying *querying = arg;
    texts_begin(&querying->texts, (size_t)(reader->end - reader->at));
    int rc = message_read_figures(reader, &querying->figures, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){querying->figures.id, querying->figures.last};
    return rc;
}

static void tell(void *arg) {
    struct querying *querying = arg;
    struct message_figures *figures = &querying->figures;
    const struct callbacks *to = &querying->to;
    for (uint32_t i = 0; i < figures->indicator_count; i++) {
        struct message_indicator indicator;
        message_next_indicator(figures, &indicator);
        struct suivi_indicator lent = lending_indicator(&querying->texts, &indicator);
        if (to->on_indicator)
            to->on_indicator(to->arg, &lent);
    }
    for (uint32_t i = 0; i < figures->figure_count; i++) {
        struct message_figure figure;
        message_next_figure(figures, &figure);
        const char *dims[DIMS_MAX];
        struct suivi_figure lent = lending_figure(&querying->texts, &figure, to->split_count, dims);
        if (to->on_figure)
            to->on_figure(to->arg, &lent);
    }
}

int suivi_query(struct suivi *client, const struct suivi_query *query, int timeout_ms,
                void (*on_indicator)(void *arg, const struct suivi_indicator *indicator),
                void (*on_figure)(void *arg, const struct suivi_figure *figure), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct querying querying = {.to = {on_indicator, on_figure, arg, query->split_count}};
    int rc = put_together(client, query, &querying.question);
    if (rc == 0)
        rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_FIGURES,
                                         .write = write_question,
                                         .read = read_figures,
                                         .tell = tell,
                                         .arg = &querying},
                        timeout_ms);
    texts_free(&querying.texts);
    return rc;
}
