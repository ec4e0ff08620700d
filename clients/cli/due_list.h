/* The answer to `suivi due`, gathered in its order so that it can be laid out. */
#ifndef SUIVI_CLI_DUE_LIST_H
#define SUIVI_CLI_DUE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

#define DUE_LIST_MAX (1u << 20) /* more are not kept; due_list_cut tells */

struct due_list;

void due_list_new(struct due_list **out);
void due_list_destroy(struct due_list **list);
void due_list_add(struct due_list *list, const struct suivi_duty *duty); /* copies */
size_t due_list_count(const struct due_list *list);
bool due_list_cut(const struct due_list *list);
bool due_list_is_late(const struct due_list *list); /* whether anything is more than soon due */

/* "1.4.5  Quarterly board call, due 31 Dec 2018, in 38 days": of the first one, for a list that is not empty. The caller
 * frees it. */
char *due_list_first(const struct due_list *list);

/* `year` goes without saying at the times when sources were last heard from. Labels are cut for lines to fit `width`; 0:
 * they are not. */
void due_list_table(FILE *stream, const struct due_list *list, int year, int width);
void due_list_csv(FILE *stream, const struct due_list *list);
void due_list_json(FILE *stream, const struct due_list *list);

#endif
