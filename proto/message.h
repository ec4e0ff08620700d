/* The messages of PROTOCOL.md: one MessagePack array [version, type, map] in one frame.
 *
 * Reading: message_open says what came, then the reader of that type takes the map. Unknown keys are passed
 * over. Readers return 0, or -EPROTO with `why`; a frame of another protocol version gives -EPROTONOSUPPORT.
 * Nothing is allocated; views borrow from the frame.
 *
 * Writing: wire_writer_failed(writer) afterwards tells whether it fitted. Every key is written, in the order
 * of PROTOCOL.md. */
#ifndef SUIVI_PROTO_MESSAGE_H
#define SUIVI_PROTO_MESSAGE_H

#include "proto/dims.h"
#include "proto/entry.h"
#include "proto/fault.h"
#include "proto/kind.h"
#include "proto/wire.h"

#define MESSAGE_VERSION      1
#define MESSAGE_BYTES_MAX    (16u << 20) /* one frame */
#define MESSAGE_SERIES_MAX   (1u << 20)  /* series in a batch's dictionary */
#define MESSAGE_EVENTS_MAX   (1u << 20)  /* events in a batch */
#define MESSAGE_OTHERS_MAX   (1u << 18) /* of these, that are kept one by one: sets, names, entries, readings */
#define MESSAGE_OTHERS_TOLD  (1u << 14) /* how many a collector is asked to keep to */
#define MESSAGE_REASONS_MAX  256        /* different reasons in one ack */
#define MESSAGE_SOURCE_MAX   128        /* bytes of a source's name, which is checked as a dimension value */
#define MESSAGE_OUTBOX_MAX   32         /* bytes of an outbox's id */
#define MESSAGE_PATTERNS_MAX 64         /* ids or globs of indicators in one question */
#define MESSAGE_LANGUAGE_MAX 35         /* bytes of the longest usual tag of RFC 5646 */
#define MESSAGE_TEXT_MAX     512        /* bytes of a sentence */
#define MESSAGE_LONG_MAX     4096       /* bytes of a definition or method */
#define MESSAGE_FIGURES_MAX  4096       /* figures in one chunk */
#define MESSAGE_ROWS_MAX     4096       /* rows of the ledger, the plan, duties, closings in one chunk */
#define MESSAGE_FINDINGS_MAX 4096       /* findings in one chunk */
#define MESSAGE_CREDIT       64         /* batches a source may have unacknowledged */

enum message_type {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME,
    MESSAGE_BATCH,
    MESSAGE_ACK,
    MESSAGE_QUERY,
    MESSAGE_FIGURES,
    MESSAGE_ERROR,
    MESSAGE_SOURCES,
    MESSAGE_LEDGER,
    MESSAGE_CHECK,
    MESSAGE_FINDINGS,
    MESSAGE_PLAN,
    MESSAGE_INDICATORS,
    MESSAGE_EXPLAIN,
    MESSAGE_EXPLANATION,
    MESSAGE_DUE,
    MESSAGE_DUTIES,
    MESSAGE_CLOSINGS,
    MESSAGE_CLOSE,
    MESSAGE_CLOSED,
    MESSAGE_WITHDRAW,
    MESSAGE_WITHDRAWN,
    MESSAGE_TYPE_LAST = MESSAGE_WITHDRAWN,
};

const char *message_type_name(enum message_type type);

int message_open(struct wire_reader *reader, enum message_type *type, struct fault *why);

/* Collector to daemon, first: who I am, and the lowest sequence number I can still send. */
struct message_hello {
    struct str source;
    struct str outbox; /* names one numbering of batches: a random id made with the outbox; may be empty */
    struct str software;
    uint64_t first; /* 1 when the outbox is new */
};

int message_read_hello(struct wire_reader *reader, struct message_hello *out, struct fault *why);
void message_write_hello(struct wire_writer *writer, const struct message_hello *hello);

/* Daemon to collector: the last sequence number on disk (0: none), and what may be sent. */
struct message_welcome {
    struct str source;
    uint64_t last;
    uint64_t credit;
    uint64_t max_bytes, max_series, max_events;
    uint64_t max_others; /* events whose value is no number; 0: it does not say */
    uint64_t digest;     /* message_digest of batch `last` as it was counted; 0: not known */
    uint64_t missing; /* batches before `first` that it never had, or has no more: it goes on without them */
};

/* Tells one batch's frame from another of the same number: the upper 63 bits of XXH3 (so that every language
 * holds it). A collector whose own batch `last` has another digest was put back from an older copy, and must
 * not go on. */
