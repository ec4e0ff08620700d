#include "clients/cli/figures_json.h"

#include "clients/cli/json.h"

static json_t *object_of(const struct answer *answer, const struct answer_figure *figure) {
    json_t *dims = json_new(), *object = json_new();
    for (size_t i = 0; i < answer_split_count(answer); i++)
        json_object_set_new(dims, answer_split(answer, i), json_text(figure->dims[i]));
    json_object_set_new(object, "indicator", json_text(figure->indicator));
    json_object_set_new(object, "period", json_text(figure->period));
    json_object_set_new(object, "dims", dims);
    json_set_figure(object, &(struct suivi_figure){
                                .value = figure->value,
                                .note = figure->note,
                                .state = figure->state,
                                .decimals = figure->decimals,
                                .has_reported = figure->has_reported,
                                .reported = figure->reported,
                                .has_target = figure->has_target,
                                .target = figure->target,
                                .heard = figure->heard,
                                .days = figure->days,
                                .has_on_time = figure->has_on_time,
                                .on_time = figure->on_time,
                            });
    return object;
}

void figures_json_write(FILE *stream, struct answer *answer) {
    size_t count = answer_count(answer);
    answer_sort(answer);
    for (size_t i = 0; i < count; i++)
        json_put_row(stream, i, object_of(answer, answer_at(answer, i)));
    json_put_end(stream, count);
}
