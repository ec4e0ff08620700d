/* A file that documents something: it stays where it is; its name and SHA-256 are kept, so that it can be told
 * whether a file is that very one. */
#ifndef SUIVI_CLI_ATTACHMENT_H
#define SUIVI_CLI_ATTACHMENT_H

#include "proto/entry.h"
#include "proto/fault.h"

struct attachment {
    char name[ENTRY_FILE_MAX + 1]; /* without its directory */
    unsigned char sha256[ENTRY_SHA256];
};

/* Reads the whole file. A negative errno with `why` when it is not there, cannot be read, or is no plain file. */
int attachment_read(struct attachment *out, const char *path, struct fault *why);

#endif