uint64_t message_digest(struct str frame);

int message_read_welcome(struct wire_reader *reader, struct message_welcome *out, struct fault *why);
void message_write_welcome(struct wire_writer *writer, const struct message_welcome *welcome);

/* Collector to daemon. `series` and `events` stand at their first element; every element was checked by
 * message_read_batch, so that going through them cannot fail. An event is [series, time - base, value]. */
struct message_batch {
    struct str source, outbox;
    uint64_t seq;   /* from 1, without gaps */
    uint64_t nonce; /* drawn at random when the batch is made, so that no two are equal by chance; 0: none */
    bool whole;     /* if one event is refused, all are */
    int64_t base;   /* Unix time that event times are relative to */
    uint32_t series_count, event_count;
    struct wire_reader series, events;
};

enum message_value {
    MESSAGE_VALUE_NUMBER, /* int */
    MESSAGE_VALUE_SET,    /* bin: not yet checked by sketch_valid */
    MESSAGE_VALUE_NAME,   /* str: a name of a roster */
    MESSAGE_VALUE_ENTRY,  /* map: a good one by entry_read, not yet checked by entry_check */
};

struct message_event {
    uint32_t series; /* < series_count */
    enum message_value form;
    int64_t at; /* Unix time */
    int64_t number;
    struct str bytes; /* of what is no number; of an entry its MessagePack */
};

int message_read_batch(struct wire_reader *reader, struct message_batch *out, struct fault *why);
void message_next_series(struct message_batch *batch, struct str *indicator, struct dims *dims);
void message_next_event(struct message_batch *batch, struct message_event *event);

/* The two lists are written apart and joined: elements as message_write_series and message_write_event wrote
 * them. */
void message_write_series(struct wire_writer *writer, struct str indicator, const struct dims *dims);
void message_write_event_number(struct wire_writer *writer, uint32_t series, int64_t delta, int64_t number);
void message_write_event_set(struct wire_writer *writer, uint32_t series, int64_t delta, struct str set);
void message_write_event_name(struct wire_writer *writer, uint32_t series, int64_t delta, struct str name);
void message_write_event_entry(struct wire_writer *writer, uint32_t series, int64_t delta,
                               const struct entry *entry);

/* Writes what of `batch` stands before its lists, and then the lists. */
void message_write_batch(struct wire_writer *writer, const struct message_batch *batch,
                         const struct wire_writer *series, const struct wire_writer *events);

/* Daemon to collector, once the batch is on disk. A refused event is [index, reason]: `reason` counts into
 * `reasons`. */
struct message_ack {
    struct str source;
    uint64_t seq;
    bool repeated; /* was on disk already and counted then; nothing was counted now */
    uint64_t accepted;
    uint32_t reason_count, refused_count;
    struct wire_reader reasons, refused; /* as above: checked, at their first element */
};

/* The reason of those events of a batch that counts as a whole which are good themselves. */
#define MESSAGE_REASON_WHOLE "the batch counts as a whole, and another event of it was refused"

int message_read_ack(struct wire_reader *reader, struct message_ack *out, struct fault *why);
void message_next_reason(struct message_ack *ack, struct str *reason);
void message_next_refused(struct message_ack *ack, uint32_t *index,
                          uint32_t *reason); /* reason < reason_count */

/* `reasons`: strs by wire_write_str; `refused`: by message_write_refused. */
void message_write_refused(struct wire_writer *writer, uint32_t index, uint32_t reason);
void message_write_ack(struct wire_writer *writer, struct str source, uint64_t seq, bool repeated,
                       uint64_t accepted, uint32_t reason_count, const struct wire_writer *reasons,
                       uint32_t refused_count, const struct wire_writer *refused);

/* Client to daemon. Periods and the `by` type travel as their text. */
struct message_query {
    uint64_t id; /* comes back in the answer */
    uint32_t pattern_count, split_count;
    struct str pattern[MESSAGE_PATTERNS_MAX]; /* indicator ids or globs (* and ?); none: all */
    struct str from, to;                      /* periods of any type; empty: open */
    struct str by;                            /* "month"; empty: month */
    struct str language;                      /* of the labels; empty: en */
    struct str split[DIMS_MAX];               /* dimension names, in the order of the columns */
    struct dims where;
    struct str as_of; /* a day: what was known at its end; empty: now */
    /* Type of period: figures are the sums of those of such periods. Empty: by the kind's rule. */
    struct str sum_of;
    bool reported; /* of closed periods the value as it was reported */
    bool gaps;     /* periods without a value have a figure, too, that says why */
    bool outside;  /* for others than the organisation: small numbers are withheld */
};

