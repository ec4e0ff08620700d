/* The two clocks of a program: one that only runs on, and that of the calendar. */
#ifndef SUIVI_COLLECTOR_CLOCK_H
#define SUIVI_COLLECTOR_CLOCK_H

#include <stdint.h>

int64_t clock_ms(void);      /* milliseconds since whenever, for how long something took */
int64_t clock_unix_us(void); /* microseconds since 1970; it may be put back */

#endif
