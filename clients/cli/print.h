/* What all tables and files of the command line are made with. */
#ifndef SUIVI_CLI_PRINT_H
#define SUIVI_CLI_PRINT_H

#include <stdint.h>
#include <stdio.h>

#define PRINT_GAP     3              /* columns between two columns of a table */
#define PRINT_MISSING "\xe2\x80\x93" /* – */
#define PRINT_BOLD    "\033[1m"
#define PRINT_PLAIN   "\033[0m"
#define PRINT_NUMBER  40
#define PRINT_WIDTH   100 /* of a table where the terminal's is not known */

/* 3120 as "3 120". Returns `out`. */
const char *print_number(int64_t value, char out[static PRINT_NUMBER]);

/* Texts come from the daemon and go to a terminal: control characters become '?'. Returns `text`. */
char *print_clean(char *text);

void print_spaces(FILE *stream, int count);
void print_left(FILE *stream, const char *text, int width);  /* cut to it if need be */
void print_right(FILE *stream, const char *text, int width); /* never cut */

void print_csv_field(FILE *stream, const char *text); /* quoted as in RFC 4180 */

#endif
