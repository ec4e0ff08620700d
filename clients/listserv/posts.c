#include "clients/listserv/posts.h"

#include <errno.h>
#include <stdlib.h>

#include "clients/collector/hash_index.h"
#include "clients/listserv/records.h"
#include "proto/check.h"

#define POSTS_MAGIC  0x9057905u
#define PREFIX_BYTES 2
#define PREFIXES     (1u << (8 * PREFIX_BYTES))
#define REST_BYTES   (IDENTITY_BYTES - PREFIX_BYTES)
#define RECORD_COST  200 /* bytes in memory for a record to be saved, beside its own */
#define NEW_MAX      (1u << 20)
#define BYTES_MAX    (128u << 20)

struct posts {
    unsigned magic;
    struct suivi *suivi;
    struct str list; /* ours */
    struct hash_index index;
    struct identity *added; /* by their number in `index` */
    size_t added_count, added_room;
    struct identity *removed; /* from the records; few: the last messages of files that have grown */
    size_t removed_count, removed_room;
    bool *touched; /* by prefix: a record that has to be saved */
    size_t bytes;  /* of these */
};

void posts_new(struct posts **out, struct suivi *suivi, struct str list) {
    struct posts *posts = mem_zeroed(1, sizeof *posts);
    posts->magic = POSTS_MAGIC;
    posts->suivi = suivi;
    posts->list = str_copy(list);
    posts->touched = mem_zeroed(PREFIXES, sizeof *posts->touched);
    *out = posts;
}

void posts_destroy(struct posts **pointer) {
    struct posts *posts = *pointer;
    if (posts == NULL)
        return;
    OBJ_CHECK(posts, POSTS_MAGIC);
    free(posts->index.slot);
    free(posts->added);
    free(posts->removed);
    free(posts->touched);
    str_free(posts->list);
    posts->magic = 0;
    free(posts);
    *pointer = NULL;
}

static unsigned prefix_of(const struct identity *post) {
    return (unsigned)(post->bytes[0] << 8 | post->bytes[1]);
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, IDENTITY_BYTES);
}

static int compare_rest(const void *a, const void *b) {
    return memcmp(a, b, REST_BYTES);
}

/* The record of a prefix: the rests of its identities, sorted. Borrowed until the next call of libsuivi. */
static int find_record(struct posts *posts, unsigned prefix, struct str *rests, struct fault *why) {
    unsigned char tail[PREFIX_BYTES];
    record_put_number(tail, sizeof tail, prefix);
    struct record_key key = record_key_of(RECORD_POSTS, posts->list, tail, sizeof tail);
    const void *value = "";
    size_t len = 0;
    int rc = posts->suivi != NULL ? suivi_get(posts->suivi, key.bytes, key.len, &value, &len) : -ENOENT;
    if (rc != 0 && rc != -ENOENT)
        return fault_set(why, rc, "%s", suivi_why(posts->suivi));
    if (len % REST_BYTES != 0)
        return fault_set(why, -EINVAL, "a record of known posts is damaged: restore the state from a backup");
    *rests = (struct str){value, len};
    return 0;
}

/* Its record will have to be saved. */
static int touch(struct posts *posts, unsigned prefix, struct fault *why) {
    struct str rests = {"", 0};
    int rc = posts->touched[prefix] ? 0 : find_record(posts, prefix, &rests, why);
    if (rc != 0)
        return rc;
    posts->bytes += REST_BYTES + (posts->touched[prefix] ? 0 : rests.len + RECORD_COST);
    posts->touched[prefix] = true;
    return 0;
}

static bool holds(struct str rests, const struct identity *post) {
    return rests.len > 0 && bsearch(post->bytes + PREFIX_BYTES, rests.at, rests.len / REST_BYTES, REST_BYTES,
                                    compare_rest) != NULL;
}

static void index_key(const struct identity *post, uint64_t key[static 2]) {
    memcpy(&key[0], post->bytes, 8);
    uint32_t high;
    memcpy(&high, post->bytes + 8, 4);
    key[1] = high;
}

static struct identity *room_for_one(struct identity **list, size_t *count, size_t *room) {
    if (*count == *room) {
        *room = *room ? *room * 2 : 64;
        *list = mem_resize(*list, *room, sizeof **list);
    }
    return &(*list)[(*count)++];
}

/* Its number among those that were taken out, to be in the records no more; their count: it was not. */
static size_t find_removed(const struct posts *posts, const struct identity *post) {
    size_t i = 0;
    while (i < posts->removed_count && compare(&posts->removed[i], post) != 0)
        i++;
    return i;
}

int posts_known(struct posts *posts, const struct identity *post, bool *known, struct fault *why) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    uint64_t key[2];
    uint32_t number;
    index_key(post, key);
    *known = hash_index_get(&posts->index, key, &number);
    if (*known)
        return 0;
    struct str rests;
    int rc = find_record(posts, prefix_of(post), &rests, why);
    *known = rc == 0 && holds(rests, post) && find_removed(posts, post) == posts->removed_count;
    return rc;
}

