#include "clients/weblog/robots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <xxhash.h>

#include "clients/weblog/patterns.h"
#include "proto/check.h"
#include "proto/civil.h"

#define ROBOTS_MAGIC   0x524f424f
#define FILE_MAX       (4 << 20)
#define DATE_LENGTH    10
#define VERDICTS_MAX   65536
#define VERDICTS_SLOTS (2 * VERDICTS_MAX)
#define AGENT_MAX      4096       /* longer ones are not remembered */
#define AGENTS_BYTES   (16 << 20) /* of all that are */

/* One remembered agent; length 0: a free slot. */
struct verdict {
    uint64_t hash;
    uint32_t at; /* of its text in `agents` */
    uint16_t len;
    bool robot;
};

struct robots {
    unsigned magic;
    char date[DATE_LENGTH + 1];
    struct patterns *patterns;
    struct verdict *verdicts;
    size_t count;
    char *agents;
    size_t used;
    uint64_t seed; /* whoever sends agents must not be able to choose their slots */
};

/* The caller frees what it got. */
static int read_file(char **out, size_t *len, const char *path, struct fault *why) {
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fault_set(why, -errno, "%s: the robots list cannot be opened: %s", path, strerror(errno));
    char *text = mem_zeroed(FILE_MAX + 1, 1);
    size_t got = fread(text, 1, FILE_MAX + 1, file);
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (failed) {
        free(text);
        return fault_set(why, -failed, "%s: the robots list cannot be read: %s", path, strerror(failed));
    }
    if (got > FILE_MAX) {
        free(text);
        return fault_set(why, -EINVAL, "%s: longer than %d bytes, which no robots list is", path, FILE_MAX);
    }
    *out = text;
    *len = got;
    return 0;
}

static int take_date(struct robots *robots, struct str text, struct fault *why) {
    int year, month, day, end = 0;
    char copy[DATE_LENGTH + 1] = {0};
    if (text.len == DATE_LENGTH) {
        memcpy(copy, text.at, text.len);
        if (sscanf(copy, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && end == DATE_LENGTH &&
            civil_valid(year, month, day)) {
            memcpy(robots->date, copy, sizeof(robots->date));
            return 0;
        }
    }
    return fault_set(why, -EINVAL, "\"%.*s\" is no date; write YYYY-MM-DD",
                     text.len < 20 ? (int)text.len : 20, text.at);
}

static int take_line(struct robots *robots, struct str line, struct fault *why) {
    static const char date[] = "date: ";
    if (line.len == 0 || line.at[0] == '#')
        return 0;
    if (line.len >= strlen(date) && memcmp(line.at, date, strlen(date)) == 0)
        return take_date(robots, (struct str){line.at + strlen(date), line.len - strlen(date)}, why);
    if (line.len < 3 || (line.at[0] != 's' && line.at[0] != 'i') || line.at[1] != ' ')
        return fault_set(why, -EINVAL,
                         "neither \"date: ...\" nor \"s PATTERN\", \"i PATTERN\" or a '#' comment");
    if (robots->date[0] == '\0')
        return fault_set(why, -EINVAL, "a pattern before the list's date; begin with \"date: YYYY-MM-DD\"");
    return patterns_add(robots->patterns, (struct str){line.at + 2, line.len - 2}, line.at[0] == 'i', why);
}

static int take_lines(struct robots *robots, struct str text, const char *path, struct fault *why) {
    for (unsigned number = 1; text.len > 0; number++) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end ? (size_t)(end - text.at) : text.len};
        size_t cut = line.len + (end != NULL);
        text = (struct str){text.at + cut, text.len - cut};
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        struct fault detail;
        if (take_line(robots, line, &detail) != 0)
            return fault_set(why, -EINVAL, "%s:%u: %s", path, number, detail.text);
    }
    if (robots->date[0] == '\0')
        return fault_set(why, -EINVAL, "%s: no line \"date: YYYY-MM-DD\"; is it a robots list?", path);
    return 0;
}

int robots_load(struct robots **out, const char *path, struct fault *why) {
    char *text = NULL;
    size_t len = 0;
    int error = read_file(&text, &len, path, why);
    if (error)
        return error;
    struct robots *robots = mem_zeroed(1, sizeof(*robots));
    robots->magic = ROBOTS_MAGIC;
    patterns_new(&robots->patterns);
    error = take_lines(robots, (struct str){text, len}, path, why);
    free(text);
    if (error) {
        robots_destroy(&robots);
        return error;
    }
    patterns_build(robots->patterns);
    robots->verdicts = mem_zeroed(VERDICTS_SLOTS, sizeof(*robots->verdicts));
    robots->agents = mem_resize(NULL, AGENTS_BYTES, 1);
    if (getrandom(&robots->seed, sizeof(robots->seed), 0) != (ssize_t)sizeof(robots->seed))
        robots->seed = (uint64_t)(uintptr_t)robots;
    *out = robots;
    return 0;
}

void robots_destroy(struct robots **robots) {
    if (*robots == NULL)
        return;
    OBJ_CHECK(*robots, ROBOTS_MAGIC);
    patterns_destroy(&(*robots)->patterns);
    free((*robots)->verdicts);
    free((*robots)->agents);
    (*robots)->magic = 0;
    free(*robots);
    *robots = NULL;
}

const char *robots_date(const struct robots *robots) {
    OBJ_CHECK(robots, ROBOTS_MAGIC);
    return robots->date;
}

/* The agent's slot, or the free one where it belongs; there is one, because at most half of them are taken.
 */
static struct verdict *slot_of(struct robots *robots, struct str agent, uint64_t hash) {
    for (size_t i = hash % VERDICTS_SLOTS;; i = (i + 1) % VERDICTS_SLOTS) {
        struct verdict *slot = &robots->verdicts[i];
        if (slot->len == 0)
            return slot;
        if (slot->hash == hash && str_equal(agent, (struct str){robots->agents + slot->at, slot->len}))
            return slot;
    }
}

static void forget_all(struct robots *robots) {
    memset(robots->verdicts, 0, VERDICTS_SLOTS * sizeof(*robots->verdicts));
    robots->count = 0;
    robots->used = 0;
}

bool robots_match(struct robots *robots, struct str agent) {
    OBJ_CHECK(robots, ROBOTS_MAGIC);
    if (agent.len == 0 || str_equal(agent, STR("-")))
        return true;
    if (agent.len > AGENT_MAX)
        return patterns_match(robots->patterns, agent);
    uint64_t hash = XXH3_64bits_withSeed(agent.at, agent.len, robots->seed);
    struct verdict *slot = slot_of(robots, agent, hash);
    if (slot->len > 0)
        return slot->robot;
    bool robot = patterns_match(robots->patterns, agent);
    if (robots->count == VERDICTS_MAX || agent.len > AGENTS_BYTES - robots->used) {
        forget_all(robots);
        slot = slot_of(robots, agent, hash);
    }
    *slot = (struct verdict){
        .hash = hash, .at = (uint32_t)robots->used, .len = (uint16_t)agent.len, .robot = robot};
    memcpy(robots->agents + robots->used, agent.at, agent.len);
    robots->used += agent.len;
    robots->count++;
    return robot;
}
