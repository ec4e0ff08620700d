#include "clients/collector/key_shelf.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/lib/directory.h"
#include "proto/check.h"
#include "proto/civil.h"

#define SHELF_MAGIC 0x5e1f0a7cu
#define NEW         ".new"
#define DESTROYED   ".destroyed"
#define NEEDS       ".needs"
#define ALL         ((1 - 1970) * 12) /* the calendar's first month */
#define NOTE_MAX    64

struct key_shelf {
    unsigned magic;
    char *directory;
    int lock; /* -1: not locked */
};

void key_shelf_new(struct key_shelf **out, const char *directory) {
    struct key_shelf *shelf = mem_zeroed(1, sizeof *shelf);
    shelf->magic = SHELF_MAGIC;
    shelf->directory = mem_string(directory, strlen(directory));
    shelf->lock = -1;
    *out = shelf;
}

void key_shelf_free(struct key_shelf **pointer) {
    struct key_shelf *shelf = *pointer;
    if (shelf == NULL)
        return;
    OBJ_CHECK(shelf, SHELF_MAGIC);
    key_shelf_unlock(shelf);
    free(shelf->directory);
    shelf->magic = 0;
    free(shelf);
    *pointer = NULL;
}

static char *path_of(const struct key_shelf *shelf, const char *name, const char *suffix) {
    char *path = NULL;
    OBJ_CHECK(shelf, SHELF_MAGIC);
    ASSERT(asprintf(&path, "%s/%s%s", shelf->directory, name, suffix) > 0);
    return path;
}

char *key_shelf_path(const struct key_shelf *shelf, const struct period *epoch) {
    char name[PERIOD_TEXT_MAX];
    return path_of(shelf, period_print(epoch, name), "");
}

static bool has(const struct key_shelf *shelf, const struct period *epoch, const char *suffix) {
    char name[PERIOD_TEXT_MAX], *path = path_of(shelf, period_print(epoch, name), suffix);
    bool there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    free(path);
    return there;
}

/* --- those who make and destroy take turns --- */

int key_shelf_lock(struct key_shelf *shelf, struct fault *why) {
    ASSERT(shelf->lock < 0);
    char *path = path_of(shelf, "lock", "");
    shelf->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    /* A file system without locks: keys are made by a link, which is never there twice, and that is enough for all but a
     * collector that is new here in the very moment in which another destroys. */
    int rc = shelf->lock < 0 || (flock(shelf->lock, LOCK_EX) != 0 && errno != ENOLCK && errno != EOPNOTSUPP)
                 ? key_file_fault("lock", path, why)
                 : 0;
    if (rc != 0)
        key_shelf_unlock(shelf);
    free(path);
    return rc;
}

void key_shelf_unlock(struct key_shelf *shelf) {
    if (shelf->lock >= 0)
        close(shelf->lock);
    shelf->lock = -1;
}

/* --- keys --- */

static const enum period_type epochs[] = {PERIOD_MONTH, PERIOD_QUARTER, PERIOD_HALF, PERIOD_YEAR};
#define EPOCHS (sizeof epochs / sizeof *epochs)

static struct period epoch_of(int32_t month, enum period_type type) {
    return period_of_day(type, civil_first_day_of_month(month), NULL);
}

bool key_shelf_find(const struct key_shelf *shelf, int32_t month, struct period *out) {
    for (size_t i = 0; i < EPOCHS; i++) {
        struct period epoch = epoch_of(month, epochs[i]);
        if (has(shelf, &epoch, "")) {
            *out = epoch;
            return true;
        }
    }
    return false;
}

static bool has_part(const struct key_shelf *shelf, const struct period *whole) {
    for (size_t i = 0; i < EPOCHS && epochs[i] < whole->type; i++)
        for (int32_t day = whole->first; day <= whole->last;) {
            struct period part = period_of_day(epochs[i], day, NULL);
            if (has(shelf, &part, "") || has(shelf, &part, DESTROYED))
                return true;
            day = part.last + 1;
        }
    return false;
}

struct period key_shelf_choose(const struct key_shelf *shelf, int32_t month, enum period_type longest) {
    for (size_t i = EPOCHS; i-- > 1;) {
        struct period epoch = epoch_of(month, epochs[i]);
        if (epochs[i] <= longest && !has_part(shelf, &epoch))
            return epoch;
    }
    return epoch_of(month, PERIOD_MONTH);
}

