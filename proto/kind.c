#include "proto/kind.h"

#include <errno.h>

#include "proto/check.h"

static const char *const names[] = {
    [KIND_COUNT] = "count",
    [KIND_DISTINCT] = "distinct",
};

int kind_parse(enum kind *out, struct str name, struct fault *why) {
    for (enum kind kind = KIND_COUNT; kind <= KIND_DISTINCT; kind++) {
        if (str_equal(name, str_of(names[kind]))) {
            *out = kind;
            return 0;
        }
    }
    return fault_set(why, -EINVAL, "\"%.*s\" is no kind of indicator: use count or distinct",
                     (int)(name.len < 64 ? name.len : 64), name.at);
}

const char *kind_name(enum kind kind) {
    ASSERT(kind >= KIND_COUNT && kind <= KIND_DISTINCT);
    return names[kind];
}
