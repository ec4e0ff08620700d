#include "clients/collector/usual.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/check.h"

int usual_timeout(int *timeout_ms, const char *text, struct fault *why) {
    char *end;
    errno = 0;
    long seconds = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || seconds < 0 || seconds > INT_MAX / 1000)
        return fault_set(why, -EINVAL, "--timeout: \"%s\" is not a number of seconds", text);
    *timeout_ms = (int)seconds * 1000;
    return 0;
}

char *usual_source(const char *collector) {
    char host[HOST_NAME_MAX + 1] = "localhost", *source = NULL;
    if (gethostname(host, sizeof host) != 0)
        strcpy(host, "localhost");
    host[HOST_NAME_MAX] = '\0';
    ASSERT(asprintf(&source, "%s@%s", collector, host) > 0);
    return source;
}
