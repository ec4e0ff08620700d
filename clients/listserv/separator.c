#include "clients/listserv/separator.h"

#include <stddef.h>
#include <strings.h>

#include "proto/civil.h"

#define ZONES_MAX  4
#define YEAR_FIRST 1970
#define YEAR_LAST  2100

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The next word, off the front of `rest`; empty at its end. */
static struct str word(struct str *rest) {
    while (rest->len > 0 && is_blank(*rest->at)) {
        rest->at++;
        rest->len--;
    }
    struct str found = {rest->at, 0};
    while (found.len < rest->len && !is_blank(rest->at[found.len]))
        found.len++;
    rest->at += found.len;
    rest->len -= found.len;
    return found;
}

static bool number(struct str text, int digits_min, int digits_max, int *out) {
    if (text.len < (size_t)digits_min || text.len > (size_t)digits_max)
        return false;
    int value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
        value = value * 10 + (text.at[i] - '0');
    }
    *out = value;
    return true;
}

/* Which of the names, each of three letters, from 1; 0: none. */
static int name_in(struct str text, const char *names) {
    if (text.len != 3)
        return 0;
    for (int i = 0; names[3 * i] != '\0'; i++)
        if (memcmp(names + 3 * i, text.at, 3) == 0)
            return i + 1;
    return 0;
}

static int month_of(struct str text) {
    return name_in(text, "JanFebMarAprMayJunJulAugSepOctNovDec");
}

static bool is_day_name(struct str text) {
    if (text.len == 4 && text.at[3] == ',')
        text.len = 3;
    return name_in(text, "MonTueWedThuFriSatSun") != 0;
}

/* 10:00 or 10:00:00, in seconds of the day; -1: no time, though written like one. */
static bool clock_time(struct str text, int *seconds) {
    int part[3] = {0}, parts = 0;
    size_t begin = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.at[i] != ':')
            continue;
        if (parts == 3 ||
            !number((struct str){text.at + begin, i - begin}, parts == 0 ? 1 : 2, 2, &part[parts]))
            return false;
        parts++;
        begin = i + 1;
    }
    *seconds = part[0] < 24 && part[1] < 60 && part[2] <= 60 ? (part[0] * 60 + part[1]) * 60 + part[2] : -1;
    return parts >= 2;
}

/* Seconds east of UTC, for "+0100"; names of zones are passed over. */
static void zone(struct str text, int *east) {
    int hours_minutes;
    if (text.len == 5 && (*text.at == '+' || *text.at == '-') &&
        number((struct str){text.at + 1, 4}, 4, 4, &hours_minutes))
        *east = (hours_minutes / 100 * 60 + hours_minutes % 100) * (*text.at == '-' ? -60 : 60);
}

struct written {
    int year, month, day, seconds, east;
};

/* Mar  1 10:00:00 +0100 2016: any zones stand before the year, as ctime of some systems has it, or after it. */
static bool read_asctime(struct str rest, struct written *date) {
    int year;
    date->month = month_of(word(&rest));
    if (date->month == 0 || !number(word(&rest), 1, 2, &date->day) ||
        !clock_time(word(&rest), &date->seconds))
        return false;
    for (int i = 0; i <= ZONES_MAX; i++) {
        struct str next = word(&rest);
        if (next.len == 0)
            return false;
        if (number(next, 4, 4, &year)) {
            date->year = year;
            zone(word(&rest), &date->east);
            return true;
        }
        zone(next, &date->east);
    }
    return false;
}

/* 1 Mar 2016 10:00:00 +0100 */
static bool read_header_date(struct str rest, struct written *date) {
    if (!number(word(&rest), 1, 2, &date->day) || (date->month = month_of(word(&rest))) == 0 ||
        !number(word(&rest), 4, 4, &date->year) || !clock_time(word(&rest), &date->seconds))
        return false;
    zone(word(&rest), &date->east);
    return true;
}

static bool read_date(struct str rest, int64_t *at) {
    struct str after_day = rest;
    if (is_day_name(word(&after_day)))
        rest = after_day;
    struct written date = {0};
    if (!read_asctime(rest, &date)) {
        date = (struct written){0};
        if (!read_header_date(rest, &date))
            return false;
    }
    *at = SEPARATOR_NO_DAY;
    if (date.year >= YEAR_FIRST && date.year <= YEAR_LAST && date.seconds >= 0 &&
        civil_valid(date.year, date.month, date.day))
        *at = (int64_t)civil_to_day(date.year, date.month, date.day) * CIVIL_DAY_SECONDS + date.seconds -
              date.east;
    return true;
}

bool separator_parse(struct str line, int64_t *at) {
    while (line.len > 0 && (line.at[line.len - 1] == '\n' || line.at[line.len - 1] == '\r'))
        line.len--;
    if (line.len < 6 || line.len > SEPARATOR_MAX || memcmp(line.at, "From ", 5) != 0 || is_blank(line.at[5]))
        return false;
    struct str rest = {line.at + 5, line.len - 5};
    word(&rest);
    if (read_date(rest, at))
        return true;
    word(&rest); /* "at" */
    return word(&rest).len > 0 && read_date(rest, at);
}