int key_shelf_read(const struct key_shelf *shelf, const struct period *epoch,
                   unsigned char out[static KEY_FILE_BYTES], struct fault *why) {
    char *path = key_shelf_path(shelf, epoch);
    int rc = key_file_read(path, "the visitors of its time are counted anew", out, why);
    free(path);
    return rc;
}

/* Beside, then linked: a key is whole or not there, and never takes the place of another. */
int key_shelf_make(const struct key_shelf *shelf, const struct period *epoch,
                   const unsigned char bytes[static KEY_FILE_BYTES], struct fault *why) {
    char suffix[NOTE_MAX], name[PERIOD_TEXT_MAX];
    snprintf(suffix, sizeof suffix, ".%08" PRIx32 NEW, randombytes_random());
    period_print(epoch, name);
    char *path = path_of(shelf, name, ""), *beside = path_of(shelf, name, suffix);
    int rc = key_file_write(beside, bytes, why);
    if (rc == 0 && link(beside, path) != 0)
        rc = errno == EEXIST ? -EEXIST : key_file_fault("make", path, why);
    unlink(beside);
    free(path);
    free(beside);
    int synced = rc == 0 ? directory_sync(shelf->directory, why) : 0;
    return rc == 0 ? synced : rc;
}

/* A key's file name, also of one half made (2018-03.1234abcd.new). */
static bool epoch_of_name(const char *name, struct period *epoch, bool *half_made) {
    struct str text = str_of(name);
    const char *dot = memchr(name, '.', text.len);
    *half_made = text.len > strlen(NEW) && strcmp(name + text.len - strlen(NEW), NEW) == 0;
    if (dot != NULL && !*half_made)
        return false;
    if (dot != NULL)
        text.len = (size_t)(dot - name);
    return period_parse(epoch, text, NULL) == 0 && epoch->type >= PERIOD_MONTH && epoch->type <= PERIOD_YEAR;
}

static int list_fault(const struct key_shelf *shelf, struct fault *why) {
    int code = errno;
    return fault_set(why, -code, "cannot list the keys in %s: %s", shelf->directory, strerror(code));
}

int key_shelf_each_before(const struct key_shelf *shelf, int32_t month,
                          int (*visit)(void *arg, const char *name, const struct period *epoch,
                                       bool half_made, struct fault *why),
                          void *arg, struct fault *why) {
    DIR *listing = opendir(shelf->directory);
    if (!listing)
        return list_fault(shelf, why);
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(listing));) {
        struct period epoch;
        bool half_made;
        if (epoch_of_name(entry->d_name, &epoch, &half_made) && civil_month_of_day(epoch.last) < month)
            rc = visit(arg, entry->d_name, &epoch, half_made, why);
    }
    closedir(listing);
    return rc;
}

/* Under a name that stands for no key first, so that nobody who comes after a crash takes what it was overwritten with
 * for one. */
int key_shelf_destroy(const struct key_shelf *shelf, const char *name, struct fault *why) {
    unsigned char noise[KEY_FILE_BYTES];
    char suffix[NOTE_MAX];
    snprintf(suffix, sizeof suffix, ".%08" PRIx32 NEW, randombytes_random());
    char *key = path_of(shelf, name, ""), *path = path_of(shelf, name, suffix);
    randombytes_buf(noise, sizeof noise);
    int rc =
        rename(key, path) == 0 ? directory_sync(shelf->directory, why) : key_file_fault("rename", key, why);
    int file = rc == 0 ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (rc == 0 && file < 0)
        rc = key_file_fault("open", path, why);
    if (rc == 0 && (write(file, noise, sizeof noise) != (ssize_t)sizeof noise || fsync(file) != 0))
        rc = key_file_fault("overwrite", path, why);
    if (file >= 0)
        close(file);
    if (rc == 0 && unlink(path) != 0)
        rc = key_file_fault("remove", path, why);
    free(key);
    free(path);
    return rc == 0 ? directory_sync(shelf->directory, why) : rc;
}

/* --- notes: small files of one line --- */

