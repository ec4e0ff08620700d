#include "proto/message_priv.h"

static const struct message_field check_fields[] = {
    MESSAGE_FIELD(message_check, id, UINT, .max = UINT64_MAX),
};

static const struct message_form check_form = {MESSAGE_CHECK, MESSAGE_FIELDS(check_fields)};

int message_read_check(struct wire_reader *reader, struct message_check *out, struct fault *why) {
    struct message_check check = {0};
    int rc = message_read_form(reader, &check_form, &check, why);
    if (rc == 0)
        *out = check;
    return rc;
}

void message_write_check(struct wire_writer *writer, const struct message_check *check) {
    message_write_form(writer, &check_form, check, NULL);
}

struct finding {
    struct str text;
};

static const struct message_field finding_fields[] = {
    MESSAGE_FIELD(finding, text, TEXT, .max = MESSAGE_TEXT_MAX),
};

static const struct message_row finding_row = {"finding", sizeof(struct finding),
                                               MESSAGE_FIELDS(finding_fields), NULL};

#define TOTAL(total)                                                                                         \
    {                                                                                                        \
        .key = #total, .type = MESSAGE_FIELD_UINT, .optional = true,                                         \
        .offset = offsetof(struct message_findings, checked.total), .max = MESSAGE_SEQ_MAX,                  \
    }

static const struct message_field findings_fields[] = {
    MESSAGE_FIELD(message_findings, id, UINT, .max = UINT64_MAX),
    MESSAGE_FIELD(message_findings, last, BOOL),
    MESSAGE_ROWS(message_findings, findings, finding_count, &finding_row, MESSAGE_FINDINGS_MAX,
                 "send several chunks", .optional = true),
    TOTAL(more),
    TOTAL(names),
    TOTAL(cells),
    TOTAL(months),
    TOTAL(sources),
    TOTAL(bytes),
};

static const struct message_form findings_form = {MESSAGE_FINDINGS, MESSAGE_FIELDS(findings_fields)};

int message_read_findings(struct wire_reader *reader, struct message_findings *out, struct fault *why) {
    struct message_findings findings = {0};
    int rc = message_read_form(reader, &findings_form, &findings, why);
    if (rc == 0)
        *out = findings;
    return rc;
}

void message_next_finding(struct message_findings *findings, struct str *text) {
    struct finding finding;
    message_next_row(&findings->findings, &finding_row, &finding);
    *text = finding.text;
}

void message_write_finding(struct wire_writer *writer, struct str text) {
    message_write_row(writer, &finding_row, &(struct finding){text});
}

void message_write_findings(struct wire_writer *writer, uint64_t id, bool last,
                            const struct message_checked *checked, uint32_t finding_count,
                            const struct wire_writer *findings) {
    message_write_form(writer, &findings_form,
                       &(struct message_findings){
                           .id = id, .last = last, .checked = *checked, .finding_count = finding_count},
                       &findings);
}
