#include "clients/weblog/stamp.h"

#include <string.h>

#include "proto/civil.h"

#define DAY_LEN 10 /* 2018-03-07 */

static bool read_digits(const char *at, size_t count, int *out) {
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *out = *out * 10 + (at[i] - '0');
    }
    return true;
}

/* Exactly what the servers' settings take for a stamp: else they would send one anew while it counts here. */
static bool read_text(struct str text, struct stamp *out) {
    struct stamp stamp = {0};
    if (text.len < DAY_LEN || text.len > DAY_LEN + 1 || text.at[4] != '-' || text.at[7] != '-' ||
        !read_digits(text.at, 4, &stamp.year) || !read_digits(text.at + 5, 2, &stamp.month) ||
        !read_digits(text.at + 8, 2, &stamp.day) || stamp.month < 1 || stamp.month > 12 || stamp.day < 1 ||
        stamp.day > 31)
        return false;
    if (text.len > DAY_LEN)
        stamp.mark = text.at[DAY_LEN];
    if (stamp.mark != 0 && stamp.mark != 'n' && stamp.mark != 'f')
        return false;
    *out = stamp;
    return true;
}

/* The field in quotes that ends the text; no stamp is longer, or has a quote in it. */
static bool last_field(struct str rest, struct str *out) {
    if (rest.len < 3 || rest.at[rest.len - 1] != '"')
        return false;
    size_t begin = rest.len - 1;
    while (begin > 0 && rest.at[begin - 1] != '"' && rest.len - begin <= DAY_LEN + 2)
        begin--;
    if (begin < 2 || rest.at[begin - 1] != '"' || rest.at[begin - 2] != ' ')
        return false;
    *out = (struct str){rest.at + begin, rest.len - 1 - begin};
    return true;
}

enum stamp_field stamp_read(const struct line *line, struct stamp *out) {
    struct str text = line->rest;
    if (!line->rest_is_stamp && !last_field(line->rest, &text))
        return STAMP_ABSENT;
    if (text.len == 0 || str_equal(text, STR("-")))
        return STAMP_NONE;
    return read_text(text, out) ? STAMP_SENT : STAMP_ABSENT;
}

static int compare_days(const struct stamp *stamp, const struct civil *today) {
    if (stamp->year != today->year)
        return stamp->year < today->year ? -1 : 1;
    if (stamp->month != today->month)
        return stamp->month < today->month ? -1 : 1;
    return (stamp->day > today->day) - (stamp->day < today->day);
}

struct stamp_firsts stamp_judge(const struct stamp *stamp, int32_t today) {
    const struct civil now = civil_of_day(today);
    int order = compare_days(stamp, &now);
    int months = (now.year - stamp->year) * 12 + now.month - stamp->month;
    bool same_year = stamp->year == now.year;
    bool is_new = stamp->mark == 'n'; /* nothing was counted of it so far */
    if (order > 0 || (order == 0 && !is_new))
        return (struct stamp_firsts){0};
    return (struct stamp_firsts){
        .day = true,
        .month = is_new || months > 0,
        .quarter = is_new || !same_year || (stamp->month - 1) / 3 != (now.month - 1) / 3,
        .year = is_new || !same_year,
        .returning = order < 0 && (months == 1 || (months == 0 && stamp->mark != 0)),
    };
}
