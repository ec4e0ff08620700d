/* Names of people as numbers. One secret key, STATE/pseudonym.key (32 random bytes, mode 0600), made when it is
 * first needed and kept for good: the same person has to be known again years later. Whoever has the numbers and
 * not the key can test them against nobody; so the key never leaves the machine, and is in no copy of the figures. */
#ifndef SUIVI_COLLECTOR_PSEUDONYMS_H
#define SUIVI_COLLECTOR_PSEUDONYMS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

#define PSEUDONYM_NAME_MAX 1024 /* bytes of a name */

struct pseudonyms;

/* `directory` is made when missing, mode 0700. A new key is on disk before it is used. */
int pseudonyms_open(struct pseudonyms **out, const char *directory, struct fault *why);
void pseudonyms_close(struct pseudonyms **pseudonyms); /* wipes the key from memory */

/* The number of that name. Spellings that a person takes for one name have one number: white space at its ends
 * does not count, within it any is one space, and capitals are as small letters. SipHash-2-4 (Aumasson, Bernstein
 * 2012) of libsodium. -EINVAL, without the name in `why`: it is empty, too long, or not UTF-8. */
int pseudonyms_of_name(const struct pseudonyms *pseudonyms, struct str name, uint64_t *out,
                       struct fault *why);

/* The number of other data, by which nobody can guess it either; never that of a name. */
uint64_t pseudonyms_of_data(const struct pseudonyms *pseudonyms, const void *data, size_t len);

/* That spelling of a name which is hashed, in `out`; its length, or -EINVAL as above. */
int pseudonyms_normalise(const struct pseudonyms *pseudonyms, struct str name,
                         char out[static PSEUDONYM_NAME_MAX * 2], struct fault *why);

#endif
