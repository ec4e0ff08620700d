#include "clients/cli/hints.h"

#include <stdlib.h>
#include <string.h>

#include "clients/cli/shell.h"

#define WEBLOG "weblog@"
#define IMPORT "import@"
#define RECORD "record@"

bool hints_know(const char *source) {
    return strncmp(source, WEBLOG, strlen(WEBLOG)) == 0;
}

static void put_word(FILE *stream, const char *before, const char *text) {
    char *word = shell_quote(text);
    fprintf(stream, "%s%s", before, word);
    free(word);
}

static void put_files(FILE *stream, const char *source, const char *site) {
    if (site)
        put_word(stream, " --site ", site);
    else
        fputs(" --site SITE", stream);
    put_word(stream, " FILE... (on ", source + strlen(WEBLOG));
}

void hints_count_missing(FILE *stream, const char *source, const char *site) {
    if (!hints_know(source))
        return;
    fputs("To count the missing days again: suivi-weblog", stream);
    put_files(stream, source, site);
    fputs(", with the logs of these days)\n", stream);
}

static const char *host_of(const char *source) {
    return strchr(source, '@') + 1;
}

/* What people said is said again, as it should have been. */
static bool put_of_people(FILE *stream, const char *source) {
    if (strncmp(source, IMPORT, strlen(IMPORT)) == 0)
        put_word(stream, "To count these days again: suivi import FILE.csv --mapping MAP.yaml (on ",
                 host_of(source));
    else if (strncmp(source, RECORD, strlen(RECORD)) == 0)
        put_word(stream, "To count these days again: suivi record each thing that is right (on ",
                 host_of(source));
    else
        return false;
    fputs(strncmp(source, IMPORT, strlen(IMPORT)) == 0 ? ", with the file as it should be)\n" : ")\n",
          stream);
    return true;
}

/* The collector knows the lines that it read, so that they would not count again; a state of its own does not. The month's
 * keys make its visitors the same ones. */
void hints_count_withdrawn(FILE *stream, const char *source, const char *first, const char *last,
                           const char *site) {
    if (put_of_people(stream, source) || !hints_know(source))
        return;
    put_word(stream, "To count these days again: suivi-weblog --source ", source);
    put_word(stream, " --state NEW-DIRECTORY --keys STATE/keys --from ", first);
    put_word(stream, " --to ", last);
    put_files(stream, source, site);
    fputs(", with whole logs; STATE is the collector's own, NEW-DIRECTORY can be removed afterwards)\n",
          stream);
}
