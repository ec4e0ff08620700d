#include "clients/cli/case_study.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"
#include "proto/utf8.h"

#define HEADING_MAX 256
#define NAMES_MAX   4
#define TITLE       (-1) /* where a line belongs that is in no part yet */

/* Folded, as fold() leaves them. */
static const char *const part_names[ENTRY_PARTS][NAMES_MAX] = {
    {"problem", "problems", "probleme", "problemes"},
    {"aims", "aim", "buts", "but"},
    {"strategies", "strategy", "strategie"},
    {"results", "result", "resultats", "resultat"},
    {"impact analysis", "analyse d'impact", "analyses d'impact", "analyse de l'impact"},
    {"conclusions", "conclusion"},
};

static const char *const hints[ENTRY_PARTS] = {
    "What was wrong, for whom, and what was assumed?",
    "What was to be different in the end?",
    "What was done, by whom, and what was put into it: people, money, time?",
    "What came of it? Numbers where there are any.",
    "What changed in people's lives, and how is it known that this work did it?",
    "What was learnt, and what should be done next?",
};

struct parsing {
    const char *name;
    size_t line;
    int at;                      /* the part that lines belong to, or TITLE */
    bool comment, fence;         /* within one */
    size_t heading[ENTRY_PARTS]; /* line of each; 0: not there */
    struct text {
        char *bytes;
        size_t len;
    } part[ENTRY_PARTS];
    char title[ENTRY_TITLE_MAX + 1];
    size_t title_line;
    struct fault *why;
};

/* --- headings --- */

static const struct {
    const char *letter, *plain;
} accents[] = {{"à", "a"}, {"â", "a"}, {"ç", "c"}, {"è", "e"},     {"é", "e"},    {"ê", "e"},
               {"ë", "e"}, {"î", "i"}, {"ô", "o"}, {"û", "u"},     {"É", "e"},    {"È", "e"},
               {"À", "a"}, {"Ê", "e"}, {"’", "'"}, {"\u0301", ""}, {"\u0300", ""}};

