#include "clients/collector/common.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/paths.h"
#include "proto/check.h"
#include "proto/dims.h"

static int take_timeout(struct common_options *options, const char *text, struct fault *why) {
    char *end;
    errno = 0;
    long seconds = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || seconds < 0 || seconds > INT_MAX / 1000)
        return fault_set(why, -EINVAL, "--timeout: \"%s\" is not a number of seconds", text);
    options->timeout_ms = (int)seconds * 1000;
    return 0;
}

static void replace(char **text, const char *with) {
    free(*text);
    *text = mem_string(with, strlen(with));
}

int common_take(struct common_options *options, int letter, const char *argument, struct fault *why) {
    struct fault reason;
    switch (letter) {
    case COMMON_ENDPOINT:
        options->endpoint = argument;
        return 0;
    case COMMON_STATE:
        replace(&options->state, argument);
        return 0;
    case COMMON_SOURCE:
        if (dims_check_value(str_of(argument), &reason) != 0)
            return fault_set(why, -EINVAL, "--source: %s", reason.text);
        replace(&options->source, argument);
        return 0;
    case COMMON_TIMEOUT:
        return take_timeout(options, argument, why);
    default:
        return -ENOENT;
    }
}

void common_defaults(struct common_options *options, const char *collector) {
    if (options->state == NULL)
        options->state = paths_state(collector);
    if (options->source != NULL)
        return;
    char host[HOST_NAME_MAX + 1] = "";
    if (gethostname(host, sizeof host) != 0 || host[0] == '\0')
        strcpy(host, "localhost");
    host[HOST_NAME_MAX] = '\0';
    ASSERT(asprintf(&options->source, "%s@%s", collector, host) > 0);
}

void common_free(struct common_options *options) {
    free(options->state);
    free(options->source);
    options->state = options->source = NULL;
}
