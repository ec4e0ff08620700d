#include "proto/dims.h"

#include <errno.h>

#include "proto/check.h"
#include "proto/utf8.h"

#define SHOWN_MAX 64 /* bytes of a bad text that a sentence repeats */

static int shown(struct str text) {
    return (int)(text.len < SHOWN_MAX ? text.len : SHOWN_MAX);
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static bool is_word(char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int dims_check_name(struct str name, struct fault *why) {
    bool good = name.len >= 1 && name.len <= DIM_NAME_MAX && is_lower(name.at[0]);
    for (size_t i = 1; good && i < name.len; i++)
        good = is_word(name.at[i]);
    if (good)
        return 0;
    return fault_set(
        why, -EINVAL,
        "\"%.*s\" is no name for a dimension: use a letter a-z, then a-z, 0-9, _ and -, at most %d bytes",
        shown(name), name.at, DIM_NAME_MAX);
}

int dims_check_value(struct str value, struct fault *why) {
    if (value.len < 1)
        return fault_set(why, -EINVAL, "the text is empty: give at least one character");
    if (value.len > DIM_VALUE_MAX)
        return fault_set(why, -EINVAL, "\"%.*s...\" has %zu bytes: at most %d are allowed", shown(value),
                         value.at, value.len, DIM_VALUE_MAX);
    for (struct str rest = value; rest.len > 0;) {
        if (rest.at[0] >= ' ' && rest.at[0] <= '~') { /* as nearly all are */
            rest.at++;
            rest.len--;
            continue;
        }
        size_t step = utf8_step(rest);
        if (step == 0)
            return fault_set(why, -EINVAL, "\"%.*s\" is not UTF-8: convert it", shown(value), value.at);
        if (utf8_is_control(rest))
            return fault_set(why, -EINVAL, "\"%.*s\" has a control character: take it out", shown(value),
                             value.at);
        rest.at += step;
        rest.len -= step;
    }
    return 0;
}

int dims_check_indicator(struct str id, struct fault *why) {
    bool good = id.len >= 1 && id.len <= INDICATOR_ID_MAX;
    bool in_word = false;
    for (size_t i = 0; good && i < id.len; i++) {
        good = is_word(id.at[i]) || (id.at[i] == '.' && in_word);
        in_word = id.at[i] != '.';
    }
    if (good && in_word)
        return 0;
    return fault_set(
        why, -EINVAL,
        "\"%.*s\" is no indicator id: use words of a-z, 0-9, _ and - joined by dots, at most %d bytes",
        shown(id), id.at, INDICATOR_ID_MAX);
}

int dims_add(struct dims *dims, struct str name, struct str value, struct fault *why) {
    ASSERT(dims->count <= DIMS_MAX);
    struct fault cause;
    if (dims_check_name(name, why) != 0)
        return -EINVAL;
    if (dims_check_value(value, &cause) != 0)
        return fault_set(why, -EINVAL, "dimension %.*s: %s", STR_ARG(name), cause.text);
    size_t place = dims->count;
    for (; place > 0; place--) {
        int order = str_compare(dims->dim[place - 1].name, name);
        if (order == 0)
            return fault_set(why, -EEXIST, "dimension %.*s is given twice: give it once", STR_ARG(name));
        if (order < 0)
            break;
    }
    if (dims->count == DIMS_MAX)
        return fault_set(why, -E2BIG, "dimension %.*s is one too many: a series has at most %d",
                         STR_ARG(name), DIMS_MAX);
    memmove(&dims->dim[place + 1], &dims->dim[place], (dims->count - place) * sizeof dims->dim[0]);
    dims->dim[place] = (struct dim){name, value};
    dims->count++;
    return 0;
}

struct str dims_get(const struct dims *dims, struct str name) {
    for (size_t i = 0; i < dims->count; i++) {
        if (str_equal(dims->dim[i].name, name))
            return dims->dim[i].value;
    }
    return (struct str){"", 0};
}

bool dims_equal(const struct dims *a, const struct dims *b) {
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!str_equal(a->dim[i].name, b->dim[i].name) || !str_equal(a->dim[i].value, b->dim[i].value))
            return false;
    }
    return true;
}

static char *put(char *at, struct str text) {
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    at[text.len] = '\0';
    return at + text.len + 1;
}

size_t dims_series_key(struct str indicator, const struct dims *dims, char out[static SERIES_KEY_MAX]) {
    ASSERT(indicator.len <= INDICATOR_ID_MAX && dims->count <= DIMS_MAX);
    char *at = put(out, indicator);
    for (size_t i = 0; i < dims->count; i++) {
        ASSERT(dims->dim[i].name.len <= DIM_NAME_MAX && dims->dim[i].value.len <= DIM_VALUE_MAX);
        at = put(at, dims->dim[i].name);
        at = put(at, dims->dim[i].value);
    }
    return (size_t)(at - out);
}

/* The text up to the next NUL, which is passed over too; false when there is none. */
static bool take(struct str *rest, struct str *text) {
    const char *nul = rest->len > 0 ? memchr(rest->at, '\0', rest->len) : NULL;
    if (nul == NULL)
        return false;
    *text = (struct str){rest->at, (size_t)(nul - rest->at)};
    *rest = (struct str){nul + 1, rest->len - text->len - 1};
    return true;
}

int dims_series_parse(struct str key, struct str *indicator, struct dims *dims) {
    struct str id;
    struct dims read = {0};
    if (!take(&key, &id) || dims_check_indicator(id, NULL) != 0)
        return -EINVAL;
    while (key.len > 0) {
        struct str name, value;
        if (!take(&key, &name) || !take(&key, &value) || dims_add(&read, name, value, NULL) != 0)
            return -EINVAL;
        /* Another order would be a second key for the same series. */
        if (read.dim[read.count - 1].name.at != name.at)
            return -EINVAL;
    }
    *indicator = id;
    *dims = read;
    return 0;
}
