#include "config/settings.h"

#include <arpa/inet.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/document.h"
#include "config/paths.h"
#include "proto/check.h"
#include "proto/str.h"

#define SETTINGS_FILE   "/etc/suivi/suivid.yaml"
#define FRAMEWORK_FILE  "/etc/suivi/framework.yaml"
#define FRAMEWORK_OURS  "nswp-2016-2020.yaml"
#define TEXT_MAX        4096
#define SOCKET_PATH_MAX 100 /* sun_path has 108; ZeroMQ and the closing NUL take some */

enum setting_type {
    SETTING_PATH, /* absolute */
    SETTING_ENDPOINTS,
};

/* One row a setting: how it is read, what it means, what it is without a file. */
static const struct row {
    struct setting public;
    enum setting_type type;
    uint32_t offset;
} rows[] = {
    {{"data", "/var/lib/suivi", "Directory of the store."}, SETTING_PATH, offsetof(struct settings, data)},
    {{"framework", FRAMEWORK_FILE,
      "The plan: which indicators there are. Without this file, the shipped plan."},
     SETTING_PATH,
     offsetof(struct settings, framework)},
    {{"listen", "[\"ipc:///run/suivi/suivid.ipc\"]",
      "Where collectors and clients find the daemon: ipc:///PATH, or tcp:// on loopback with a port."},
     SETTING_ENDPOINTS,
     offsetof(struct settings, listen)},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

const struct setting *settings_at(size_t index) {
    return index < ROW_COUNT ? &rows[index].public : NULL;
}

static char *copy(const char *text) {
    return mem_string(text, strlen(text));
}

static bool good_port(const char *text) {
    if (strcmp(text, "*") == 0) {
        return true;
    }
    size_t len = strlen(text);
    return len >= 1 && len <= 5 && strspn(text, "0123456789") == len && strtol(text, NULL, 10) <= 65535;
}

static bool on_loopback(struct str host) {
    char text[INET_ADDRSTRLEN];
    if (str_equal(host, STR("localhost")) || str_equal(host, STR("[::1]"))) {
        return true;
    }
    if (host.len >= sizeof text) {
        return false;
    }
    memcpy(text, host.at, host.len);
    text[host.len] = '\0';
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static int check_ipc(const char *endpoint, const char *path, struct fault *why) {
    size_t len = strlen(path);
    if (len < 2 || path[0] != '/' || path[len - 1] == '/') {
        return fault_set(why, -EINVAL,
                         "\"%s\" must name a file by its whole path, such as ipc:///run/suivi/suivid.ipc",
                         endpoint);
    }
    if (len > SOCKET_PATH_MAX) {
        return fault_set(why, -EINVAL, "\"%s\": a socket's path has at most %d bytes, this one %zu", endpoint,
                         SOCKET_PATH_MAX, len);
    }
    return 0;
}

static int check_tcp(const char *endpoint, const char *rest, struct fault *why) {
    const char *colon = strrchr(rest, ':');
    if (colon == NULL || !good_port(colon + 1)) {
        return fault_set(why, -EINVAL,
                         "\"%s\" needs a port, such as tcp://127.0.0.1:7878, or * for any free one",
                         endpoint);
    }
    if (!on_loopback((struct str){rest, (size_t)(colon - rest)})) {
        return fault_set(
            why, -EINVAL,
            "\"%s\" is not on loopback: only 127.0.0.1, [::1] and localhost are safe to listen on", endpoint);
    }
    return 0;
}

static int check_endpoint(const char *endpoint, struct fault *why) {
    for (const char *at = endpoint; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f) {
            return fault_set(why, -EINVAL, "\"%s\": an endpoint has no spaces", endpoint);
        }
    }
    if (strncmp(endpoint, "ipc://", 6) == 0) {
        return check_ipc(endpoint, endpoint + 6, why);
    }
    if (strncmp(endpoint, "tcp://", 6) == 0) {
        return check_tcp(endpoint, endpoint + 6, why);
    }
    return fault_set(why, -EINVAL, "\"%s\" is no endpoint: it begins with ipc:// or tcp://", endpoint);
}

void settings_set(char **value, const char *text) {
    char *new = copy(text);
    free(*value);
    *value = new;
}

static void drop_endpoints(struct settings *settings) {
    for (size_t i = 0; i < settings->listen_count; i++) {
        free(settings->listen[i]);
        settings->listen[i] = NULL;
    }
    settings->listen_count = 0;
}

int settings_listen(struct settings *settings, const char *endpoint, int replace, struct fault *why) {
    int err = check_endpoint(endpoint, why);
    if (err) {
        return err;
    }
    if (replace) {
        drop_endpoints(settings);
    }
    if (settings->listen_count == SETTINGS_LISTEN_MAX) {
        return fault_set(why, -E2BIG, "\"%s\" is one endpoint too many: %d are the most", endpoint,
                         SETTINGS_LISTEN_MAX);
    }
    settings->listen[settings->listen_count++] = copy(endpoint);
    return 0;
}

void settings_clear(struct settings *settings) {
    free(settings->data);
    free(settings->framework);
    drop_endpoints(settings);
    *settings = (struct settings){0};
}

static const cyaml_schema_value_t text_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};

