#include "daemon/intake/sessions.h"

#include <stdlib.h>

#include "proto/check.h"

#define SESSIONS_MAGIC 0x53455353u

struct sessions {
    unsigned magic;
    struct session *session; /* sorted by source; texts owned */
    size_t count, room;
    uint64_t clock;
};

void sessions_new(struct sessions **out) {
    struct sessions *sessions = mem_zeroed(1, sizeof *sessions);
    sessions->magic = SESSIONS_MAGIC;
    *out = sessions;
}

static void clear(struct session *session) {
    str_free(session->source);
    str_free(session->outbox);
    str_free(session->peer);
}

void sessions_destroy(struct sessions **sessions) {
    struct sessions *s = *sessions;
    if (s == NULL)
        return;
    OBJ_CHECK(s, SESSIONS_MAGIC);
    for (size_t i = 0; i < s->count; i++)
        clear(&s->session[i]);
    free(s->session);
    s->magic = 0;
    free(s);
    *sessions = NULL;
}

/* Index of the first one whose source is not before `source`. */
static size_t lower_bound(const struct sessions *sessions, struct str source) {
    size_t low = 0, high = sessions->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(sessions->session[middle].source, source) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct session *find(const struct sessions *sessions, struct str source) {
    size_t at = lower_bound(sessions, source);
    if (at == sessions->count || !str_equal(sessions->session[at].source, source))
        return NULL;
    return &sessions->session[at];
}

const struct session *sessions_find(const struct sessions *sessions, struct str source) {
    OBJ_CHECK(sessions, SESSIONS_MAGIC);
    return find(sessions, source);
}

static void forget(struct sessions *sessions, struct session *session) {
    clear(session);
    size_t after = (size_t)(&sessions->session[sessions->count--] - (session + 1));
    memmove(session, session + 1, after * sizeof *session);
}

static void forget_quietest(struct sessions *sessions) {
    size_t quietest = 0;
    for (size_t i = 1; i < sessions->count; i++)
        if (sessions->session[i].heard < sessions->session[quietest].heard)
            quietest = i;
    forget(sessions, &sessions->session[quietest]);
}

static struct session *add(struct sessions *sessions, struct str source) {
    if (sessions->count == SESSIONS_MAX)
        forget_quietest(sessions);
    if (sessions->count == sessions->room) {
        sessions->room = sessions->room ? sessions->room * 2 : 16;
        sessions->session = mem_resize(sessions->session, sessions->room, sizeof *sessions->session);
    }
    size_t at = lower_bound(sessions, source);
    struct session *session = &sessions->session[at];
    memmove(session + 1, session, (sessions->count - at) * sizeof *session);
    sessions->count++;
    *session = (struct session){.source = str_copy(source)};
    return session;
}

void sessions_begin(struct sessions *sessions, struct str source, struct str outbox, struct str peer,
                    uint64_t skipped) {
    OBJ_CHECK(sessions, SESSIONS_MAGIC);
    struct session *session = find(sessions, source);
    if (session == NULL)
        session = add(sessions, source);
    str_free(session->outbox);
    str_free(session->peer);
    session->outbox = str_copy(outbox);
    session->peer = str_copy(peer);
    session->skipped = skipped;
    session->heard = ++sessions->clock;
}

void sessions_end(struct sessions *sessions, struct str source) {
    OBJ_CHECK(sessions, SESSIONS_MAGIC);
    struct session *session = find(sessions, source);
    if (session)
        forget(sessions, session);
}

bool sessions_speaks(struct sessions *sessions, struct str source, struct str outbox, struct str peer) {
    OBJ_CHECK(sessions, SESSIONS_MAGIC);
    struct session *session = find(sessions, source);
    if (session == NULL || !str_equal(session->outbox, outbox) || !str_equal(session->peer, peer))
        return false;
    session->heard = ++sessions->clock;
    return true;
}
