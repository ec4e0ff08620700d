/* suivi-statsd: any statsd client feeds suivi. */
#include <stdio.h>

#include "clients/collector/terminal.h"
#include "clients/statsd/bridge.h"
#include "clients/statsd/options.h"

int main(int argc, char **argv) {
    struct options options;
    struct statsd_settings *settings = NULL;
    struct fault why;
    int status, parsed = options_parse(&options, argc, argv, &why);
    if (common_told(&options.common, BRIDGE_PROGRAM, options_help, parsed, &why, &status)) {
        options_free(&options);
        return status;
    }
    bridge_block_signals();
    bool well = false;
    if (statsd_settings_load(&settings, options.config, &why) != 0 ||
        bridge_run(&options, settings, &well, &why) != 0)
        terminal_say(BRIDGE_PROGRAM, "%s", why.text);
    statsd_settings_destroy(&settings);
    options_free(&options);
    return well ? 0 : 1;
}
