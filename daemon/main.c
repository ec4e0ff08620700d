/* suivid: takes indicator events from collectors, keeps each exactly once, answers with figures. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <uv.h>

#include "config/framework.h"
#include "daemon/options.h"
#include "daemon/server.h"
#include "daemon/store/store.h"

static int complain(const struct fault *why) {
    (void)fprintf(stderr, "suivid: %s\n", why->text);
    return 1;
}

static int run(const struct settings *settings) {
    struct framework *framework = NULL;
    struct store *store = NULL;
    struct server *server = NULL;
    struct fault why;
    int status = 0;
    if (framework_load(&framework, settings->framework, &why) != 0 ||
        store_open(&store, settings->data, NULL, &why) != 0 ||
        server_new(&server, settings, framework, store, &why) != 0) {
        status = complain(&why);
    } else {
        /* Startup can no longer fail. */
        (void)fprintf(stderr, "suivid: ready on %s\n", server_endpoints(server));
        server_run(server);
    }
    server_destroy(&server);
    store_close(&store);
    framework_destroy(&framework);
    return status;
}

/* Each connection takes a descriptor, and the usual limit is a thousand. */
static void allow_connections(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

int main(int argc, char **argv) {
    struct settings settings = {0};
    struct fault why;
    allow_connections();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)uv_os_setenv("UV_THREADPOOL_SIZE", "4"); /* QUESTIONS_RUNNING */
    int err = options_read(&settings, argc, argv, &why);
    if (err == 1)
        return 0;
    if (err) {
        (void)complain(&why);
        return err == -EINVAL ? 2 : 1;
    }
    int status = run(&settings);
    settings_clear(&settings);
    return status;
}