/* What a heading says, without what does not matter. */
static void fold(struct str text, char out[static HEADING_MAX]) {
    size_t len = 0;
    int brackets = 0;
    while (text.len > 0 && text.at[0] != ',' && len + 4 < HEADING_MAX) {
        size_t step = utf8_step(text);
        step = step ? step : 1;
        struct str letter = {text.at, step};
        text = (struct str){text.at + step, text.len - step};
        brackets += letter.at[0] == '(';
        bool skip = brackets > 0 || strchr(" \t:*_.", letter.at[0]) != NULL;
        brackets -= letter.at[0] == ')' && brackets > 0;
        if (skip) {
            if (len > 0 && out[len - 1] != ' ')
                out[len++] = ' ';
            continue;
        }
        for (size_t i = 0; i < sizeof accents / sizeof *accents; i++)
            if (str_equal(letter, str_of(accents[i].letter)))
                letter = str_of(accents[i].plain);
        for (size_t i = 0; i < letter.len; i++)
            out[len++] = (char)tolower((unsigned char)letter.at[i]);
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

static int find_part(struct str heading) {
    char folded[HEADING_MAX];
    fold(heading, folded);
    for (int i = 0; i < ENTRY_PARTS; i++)
        for (size_t j = 0; j < NAMES_MAX && part_names[i][j]; j++)
            if (strcmp(folded, part_names[i][j]) == 0)
                return i;
    return -1;
}

static struct str trimmed(struct str text) {
    while (text.len > 0 && isspace((unsigned char)text.at[0]))
        text = (struct str){text.at + 1, text.len - 1};
    while (text.len > 0 && isspace((unsigned char)text.at[text.len - 1]))
        text.len--;
    return text;
}

/* Whether the line is a heading of that many #; what it says. */
static bool is_heading(struct str line, size_t level, struct str *says) {
    size_t count = 0;
    while (count < line.len && line.at[count] == '#')
        count++;
    if (count != level || (count < line.len && line.at[count] != ' ' && line.at[count] != '\t'))
        return false;
    *says = trimmed((struct str){line.at + count, line.len - count});
    while (says->len > 0 && says->at[says->len - 1] == '#')
        says->len--;
    *says = trimmed(*says);
    return true;
}

static int take_title(struct parsing *p, struct str says) {
    if (p->title_line)
        return fault_set(p->why, -EINVAL, "%s:%zu: a second title; the first one is in line %zu", p->name,
                         p->line, p->title_line);
    if (says.len == 0)
        return fault_set(p->why, -EINVAL, "%s:%zu: the title is empty: write it after the #", p->name,
                         p->line);
    if (says.len > ENTRY_TITLE_MAX)
        return fault_set(p->why, -EINVAL, "%s:%zu: the title has %zu bytes: at most %d are allowed", p->name,
                         p->line, says.len, ENTRY_TITLE_MAX);
    memcpy(p->title, says.at, says.len);
    p->title_line = p->line;
    return 0;
}

static int take_heading(struct parsing *p, struct str says) {
    int part = find_part(says);
    if (part < 0)
        return fault_set(
            p->why, -EINVAL,
            "%s:%zu: \"%.*s\" is none of the six headings: Problem, Aims, Strategies, Results, Impact "
            "analysis, Conclusions",
            p->name, p->line, (int)(says.len < 64 ? says.len : 64), says.at);
    if (p->heading[part])
        return fault_set(p->why, -EINVAL,
                         "%s:%zu: \"%s\" stands here a second time; the first one is in line %zu", p->name,
                         p->line, entry_part_names[part], p->heading[part]);
    p->heading[part] = p->line;
    p->at = part;
    return 0;
}

/* --- lines --- */

/* Copies `line` into `out` without what is within <!-- and -->; true: there was some. */
static bool without_comments(struct parsing *p, struct str line, struct text *out) {
    bool had = p->comment;
    out->len = 0;
    for (size_t i = 0; i < line.len;) {
        const char *mark = p->comment ? "-->" : "<!--";
        size_t len = strlen(mark);
        if (line.len - i >= len && memcmp(line.at + i, mark, len) == 0) {
            p->comment = !p->comment;
            had = true;
            i += len;
        } else if (p->comment) {
            i++;
        } else {
            out->bytes[out->len++] = line.at[i++];
        }
    }
    return had;
}

static int take_text(struct parsing *p, struct str line) {
    if (p->at == TITLE)
        return trimmed(line).len == 0
                   ? 0
                   : fault_set(p->why, -EINVAL,
                               "%s:%zu: text before the first heading: put it under one of the six", p->name,
                               p->line);
    struct text *part = &p->part[p->at];
    memcpy(part->bytes + part->len, line.at, line.len);
    part->len += line.len;
    part->bytes[part->len++] = '\n';
    return 0;
}

static int take_line(struct parsing *p, struct str line, struct text *room) {
    struct str says;
    bool comment = false;
    if (!p->fence) {
        comment = without_comments(p, line, room);
        line = (struct str){room->bytes, room->len};
    }
    if (comment && trimmed(line).len == 0)
        return 0;
    struct str start = trimmed(line);
    if (start.len >= 3 && (memcmp(start.at, "```", 3) == 0 || memcmp(start.at, "~~~", 3) == 0))
        p->fence = !p->fence;
    else if (!p->fence && is_heading(line, 1, &says))
        return take_title(p, says);
    else if (!p->fence && is_heading(line, 2, &says))
        return take_heading(p, says);
    return take_text(p, line);
}

/* --- the whole --- */

static int take_parts(struct parsing *p, struct case_study *out) {
    if (!p->title_line)
        return fault_set(p->why, -EINVAL, "%s:1: there is no title: begin with a line \"# Title\"", p->name);
    for (int i = 0; i < ENTRY_PARTS; i++) {
        if (!p->heading[i])
            return fault_set(p->why, -EINVAL, "%s:%zu: the heading \"## %s\" is missing (it ends here)",
                             p->name, p->line, entry_part_names[i]);
        struct str text = trimmed((struct str){p->part[i].bytes, p->part[i].len});
        if (text.len == 0)
            return fault_set(p->why, -EINVAL, "%s:%zu: nothing stands under \"%s\"", p->name, p->heading[i],
                             entry_part_names[i]);
        if (text.len > ENTRY_PART_MAX)
            return fault_set(p->why, -EINVAL, "%s:%zu: \"%s\" has %zu bytes: at most %d are allowed", p->name,
                             p->heading[i], entry_part_names[i], text.len, ENTRY_PART_MAX);
    }
    for (int i = 0; i < ENTRY_PARTS; i++) {
        struct str text = trimmed((struct str){p->part[i].bytes, p->part[i].len});
        out->part[i] = mem_string(text.at, text.len);
    }
    out->title = mem_string(p->title, strlen(p->title));
    return 0;
}

static int parse_lines(struct parsing *p, struct str text, struct text *room) {
    int rc = 0;
    while (text.len > 0 && rc == 0) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end ? (size_t)(end - text.at) : text.len};
        size_t step = line.len + (end != NULL);
        text = (struct str){text.at + step, text.len - step};
        line.len -= line.len > 0 && line.at[line.len - 1] == '\r';
        p->line++;
        if (!utf8_valid(line) || memchr(line.at, '\0', line.len))
            rc = fault_set(p->why, -EINVAL, "%s:%zu: this line is not UTF-8 text: save the file as UTF-8",
                           p->name, p->line);
        else
            rc = take_line(p, line, room);
    }
    if (rc == 0 && p->comment)
        rc = fault_set(p->why, -EINVAL, "%s:%zu: a comment (<!--) does not end: add -->", p->name, p->line);
    return rc;
}

