/* How a program of ours talks to a person: one-line errors, colour and a progress bar only on a terminal. */
#ifndef SUIVI_COLLECTOR_TERMINAL_H
#define SUIVI_COLLECTOR_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Texts come from elsewhere and go to a terminal: control characters, and what is no UTF-8, become '?'. Returns
 * `text`. */
char *terminal_clean(char *text);

/* "PROGRAM: text" and a newline on stderr; a progress bar there is wiped first. Control characters are shown
 * as '?'. */
void terminal_say(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Colour for this stream? A terminal, and NO_COLOR is not set. */
bool terminal_colour(FILE *stream);

/* Columns of the terminal behind `stream`, or `otherwise`. */
int terminal_width(FILE *stream, int otherwise);

/* Columns that UTF-8 text takes on a terminal. */
int terminal_columns(const char *text);

/* A bar on stderr for work that lasts longer than a second: call as often as you like. Nothing when stderr is
 * no terminal. */
struct terminal_progress {
    const char *label;
    uint64_t total; /* 0: not known */
    int64_t started_ms, drawn_ms;
    bool shown;
};

void terminal_progress_start(struct terminal_progress *bar, const char *label, uint64_t total);
void terminal_progress_at(struct terminal_progress *bar, uint64_t done);
void terminal_progress_end(struct terminal_progress *bar);

#endif
