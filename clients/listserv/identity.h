/* Posts, and the files they lie in, as keyed hashes. The key is drawn with the state, and lies in it: what the state
 * remembers of an archive holds no Message-ID and no path. */
#ifndef SUIVI_LISTSERV_IDENTITY_H
#define SUIVI_LISTSERV_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "clients/lib/suivi.h"
#include "clients/listserv/content.h"
#include "clients/listserv/mbox.h"
#include "proto/fault.h"
#include "proto/str.h"

#define IDENTITY_BYTES 12

struct identity {
    unsigned char bytes[IDENTITY_BYTES];
};

struct identities;

/* `suivi` NULL: nothing is remembered, any key will do. A new key is saved with the next commit. */
int identities_open(struct identities **out, struct suivi *suivi, struct fault *why);
void identities_close(struct identities **identities); /* wipes the key */

const unsigned char *identities_content_key(const struct identities *identities); /* CONTENT_KEY_BYTES */
uint64_t identities_seed(const struct identities *identities);                    /* of digests of files */

/* By its Message-ID, else by its text. */
struct identity identity_of_message(const struct identities *identities, const struct mbox_message *message);
struct identity identity_of_path(const struct identities *identities, struct str path);

#endif
