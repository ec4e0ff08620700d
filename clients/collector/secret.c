#include "clients/collector/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define LOCKED_KIB 64 /* what all that we lock fits into */

int secret_no_dumps(struct fault *why) {
    const struct rlimit none = {0, 0};
    /* The limit alone would not do: a program that collects dumps gets them whatever the limit. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
        int code = errno;
        return fault_set(why, -code, "cannot switch core dumps off, in which secret keys would be: %s",
                         strerror(code));
    }
    return 0;
}

int secret_new(void **out, size_t bytes, struct fault *why) {
    int rc = secret_no_dumps(why);
    if (rc != 0)
        return rc;
    if (sodium_init() < 0)
        return fault_set(why, -EIO, "libsodium finds no source of random numbers");
    void *memory = sodium_malloc(bytes);
    if (memory == NULL)
        return fault_set(why, -ENOMEM, "no memory for secret keys");
    if (mlock(memory, bytes) != 0) { /* libsodium has tried, and does not tell */
        int code = errno;
        sodium_free(memory);
        return fault_set(
            why, -code,
            "cannot keep secret keys out of the swap: %s; let this program lock %d KiB of memory "
            "(ulimit -l, or LimitMEMLOCK= of its unit)",
            strerror(code), LOCKED_KIB);
    }
    sodium_memzero(memory, bytes);
    *out = memory;
    return 0;
}

void secret_free(void *memory) {
    sodium_free(memory);
}
