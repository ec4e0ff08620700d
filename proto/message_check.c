#include <errno.h>
#include <inttypes.h>

#include "proto/check.h"
#include "proto/message.h"
#include "proto/message_priv.h"

static const struct message_field check_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_check, id),
     .max = UINT64_MAX},
};

static const struct message_form check_form = {MESSAGE_CHECK, sizeof check_fields / sizeof check_fields[0],
                                               check_fields};

int message_read_check(struct wire_reader *reader, struct message_check *out, struct fault *why) {
    struct message_check check = {0};
    int rc = message_read_form(reader, &check_form, &check, why);
    if (rc == 0)
        *out = check;
    return rc;
}

void message_write_check(struct wire_writer *writer, const struct message_check *check) {
    message_write_head(writer, MESSAGE_CHECK, 1);
    message_write_key(writer, "id");
    wire_write_uint(writer, check->id);
}

static int read_finding(struct wire_reader *reader, struct str *text) {
    uint32_t elements;
    if (wire_read_array(reader, &elements, UINT32_MAX) != 0 || elements < 1 ||
        wire_read_str(reader, text, MESSAGE_TEXT_MAX) != 0)
        return -EPROTO;
    for (uint32_t i = 1; i < elements; i++) {
        if (wire_skip(reader) != 0)
            return -EPROTO;
    }
    return 0;
}

static int read_findings(struct wire_reader *reader, void *message, struct fault *why) {
    struct message_findings *findings = message;
    uint32_t count;
    if (message_read_count(reader, &count, MESSAGE_FINDINGS_MAX, "findings", "findings",
                           "send several chunks", why) != 0)
        return -EPROTO;
    findings->findings = *reader;
    findings->finding_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct str text;
        if (read_finding(reader, &text) != 0)
            return fault_set(why, -EPROTO,
                             "findings: finding %" PRIu32 " must be an array [text] of at most %d bytes", i,
                             MESSAGE_TEXT_MAX);
    }
    findings->findings.end = reader->at;
    return 0;
}

static const struct message_field findings_fields[] = {
    {.key = "id",
     .type = MESSAGE_FIELD_UINT,
     .offset = offsetof(struct message_findings, id),
     .max = UINT64_MAX},
    {.key = "last", .type = MESSAGE_FIELD_BOOL, .offset = offsetof(struct message_findings, last)},
    {.key = "findings", .type = MESSAGE_FIELD_OWN, .optional = true, .read = read_findings},
    {.key = "more",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.more),
     .max = MESSAGE_SEQ_MAX},
    {.key = "names",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.names),
     .max = MESSAGE_SEQ_MAX},
    {.key = "cells",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.cells),
     .max = MESSAGE_SEQ_MAX},
    {.key = "months",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.months),
     .max = MESSAGE_SEQ_MAX},
    {.key = "sources",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.sources),
     .max = MESSAGE_SEQ_MAX},
    {.key = "bytes",
     .type = MESSAGE_FIELD_UINT,
     .optional = true,
     .offset = offsetof(struct message_findings, checked.bytes),
     .max = MESSAGE_SEQ_MAX},
};

static const struct message_form findings_form = {
    MESSAGE_FINDINGS, sizeof findings_fields / sizeof findings_fields[0], findings_fields};

int message_read_findings(struct wire_reader *reader, struct message_findings *out, struct fault *why) {
    struct message_findings findings = {0};
    int rc = message_read_form(reader, &findings_form, &findings, why);
    if (rc == 0)
        *out = findings;
    return rc;
}

void message_next_finding(struct message_findings *findings, struct str *text) {
    int rc = read_finding(&findings->findings, text);
    ASSERT(rc == 0);
}

void message_write_finding(struct wire_writer *writer, struct str text) {
    wire_write_array(writer, 1);
    wire_write_str(writer, text);
}

void message_write_findings(struct wire_writer *writer, uint64_t id, bool last,
                            const struct message_checked *checked, uint32_t finding_count,
                            const struct wire_writer *findings) {
    const struct {
        const char *key;
        uint64_t number;
    } totals[] = {
        {"more", checked->more},     {"names", checked->names},     {"cells", checked->cells},
        {"months", checked->months}, {"sources", checked->sources}, {"bytes", checked->bytes},
    };
    message_write_head(writer, MESSAGE_FINDINGS, 9);
    message_write_key(writer, "id");
    wire_write_uint(writer, id);
    message_write_key(writer, "last");
    wire_write_bool(writer, last);
    message_write_key(writer, "findings");
    wire_write_elements(writer, finding_count, findings);
    for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
        message_write_key(writer, totals[i].key);
        wire_write_uint(writer, totals[i].number);
    }
}
