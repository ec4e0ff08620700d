/* Byte strings, numbered from 0 in the order in which they came, and found again by hashing. */
#ifndef SUIVI_LIB_TABLE_H
#define SUIVI_LIB_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/str.h"

struct table;

void table_new(struct table **out);
void table_destroy(struct table **table);
void table_clear(struct table *table);

uint32_t table_count(const struct table *table);
bool table_find(const struct table *table, struct str key, uint32_t *number);
uint32_t table_add(struct table *table, struct str key); /* copies; `key` may not be there yet */
uint32_t table_find_or_add(struct table *table, struct str key, bool *added);
struct str table_key(const struct table *table, uint32_t number); /* borrowed until the next table_add */

#endif
