/* JSON of what the daemon told, with jansson. */
#ifndef SUIVI_CLI_JSON_H
#define SUIVI_CLI_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

#define JSON_DIGITS 15 /* that a double holds for sure */

/* All return new references; `json_number` of 125 with 1 decimal is 12.5. Texts that are not UTF-8 are cleaned. */
json_t *json_new(void);
json_t *json_number(int64_t value, unsigned decimals);
json_t *json_text(const char *text);
json_t *json_time(int64_t at); /* "2018-02-03T23:50:00Z"; null for 0 */
json_t *json_closing(const struct suivi_closing *closing);
json_t *json_dims(const struct suivi_dim *dims, size_t count);

/* Sets what a figure has of value (null where it has none), note, state, reported, target, heard, days. */
void json_set_figure(json_t *object, const struct suivi_figure *figure);

/* Sets a text that is there. */
void json_set_text(json_t *object, const char *key, const char *text);

/* An array of objects, one a line: before each, and at the end. `count`: of those before. */
void json_put_row(FILE *stream, size_t count, json_t *object); /* takes */
void json_put_end(FILE *stream, size_t count);

#endif
