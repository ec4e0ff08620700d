#include "clients/listserv/listserv_settings.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/document.h"
#include "proto/check.h"
#include "proto/dims.h"

#define SETTINGS_MAGIC 0x5e771157u
#define TEXT_MAX       4096
#define ARCHIVES_MAX   4096
#define LANGUAGES_MAX  4096
#define OPTIONAL_TEXT  (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

struct listserv_settings {
    unsigned magic;
    struct document *document;
    struct listserv_content *content;
    size_t language_count;
};

static const cyaml_schema_value_t text_schema = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};

static const cyaml_schema_field_t archive_fields[] = {
    CYAML_FIELD_STRING_PTR("list", CYAML_FLAG_POINTER, struct listserv_archive, list, 1, TEXT_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("paths", CYAML_FLAG_POINTER, struct listserv_archive, paths, path_count,
                               &text_schema, 1, ARCHIVES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t archive_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct listserv_archive, archive_fields)};

static const cyaml_schema_field_t content_fields[] = {
    CYAML_FIELD_STRING_PTR("server", OPTIONAL_TEXT, struct listserv_content, server, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("user", OPTIONAL_TEXT, struct listserv_content, user, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("password_file", OPTIONAL_TEXT, struct listserv_content, password_file, 1,
                           TEXT_MAX),
    CYAML_FIELD_IGNORE("languages", CYAML_FLAG_OPTIONAL), /* of any lists: read by hand */
    CYAML_FIELD_SEQUENCE_COUNT("archives", OPTIONAL_TEXT, struct listserv_content, archives, archive_count,
                               &archive_schema, 1, ARCHIVES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t content_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct listserv_content, content_fields)};

static int check_archives(const struct document *document, const struct listserv_content *content,
                          struct fault *why) {
    for (uint32_t i = 0; i < content->archive_count; i++) {
        char node[DOCUMENT_PATH_MAX];
        struct fault reason;
        snprintf(node, sizeof node, "archives[%u].list", i);
        if (dims_check_value(str_of(content->archives[i].list), &reason) != 0)
            return document_fault(document, why, node, "%s", reason.text);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(content->archives[i].list, content->archives[j].list) == 0)
                return document_fault(document, why, node,
                                      "the list \"%s\" stands here twice: give all its paths once",
                                      content->archives[i].list);
        for (uint32_t j = 0; j < content->archives[i].path_count; j++) {
            snprintf(node, sizeof node, "archives[%u].paths[%u]", i, j);
            if (content->archives[i].paths[j][0] != '/')
                return document_fault(document, why, node, "\"%s\" must be a whole path, from /",
                                      content->archives[i].paths[j]);
        }
    }
    return 0;
}

static bool starts(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* A password does not go over a network in plain. */
static bool is_safe(const char *server) {
    static const char *const loopback[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    if (starts(server, "https://"))
        return strpbrk(server, "@ ") == NULL;
    for (size_t i = 0; i < sizeof loopback / sizeof *loopback; i++) {
        const char *after = server + strlen(loopback[i]);
        if (starts(server, loopback[i]) && (*after == ':' || *after == '/' || *after == '\0'))
            return strpbrk(server, "@ ") == NULL;
    }
    return false;
}

static int check_server(const struct document *document, const struct listserv_content *content,
                        struct fault *why) {
    if (content->server == NULL && content->archive_count == 0)
        return document_fault(document, why, "",
                              "neither a server nor archives stand here: there is nothing to do");
    if (content->server == NULL)
        return 0;
    if (!is_safe(content->server))
        return document_fault(
            document, why, "server",
            "\"%s\" must begin with https://, or be http:// on this machine (localhost), for a password is "
            "sent there",
            content->server);
    if (content->user == NULL || content->password_file == NULL)
        return document_fault(document, why, "server",
                              "the server wants a \"user\" and a \"password_file\" beside it");
    if (content->password_file[0] != '/')
        return document_fault(document, why, "password_file", "\"%s\" must be a whole path, from /",
                              content->password_file);
    return 0;
}

int listserv_settings_load(struct listserv_settings **out, const char *path, struct fault *why) {
    struct listserv_settings *settings = mem_zeroed(1, sizeof *settings);
    settings->magic = SETTINGS_MAGIC;
    void *content = NULL;
    int rc = document_open(&settings->document, path != NULL ? path : LISTSERV_SETTINGS_FILE, why);
    if (rc == 0)
        rc = document_read(settings->document, &content_schema, &content, why);
    settings->content = content;
    if (rc == 0)
        rc = document_texts(settings->document, "languages", LANGUAGES_MAX, &settings->language_count, why);
    if (rc == 0)
        rc = check_archives(settings->document, settings->content, why);
    if (rc == 0)
        rc = check_server(settings->document, settings->content, why);
    if (rc != 0)
        listserv_settings_free(&settings);
    *out = settings;
    return rc;
}

void listserv_settings_free(struct listserv_settings **settings) {
    if (*settings == NULL)
        return;
    OBJ_CHECK(*settings, SETTINGS_MAGIC);
    document_free_data(&content_schema, (*settings)->content);
    document_close(&(*settings)->document);
    (*settings)->magic = 0;
    free(*settings);
    *settings = NULL;
}

const struct listserv_content *listserv_settings_content(const struct listserv_settings *settings) {
    OBJ_CHECK(settings, SETTINGS_MAGIC);
    return settings->content;
}

struct str listserv_settings_language(const struct listserv_settings *settings, const char *list) {
    OBJ_CHECK(settings, SETTINGS_MAGIC);
    for (size_t i = 0; i < settings->language_count; i++) {
        struct str key, text;
        document_text(settings->document, "languages", i, &key, &text);
        if (str_equal(key, str_of(list)))
            return text;
    }
    return (struct str){"", 0};
}
