/* Long work, in pieces. A kernel looks who is to run when somebody wakes up and at its tick, on many machines every
 * 4 ms: who woke up a moment too early waits for the tick, whatever the priorities. So work that takes longer than
 * a tenth of a millisecond asks it to look after each piece. */
#ifndef SUIVI_PROTO_PAUSE_H
#define SUIVI_PROTO_PAUSE_H

#include <sched.h>
#include <stddef.h>

/* Lets others go first; nothing that they need may be held. Half a microsecond when nobody waits. */
static inline void pause_work(void) {
    (void)sched_yield();
}

/* The same after every `piece` of things done; `piece` is a power of two. */
static inline void pause_after(size_t done, size_t piece) {
    if (done != 0 && (done & (piece - 1)) == 0)
        pause_work();
}

#endif
