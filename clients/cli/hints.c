#include "clients/cli/hints.h"

#include <string.h>

#include "clients/cli/print.h"

#define WEBLOG "weblog@"

bool hints_know(const char *source) {
    return strncmp(source, WEBLOG, strlen(WEBLOG)) == 0;
}

static void put_host(FILE *stream, const char *source) {
    print_text(stream, source + strlen(WEBLOG));
}

void hints_count_missing(FILE *stream, const char *source, const char *site) {
    if (!hints_know(source))
        return;
    fputs("To count the missing days again: suivi-weblog --site ", stream);
    print_text(stream, site ? site : "SITE");
    fputs(" FILE... (on ", stream);
    put_host(stream, source);
    fputs(", with the logs of these days)\n", stream);
}

/* The collector knows the lines that it read, so that they would not count again; a state of its own does not. */
void hints_count_withdrawn(FILE *stream, const char *source) {
    if (!hints_know(source))
        return;
    fputs("To count these days again: suivi-weblog --source ", stream);
    print_text(stream, source);
    fputs(" --state NEW-DIRECTORY --site SITE FILE... (on ", stream);
    put_host(stream, source);
    fputs(", with logs that hold these days and no others)\n", stream);
}
