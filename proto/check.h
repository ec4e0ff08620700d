/* Assertions and memory: the two things that end a program on the spot.
 *
 * ASSERT states what only a bug of our own can break; it is never compiled out and never judges a peer, a
 * disk or a configuration. OBJ_CHECK is the first statement of every export that takes an object. */
#ifndef SUIVI_PROTO_CHECK_H
#define SUIVI_PROTO_CHECK_H

#include <stddef.h>

#define ASSERT(cond) ((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__, __func__))

#define OBJ_CHECK(ptr, wanted) ASSERT((ptr) != NULL && (ptr)->magic == (wanted))

_Noreturn void check_failed(const char *cond, const char *file, int line, const char *func);

/* Never return NULL: out of memory is said on stderr and aborts. Sizes that a peer names are bounded before
 * they come here. Caller frees with free(). mem_zeroed clears; mem_resize keeps; count * size is checked. */
void *mem_zeroed(size_t count, size_t size);
void *mem_resize(void *old, size_t count, size_t size);

/* As mem_zeroed, for large tables that are walked at random: in huge pages where the system has them. */
void *mem_table(size_t count, size_t size);
void *mem_pages(size_t bytes); /* the same, not cleared */

void *mem_copy(const void *data, size_t len);
char *mem_string(const char *text, size_t len);

#endif
