#include "clients/listserv/lists.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/collector/clock.h"
#include "clients/listserv/identity.h"
#include "proto/check.h"

#define LISTS_MAGIC 0x115751u

struct lists {
    unsigned magic;
    struct lists_options options;
    struct poster_keys *keys;
    struct identities *identities;
    struct census **censuses; /* one a list */
    struct archive archive;
    struct terminal_progress bar;
    uint64_t done; /* bytes of the files before the present one */
    char **folders;
    size_t folder_count;
    bool failed;
    char **said; /* sentences of this episode: each once, by who stays */
    size_t said_count;
};

static int open_keys(struct lists *lists, struct fault *why) {
    char *directory = NULL;
    if (!lists->options.dry)
        ASSERT(asprintf(&directory, "%s/keys", lists->options.state) > 0);
    int rc = poster_keys_open(&lists->keys, directory, why);
    free(directory);
    return rc;
}

static int open_counters(struct lists *lists, struct fault *why) {
    const struct lists_options *options = &lists->options;
    lists->censuses = mem_zeroed(options->count + 1, sizeof(struct census *));
    int rc = 0;
    for (size_t i = 0; i < options->count && rc == 0; i++)
        rc = census_open(&lists->censuses[i], options->suivi, lists->identities, options->lists[i].name,
                         lists->keys, why);
    return rc;
}

static void show_progress(void *arg, uint64_t consumed) {
    struct lists *lists = arg;
    OBJ_CHECK(lists, LISTS_MAGIC);
    terminal_progress_at(&lists->bar, lists->done + consumed);
}

int lists_open(struct lists **out, const struct lists_options *options, struct fault *why) {
    struct lists *lists = mem_zeroed(1, sizeof *lists);
    lists->magic = LISTS_MAGIC;
    lists->options = *options;
    int rc = identities_open(&lists->identities, options->suivi, why);
    if (rc == 0)
        rc = open_keys(lists, why);
    if (rc == 0)
        rc = open_counters(lists, why);
    if (rc != 0) {
        lists_close(&lists);
        return rc;
    }
    lists->archive = (struct archive){.suivi = options->suivi,
                                      .identities = lists->identities,
                                      .dry = options->dry,
                                      .stays = options->stays,
                                      .committed_ms = clock_ms(),
                                      .progress = options->stays ? NULL : show_progress,
                                      .progress_arg = lists};
    *out = lists;
    return 0;
}

static void forget_folders(struct lists *lists) {
    for (size_t i = 0; i < lists->folder_count; i++)
        free(lists->folders[i]);
    free(lists->folders);
    lists->folders = NULL;
    lists->folder_count = 0;
}

static void forget_said(struct lists *lists) {
    for (size_t i = 0; i < lists->said_count; i++)
        free(lists->said[i]);
    free(lists->said);
    lists->said = NULL;
    lists->said_count = 0;
}

void lists_close(struct lists **pointer) {
    struct lists *lists = *pointer;
    if (lists == NULL)
        return;
    OBJ_CHECK(lists, LISTS_MAGIC);
    for (size_t i = 0; lists->censuses != NULL && i < lists->options.count; i++)
        census_close(&lists->censuses[i]);
    free(lists->censuses);
    poster_keys_close(&lists->keys);
    identities_close(&lists->identities);
    forget_folders(lists);
    forget_said(lists);
    lists->magic = 0;
    free(lists);
    *pointer = NULL;
}

/* Who stays looks at the same paths again and again, and says each thing once. */
void lists_complain(struct lists *lists, const char *sentence) {
    OBJ_CHECK(lists, LISTS_MAGIC);
    lists->failed = true;
    for (size_t i = 0; i < lists->said_count; i++)
        if (strcmp(lists->said[i], sentence) == 0)
            return;
    terminal_say(LISTS_PROGRAM, "%s", sentence);
    if (!lists->options.stays)
        return;
    lists->said = mem_resize(lists->said, lists->said_count + 1, sizeof *lists->said);
    lists->said[lists->said_count++] = mem_string(sentence, strlen(sentence));
}

static void keep_folders(struct lists *lists, struct walk *walk) {
    size_t count = lists->folder_count + walk->folder_count;
    lists->folders = mem_resize(lists->folders, count + 1, sizeof *lists->folders);
    for (size_t i = 0; i < walk->folder_count; i++)
        lists->folders[lists->folder_count++] = walk->folders[i];
    walk->folder_count = 0;
}

