/* What a request asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/weblog/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum request_class classify(const char *request, size_t len, int status, struct str *path) {
    char *copy = malloc(len + 1); /* exact, so that a sanitizer sees a read past the end */
    assert_non_null(copy);
    memcpy(copy + 1, request, len);
    enum request_class class = request_classify((struct str){copy + 1, len}, status, path);
    if (path->at > copy && path->at <= copy + 1 + len)
        path->at = request + (path->at - (copy + 1));
    free(copy);
    return class;
}

static void methods_and_paths(void **state) {
    (void)state;
    static const struct {
        const char *request;
        int status;
        enum request_class class;
        const char *path;
    } list[] = {
        {"GET / HTTP/1.1", 200, REQUEST_PAGE, "/"},
        {"GET / HTTP/1.1", 304, REQUEST_PAGE, "/"},
        {"GET /", 200, REQUEST_PAGE, "/"},
        {"GET ", 200, REQUEST_PAGE, ""},
        {"GET  /x.pdf", 200, REQUEST_PAGE, ""},
        {"GET ?x", 200, REQUEST_PAGE, ""},
        {"GET /a?x=1.pdf HTTP/1.1", 200, REQUEST_PAGE, "/a"},
        {"GET /a#b?c HTTP/1.1", 200, REQUEST_PAGE, "/a"},
        {"GET /a?b#c HTTP/1.1", 200, REQUEST_PAGE, "/a"},
        {"GET /a.pdf?x HTTP/1.1", 200, REQUEST_DOWNLOAD, "/a.pdf"},
        {"GET /a.pdf#p2 HTTP/1.1", 200, REQUEST_DOWNLOAD, "/a.pdf"},
        {"GET /a%2Epdf HTTP/1.1", 200, REQUEST_PAGE, "/a%2Epdf"},
        {"GET /a.PdF HTTP/1.1", 200, REQUEST_DOWNLOAD, "/a.PdF"},
        {"GET /a.tar.GZ HTTP/1.1", 200, REQUEST_DOWNLOAD, "/a.tar.GZ"},
        {"GET /a.pdf/ HTTP/1.1", 200, REQUEST_PAGE, "/a.pdf/"},
        {"GET .pdf", 200, REQUEST_DOWNLOAD, ".pdf"},
        {"GET pdf", 200, REQUEST_PAGE, "pdf"},
        {"GET /pdf", 200, REQUEST_PAGE, "/pdf"},
        {"GET /a. x", 200, REQUEST_PAGE, "/a."},
        {"GET /a.woff22", 200, REQUEST_PAGE, "/a.woff22"},
        {"GET /a.xwoff2", 200, REQUEST_PAGE, "/a.xwoff2"},
        {"GET /a.xclass", 200, REQUEST_PAGE, "/a.xclass"},
        {"GET /a.htm HTTP/1.1", 200, REQUEST_PAGE, "/a.htm"},
        {"GET http://host.example/abs.zip?x HTTP/1.1", 200, REQUEST_DOWNLOAD, "http://host.example/abs.zip"},
        {"GET http://host.example HTTP/1.1", 200, REQUEST_PAGE, "http://host.example"},
        {"GET /robots.txt HTTP/1.1", 200, REQUEST_OTHER, "/robots.txt"},
        {"GET /favicon.ico HTTP/1.1", 200, REQUEST_OTHER, "/favicon.ico"},
        {"GET /a.CSS?v=3 HTTP/1.1", 200, REQUEST_OTHER, "/a.CSS"},
        {"GET / HTTP/1.1", 206, REQUEST_OTHER, NULL},
        {"GET / HTTP/1.1", 404, REQUEST_OTHER, NULL},
        {"GET / HTTP/1.1", 0, REQUEST_OTHER, NULL},
        {"GET", 200, REQUEST_OTHER, NULL},
        {"GE", 200, REQUEST_OTHER, NULL},
        {"", 200, REQUEST_OTHER, NULL},
        {"-", 200, REQUEST_OTHER, NULL},
        {"get / HTTP/1.1", 200, REQUEST_OTHER, NULL},
        {"GETS / HTTP/1.1", 200, REQUEST_OTHER, NULL},
        {" GET / HTTP/1.1", 200, REQUEST_OTHER, NULL},
        {"GET\t/ HTTP/1.1", 200, REQUEST_OTHER, NULL},
        {"HEAD / HTTP/1.1", 200, REQUEST_OTHER, NULL},
        {"POST / HTTP/1.1", 200, REQUEST_OTHER, NULL},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct str path = STR("untouched");
        enum request_class class = classify(list[i].request, strlen(list[i].request), list[i].status, &path);
        const char *wanted = list[i].path ? list[i].path : "untouched";
        if (class != list[i].class || !str_equal(path, str_of(wanted)))
            fail_msg("\"%s\" is %d, \"%.*s\"", list[i].request, class, STR_ARG(path));
    }
}

