#include "clients/listserv/server.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/clock.h"
#include "clients/listserv/records.h"
#include "clients/listserv/rest.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/period.h"

#define LISTS_MAX     100000
#define PAGE          100
#define NAME_MAX_LEN  DIM_VALUE_MAX
#define LANGUAGES_MAX 64
#define TIME_BYTES    8
#define AHEAD_MAX     60 /* seconds; a clock that was put back further is believed */

/* One list as the server tells of it. */
struct told {
    char id[NAME_MAX_LEN + 1], fqdn[NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 1];
    int64_t members;
};

struct language {
    char name[NAME_MAX_LEN + 1];
    int64_t moderated;
};

struct asking {
    const struct server_options *options;
    struct rest *rest;
    struct told *lists;
    size_t count, room;
    struct language languages[LANGUAGES_MAX];
    size_t language_count;
    char **before; /* lists whose members were told by a run before */
    size_t before_count;
    int64_t at;
};

/* --- what the server says --- */

static bool copy_text(const json_t *object, const char *key, char out[static NAME_MAX_LEN + 1]) {
    const json_t *value = json_object_get(object, key);
    size_t len = json_is_string(value) ? json_string_length(value) : 0;
    struct fault reason;
    if (len == 0 || len > NAME_MAX_LEN ||
        dims_check_value((struct str){json_string_value(value), len}, &reason) != 0 ||
        strpbrk(json_string_value(value), "/?#%& ") != NULL)
        return false;
    memcpy(out, json_string_value(value), len + 1);
    return true;
}

static bool copy_number(const json_t *object, const char *key, int64_t *out) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = json_integer_value(value);
    return true;
}

static int misunderstood(const char *what, struct fault *why) {
    return fault_set(why, -EBADMSG, "the list server's answer about %s is not what Mailman 3 answers", what);
}

static int take_page(struct asking *asking, const json_t *page, int64_t *total, size_t *got,
                     struct fault *why) {
    const json_t *entries = json_object_get(page, "entries"); /* not there when it is empty */
    if (!copy_number(page, "total_size", total) || *total > LISTS_MAX)
        return misunderstood("its lists", why);
    *got = json_array_size(entries);
    for (size_t i = 0; i < *got; i++) {
        const json_t *entry = json_array_get(entries, i);
        if (asking->count == LISTS_MAX)
            return misunderstood("its lists", why);
        if (asking->count == asking->room) {
            asking->room = asking->room ? asking->room * 2 : 64;
            asking->lists = mem_resize(asking->lists, asking->room, sizeof *asking->lists);
        }
        struct told *told = &asking->lists[asking->count];
        if (!copy_text(entry, "list_id", told->id) || !copy_text(entry, "fqdn_listname", told->fqdn) ||
            !copy_text(entry, "list_name", told->name) || !copy_number(entry, "member_count", &told->members))
            return misunderstood("a list", why);
        asking->count++;
    }
    return 0;
}

