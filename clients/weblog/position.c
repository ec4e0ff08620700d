#include "clients/weblog/position.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#include "clients/weblog/lookup.h"
#include "proto/check.h"
#include "proto/civil.h"
#include "proto/wire.h"

#define POSITIONS_MAGIC 0x705171a2u
#define VERSION         1
#define RECORD_MAX      (POSITION_PATH_MAX + 1024)

struct positions {
    unsigned magic;
    const struct records *records;
    struct str site;
    char *site_text;
    uint64_t seed;
    struct position *position; /* their paths are ours */
    size_t count, size;
    struct lookup lookup; /* of all that positions are looked for by, mixed into keys: their places */
    uint32_t offsets[DIGEST_HEAD + 1]; /* marks at each of these */
    size_t beyond;                     /* behind them */
};

static void write_digest(struct wire_writer *writer, const struct digest_value *digest) {
    wire_write_bin(writer, digest->bytes, DIGEST_BYTES);
}

static int read_digest(struct wire_reader *reader, struct digest_value *digest) {
    struct str bytes;
    if (wire_read_bin(reader, &bytes, DIGEST_BYTES) || bytes.len != DIGEST_BYTES)
        return -EINVAL;
    memcpy(digest->bytes, bytes.at, DIGEST_BYTES);
    return 0;
}

/* [version, chain, head, dev, ino, path, packed, format, last day, lines, used, [[offset, digest, tail, len,
 * day]...]] */
void position_write(struct wire_writer *writer, const struct position *position) {
    wire_write_array(writer, 12);
    wire_write_uint(writer, VERSION);
    write_digest(writer, &position->chain);
    write_digest(writer, &position->head);
    wire_write_uint(writer, position->dev);
    wire_write_uint(writer, position->ino);
    wire_write_bin(writer, position->path, strlen(position->path));
    wire_write_bool(writer, position->packed);
    wire_write_uint(writer, position->format);
    wire_write_int(writer, position->last_day);
    wire_write_uint(writer, position->lines);
    wire_write_int(writer, position->used);
    wire_write_array(writer, position->marks);
    for (size_t i = 0; i < position->marks; i++) {
        const struct mark *mark = &position->mark[i];
        wire_write_array(writer, 5);
        wire_write_uint(writer, mark->offset);
        write_digest(writer, &mark->digest);
        wire_write_uint(writer, mark->tail);
        wire_write_uint(writer, mark->tail_len);
        wire_write_int(writer, mark->tail_day);
    }
}

static int read_day(struct wire_reader *reader, int32_t *day) {
    int64_t number;
    if (wire_read_int(reader, &number) || number < CIVIL_DAY_MIN || number > CIVIL_DAY_MAX)
        return -EINVAL;
    *day = (int32_t)number;
    return 0;
}

static int read_mark(struct wire_reader *reader, struct mark *mark) {
    uint32_t fields;
    uint64_t tail;
    if (wire_read_array(reader, &fields, 5) || fields != 5 ||
        wire_read_uint(reader, &mark->offset, INT64_MAX) || read_digest(reader, &mark->digest) ||
        wire_read_uint(reader, &tail, TAIL_DOUBTFUL) || wire_read_uint(reader, &mark->tail_len, INT64_MAX) ||
        read_day(reader, &mark->tail_day))
        return -EINVAL;
    mark->tail = (enum tail)tail;
    return 0;
}

int position_read(struct str bytes, struct position *position, struct str *path) {
    struct wire_reader reader;
    uint32_t fields, marks;
    uint64_t version, format;
    *position = (struct position){0};
    wire_reader_init(&reader, bytes.at, bytes.len);
    if (wire_read_array(&reader, &fields, 12) || fields != 12 || wire_read_uint(&reader, &version, VERSION) ||
        version != VERSION || read_digest(&reader, &position->chain) ||
        read_digest(&reader, &position->head) || wire_read_uint(&reader, &position->dev, UINT64_MAX) ||
        wire_read_uint(&reader, &position->ino, UINT64_MAX) ||
        wire_read_bin(&reader, path, POSITION_PATH_MAX) || wire_read_bool(&reader, &position->packed) ||
        wire_read_uint(&reader, &format, LINE_JSON) || format == LINE_AUTO ||
        read_day(&reader, &position->last_day) || wire_read_uint(&reader, &position->lines, UINT64_MAX) ||
        wire_read_int(&reader, &position->used) || wire_read_array(&reader, &marks, POSITION_MARKS) ||
        marks == 0)
        return -EINVAL;
    position->format = (enum line_format)format;
    position->marks = marks;
    for (size_t i = 0; i < marks; i++)
        if (read_mark(&reader, &position->mark[i]))
            return -EINVAL;
    return wire_at_end(&reader) ? 0 : -EINVAL;
}

