/* A directory of secret keys, of one collector or of several that count one site on several servers:
 *
 *   2018-03            the key of that month (2018-Q1, 2018-H1, 2018: of a longer epoch), 32 random bytes
 *   2018-01.destroyed  when that epoch's key was destroyed, and the mark of the key
 *   weblog@www1.needs  of several: who reads here, and from which month on it still needs keys
 *
 * A mark tells a key from others, and nothing else of it. Whatever lies here beside these is left alone. */
#ifndef SUIVI_COLLECTOR_KEY_SHELF_H
#define SUIVI_COLLECTOR_KEY_SHELF_H

#include <stdbool.h>
#include <stdint.h>

#include "clients/collector/key_file.h"
#include "proto/fault.h"
#include "proto/period.h"

struct key_shelf;

void key_shelf_new(struct key_shelf **out, const char *directory); /* which is there */
void key_shelf_free(struct key_shelf **shelf);

/* Keeps others who make or destroy keys here away until key_shelf_unlock, where the file system can do that. */
int key_shelf_lock(struct key_shelf *shelf, struct fault *why);
void key_shelf_unlock(struct key_shelf *shelf);

/* Is a key of a month to year for this month (of proto/civil.h) here, and which? The shortest, if several are. */
bool key_shelf_find(const struct key_shelf *shelf, int32_t month, struct period *out);

/* The epoch for a new key of that month: the longest up to `longest` of which no part had a key of its own. */
struct period key_shelf_choose(const struct key_shelf *shelf, int32_t month, enum period_type longest);

/* As key_file_read, key_file_write; -EEXIST without a sentence: somebody else has made it meanwhile. */
int key_shelf_read(const struct key_shelf *shelf, const struct period *epoch,
                   unsigned char out[static KEY_FILE_BYTES], struct fault *why);
int key_shelf_make(const struct key_shelf *shelf, const struct period *epoch,
                   const unsigned char bytes[static KEY_FILE_BYTES], struct fault *why);
char *key_shelf_path(const struct key_shelf *shelf, const struct period *epoch); /* caller frees */

/* Calls back with every key (`half_made`: and with what a crash left of one that was never used) of epochs that are over before
 * `month`, until `visit` returns other than 0, which is returned. It may destroy what it is called with. */
int key_shelf_each_before(const struct key_shelf *shelf, int32_t month,
                          int (*visit)(void *arg, const char *name, const struct period *epoch,
                                       bool half_made, struct fault *why),
                          void *arg, struct fault *why);

/* Overwrites and removes one of these. */
int key_shelf_destroy(const struct key_shelf *shelf, const char *name, struct fault *why);

/* On the day `day` the key with that mark was destroyed; and what was noted last of an epoch, -ENOENT: nothing. */
int key_shelf_note(const struct key_shelf *shelf, const struct period *epoch, uint64_t mark, int32_t day,
                   struct fault *why);
int key_shelf_noted(const struct key_shelf *shelf, const struct period *epoch, uint64_t *mark, int32_t *day);

/* The file of one who reads here (caller frees); that it needs keys from `month` on; whether it said so. */
char *key_shelf_needs_name(const char *who);
int key_shelf_need(const struct key_shelf *shelf, const char *name, int32_t month, struct fault *why);
bool key_shelf_needs(const struct key_shelf *shelf, const char *name);

/* The earliest month that anybody needs, `otherwise` when nobody needs an earlier one; a note that cannot be read needs
 * all. *who, *since: whose note that is, and when it was written; untouched when it is `otherwise`. Caller frees. */
int key_shelf_needed(const struct key_shelf *shelf, int32_t otherwise, int32_t *month, char **who,
                     int64_t *since, struct fault *why);

#endif
