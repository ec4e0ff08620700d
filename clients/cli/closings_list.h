/* Closed periods, gathered so that they can be laid out. */
#ifndef SUIVI_CLI_CLOSINGS_LIST_H
#define SUIVI_CLI_CLOSINGS_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

#define CLOSINGS_LIST_MAX (1u << 16) /* more are not kept; closings_list_cut tells */

struct closings_list;

void closings_list_new(struct closings_list **out);
void closings_list_destroy(struct closings_list **list);
void closings_list_add(struct closings_list *list, const struct suivi_closing *closing); /* copies */
size_t closings_list_count(const struct closings_list *list);
bool closings_list_cut(const struct closings_list *list);

void closings_list_table(FILE *stream, const struct closings_list *list, bool colour);
void closings_list_csv(FILE *stream, const struct closings_list *list);
void closings_list_json(FILE *stream, const struct closings_list *list);

/* How many of the indicators have a value that was reported. */
struct closings_values {
    size_t values, indicators;
};

/* Each in a sentence, and how to see its figures: what the person who closed it reads. */
void closings_list_sentences(FILE *stream, const struct closings_list *list,
                             const struct closings_values *values);

#endif
