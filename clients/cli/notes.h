/* Footnotes of a table: each different text has a number, from 1, and a mark that stands where it belongs. */
#ifndef SUIVI_CLI_NOTES_H
#define SUIVI_CLI_NOTES_H

#include <stddef.h>
#include <stdio.h>

#define NOTES_MARK 16

struct notes { /* zeros: none */
    char **text;
    size_t count, room;
};

size_t notes_number(struct notes *notes, const char *text);         /* copies; 0 for an empty text */
const char *notes_mark(size_t number, char out[static NOTES_MARK]); /* 12 as ¹², 0 as nothing */
void notes_print(const struct notes *notes, FILE *stream);
void notes_free(struct notes *notes);

#endif
