#include "clients/statsd/sample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define NUMBER_BYTES_MAX 64

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Most numbers are a few digits. */
static bool read_short(struct str text, double *out) {
    size_t i = text.len > 0 && (text.at[0] == '-' || text.at[0] == '+');
    if (i == text.len || text.len > 15)
        return false;
    int64_t number = 0;
    for (; i < text.len; i++) {
        if (!is_digit(text.at[i]))
            return false;
        number = number * 10 + (text.at[i] - '0');
    }
    *out = (double)(text.at[0] == '-' ? -number : number);
    return true;
}

/* strtod also takes hexadecimal, "inf" and "nan", and white space before. */
static bool read_number(struct str text, double *out) {
    if (read_short(text, out))
        return true;
    char copy[NUMBER_BYTES_MAX], *end;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i]) && memchr("+-.eE", text.at[i], 5) == NULL)
            return false;
        copy[i] = text.at[i];
    }
    copy[text.len] = '\0';
    errno = 0;
    *out = strtod(copy, &end);
    return end == copy + text.len && isfinite(*out);
}

/* Up to the next `mark`, which is taken off, too. */
static struct str cut(struct str *rest, char mark) {
    const char *found = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;
    struct str part = {rest->at, found ? (size_t)(found - rest->at) : rest->len};
    size_t used = part.len + (found != NULL);
    *rest = (struct str){rest->at + used, rest->len - used};
    return part;
}

static bool read_type(struct str text, enum sample_type *out) {
    static const struct {
        struct str name;
        enum sample_type type;
    } types[] = {
        {{"c", 1}, SAMPLE_COUNTER}, {{"g", 1}, SAMPLE_GAUGE},  {{"s", 1}, SAMPLE_SET},
        {{"ms", 2}, SAMPLE_TIMER},  {{"h", 1}, SAMPLE_TIMER},  {{"d", 1}, SAMPLE_TIMER},
        {{"m", 1}, SAMPLE_TIMER},   {{"kv", 2}, SAMPLE_TIMER},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal(text, types[i].name)) {
            *out = types[i].type;
            return true;
        }
    return false;
}

static bool read_rate(struct str text, double *out) {
    return read_number(text, out) && *out > 0 && *out <= 1;
}

static bool read_time(struct sample *sample, struct str text) {
    double at;
    if (!read_short(text, &at) || at < 0)
        return false;
    sample->has_at = true;
    sample->at = (int64_t)at;
    return true;
}

static bool begins(struct str text, struct str with) {
    return text.len >= with.len && memcmp(text.at, with.at, with.len) == 0;
}

static bool read_field(struct sample *sample, struct str field, double *rate) {
    if (field.len == 0)
        return false;
    struct str rest = {field.at + 1, field.len - 1};
    switch (field.at[0]) {
    case '@':
        return read_rate(rest, rate);
    case '#':
        sample->tags = rest;
        return rest.len > 0;
    case 'T':
        return read_time(sample, rest);
    default:
        return begins(field, STR("c:")) || begins(field, STR("e:")) || begins(field, STR("card:"));
    }
}

static bool read_value(struct sample *sample, struct str value) {
    if (sample->type == SAMPLE_SET) {
        sample->text = value;
        return value.len > 0 && value.len <= SAMPLE_TEXT_MAX;
    }
    sample->relative =
        sample->type == SAMPLE_GAUGE && value.len > 0 && (value.at[0] == '+' || value.at[0] == '-');
    return read_number(value, &sample->value) && (sample->type != SAMPLE_TIMER || sample->value >= 0);
}

static bool good_name(struct str name) {
    if (name.len == 0 || name.len > SAMPLE_NAME_MAX || (unsigned char)name.at[0] <= ' ')
        return false;
    return memchr(name.at, '|', name.len) == NULL && memchr(name.at, '@', name.len) == NULL &&
           memchr(name.at, '\0', name.len) == NULL;
}

bool sample_read(struct sample *out, struct str line) {
    struct sample sample = {.tags = STR(""), .text = STR("")};
    double rate = 1;
    if (line.len > SAMPLE_BYTES_MAX)
        return false;
    sample.name = cut(&line, ':');
    if (!good_name(sample.name) || line.len == 0)
        return false;
    struct str value = cut(&line, '|'), type = cut(&line, '|');
    bool more =
        line.len > 0 || type.at + type.len < line.at; /* also an empty field at the end, which is wrong */
    if (!read_type(type, &sample.type) || !read_value(&sample, value))
        return false;
    while (more) {
        struct str field = cut(&line, '|');
        more = field.at + field.len < line.at;
        if (!read_field(&sample, field, &rate))
            return false;
    }
    if (sample.type == SAMPLE_COUNTER)
        sample.value /= rate;
    *out = sample;
    return isfinite(sample.value);
}

bool sample_tag(struct str tags, struct str name, struct str *value) {
    while (tags.len > 0) {
        struct str tag = cut(&tags, ','), key = cut(&tag, ':');
        if (str_equal(key, name)) {
            *value = tag;
            return true;
        }
    }
    return false;
}
