#include "clients/cli/copies.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/terminal.h"
#include "proto/check.h"

char *copies_text(const char *text) {
    return text ? mem_string(text, strlen(text)) : mem_string("", 0);
}

char *copies_clean(const char *text) {
    return terminal_clean(copies_text(text));
}

struct suivi_dim *copies_dims(const struct suivi_dim *dims, size_t count) {
    struct suivi_dim *copied = mem_zeroed(count + 1, sizeof *copied);
    for (size_t i = 0; i < count; i++)
        copied[i] = (struct suivi_dim){copies_clean(dims[i].name), copies_clean(dims[i].value)};
    return copied;
}

void copies_drop(const char *text) {
    free((void *)(uintptr_t)text);
}

void copies_drop_dims(const struct suivi_dim *dims, size_t count) {
    for (size_t i = 0; i < count; i++) {
        copies_drop(dims[i].name);
        copies_drop(dims[i].value);
    }
    free((void *)(uintptr_t)dims);
}
