#include "clients/listserv/mbox.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clients/listserv/separator.h"
#include "proto/check.h"

#define MBOX_MAGIC  0x3b0c3b0cu
#define BUFFER_SIZE (1u << 20)
#define BEHIND      2 /* bytes before `at` that are kept: whether a line was empty shows in them */

enum place { BEFORE, HEADERS, BODY };
enum field { MESSAGE_ID, DATE, RECEIVED, FROM, FIELDS, OTHER = FIELDS };

struct value {
    char *text;
    size_t len, room;
    bool seen, whole; /* `whole`: it ended, and was not too long */
};

struct mbox {
    unsigned magic;
    struct mbox_source source;
    bool single, ended, has_other, over;
    int failure; /* of the source, told once the message it cut is */
    struct fault why;

    char *buffer; /* [at, end) is still to be looked at, [fed, at) still to go into the digest */
    size_t at, end, fed;
    uint64_t offset; /* of buffer[0] in the stream */
    enum place place;
    bool first;  /* `at` is where the stream began */
    bool blank;  /* the line before `at` was empty */
    bool inside; /* `at` is within a line that is longer than the buffer */

    struct content *content;
    bool digesting;
    struct value value[FIELDS];
    enum field field; /* of the header line before */
    uint64_t message_offset;
    int64_t separator_at, next_separator_at;
};

void mbox_new(struct mbox **out, const struct mbox_source *source, uint64_t offset, bool single,
              const unsigned char key[static MBOX_KEY_BYTES]) {
    struct mbox *mbox = mem_zeroed(1, sizeof *mbox);
    mbox->magic = MBOX_MAGIC;
    mbox->source = *source;
    mbox->single = single;
    mbox->offset = offset;
    mbox->buffer = mem_pages(BUFFER_SIZE);
    mbox->blank = mbox->first = true;
    mbox->field = OTHER;
    content_new(&mbox->content, key);
    *out = mbox;
}

void mbox_destroy(struct mbox **pointer) {
    struct mbox *mbox = *pointer;
    if (mbox == NULL)
        return;
    OBJ_CHECK(mbox, MBOX_MAGIC);
    for (size_t i = 0; i < FIELDS; i++)
        free(mbox->value[i].text);
    content_destroy(&mbox->content);
    free(mbox->buffer);
    mbox->magic = 0;
    free(mbox);
    *pointer = NULL;
}

bool mbox_has_other(const struct mbox *mbox) {
    OBJ_CHECK(mbox, MBOX_MAGIC);
    return mbox->has_other;
}

/* --- the digest --- */

static struct str trimmed(const struct value *value) {
    struct str text = {value->text, value->len};
    if (!value->seen)
        return (struct str){"", 0};
    while (text.len > 0 && (unsigned char)text.at[text.len - 1] <= ' ')
        text.len--;
    while (text.len > 0 && (unsigned char)*text.at <= ' ') {
        text.at++;
        text.len--;
    }
    return text;
}

static struct str message_id(const struct mbox *mbox) {
    const struct value *id = &mbox->value[MESSAGE_ID];
    return id->whole ? trimmed(id) : (struct str){"", 0};
}

/* As long as no Message-ID is known, the bytes passed so far may have to be digested. */
static void pass(struct mbox *mbox) {
    bool open = message_id(mbox).len == 0 || mbox->field == MESSAGE_ID; /* which may still grow too long */
    bool wanted = mbox->place == HEADERS ? open : mbox->place == BODY && mbox->digesting;
    if (wanted && mbox->at > mbox->fed) {
        if (!mbox->digesting)
            content_begin(mbox->content);
        mbox->digesting = true;
        content_feed(mbox->content, mbox->buffer + mbox->fed, mbox->at - mbox->fed);
    }
    mbox->fed = mbox->at;
}

/* --- the buffer --- */

static void refill(struct mbox *mbox) {
    pass(mbox);
    size_t keep = mbox->at < BEHIND ? mbox->at : BEHIND, from = mbox->at - keep;
    if (from > 0) {
        memmove(mbox->buffer, mbox->buffer + from, mbox->end - from);
        mbox->offset += from;
        mbox->at -= from;
        mbox->end -= from;
        mbox->fed = mbox->at;
    }
    if (mbox->end == BUFFER_SIZE || mbox->ended)
        return;
    ssize_t got =
        mbox->source.read(mbox->source.arg, mbox->buffer + mbox->end, BUFFER_SIZE - mbox->end, &mbox->why);
    if (got < 0)
        mbox->failure = (int)got;
    if (got <= 0)
        mbox->ended = true;
    else
        mbox->end += (size_t)got;
}

