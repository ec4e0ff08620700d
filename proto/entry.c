#include "proto/entry.h"

#include <errno.h>
#include <xxhash.h>

#include "proto/check.h"
#include "proto/dims.h"
#include "proto/period.h"
#include "proto/utf8.h"

const char *const entry_part_names[ENTRY_PARTS] = {
    "Problem", "Aims", "Strategies", "Results", "Impact analysis", "Conclusions",
};

/* ---- reading ---- */

static int read_id(struct wire_reader *reader, uint64_t *out) {
    return wire_read_uint(reader, out, INT64_MAX) == 0 && *out > 0 ? 0 : -EPROTO;
}

static int read_done(struct wire_reader *reader, int32_t *out) {
    struct str text;
    struct period day;
    if (wire_read_str(reader, &text, PERIOD_TEXT_MAX) != 0 || period_parse(&day, text, NULL) != 0 ||
        day.type != PERIOD_DAY)
        return -EPROTO;
    *out = day.first;
    return 0;
}

static int read_sha256(struct wire_reader *reader, struct str *out) {
    return wire_read_bin(reader, out, ENTRY_SHA256) == 0 && out->len == ENTRY_SHA256 ? 0 : -EPROTO;
}

static int read_parts(struct wire_reader *reader, struct str part[static ENTRY_PARTS]) {
    uint32_t count;
    if (wire_read_array(reader, &count, ENTRY_PARTS) != 0 || count != ENTRY_PARTS)
        return -EPROTO;
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        if (wire_read_str(reader, &part[i], ENTRY_PART_MAX) != 0 || part[i].len == 0)
            return -EPROTO;
    return 0;
}

const char *const entry_remark_names[] = {
    [ENTRY_REMARK_NONE] = "",
    [ENTRY_REMARK_METHOD] = "method",
    [ENTRY_REMARK_BREAK] = "break",
    [ENTRY_REMARK_EVENT] = "event",
};

const char *entry_remark_name(enum entry_remark remark) {
    ASSERT(remark <= ENTRY_REMARK_LAST);
    return entry_remark_names[remark];
}

int entry_remark_parse(enum entry_remark *out, struct str name) {
    for (size_t i = 1; i <= ENTRY_REMARK_LAST; i++)
        if (str_equal(name, str_of(entry_remark_names[i]))) {
            *out = (enum entry_remark)i;
            return 0;
        }
    return -EINVAL;
}

static int read_remark(struct wire_reader *reader, enum entry_remark *out) {
    struct str name;
    return wire_read_str(reader, &name, ENTRY_NAME_MAX) == 0 && entry_remark_parse(out, name) == 0 ? 0
                                                                                                   : -EPROTO;
}

/* What was read, a bit for each key of ours. */
enum {
    KEY_ID = 1 << 0,
    KEY_RECORDED = 1 << 1,
    KEY_VALUE = 1 << 2,
    KEY_NAME = 1 << 3,
    KEY_REMOVED = 1 << 4,
    KEY_DONE = 1 << 5,
    KEY_TITLE = 1 << 6,
    KEY_LINK = 1 << 7,
    KEY_FILE = 1 << 8,
    KEY_SHA256 = 1 << 9,
    KEY_PARTS = 1 << 10,
    KEY_NOTE = 1 << 11,
    KEY_REASON = 1 << 12,
    KEY_RETRACTS = 1 << 13,
    KEY_REMARK = 1 << 14,
    KEY_HOLDS = 1 << 15,
};

static const struct entry_key {
    struct str name;
    int bit;
    const char *must;
} keys[] = {
    {{"id", 2}, KEY_ID, "a whole number from 1 to 2^63 - 1"},
    {{"recorded", 8}, KEY_RECORDED, "a Unix time"},
    {{"value", 5}, KEY_VALUE, "a whole number of 64 bits"},
    {{"holds", 5}, KEY_HOLDS, "a whole number of 64 bits, without a value beside it"},
    {{"name", 4}, KEY_NAME, "a text (UTF-8) of at most 128 bytes"},
    {{"removed", 7}, KEY_REMOVED, "true or false"},
    {{"done", 4}, KEY_DONE, "a day, such as 2018-09-12"},
    {{"title", 5}, KEY_TITLE, "a text (UTF-8) of at most 256 bytes"},
    {{"link", 4}, KEY_LINK, "a text (UTF-8) of at most 2048 bytes"},
    {{"file", 4}, KEY_FILE, "a text (UTF-8) of at most 256 bytes"},
    {{"sha256", 6}, KEY_SHA256, "32 bytes of bin"},
    {{"parts", 5}, KEY_PARTS, "an array of 6 texts (UTF-8), none empty, of at most 32768 bytes"},
    {{"note", 4}, KEY_NOTE, "a text (UTF-8) of at most 2000 bytes"},
    {{"reason", 6}, KEY_REASON, "a text (UTF-8) of at most 2000 bytes"},
    {{"retracts", 8}, KEY_RETRACTS, "a whole number from 1 to 2^63 - 1"},
    {{"remark", 6}, KEY_REMARK, "method, break or event"},
};

