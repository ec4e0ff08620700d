/* Runs seeds, one after the other. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/simulation/world.h"

#define TWICE 50 /* each so many seeds, one is run again: it must come out the same */

static const char usage[] =
    "usage: %s [--seeds FROM-TO | --seed N [--trace]] [--cover] [--expect-failure]\n"
    "  --seeds FROM-TO   which runs (1-1000)\n"
    "  --seed N          that one\n"
    "  --trace           tell each step\n"
    "  --cover           fail when something that the simulation is for never happened; tell how often each "
    "did\n"
    "  --expect-failure  succeed when a seed fails: for builds that are broken on purpose\n";

struct options {
    uint64_t from, to;
    bool trace, cover, expect_failure;
};

static bool parse(int argc, char **argv, struct options *out) {
    static const struct option names[] = {
        {"seeds", required_argument, NULL, 's'},    {"seed", required_argument, NULL, 'n'},
        {"trace", no_argument, NULL, 't'},          {"cover", no_argument, NULL, 'c'},
        {"expect-failure", no_argument, NULL, 'x'}, {0}};
    *out = (struct options){.from = 1, .to = 1000};
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (option == 's' && sscanf(optarg, "%" SCNu64 "-%" SCNu64, &out->from, &out->to) != 2)
            return false;
        if (option == 'n' && sscanf(optarg, "%" SCNu64, &out->from) != 1)
            return false;
        if (option == 'n')
            out->to = out->from;
        out->trace |= option == 't';
        out->cover |= option == 'c';
        out->expect_failure |= option == 'x';
        if (option == '?')
            return false;
    }
    return optind == argc && out->from <= out->to;
}

/* False: it failed. */
static bool run(uint64_t seed, const struct options *options, const struct framework *framework,
                struct tally *tally, const char *program) {
    struct world_result result, again;
    struct tally ignored = {{0}};
    world_run(seed, framework, options->trace, tally, &result);
    if (seed % TWICE == 0 && !options->trace) {
        world_run(seed, framework, false, &ignored, &again);
        if (again.digest != result.digest || again.failed != result.failed) {
            printf("seed %" PRIu64 " came out otherwise when it was run again\n", seed);
            return false;
        }
    }
    if (result.failed)
        printf("seed %" PRIu64 ": %s\n    %s --seed %" PRIu64 " --trace\n", seed, result.why, program, seed);
    return !result.failed;
}

static bool cover(const struct tally *tally) {
    bool all = true;
    for (int i = 0; i < TALLY_COUNT; i++) {
        printf("%9" PRIu64 "  %s%s\n", tally->count[i], tally_text((enum tally_entry)i),
               tally->count[i] ? "" : "  -- never happened");
        all &= tally->count[i] > 0;
    }
    return all;
}

const char *tally_text(enum tally_entry entry) {
#define TALLY_TEXT(name, text) [TALLY_##name] = text,
    static const char *const texts[TALLY_COUNT] = {TALLY_LIST(TALLY_TEXT)};
    return texts[entry];
}

int main(int argc, char **argv) {
    struct options options;
    struct framework *framework;
    struct fault why;
    struct tally tally = {{0}};
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, usage, argv[0]);
        return 2;
    }
    if (framework_load(&framework, SUIVI_SIMULATION_DIR "/plan.yaml", &why) != 0) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    uint64_t seed = options.from;
    bool good = true;
    for (; seed <= options.to && good; seed++)
        good = run(seed, &options, framework, &tally, argv[0]);
    framework_destroy(&framework);
    if (good)
        printf("%" PRIu64 " seeds: every figure is the fold of what was sent\n", seed - options.from);
    if (good && options.cover)
        good = cover(&tally);
    return good == options.expect_failure;
}
