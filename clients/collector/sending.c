#include "clients/collector/sending.h"

#include <inttypes.h>

#include "clients/collector/balance.h"
#include "clients/collector/terminal.h"

static void say_refused(const struct sending *sending, const struct suivi_tally *sent) {
    terminal_say(sending->program, "the daemon refused %" PRIu64 " event%s (%s); %s in %s/refused.log",
                 sent->refused, balance_plural(sent->refused), sent->first_reason,
                 sent->refused == 1 ? "it is" : "they are", sending->state);
}

static void say_missing(const struct sending *sending, const struct suivi_tally *sent) {
    terminal_say(
        sending->program,
        "the daemon no longer has %" PRIu64
        " batch%s that it had acknowledged: its data was put back from an older copy, or begun anew. "
        "What they counted is missing there",
        sent->missing, sent->missing == 1 ? "" : "es");
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
        say_refused(sending, &sent);
    if (sent.missing > sending->missing)
        say_missing(sending, &sent);
    sending->missing = sent.missing;
    sending->acknowledged = sent.batches;
    sending->refused = sent.refused;
}

bool sending_end(const struct sending *sending, int delivered) {
    struct suivi_tally sent = suivi_tally(sending->suivi);
    if (sent.refused > sending->refused)
        say_refused(sending, &sent);
    if (sent.missing > sending->missing)
        say_missing(sending, &sent);
    if (delivered != 0)
        terminal_say(sending->program, "%s", suivi_why(sending->suivi));
    return sent.refused == 0 && sent.missing == 0;
}
