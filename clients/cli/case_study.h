/* A case study as a Markdown file: "# Title", and under each of six "## " headings a text. Headings are in English
 * (entry_part_names) or French, in any order; capitals, accents and what stands in brackets or after a comma are of no
 * matter. HTML
 * comments are no text. */
#ifndef SUIVI_CLI_CASE_STUDY_H
#define SUIVI_CLI_CASE_STUDY_H

#include <stddef.h>
#include <stdio.h>

#include "proto/entry.h"
#include "proto/fault.h"
#include "proto/str.h"

#define CASE_STUDY_BYTES_MAX (1u << 20)

struct case_study {
    char *title;
    char *part[ENTRY_PARTS];
};

/* -EINVAL with `why`, which names the line of what is missing, empty, there twice or not known; `name` is what the
 * file is called. */
int case_study_parse(struct case_study *out, struct str text, const char *name, struct fault *why);
int case_study_read(struct case_study *out, const char *path,
                    struct fault *why); /* likewise, or the file's errno */
void case_study_free(struct case_study *study);

/* An empty one, with a hint under each heading. */
void case_study_template(FILE *stream, const char *label);

#endif
