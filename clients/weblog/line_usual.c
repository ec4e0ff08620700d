#include "clients/weblog/line_usual.h"

#ifdef __SSE2__

#include <emmintrin.h>
#include <string.h>

#define BLOCK        64
#define ADDRESS_MAX  47 /* an IPv6 address has at most 45 */
#define BEFORE_TIME  6  /* ` - - [` */
#define AFTER_TIME   3  /* `] "` */
#define STATUS_LEN   6  /* `" 200 ` */
#define SIZE_MAX_LEN 8

static inline __m128i bytes_at(const char *at) {
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

static inline uint64_t marks_of_16(const char *at) {
    __m128i bytes = bytes_at(at);
    __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(quotes, backslashes));
}

/* Bit i is set where byte i of these 64 is a quote or a backslash. */
static inline uint64_t marks_of_block(const char *at) {
    return marks_of_16(at) | marks_of_16(at + 16) << 16 | marks_of_16(at + 32) << 32 |
           marks_of_16(at + 48) << 48;
}

struct marks {
    const char *at;
    ptrdiff_t len, block; /* bytes; where the present block begins */
    uint64_t bits;        /* of the block, those not yet given out */
};

/* The next quote or backslash; NULL when there is none. At least BLOCK bytes end where the text does, so that a last
 * piece is read together with what stands before it. */
static inline const char *next_mark(struct marks *marks) {
    while (marks->bits == 0) {
        marks->block += BLOCK;
        ptrdiff_t left = marks->len - marks->block;
        if (left >= BLOCK)
            marks->bits = marks_of_block(marks->at + marks->block);
        else if (left > 0)
            marks->bits = marks_of_block(marks->at + marks->len - BLOCK) >> (BLOCK - left);
        else
            return NULL;
    }
    const char *found = marks->at + marks->block + __builtin_ctzll(marks->bits);
    marks->bits &= marks->bits - 1;
    return found;
}

static inline unsigned blanks_of_16(const char *at) {
    __m128i bytes = bytes_at(at);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes));
}

/* The first byte up to a blank, in the first 48. */
static inline unsigned address_length(const char *at) {
    uint64_t blanks =
        blanks_of_16(at) | (uint64_t)blanks_of_16(at + 16) << 16 | (uint64_t)blanks_of_16(at + 32) << 32;
    return blanks ? (unsigned)__builtin_ctzll(blanks) : BLOCK;
}

/* Are these `len` bytes, of which eight can be read, a size in bytes or "-"? */
static inline bool is_size(const char *at, size_t len) {
    uint64_t text;
    if (len == 0 || len > SIZE_MAX_LEN)
        return false;
    memcpy(&text, at, sizeof text);
    text ^= UINT64_C(0x3030303030303030); /* a digit is now 0 to 9 */
    uint64_t other = ((text + UINT64_C(0x7676767676767676)) | text) & UINT64_C(0x8080808080808080);
    return other << (8 * (SIZE_MAX_LEN - len)) == 0 || (len == 1 && *at == '-');
}

static inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline bool read_time(struct logtime *times, const char *text, int64_t *at) {
    return logtime_clf_again(times, text, at) || (logtime_clf_shape(text) && logtime_clf(times, text, at));
}

bool line_usual(struct logtime *times, const char *at, const char *end, struct line *out) {
    if (end - at < ADDRESS_MAX + BEFORE_TIME + LOGTIME_CLF_LENGTH + AFTER_TIME)
        return false;
    unsigned len = address_length(at);
    const char *time = at + len + BEFORE_TIME;
    if (len == 0 || len > ADDRESS_MAX || memcmp(at + len, " - - [", BEFORE_TIME) != 0 ||
        memcmp(time + LOGTIME_CLF_LENGTH, "] \"", AFTER_TIME) != 0 || !read_time(times, time, &out->at))
        return false;
    out->address = (struct str){at, len};
    out->time = (struct str){time, LOGTIME_CLF_LENGTH};

    const char *request = time + LOGTIME_CLF_LENGTH + AFTER_TIME;
    struct marks marks = {.at = request, .len = end - request, .block = -BLOCK};
    const char *quote = next_mark(&marks);
    if (quote == NULL || end - quote < STATUS_LEN + SIZE_MAX_LEN || quote[0] != '"' || quote[1] != ' ' ||
        !is_digit(quote[2]) || !is_digit(quote[3]) || !is_digit(quote[4]) || quote[5] != ' ')
        return false;
    out->request = (struct str){request, (size_t)(quote - request)};
    out->status = (quote[2] - '0') * 100 + (quote[3] - '0') * 10 + (quote[4] - '0');

    const char *size = quote + STATUS_LEN;
    quote = next_mark(&marks);
    if (quote == NULL || quote[0] != '"' || quote[-1] != ' ' || !is_size(size, (size_t)(quote - 1 - size)))
        return false;
    const char *referrer = quote + 1;
    quote = next_mark(&marks);
    if (quote == NULL || end - quote < 3 || quote[0] != '"' || quote[1] != ' ' || quote[2] != '"')
        return false;
    out->referrer = (struct str){referrer, (size_t)(quote - referrer)};
    out->agent.at = quote + 3;
    next_mark(&marks);
    quote = next_mark(&marks);
    if (quote == NULL || quote[0] != '"' || (quote + 1 != end && quote[1] != ' '))
        return false;
    out->agent.len = (size_t)(quote - out->agent.at);
    out->rest = (struct str){quote + 1, (size_t)(end - quote - 1)};
    out->rest_is_stamp = false;
    out->has_agent = true;
    out->open_ended = false;
    return true;
}

#else

bool line_usual(struct logtime *times, const char *at, const char *end, struct line *out) {
    (void)times, (void)at, (void)end, (void)out;
    return false;
}

#endif
