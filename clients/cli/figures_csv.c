#include "clients/cli/figures_csv.h"

#include <inttypes.h>

#include "clients/cli/print.h"

void figures_csv_write(FILE *stream, struct answer *answer) {
    bool notes = answer_has_notes(answer);
    size_t split_count = answer_split_count(answer);
    answer_sort(answer);
    fputs("indicator,period,", stream);
    for (size_t i = 0; i < split_count; i++) {
        print_csv_field(stream, answer_split(answer, i));
        fputc(',', stream);
    }
    fputs(notes ? "value,note\n" : "value\n", stream);
    for (size_t row = 0; row < answer_count(answer); row++) {
        const struct answer_figure *figure = answer_at(answer, row);
        print_csv_field(stream, figure->indicator);
        fputc(',', stream);
        print_csv_field(stream, figure->period);
        for (size_t i = 0; i < split_count; i++) {
            fputc(',', stream);
            print_csv_field(stream, figure->dims[i]);
        }
        fprintf(stream, ",%" PRId64, figure->value);
        if (notes) {
            fputc(',', stream);
            print_csv_field(stream, figure->note);
        }
        fputc('\n', stream);
    }
}
