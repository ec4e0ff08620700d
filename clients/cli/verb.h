/* A verb of the command line: `suivi figures`. One file each; main.c has the table. */
#ifndef SUIVI_CLI_VERB_H
#define SUIVI_CLI_VERB_H

enum {
    VERB_DONE = 0,
    VERB_FAILED = 1, /* said in one line on stderr */
    VERB_MISUSED = 2 /* likewise */
};

/* argv[0] is the verb. Returns the program's exit status. */
typedef int verb_run(int argc, char **argv);

verb_run figures_run;
verb_run record_run;
verb_run correct_run;
verb_run import_run;
verb_run sources_run;
verb_run check_run;

/* What the verbs' options have in common. Each says on stderr what is wrong, and returns VERB_MISUSED, or 0. */
enum verb_format { VERB_TABLE, VERB_CSV, VERB_JSON };

#define VERB_TIMEOUT 10.0 /* seconds to wait for an answer, unless told otherwise */

int verb_misused(const char *verb, const char *what, const char *why);
int verb_no_option(const char *verb, int got, const char *word); /* `got` is getopt_long's '?' or ':' */
int verb_format(const char *verb, enum verb_format *out, const char *text);
int verb_timeout(const char *verb, double *out, const char *text);

/* Whether everything went out to stdout: VERB_DONE, or VERB_FAILED, which was said. */
int verb_printed(const char *what);

#endif