int case_study_parse(struct case_study *out, struct str text, const char *name, struct fault *why) {
    struct parsing parsing = {.name = name, .at = TITLE, .why = why};
    struct text room = {mem_zeroed(text.len + 1, 1), 0};
    if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        text = (struct str){text.at + 3, text.len - 3};
    for (int i = 0; i < ENTRY_PARTS; i++)
        parsing.part[i].bytes = mem_zeroed(text.len + 2, 1);
    int rc = parse_lines(&parsing, text, &room);
    if (rc == 0)
        rc = take_parts(&parsing, out);
    for (int i = 0; i < ENTRY_PARTS; i++)
        free(parsing.part[i].bytes);
    free(room.bytes);
    return rc;
}

int case_study_read(struct case_study *out, const char *path, struct fault *why) {
    FILE *file = fopen(path, "rbe");
    if (!file)
        return fault_set(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
    char *text = mem_zeroed(CASE_STUDY_BYTES_MAX + 1, 1);
    size_t len = fread(text, 1, CASE_STUDY_BYTES_MAX + 1, file);
    int rc = 0;
    if (ferror(file))
        rc = fault_set(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
    else if (len > CASE_STUDY_BYTES_MAX)
        rc = fault_set(why, -EINVAL, "%s: larger than %u bytes: is it the right file?", path,
                       CASE_STUDY_BYTES_MAX);
    fclose(file);
    if (rc == 0)
        rc = case_study_parse(out, (struct str){text, len}, path, why);
    free(text);
    return rc;
}

void case_study_free(struct case_study *study) {
    free(study->title);
    for (int i = 0; i < ENTRY_PARTS; i++)
        free(study->part[i]);
    *study = (struct case_study){0};
}

void case_study_template(FILE *stream, const char *label) {
    fprintf(stream, "<!-- %s. Comments like this one are not taken for text. -->\n\n", label);
    fputs("# <!-- the title, on this line -->\n", stream);
    for (int i = 0; i < ENTRY_PARTS; i++)
        fprintf(stream, "\n## %s\n\n<!-- %s -->\n", entry_part_names[i], hints[i]);
}