/* The line at `at` with its end; less when the stream ends, or the buffer is full, before it does. */
static struct str line_at(struct mbox *mbox) {
    size_t looked = 0;
    for (;;) {
        const char *line = mbox->buffer + mbox->at;
        size_t held = mbox->end - mbox->at;
        const char *newline = held > looked ? memchr(line + looked, '\n', held - looked) : NULL;
        if (newline != NULL)
            return (struct str){line, (size_t)(newline - line) + 1};
        bool full = held >= BUFFER_SIZE - BEHIND;
        if (mbox->ended || full)
            return (struct str){line, held};
        looked = held;
        refill(mbox);
    }
}

static bool has_end(struct str line) {
    return line.len > 0 && line.at[line.len - 1] == '\n';
}

static bool is_empty_line(struct str line) {
    return has_end(line) && (line.len == 1 || (line.len == 2 && line.at[0] == '\r'));
}

static void take(struct mbox *mbox, struct str line) {
    mbox->at += line.len;
    mbox->first = false;
    mbox->inside = !has_end(line);
}

/* --- header fields --- */

static enum field field_of(struct str line) {
    static const struct str names[FIELDS] = {[MESSAGE_ID] = {"message-id:", 11},
                                             [DATE] = {"date:", 5},
                                             [RECEIVED] = {"received:", 9},
                                             [FROM] = {"from:", 5}};
    for (int i = 0; i < FIELDS; i++)
        if (line.len >= names[i].len && strncasecmp(line.at, names[i].at, names[i].len) == 0)
            return (enum field)i;
    return OTHER;
}

static void append(struct value *value, struct str text) {
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    size_t room = MBOX_FIELD_MAX - value->len;
    if (text.len > room) {
        text.len = room;
        value->whole = false;
    }
    if (value->len + text.len > value->room) {
        value->room = value->len + text.len > 1024 ? MBOX_FIELD_MAX : 1024;
        value->text = mem_resize(value->text, value->room, 1);
    }
    if (text.len > 0)
        memcpy(value->text + value->len, text.at, text.len);
    value->len += text.len;
}

static void take_header(struct mbox *mbox, struct str line) {
    bool goes_on = mbox->inside || *line.at == ' ' || *line.at == '\t';
    if (goes_on) {
        if (mbox->field != OTHER)
            append(&mbox->value[mbox->field], line);
        return;
    }
    mbox->field = field_of(line);
    if (mbox->field == OTHER)
        return;
    struct value *value = &mbox->value[mbox->field];
    if (value->seen) {
        mbox->field = OTHER;
        return;
    }
    value->seen = value->whole = true;
    size_t name = (size_t)((const char *)memchr(line.at, ':', line.len) - line.at) + 1;
    append(value, (struct str){line.at + name, line.len - name});
}

/* --- messages --- */

static void begin(struct mbox *mbox) {
    for (size_t i = 0; i < FIELDS; i++) {
        mbox->value[i].seen = mbox->value[i].whole = false;
        mbox->value[i].len = 0;
    }
    mbox->field = OTHER;
    mbox->digesting = false;
    mbox->place = HEADERS;
    mbox->fed = mbox->at;
}

/* The headers end at `at`, or the stream does: without a Message-ID, whatever was kept back of them is digested. */
static void end_headers(struct mbox *mbox) {
    mbox->field = OTHER;
    bool nameless = message_id(mbox).len == 0;
    if (nameless && !mbox->digesting)
        content_begin(mbox->content);
    mbox->digesting = nameless;
    pass(mbox);
}

static void finish(struct mbox *mbox, struct mbox_message *message) {
    bool headers_end = mbox->place == BODY, from_cut = mbox->field == FROM && mbox->inside;
    if (!headers_end)
        end_headers(mbox);
    pass(mbox);
    *message = (struct mbox_message){.offset = mbox->message_offset,
                                     .separator_at = mbox->separator_at,
                                     .message_id = message_id(mbox),
                                     .date = trimmed(&mbox->value[DATE]),
                                     .received = trimmed(&mbox->value[RECEIVED]),
                                     .from = trimmed(&mbox->value[FROM]),
                                     .headers_end = headers_end,
                                     .from_cut = !headers_end && from_cut};
    if (mbox->digesting && content_empty(mbox->content)) /* its separator is all there is of it */
        content_feed(mbox->content, (const char *)&mbox->separator_at, sizeof mbox->separator_at);
    if (mbox->digesting)
        content_end(mbox->content, message->digest);
    mbox->digesting = false;
}