static const struct entry_key *find_key(struct str name) {
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (str_equal(keys[i].name, name))
            return &keys[i];
    return NULL;
}

static int read_value(struct wire_reader *reader, int bit, struct entry *entry) {
    switch (bit) {
    case KEY_ID:
        return read_id(reader, &entry->id);
    case KEY_RECORDED:
        return wire_read_int(reader, &entry->recorded);
    case KEY_VALUE:
        entry->has_value = true;
        return wire_read_int(reader, &entry->value);
    case KEY_HOLDS:
        entry->holds = true;
        return wire_read_int(reader, &entry->value);
    case KEY_NAME:
        return wire_read_str(reader, &entry->name, ENTRY_NAME_MAX);
    case KEY_REMOVED:
        return wire_read_bool(reader, &entry->removed);
    case KEY_DONE:
        return read_done(reader, &entry->done);
    case KEY_TITLE:
        return wire_read_str(reader, &entry->title, ENTRY_TITLE_MAX);
    case KEY_LINK:
        return wire_read_str(reader, &entry->link, ENTRY_LINK_MAX);
    case KEY_FILE:
        return wire_read_str(reader, &entry->file, ENTRY_FILE_MAX);
    case KEY_SHA256:
        return read_sha256(reader, &entry->sha256);
    case KEY_PARTS:
        return read_parts(reader, entry->part);
    case KEY_NOTE:
        return wire_read_str(reader, &entry->note, ENTRY_NOTE_MAX);
    case KEY_REASON:
        return wire_read_str(reader, &entry->reason, ENTRY_NOTE_MAX);
    case KEY_REMARK:
        return read_remark(reader, &entry->remark);
    default:
        return read_id(reader, &entry->retracts);
    }
}

int entry_read(struct wire_reader *reader, struct entry *out, struct fault *why) {
    struct entry entry = ENTRY_NONE;
    struct wire_reader walk = *reader;
    uint32_t pairs;
    int there = 0;
    if (wire_read_map(&walk, &pairs, UINT32_MAX) != 0)
        return fault_set(why, -EPROTO, "an entry must be a map");
    for (uint32_t i = 0; i < pairs; i++) {
        struct str name;
        if (wire_read_str(&walk, &name, UINT32_MAX) != 0)
            return fault_set(why, -EPROTO, "the keys of an entry must be texts (UTF-8)");
        const struct entry_key *key = find_key(name);
        if (key == NULL) {
            if (wire_skip(&walk) != 0)
                return fault_set(why, -EPROTO, "the entry is cut off or not MessagePack");
            continue;
        }
        if (there & key->bit)
            return fault_set(why, -EPROTO, "the entry has the key \"%s\" twice", key->name.at);
        there |= key->bit;
        if (read_value(&walk, key->bit, &entry) != 0)
            return fault_set(why, -EPROTO, "\"%s\" of the entry must be %s", key->name.at, key->must);
    }
    if ((there & KEY_VALUE) && (there & KEY_HOLDS))
        return fault_set(why, -EPROTO,
                         "the entry has a \"value\" and one that \"holds\": it takes one of these");
    if (!(there & KEY_ID) || !(there & KEY_RECORDED))
        return fault_set(why, -EPROTO, "an entry needs \"id\" and \"recorded\"");
    if ((size_t)(walk.at - reader->at) > ENTRY_BYTES_MAX)
        return fault_set(why, -EPROTO, "an entry of %zu bytes, the limit is %u: say it shorter",
                         (size_t)(walk.at - reader->at), ENTRY_BYTES_MAX);
    *reader = walk;
    *out = entry;
    return 0;
}

/* ---- writing ---- */

static void put_key(struct wire_writer *writer, const char *name) {
    wire_write_str(writer, str_of(name));
}

static void put_text(struct wire_writer *writer, const char *name, struct str text) {
    if (text.len == 0)
        return;
    put_key(writer, name);
    wire_write_str(writer, text);
}

