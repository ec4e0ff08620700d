/* White space in what people type. */
#ifndef SUIVI_CLI_SPACES_H
#define SUIVI_CLI_SPACES_H

/* In place: none at the ends, and within the text one space for any run of it, whatever characters it was of: two
 * spellings of a name are one. Returns `text`. */
char *spaces_fold(char *text);

#endif
