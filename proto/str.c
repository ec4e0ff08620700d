#include "proto/str.h"

#include <stdint.h>
#include <stdlib.h>

#include "proto/check.h"

struct str str_copy(struct str text) {
    return (struct str){mem_copy(text.at, text.len), text.len};
}

void str_free(struct str text) {
    free((void *)(uintptr_t)text.at);
}
