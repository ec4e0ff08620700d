#include "daemon/books/quota.h"

#include <stdlib.h>

#include "proto/check.h"
#include "proto/civil.h"

#define QUOTA_MAGIC 0x51554f54u

/* Of one series. What is on its way is kept apart from what is on disk, since only the latter can be counted. */
struct share {
    uint32_t on_disk;         /* at most */
    uint32_t flying, filling; /* as of that turn */
    uint64_t turn, counted;   /* turn in which it was last asked about, and last counted; 0: never */
    bool full;                /* on disk: for good */
};

struct quota {
    unsigned magic;
    struct store *store;
    uint32_t max;
    uint64_t turn;
    uint32_t *place; /* by series: of its share, plus 1; 0: it has none yet */
    size_t places;
    struct share *share;
    size_t count, room;
    bool trying;
    uint32_t *tried; /* series, since then */
    size_t tried_count, tried_room;
};

void quota_new(struct quota **out, struct store *store, uint32_t max) {
    ASSERT(max > 0);
    struct quota *quota = mem_zeroed(1, sizeof *quota);
    *quota = (struct quota){.magic = QUOTA_MAGIC, .store = store, .max = max, .turn = 1};
    *out = quota;
}

void quota_destroy(struct quota **quota) {
    struct quota *q = *quota;
    if (q == NULL)
        return;
    OBJ_CHECK(q, QUOTA_MAGIC);
    free(q->place);
    free(q->share);
    free(q->tried);
    q->magic = 0;
    free(q);
    *quota = NULL;
}

void quota_turn(struct quota *quota) {
    OBJ_CHECK(quota, QUOTA_MAGIC);
    ASSERT(!quota->trying);
    quota->turn++;
}

static struct share *share_of(struct quota *quota, uint32_t series) {
    if (series >= quota->places) {
        size_t places = quota->places ? quota->places : 64;
        while (places <= series)
            places *= 2;
        quota->place = mem_resize(quota->place, places, sizeof *quota->place);
        memset(quota->place + quota->places, 0, (places - quota->places) * sizeof *quota->place);
        quota->places = places;
    }
    if (quota->place[series] == 0) {
        if (quota->count == quota->room) {
            quota->room = quota->room ? quota->room * 2 : 64;
            quota->share = mem_resize(quota->share, quota->room, sizeof *quota->share);
        }
        quota->share[quota->count++] = (struct share){.turn = quota->turn};
        quota->place[series] = (uint32_t)quota->count;
    }
    return &quota->share[quota->place[series] - 1];
}

static void catch_up(const struct quota *quota, struct share *share) {
    for (; share->turn < quota->turn && (share->flying || share->filling); share->turn++) {
        share->on_disk += share->flying;
        share->flying = share->filling;
        share->filling = 0;
    }
    share->turn = quota->turn;
}

struct counting {
    uint32_t count, max;
};

static int count_entry(void *arg, const struct store_entry *entry) {
    struct counting *counting = arg;
    (void)entry;
    return ++counting->count == counting->max;
}

/* When it cannot be read, or the writer needs room, what was reckoned stands. */
static void count_on_disk(const struct quota *quota, struct share *share, uint32_t series) {
    struct counting counting = {.max = quota->max};
    struct store_snapshot *snapshot = NULL;
    share->counted = quota->turn;
    if (store_snapshot_open(quota->store, &snapshot, NULL) == 0 &&
        store_each_entry(snapshot, series, CIVIL_DAY_MIN, CIVIL_DAY_MAX, count_entry, &counting, NULL) == 0) {
        share->on_disk = counting.count;
        share->full = counting.count == quota->max;
    }
    store_snapshot_close(&snapshot);
}

static bool is_used_up(const struct quota *quota, const struct share *share) {
    return (uint64_t)share->on_disk + share->flying + share->filling >= quota->max;
}

void quota_try(struct quota *quota) {
    OBJ_CHECK(quota, QUOTA_MAGIC);
    ASSERT(!quota->trying);
    quota->trying = true;
}

void quota_give_back(struct quota *quota) {
    OBJ_CHECK(quota, QUOTA_MAGIC);
    ASSERT(quota->trying);
    for (size_t i = 0; i < quota->tried_count; i++)
        quota->share[quota->place[quota->tried[i]] - 1].filling--;
    free(quota->tried);
    quota->tried = NULL;
    quota->tried_count = quota->tried_room = 0;
    quota->trying = false;
}

static void note_try(struct quota *quota, uint32_t series) {
    if (quota->tried_count == quota->tried_room) {
        quota->tried_room = quota->tried_room ? quota->tried_room * 2 : 64;
        quota->tried = mem_resize(quota->tried, quota->tried_room, sizeof *quota->tried);
    }
    quota->tried[quota->tried_count++] = series;
}

bool quota_take(struct quota *quota, uint32_t series) {
    OBJ_CHECK(quota, QUOTA_MAGIC);
    struct share *share = share_of(quota, series);
    catch_up(quota, share);
    bool count = share->counted == 0 || (is_used_up(quota, share) && share->counted < quota->turn);
    if (count && !share->full)
        count_on_disk(quota, share, series);
    if (share->full || is_used_up(quota, share))
        return false;
    share->filling++;
    if (quota->trying)
        note_try(quota, series);
    return true;
}
