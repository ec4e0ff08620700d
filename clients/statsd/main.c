/* suivi-statsd: any statsd client feeds suivi. */
#include <stdio.h>

#include "clients/collector/terminal.h"
#include "clients/statsd/bridge.h"
#include "clients/statsd/options.h"

int main(int argc, char **argv) {
    struct options options;
    struct statsd_settings *settings = NULL;
    struct fault why;
    if (options_parse(&options, argc, argv, &why) != 0) {
        terminal_say(BRIDGE_PROGRAM, "%s (suivi-statsd --help tells more)", why.text);
        options_free(&options);
        return 2;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_help : "suivi-statsd " SUIVI_VERSION "\n", stdout);
        options_free(&options);
        return fflush(stdout) == 0 ? 0 : 1;
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
