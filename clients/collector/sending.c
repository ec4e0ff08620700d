#include "clients/collector/sending.h"

#include <inttypes.h>

#include "clients/collector/terminal.h"

void sending_say_refused(const char *program, const struct suivi *suivi, const char *state) {
    struct suivi_tally sent = suivi_tally(suivi);
    terminal_say(program, "the daemon refused %" PRIu64 " event%s (%s); %s in %s/refused.log", sent.refused,
                 sent.refused == 1 ? "" : "s", sent.first_reason, sent.refused == 1 ? "it is" : "they are",
                 state);
}

void sending_say_missing(const char *program, const struct suivi *suivi) {
    uint64_t missing = suivi_tally(suivi).missing;
    terminal_say(
        program,
        "the daemon no longer has %" PRIu64
        " batch%s that it had acknowledged: its data was put back from an older copy, or begun anew. "
        "What they counted is missing there",
        missing, missing == 1 ? "" : "es");
}

static void say_trouble(struct sending *sending, int rc) {
    for (size_t i = 0; i < sending->said_count; i++)
        if (sending->said[i] == rc)
            return;
    if (sending->said_count == SENDING_SAID_MAX)
        return;
    sending->said[sending->said_count++] = rc;
    terminal_say(sending->program, "%s", suivi_why(sending->suivi));
}

void sending_turn(struct sending *sending, int timeout_ms) {
    int rc = suivi_exchange(sending->suivi, timeout_ms);
    struct suivi_tally sent = suivi_tally(sending->suivi);
    if (rc != 0) {
        say_trouble(sending, rc);
    } else if (sending->said_count > 0 &&
               (sent.batches > sending->acknowledged || suivi_waiting(sending->suivi) == 0)) {
        terminal_say(sending->program, "the daemon takes batches again");
        sending->said_count = 0;
    }
    if (sent.refused > sending->refused)
        sending_say_refused(sending->program, sending->suivi, sending->state);
    if (sent.missing > sending->missing)
        sending_say_missing(sending->program, sending->suivi);
    sending->missing = sent.missing;
    sending->acknowledged = sent.batches;
    sending->refused = sent.refused;
}
