/* A view of bytes that somebody else owns; not terminated, may hold NUL. Borrowed as its owner says. */
#ifndef SUIVI_PROTO_STR_H
#define SUIVI_PROTO_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_ARG(s)   (int)(s).len, (s).at /* for "%.*s" */

static inline struct str str_of(const char *text) {
    return (struct str){text, strlen(text)};
}

static inline bool str_equal(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Bytes in order, the shorter first: <0, 0, >0. */
static inline int str_compare(struct str a, struct str b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.at, b.at, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* For those who own their texts. */
struct str str_copy(struct str text);
void str_free(struct str text);

#endif
