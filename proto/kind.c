#include "proto/kind.h"

#include <errno.h>

#include "proto/check.h"

static const char *const names[] = {
    [KIND_COUNT] = "count",       [KIND_DISTINCT] = "distinct",   [KIND_LEVEL] = "level",
    [KIND_ROSTER] = "roster",     [KIND_STATUS] = "status",       [KIND_MILESTONE] = "milestone",
    [KIND_EVIDENCE] = "evidence", [KIND_NARRATIVE] = "narrative", [KIND_RATIO] = "ratio",
};

int kind_parse(enum kind *out, struct str name, struct fault *why) {
    for (enum kind kind = KIND_COUNT; kind <= KIND_LAST; kind++) {
        if (str_equal(name, str_of(names[kind]))) {
            *out = kind;
            return 0;
        }
    }
    return fault_set(
        why, -EINVAL,
        "\"%.*s\" is no kind of indicator: use count, distinct, level, roster, status, milestone, "
        "evidence, narrative or ratio",
        (int)(name.len < 64 ? name.len : 64), name.at);
}

const char *kind_name(enum kind kind) {
    ASSERT(kind >= KIND_COUNT && kind <= KIND_LAST);
    return names[kind];
}

bool kind_is_entered(enum kind kind) {
    return kind >= KIND_LEVEL && kind <= KIND_NARRATIVE;
}

bool kind_adds_up(enum kind kind) {
    return kind == KIND_COUNT || kind == KIND_MILESTONE || kind == KIND_EVIDENCE || kind == KIND_NARRATIVE;
}

bool kind_carries(enum kind kind) {
    return kind == KIND_LEVEL || kind == KIND_STATUS;
}