static size_t count_keys(const struct entry *entry) {
    return 2 + (size_t)(entry->has_value || entry->holds) + (entry->name.len > 0) + (size_t)entry->removed +
           (entry->done != ENTRY_NO_DAY) + (entry->title.len > 0) + (entry->link.len > 0) +
           (entry->file.len > 0) + (entry->sha256.len > 0) + (entry->part[0].len > 0) +
           (entry->note.len > 0) + (entry->reason.len > 0) + (entry->retracts != 0) +
           (entry->remark != ENTRY_REMARK_NONE);
}

void entry_write(struct wire_writer *writer, const struct entry *entry) {
    char day[PERIOD_TEXT_MAX];
    wire_write_map(writer, count_keys(entry));
    put_key(writer, "id");
    wire_write_uint(writer, entry->id);
    put_key(writer, "recorded");
    wire_write_int(writer, entry->recorded);
    if (entry->has_value) {
        put_key(writer, "value");
        wire_write_int(writer, entry->value);
    }
    if (entry->holds) {
        put_key(writer, "holds");
        wire_write_int(writer, entry->value);
    }
    put_text(writer, "name", entry->name);
    if (entry->removed) {
        put_key(writer, "removed");
        wire_write_bool(writer, true);
    }
    if (entry->done != ENTRY_NO_DAY)
        put_text(writer, "done", str_of(period_print_day(entry->done, day)));
    put_text(writer, "title", entry->title);
    put_text(writer, "link", entry->link);
    put_text(writer, "file", entry->file);
    if (entry->sha256.len > 0) {
        put_key(writer, "sha256");
        wire_write_bin(writer, entry->sha256.at, entry->sha256.len);
    }
    if (entry->part[0].len > 0) {
        put_key(writer, "parts");
        wire_write_array(writer, ENTRY_PARTS);
        for (size_t i = 0; i < ENTRY_PARTS; i++)
            wire_write_str(writer, entry->part[i]);
    }
    put_text(writer, "note", entry->note);
    put_text(writer, "reason", entry->reason);
    if (entry->retracts != 0) {
        put_key(writer, "retracts");
        wire_write_uint(writer, entry->retracts);
    }
    put_text(writer, "remark", str_of(entry_remark_name(entry->remark)));
}

/* ---- judging ---- */

/* Fields that only some kinds take. */
enum {
    TAKES_VALUE = 1 << 0,
    TAKES_NAME = 1 << 1,
    TAKES_REMOVED = 1 << 2,
    TAKES_DONE = 1 << 3,
    TAKES_TITLE = 1 << 4,
    TAKES_ITEM = 1 << 5, /* link, file, sha256 */
    TAKES_PARTS = 1 << 6,
    TAKES_HOLDS = 1 << 7,
};

static const struct {
    int takes;
    int needs;
    const char *what;
} rules[] = {
    [KIND_COUNT] = {TAKES_VALUE, TAKES_VALUE, "a count takes a value"},
    [KIND_DISTINCT] = {TAKES_VALUE, TAKES_VALUE,
                       "a distinct count takes a difference as value, with a reason"},
    [KIND_LEVEL] = {TAKES_VALUE, TAKES_VALUE, "a level takes a value"},
    [KIND_STATUS] = {TAKES_VALUE, TAKES_VALUE, "a status takes the value 1 (in force) or 0"},
    [KIND_ROSTER] = {TAKES_NAME | TAKES_REMOVED, TAKES_NAME, "a roster takes a name"},
    [KIND_MILESTONE] =
        {TAKES_DONE | TAKES_TITLE | TAKES_ITEM, TAKES_DONE,
         "a milestone takes the day on which it was done, maybe with a title, a link or a file"},
    [KIND_EVIDENCE] = {TAKES_TITLE | TAKES_ITEM, TAKES_TITLE, "evidence takes a title, and a link or a file"},
    [KIND_NARRATIVE] = {TAKES_TITLE | TAKES_PARTS, TAKES_TITLE | TAKES_PARTS,
                        "a case study takes a title and its six parts"},
    [KIND_RATIO] = {0, 0, ""},
};

static int fields_of(const struct entry *entry) {
    return (entry->has_value ? TAKES_VALUE : 0) | (entry->holds ? TAKES_HOLDS : 0) |
           (entry->name.len ? TAKES_NAME : 0) | (entry->removed ? TAKES_REMOVED : 0) |
           (entry->done != ENTRY_NO_DAY ? TAKES_DONE : 0) | (entry->title.len ? TAKES_TITLE : 0) |
           (entry->link.len || entry->file.len || entry->sha256.len ? TAKES_ITEM : 0) |
           (entry->part[0].len ? TAKES_PARTS : 0);
}

