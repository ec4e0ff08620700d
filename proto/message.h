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
#include "proto/fault.h"
#include "proto/kind.h"
#include "proto/wire.h"

#define MESSAGE_VERSION      1
#define MESSAGE_BYTES_MAX    (16u << 20) /* one frame */
#define MESSAGE_SERIES_MAX   (1u << 20)  /* series in a batch's dictionary */
#define MESSAGE_EVENTS_MAX   (1u << 20)  /* events in a batch */
#define MESSAGE_REASONS_MAX  256         /* different reasons in one ack */
#define MESSAGE_SOURCE_MAX   128         /* bytes of a source's name, which is checked as a dimension value */
#define MESSAGE_OUTBOX_MAX   32          /* bytes of an outbox's id */
#define MESSAGE_PATTERNS_MAX 64          /* indicators in a query */
#define MESSAGE_TEXT_MAX     512         /* bytes of a sentence */
#define MESSAGE_FIGURES_MAX  4096        /* figures in one chunk */
#define MESSAGE_ROWS_MAX     4096        /* rows of the ledger in one chunk */
#define MESSAGE_FINDINGS_MAX 4096        /* findings in one chunk */
#define MESSAGE_CREDIT       64          /* batches a source may have unacknowledged */

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
    MESSAGE_TYPE_LAST = MESSAGE_FINDINGS,
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
    uint64_t digest;  /* message_digest of batch `last` as it was counted; 0: not known */
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
    uint64_t seq; /* from 1, without gaps */
    int64_t base; /* Unix time that event times are relative to */
    uint32_t series_count, event_count;
    struct wire_reader series, events;
};

struct message_event {
    uint32_t series; /* < series_count */
    bool has_set;    /* value is a set (distinct), else a number */
    int64_t at;      /* Unix time */
    int64_t number;
    struct str set; /* not yet checked by distinct_valid */
};

int message_read_batch(struct wire_reader *reader, struct message_batch *out, struct fault *why);
void message_next_series(struct message_batch *batch, struct str *indicator, struct dims *dims);
void message_next_event(struct message_batch *batch, struct message_event *event);

/* The two lists are written apart and joined: elements as message_write_series and message_write_event wrote
 * them. */
void message_write_series(struct wire_writer *writer, struct str indicator, const struct dims *dims);
void message_write_event_number(struct wire_writer *writer, uint32_t series, int64_t delta, int64_t number);
void message_write_event_set(struct wire_writer *writer, uint32_t series, int64_t delta, struct str set);
void message_write_batch(struct wire_writer *writer, struct str source, struct str outbox, uint64_t seq,
                         int64_t base, uint32_t series_count, const struct wire_writer *series,
                         uint32_t event_count, const struct wire_writer *events);

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
};

struct message_figure {
    struct str indicator, period;
    uint32_t dim_count;
    struct str dim[DIMS_MAX]; /* values in the query's split order; empty: not broken down */
    int64_t value;
    struct str note; /* what a reader must know of this value ("sum of months"), or empty */
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
