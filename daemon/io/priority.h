/* What a thread wants of the scheduler. Where the system knows nothing of it, nothing happens. */
#ifndef SUIVI_DAEMON_IO_PRIORITY_H
#define SUIVI_DAEMON_IO_PRIORITY_H

/* The calling thread, and those it starts from now on: PROMPT for those that run briefly and should run soon,
 * which somebody waits for; PATIENT for those that have much to do. */
void priority_prompt(void);
void priority_patient(void);

#endif
