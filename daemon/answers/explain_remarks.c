/* How a figure was counted, and what else was remarked of its days. */
#include "daemon/answers/explain_priv.h"
#include "daemon/books/remarks.h"

static int write_remark(struct explaining *explaining, const struct remark *remark) {
    char first[PERIOD_TEXT_MAX], last[PERIOD_TEXT_MAX];
    struct message_remark_row row = {.remark = remark->remark,
                                     .dims = remark->about,
                                     .first = str_of(period_print_day(remark->first, first)),
                                     .last = str_of(period_print_day(remark->last, last)),
                                     .days = remark->days,
                                     .title = remark->title,
                                     .note = remark->note};
    int err = explain_source(explaining, remark->source, &row.source);
    if (err == 0 && explain_room(explaining, MESSAGE_LIST_REMARKS))
        message_write_remark(explaining->list[MESSAGE_LIST_REMARKS], &row);
    return err;
}

int explain_remarks(struct explaining *explaining) {
    const struct framework_indicator *indicator = explaining->indicator;
    const struct remarks_scope scope = {.snapshot = explaining->snapshot,
                                        .catalogue = explaining->catalogue,
                                        .withdrawals = explaining->withdrawals,
                                        .where = &explaining->question->where,
                                        .first = explaining->period.first,
                                        .last = explaining->period.last};
    bool ratio = indicator->kind == KIND_RATIO;
    struct remarks remarks = {0};
    int err =
        remarks_add(&remarks, &scope, ratio ? indicator->numerator : explaining->index, explaining->why);
    if (err == 0 && ratio)
        err = remarks_add(&remarks, &scope, indicator->denominator, explaining->why);
    remarks_sort(&remarks);
    for (size_t i = 0; i < remarks.count && err == 0; i++)
        err = write_remark(explaining, &remarks.run[i]);
    explaining->more += remarks.dropped;
    remarks_clear(&remarks);
    return err;
}