int message_read_query(struct wire_reader *reader, struct message_query *out, struct fault *why);
void message_write_query(struct wire_writer *writer, const struct message_query *query);

/* Daemon to client, in chunks; `last` marks the end. Indicators come with their first figures. */
struct message_figures {
    uint64_t id;
    bool last;
    uint32_t indicator_count, figure_count;
    struct wire_reader indicators, figures; /* checked, at their first element */
};

struct message_indicator {
    struct str id, code, kind, label;
    struct str note; /* how longer periods are made ("sum of months"), or empty */
    struct str unit; /* may be empty */
};

/* Four kinds of nothing: zero is a value. */
enum message_state {
    MESSAGE_STATE_VALUE,
    MESSAGE_STATE_MISSING,  /* there should be a figure, and nothing is known */
    MESSAGE_STATE_NOT_DUE,  /* none is wanted, or not yet */
    MESSAGE_STATE_WITHHELD, /* there is one that would tell too much of few people */
};

const char *message_state_name(enum message_state state); /* "", "missing", "not due", "withheld" */

struct message_figure {
    struct str indicator, period;
    uint32_t dim_count;
    struct str dim[DIMS_MAX]; /* values in the query's split order; empty: not broken down */
    int64_t value;            /* 0 unless the state is MESSAGE_STATE_VALUE */
    struct str note;          /* what a reader must know of this value ("sum of months"), or empty */

    /* May all be missing from the frame. */
    enum message_state state;
    unsigned decimals; /* the value is so many digits after the point: 125 with 1 is 12.5 */
    bool has_reported; /* the period is closed: */
    int64_t reported;  /* its value as it was reported, with the same decimals */
    bool has_target;
    int64_t target;       /* likewise */
    uint32_t heard, days; /* coverage: heard from on so many of so many days; days 0: not said */
    bool has_on_time;
    int64_t on_time; /* of a milestone: how many of what was done were done by their due day */
};

int message_read_figures(struct wire_reader *reader, struct message_figures *out, struct fault *why);
void message_next_indicator(struct message_figures *figures, struct message_indicator *out);
void message_next_figure(struct message_figures *figures, struct message_figure *out);

void message_write_indicator(struct wire_writer *writer, const struct message_indicator *indicator);
void message_write_figure(struct wire_writer *writer, const struct message_figure *figure);
void message_write_figures(struct wire_writer *writer, uint64_t id, bool last, uint32_t indicator_count,
                           const struct wire_writer *indicators, uint32_t figure_count,
                           const struct wire_writer *figures);

/* Client to daemon: what was heard from each source? */
struct message_sources {
    uint64_t id; /* comes back in the answer */
};

int message_read_sources(struct wire_reader *reader, struct message_sources *out, struct fault *why);
void message_write_sources(struct wire_writer *writer, const struct message_sources *sources);

/* Daemon to client, in chunks; `last` marks the end. A row for each numbering of batches, by source and outbox:
 * read = accepted + refused + repeated. */
struct message_ledger {
    uint64_t id;
    bool last;
    uint32_t row_count;
    struct wire_reader rows; /* checked, at their first element */
};

struct message_ledger_row {
    struct str source, outbox;
    uint64_t batches;                           /* counted */
    uint64_t read, accepted, refused, repeated; /* events */
    uint64_t batches_again;                     /* batches that came again */
    uint64_t last;                              /* sequence number of the last batch */
    uint64_t missing;                           /* batches that never came */
    int64_t heard;                              /* Unix time of the last batch; 0: none came yet */
};

int message_read_ledger(struct wire_reader *reader, struct message_ledger *out, struct fault *why);
void message_next_ledger_row(struct message_ledger *ledger, struct message_ledger_row *out);
void message_write_ledger_row(struct wire_writer *writer, const struct message_ledger_row *row);
void message_write_ledger(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows);

/* Client to daemon: is the store whole? */
struct message_check {
    uint64_t id; /* comes back in the answer */
};

int message_read_check(struct wire_reader *reader, struct message_check *out, struct fault *why);
void message_write_check(struct wire_writer *writer, const struct message_check *check);

/* Daemon to client, in chunks, some of them empty as a sign of life; `last` marks the end and tells what was
 * checked. A finding is one sentence. */
