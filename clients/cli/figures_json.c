#include "clients/cli/figures_json.h"

#include <jansson.h>

#include "proto/check.h"

static json_t *object_of(const struct answer *answer, const struct answer_figure *figure) {
    json_t *dims = json_object(), *object = json_object();
    ASSERT(dims && object);
    for (size_t i = 0; i < answer_split_count(answer); i++)
        json_object_set_new(dims, answer_split(answer, i), json_string(figure->dims[i]));
    json_object_set_new(object, "indicator", json_string(figure->indicator));
    json_object_set_new(object, "period", json_string(figure->period));
    json_object_set_new(object, "dims", dims);
    json_object_set_new(object, "value", json_integer(figure->value));
    if (figure->note[0] != '\0')
        json_object_set_new(object, "note", json_string(figure->note));
    return object;
}

void figures_json_write(FILE *stream, struct answer *answer) {
    size_t count = answer_count(answer);
    answer_sort(answer);
    fputs("[", stream);
    for (size_t i = 0; i < count; i++) {
        json_t *object = object_of(answer, answer_at(answer, i));
        fputs(i == 0 ? "\n " : ",\n ", stream);
        json_dumpf(object, stream, JSON_COMPACT);
        json_decref(object);
    }
    fputs(count > 0 ? "\n]\n" : "]\n", stream);
}
