#include <errno.h>
#include <stdlib.h>

#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/lending.h"
#include "clients/lib/texts.h"
#include "proto/message.h"
#include "proto/period.h"

/* What a row points to that is no text. */
struct entry_room {
    struct suivi_dim dims[DIMS_MAX];
    const char *parts[ENTRY_PARTS];
    char done[PERIOD_TEXT_MAX];
};

struct operand_room {
    const char *dims[DIMS_MAX];
};

struct remark_room {
    struct suivi_dim dims[DIMS_MAX];
};

struct explaining {
    struct message_explain question;
    void (*tell)(void *arg, const struct suivi_explanation *explanation);
    void *arg;
    struct message_explanation answer;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    struct explaining *explaining = arg;
    explaining->question.id = id;
    message_write_explain(writer, &explaining->question);
}

static int read_answer(void *arg, struct wire_reader *reader, struct asking_chunk *chunk, struct fault *why) {
    struct explaining *explaining = arg;
    texts_begin(&explaining->texts, (size_t)(reader->end - reader->at));
    int rc = message_read_explanation(reader, &explaining->answer, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){explaining->answer.id, true};
    return rc;
}

/* --- its lists; the caller frees them --- */

static struct suivi_part *lend_parts(struct message_explanation *from, struct texts *texts) {
    struct suivi_part *to = mem_zeroed(from->part_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->part_count; i++) {
        struct message_part part;
        message_next_part(from, &part);
        to[i] = (struct suivi_part){
            .source = texts_add(texts, part.source),
            .value = part.value,
            .days = part.days,
            .first = texts_add(texts, part.first),
            .last = texts_add(texts, part.last),
            .heard = part.heard,
            .error = part.error,
        };
    }
    return to;
}

static struct suivi_entry lend_entry(const struct entry *from, struct texts *texts, struct entry_room *room) {
    struct suivi_entry entry = {
        .id = from->id,
        .recorded = from->recorded,
        .has_value = from->has_value,
        .holds = from->holds,
        .value = from->value,
        .name = texts_add(texts, from->name),
        .removed = from->removed,
        .title = texts_add(texts, from->title),
        .link = texts_add(texts, from->link),
        .file = texts_add(texts, from->file),
        .note = texts_add(texts, from->note),
        .sha256 = from->sha256.len > 0 ? (const unsigned char *)from->sha256.at : NULL,
        .reason = texts_add(texts, from->reason),
        .retracts = from->retracts,
    };
    if (from->done != ENTRY_NO_DAY)
        entry.done = period_print_day(from->done, room->done);
    for (size_t i = 0; i < ENTRY_PARTS; i++) {
        room->parts[i] = texts_add(texts, from->part[i]);
        if (from->part[i].len > 0)
            entry.parts = room->parts;
    }
    return entry;
}

static struct suivi_entry_row *lend_entries(struct message_explanation *from, struct texts *texts,
                                            struct entry_room *rooms) {
    struct suivi_entry_row *to = mem_zeroed(from->entry_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->entry_count; i++) {
        struct message_entry_row row;
        message_next_entry(from, &row);
        lending_dims(texts, &row.dims, rooms[i].dims);
        to[i] = (struct suivi_entry_row){
            .source = texts_add(texts, row.source),
            .dims = rooms[i].dims,
            .dim_count = row.dims.count,
            .at = row.at,
            .received = row.received,
            .state = message_entry_state_name(row.state),
            .entry = lend_entry(&row.entry, texts, &rooms[i]),
        };
    }
    return to;
}

static struct suivi_withdrawal *lend_withdrawals(struct message_explanation *from, struct texts *texts) {
    struct suivi_withdrawal *to = mem_zeroed(from->withdrawal_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->withdrawal_count; i++) {
        struct message_withdrawal_row row;
        message_next_withdrawal(from, &row);
        to[i] = (struct suivi_withdrawal){
            .source = texts_add(texts, row.source),
            .first = texts_add(texts, row.first),
            .last = texts_add(texts, row.last),
            .reason = texts_add(texts, row.reason),
            .at = row.at,
        };
    }
    return to;
}

