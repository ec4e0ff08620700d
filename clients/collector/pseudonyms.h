/* Names of people as numbers. One secret key, STATE/pseudonym.key (32 random bytes, mode 0600), made when it is
 * first needed and kept for good: the same person has to be known again years later. Whoever has the numbers and
 * not the key can test them against nobody; so the key never leaves the machine, and is in no copy of the figures. */
#ifndef SUIVI_COLLECTOR_PSEUDONYMS_H
#define SUIVI_COLLECTOR_PSEUDONYMS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/fault.h"
#include "proto/str.h"

#define PSEUDONYM_NAME_MAX     1024                     /* bytes of a name */
#define PSEUDONYM_SPELLING_MAX (4 * PSEUDONYM_NAME_MAX) /* of the spelling that is hashed */

struct pseudonyms;

/* `directory` is made when missing, mode 0700. A new key is on disk before it is used. `known`: the mark of the key
 * with which people were named before; -ENOKEY when that is gone, or the key is another. 0: any key will do, and when
 * there is none a new one is made. */
int pseudonyms_open(struct pseudonyms **out, const char *directory, uint64_t known, struct fault *why);
void pseudonyms_close(struct pseudonyms **pseudonyms); /* wipes the key from memory */

/* Tells this key from others, and nothing else of it; never 0. */
uint64_t pseudonyms_key_mark(const struct pseudonyms *pseudonyms);

/* The number of that name. Spellings that a person takes for one name have one number: white space at its ends does not count,
 * within it any is one space, and capitals and composed characters are as Unicode folds and composes them (full case folding,
 * NFC). SipHash-2-4 (Aumasson, Bernstein 2012) of libsodium. -EINVAL, without the name in `why`: it is empty, too long, or not
 * UTF-8. */
int pseudonyms_of_name(const struct pseudonyms *pseudonyms, struct str name, uint64_t *out,
                       struct fault *why);

/* That spelling of a name which is hashed, in `out`; its length, or -EINVAL as above. */
int pseudonyms_normalise(struct str name, char out[static PSEUDONYM_SPELLING_MAX], struct fault *why);

#endif
