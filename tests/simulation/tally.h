/* How often each thing that the simulation is for has happened: one that never did was not tested. */
#ifndef SUIVI_SIMULATION_TALLY_H
#define SUIVI_SIMULATION_TALLY_H

#include <stdint.h>

#define TALLY_LIST(X)                                                                                        \
    X(DAEMON_KILLED_OPENING, "daemon killed while it opened its store")                                      \
    X(DAEMON_KILLED_BEFORE_RUN, "daemon killed with a commit begun and not written")                         \
    X(DAEMON_KILLED_IN_COMMIT_GONE, "daemon killed in a commit, nothing of it there")                        \
    X(DAEMON_KILLED_IN_COMMIT_KEPT, "daemon killed in a commit, all of it there")                            \
    X(DAEMON_KILLED_BEFORE_ACKS, "daemon killed with a commit written and no ack sent")                      \
    X(DAEMON_KILLED_AMONG_ACKS, "daemon killed between two acks")                                            \
    X(DAEMON_COMMIT_FULL, "daemon's commit failed: disk full")                                               \
    X(DAEMON_COMMIT_FAILED, "daemon's commit failed: sync, nothing there")                                   \
    X(DAEMON_COMMIT_UNKNOWN, "daemon's commit failed: sync, all there")                                      \
    X(DAEMON_MAP_FULL, "daemon's map grew in a commit")                                                      \
    X(COLLECTOR_KILLED_OPENING, "collector killed while it opened its outbox")                               \
    X(COLLECTOR_KILLED_IDLE, "collector killed with lines read and not committed")                           \
    X(COLLECTOR_KILLED_IN_COMMIT_GONE, "collector killed in a commit, nothing of it there")                  \
    X(COLLECTOR_KILLED_IN_COMMIT_KEPT, "collector killed in a commit, all of it there")                      \
    X(COLLECTOR_KILLED_SENDING, "collector killed while it sent")                                            \
    X(COLLECTOR_KILLED_BEFORE_REFUSED, "collector killed before refused events were kept")                   \
    X(COLLECTOR_KILLED_AFTER_REFUSED, "collector killed after refused events were kept")                     \
    X(COLLECTOR_COMMIT_FULL, "collector's commit failed: disk full")                                         \
    X(COLLECTOR_COMMIT_FAILED, "collector's commit failed: sync, nothing there")                             \
    X(COLLECTOR_COMMIT_UNKNOWN, "collector's commit failed: sync, all there")                                \
    X(COLLECTOR_MAP_FULL, "outbox grew in a commit")                                                         \
    X(COLLECTOR_COMMIT_AGAIN, "a failed commit was tried again")                                             \
    X(COLLECTOR_ROLLBACK, "a failed commit was rolled back")                                                 \
    X(REFUSED_FAILED, "refused events could not be kept")                                                    \
    X(FRAME_LOST, "frame lost")                                                                              \
    X(BATCH_LOST, "batch lost")                                                                              \
    X(ACK_LOST, "ack lost")                                                                                  \
    X(FRAME_DOUBLED, "frame doubled")                                                                        \
    X(BATCH_DOUBLED, "batch doubled")                                                                        \
    X(FRAME_OVERTOOK, "frame overtook another of its connection")                                            \
    X(CONNECTION_BROKEN, "connection broken under a running collector")                                      \
    X(REACHED_GHOST, "daemon thought that a broken connection stood")                                        \
    X(BATCH_REPEATED, "batch taken before was acked again")                                                  \
    X(ERROR_SEQUENCE, "batch refused: sequence")                                                             \
    X(ERROR_STORE, "batch refused: store")                                                                   \
    X(ERROR_BUSY, "hello refused: another outbox speaks for the source")                                     \
    X(TAKEOVER, "another collector took a source over")                                                      \
    X(COPIED, "collector's state copied, both went on")                                                      \
    X(STALE, "copy found out that it is one")                                                                \
    X(SAID_TWICE, "entry said again under its id, as of another time or value")                              \
    X(SAID_RETRACTED, "entry retracted")                                                                     \
    X(SAID_UNRETRACTED, "retraction retracted")                                                              \
    X(SAID_LEVEL, "level read")                                                                              \
    X(SAID_LEVEL_ENTRY, "level said")                                                                        \
    X(SAID_STATUS, "status read")                                                                            \
    X(SAID_STATUS_ENTRY, "status said")                                                                      \
    X(SAID_NAME, "name read")                                                                                \
    X(SAID_NAME_ENTRY, "name said")                                                                          \
    X(SAID_REMOVED, "name taken out")                                                                        \
    X(SAID_WHOLE, "line of a batch that counts as a whole, and did")                                         \
    X(SAID_WHOLE_REFUSED, "line of a batch that counts as a whole, and was refused")                         \
    X(SAID_IN_THE_FUTURE, "statement about the future")                                                      \
    X(VINTAGES, "what was said came in several vintages")                                                    \
    X(CLOCK_FORTH, "clock jumped forth")                                                                     \
    X(CLOCK_BACK, "clock jumped back")

#define TALLY_NAME(name, text) TALLY_##name,
enum tally_entry { TALLY_LIST(TALLY_NAME) TALLY_COUNT };
#undef TALLY_NAME

struct tally {
    uint64_t count[TALLY_COUNT];
};

const char *tally_text(enum tally_entry entry);

#endif
