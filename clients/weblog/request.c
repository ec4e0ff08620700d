#include "clients/weblog/request.h"

#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A file name's extension as a number, so that a switch can tell them apart. */
#define EXT5(a, b, c, d, e)                                                                                  \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | (uint64_t)(e) << 32)
#define EXT4(a, b, c, d) EXT5(a, b, c, d, 0)
#define EXT3(a, b, c)    EXT5(a, b, c, 0, 0)
#define EXT2(a, b)       EXT5(a, b, 0, 0, 0)

#define EXTENSION_MAX 5

/* In lower case, without its dot; 0 when there is none or a longer one than any we know. */
static uint64_t extension(struct str path) {
    uint64_t number = 0;
    for (size_t i = 1; i <= EXTENSION_MAX + 1 && i <= path.len; i++) {
        char c = path.at[path.len - i];
        if (c == '.')
            return number;
        if (c == '\0')
            return 0;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        number = number << 8 | (unsigned char)c;
    }
    return 0;
}

static enum request_class class_of_extension(uint64_t number) {
    switch (number) {
    case EXT3('p', 'd', 'f'):
    case EXT3('d', 'o', 'c'):
    case EXT4('d', 'o', 'c', 'x'):
    case EXT3('o', 'd', 't'):
    case EXT3('r', 't', 'f'):
    case EXT3('x', 'l', 's'):
    case EXT4('x', 'l', 's', 'x'):
    case EXT3('o', 'd', 's'):
    case EXT3('c', 's', 'v'):
    case EXT3('p', 'p', 't'):
    case EXT4('p', 'p', 't', 'x'):
    case EXT3('o', 'd', 'p'):
    case EXT4('e', 'p', 'u', 'b'):
    case EXT3('z', 'i', 'p'):
    case EXT2('g', 'z'):
    case EXT3('t', 'g', 'z'):
    case EXT3('b', 'z', '2'):
    case EXT2('x', 'z'):
    case EXT2('7', 'z'):
    case EXT3('r', 'a', 'r'):
    case EXT3('m', 'p', '3'):
    case EXT3('o', 'g', 'g'):
    case EXT3('m', '4', 'a'):
    case EXT3('m', 'p', '4'):
    case EXT4('w', 'e', 'b', 'm'):
    case EXT3('m', 'o', 'v'):
    case EXT3('a', 'v', 'i'):
    case EXT3('d', 'e', 'b'):
    case EXT3('r', 'p', 'm'):
    case EXT3('d', 'm', 'g'):
    case EXT3('e', 'x', 'e'):
    case EXT3('i', 's', 'o'):
        return REQUEST_DOWNLOAD;
    case EXT3('c', 's', 's'):
    case EXT2('j', 's'):
    case EXT3('m', 'j', 's'):
    case EXT3('m', 'a', 'p'):
    case EXT3('p', 'n', 'g'):
    case EXT3('j', 'p', 'g'):
    case EXT4('j', 'p', 'e', 'g'):
    case EXT3('g', 'i', 'f'):
    case EXT3('s', 'v', 'g'):
    case EXT4('s', 'v', 'g', 'z'):
    case EXT3('i', 'c', 'o'):
    case EXT3('b', 'm', 'p'):
    case EXT4('w', 'e', 'b', 'p'):
    case EXT4('a', 'v', 'i', 'f'):
    case EXT4('w', 'o', 'f', 'f'):
    case EXT5('w', 'o', 'f', 'f', '2'):
    case EXT3('t', 't', 'f'):
    case EXT3('o', 't', 'f'):
    case EXT3('e', 'o', 't'):
    case EXT3('x', 'm', 'l'):
    case EXT4('j', 's', 'o', 'n'):
    case EXT3('t', 'x', 't'):
    case EXT3('s', 'w', 'f'):
    case EXT5('c', 'l', 'a', 's', 's'):
        return REQUEST_OTHER;
    default:
        return REQUEST_PAGE;
    }
}

/* The first blank, '?' or '#' at or after `at`, or `end`. */
static const char *path_end(const char *at, const char *end) {
#ifdef __SSE2__
    const __m128i blank = _mm_set1_epi8(' '), query = _mm_set1_epi8('?'), fragment = _mm_set1_epi8('#');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i last = _mm_or_si128(_mm_cmpeq_epi8(bytes, query), _mm_cmpeq_epi8(bytes, fragment));
        int found = _mm_movemask_epi8(_mm_or_si128(last, _mm_cmpeq_epi8(bytes, blank)));
        if (found)
            return at + __builtin_ctz((unsigned)found);
    }
#endif
    while (at < end && *at != ' ' && *at != '?' && *at != '#')
        at++;
    return at;
}

enum request_class request_classify(struct str request, int status, struct str *path) {
    static const char get[] = "GET ";
    if ((status != 200 && status != 304) || request.len < strlen(get) ||
        memcmp(request.at, get, strlen(get)) != 0)
        return REQUEST_OTHER;
    struct str word = {request.at + strlen(get), 0};
    word.len = (size_t)(path_end(word.at, request.at + request.len) - word.at);
    *path = word;
    return class_of_extension(extension(word));
}

size_t request_language(struct str path, const struct str *languages, size_t count, size_t otherwise) {
    if (path.len == 0 || path.at[0] != '/')
        return otherwise;
    struct str segment = {path.at + 1, path.len - 1};
    const char *slash = segment.len ? memchr(segment.at, '/', segment.len) : NULL;
    if (slash != NULL)
        segment.len = (size_t)(slash - segment.at);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(segment, languages[i]))
            return i;
    }
    return otherwise;
}
