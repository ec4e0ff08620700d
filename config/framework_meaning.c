/* What an indicator means, as a number: 64-bit FNV-1a over all that makes its figures comparable. Part of what
 * is on disk: the order here stays. */
#include "config/framework_priv.h"

static uint64_t mix(uint64_t hash, const void *bytes, size_t len) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ at[i]) * 0x100000001b3u;
    }
    return hash;
}

/* Least byte first, on every machine. */
static uint64_t mix_number(uint64_t hash, uint64_t number) {
    unsigned char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
    return mix(hash, bytes, sizeof bytes);
}

static uint64_t mix_text(uint64_t hash, struct str text) {
    return mix(mix_number(hash, text.len), text.at, text.len);
}

/* One without any is not touched. */
static uint64_t mix_firsts(uint64_t hash, const struct framework *framework, const struct indicator *from) {
    for (size_t type = 0; type < sizeof from->firsts / sizeof *from->firsts; type++) {
        if (from->firsts[type] != 0) {
            size_t count = from->firsts[type] - 1;
            hash = mix_number(hash, type);
            hash = mix_text(hash, framework->indicators[count].public.id);
            hash = mix_number(hash, framework_meaning_of(framework, count)); /* a count: it has none itself */
        }
    }
    return hash;
}

uint64_t framework_meaning_of(const struct framework *framework, size_t index) {
    const struct indicator *indicator = &framework->indicators[index];
    const struct framework_indicator *public = &indicator->public;
    const struct texts *definitions = &indicator->definitions;
    uint64_t hash = mix_number(0xcbf29ce484222325u, public->kind);
    hash = mix_number(hash, public->kind == KIND_DISTINCT ? (uint64_t) public->window : 0);
    /* A milestone's figure is a number of periods of its frequency. */
    if (public->kind == KIND_MILESTONE) {
        hash = mix_number(hash, (uint64_t) public->frequency);
    }
    hash = mix_number(hash, public->dim_count);
    for (size_t i = 0; i < public->dim_count; i++) {
        hash = mix_text(hash, str_of(indicator->dim[i]->name));
    }
    hash = mix_firsts(hash, framework, indicator);
    if (public->kind == KIND_RATIO) {
        hash = mix_number(hash, framework->indicators[public->numerator].meaning);
        hash = mix_number(hash, framework->indicators[public->denominator].meaning);
        hash = mix_text(hash, framework->indicators[public->numerator].public.id);
        hash = mix_text(hash, framework->indicators[public->denominator].public.id);
        hash = mix_number(hash, (uint64_t) public->factor);
        hash = mix_number(hash, public->decimals);
    }
    /* In one language: a translation changes nothing. */
    hash = mix_text(hash, framework_text_in(definitions, STR("en"),
                                            definitions->count ? str_of(definitions->at[0].text) : STR("")));
    hash = mix_text(hash, public->method);
    return mix_text(hash, public->method_version);
}
