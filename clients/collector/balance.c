#include "clients/collector/balance.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void balance_add(struct balance *balance, const char *format, ...) {
    size_t used = strlen(balance->line);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(balance->line + used, sizeof balance->line - used, format, args);
    va_end(args);
}

void balance_add_sent(struct balance *balance, const struct suivi_tally *sent) {
    uint64_t refused = sent->events - sent->counted - sent->again;
    balance_add(balance, "; %" PRIu64 " batch%s acknowledged", sent->batches, sent->batches == 1 ? "" : "es");
    if (sent->events == 0)
        return;
    balance_add(balance, ": %" PRIu64 " event%s, %" PRIu64 " counted", sent->events,
                balance_plural(sent->events), sent->counted);
    if (refused > 0)
        balance_add(balance, ", %" PRIu64 " refused", refused);
    if (sent->again > 0)
        balance_add(balance, ", %" PRIu64 " counted before", sent->again);
}

const char *balance_plural(uint64_t count) {
    return count == 1 ? "" : "s";
}
