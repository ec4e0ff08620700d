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

#endif