/* The schema of the table: every setting may be left out. */
static void make_schema(cyaml_schema_field_t fields[static ROW_COUNT + 1], cyaml_schema_value_t *top) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        fields[i] = (cyaml_schema_field_t){
            .key = rows[i].public.key,
            .data_offset = rows[i].offset,
            .value = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, char, 1, TEXT_MAX)},
        };
        if (rows[i].type == SETTING_ENDPOINTS) {
            fields[i].count_offset = offsetof(struct settings, listen_count);
            fields[i].count_size = sizeof(((struct settings *)NULL)->listen_count);
            fields[i].value = (cyaml_schema_value_t){
                CYAML_VALUE_SEQUENCE(CYAML_FLAG_OPTIONAL, char *, &text_schema, 1, SETTINGS_LISTEN_MAX)};
        }
    }
    fields[ROW_COUNT] = (cyaml_schema_field_t){.key = NULL};
    *top = (cyaml_schema_value_t){CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct settings, fields)};
}

static int check_paths(const struct document *document, const struct settings *read, struct fault *why) {
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].type != SETTING_PATH) {
            continue;
        }
        char *path;
        memcpy(&path, (const char *)read + rows[i].offset, sizeof path);
        if (path != NULL && path[0] != '/') {
            return document_fault(document, why, rows[i].public.key,
                                  "\"%s\" must be a whole path, from /, not \"%s\"", rows[i].public.key,
                                  path);
        }
    }
    return 0;
}

/* Takes over what the file says. */
static int take(struct settings *settings, const struct document *document, const struct settings *read,
                struct fault *why) {
    int err = check_paths(document, read, why);
    for (size_t i = 0; err == 0 && i < read->listen_count; i++) {
        struct fault reason;
        if (settings_listen(settings, read->listen[i], false, &reason) != 0) {
            char node[DOCUMENT_PATH_MAX];
            snprintf(node, sizeof node, "listen[%zu]", i);
            err = document_fault(document, why, node, "%s", reason.text);
        }
    }
    if (err == 0 && read->data != NULL) {
        settings_set(&settings->data, read->data);
    }
    if (err == 0 && read->framework != NULL) {
        settings_set(&settings->framework, read->framework);
    }
    return err;
}

static int read_file(struct settings *settings, const char *path, bool may_miss, struct fault *why) {
    struct document *document = NULL;
    int err = document_open(&document, path, why);
    if (err == -ENOENT && may_miss) {
        return 0;
    }
    if (err == 0 && !document_empty(document)) {
        cyaml_schema_field_t fields[ROW_COUNT + 1];
        cyaml_schema_value_t top;
        make_schema(fields, &top);
        void *read = NULL;
        err = document_read(document, &top, &read, why);
        if (err == 0) {
            err = take(settings, document, read, why);
        }
        document_free_data(&top, read);
    }
    document_close(&document);
    return err;
}

/* What the file left open. */
static int fill_in(struct settings *settings, struct fault *why) {
    if (settings->data == NULL) {
        settings->data = paths_state(NULL);
    }
    if (settings->framework == NULL) {
        settings->framework =
            access(FRAMEWORK_FILE, F_OK) == 0 ? copy(FRAMEWORK_FILE) : paths_shipped(FRAMEWORK_OURS);
    }
    if (settings->listen_count > 0) {
        return 0;
    }
    char *endpoint = paths_endpoint();
    struct fault reason;
    int err = settings_listen(settings, endpoint, false, &reason);
    if (err) {
        err =
            fault_set(why, err, "default endpoint (see $SUIVI_ENDPOINT, $XDG_RUNTIME_DIR): %s", reason.text);
    }
    free(endpoint);
    return err;
}

int settings_load(struct settings *out, const char *path, struct fault *why) {
    struct settings settings = {0};
    int err = read_file(&settings, path ? path : SETTINGS_FILE, path == NULL, why);
    if (err == 0) {
        err = fill_in(&settings, why);
    }
    if (err) {
        settings_clear(&settings);
        return err;
    }
    *out = settings;
    return 0;
}
