/* Entries: what is said of an indicator one by one, by people or by collectors that read a register: "120 members
 * from 31 March on", "the audit was filed on 12 September", "this case study". Each has an id, so that it counts
 * once however often and by whomever it is sent, and can be named when it turns out to be wrong. Nothing is ever
 * overwritten: a correction is an entry, too, and has a reason.
 *
 * An entry belongs to a series and to the day of its event. It travels and is stored as one MessagePack map in a
 * canonical form, so that equal entries are equal bytes. Of these fields each kind takes some (entry_check):
 *
 *   count      value: a number that is added; or holds: the figure of its day, with a reason
 *   distinct   value: a difference to how many there are; or holds; only with a reason
 *   level      value: the number from now on
 *   status     value: 1 in force, 0 not, from now on
 *   roster     name; removed: it is taken from the names of its day; only with a reason
 *   milestone  done: the day on which it was done (the event's day lies in the period that it was done for); and what
 *              shows it: title; link; file and its sha256; none of them is a must
 *   evidence   title; link; file and its sha256
 *   narrative  title; parts: problem, aims, strategies, results, impact analysis, conclusions
 *   each       note; reason: why this corrects what was said before; retracts: id of an entry of the same series
 *              that no longer counts, which needs a reason and takes none of the fields of a kind
 *
 * A remark is an entry that is no part of any figure and says how figures came to be: it takes a title and a note of one
 * line, of whatever kind the indicator is, and makes no day one that was heard from. It may leave out dimensions, and is
 * then about all series that have those it names. It cannot be retracted. */
#ifndef SUIVI_PROTO_ENTRY_H
#define SUIVI_PROTO_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/kind.h"
#include "proto/wire.h"

#define ENTRY_BYTES_MAX (256u << 10)
#define ENTRY_TITLE_MAX 256 /* bytes, as the others */
#define ENTRY_LINK_MAX  2048
#define ENTRY_FILE_MAX  256
#define ENTRY_NOTE_MAX  2000 /* of a reason, too */
#define ENTRY_NAME_MAX  128
#define ENTRY_PART_MAX  32768
#define ENTRY_PARTS     6
#define ENTRY_SHA256    32
#define ENTRY_NO_DAY    INT32_MIN

enum entry_remark {
    ENTRY_REMARK_NONE,
    ENTRY_REMARK_METHOD, /* how what this source gave to this day was counted: title "robots list", note "2018-01-31". Where
                          * the note of one title changes from one day to a later one, the series has a break */
    ENTRY_REMARK_BREAK, /* what was counted from this day on does not go together with what was before: title "key", note why */
    ENTRY_REMARK_EVENT, /* something that a reader of this day's figures may want to know: the key was destroyed */
    ENTRY_REMARK_LAST = ENTRY_REMARK_EVENT,
};

/* The method that says over what time members of a set can be told apart: title "key", note "one each month". */
#define ENTRY_KEY_TITLE "key"
#define ENTRY_KEY_NOTE  "one each "

struct entry {
    uint64_t id;      /* 1 to 2^63 - 1 */
    int64_t recorded; /* Unix time at which it was said */
    bool has_value;
    bool holds; /* the value is that of its series and day, whatever else is known of these */
    int64_t value;
    struct str name;
    bool removed;
    int32_t done; /* a day; ENTRY_NO_DAY: not said */
    struct str title, link, file, note, reason;
    struct str sha256;            /* ENTRY_SHA256 bytes, or empty */
    struct str part[ENTRY_PARTS]; /* all empty, or none */
    uint64_t retracts;            /* 0: nothing */
    enum entry_remark remark;
};

#define ENTRY_NONE ((struct entry){.done = ENTRY_NO_DAY})

/* Reads one map, wherever the reader stands; unknown keys are passed over. Views borrow from the frame. -EPROTO
 * with `why`. */
int entry_read(struct wire_reader *reader, struct entry *out, struct fault *why);
void entry_write(struct wire_writer *writer, const struct entry *entry); /* the canonical form */

/* Does it say what an entry of that kind says? -EINVAL with `why` for the sender. */
int entry_check(const struct entry *entry, enum kind kind, struct fault *why);

/* The same statement twice has the same id: for those that a machine makes of its readings. Never 0. */
uint64_t entry_id_of(struct str text);

/* The one order in which later statements stand before earlier ones: by the time of the event, then by when it was
 * said, then by value and id. <0, 0, >0. */
int entry_compare(int64_t a_at, const struct entry *a, int64_t b_at, const struct entry *b);

/* "method", "break", "event"; "" of none. -EINVAL: there is no such. */
const char *entry_remark_name(enum entry_remark remark);
int entry_remark_parse(enum entry_remark *out, struct str name);

extern const char *const entry_remark_names[ENTRY_REMARK_LAST + 1];
extern const char *const entry_part_names[ENTRY_PARTS]; /* in English, as headings */

#endif