struct message_checked {
    uint64_t more;    /* findings that are not told */
    uint64_t names;   /* of series and sources */
    uint64_t cells;   /* of days */
    uint64_t months;  /* likewise of months */
    uint64_t sources; /* whose ledger was held against their cells */
    uint64_t bytes;   /* of all records */
};

struct message_findings {
    uint64_t id;
    bool last;
    struct message_checked checked;
    uint32_t finding_count;
    struct wire_reader findings; /* checked, at their first element */
};

int message_read_findings(struct wire_reader *reader, struct message_findings *out, struct fault *why);
void message_next_finding(struct message_findings *findings, struct str *text);
void message_write_finding(struct wire_writer *writer, struct str text);
void message_write_findings(struct wire_writer *writer, uint64_t id, bool last,
                            const struct message_checked *checked, uint32_t finding_count,
                            const struct wire_writer *findings);

/* Client to daemon: what does the plan promise to measure? */
struct message_plan {
    uint64_t id;
    uint32_t pattern_count;
    struct str pattern[MESSAGE_PATTERNS_MAX]; /* as in a query */
    struct str language;
};

int message_read_plan(struct wire_reader *reader, struct message_plan *out, struct fault *why);
void message_write_plan(struct wire_writer *writer, const struct message_plan *plan);

/* Daemon to client, in chunks. */
struct message_indicators {
    uint64_t id;
    bool last;
    struct str name, title, plan; /* of the framework */
    uint32_t row_count;
    struct wire_reader rows;
};

struct message_indicator_row {
    struct str id, code, area, kind, frequency, unit, label, definition, method, method_version, fed_by,
        target, baseline; /* the last three as a person reads them; those from `code` on may be empty */
    uint32_t dim_count;
    struct str dim[DIMS_MAX];
    uint32_t value_count[DIMS_MAX];      /* 0: any value */
    struct wire_reader values[DIMS_MAX]; /* at the first one; read with wire_read_str */
    struct str due;                      /* by when, as in proto/due.h; empty: the last day of the period */
};

int message_read_indicators(struct wire_reader *reader, struct message_indicators *out, struct fault *why);
void message_next_indicator_row(struct message_indicators *indicators, struct message_indicator_row *out);
void message_write_indicator_row(struct wire_writer *writer, const struct message_indicator_row *row);
void message_write_indicators(struct wire_writer *writer, const struct message_indicators *head,
                              const struct wire_writer *rows);

/* Client to daemon: how did this figure come to be? */
struct message_explain {
    uint64_t id;
    struct str indicator, period;
    struct dims where;
    struct str language;
};

int message_read_explain(struct wire_reader *reader, struct message_explain *out, struct fault *why);
void message_write_explain(struct wire_writer *writer, const struct message_explain *explain);

/* Daemon to client, in one frame. Lists that would be longer than MESSAGE_EXPLAINED_MAX end there; `more` says how many
 * rows of all lists are not told. */
#define MESSAGE_EXPLAINED_MAX 4096

struct message_explanation {
    uint64_t id;
    struct message_indicator indicator;
    struct str definition, method, method_version, fed_by;
    struct message_figure figure; /* its state says whether there is one */
    uint64_t more;
    bool gone; /* the plan has the indicator no more: the figure is what was reported */
    uint32_t part_count, entry_count, withdrawal_count, refusal_count, version_count, closing_count,
        move_count, operand_count, remark_count, meaning_count;
    struct wire_reader parts, entries, withdrawals, refusals, versions, closings, moves, operands, remarks,
        meanings;
};

/* What one source gave to it. */
struct message_part {
    struct str source;
    int64_t value;          /* what it gave; of sets how many different ones */
    uint32_t days;          /* it was heard from on, in the period */
    struct str first, last; /* of these days */
    int64_t heard;          /* Unix time of its last batch of all */
    uint64_t error;         /* the standard error of `value`, at most; 0: it is exact */
};

enum message_entry_state {
    MESSAGE_ENTRY_COUNTS,
    MESSAGE_ENTRY_RETRACTED,
    MESSAGE_ENTRY_WITHDRAWN,
    MESSAGE_ENTRY_SUPERSEDED,
    MESSAGE_ENTRY_REPLACED /* by a corrected figure of its day */
};
const char *message_entry_state_name(enum message_entry_state state); /* "counts", ... */

struct message_entry_row {
    struct str source;
    struct dims dims;
    int64_t at;       /* Unix time of the event */
    int64_t received; /* Unix time at which the vintage began that it came in */
    enum message_entry_state state;
    struct entry entry;
};