int posts_add(struct posts *posts, const struct identity *post, struct fault *why) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    size_t removed = find_removed(posts, post);
    if (removed < posts->removed_count) { /* and is in the records: there it stays */
        posts->removed[removed] = posts->removed[--posts->removed_count];
        return 0;
    }
    int rc = touch(posts, prefix_of(post), why);
    if (rc != 0)
        return rc;
    uint64_t key[2];
    bool added;
    index_key(post, key);
    hash_index_find(&posts->index, key, (uint32_t)posts->added_count, &added);
    ASSERT(added);
    *room_for_one(&posts->added, &posts->added_count, &posts->added_room) = *post;
    return 0;
}

int posts_remove(struct posts *posts, const struct identity *post, bool *removed, struct fault *why) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    struct str rests;
    int rc = find_record(posts, prefix_of(post), &rests, why);
    if (rc != 0)
        return rc;
    *removed = holds(rests, post) && find_removed(posts, post) == posts->removed_count;
    if (!*removed)
        return 0;
    *room_for_one(&posts->removed, &posts->removed_count, &posts->removed_room) = *post;
    return touch(posts, prefix_of(post), why);
}

bool posts_full(const struct posts *posts) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    return posts->added_count >= NEW_MAX || posts->bytes >= BYTES_MAX;
}

static bool is_removed(const struct posts *posts, unsigned prefix, const char *rest) {
    struct identity post;
    record_put_number(post.bytes, PREFIX_BYTES, prefix);
    memcpy(post.bytes + PREFIX_BYTES, rest, REST_BYTES);
    for (size_t i = 0; i < posts->removed_count; i++)
        if (compare(&posts->removed[i], &post) == 0)
            return true;
    return false;
}

/* The record of a prefix with `added` merged in, and without what was removed. */
static int save_record(struct posts *posts, unsigned prefix, const struct identity *added, size_t count,
                       struct fault *why) {
    struct str old;
    int rc = find_record(posts, prefix, &old, why);
    if (rc != 0)
        return rc;
    char *merged = mem_zeroed(old.len + (count + 1) * REST_BYTES, 1);
    size_t len = 0, next = 0;
    for (size_t at = 0; at < old.len || next < count;) {
        bool take_old = at < old.len &&
                        (next == count || compare_rest(old.at + at, added[next].bytes + PREFIX_BYTES) < 0);
        const void *rest = take_old ? (const void *)(old.at + at) : added[next].bytes + PREFIX_BYTES;
        if (!take_old || !is_removed(posts, prefix, rest)) {
            memcpy(merged + len, rest, REST_BYTES);
            len += REST_BYTES;
        }
        at += take_old ? REST_BYTES : 0;
        next += take_old ? 0 : 1;
    }
    unsigned char tail[PREFIX_BYTES];
    record_put_number(tail, sizeof tail, prefix);
    struct record_key key = record_key_of(RECORD_POSTS, posts->list, tail, sizeof tail);
    rc = suivi_put(posts->suivi, key.bytes, key.len, merged, len);
    free(merged);
    return rc == 0 ? 0 : fault_set(why, rc, "%s", suivi_why(posts->suivi));
}

int posts_save(struct posts *posts, struct fault *why) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    ASSERT(posts->suivi != NULL);
    if (posts->added_count > 1)
        qsort(posts->added, posts->added_count, sizeof *posts->added, compare);
    size_t first = 0;
    int rc = 0;
    for (unsigned prefix = 0; prefix < PREFIXES && rc == 0; prefix++) {
        if (!posts->touched[prefix])
            continue;
        size_t past = first;
        while (past < posts->added_count && prefix_of(&posts->added[past]) == prefix)
            past++;
        rc = save_record(posts, prefix, posts->added + first, past - first, why);
        first = past;
    }
    return rc;
}

void posts_saved(struct posts *posts) {
    OBJ_CHECK(posts, POSTS_MAGIC);
    hash_index_clear(&posts->index);
    posts->added_count = posts->removed_count = posts->bytes = 0;
    memset(posts->touched, 0, PREFIXES * sizeof *posts->touched);
}

static int add_rests(void *arg, const void *key, size_t key_len, const void *value, size_t value_len) {
    int64_t *count = arg;
    (void)key, (void)key_len, (void)value;
    *count += (int64_t)(value_len / REST_BYTES);
    return 0;
}

int64_t posts_count(struct suivi *suivi, struct str list) {
    struct record_key prefix = record_key_of(RECORD_POSTS, list, NULL, 0);
    int64_t count = 0;
    int rc = suivi_scan(suivi, prefix.bytes, prefix.len, add_rests, &count);
    return rc == 0 ? count : rc;
}
