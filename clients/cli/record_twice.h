/* Is it there already? What is said a second time by mistake is refused, with what there is and how to mend it. */
#ifndef SUIVI_CLI_RECORD_TWICE_H
#define SUIVI_CLI_RECORD_TWICE_H

#include "clients/cli/recording.h"

/* Asks the daemon what it has of that day or, for a milestone, of the period that it was done for. 0: it may be
 * recorded (an activity may be counted twice a day; where a corrected figure holds, that is said); `entry` is then said
 * to be later than what it follows. Else VERB_FAILED, which was said. */
int record_twice(struct recording *recording, const struct promise *promise, struct suivi_entry *entry,
                 int32_t day, const struct period *period);

#endif
