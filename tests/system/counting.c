/* A collector whose input is the numbers from 1: number n is worth n % 9 + 1 requests of a site on a day of its
 * own, and its member n % 500 of the site's unique visitors. Whoever knows up to where it counted knows every
 * figure. It stays until SIGTERM, or until it has counted LAST, sends all and exits 0.
 *
 *     counting STATE SOURCE SITE [LAST]
 *
 * The position is a record of libsuivi, committed with what was counted. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/lib/suivi.h"

#define FIRST_DAY  INT64_C(1514764800) /* 2018-01-01 */
#define DAY        INT64_C(86400)
#define DAYS       90
#define MEMBERS    500
#define AT_ONCE    50 /* numbers in a commit */
#define WAITS_MAX  64 /* batches; more are not made before some are sent */
#define SEND_MS    50
#define DELIVER_MS 10000

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number) {
    (void)number;
    asked_to_end = 1;
}

static int fail(struct suivi **client) {
    fprintf(stderr, "counting: %s\n", suivi_why(*client));
    suivi_close(client);
    return 1;
}

static uint64_t position(struct suivi *client) {
    const void *value;
    size_t len;
    char text[32] = "0";
    if (suivi_get(client, "n", 1, &value, &len) == 0 && len < sizeof text) {
        memcpy(text, value, len);
        text[len] = '\0';
    }
    return strtoull(text, NULL, 10);
}

static int count_one(struct suivi *client, const char *site, uint64_t number) {
    const struct suivi_dim dims[] = {{"site", site}, {"language", "en"}};
    int64_t at = FIRST_DAY + (int64_t)(number % DAYS) * DAY;
    uint64_t member = number % MEMBERS;
    int rc = suivi_count(client, "web.requests", dims, 1, at, (int64_t)(number % 9 + 1));
    return rc ? rc : suivi_distinct(client, "web.visitors.unique", dims, 2, at, &member, 1);
}

static int count_some(struct suivi *client, const char *site, uint64_t *number, uint64_t last) {
    char text[32];
    int rc = 0;
    for (int i = 0; i < AT_ONCE && *number < last && rc == 0; i++)
        rc = count_one(client, site, ++*number);
    if (rc == 0) {
        snprintf(text, sizeof text, "%" PRIu64, *number);
        rc = suivi_put(client, "n", 1, text, strlen(text));
    }
    return rc ? rc : suivi_commit(client);
}

int main(int argc, char **argv) {
    if (argc != 4 && argc != 5) {
        fputs("usage: counting STATE SOURCE SITE [LAST]\n", stderr);
        return 2;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    struct suivi *client;
    if (suivi_open(&client, &(struct suivi_options){.state = argv[1], .source = argv[2]}) != 0)
        return fail(&client);
    uint64_t number = position(client), last = argc == 5 ? strtoull(argv[4], NULL, 10) : UINT64_MAX;
    while (!asked_to_end && number < last) {
        if (suivi_waiting(client) < WAITS_MAX && count_some(client, argv[3], &number, last) != 0)
            return fail(&client);
        int rc = suivi_exchange(client, suivi_waiting(client) < WAITS_MAX ? 0 : SEND_MS);
        if (rc != 0 && rc != -ENOTCONN && rc != -EAGAIN)
            return fail(&client);
    }
    if (suivi_deliver(client, DELIVER_MS) != 0)
        return fail(&client);
    printf("%" PRIu64 "\n", number);
    suivi_close(&client);
    return fflush(stdout) == 0 ? 0 : 1;
}
