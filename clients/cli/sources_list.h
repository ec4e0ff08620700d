/* The answer to `suivi sources`, gathered so that it can be laid out. */
#ifndef SUIVI_CLI_SOURCES_LIST_H
#define SUIVI_CLI_SOURCES_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "clients/lib/suivi.h"

#define SOURCES_LIST_MAX (1u << 20) /* more are not kept; sources_list_cut tells */

struct sources_list;

void sources_list_new(struct sources_list **out);
void sources_list_destroy(struct sources_list **list);
void sources_list_add(struct sources_list *list, const struct suivi_source *source); /* copies */
size_t sources_list_count(const struct sources_list *list);
bool sources_list_cut(const struct sources_list *list);

/* What a person reads: outboxes are told apart only where a source has several, and missing batches only where
 * there are some. As many blocks of columns as the width needs. */
void sources_list_table(FILE *stream, const struct sources_list *list, int width, bool colour);
void sources_list_csv(FILE *stream, const struct sources_list *list);
void sources_list_json(FILE *stream, const struct sources_list *list);

#endif