static struct suivi_refusal *lend_refusals(struct message_explanation *from, struct texts *texts) {
    struct suivi_refusal *to = mem_zeroed(from->refusal_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->refusal_count; i++) {
        struct message_refusal_row row;
        message_next_refusal(from, &row);
        to[i] = (struct suivi_refusal){
            .source = texts_add(texts, row.source),
            .reason = texts_add(texts, row.reason),
            .count = row.count,
            .at = row.at,
        };
    }
    return to;
}

static struct suivi_version *lend_versions(struct message_explanation *from, struct texts *texts) {
    struct suivi_version *to = mem_zeroed(from->version_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->version_count; i++) {
        struct message_version_row row;
        message_next_version(from, &row);
        to[i] = (struct suivi_version){
            .version = texts_add(texts, row.version),
            .since = texts_add(texts, row.since),
            .seen = row.seen,
        };
    }
    return to;
}

static struct suivi_closing *lend_closings(struct message_explanation *from, struct texts *texts) {
    struct suivi_closing *to = mem_zeroed(from->closing_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->closing_count; i++) {
        struct message_closing_row row;
        message_next_closing(from, &row);
        to[i] = lending_closing(texts, &row);
    }
    return to;
}

static struct suivi_move *lend_moves(struct message_explanation *from, struct texts *texts) {
    struct suivi_move *to = mem_zeroed(from->move_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->move_count; i++) {
        struct message_move_row row;
        message_next_move(from, &row);
        to[i] = (struct suivi_move){
            .at = row.at,
            .difference = row.difference,
            .source = texts_add(texts, row.source),
            .what = texts_add(texts, row.what),
        };
    }
    return to;
}

static struct suivi_operand *lend_operands(struct message_explanation *from, struct texts *texts,
                                           struct operand_room *rooms) {
    struct suivi_operand *to = mem_zeroed(from->operand_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->operand_count; i++) {
        struct message_operand_row row;
        message_next_operand(from, &row);
        to[i] = (struct suivi_operand){
            .indicator = texts_add(texts, row.indicator),
            .label = texts_add(texts, row.label),
            .figure = lending_figure(texts, &row.figure, row.figure.dim_count, rooms[i].dims),
        };
    }
    return to;
}

static const enum suivi_remark remark_of[] = {
    [ENTRY_REMARK_METHOD] = SUIVI_METHOD,
    [ENTRY_REMARK_BREAK] = SUIVI_BREAK,
    [ENTRY_REMARK_EVENT] = SUIVI_EVENT,
};

static struct suivi_remark_row *lend_remarks(struct message_explanation *from, struct texts *texts,
                                             struct remark_room *rooms) {
    struct suivi_remark_row *to = mem_zeroed(from->remark_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->remark_count; i++) {
        struct message_remark_row row;
        message_next_remark(from, &row);
        lending_dims(texts, &row.dims, rooms[i].dims);
        to[i] = (struct suivi_remark_row){
            .remark = remark_of[row.remark],
            .source = texts_add(texts, row.source),
            .dims = rooms[i].dims,
            .dim_count = row.dims.count,
            .first = texts_add(texts, row.first),
            .last = texts_add(texts, row.last),
            .days = row.days,
            .title = texts_add(texts, row.title),
            .note = texts_add(texts, row.note),
        };
    }
    return to;
}

static struct suivi_meaning *lend_meanings(struct message_explanation *from, struct texts *texts) {
    struct suivi_meaning *to = mem_zeroed(from->meaning_count + 1, sizeof *to);
    for (uint32_t i = 0; i < from->meaning_count; i++) {
        struct message_meaning_row row;
        message_next_meaning(from, &row);
        to[i] = (struct suivi_meaning){
            .period = texts_add(texts, row.period),
            .version = texts_add(texts, row.version),
            .changed = row.changed,
            .kept = row.kept,
            .label = texts_add(texts, row.label),
            .definition = texts_add(texts, row.definition),
            .method = texts_add(texts, row.method),
        };
    }
    return to;
}