struct passed_over { /* files of directories that are no mailboxes */
    size_t count;
    const char *first;
};

static int read_file(struct lists *lists, const struct walk_file *file, struct passed_over *over,
                     struct fault *why) {
    struct fault wrong;
    enum archive_found found;
    int rc = archive_read(&lists->archive, file, &found, &wrong, why);
    if (rc != 0)
        return rc;
    if (found == ARCHIVE_NO_MAILBOX && file->found) {
        over->first = over->count++ == 0 ? file->path : over->first;
    } else if (found == ARCHIVE_NO_MAILBOX) {
        fault_set(
            &wrong, -EINVAL,
            "%s: no message begins in it (an mbox has \"From address date\" before each): is it an mbox?",
            file->path);
        found = ARCHIVE_WRONG;
    }
    if (found == ARCHIVE_WRONG)
        lists_complain(lists, wrong.text);
    return 0;
}

static int read_files(struct lists *lists, const struct walk *walk, struct fault *why) {
    struct passed_over over = {0};
    uint64_t total = 0;
    for (size_t i = 0; i < walk->count; i++)
        total += walk->files[i].status.size;
    lists->done = 0;
    if (!lists->options.stays)
        terminal_progress_start(&lists->bar, "reading", total);
    int rc = 0;
    for (size_t i = 0; i < walk->count && rc == 0; i++) {
        rc = read_file(lists, &walk->files[i], &over, why);
        lists->done += walk->files[i].status.size;
    }
    if (!lists->options.stays)
        terminal_progress_end(&lists->bar);
    if (over.count > 0 && !lists->options.stays)
        terminal_say(LISTS_PROGRAM, "%zu file%s without a message passed over, %s%s", over.count,
                     over.count == 1 ? "" : "s", over.count == 1 ? "" : "the first is ", over.first);
    return rc;
}

static int read_list(struct lists *lists, size_t number, struct fault *why) {
    const struct list *list = &lists->options.lists[number];
    struct walk walk = {0};
    for (size_t i = 0; i < list->path_count; i++) {
        struct fault wrong;
        if (walk_add(&walk, list->paths[i], &wrong) != 0)
            lists_complain(lists, wrong.text);
    }
    keep_folders(lists, &walk);
    lists->archive.census = lists->censuses[number];
    int rc = read_files(lists, &walk, why);
    if (rc == 0) /* before another list's commit saves how far this one was read */
        rc = archive_commit(&lists->archive, why);
    walk_clear(&walk);
    return rc;
}

int lists_read(struct lists *lists, struct fault *why) {
    OBJ_CHECK(lists, LISTS_MAGIC);
    forget_folders(lists);
    int rc = 0;
    for (size_t i = 0; i < lists->options.count && rc == 0; i++)
        rc = read_list(lists, i, why);
    for (size_t i = 0; i < lists->options.count && rc == 0 && lists->options.dry; i++)
        census_print(lists->censuses[i], stdout);
    return rc;
}

int lists_finish(struct lists *lists, struct fault *why) {
    OBJ_CHECK(lists, LISTS_MAGIC);
    int rc = 0;
    if (lists->options.dry)
        return 0;
    for (size_t i = 0; i < lists->options.count && rc == 0; i++)
        rc = census_commit(lists->censuses[i], why);
    return rc == 0 ? census_destroy_keys(lists->options.suivi, lists->keys, why) : rc;
}

const char *const *lists_folders(const struct lists *lists, size_t *count) {
    OBJ_CHECK(lists, LISTS_MAGIC);
    *count = lists->folder_count;
    return (const char *const *)lists->folders;
}

struct lists_total lists_total(const struct lists *lists) {
    OBJ_CHECK(lists, LISTS_MAGIC);
    struct lists_total total = {.failed = lists->failed};
    for (size_t i = 0; i < lists->options.count; i++) {
        struct census_sums sums = census_sums(lists->censuses[i]);
        total.sums.read += sums.read;
        total.sums.known += sums.known;
        total.sums.undated += sums.undated;
        total.sums.posts += sums.posts;
    }
    return total;
}
