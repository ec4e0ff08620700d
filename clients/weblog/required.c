#include "clients/weblog/required.h"

#include <ctype.h>

/* The run of literal bytes being read, and the longest one so far. */
struct reading {
    struct str pattern;
    size_t at;
    char run[REQUIRED_MAX];
    size_t run_len;
    struct required best;
};

static void end_run(struct reading *reading) {
    if (reading->run_len > reading->best.len) {
        memcpy(reading->best.text, reading->run, reading->run_len);
        reading->best.len = reading->run_len;
    }
    reading->run_len = 0;
}

/* Something that is not a literal byte. */
static void break_run(struct reading *reading) {
    end_run(reading);
    reading->best.simple = false;
}

static void add_byte(struct reading *reading, char c) {
    if (reading->run_len == REQUIRED_MAX)
        break_run(reading);
    reading->run[reading->run_len++] = c;
}

static bool left(const struct reading *reading) {
    return reading->at < reading->pattern.len;
}

static char here(const struct reading *reading) {
    return reading->pattern.at[reading->at];
}

/* Reads past a class, from after its '['. */
static bool skip_class(struct reading *reading) {
    if (left(reading) && here(reading) == '^')
        reading->at++;
    if (left(reading) && here(reading) == ']')
        reading->at++;
    while (left(reading)) {
        char c = reading->pattern.at[reading->at++];
        if (c == ']')
            return true;
        if (c == '[' && left(reading) &&
            (here(reading) == ':' || here(reading) == '.' || here(reading) == '='))
            return false;
        if (c == '\\') {
            if (!left(reading) || here(reading) == 'Q' || here(reading) == 'E')
                return false;
            reading->at++;
        }
    }
    return false;
}

/* Reads past a group, from after its '('. What is inside may be one of several branches, so nothing of it is
 * required. */
static bool skip_group(struct reading *reading) {
    size_t depth = 1;
    bool opened = true;
    while (left(reading)) {
        char c = reading->pattern.at[reading->at++];
        if (opened && (c == '?' || c == '*'))
            return false;
        opened = false;
        if (c == '\\') {
            if (!left(reading) || here(reading) == 'Q' || here(reading) == 'E')
                return false;
            reading->at++;
        } else if (c == '[') {
            if (!skip_class(reading))
                return false;
        } else if (c == '(') {
            depth++;
            opened = true;
        } else if (c == ')' && --depth == 0) {
            return true;
        }
    }
    return false;
}

static bool read_escape(struct reading *reading) {
    if (!left(reading))
        return false;
    char c = reading->pattern.at[reading->at++];
    if (!isalnum((unsigned char)c)) {
        add_byte(reading, c);
        return true;
    }
    break_run(reading);
    return strchr("dDsSwWbBAzZG", c) != NULL;
}

/* The rest of "{1,2}"; a brace that is just a brace is beyond us. */
static bool skip_count(struct reading *reading) {
    while (left(reading)) {
        char c = reading->pattern.at[reading->at++];
        if (c == '}')
            return true;
        if (c != ',' && c != ' ' && !isdigit((unsigned char)c))
            return false;
    }
    return false;
}

/* One element; false when it is beyond us. */
static bool read_one(struct reading *reading) {
    char c = reading->pattern.at[reading->at++];
    switch (c) {
    case '\\':
        return read_escape(reading);
    case '[':
        break_run(reading);
        return skip_class(reading);
    case '(':
        break_run(reading);
        return skip_group(reading);
    case '.':
    case '^':
    case '$':
    case '+':
        break_run(reading);
        return true;
    case '?':
    case '*':
    case '{':
        /* What stands before need not be there. */
        if (reading->run_len > 0)
            reading->run_len--;
        break_run(reading);
        return c != '{' || skip_count(reading);
    case '|':
    case ')':
        return false;
    default:
        add_byte(reading, c);
        return true;
    }
}

void required_find(struct str pattern, struct required *out) {
    struct reading reading = {.pattern = pattern, .best.simple = true};
    while (left(&reading)) {
        if (!read_one(&reading)) {
            *out = (struct required){0};
            return;
        }
    }
    end_run(&reading);
    if (reading.best.len == 0)
        reading.best.simple = false;
    *out = reading.best;
}