static int ask_lists(struct asking *asking, struct fault *why) {
    int64_t total = 1;
    size_t got = 1;
    for (int page = 1; (int64_t)asking->count < total && got > 0; page++) {
        json_t *answer;
        int rc = rest_get(asking->rest, &answer, why, "lists?count=%d&page=%d", PAGE, page);
        if (rc != 0)
            return rc;
        rc = take_page(asking, answer, &total, &got, why);
        json_decref(answer);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* One attribute of a list's configuration, which as a whole holds a password. */
static int ask_attribute(struct asking *asking, const struct told *list, const char *name, json_t **value,
                         struct fault *why) {
    json_t *answer;
    int rc = rest_get(asking->rest, &answer, why, "lists/%s/config/%s", list->id, name);
    if (rc != 0)
        return rc;
    *value = json_incref(json_object_get(answer, name));
    json_decref(answer);
    return *value != NULL ? 0 : misunderstood(name, why);
}

/* Somebody moderates it: it has moderators, or what members write is held until somebody lets it pass. */
static int ask_moderated(struct asking *asking, const struct told *list, bool *moderated, struct fault *why) {
    json_t *answer, *action;
    int64_t moderators = 0;
    int rc = rest_get(asking->rest, &answer, why, "lists/%s/roster/moderator?count=0&page=1", list->id);
    if (rc != 0)
        return rc;
    bool understood = copy_number(answer, "total_size", &moderators);
    json_decref(answer);
    if (!understood)
        return misunderstood("moderators", why);
    rc = ask_attribute(asking, list, "default_member_action", &action, why);
    if (rc != 0)
        return rc;
    *moderated = moderators > 0 || (json_is_string(action) && strcmp(json_string_value(action), "hold") == 0);
    json_decref(action);
    return 0;
}

/* As the settings say, else as the server does, without the country: pt_BR is pt. */
static int ask_language(struct asking *asking, const struct told *list, char out[static NAME_MAX_LEN + 1],
                        struct fault *why) {
    struct str given = listserv_settings_language(asking->options->settings, list->id);
    if (given.len > 0 && given.len <= NAME_MAX_LEN) {
        memcpy(out, given.at, given.len);
        out[given.len] = '\0';
        return 0;
    }
    json_t *language;
    int rc = ask_attribute(asking, list, "preferred_language", &language, why);
    if (rc != 0)
        return rc;
    const char *text = json_string_value(language);
    size_t len = text != NULL ? strcspn(text, "_-.") : 0;
    if (len > 0 && len <= NAME_MAX_LEN) {
        memcpy(out, text, len);
        out[len] = '\0';
    }
    json_decref(language);
    return len > 0 && len <= NAME_MAX_LEN ? 0 : misunderstood("a language", why);
}

/* --- telling --- */

static int tell(const struct asking *asking, const char *indicator, const struct suivi_dim *dim,
                int64_t value, struct fault *why) {
    const struct server_options *options = asking->options;
    if (options->out == NULL) {
        int rc = suivi_count(options->suivi, indicator, dim, dim != NULL, asking->at, value);
        return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(options->suivi));
    }
    char text[PERIOD_TEXT_MAX];
    int32_t day = 0;
    civil_day_of_time(asking->at, &day);
    const struct period period = {PERIOD_DAY, day, day};
    fprintf(options->out, "%s,%s,\"%s\",%" PRId64 "\n", indicator, period_print(&period, text),
            dim != NULL ? dim->value : "", value);
    return 0;
}

static struct language *language_of(struct asking *asking, const char *name) {
    for (size_t i = 0; i < asking->language_count; i++)
        if (strcmp(asking->languages[i].name, name) == 0)
            return &asking->languages[i];
    if (asking->language_count == LANGUAGES_MAX)
        return NULL;
    struct language *language = &asking->languages[asking->language_count++];
    *language = (struct language){.moderated = 0};
    memcpy(language->name, name, strlen(name) + 1);
    return language;
}

static int recall_language(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    struct asking *asking = arg;
    (void)value, (void)value_len;
    char name[NAME_MAX_LEN + 1];
    size_t len = key_len - 2; /* the kind before it, a zero after it */
    if (key_len < 3 || len > NAME_MAX_LEN)
        return 0;
    memcpy(name, (const char *)key + 1, len);
    name[len] = '\0';
    language_of(asking, name);
    return 0;
}

/* A language that had moderated lists and has none any more is told as zero: else its last number would stand for good. */
static int recall_languages(struct asking *asking, struct fault *why) {
    const char kind = RECORD_SERVER;
    struct suivi *suivi = asking->options->suivi;
    int rc = suivi != NULL ? suivi_scan(suivi, &kind, 1, recall_language, asking) : 0;
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static int tell_languages(struct asking *asking, struct fault *why) {
    struct suivi *suivi = asking->options->suivi;
    int rc = 0;
    for (size_t i = 0; i < asking->language_count && rc == 0; i++) {
        const struct suivi_dim dim = {"language", asking->languages[i].name};
        struct record_key key = record_key_of(RECORD_SERVER, str_of(dim.value), NULL, 0);
        rc = tell(asking, "lists.moderated", &dim, asking->languages[i].moderated, why);
        if (rc == 0 && asking->options->out == NULL && suivi_put(suivi, key.bytes, key.len, "", 0) != 0)
            rc = fault_set(why, -EIO, "%s", suivi_why(suivi));
    }
    return rc;
}

static int recall_list(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    struct asking *asking = arg;
    (void)value, (void)value_len;
    if (key_len < 3)
        return 0;
    asking->before = mem_resize(asking->before, asking->before_count + 1, sizeof *asking->before);
    asking->before[asking->before_count++] = mem_string((const char *)key + 1, key_len - 2);
    return 0;
}

static int recall_lists(struct asking *asking, struct fault *why) {
    const char kind = RECORD_MEMBERS;
    struct suivi *suivi = asking->options->suivi;
    int rc = suivi != NULL ? suivi_scan(suivi, &kind, 1, recall_list, asking) : 0;
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

static int tell_members(struct asking *asking, const char *name, int64_t members, struct fault *why) {
    const struct suivi_dim dim = {"list", name};
    struct record_key key = record_key_of(RECORD_MEMBERS, str_of(name), NULL, 0);
    for (size_t i = 0; i < asking->before_count; i++)
        if (strcmp(asking->before[i], name) == 0)
            *asking->before[i] = '\0';
    int rc = tell(asking, "lists.members", &dim, members, why);
    if (rc == 0 && asking->options->out == NULL &&
        suivi_put(asking->options->suivi, key.bytes, key.len, "", 0) != 0)
        rc = fault_set(why, -EIO, "%s", suivi_why(asking->options->suivi));
    return rc;
}

/* Lists that are gone have no members any more. */
static int tell_gone(struct asking *asking, struct fault *why) {
    int rc = 0;
    for (size_t i = 0; i < asking->before_count && rc == 0; i++) {
        const struct suivi_dim dim = {"list", asking->before[i]};
        if (*dim.value == '\0')
            continue;
        struct record_key key = record_key_of(RECORD_MEMBERS, str_of(dim.value), NULL, 0);
        rc = tell(asking, "lists.members", &dim, 0, why);
        if (rc == 0 && asking->options->out == NULL)
            suivi_delete(asking->options->suivi, key.bytes, key.len);
    }
    return rc;
}

/* By which of its names the settings call it, if they do. */
static const char *known_as(const struct asking *asking, const struct told *list) {
    const struct listserv_content *content = listserv_settings_content(asking->options->settings);
    for (uint32_t i = 0; i < content->archive_count; i++) {
        const char *name = content->archives[i].list;
        if (strcmp(name, list->id) == 0 || strcmp(name, list->fqdn) == 0 || strcmp(name, list->name) == 0)
            return name;
    }
    return NULL;
}

/* Mailman numbers each post that it sent out; the next one's number is what it tells. */
static int compare_posts(struct asking *asking, const struct told *list, const char *name,
                         struct fault *why) {
    const struct server_options *options = asking->options;
    int64_t archived = name != NULL ? options->archived(options->arg, name) : -1;
    if (archived < 0)
        return 0;
    json_t *number;
    int rc = ask_attribute(asking, list, "post_id", &number, why);
    if (rc != 0)
        return rc;
    int64_t numbered = json_is_integer(number) ? json_integer_value(number) - 1 : archived;
    json_decref(number);
    if (numbered > archived) {
        struct fault sentence;
        fault_set(&sentence, -ENODATA,
                  "%s: the list server has sent out %" PRId64 " posts, and the archive holds %" PRId64
                  ": are posts not archived, or is this not all of it?",
                  name, numbered, archived);
        options->say(options->arg, sentence.text);
    }
    return 0;
}

static int count_list(struct asking *asking, const struct told *list, struct fault *why) {
    char language[NAME_MAX_LEN + 1];
    bool moderated = false;
    const char *name = known_as(asking, list);
    int rc = ask_moderated(asking, list, &moderated, why);
    if (rc == 0)
        rc = ask_language(asking, list, language, why);
    if (rc == 0)
        rc = compare_posts(asking, list, name, why);
    if (rc == 0)
        rc = tell_members(asking, name != NULL ? name : list->id, list->members, why);
    if (rc != 0)
        return rc;
    struct language *of = language_of(asking, language);
    if (of == NULL)
        return fault_set(why, -E2BIG, "the lists of the server have more than %d languages", LANGUAGES_MAX);
    of->moderated += moderated;
    return 0;
}

static int ask_all(struct asking *asking, struct fault *why) {
    int rc = recall_languages(asking, why);
    if (rc == 0)
        rc = recall_lists(asking, why);
    if (rc == 0)
        rc = ask_lists(asking, why);
    for (size_t i = 0; i < asking->count && rc == 0; i++)
        rc = count_list(asking, &asking->lists[i], why);
    if (rc == 0)
        rc = tell_gone(asking, why);
    if (rc == 0)
        rc = tell(asking, "lists.number", NULL, (int64_t)asking->count, why);
    return rc == 0 ? tell_languages(asking, why) : rc;
}

/* Of two readings of one second the larger would hold, not the later: each has a second of its own. */
static int set_time(struct asking *asking, struct fault *why) {
    const char name = RECORD_TIME;
    struct suivi *suivi = asking->options->suivi;
    const void *stored;
    size_t len;
    asking->at = clock_unix_us() / 1000000;
    if (suivi == NULL)
        return 0;
    if (suivi_get(suivi, &name, 1, &stored, &len) == 0 && len == TIME_BYTES) {
        int64_t before = (int64_t)record_get_number(stored, TIME_BYTES);
        if (asking->at <= before && before - asking->at < AHEAD_MAX)
            asking->at = before + 1;
    }
    unsigned char value[TIME_BYTES];
    record_put_number(value, sizeof value, (uint64_t)asking->at);
    int rc = asking->options->out == NULL ? suivi_put(suivi, &name, 1, value, sizeof value) : 0;
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(suivi));
}

int server_count(const struct server_options *options, struct fault *why) {
    const struct listserv_content *content = listserv_settings_content(options->settings);
    struct asking asking = {.options = options};
    int rc = set_time(&asking, why);
    if (rc == 0)
        rc = rest_open(&asking.rest, content->server, content->user, content->password_file, why);
    if (rc == 0)
        rc = ask_all(&asking, why);
    rest_close(&asking.rest);
    free(asking.lists);
    for (size_t i = 0; i < asking.before_count; i++)
        free(asking.before[i]);
    free(asking.before);
    if (options->suivi == NULL || options->out != NULL)
        return rc;
    if (rc != 0) {
        suivi_rollback(options->suivi); /* half of it would be figures of half the lists */
        return rc;
    }
    rc = suivi_commit(options->suivi);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(options->suivi));
}