/* Is the line at `at`, which stands after an empty one, a separator? */
static bool at_separator(struct mbox *mbox) {
    if (mbox->single)
        return false;
    while (mbox->end - mbox->at < 5 && !mbox->ended)
        refill(mbox);
    if (mbox->end - mbox->at < 5 || memcmp(mbox->buffer + mbox->at, "From ", 5) != 0)
        return false;
    return separator_parse(line_at(mbox), &mbox->next_separator_at);
}

static void begin_at_separator(struct mbox *mbox) {
    struct str line = line_at(mbox);
    mbox->message_offset = mbox->offset + mbox->at;
    mbox->separator_at = mbox->next_separator_at;
    take(mbox, line);
    begin(mbox);
}

static void step_headers(struct mbox *mbox) {
    struct str line = line_at(mbox);
    if (line.len == 0)
        return;
    if (!mbox->inside && is_empty_line(line)) {
        end_headers(mbox);
        take(mbox, line);
        pass(mbox);
        mbox->place = BODY;
        mbox->blank = true;
        mbox->fed = mbox->at;
        return;
    }
    take_header(mbox, line);
    take(mbox, line);
}

static bool only_line_ends(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\n' && text.at[i] != '\r')
            return false;
    return true;
}

/* On to the next line that begins with "From ", or to where one could begin that is not all there yet. */
static void skip_text(struct mbox *mbox) {
    static const char wanted[] = "\nFrom ";
    const size_t len = sizeof wanted - 1;
    const char *from = mbox->buffer + mbox->at;
    size_t held = mbox->end - mbox->at;
    const char *found = held >= len ? memmem(from, held, wanted, len) : NULL;
    size_t passed = found != NULL ? (size_t)(found - from) + 1
                    : mbox->ended ? held
                    : held < len  ? 0
                                  : held - len + 1;
    if (mbox->place == BEFORE && !mbox->has_other)
        mbox->has_other = !only_line_ends((struct str){from, passed});
    mbox->at += passed;
    mbox->first &= passed == 0;
    mbox->blank = false;
    if (found != NULL) {
        const char *start = mbox->buffer;
        bool begins = mbox->offset == 0 && found == start; /* an empty line is the first of all */
        bool after_return = found - start >= 2 && found[-1] == '\r' && found[-2] == '\n';
        mbox->blank = begins || (found > start && found[-1] == '\n') || after_return;
        pass(mbox);
    } else if (!mbox->ended) {
        refill(mbox);
    }
}

/* All of a Maildir's file is one message. */
static void skip_all(struct mbox *mbox) {
    mbox->at = mbox->end;
    pass(mbox);
    refill(mbox);
}

static bool at_end(const struct mbox *mbox) {
    return mbox->ended && mbox->at == mbox->end;
}

static int end(struct mbox *mbox, struct mbox_message *message, struct fault *why) {
    bool empty = mbox->offset + mbox->at == 0;
    if (mbox->place != BEFORE && !empty) {
        finish(mbox, message);
        message->last = true;
        message->cut = mbox->failure != 0;
        mbox->place = BEFORE;
        mbox->over = true;
        return 1;
    }
    return mbox->failure != 0 ? fault_set(why, mbox->failure, "%s", mbox->why.text) : 0;
}

int mbox_next(struct mbox *mbox, struct mbox_message *message, struct fault *why) {
    OBJ_CHECK(mbox, MBOX_MAGIC);
    if (mbox->single && mbox->first && !mbox->over) {
        mbox->separator_at = SEPARATOR_NO_DAY;
        mbox->message_offset = mbox->offset;
        begin(mbox);
    }
    for (;;) {
        if (mbox->place == HEADERS) {
            step_headers(mbox);
        } else if (mbox->blank && at_separator(mbox)) {
            bool before = mbox->place != BEFORE;
            if (before)
                finish(mbox, message);
            begin_at_separator(mbox);
            if (before)
                return 1;
        } else if (mbox->single) {
            skip_all(mbox);
        } else {
            skip_text(mbox);
        }
        if (at_end(mbox))
            return end(mbox, message, why);
    }
}
