#include "daemon/answers/reported.h"

#include <errno.h>

#include "daemon/books/definitions.h"

int reported_plan(enum reported_plan *out, struct store_snapshot *snapshot, const struct framework *framework,
                  size_t indicator, const struct closing *closing, struct fault *why) {
    struct str id = framework_indicator_at(framework, indicator)->id;
    struct closing_figure whole;
    struct definition definition;
    int err = closing_find(closing, id, &(struct dims){0}, &whole, why);
    *out = err == -ENOENT ? REPORTED_NEW : REPORTED_SAME;
    if (err)
        return err == -ENOENT ? 0 : err;
    err = definitions_find(snapshot, id, closing->vintage, closing->at, &definition, why);
    if (err == 0 && definition.meaning != framework_meaning(framework, indicator))
        *out = REPORTED_CHANGED;
    return err == -ENOENT ? 0 : err; /* a store from before definitions were written down */
}
