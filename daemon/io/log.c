#include "daemon/io/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_ERROR:
        return "error";
    }
    return "error";
}

void log_event(enum log_level level, const char *event, const char *format, ...) {
    char pairs[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(pairs, sizeof pairs, format, args);
    va_end(args);
    for (char *at = pairs; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    (void)fprintf(stderr, "suivid: %s event=%s%s%s\n", level_name(level), event, *pairs ? " " : "", pairs);
}

int log_episode_speak(struct log_episode *episode, uint64_t *unsaid) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (episode->said_at != 0 && now.tv_sec - episode->said_at < LOG_EPISODE_SECONDS) {
        episode->unsaid++;
        return 0;
    }
    *unsaid = episode->unsaid;
    episode->unsaid = 0;
    episode->said_at = now.tv_sec > 0 ? now.tv_sec : 1;
    return 1;
}