struct message_withdrawal_row {
    struct str source, first, last, reason; /* days */
    int64_t at;
};

struct message_refusal_row {
    struct str source, reason; /* the last one's */
    uint64_t count;
    int64_t at; /* of the last one */
};

struct message_version_row {
    struct str version, since; /* the day from which the figures are by it */
    int64_t seen;              /* Unix time at which the daemon first knew of it */
};

/* A closing that holds this figure's period. */
struct message_closing_row {
    struct str period;
    int64_t at;
    struct str digest, note; /* hex */
    uint64_t figures;
    uint32_t vintage;
};

/* What came after the closing of this period, or of the one that it was closed with: reported and all differences are
 * what is known now. */
struct message_move_row {
    int64_t at;              /* Unix time at which its vintage began */
    struct str source, what; /* what: "came later", or the reason of a correction or withdrawal */
    int64_t difference;
};

/* Of a ratio. */
struct message_operand_row {
    struct str indicator, label;
    struct message_figure figure;
};

/* How it was counted, and what else a reader should know: the same of days in a row is told once. */
struct message_remark_row {
    enum entry_remark remark;
    struct str source;
    struct dims dims;       /* what it is about; those that it leaves out may have any value */
    struct str first, last; /* days */
    uint32_t days;          /* on so many of them it was said */
    struct str title, note;
};

/* What the indicator meant when a period was closed, in the language asked for. */
struct message_meaning_row {
    struct str period;                    /* of the closing */
    struct str version;                   /* of the method */
    bool changed;                         /* it means something else by now */
    bool kept;                            /* its words are known; else the next are empty */
    struct str label, definition, method; /* may be empty */
};

int message_read_explanation(struct wire_reader *reader, struct message_explanation *out, struct fault *why);
void message_next_part(struct message_explanation *explanation, struct message_part *out);
void message_next_entry(struct message_explanation *explanation, struct message_entry_row *out);
void message_next_withdrawal(struct message_explanation *explanation, struct message_withdrawal_row *out);
void message_next_refusal(struct message_explanation *explanation, struct message_refusal_row *out);
void message_next_version(struct message_explanation *explanation, struct message_version_row *out);
void message_next_closing(struct message_explanation *explanation, struct message_closing_row *out);
void message_next_move(struct message_explanation *explanation, struct message_move_row *out);
void message_next_operand(struct message_explanation *explanation, struct message_operand_row *out);
void message_next_remark(struct message_explanation *explanation, struct message_remark_row *out);
void message_next_meaning(struct message_explanation *explanation, struct message_meaning_row *out);

void message_write_part(struct wire_writer *writer, const struct message_part *part);
void message_write_entry_row(struct wire_writer *writer, const struct message_entry_row *row);
void message_write_withdrawal(struct wire_writer *writer, const struct message_withdrawal_row *row);
void message_write_refusal(struct wire_writer *writer, const struct message_refusal_row *row);
void message_write_version(struct wire_writer *writer, const struct message_version_row *row);
void message_write_closing(struct wire_writer *writer, const struct message_closing_row *row);
void message_write_move(struct wire_writer *writer, const struct message_move_row *row);
void message_write_operand(struct wire_writer *writer, const struct message_operand_row *row);
void message_write_remark(struct wire_writer *writer, const struct message_remark_row *row);
void message_write_meaning(struct wire_writer *writer, const struct message_meaning_row *row);

/* Its lists, in the order of their counts. */
enum message_list {
    MESSAGE_LIST_PARTS,
    MESSAGE_LIST_ENTRIES,
    MESSAGE_LIST_WITHDRAWALS,
    MESSAGE_LIST_REFUSALS,
    MESSAGE_LIST_VERSIONS,
    MESSAGE_LIST_CLOSINGS,
    MESSAGE_LIST_MOVES,
    MESSAGE_LIST_OPERANDS,
    MESSAGE_LIST_REMARKS,
    MESSAGE_LIST_MEANINGS,
    MESSAGE_LISTS
};

/* `head` tells how many rows each list has. */
void message_write_explanation(struct wire_writer *writer, const struct message_explanation *head,
                               const struct wire_writer *const lists[MESSAGE_LISTS]);

/* Client to daemon: what is late, missing, soon due? */
struct message_due {
    uint64_t id;
    struct str on;   /* a day; empty: today */
    uint64_t within; /* days ahead that count as soon */
    struct str language;
};

int message_read_due(struct wire_reader *reader, struct message_due *out, struct fault *why);
void message_write_due(struct wire_writer *writer, const struct message_due *due);

