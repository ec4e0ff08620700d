/* suivi: the command line. It finds the verb; the verb does the rest. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "clients/cli/verb.h"
#include "clients/collector/secret.h"
#include "clients/collector/terminal.h"

static const struct verb {
    const char *name, *help;
    verb_run *run;
} verbs[] = {
    {"figures", "show figures as a table, CSV or JSON", figures_run},
    {"explain", "show how a figure came to be", explain_run},
    {"due", "show what is late, missing or soon due", due_run},
    {"close", "keep the figures of a period as they are reported", close_run},
    {"withdraw", "take back what a source gave, to count it again", withdraw_run},
    {"record", "record what happened", record_run},
    {"correct", "mend what was recorded, with a reason", correct_run},
    {"import", "record the rows of a CSV file", import_run},
    {"sources", "show what was heard from each source", sources_run},
    {"check", "check that the daemon's store is whole", check_run},
};

#define VERB_COUNT (sizeof verbs / sizeof *verbs)
#define WORD_MAX   32

static void print_help(FILE *stream) {
    fputs("usage: suivi VERB [OPTION]... [ARGUMENT]...\n\nWhat a plan promised to measure, and what was "
          "counted.\n\nverbs:\n",
          stream);
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(stream, "  %-12s %s\n", verbs[i].name, verbs[i].help);
    fputs("\noptions:\n"
          "  --help       show this help; \"suivi VERB --help\" shows a verb's\n"
          "  --version    show the version\n",
          stream);
}

/* Letters to be added, removed or changed to come from one word to the other (Levenshtein 1966). */
static size_t distance(const char *from, const char *to) {
    size_t row[WORD_MAX + 1], from_len = strlen(from), to_len = strlen(to);
    if (from_len > WORD_MAX || to_len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= to_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= from_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= to_len; j++) {
            size_t best = diagonal + (from[i - 1] != to[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[to_len];
}

static const struct verb *find_verb(const char *name) {
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static int complain_about(const char *name) {
    const struct verb *nearest = NULL;
    size_t least = strlen(name) < 6 ? 3 : 4;
    for (size_t i = 0; i < VERB_COUNT; i++) {
        size_t away = distance(name, verbs[i].name);
        if (away < least) {
            least = away;
            nearest = &verbs[i];
        }
    }
    if (nearest)
        terminal_say("suivi", "there is no verb \"%s\"; did you mean \"%s\"?", name, nearest->name);
    else
        terminal_say("suivi", "there is no verb \"%s\"; \"suivi --help\" lists them", name);
    return VERB_MISUSED;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return VERB_MISUSED;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return puts("suivi " SUIVI_VERSION) < 0 ? VERB_FAILED : VERB_DONE;
    bool help = strcmp(word, "help") == 0;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (help && argc == 2)) {
        print_help(stdout);
        return VERB_DONE;
    }
    const struct verb *verb = find_verb(help ? argv[2] : word);
    if (!verb)
        return complain_about(help ? argv[2] : word);
    char flag[] = "--help";
    struct fault why;
    if (secret_no_dumps(&why) != 0) { /* names of people are among the arguments, and in what is imported */
        terminal_say("suivi", "%s", why.text);
        return VERB_FAILED;
    }
    if (help)
        return verb->run(2, (char *[]){argv[2], flag, NULL});
    return verb->run(argc - 1, argv + 1);
}