static int load_seed(struct positions *positions, struct fault *why) {
    const struct records *records = positions->records;
    struct record_key key = record_key_of(RECORD_SEED, (struct str){0});
    struct str value;
    int rc = records->get(records->arg, record_key_str(&key), &value);
    if (rc == 0 && value.len == sizeof positions->seed) {
        memcpy(&positions->seed, value.at, sizeof positions->seed);
        return 0;
    }
    if (rc != -ENOENT)
        return fault_set(why, rc ? rc : -EINVAL,
                         "the seed of the positions cannot be read; restore the state directory "
                         "from a backup");
    if (getrandom(&positions->seed, sizeof positions->seed, 0) != (ssize_t)sizeof positions->seed)
        return fault_set(why, -EIO, "the system gives no random numbers");
    value = (struct str){(const char *)&positions->seed, sizeof positions->seed};
    return records->put(records->arg, record_key_str(&key), value, why);
}

enum sought {
    BY_ID = 1,
    BY_FILE,
    BY_PATH,
    BY_HEAD,
    BY_MARK,
};

static uint64_t key_of_bytes(const struct positions *positions, enum sought by, const void *bytes,
                             size_t len) {
    return XXH3_64bits_withSeed(bytes, len, positions->seed + by);
}

static uint64_t key_of_numbers(const struct positions *positions, enum sought by, uint64_t a, uint64_t b) {
    const uint64_t both[] = {a, b};
    return key_of_bytes(positions, by, both, sizeof both);
}

static uint64_t key_of_mark(const struct positions *positions, uint64_t offset,
                            const struct digest_value *digest) {
    unsigned char both[sizeof offset + DIGEST_BYTES];
    memcpy(both, &offset, sizeof offset);
    memcpy(both + sizeof offset, digest->bytes, DIGEST_BYTES);
    return key_of_bytes(positions, BY_MARK, both, sizeof both);
}

/* Into the index, or out of it. */
static void index_position(struct positions *positions, size_t place, bool in) {
    void (*change)(struct lookup *, uint64_t, uint32_t) = in ? lookup_add : lookup_remove;
    const struct position *position = &positions->position[place];
    uint32_t number = (uint32_t)place;
    change(&positions->lookup, key_of_numbers(positions, BY_ID, position->id, 0), number);
    change(&positions->lookup, key_of_numbers(positions, BY_FILE, position->dev, position->ino), number);
    change(&positions->lookup, key_of_bytes(positions, BY_PATH, position->path, strlen(position->path)),
           number);
    size_t beyond = 0;
    for (size_t i = 0; i < position->marks; i++) {
        const struct mark *mark = &position->mark[i];
        if (mark->offset > DIGEST_HEAD) {
            beyond++;
            continue;
        }
        change(&positions->lookup, key_of_mark(positions, mark->offset, &mark->digest), number);
        positions->offsets[mark->offset] += in ? 1 : UINT32_MAX;
    }
    if (beyond > 0)
        change(&positions->lookup, key_of_bytes(positions, BY_HEAD, position->head.bytes, DIGEST_BYTES),
               number);
    positions->beyond += in ? beyond : 0 - beyond;
}

/* The first position under a key at or after place *past, which then stands behind it. */
static struct position *next_under(const struct positions *positions, uint64_t key, size_t *past) {
    uint32_t cursor = 0, number;
    size_t first = SIZE_MAX;
    while (lookup_next(&positions->lookup, key, &cursor, &number))
        if (number >= *past && number < first)
            first = number;
    if (first == SIZE_MAX)
        return NULL;
    *past = first + 1;
    return &positions->position[first];
}

static struct position *take_room(struct positions *positions) {
    if (positions->count == positions->size) {
        positions->size = positions->size ? 2 * positions->size : 16;
        positions->position = mem_resize(positions->position, positions->size, sizeof *positions->position);
    }
    return &positions->position[positions->count++];
}

static int load_one(void *arg, struct str key, struct str value) {
    struct positions *positions = arg;
    struct position position;
    struct str path;
    size_t prefix = 1 + positions->site.len + 1;
    if (key.len != prefix + 8 || position_read(value, &position, &path) != 0)
        return -EINVAL;
    for (size_t i = prefix; i < key.len; i++)
        position.id = position.id << 8 | (unsigned char)key.at[i];
    position.path = mem_string(path.at, path.len);
    *take_room(positions) = position;
    index_position(positions, positions->count - 1, true);
    return 0;
}

int positions_load(struct positions **out, const struct records *records, struct str site,
                   struct fault *why) {
    struct positions *positions = mem_zeroed(1, sizeof *positions);
    positions->magic = POSITIONS_MAGIC;
    positions->records = records;
    positions->site_text = mem_string(site.at, site.len);
    positions->site = (struct str){positions->site_text, site.len};
    struct record_key prefix = record_key_of(RECORD_FILE, site);
    int rc = load_seed(positions, why);
    if (rc == 0) {
        rc = records->scan(records->arg, record_key_str(&prefix), load_one, positions);
        if (rc != 0)
            fault_set(
                why, rc,
                "what was stored about the logs of site %.*s cannot be read; restore the state directory "
                "from a backup",
                STR_ARG(site));
    }
    if (rc != 0)
        positions_destroy(&positions);
    else
        *out = positions;
    return rc;
}

