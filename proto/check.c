#include "proto/check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

_Noreturn void check_failed(const char *cond, const char *file, int line, const char *func) {
    fprintf(stderr, "%s:%d: %s: this should not happen: %s\n", file, line, func, cond);
    abort();
}

static _Noreturn void out_of_memory(size_t count, size_t size) {
    fprintf(stderr, "out of memory: %zu times %zu bytes were asked for\n", count, size);
    abort();
}

void *mem_zeroed(size_t count, size_t size) {
    void *data = count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size);
    if (data == NULL)
        out_of_memory(count, size);
    return data;
}

#define HUGE_PAGE ((size_t)2 << 20)

void *mem_pages(size_t bytes) {
    if (bytes < HUGE_PAGE)
        return mem_resize(NULL, bytes, 1);
    if (bytes > SIZE_MAX - HUGE_PAGE)
        out_of_memory(bytes, 1);
    bytes = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *data = aligned_alloc(HUGE_PAGE, bytes);
    if (data == NULL)
        out_of_memory(bytes, 1);
    (void)madvise(data, bytes, MADV_HUGEPAGE);
    return data;
}

void *mem_table(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(count, size);
    return bytes < HUGE_PAGE ? mem_zeroed(count, size) : memset(mem_pages(bytes), 0, bytes);
}

void *mem_resize(void *old, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(count, size);
    void *data = realloc(old, bytes == 0 ? 1 : bytes);
    if (data == NULL)
        out_of_memory(count, size);
    return data;
}

void *mem_copy(const void *data, size_t len) {
    void *copy = mem_resize(NULL, len, 1);
    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

char *mem_string(const char *text, size_t len) {
    if (len == SIZE_MAX)
        out_of_memory(len, 1);
    char *copy = mem_resize(NULL, len + 1, 1);
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