static bool begins(struct str text, struct str with) {
    return text.len > with.len && memcmp(text.at, with.at, with.len) == 0;
}

static int check_texts(const struct entry *entry, struct fault *why) {
    struct fault cause;
    if (entry->name.len && dims_check_value(entry->name, &cause) != 0)
        return fault_set(why, -EINVAL, "the name: %s", cause.text);
    if (entry->link.len && !begins(entry->link, STR("http://")) && !begins(entry->link, STR("https://")))
        return fault_set(why, -EINVAL, "the link must begin with http:// or https://");
    if (utf8_check_text("title", entry->title, false, why) != 0 ||
        utf8_check_text("link", entry->link, false, why) != 0 ||
        utf8_check_text("file", entry->file, false, why) != 0 ||
        utf8_check_text("note", entry->note, true, why) != 0 ||
        utf8_check_text("reason", entry->reason, true, why) != 0)
        return -EINVAL;
    for (size_t i = 0; i < ENTRY_PARTS; i++)
        if (utf8_check_text(entry_part_names[i], entry->part[i], true, why) != 0)
            return -EINVAL;
    return 0;
}

static int check_remark(const struct entry *entry, int fields, struct fault *why) {
    if (fields != TAKES_TITLE || entry->note.len == 0 || entry->reason.len != 0 || entry->retracts != 0)
        return fault_set(why, -EINVAL, "a remark takes a title and a note, and nothing else");
    return utf8_check_text("note", entry->note, false, why) != 0 ? -EINVAL : check_texts(entry, why);
}

static int check_holding(const struct entry *entry, enum kind kind, int fields, struct fault *why) {
    if ((kind != KIND_COUNT && kind != KIND_DISTINCT) || fields != TAKES_HOLDS || entry->retracts != 0)
        return fault_set(why, -EINVAL, "%s, and nothing else%s", rules[kind].what,
                         kind == KIND_COUNT || kind == KIND_DISTINCT ? "; or the figure of its day that holds"
                                                                     : "");
    if (entry->value < 0 || entry->value > KIND_COUNT_MAX)
        return fault_set(why, -EINVAL, "the figure of a day is 0 or more, and at most 1000000000000");
    if (entry->reason.len == 0)
        return fault_set(why, -EINVAL, "a correction needs a reason");
    return check_texts(entry, why);
}

int entry_check(const struct entry *entry, enum kind kind, struct fault *why) {
    ASSERT(kind >= KIND_COUNT && kind <= KIND_LAST);
    int fields = fields_of(entry);
    if (kind == KIND_RATIO)
        return fault_set(why, -EINVAL, "a ratio is computed from others: nothing can be entered");
    if (entry->remark != ENTRY_REMARK_NONE)
        return check_remark(entry, fields, why);
    if (entry->holds)
        return check_holding(entry, kind, fields, why);
    if (entry->retracts != 0) {
        if (fields != 0)
            return fault_set(why, -EINVAL, "an entry that retracts another says nothing else");
        if (entry->reason.len == 0)
            return fault_set(why, -EINVAL, "an entry that retracts another needs a reason");
        return check_texts(entry, why);
    }
    if ((fields & ~rules[kind].takes) != 0 || (fields & rules[kind].needs) != rules[kind].needs)
        return fault_set(why, -EINVAL, "%s, and nothing else", rules[kind].what);
    if (entry->has_value && (entry->value > KIND_COUNT_MAX || entry->value < -KIND_COUNT_MAX))
        return fault_set(why, -EINVAL, "the number is out of bounds: at most 1000000000000 either way");
    if (kind == KIND_STATUS && entry->value != 0 && entry->value != 1)
        return fault_set(why, -EINVAL, "%s", rules[kind].what);
    if ((kind == KIND_DISTINCT || entry->removed) && entry->reason.len == 0)
        return fault_set(why, -EINVAL, "a correction needs a reason");
    return check_texts(entry, why);
}

/* ---- identity and order ---- */

uint64_t entry_id_of(struct str text) {
    uint64_t id = XXH3_64bits(text.at, text.len) >> 1;
    return id == 0 ? 1 : id;
}

int entry_compare(int64_t a_at, const struct entry *a, int64_t b_at, const struct entry *b) {
    if (a_at != b_at)
        return a_at < b_at ? -1 : 1;
    if (a->recorded != b->recorded)
        return a->recorded < b->recorded ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}
