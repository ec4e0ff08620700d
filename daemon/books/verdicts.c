#include "daemon/books/verdicts.h"

#include <errno.h>

#include "daemon/store/row.h"
#include "proto/check.h"
#include "proto/message.h"

_Static_assert(VERDICTS_KEPT >= MESSAGE_CREDIT, "a batch that may come again is known");

#define SEQ_BYTES  8
#define HEAD_BYTES 12 /* how many reasons, how many refused events, bytes of the reasons */

struct str verdicts_key(char key[static VERDICTS_KEY_MAX], struct str ledger_key, uint64_t seq) {
    ASSERT(ledger_key.len <= BALANCE_KEY_MAX);
    memcpy(key, ledger_key.at, ledger_key.len);
    key[ledger_key.len] = '\0';
    (void)row_put((uint8_t *)key + ledger_key.len + 1, seq, SEQ_BYTES);
    return (struct str){key, ledger_key.len + 1 + SEQ_BYTES};
}

void verdicts_encode(struct wire_writer *writer, uint32_t reason_count, const struct wire_writer *reasons,
                     uint32_t refused_count, const struct wire_writer *refused) {
    uint8_t head[HEAD_BYTES], *at = row_put(head, reason_count, 4);
    at = row_put(at, refused_count, 4);
    (void)row_put(at, wire_writer_len(reasons), 4);
    wire_write_raw(writer, head, sizeof head);
    wire_write_raw(writer, wire_writer_data(reasons), wire_writer_len(reasons));
    wire_write_raw(writer, wire_writer_data(refused), wire_writer_len(refused));
}

int verdicts_decode(struct str row, struct verdict *out) {
    if (row.len < HEAD_BYTES || row_get(row.at + 8, 4) > row.len - HEAD_BYTES)
        return -EBADMSG;
    size_t reasons = row_get(row.at + 8, 4);
    *out = (struct verdict){
        .reason_count = (uint32_t)row_get(row.at, 4),
        .refused_count = (uint32_t)row_get(row.at + 4, 4),
        .reasons = {row.at + HEAD_BYTES, reasons},
        .refused = {row.at + HEAD_BYTES + reasons, row.len - HEAD_BYTES - reasons},
    };
    return 0;
}

int verdicts_put(struct store_write *write, struct str key, struct str row, struct fault *why) {
    char first[VERDICTS_KEY_MAX], last[VERDICTS_KEY_MAX];
    ASSERT(key.len > 1 + SEQ_BYTES && key.len <= VERDICTS_KEY_MAX);
    struct str ledger_key = {key.at, key.len - 1 - SEQ_BYTES};
    uint64_t seq = row_get(key.at + key.len - SEQ_BYTES, SEQ_BYTES);
    int err = 0;
    if (seq > VERDICTS_KEPT)
        err = store_drop_rows(write, STORE_VERDICTS, verdicts_key(first, ledger_key, 0),
                              verdicts_key(last, ledger_key, seq - VERDICTS_KEPT), why);
    return err ? err : store_put_row(write, STORE_VERDICTS, key, row, why);
}

/* So many values, and nothing behind them. */
static bool holds(struct str bytes, uint32_t count) {
    struct wire_reader reader;
    wire_reader_init(&reader, bytes.at, bytes.len);
    for (uint32_t i = 0; i < count; i++)
        if (wire_skip(&reader) != 0)
            return false;
    return wire_at_end(&reader);
}

bool verdicts_valid(struct str key, struct str row) {
    struct str source, outbox;
    struct verdict verdict;
    return key.len > 1 + SEQ_BYTES && key.at[key.len - 1 - SEQ_BYTES] == '\0' &&
           balance_key_parse((struct str){key.at, key.len - 1 - SEQ_BYTES}, &source, &outbox) == 0 &&
           verdicts_decode(row, &verdict) == 0 && holds(verdict.reasons, verdict.reason_count) &&
           holds(verdict.refused, verdict.refused_count);
}
