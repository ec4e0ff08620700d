#include "daemon/io/priority.h"

#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Short for all: a thread that is woken does not wait for the end of a long one. In nanoseconds, the shortest
 * that Linux takes (from 6.12 on). */
#define SLICE        100000
#define PATIENT_NICE 8

/* sched_setattr(2), which the C library of the day does not know yet. */
struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

static void ask(int nice, uint64_t slice) {
    struct attributes wanted = {.size = sizeof wanted, .nice = nice, .runtime = slice};
    (void)syscall(SYS_sched_setattr, 0, &wanted, 0);
}

void priority_prompt(void) {
    errno = 0;
    int nice = getpriority(PRIO_PROCESS, 0);
    if (errno == 0)
        ask(nice, SLICE); /* as whoever started us wants it */
}

void priority_patient(void) {
    ask(PATIENT_NICE, SLICE);
}
