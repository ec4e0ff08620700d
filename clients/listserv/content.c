#include "clients/listserv/content.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define CONTENT_MAGIC 0xc0871e17u
_Static_assert(CONTENT_DIGEST_BYTES == crypto_generichash_BYTES_MIN, "the shortest that BLAKE2b gives here");

struct content {
    unsigned magic;
    unsigned char key[CONTENT_KEY_BYTES];
    crypto_generichash_state state;
    uint64_t newlines;    /* held back: they may be the last */
    bool some;            /* was fed that is no line end */
    bool carriage_return; /* held back: it may belong to a line end */
};

void content_new(struct content **out, const unsigned char key[static CONTENT_KEY_BYTES]) {
    struct content *content = mem_zeroed(1, sizeof *content);
    content->magic = CONTENT_MAGIC;
    memcpy(content->key, key, sizeof content->key);
    *out = content;
}

void content_destroy(struct content **content) {
    if (*content == NULL)
        return;
    OBJ_CHECK(*content, CONTENT_MAGIC);
    sodium_memzero(*content, sizeof **content);
    free(*content);
    *content = NULL;
}

void content_begin(struct content *content) {
    OBJ_CHECK(content, CONTENT_MAGIC);
    ASSERT(crypto_generichash_init(&content->state, content->key, sizeof content->key,
                                   CONTENT_DIGEST_BYTES) == 0);
    content->newlines = 0;
    content->some = content->carriage_return = false;
}

bool content_empty(const struct content *content) {
    OBJ_CHECK(content, CONTENT_MAGIC);
    return !content->some;
}

static void add(struct content *content, const char *bytes, size_t len) {
    crypto_generichash_update(&content->state, (const unsigned char *)bytes, len);
}

static void add_held(struct content *content) {
    static const char ends[64] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
                                 "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    for (uint64_t left = content->newlines; left > 0;) {
        size_t some = left < sizeof ends ? (size_t)left : sizeof ends;
        add(content, ends, some);
        left -= some;
    }
    content->newlines = 0;
    if (content->carriage_return)
        add(content, "\r", 1);
    content->carriage_return = false;
}

void content_feed(struct content *content, const char *bytes, size_t len) {
    OBJ_CHECK(content, CONTENT_MAGIC);
    while (len > 0) {
        const char *newline = memchr(bytes, '\n', len);
        size_t text = newline != NULL ? (size_t)(newline - bytes) : len;
        if (text > 0) {
            bool ends_in_return = bytes[text - 1] == '\r';
            size_t plain = text - ends_in_return;
            if (plain > 0 || content->carriage_return)
                add_held(content);
            add(content, bytes, plain);
            content->some |= plain > 0;
            content->carriage_return = ends_in_return;
        }
        if (newline == NULL)
            return;
        content->carriage_return = false;
        content->newlines++;
        bytes += text + 1;
        len -= text + 1;
    }
}

void content_end(struct content *content, unsigned char digest[static CONTENT_DIGEST_BYTES]) {
    OBJ_CHECK(content, CONTENT_MAGIC);
    crypto_generichash_final(&content->state, digest, CONTENT_DIGEST_BYTES);
}
