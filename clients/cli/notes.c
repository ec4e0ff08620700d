#include "clients/cli/notes.h"

#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define NUMBER_MAX 999 /* later ones have no mark */

size_t notes_number(struct notes *notes, const char *text) {
    if (text[0] == '\0')
        return 0;
    for (size_t i = 0; i < notes->count; i++)
        if (strcmp(notes->text[i], text) == 0)
            return i + 1;
    if (notes->count == notes->room) {
        notes->room = notes->room ? 2 * notes->room : 8;
        notes->text = mem_resize(notes->text, notes->room, sizeof *notes->text);
    }
    notes->text[notes->count++] = mem_string(text, strlen(text));
    return notes->count;
}

const char *notes_mark(size_t number, char out[static NOTES_MARK]) {
    static const char *const digits[] = {"\xe2\x81\xb0", "\xc2\xb9",     "\xc2\xb2",     "\xc2\xb3",
                                         "\xe2\x81\xb4", "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7",
                                         "\xe2\x81\xb8", "\xe2\x81\xb9"};
    char plain[8];
    out[0] = '\0';
    if (number == 0 || number > NUMBER_MAX)
        return out;
    snprintf(plain, sizeof plain, "%zu", number);
    for (const char *digit = plain; *digit; digit++)
        strcat(out, digits[*digit - '0']);
    return out;
}

void notes_print(const struct notes *notes, FILE *stream) {
    for (size_t i = 0; i < notes->count; i++) {
        char mark[NOTES_MARK];
        fprintf(stream, "%s %s\n", notes_mark(i + 1, mark), notes->text[i]);
    }
}

void notes_free(struct notes *notes) {
    for (size_t i = 0; i < notes->count; i++)
        free(notes->text[i]);
    free(notes->text);
    *notes = (struct notes){0};
}
