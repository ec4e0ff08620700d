/* A secret key in a file of its own: 32 bytes, a plain file, mode 0600. */
#ifndef SUIVI_COLLECTOR_KEY_FILE_H
#define SUIVI_COLLECTOR_KEY_FILE_H

#include "proto/fault.h"

#define KEY_FILE_BYTES 32

/* -ENOENT without a sentence when there is none. `lost` ends the sentence of a damaged one: what becomes of those
 * that were hashed with it. */
int key_file_read(const char *path, const char *lost, unsigned char out[static KEY_FILE_BYTES],
                  struct fault *why);

/* Makes it, which must not be there; on disk when it returns 0. */
int key_file_write(const char *path, const unsigned char bytes[static KEY_FILE_BYTES], struct fault *why);

/* "cannot DOING the key PATH: ..." by errno, which is returned. */
int key_file_fault(const char *doing, const char *path, struct fault *why);

#endif
