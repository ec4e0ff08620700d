#include "clients/cli/explain_json.h"

#include <inttypes.h>
#include <string.h>

#include "clients/cli/explain_text.h"
#include "clients/cli/json.h"
#include "proto/entry.h"

static json_t *new_row(json_t *list) {
    json_t *row = json_new();
    json_array_append_new(list, row);
    return row;
}

static void set_hex(json_t *object, const char *key, uint64_t id) {
    char text[17];
    if (id == 0)
        return;
    snprintf(text, sizeof text, "%016" PRIx64, id);
    json_object_set_new(object, key, json_string(text));
}

/* --- lists --- */

static json_t *sources_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->part_count; i++) {
        const struct suivi_part *part = &from->parts[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "source", json_text(part->source));
        json_object_set_new(row, "value", json_number(part->value, explain_part_decimals(from)));
        json_set_text(row, "unit", explain_part_unit(&from->indicator, part));
        if (part->error > 0)
            json_object_set_new(row, "error", json_integer((json_int_t)part->error));
        json_object_set_new(row, "days", json_integer(part->days));
        json_set_text(row, "first", part->first);
        json_set_text(row, "last", part->last);
        json_object_set_new(row, "heard", json_time(part->heard));
    }
    return list;
}

static void set_entry(json_t *row, const struct suivi_entry *entry, bool full) {
    set_hex(row, "id", entry->id);
    json_object_set_new(row, "recorded", json_time(entry->recorded));
    if (entry->has_value)
        json_object_set_new(row, "value", json_integer(entry->value));
    if (entry->holds)
        json_object_set_new(row, "holds", json_integer(entry->value));
    json_set_text(row, "name", entry->name);
    if (entry->removed)
        json_object_set_new(row, "removed", json_true());
    json_set_text(row, "done", entry->done);
    json_set_text(row, "title", entry->title);
    json_set_text(row, "link", entry->link);
    json_set_text(row, "file", entry->file);
    if (entry->sha256) {
        char hex[2 * ENTRY_SHA256 + 1];
        for (size_t i = 0; i < ENTRY_SHA256; i++)
            snprintf(hex + 2 * i, 3, "%02x", entry->sha256[i]);
        json_object_set_new(row, "sha256", json_string(hex));
    }
    json_set_text(row, "note", entry->note);
    json_set_text(row, "reason", entry->reason);
    set_hex(row, "retracts", entry->retracts);
    if (!full || !entry->parts)
        return;
    json_t *parts = json_new();
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        json_object_set_new(parts, entry_part_names[i], json_text(entry->parts[i]));
    json_object_set_new(row, "parts", parts);
}

static json_t *entries_of(const struct suivi_explanation *from, bool full) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->entry_count; i++) {
        const struct suivi_entry_row *entry = &from->entries[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "source", json_text(entry->source));
        json_object_set_new(row, "dims", json_dims(entry->dims, entry->dim_count));
        json_object_set_new(row, "at", json_time(entry->at));
        json_object_set_new(row, "received", json_time(entry->received));
        json_object_set_new(row, "state", json_text(entry->state));
        set_entry(row, &entry->entry, full);
    }
    return list;
}

static json_t *refusals_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->refusal_count; i++) {
        const struct suivi_refusal *refusal = &from->refusals[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "source", json_text(refusal->source));
        json_object_set_new(row, "count", json_integer((json_int_t)refusal->count));
        json_object_set_new(row, "last", json_time(refusal->at));
        json_object_set_new(row, "reason", json_text(refusal->reason));
    }
    return list;
}

static json_t *withdrawals_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->withdrawal_count; i++) {
        const struct suivi_withdrawal *withdrawal = &from->withdrawals[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "source", json_text(withdrawal->source));
        json_object_set_new(row, "first", json_text(withdrawal->first));
        json_object_set_new(row, "last", json_text(withdrawal->last));
        json_object_set_new(row, "at", json_time(withdrawal->at));
        json_object_set_new(row, "reason", json_text(withdrawal->reason));
    }
    return list;
}

static json_t *versions_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->version_count; i++) {
        const struct suivi_version *version = &from->versions[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "version", json_text(version->version));
        json_set_text(row, "since", version->since);
        json_object_set_new(row, "seen", json_time(version->seen));
    }
    return list;
}