static void every_extension(void **state) {
    (void)state;
    static const struct {
        enum request_class class;
        const char *extensions;
    } list[] = {
        {REQUEST_OTHER,
         "css js mjs map png jpg jpeg gif svg svgz ico bmp webp avif woff woff2 ttf otf eot xml json txt "
         "swf class"},
        {REQUEST_DOWNLOAD,
         "pdf doc docx odt rtf xls xlsx ods csv ppt pptx odp epub zip gz tgz bz2 xz 7z rar mp3 ogg m4a "
         "mp4 webm mov avi deb rpm dmg exe iso"},
        {REQUEST_PAGE,
         "html htm php asp aspx jsp cgi s j ps fdp tar 8z bz3 mp5 web mpeg docs xlsm cs jso clas lass oof2"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        const char *at = list[i].extensions;
        while (*at != '\0') {
            size_t len = strcspn(at, " ");
            char request[80];
            for (int upper = 0; upper < 2; upper++) {
                snprintf(request, sizeof(request), "GET /dir.d/name.%.*s HTTP/1.1", (int)len, at);
                for (size_t k = 0; upper && k < len; k++) {
                    char *c = &request[strlen("GET /dir.d/name.") + k];
                    *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
                }
                struct str path;
                if (classify(request, strlen(request), 200, &path) != list[i].class)
                    fail_msg("%s", request);
            }
            at += len + (at[len] == ' ');
        }
    }
}

static void nul_bytes_are_no_end(void **state) {
    (void)state;
    static const char *const requests[] = {"GET /a.pdf\0", "GET /a.\0pdf", "GET /a.p\0df", "GET /a.gz\0\0\0"};
    static const size_t lengths[] = {11, 11, 11, 12};
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct str path;
        assert_int_equal(classify(requests[i], lengths[i], 200, &path), REQUEST_PAGE);
        assert_int_equal(path.len, lengths[i] - 4);
    }
}

static void long_paths(void **state) {
    (void)state;
    char request[200];
    for (size_t len = 1; len < 120; len++) {
        static const char ends[] = " ?#";
        for (size_t k = 0; k < sizeof(ends); k++) {
            size_t size = (size_t)sprintf(request, "GET /%0*d.pdf%c", (int)len, 0, ends[k]);
            struct str path;
            assert_int_equal(classify(request, size - (ends[k] == '\0'), 200, &path), REQUEST_DOWNLOAD);
            assert_int_equal(path.len, len + 5);
        }
    }
}

static void languages(void **state) {
    (void)state;
    static const struct str known[] = {{"en", 2}, {"fr", 2}, {"pt-br", 5}};
    static const struct {
        const char *path;
        size_t language;
    } list[] = {
        {"/en", 0},      {"/fr", 1},     {"/fr/", 1},   {"/fr/x/y.html", 1}, {"/pt-br/x", 2},
        {"/fr//x", 1},   {"", 7},        {"/", 7},      {"//fr", 7},         {"fr/", 7},
        {"/FR/", 7},     {"/french", 7}, {"/x/fr/", 7}, {"/f", 7},           {"/pt/", 7},
        {"/fr.html", 7}, {"/pt-br2", 7}, {"/fr;x/", 7}, {"http://fr/", 7},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        if (request_language(str_of(list[i].path), known, COUNT(known), 7) != list[i].language)
            fail_msg("%s", list[i].path);
    }
    assert_int_equal(request_language(STR("/en/"), known, 0, 3), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_and_paths),
        cmocka_unit_test(every_extension),
        cmocka_unit_test(nul_bytes_are_no_end),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