struct message_duties {
    uint64_t id;
    bool last;
    uint32_t row_count;
    struct wire_reader rows;
};

enum message_duty_state {
    MESSAGE_DUTY_LATE = 1, /* a milestone whose day has passed, a status that is not in force */
    MESSAGE_DUTY_MISSING,  /* no figure of a period whose day has passed */
    MESSAGE_DUTY_SHORT,    /* a figure below its target, likewise */
    MESSAGE_DUTY_SILENT,   /* a source not heard from for longer than expected */
    MESSAGE_DUTY_SOON,
};

const char *message_duty_state_name(enum message_duty_state state); /* "late" ... */

struct message_duty {
    enum message_duty_state state;
    struct str indicator, code, label; /* of a source: its name in `label` only */
    struct dims dims;
    struct str period, due; /* due: a day */
    int64_t days;           /* since `due` (> 0), or until then (< 0) */
    int64_t value, target;  /* short: what there is, what is wanted */
    int64_t heard;          /* silent: Unix time, 0: never */
    struct str note;
};

int message_read_duties(struct wire_reader *reader, struct message_duties *out, struct fault *why);
void message_next_duty(struct message_duties *duties, struct message_duty *out);
void message_write_duty(struct wire_writer *writer, const struct message_duty *duty);
void message_write_duties(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows);

/* Client to daemon: which periods are closed? */
struct message_closings {
    uint64_t id;
};

int message_read_closings(struct wire_reader *reader, struct message_closings *out, struct fault *why);
void message_write_closings(struct wire_writer *writer, const struct message_closings *closings);

/* Client to daemon: keep the figures of this period as they are reported now. Answered once it is on disk. */
struct message_close {
    uint64_t id;
    struct str period, note;
};

int message_read_close(struct wire_reader *reader, struct message_close *out, struct fault *why);
void message_write_close(struct wire_writer *writer, const struct message_close *close);

/* Daemon to client: the answer to both, rows of message_closing_row. */
struct message_closed {
    uint64_t id;
    bool last;
    uint32_t row_count;
    struct wire_reader rows;
};

int message_read_closed(struct wire_reader *reader, struct message_closed *out, struct fault *why);
void message_next_closed(struct message_closed *closed, struct message_closing_row *out);
void message_write_closed(struct wire_writer *writer, uint64_t id, bool last, uint32_t row_count,
                          const struct wire_writer *rows);

/* Client to daemon: take what this source gave to these days back, so that it can be counted again. Answered once
 * it is on disk. */
struct message_withdraw {
    uint64_t id;
    struct str source, from, to, reason; /* periods */
};

int message_read_withdraw(struct wire_reader *reader, struct message_withdraw *out, struct fault *why);
void message_write_withdraw(struct wire_writer *writer, const struct message_withdraw *withdraw);

struct message_withdrawn {
    uint64_t id;
    struct str source, first, last; /* days */
    uint64_t figures;               /* cells of days and entries that count no more */
};

int message_read_withdrawn(struct wire_reader *reader, struct message_withdrawn *out, struct fault *why);
void message_write_withdrawn(struct wire_writer *writer, const struct message_withdrawn *withdrawn);

/* Either way: why something was refused whole. `source` and `seq` (or the question's `id`) say what, when it
 * was known. */
struct message_error {
    struct str code; /* one of MESSAGE_ERROR_ */
    struct str text; /* one sentence */
    struct str source;
    uint64_t seq; /* 0: not about a batch */
    uint64_t id;  /* 0: not about a question */
};

#define MESSAGE_ERROR_VERSION  "version" /* another protocol version */
#define MESSAGE_ERROR_BAD      "bad" /* no message, or outside the limits: sending it again is of no use */
#define MESSAGE_ERROR_SEQUENCE "sequence" /* a batch before it is missing: say hello and send from there */
#define MESSAGE_ERROR_STORE    "store"    /* could not be written (disk full): send again later */
#define MESSAGE_ERROR_QUERY    "query"    /* the question cannot be answered as put */
#define MESSAGE_ERROR_BUSY     "busy"     /* too much at once: later */

/* What a message that could not be read is about, for the error that answers it: takes `reader` as
 * message_open left it, and fills in the source, seq and id of `error` as far as the map can be walked; else
 * empty and 0. */
void message_read_about(struct wire_reader reader, struct message_error *error);

int message_read_error(struct wire_reader *reader, struct message_error *out, struct fault *why);
void message_write_error(struct wire_writer *writer, const struct message_error *error);

#endif