/* What the indicator meant then. */
static void set_meaning(json_t *row, const struct suivi_meaning *meaning) {
    json_object_set_new(row, "method_version", json_text(meaning->version));
    json_object_set_new(row, "changed_since", json_boolean(meaning->changed));
    json_set_text(row, "label", meaning->label);
    json_set_text(row, "definition", meaning->definition);
    json_set_text(row, "method", meaning->method);
}

static json_t *closings_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->closing_count; i++) {
        json_t *row = json_closing(&from->closings[i]);
        for (size_t k = 0; k < from->meaning_count; k++)
            if (strcmp(from->meanings[k].period, from->closings[i].period) == 0)
                set_meaning(row, &from->meanings[k]);
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *moves_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->move_count; i++) {
        const struct suivi_move *move = &from->moves[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "difference", json_number(move->difference, from->figure.decimals));
        json_object_set_new(row, "at", json_time(move->at));
        json_set_text(row, "source", move->source);
        json_set_text(row, "what", move->what);
    }
    return list;
}

static json_t *operands_of(const struct suivi_explanation *from) {
    json_t *list = json_array();
    for (size_t i = 0; i < from->operand_count; i++) {
        const struct suivi_operand *operand = &from->operands[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "indicator", json_text(operand->indicator));
        json_object_set_new(row, "label", json_text(operand->label));
        json_set_figure(row, &operand->figure);
    }
    return list;
}

static json_t *remarks_of(const struct suivi_explanation *from) {
    static const char *const names[] = {
        [SUIVI_METHOD] = "method", [SUIVI_BREAK] = "break", [SUIVI_EVENT] = "event"};
    json_t *list = json_array();
    for (size_t i = 0; i < from->remark_count; i++) {
        const struct suivi_remark_row *remark = &from->remarks[i];
        json_t *row = new_row(list);
        json_object_set_new(row, "remark", json_string(names[remark->remark]));
        json_object_set_new(row, "title", json_text(remark->title));
        json_object_set_new(row, "note", json_text(remark->note));
        json_object_set_new(row, "source", json_text(remark->source));
        json_object_set_new(row, "dims", json_dims(remark->dims, remark->dim_count));
        json_set_text(row, "first", remark->first);
        json_set_text(row, "last", remark->last);
        json_object_set_new(row, "days", json_integer(remark->days));
    }
    return list;
}

/* --- all of it --- */

void explain_json_write(FILE *stream, const struct suivi_explanation *explanation,
                        const struct explain_asked *asked) {
    const struct suivi_indicator *indicator = &explanation->indicator;
    json_t *object = json_new();
    json_object_set_new(object, "indicator", json_text(indicator->id));
    json_set_text(object, "code", indicator->code);
    json_object_set_new(object, "kind", json_text(indicator->kind));
    json_object_set_new(object, "label", json_text(indicator->label));
    json_set_text(object, "unit", indicator->unit);
    if (explanation->gone)
        json_object_set_new(object, "gone", json_true());
    json_object_set_new(object, "period", json_text(explanation->figure.period));
    json_object_set_new(object, "dims", json_dims(asked->where, asked->where_count));
    json_set_figure(object, &explanation->figure);
    json_set_text(object, "definition", explanation->definition);
    json_set_text(object, "method", explanation->method);
    json_set_text(object, "method_version", explanation->method_version);
    if (explanation->version_count > 0)
        json_set_text(object, "version", explanation->versions[explain_version_of(explanation)].version);
    json_set_text(object, "fed_by", explanation->fed_by);
    json_object_set_new(object, "sources", sources_of(explanation));
    json_object_set_new(object, "entries", entries_of(explanation, asked->full));
    json_object_set_new(object, "remarks", remarks_of(explanation));
    json_object_set_new(object, "refused", refusals_of(explanation));
    json_object_set_new(object, "withdrawn", withdrawals_of(explanation));
    json_object_set_new(object, "versions", versions_of(explanation));
    json_object_set_new(object, "closings", closings_of(explanation));
    json_object_set_new(object, "moves", moves_of(explanation));
    json_object_set_new(object, "operands", operands_of(explanation));
    json_object_set_new(object, "more", json_integer((json_int_t)explanation->more));
    json_dumpf(object, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(JSON_DIGITS));
    fputc('\n', stream);
    json_decref(object);
}
