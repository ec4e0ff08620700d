#include "daemon/answers/gone.h"

#include <errno.h>

static int note_figure(void *arg, const struct closing_figure *figure) {
    bool *any = arg;
    (void)figure;
    *any = true;
    return 0;
}

int gone_periods(const struct closings *closings, struct str indicator, struct words *words,
                 struct fault *why) {
    char text[PERIOD_TEXT_MAX];
    for (size_t i = 0; i < closings_count(closings); i++) {
        const struct closing *closing = closings_at(closings, i);
        bool has = false;
        int err = closing_each_figure(closing, indicator, note_figure, &has, why);
        if (err)
            return err;
        if (has)
            words_add(words, "%s%s", *words->text ? ", " : "", period_print(&closing->period, text));
    }
    return 0;
}

int gone_refuse(struct str indicator, const struct words *periods, struct fault *why) {
    return fault_set(
        why, -EINVAL,
        "the plan has no more indicator \"%.*s\": it can be told as it was reported, in all and by "
        "all its dimensions, for %.300s",
        STR_ARG(indicator), periods->text);
}
