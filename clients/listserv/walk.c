#include "clients/listserv/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/check.h"

#define DEPTH_MAX 16

static char *joined(const char *folder, const char *name) {
    char *path = NULL;
    ASSERT(asprintf(&path, "%s%s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", name) > 0);
    return path;
}

static char *copy(const char *text) {
    return mem_string(text, strlen(text));
}

static void add_folder(struct walk *walk, char *folder) {
    if (walk->folder_count == walk->folder_room) {
        walk->folder_room = walk->folder_room ? walk->folder_room * 2 : 16;
        walk->folders = mem_resize(walk->folders, walk->folder_room, sizeof *walk->folders);
    }
    walk->folders[walk->folder_count++] = folder;
}

static struct walk_file *add_file(struct walk *walk, char *path, char *name) {
    if (walk->count == walk->room) {
        walk->room = walk->room ? walk->room * 2 : 64;
        walk->files = mem_resize(walk->files, walk->room, sizeof *walk->files);
    }
    struct walk_file *file = &walk->files[walk->count++];
    *file = (struct walk_file){.path = path, .name = name};
    return file;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
    char **at;
    size_t count, room;
};

static void free_names(struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
}

/* What is in a directory, sorted, without what is hidden. */
static int list(const char *folder, struct names *names, struct fault *wrong) {
    DIR *listing = opendir(folder);
    if (listing == NULL)
        return fault_set(wrong, -errno, "%s: cannot be listed: %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        if (names->count == names->room) {
            names->room = names->room ? names->room * 2 : 64;
            names->at = mem_resize(names->at, names->room, sizeof *names->at);
        }
        names->at[names->count++] = copy(entry->d_name);
    }
    closedir(listing);
    if (names->count > 1)
        qsort(names->at, names->count, sizeof *names->at, compare_names);
    return 0;
}

static bool is_folder(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* One of a Maildir's two folders. The name of a message is what stands before the colon, in either of them. */
static int add_messages(struct walk *walk, const char *maildir, const char *which, struct fault *wrong) {
    char *folder = joined(maildir, which);
    struct names names = {0};
    int rc = is_folder(folder) ? list(folder, &names, wrong) : 0;
    for (size_t i = 0; i < names.count && rc == 0; i++) {
        struct stat status;
        char *path = joined(folder, names.at[i]);
        if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) { /* gone meanwhile, or no message */
            free(path);
            continue;
        }
        names.at[i][strcspn(names.at[i], ":")] = '\0';
        char *base = joined(maildir, "message");
        struct walk_file *file = add_file(walk, path, joined(base, names.at[i]));
        free(base);
        file->status = place_file_of(&status);
        file->regular = file->single = true;
    }
    free_names(&names);
    add_folder(walk, folder);
    return rc;
}

static int add_folder_of(struct walk *walk, const char *folder, int depth, struct fault *wrong);

static int add_within(struct walk *walk, const char *path, int depth, struct fault *wrong) {
    struct stat link, status;
    int rc = 0;
    bool there = lstat(path, &link) == 0 && stat(path, &status) == 0;
    if (there && S_ISDIR(status.st_mode) && !S_ISLNK(link.st_mode)) {
        rc = depth == DEPTH_MAX
                 ? fault_set(wrong, -ELOOP, "%s: lies more than %d directories deep", path, DEPTH_MAX)
                 : add_folder_of(walk, path, depth + 1, wrong);
    } else if (there && S_ISREG(status.st_mode)) {
        struct walk_file *file = add_file(walk, copy(path), copy(path));
        file->status = place_file_of(&status);
        file->regular = file->found = true;
    }
    return rc;
}

/* All that lies in a directory; of a Maildir the folders that lie in it only, which may be Maildirs, too. */
static int add_all(struct walk *walk, const char *folder, bool maildir, int depth, struct fault *wrong) {
    static const char own[] = "/cur/new/tmp/";
    struct names names = {0};
    int rc = list(folder, &names, wrong);
    for (size_t i = 0; i < names.count && rc == 0; i++) {
        char *path = joined(folder, names.at[i]), *wanted = NULL;
        ASSERT(asprintf(&wanted, "/%s/", names.at[i]) > 0);
        bool passed = maildir && (strstr(own, wanted) != NULL || !is_folder(path));
        free(wanted);
        if (!passed)
            rc = add_within(walk, path, depth, wrong);
        free(path);
    }
    free_names(&names);
    return rc;
}

static int add_folder_of(struct walk *walk, const char *folder, int depth, struct fault *wrong) {
    add_folder(walk, copy(folder));
    char *cur = joined(folder, "cur");
    bool maildir = is_folder(cur);
    free(cur);
    int rc = maildir ? add_messages(walk, folder, "cur", wrong) : 0;
    if (rc == 0 && maildir)
        rc = add_messages(walk, folder, "new", wrong);
    return rc == 0 ? add_all(walk, folder, maildir, depth, wrong) : rc;
}

/* The same whatever directory the program is started in. */
static char *absolute(const char *path) {
    char *whole = realpath(path, NULL);
    return whole != NULL ? whole : copy(path);
}

static void add_parent(struct walk *walk, const char *path) {
    const char *slash = strrchr(path, '/');
    add_folder(walk, slash == NULL   ? copy(".")
                     : slash == path ? copy("/")
                                     : mem_string(path, (size_t)(slash - path)));
}

int walk_add(struct walk *walk, const char *path, struct fault *wrong) {
    struct stat status;
    if (strcmp(path, "-") == 0) {
        add_file(walk, copy(path), copy(path));
        return 0;
    }
    char *whole = absolute(path);
    int rc = 0;
    if (stat(whole, &status) != 0) {
        rc = fault_set(wrong, -errno, "%s: cannot be opened: %s", path, strerror(errno));
        add_parent(walk, whole);
        free(whole);
    } else if (S_ISDIR(status.st_mode)) {
        rc = add_folder_of(walk, whole, 0, wrong);
        free(whole);
    } else {
        add_parent(walk, whole);
        struct walk_file *file = add_file(walk, whole, copy(whole));
        file->status = place_file_of(&status);
        file->regular = S_ISREG(status.st_mode);
    }
    return rc;
}

void walk_clear(struct walk *walk) {
    for (size_t i = 0; i < walk->count; i++) {
        free(walk->files[i].path);
        free(walk->files[i].name);
    }
    for (size_t i = 0; i < walk->folder_count; i++)
        free(walk->folders[i]);
    free(walk->files);
    free(walk->folders);
    *walk = (struct walk){0};
}
