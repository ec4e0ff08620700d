#include "clients/cli/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/terminal.h"

#define PROGRAM     "suivi"
#define TIMEOUT_MAX 86400.0

int verb_misused(const char *verb, const char *what, const char *why) {
    terminal_say(PROGRAM, "%s: %s; see \"suivi %s --help\"", what, why, verb);
    return VERB_MISUSED;
}

int verb_no_option(const char *verb, int got, const char *word) {
    terminal_say(PROGRAM, "%s %s; \"suivi %s --help\" lists the options",
                 got == ':' ? "a value is missing after" : "there is no option", word, verb);
    return VERB_MISUSED;
}

int verb_format(const char *verb, enum verb_format *out, const char *text) {
    static const char *const names[] = {[VERB_TABLE] = "table", [VERB_CSV] = "csv", [VERB_JSON] = "json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (enum verb_format)i;
            return 0;
        }
    return verb_misused(verb, "--format", "it must be table, csv or json");
}

int verb_timeout(const char *verb, double *out, const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0) || seconds > TIMEOUT_MAX)
        return verb_misused(verb, "--timeout", "it must be a number of seconds up to a day's");
    *out = seconds;
    return 0;
}

int verb_printed(const char *what) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return VERB_DONE;
    terminal_say(PROGRAM, "cannot write the %s: %s", what, strerror(errno));
    return VERB_FAILED;
}
