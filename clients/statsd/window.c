#include "clients/statsd/window.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "clients/collector/hash_index.h"
#include "clients/collector/terminal.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/kind.h"

#define WINDOW_MAGIC 0x317d0805u

struct window {
    unsigned magic;
    const struct statsd_settings *settings;
    struct window_hasher hasher;
    uint64_t seed;
    struct hash_index index;
    struct window_slot *slot;
    size_t count, room;
    size_t hashes;
    struct window_sums sums;
};

void window_new(struct window **out, const struct statsd_settings *settings,
                const struct window_hasher *hasher) {
    struct window *window = mem_zeroed(1, sizeof *window);
    window->magic = WINDOW_MAGIC;
    window->settings = settings;
    window->hasher = *hasher;
    if (getrandom(&window->seed, sizeof window->seed, 0) != (ssize_t)sizeof window->seed)
        window->seed = (uint64_t)(uintptr_t)window;
    *out = window;
}

void window_clear(struct window *window) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    for (size_t i = 0; i < window->count; i++) {
        free(window->slot[i].hashes);
        free(window->slot[i].texts);
        str_free(window->slot[i].metric);
    }
    hash_index_clear(&window->index);
    window->count = 0;
    window->hashes = 0;
    window->sums = (struct window_sums){0};
}

void window_destroy(struct window **window) {
    struct window *gone = *window;
    if (gone == NULL)
        return;
    window_clear(gone);
    free(gone->slot);
    gone->magic = 0;
    free(gone);
    *window = NULL;
}

/* --- which indicator --- */

static bool has_type(const struct statsd_rule *rule, enum sample_type type) {
    static const enum sample_type types[] = {
        [STATSD_COUNTER] = SAMPLE_COUNTER, [STATSD_GAUGE] = SAMPLE_GAUGE, [STATSD_SET] = SAMPLE_SET};
    return types[rule->type] == type;
}

static bool value_of(const struct statsd_dim *dim, const struct sample *sample, const struct str *star,
                     struct str *value) {
    struct fault unused;
    if (dim->from == STATSD_TAG)
        return sample_tag(sample->tags, str_of(dim->text), value) && dims_check_value(*value, &unused) == 0;
    *value = dim->from == STATSD_STAR ? star[dim->star] : str_of(dim->text);
    return dim->from == STATSD_FIXED || dims_check_value(*value, &unused) == 0;
}

static enum verdict set_dims(struct window_slot *slot, const struct sample *sample, const struct str *star) {
    const struct statsd_rule *rule = slot->rule;
    struct str value[DIMS_MAX];
    size_t bytes = 1;
    for (size_t i = 0; i < rule->dim_count; i++) {
        if (!value_of(&rule->dim[i], sample, star, &value[i]))
            return VERDICT_DIMENSION;
        bytes += value[i].len + 1;
    }
    char *text = slot->texts = mem_zeroed(bytes, 1);
    for (size_t i = 0; i < rule->dim_count; i++) {
        memcpy(text, value[i].at, value[i].len);
        slot->dims[i] = (struct suivi_dim){rule->dim[i].name, text};
        text += value[i].len + 1;
    }
    slot->dim_count = rule->dim_count;
    return VERDICT_COUNTED;
}

static enum verdict judge(const struct window *window, struct window_slot *slot,
                          const struct sample *sample) {
    struct str star[STATSD_PARTS_MAX];
    const struct statsd_rule *rule = statsd_rule_of(window->settings, sample->name, star);
    if (rule == NULL)
        return statsd_ignores(window->settings, sample->name) ? VERDICT_IGNORED : VERDICT_UNMATCHED;
    if (sample->type == SAMPLE_TIMER)
        return VERDICT_TIMER;
    if (!has_type(rule, sample->type))
        return VERDICT_TYPE;
    slot->rule = rule;
    enum verdict verdict = set_dims(slot, sample, star);
    if (verdict != VERDICT_COUNTED)
        slot->rule = NULL;
    return verdict;
}

/* --- slots --- */

static void add_slot(struct window *window, const struct sample *sample, int32_t day) {
    if (window->count == window->room) {
        window->room = window->room ? window->room * 2 : 256;
        window->slot = mem_resize(window->slot, window->room, sizeof *window->slot);
    }
    struct window_slot *slot = &window->slot[window->count++];
    *slot = (struct window_slot){.day = day, .at = INT64_MIN, .relative = sample->type == SAMPLE_GAUGE};
    char *metric = mem_zeroed(sample->name.len + sample->tags.len + 2, 1);
    memcpy(metric, sample->name.at, sample->name.len);
    size_t len = sample->name.len;
    if (sample->tags.len > 0) {
        metric[len++] = '#';
        memcpy(metric + len, sample->tags.at, sample->tags.len);
        len += sample->tags.len;
    }
    slot->metric = (struct str){metric, len};
    slot->verdict = judge(window, slot, sample);
}

