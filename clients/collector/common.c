#include "clients/collector/common.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/collector/terminal.h"
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

int common_next(const struct common_options *options, int argc, char *const *argv,
                const struct option *table) {
    opterr = 0;
    return options->help || options->version ? -1 : getopt_long(argc, argv, ":", table, NULL);
}

int common_take(struct common_options *options, int letter, char *const *argv, struct fault *why) {
    struct fault reason;
    switch (letter) {
    case COMMON_ENDPOINT:
        options->endpoint = optarg;
        return 0;
    case COMMON_STATE:
        replace(&options->state, optarg);
        return 0;
    case COMMON_SOURCE:
        if (dims_check_value(str_of(optarg), &reason) != 0)
            return fault_set(why, -EINVAL, "--source: %s", reason.text);
        replace(&options->source, optarg);
        return 0;
    case COMMON_TIMEOUT:
        return take_timeout(options, optarg, why);
    case COMMON_SHOW_HELP:
        options->help = true;
        return 0;
    case COMMON_SHOW_VERSION:
        options->version = true;
        return 0;
    case ':':
        return fault_set(why, -EINVAL, "%s needs a value", argv[optind - 1]);
    default:
        return fault_set(why, -EINVAL, "unknown option %s", argv[optind - 1]);
    }
}

int common_check_streams(char *const *paths, size_t count, bool follow, struct fault *why) {
    size_t streams = 0;
    for (size_t i = 0; i < count; i++)
        streams += strcmp(paths[i], "-") == 0;
    if (streams > 0 && follow)
        return fault_set(why, -EINVAL, "--follow needs files: standard input (-) cannot be followed");
    return streams > 1 ? fault_set(why, -EINVAL, "standard input (-) is given twice") : 0;
}

bool common_told(const struct common_options *options, const char *program, const char *help, int parsed,
                 const struct fault *why, int *status) {
    if (parsed != 0) {
        terminal_say(program, "%s (%s --help tells more)", why->text, program);
        *status = 2;
        return true;
    }
    if (!options->help && !options->version)
        return false;
    if (options->help)
        fputs(help, stdout);
    else
        printf("%s %s\n", program, SUIVI_VERSION);
    *status = fflush(stdout) == 0 ? 0 : 1;
    return true;
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
