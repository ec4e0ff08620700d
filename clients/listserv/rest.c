#include "clients/listserv/rest.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/check.h"

#define REST_MAGIC     0x9e57901u
#define ANSWER_MAX     (4u << 20)
#define URL_MAX        8192
#define CONNECT_S      10L
#define ANSWER_S       60L
#define PASSWORD_MAX   1024
#define PASSWORD_WORDS "write it on the first line of a file that only its owner can read (chmod 600)"

struct rest {
    unsigned magic;
    CURL *curl;
    char *server;
    char password[PASSWORD_MAX];
    char *bytes; /* of the present answer */
    size_t len;
};

/* --- the password --- */

static int read_password(char out[static PASSWORD_MAX], const char *path, struct fault *why) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0 || fstat(file, &about) != 0) {
        int rc = fault_set(why, -errno, "%s: the password cannot be read: %s", path, strerror(errno));
        if (file >= 0)
            close(file);
        return rc;
    }
    int rc = 0;
    ssize_t got = -1;
    if (!S_ISREG(about.st_mode) || (about.st_mode & 077) != 0)
        rc = fault_set(why, -EPERM, "%s: others can read the password in it; " PASSWORD_WORDS, path);
    else
        got = read(file, out, PASSWORD_MAX - 1);
    close(file);
    if (rc != 0)
        return rc;
    out[got > 0 ? got : 0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return *out != '\0' ? 0 : fault_set(why, -EINVAL, "%s: no password stands in it; " PASSWORD_WORDS, path);
}

/* --- asking --- */

static size_t take(char *bytes, size_t size, size_t count, void *arg) {
    struct rest *rest = arg;
    OBJ_CHECK(rest, REST_MAGIC);
    (void)size; /* 1 */
    if (count > ANSWER_MAX - rest->len)
        return 0;
    memcpy(rest->bytes + rest->len, bytes, count);
    rest->len += count;
    return count;
}

static bool set_up(struct rest *rest, const char *user) {
    CURL *curl = rest->curl;
    return curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT, ANSWER_S) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERNAME, user) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PASSWORD, rest->password) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "suivi-listserv/" SUIVI_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, rest) == CURLE_OK;
}

int rest_open(struct rest **out, const char *server, const char *user, const char *password_file,
              struct fault *why) {
    struct rest *rest = mem_zeroed(1, sizeof *rest);
    rest->magic = REST_MAGIC;
    rest->server = mem_string(server, strlen(server));
    for (size_t len = strlen(rest->server); len > 0 && rest->server[len - 1] == '/'; len--)
        rest->server[len - 1] = '\0';
    rest->bytes = mem_pages(ANSWER_MAX);
    int rc = read_password(rest->password, password_file, why);
    if (rc == 0 && (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (rest->curl = curl_easy_init()) == NULL))
        rc = fault_set(why, -ENOMEM, "libcurl cannot be started");
    if (rc == 0 && !set_up(rest, user))
        rc = fault_set(why, -EINVAL, "libcurl lacks what it needs to ask %s", server);
    if (rc != 0) {
        rest_close(&rest);
        return rc;
    }
    *out = rest;
    return 0;
}

void rest_close(struct rest **pointer) {
    struct rest *rest = *pointer;
    if (rest == NULL)
        return;
    OBJ_CHECK(rest, REST_MAGIC);
    curl_easy_cleanup(rest->curl);
    sodium_memzero(rest->password, sizeof rest->password);
    free(rest->server);
    free(rest->bytes);
    rest->magic = 0;
    free(rest);
    *pointer = NULL;
}

static int judge_status(long status, const char *url, struct fault *why) {
    if (status == 200)
        return 0;
    if (status == 401 || status == 403)
        return fault_set(why, -EACCES,
                         "%s: the list server takes neither this user nor this password (HTTP %ld)", url,
                         status);
    return fault_set(why, status == 404 ? -ENOENT : -EIO, "%s: the list server answers HTTP %ld, not 200",
                     url, status);
}

int rest_get(struct rest *rest, json_t **answer, struct fault *why, const char *format, ...) {
    OBJ_CHECK(rest, REST_MAGIC);
    char url[URL_MAX];
    int used = snprintf(url, sizeof url, "%s/", rest->server);
    va_list args;
    va_start(args, format);
    int more = used < URL_MAX ? vsnprintf(url + used, sizeof url - (size_t)used, format, args) : URL_MAX;
    va_end(args);
    if (used + more >= URL_MAX)
        return fault_set(why, -E2BIG, "%.100s...: this address is too long", url);
    rest->len = 0;
    curl_easy_setopt(rest->curl, CURLOPT_URL, url);
    CURLcode code = curl_easy_perform(rest->curl);
    if (code == CURLE_WRITE_ERROR)
        return fault_set(why, -EFBIG, "%s: the answer has more than %u MiB", url, ANSWER_MAX >> 20);
    if (code != CURLE_OK)
        return fault_set(why, -EIO, "%s: the list server cannot be asked: %s", url, curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, &status);
    int rc = judge_status(status, url, why);
    if (rc != 0)
        return rc;
    json_error_t error;
    *answer = json_loadb(rest->bytes, rest->len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(*answer))
        return 0;
    json_decref(*answer);
    return fault_set(why, -EBADMSG, "%s: the answer is no JSON object: is it Mailman's REST interface?", url);
}