static int write_line(const struct key_shelf *shelf, const char *name, const char *suffix, const char *line,
                      struct fault *why) {
    char *path = path_of(shelf, name, suffix), *beside = NULL;
    ASSERT(asprintf(&beside, "%s%s", path, NEW) > 0);
    unlink(beside);
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    errno = file < 0 ? errno : ENOSPC; /* what a short write without an error means */
    int rc =
        file < 0 || write(file, line, strlen(line)) != (ssize_t)strlen(line) || fsync(file) != 0 ? -errno : 0;
    if (file >= 0)
        close(file);
    if (rc == 0 && rename(beside, path) != 0)
        rc = -errno;
    if (rc != 0)
        fault_set(why, rc, "cannot write %s: %s", path, strerror(-rc));
    else
        rc = directory_sync(shelf->directory, why);
    free(path);
    free(beside);
    return rc;
}

/* "" when there is nothing that can be read. */
static void read_line(const char *path, char out[static NOTE_MAX]) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = file < 0 ? 0 : read(file, out, NOTE_MAX - 1);
    if (file >= 0)
        close(file);
    out[len > 0 ? len : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

int key_shelf_note(const struct key_shelf *shelf, const struct period *epoch, uint64_t mark, int32_t day,
                   struct fault *why) {
    char name[PERIOD_TEXT_MAX], date[PERIOD_TEXT_MAX], line[NOTE_MAX];
    snprintf(line, sizeof line, "%s %016" PRIx64 "\n", period_print_day(day, date), mark);
    return write_line(shelf, period_print(epoch, name), DESTROYED, line, why);
}

int key_shelf_noted(const struct key_shelf *shelf, const struct period *epoch, uint64_t *mark, int32_t *day) {
    char name[PERIOD_TEXT_MAX], line[NOTE_MAX], date[PERIOD_TEXT_MAX];
    char *path = path_of(shelf, period_print(epoch, name), DESTROYED);
    struct period on;
    read_line(path, line);
    free(path);
    if (sscanf(line, "%15s %16" SCNx64, date, mark) != 2 || period_parse(&on, str_of(date), NULL) != 0 ||
        on.type != PERIOD_DAY)
        return -ENOENT;
    *day = on.first;
    return 0;
}

/* --- who needs what --- */

/* What may mean something to the system in a file's name is written as %2f. */
char *key_shelf_needs_name(const char *who) {
    char *name = mem_zeroed(3 * strlen(who) + sizeof NEEDS, 1), *at = name;
    for (; *who; who++) {
        unsigned char letter = (unsigned char)*who;
        bool plain = isalnum(letter) || strchr("@_-", letter) != NULL || (letter == '.' && at != name);
        at += sprintf(at, plain ? "%c" : "%%%02x", letter);
    }
    strcat(name, NEEDS);
    return name;
}

int key_shelf_need(const struct key_shelf *shelf, const char *name, int32_t month, struct fault *why) {
    char line[NOTE_MAX], text[PERIOD_TEXT_MAX];
    struct period from = epoch_of(month < ALL ? ALL : month, PERIOD_MONTH);
    snprintf(line, sizeof line, "%s\n", period_print(&from, text));
    return write_line(shelf, name, "", line, why);
}

bool key_shelf_needs(const struct key_shelf *shelf, const char *name) {
    char *path = path_of(shelf, name, "");
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static int32_t month_needed(const char *path) {
    char line[NOTE_MAX];
    struct period from;
    read_line(path, line);
    bool known = period_parse(&from, str_of(line), NULL) == 0 && from.type == PERIOD_MONTH;
    return known ? civil_month_of_day(from.first) : ALL;
}

int key_shelf_needed(const struct key_shelf *shelf, int32_t otherwise, int32_t *month, char **who,
                     int64_t *since, struct fault *why) {
    DIR *listing = opendir(shelf->directory);
    if (!listing)
        return list_fault(shelf, why);
    *month = otherwise;
    for (struct dirent *entry; (entry = readdir(listing));) {
        size_t len = strlen(entry->d_name);
        struct stat about;
        if (len <= strlen(NEEDS) || strcmp(entry->d_name + len - strlen(NEEDS), NEEDS) != 0)
            continue;
        char *path = path_of(shelf, entry->d_name, "");
        int32_t from = month_needed(path);
        if (from < *month && stat(path, &about) == 0) {
            *month = from;
            free(*who);
            *who = mem_string(entry->d_name, len - strlen(NEEDS));
            *since = (int64_t)about.st_mtime;
        }
        free(path);
    }
    closedir(listing);
    return 0;
}
