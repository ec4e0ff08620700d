#include "clients/lib/asking.h"
#include "clients/lib/client_priv.h"
#include "clients/lib/texts.h"
#include "proto/message.h"

struct checking {
    void (*on_finding)(void *arg, const char *sentence);
    void *arg;
    struct suivi_checked checked;
    struct message_findings findings;
    struct texts texts;
};

static void write_question(void *arg, struct wire_writer *writer, uint64_t id) {
    (void)arg;
    message_write_check(writer, &(struct message_check){.id = id});
}

static int read_findings(void *arg, struct wire_reader *reader, struct asking_chunk *chunk,
                         struct fault *why) {
    struct checking *checking = arg;
    int rc = message_read_findings(reader, &checking->findings, why);
    if (rc == 0)
        *chunk = (struct asking_chunk){checking->findings.id, checking->findings.last};
    return rc;
}

static void tell_findings(void *arg) {
    struct checking *checking = arg;
    const struct message_checked *totals = &checking->findings.checked;
    for (uint32_t i = 0; i < checking->findings.finding_count; i++) {
        struct str text;
        message_next_finding(&checking->findings, &text);
        texts_begin(&checking->texts, text.len + 1);
        if (checking->on_finding)
            checking->on_finding(checking->arg, texts_add(&checking->texts, text));
    }
    checking->checked.findings += checking->findings.finding_count + totals->more;
    checking->checked.names = totals->names;
    checking->checked.cells = totals->cells;
    checking->checked.months = totals->months;
    checking->checked.sources = totals->sources;
    checking->checked.bytes = totals->bytes;
}

int suivi_check(struct suivi *client, int timeout_ms, void (*on_finding)(void *arg, const char *sentence),
                void *arg, struct suivi_checked *checked) {
    OBJ_CHECK(client, CLIENT_MAGIC);
    struct checking checking = {.on_finding = on_finding, .arg = arg};
    int rc = asking_run(client,
                        &(struct asking){.answer = MESSAGE_FINDINGS,
                                         .write = write_question,
                                         .read = read_findings,
                                         .tell = tell_findings,
                                         .arg = &checking},
                        timeout_ms);
    texts_free(&checking.texts);
    if (rc == 0)
        *checked = checking.checked;
    return rc;
}
