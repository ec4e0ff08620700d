#include "clients/weblog/logtime.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "proto/civil.h"

/* Each byte of "dd/Mmm/yyyy:hh:mm:ss +zzzz" lies between these two. ',' does too where the sign is: asked
 * apart. */
static const char shape_low[] = "00/Aaa/0000:00:00:00 +0000";
static const char shape_high[] = "99/Zzz/9999:99:99:99 -9999";

enum {
    MONTH_AT = 3,
    YEAR_AT = 7,
    HOUR_AT = 12,
    MINUTE_AT = 15,
    SECOND_AT = 18,
    SIGN_AT = 21,
    OFFSET_HOUR_AT = 22,
    OFFSET_MINUTE_AT = 24,
};

#ifdef __SSE2__
static __m128i outside(const char *text, size_t at) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text + at));
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(shape_low + at));
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(shape_high + at));
    return _mm_or_si128(_mm_subs_epu8(low, bytes), _mm_subs_epu8(bytes, high));
}

bool logtime_clf_shape(const char *text) {
    __m128i wrong = _mm_or_si128(outside(text, 0), outside(text, LOGTIME_CLF_LENGTH - 16));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) == 0xffff && text[SIGN_AT] != ',';
}
#else
bool logtime_clf_shape(const char *text) {
    for (size_t i = 0; i < LOGTIME_CLF_LENGTH; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < (unsigned char)shape_low[i] || c > (unsigned char)shape_high[i])
            return false;
    }
    return text[SIGN_AT] != ',';
}
#endif

static int two_digits(const char *text) {
    return (text[0] - '0') * 10 + (text[1] - '0');
}

static int four_digits(const char *text) {
    return two_digits(text) * 100 + two_digits(text + 2);
}

static int month_number(const char *name) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 1; month <= 12; month++) {
        if (memcmp(name, names + (month - 1) * 3, 3) == 0)
            return month;
    }
    return 0;
}

struct clock {
    int hour, minute, second;
    int offset_hour, offset_minute;
    bool west;
};

static bool moment(int32_t day, const struct clock *clock, int64_t *at) {
    if (clock->hour >= 24 || clock->minute >= 60 || clock->second >= 61)
        return false;
    if (clock->offset_hour >= 24 || clock->offset_minute >= 60)
        return false;
    int offset = (clock->offset_hour * 60 + clock->offset_minute) * 60;
    int seconds = (clock->hour * 60 + clock->minute) * 60 + clock->second;
    int64_t time = (int64_t)day * CIVIL_DAY_SECONDS + seconds - (clock->west ? -offset : offset);
    if (time < (int64_t)CIVIL_DAY_MIN * CIVIL_DAY_SECONDS ||
        time >= ((int64_t)CIVIL_DAY_MAX + 1) * CIVIL_DAY_SECONDS)
        return false;
    *at = time;
    return true;
}

/* Only when the calendar holds the whole hour. */
static void remember_hour(struct logtime *last, const char *text, struct clock *clock) {
    int64_t end;
    clock->minute = clock->second = 59;
    bool whole = moment(last->day, clock, &end);
    clock->minute = clock->second = 0;
    last->hour_known = moment(last->day, clock, &last->hour_at) && whole;
    memcpy(last->hour, text, LOGTIME_CLF_LENGTH);
}

bool logtime_clf(struct logtime *last, const char *text, int64_t *at) {
    if (memcmp(last->date, text, sizeof(last->date)) != 0) {
        int year = four_digits(text + YEAR_AT);
        int month = month_number(text + MONTH_AT);
        int day = two_digits(text);
        if (!civil_valid(year, month, day))
            return false;
        last->day = civil_to_day(year, month, day);
        memcpy(last->date, text, sizeof(last->date));
    }
    struct clock clock = {
        .hour = two_digits(text + HOUR_AT),
        .minute = two_digits(text + MINUTE_AT),
        .second = two_digits(text + SECOND_AT),
        .offset_hour = two_digits(text + OFFSET_HOUR_AT),
        .offset_minute = two_digits(text + OFFSET_MINUTE_AT),
        .west = text[SIGN_AT] == '-',
    };
    if (!moment(last->day, &clock, at))
        return false;
    remember_hour(last, text, &clock);
    return true;
}

bool logtime_clf_again(const struct logtime *last, const char *text, int64_t *at) {
    if (!last->hour_known || memcmp(text, last->hour, MINUTE_AT) != 0 || text[MINUTE_AT + 2] != ':' ||
        memcmp(text + SECOND_AT + 2, last->hour + SECOND_AT + 2, LOGTIME_CLF_LENGTH - SECOND_AT - 2) != 0)
        return false;
    unsigned minute_tens = (unsigned)text[MINUTE_AT] - '0', minute_ones = (unsigned)text[MINUTE_AT + 1] - '0';
    unsigned second_tens = (unsigned)text[SECOND_AT] - '0', second_ones = (unsigned)text[SECOND_AT + 1] - '0';
    if (minute_tens > 5 || minute_ones > 9 || second_tens > 5 || second_ones > 9)
        return false;
    *at = last->hour_at + (minute_tens * 10 + minute_ones) * 60 + second_tens * 10 + second_ones;
    return true;
}

bool logtime_clf_text(struct logtime *last, struct str text, int64_t *at) {
    return text.len == LOGTIME_CLF_LENGTH && logtime_clf_shape(text.at) && logtime_clf(last, text.at, at);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Does `text` begin with this shape, in which '0' stands for any digit? */
static bool begins(struct str text, const char *shape) {
    size_t len = strlen(shape);
    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (shape[i] == '0' ? !is_digit(text.at[i]) : shape[i] != text.at[i])
            return false;
    }
    return true;
}

static bool iso_offset(struct str text, struct clock *clock) {
    if (str_equal(text, STR("Z")))
        return true;
    if (text.len == 0 || (text.at[0] != '+' && text.at[0] != '-'))
        return false;
    struct str digits = {text.at + 1, text.len - 1};
    bool colon = digits.len == 5;
    if (!(colon ? begins(digits, "00:00") : digits.len == 4 && begins(digits, "0000")))
        return false;
    clock->west = text.at[0] == '-';
    clock->offset_hour = two_digits(digits.at);
    clock->offset_minute = two_digits(digits.at + (colon ? 3 : 2));
    return true;
}

bool logtime_iso(struct str text, int64_t *at) {
    if (!begins(text, "0000-00-00T00:00:00"))
        return false;
    int year = four_digits(text.at), month = two_digits(text.at + 5), day = two_digits(text.at + 8);
    struct clock clock = {
        .hour = two_digits(text.at + 11),
        .minute = two_digits(text.at + 14),
        .second = two_digits(text.at + 17),
    };
    size_t end = strlen("0000-00-00T00:00:00");
    if (end + 1 < text.len && text.at[end] == '.' && is_digit(text.at[end + 1])) {
        end++;
        while (end < text.len && is_digit(text.at[end]))
            end++;
    }
    if (!iso_offset((struct str){text.at + end, text.len - end}, &clock) || !civil_valid(year, month, day))
        return false;
    return moment(civil_to_day(year, month, day), &clock, at);
}

int logtime_offset(struct str text) {
    if (text.len < 6 || text.at[text.len - 1] == 'Z')
        return 0;
    bool colon = text.at[text.len - 3] == ':';
    const char *digits = text.at + text.len - (colon ? 5 : 4);
    int seconds = (two_digits(digits) * 60 + two_digits(digits + (colon ? 3 : 2))) * 60;
    return digits[-1] == '-' ? -seconds : seconds;
}
