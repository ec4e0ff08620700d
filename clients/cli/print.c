#include "clients/cli/print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/terminal.h"
#include "proto/check.h"

const char *print_plain_value(int64_t value, unsigned decimals, char out[static PRINT_NUMBER]) {
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value, unit = 1;
    if (decimals > PRINT_DECIMALS_MAX)
        decimals = PRINT_DECIMALS_MAX;
    for (unsigned i = 0; i < decimals; i++)
        unit *= 10;
    int used = snprintf(out, PRINT_NUMBER, "%s%" PRIu64, value < 0 ? "-" : "", size / unit);
    if (decimals > 0)
        snprintf(out + used, PRINT_NUMBER - (size_t)used, ".%0*" PRIu64, (int)decimals, size % unit);
    return out;
}

const char *print_value(int64_t value, unsigned decimals, char out[static PRINT_NUMBER]) {
    char plain[PRINT_NUMBER];
    print_plain_value(value, decimals, plain);
    size_t whole = strcspn(plain, "."), used = 0;
    for (size_t i = 0; plain[i]; i++) {
        if (i > 0 && i < whole && plain[i - 1] != '-' && (whole - i) % 3 == 0)
            out[used++] = ' ';
        out[used++] = plain[i];
    }
    out[used] = '\0';
    return out;
}

const char *print_number(int64_t value, char out[static PRINT_NUMBER]) {
    return print_value(value, 0, out);
}

void print_text(FILE *stream, const char *text) {
    char *clean = terminal_clean(mem_string(text, strlen(text)));
    fputs(clean, stream);
    free(clean);
}

void print_spaces(FILE *stream, int count) {
    for (; count > 0; count--)
        fputc(' ', stream);
}

void print_left(FILE *stream, const char *text, int width) {
    int columns = terminal_columns(text);
    if (columns <= width) {
        fputs(text, stream);
        print_spaces(stream, width - columns);
        return;
    }
    char *cut = mem_string(text, strlen(text));
    for (size_t len = strlen(cut); len > 0 && terminal_columns(cut) >= width;) {
        do
            len--;
        while (len > 0 && ((unsigned char)cut[len] & 0xc0) == 0x80);
        cut[len] = '\0';
    }
    fputs(cut, stream);
    fputs("\xe2\x80\xa6", stream);
    print_spaces(stream, width - 1 - terminal_columns(cut));
    free(cut);
}

void print_right(FILE *stream, const char *text, int width) {
    print_spaces(stream, width - terminal_columns(text));
    fputs(text, stream);
}

char *print_dims(const struct suivi_dim *dims, size_t count) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    ASSERT(stream);
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%s=%s", i ? ", " : "", dims[i].name, dims[i].value);
    ASSERT(fclose(stream) == 0);
    return text;
}

void print_csv_field(FILE *stream, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', stream);
        fputc(*text, stream);
    }
    fputc('"', stream);
}
