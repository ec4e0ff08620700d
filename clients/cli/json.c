#include "clients/cli/json.h"

#include <stdlib.h>
#include <string.h>

#include "clients/cli/answer.h"
#include "clients/cli/print.h"
#include "clients/cli/words.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"

json_t *json_new(void) {
    json_t *object = json_object();
    ASSERT(object);
    return object;
}

json_t *json_number(int64_t value, unsigned decimals) {
    char text[PRINT_NUMBER];
    if (decimals == 0)
        return json_integer(value);
    return json_real(strtod(print_plain_value(value, decimals, text), NULL));
}

json_t *json_text(const char *text) {
    json_t *plain = json_string(text);
    if (plain)
        return plain;
    char *clean = terminal_clean(mem_string(text, strlen(text)));
    plain = json_string(clean);
    free(clean);
    return plain;
}

json_t *json_time(int64_t at) {
    char text[WORDS_MAX];
    return words_iso(at, text)[0] ? json_string(text) : json_null();
}

json_t *json_dims(const struct suivi_dim *dims, size_t count) {
    json_t *object = json_new();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, dims[i].name, json_text(dims[i].value));
    return object;
}

json_t *json_closing(const struct suivi_closing *closing) {
    json_t *object = json_new();
    json_object_set_new(object, "period", json_text(closing->period));
    json_object_set_new(object, "closed", json_time(closing->at));
    json_object_set_new(object, "figures", json_integer((json_int_t)closing->figures));
    json_object_set_new(object, "sha256", json_text(closing->digest));
    json_object_set_new(object, "vintage", json_integer(closing->vintage));
    json_set_text(object, "note", closing->note);
    return object;
}

void json_set_text(json_t *object, const char *key, const char *text) {
    if (text && text[0] != '\0')
        json_object_set_new(object, key, json_text(text));
}

void json_set_figure(json_t *object, const struct suivi_figure *figure) {
    bool has_value = figure->state == SUIVI_VALUE;
    json_object_set_new(object, "value",
                        has_value ? json_number(figure->value, figure->decimals) : json_null());
    json_set_text(object, "note", figure->note);
    json_set_text(object, "state", answer_state_name(figure->state));
    if (figure->has_reported)
        json_object_set_new(object, "reported", json_number(figure->reported, figure->decimals));
    if (figure->has_target)
        json_object_set_new(object, "target", json_number(figure->target, figure->decimals));
    if (figure->days > 0) {
        json_object_set_new(object, "heard", json_integer(figure->heard));
        json_object_set_new(object, "days", json_integer(figure->days));
    }
    if (figure->has_on_time)
        json_object_set_new(object, "on_time", json_integer(figure->on_time));
}

void json_put_row(FILE *stream, size_t count, json_t *object) {
    fputs(count == 0 ? "[\n " : ",\n ", stream);
    json_dumpf(object, stream, JSON_COMPACT | JSON_REAL_PRECISION(JSON_DIGITS));
    json_decref(object);
}

void json_put_end(FILE *stream, size_t count) {
    fputs(count > 0 ? "\n]\n" : "[]\n", stream);
}