void positions_destroy(struct positions **pointer) {
    struct positions *positions = *pointer;
    if (positions == NULL)
        return;
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    for (size_t i = 0; i < positions->count; i++)
        free((char *)(uintptr_t)positions->position[i].path);
    free(positions->position);
    lookup_clear(&positions->lookup);
    free(positions->site_text);
    positions->magic = 0;
    free(positions);
    *pointer = NULL;
}

uint64_t positions_seed(const struct positions *positions) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return positions->seed;
}

static struct position *find(const struct positions *positions, uint64_t id) {
    size_t past = 0;
    struct position *position;
    do
        position = next_under(positions, key_of_numbers(positions, BY_ID, id, 0), &past);
    while (position != NULL && position->id != id);
    return position;
}

const struct position *positions_find(const struct positions *positions, uint64_t id) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return find(positions, id);
}

const struct position *positions_by_path(const struct positions *positions, const char *path) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    uint64_t key = key_of_bytes(positions, BY_PATH, path, strlen(path));
    const struct position *found = NULL, *position;
    size_t past = 0;
    while ((position = next_under(positions, key, &past)) != NULL)
        if (strcmp(position->path, path) == 0 && (found == NULL || position->used >= found->used))
            found = position;
    return found;
}

const struct position *positions_of_file(const struct positions *positions, uint64_t dev, uint64_t ino,
                                         struct positions_cursor *cursor) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return next_under(positions, key_of_numbers(positions, BY_FILE, dev, ino), &cursor->past);
}

const struct position *positions_of_head(const struct positions *positions, const struct digest_value *head,
                                         struct positions_cursor *cursor) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return next_under(positions, key_of_bytes(positions, BY_HEAD, head->bytes, DIGEST_BYTES), &cursor->past);
}

const struct position *positions_of_mark(const struct positions *positions, uint64_t offset,
                                         const struct digest_value *digest, struct positions_cursor *cursor) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return next_under(positions, key_of_mark(positions, offset, digest), &cursor->past);
}

uint64_t positions_next_offset(const struct positions *positions, uint64_t after) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    while (++after <= DIGEST_HEAD)
        if (positions->offsets[after] > 0)
            return after;
    return UINT64_MAX;
}

bool positions_beyond_head(const struct positions *positions) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    return positions->beyond > 0;
}

static struct record_key key_of(const struct positions *positions, uint64_t id) {
    struct record_key key = record_key_of(RECORD_FILE, positions->site);
    record_key_add_number(&key, id);
    return key;
}

/* Makes room: the log that was not seen for longest is not known any more. */
static int drop_oldest(struct positions *positions, struct fault *why) {
    struct position *oldest = &positions->position[0];
    for (size_t i = 1; i < positions->count; i++)
        if (positions->position[i].used < oldest->used)
            oldest = &positions->position[i];
    struct record_key key = key_of(positions, oldest->id);
    int rc = positions->records->drop(positions->records->arg, record_key_str(&key), why);
    if (rc != 0)
        return rc;
    size_t place = (size_t)(oldest - positions->position), last = positions->count - 1;
    index_position(positions, place, false);
    if (place != last)
        index_position(positions, last, false);
    free((char *)(uintptr_t)oldest->path);
    *oldest = positions->position[last];
    positions->count = last;
    if (place != last)
        index_position(positions, place, true);
    return 0;
}

int positions_put(struct positions *positions, struct position *position, struct fault *why) {
    OBJ_CHECK(positions, POSITIONS_MAGIC);
    ASSERT(position->marks > 0 && position->marks <= POSITION_MARKS);
    ASSERT(strlen(position->path) <= POSITION_PATH_MAX);
    struct position *held = position->id ? find(positions, position->id) : NULL;
    if (held == NULL && positions->count >= POSITIONS_MAX) {
        int rc = drop_oldest(positions, why);
        if (rc != 0)
            return rc;
    }
    while (position->id == 0)
        if (getrandom(&position->id, sizeof position->id, 0) != (ssize_t)sizeof position->id)
            return fault_set(why, -EIO, "the system gives no random numbers");
    struct record_key key = key_of(positions, position->id);
    struct wire_writer *writer;
    wire_writer_new(&writer, RECORD_MAX);
    position_write(writer, position);
    ASSERT(!wire_writer_failed(writer));
    struct str value = {(const char *)wire_writer_data(writer), wire_writer_len(writer)};
    int rc = positions->records->put(positions->records->arg, record_key_str(&key), value, why);
    wire_writer_destroy(&writer);
    if (rc != 0)
        return rc;
    char *path = mem_string(position->path, strlen(position->path));
    if (held == NULL) {
        held = take_room(positions);
    } else {
        index_position(positions, (size_t)(held - positions->position), false);
        free((char *)(uintptr_t)held->path);
    }
    *held = *position;
    held->path = path;
    index_position(positions, (size_t)(held - positions->position), true);
    return 0;
}
