#include "clients/lib/lending.h"

_Static_assert((int)SUIVI_VALUE == (int)MESSAGE_STATE_VALUE &&
                   (int)SUIVI_MISSING == (int)MESSAGE_STATE_MISSING &&
                   (int)SUIVI_NOT_DUE == (int)MESSAGE_STATE_NOT_DUE &&
                   (int)SUIVI_WITHHELD == (int)MESSAGE_STATE_WITHHELD,
               "the states have the same numbers");

struct suivi_indicator lending_indicator(struct texts *texts, const struct message_indicator *from) {
    return (struct suivi_indicator){
        .id = texts_add(texts, from->id),
        .code = texts_add(texts, from->code),
        .kind = texts_add(texts, from->kind),
        .label = texts_add(texts, from->label),
        .note = texts_add(texts, from->note),
        .unit = texts_add(texts, from->unit),
    };
}

struct suivi_figure lending_figure(struct texts *texts, const struct message_figure *from, size_t split_count,
                                   const char **dims) {
    for (size_t i = 0; i < DIMS_MAX; i++)
        dims[i] = i < from->dim_count && i < split_count ? texts_add(texts, from->dim[i]) : "";
    return (struct suivi_figure){
        .indicator = texts_add(texts, from->indicator),
        .period = texts_add(texts, from->period),
        .dims = dims,
        .value = from->value,
        .note = texts_add(texts, from->note),
        .state = (enum suivi_state)from->state,
        .decimals = from->decimals,
        .has_reported = from->has_reported,
        .reported = from->reported,
        .has_target = from->has_target,
        .target = from->target,
        .heard = from->heard,
        .days = from->days,
        .has_on_time = from->has_on_time,
        .on_time = from->on_time,
    };
}

struct suivi_closing lending_closing(struct texts *texts, const struct message_closing_row *from) {
    return (struct suivi_closing){
        .period = texts_add(texts, from->period),
        .digest = texts_add(texts, from->digest),
        .note = texts_add(texts, from->note),
        .at = from->at,
        .figures = from->figures,
        .vintage = from->vintage,
    };
}

void lending_dims(struct texts *texts, const struct dims *from, struct suivi_dim to[static DIMS_MAX]) {
    for (size_t i = 0; i < from->count; i++)
        to[i] = (struct suivi_dim){texts_add(texts, from->dim[i].name), texts_add(texts, from->dim[i].value)};
}
