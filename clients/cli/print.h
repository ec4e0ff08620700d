/* What all tables and files of the command line are made with. */
#ifndef SUIVI_CLI_PRINT_H
#define SUIVI_CLI_PRINT_H

#include <stdint.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

#define PRINT_GAP      3              /* columns between two columns of a table */
#define PRINT_MISSING  "\xe2\x80\x93" /* – */
#define PRINT_NOT_DUE  "\xc2\xb7"     /* · */
#define PRINT_WITHHELD "x"
#define PRINT_BOLD     "\033[1m"
#define PRINT_PLAIN    "\033[0m"
#define PRINT_NUMBER   40
#define PRINT_WIDTH    100 /* of a table where the terminal's is not known */

/* 3120 as "3 120". Returns `out`. */
const char *print_number(int64_t value, char out[static PRINT_NUMBER]);

/* The same of a number with so many digits after the point: 12345 with 1 as "1 234.5"; and as files have it, "1234.5". */
#define PRINT_DECIMALS_MAX 15 /* more are taken as that many */
const char *print_value(int64_t value, unsigned decimals, char out[static PRINT_NUMBER]);
const char *print_plain_value(int64_t value, unsigned decimals, char out[static PRINT_NUMBER]);

void print_text(FILE *stream, const char *text); /* cleaned by terminal_clean */

void print_spaces(FILE *stream, int count);
void print_left(FILE *stream, const char *text, int width);  /* cut to it if need be */
void print_right(FILE *stream, const char *text, int width); /* never cut */

/* "region=africa, list=a", as it is. Caller frees. */
char *print_dims(const struct suivi_dim *dims, size_t count);

void print_csv_field(FILE *stream, const char *text); /* quoted as in RFC 4180 */

#endif
