#include "clients/weblog/line_json.h"

#include <limits.h>
#include <stdlib.h>

#include <jansson.h>

#include "proto/check.h"

#define LINE_JSON_MAGIC 0x4c4a534f

struct line_json {
    unsigned magic;
    json_t *object; /* owns the strings of the last line */
    char *request;  /* one that was made from a path */
};

void line_json_new(struct line_json **out) {
    struct line_json *json = mem_zeroed(1, sizeof(*json));
    json->magic = LINE_JSON_MAGIC;
    *out = json;
}

static void forget(struct line_json *json) {
    json_decref(json->object);
    json->object = NULL;
    free(json->request);
    json->request = NULL;
}

void line_json_destroy(struct line_json **json) {
    if (*json == NULL)
        return;
    OBJ_CHECK(*json, LINE_JSON_MAGIC);
    forget(*json);
    (*json)->magic = 0;
    free(*json);
    *json = NULL;
}

static bool holds_something(const json_t *value) {
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return json_number_value(value) < 0 || json_number_value(value) > 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    case JSON_TRUE:
        return true;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return false;
}

/* NULL when none of the names, which end with NULL, holds something. */
static const json_t *first_of(const json_t *object, const char *const *names) {
    for (; *names != NULL; names++) {
        const json_t *value = json_object_get(object, *names);
        if (holds_something(value))
            return value;
    }
    return NULL;
}

/* Absent is an empty string; false when what is there is no string. */
static bool text_of(const json_t *value, struct str *out) {
    if (value == NULL) {
        *out = STR("");
        return true;
    }
    if (!json_is_string(value))
        return false;
    *out = (struct str){json_string_value(value), json_string_length(value)};
    return true;
}

static bool time_of(const json_t *object, struct logtime *times, struct str *text, int64_t *at) {
    static const char *const iso_names[] = {"date", "time_iso8601", NULL};
    static const char *const clf_names[] = {"time", "time_local", NULL};
    struct str iso, clf;
    if (!text_of(first_of(object, iso_names), &iso))
        return false;
    if (logtime_iso(iso, at)) {
        *text = iso;
        return true;
    }
    if (!text_of(first_of(object, clf_names), &clf) || !logtime_clf_text(times, clf, at))
        return false;
    *text = clf;
    return true;
}

static int clamp(double number) {
    if (number >= INT_MAX)
        return INT_MAX;
    return number <= INT_MIN ? INT_MIN : (int)number;
}

static bool status_of(const json_t *object, int *status) {
    const json_t *value = json_object_get(object, "status");
    if (!holds_something(value))
        value = json_object_get(object, "response");
    if (json_is_number(value)) {
        *status = clamp(json_number_value(value));
        return true;
    }
    struct str text;
    if (value == NULL || !text_of(value, &text) || text.len == 0)
        return false;
    double number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        number = number * 10 + (text.at[i] - '0');
    }
    *status = clamp(number);
    return true;
}

static bool request_of(struct line_json *json, struct str *request) {
    static const char *const names[] = {"request", NULL};
    if (!text_of(first_of(json->object, names), request))
        return false;
    if (request->len > 0)
        return true;
    const json_t *path = json_object_get(json->object, "path");
    struct str text;
    if (path == NULL || !text_of(path, &text))
        return false;
    static const char before[] = "GET ", after[] = " HTTP/1.1";
    request->len = text.len + strlen(before) + strlen(after);
    json->request = mem_zeroed(request->len, 1);
    memcpy(json->request, before, strlen(before));
    memcpy(json->request + strlen(before), text.at, text.len);
    memcpy(json->request + strlen(before) + text.len, after, strlen(after));
    request->at = json->request;
    return true;
}

bool line_json_parse(struct line_json *json, struct str text, struct logtime *times, struct line *out) {
    OBJ_CHECK(json, LINE_JSON_MAGIC);
    static const char *const address_names[] = {"ip", "remote_addr", "remote_ip", NULL};
    static const char *const agent_names[] = {"user_agent", "http_user_agent", "agent", NULL};
    static const char *const referrer_names[] = {"referer", "http_referer", "referrer", NULL};
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    forget(json);
    if (text.len >= 3 && memcmp(text.at, byte_order_mark, 3) == 0)
        text = (struct str){text.at + 3, text.len - 3};
    /* As reals, because an integer of more than 64 bits in some other field is no reason to lose the line. */
    json->object = json_loadb(text.at, text.len, JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    if (!json_is_object(json->object))
        return false;
    struct line line = {.has_agent = true};
    if (!time_of(json->object, times, &line.time, &line.at) || !status_of(json->object, &line.status) ||
        !text_of(first_of(json->object, address_names), &line.address) || line.address.len == 0 ||
        !request_of(json, &line.request) || !text_of(first_of(json->object, agent_names), &line.agent))
        return false;
    text_of(first_of(json->object, referrer_names), &line.referrer);
    line.rest_is_stamp = json_is_string(json_object_get(json->object, "stamp")) &&
                         text_of(json_object_get(json->object, "stamp"), &line.rest);
    *out = line;
    return true;
}
