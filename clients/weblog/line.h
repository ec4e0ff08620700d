/* One line of a web server's log, cut into its fields. Nothing is copied: views point into the line.
 *
 * Formats: combined and common (Apache, nginx), vhost_combined (host[:port] in front), nginx JSON. What
 * parses is said in the definitions page (docs/definitions.md, "line"): an address, a valid time, a quoted
 * request, a status and a size; a quoted field ends at an unescaped quote that is followed by a space or the
 * end of the line. */
#ifndef SUIVI_WEBLOG_LINE_H
#define SUIVI_WEBLOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

enum line_format {
    LINE_AUTO,
    LINE_COMBINED, /* a line without referrer and agent (common) parses too */
    LINE_COMMON,   /* the same grammar: told apart only so that a user may say it */
    LINE_VHOST,
    LINE_JSON,
};

struct line {
    int64_t at; /* Unix time */
    int status;
    bool has_agent;  /* false: the format logs none */
    bool open_ended; /* parsed, but more bytes at its end could still change its meaning (no agent yet) */
    struct str address, request, agent;
    struct str time, referrer; /* as they were written; the latter may be empty */
    struct str rest;           /* all that follows the agent; rest_is_stamp: "stamp" of a JSON line */
    bool rest_is_stamp;
};

/* Parses one line without its "\n"; a "\r" before that is passed over. Strings of a JSON line are borrowed
 * from `parser` until the next call. */
struct line_parser;
void line_parser_new(struct line_parser **out, enum line_format format); /* not LINE_AUTO */
void line_parser_destroy(struct line_parser **parser);
enum line_format line_parser_format(const struct line_parser *parser);
bool line_parse(struct line_parser *parser, struct str text, struct line *out);

/* The format that most lines of this piece of a log are in (LINE_COMMON when most of the plain ones have no
 * agent); LINE_AUTO when none of them parses in any. A line cut off at the end of the piece is passed over
 * unless it is the only one. */
enum line_format line_detect(struct str piece);

int line_format_parse(enum line_format *out, const char *name, struct fault *why);

#endif
