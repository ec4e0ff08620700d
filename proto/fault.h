/* Why something failed, as one sentence for a person: what, where, and what to do. The code says it to the
 * program. A callee describes; the caller decides whether, where and how loudly it is said. */
#ifndef SUIVI_PROTO_FAULT_H
#define SUIVI_PROTO_FAULT_H

#define FAULT_TEXT_MAX 512

struct fault {
    char text[FAULT_TEXT_MAX];
};

/* Fills `why` (may be NULL) and returns `code`, a negative errno: `return fault_set(why, -EINVAL, "...")`.
 * Control characters and bytes that are not UTF-8 are shown as '?', so that a peer's bytes never reach a
 * terminal raw. */
int fault_set(struct fault *why, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
