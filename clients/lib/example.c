/* A whole collector: counts the lines of standard input as posts of a list, now.
 *
 *     cc example.c $(pkg-config --cflags --libs libsuivi) -o example
 *     seq 12 | ./example /var/tmp/example members */
#include <stdio.h>
#include <suivi.h>
#include <time.h>

static int fail(struct suivi *client) {
    fprintf(stderr, "example: %s\n", suivi_why(client));
    suivi_close(&client);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: example STATE LIST < LINES\n", stderr);
        return 2;
    }
    struct suivi *client;
    if (suivi_open(&client, &(struct suivi_options){.state = argv[1], .source = "example@here"}) != 0)
        return fail(client);

    struct suivi_dim dims[] = {{"list", argv[2]}};
    for (int c; (c = getchar()) != EOF;)
        if (c == '\n' && suivi_count(client, "lists.posts", dims, 1, time(NULL), 1) != 0)
            return fail(client);
    if (suivi_commit(client) != 0 || suivi_deliver(client, 10000) != 0)
        return fail(client);

    struct suivi_tally tally = suivi_tally(client);
    printf("%llu events on disk there, %llu refused\n", (unsigned long long)(tally.events - tally.refused),
           (unsigned long long)tally.refused);
    suivi_close(&client);
    return 0;
}