static struct window_slot *find_slot(struct window *window, const struct sample *sample, int32_t day) {
    XXH128_hash_t name = XXH3_128bits_withSeed(sample->name.at, sample->name.len, window->seed);
    uint64_t mix = name.high64 ^ ((uint64_t)(uint32_t)day << 8) ^ (uint64_t)sample->type;
    if (sample->tags.len > 0)
        mix ^= XXH3_64bits_withSeed(sample->tags.at, sample->tags.len, window->seed);
    const struct { uint64_t low, mix; } both = {name.low64, mix};
    XXH128_hash_t hash = XXH3_128bits_withSeed(&both, sizeof both, window->seed);
    const uint64_t key[2] = {hash.low64, hash.high64};
    uint32_t number;
    if (hash_index_get(&window->index, key, &number))
        return &window->slot[number];
    if (window->count == WINDOW_METRICS_MAX)
        return NULL;
    bool added = false;
    number = hash_index_find(&window->index, key, (uint32_t)window->count, &added);
    ASSERT(added);
    add_slot(window, sample, day);
    return &window->slot[number];
}

/* --- samples --- */

/* The same text is another number for another indicator, so that nobody can be followed from one to the other. */
static int add_member(struct window *window, struct window_slot *slot, struct str text, struct fault *why) {
    char data[INDICATOR_ID_MAX + 1 + SAMPLE_TEXT_MAX];
    size_t len = strlen(slot->rule->indicator);
    memcpy(data, slot->rule->indicator, len + 1);
    memcpy(data + len + 1, text.at, text.len);
    uint64_t hash;
    int rc = window->hasher.hash(window->hasher.arg, slot->day, (struct str){data, len + 1 + text.len}, &hash,
                                 why);
    if (rc != 0)
        return rc;
    if (slot->hash_count == slot->hash_room) {
        slot->hash_room = slot->hash_room ? slot->hash_room * 2 : 16;
        slot->hashes = mem_resize(slot->hashes, slot->hash_room, sizeof *slot->hashes);
    }
    slot->hashes[slot->hash_count++] = hash;
    window->hashes++;
    return 0;
}

static int add_sample(struct window *window, struct window_slot *slot, const struct sample *sample,
                      int64_t at, struct fault *why) {
    if (sample->type == SAMPLE_SET)
        return add_member(window, slot, sample->text, why);
    if (at < slot->at && sample->type == SAMPLE_GAUGE) /* what was said of a later moment holds */
        return 0;
    slot->at = at;
    if (sample->type == SAMPLE_COUNTER || sample->relative) {
        slot->number += sample->value;
    } else {
        slot->number = sample->value;
        slot->relative = false;
    }
    return 0;
}

static void tell(struct window *window, enum verdict verdict, struct str what) {
    if (window->sums.lines[verdict]++ == 0 && verdict != VERDICT_COUNTED) {
        snprintf(window->sums.example[verdict], sizeof window->sums.example[verdict], "%.*s",
                 (int)(what.len < 79 ? what.len : 79), what.at);
        terminal_clean(window->sums.example[verdict]);
    }
}

int window_take(struct window *window, struct str line, int64_t now, struct fault *why) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    struct sample sample;
    int32_t day;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0) /* between lines: nothing was said */
        return 0;
    if (!sample_read(&sample, line)) {
        tell(window, VERDICT_MALFORMED, line);
        return 0;
    }
    int64_t at = sample.has_at ? sample.at : now;
    bool too_large = sample.value > (double)KIND_COUNT_MAX || sample.value < -(double)KIND_COUNT_MAX;
    if (too_large || !civil_day_of_time(at, &day) || at > now + CIVIL_DAY_SECONDS) {
        tell(window, VERDICT_NUMBER, sample.name);
        return 0;
    }
    struct window_slot *slot = find_slot(window, &sample, day);
    if (slot == NULL) {
        tell(window, VERDICT_CROWD, sample.name);
        return 0;
    }
    tell(window, slot->verdict, sample.name);
    return slot->rule == NULL ? 0 : add_sample(window, slot, &sample, at, why);
}

bool window_full(const struct window *window) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    return window->hashes >= WINDOW_HASHES_MAX;
}

size_t window_count(const struct window *window) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    return window->count;
}

struct window_slot *window_at(struct window *window, size_t index) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    ASSERT(index < window->count);
    return &window->slot[index];
}

const struct window_sums *window_sums(const struct window *window) {
    OBJ_CHECK(window, WINDOW_MAGIC);
    return &window->sums;
}
