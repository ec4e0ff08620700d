/* What to do next, for who reads that something is missing or was taken back: commands that can be pasted, with each name
 * quoted for the shell. Nothing is said of sources that no command of ours can count again. */
#ifndef SUIVI_CLI_HINTS_H
#define SUIVI_CLI_HINTS_H

#include <stdbool.h>
#include <stdio.h>

bool hints_know(const char *source); /* weblog@... */

/* `site`: NULL when it is not known. `first`, `last`: the days that were withdrawn. */
void hints_count_missing(FILE *stream, const char *source, const char *site);
void hints_count_withdrawn(FILE *stream, const char *source, const char *first, const char *last,
                           const char *site);

#endif
