#include "daemon/books/heard.h"

#include <errno.h>

#include "daemon/books/balance.h"

struct hearing {
    int (*visit)(void *arg, struct str source, int64_t at);
    void *arg;
    bool any;
    struct str source; /* whose rows are gone through */
    int64_t at;
    struct fault *why;
};

/* Rows come by source. */
static int hear(void *arg, struct str key, struct str row) {
    struct hearing *hearing = arg;
    struct str source, outbox;
    struct balance balance;
    int result = 0;
    if (balance_key_parse(key, &source, &outbox) != 0 || balance_decode(row, &balance) != 0)
        return fault_set(hearing->why, -EBADMSG,
                         "the store's ledger is damaged; \"suivi check\" tells where");
    if (hearing->any && str_equal(hearing->source, source)) {
        hearing->at = balance.heard > hearing->at ? balance.heard : hearing->at;
        return 0;
    }
    if (hearing->any)
        result = hearing->visit(hearing->arg, hearing->source, hearing->at);
    hearing->any = result == 0;
    hearing->source = source;
    hearing->at = balance.heard;
    return result;
}

int heard_each(struct store_snapshot *snapshot, int (*visit)(void *arg, struct str source, int64_t at),
               void *arg, struct fault *why) {
    struct hearing hearing = {.visit = visit, .arg = arg, .why = why};
    int err = store_each_ledger(snapshot, hear, &hearing, why);
    if (err == 0 && hearing.any)
        err = visit(arg, hearing.source, hearing.at);
    return err;
}
