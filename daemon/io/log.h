/* The daemon's one log function: lines on stderr, "suivid: LEVEL event=NAME key=value ...". The journal adds
 * the time. */
#ifndef SUIVI_DAEMON_IO_LOG_H
#define SUIVI_DAEMON_IO_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* `format` gives the pairs after event=NAME; may be "". Control characters are shown as '?'. */
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A condition that may repeat without end: said when it begins, then at most once in LOG_EPISODE_SECONDS with
 * the number of times that went unsaid. Zero-initialise. */
#define LOG_EPISODE_SECONDS 60

struct log_episode {
    int64_t said_at; /* monotonic seconds, 0: never */
    uint64_t unsaid;
};

/* Whether to say it now; then *unsaid is how many went before in silence. */
int log_episode_speak(struct log_episode *episode, uint64_t *unsaid);

#endif