static void tell(void *arg) {
    struct explaining *explaining = arg;
    struct message_explanation *from = &explaining->answer;
    struct texts *texts = &explaining->texts;
    struct entry_room *entry_rooms = mem_zeroed(from->entry_count + 1, sizeof *entry_rooms);
    struct operand_room *operand_rooms = mem_zeroed(from->operand_count + 1, sizeof *operand_rooms), own;
    struct suivi_part *parts = lend_parts(from, texts);
    struct suivi_entry_row *entries = lend_entries(from, texts, entry_rooms);
    struct suivi_withdrawal *withdrawals = lend_withdrawals(from, texts);
    struct suivi_refusal *refusals = lend_refusals(from, texts);
    struct suivi_version *versions = lend_versions(from, texts);
    struct suivi_closing *closings = lend_closings(from, texts);
    struct suivi_move *moves = lend_moves(from, texts);
    struct suivi_operand *operands = lend_operands(from, texts, operand_rooms);
    struct remark_room *remark_rooms = mem_zeroed(from->remark_count + 1, sizeof *remark_rooms);
    struct suivi_remark_row *remarks = lend_remarks(from, texts, remark_rooms);
    struct suivi_meaning *meanings = lend_meanings(from, texts);
    struct suivi_explanation explanation = {
        .indicator = lending_indicator(texts, &from->indicator),
        .definition = texts_add(texts, from->definition),
        .method = texts_add(texts, from->method),
        .method_version = texts_add(texts, from->method_version),
        .fed_by = texts_add(texts, from->fed_by),
        .figure = lending_figure(texts, &from->figure, from->figure.dim_count, own.dims),
        .more = from->more,
        .parts = parts,
        .entries = entries,
        .withdrawals = withdrawals,
        .refusals = refusals,
        .versions = versions,
        .closings = closings,
        .moves = moves,
        .operands = operands,
        .part_count = from->part_count,
        .entry_count = from->entry_count,
        .withdrawal_count = from->withdrawal_count,
        .refusal_count = from->refusal_count,
        .version_count = from->version_count,
        .closing_count = from->closing_count,
        .move_count = from->move_count,
        .operand_count = from->operand_count,
        .remarks = remarks,
        .remark_count = from->remark_count,
        .meanings = meanings,
        .meaning_count = from->meaning_count,
        .gone = from->gone,
    };
    explaining->tell(explaining->arg, &explanation);
    free(entry_rooms);
    free(operand_rooms);
    free(parts);
    free(entries);
    free(withdrawals);
    free(refusals);
    free(versions);
    free(closings);
    free(moves);
    free(operands);
    free(remarks);
    free(remark_rooms);
    free(meanings);
}

int suivi_explain(struct suivi *client, const char *indicator, const char *period,
                  const struct suivi_dim *where, size_t where_count, const char *language, int timeout_ms,
                  void (*tell_it)(void *arg, const struct suivi_explanation *explanation), void *arg) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct explaining explaining = {.tell = tell_it, .arg = arg};
    struct message_explain *question = &explaining.question;
    int rc = asking_text(client, "the indicator's id", indicator, INDICATOR_ID_MAX, &question->indicator);
    if (rc == 0)
        rc = asking_text(client, "the period", period, PERIOD_TEXT_MAX, &question->period);
    if (rc == 0)
        rc = asking_text(client, "the language", language, MESSAGE_LANGUAGE_MAX, &question->language);
    for (size_t i = 0; rc == 0 && i < where_count; i++)
        rc = dims_add(&question->where, str_of(where[i].name), str_of(where[i].value), &client->why) == 0
                 ? 0
                 : -EINVAL;
    if (rc == 0)
        rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_EXPLANATION,
                                         .write = write_question,
                                         .read = read_answer,
                                         .tell = tell,
                                         .arg = &explaining},
                        timeout_ms);
    texts_free(&explaining.texts);
    return rc;
}
