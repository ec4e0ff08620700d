#include "proto/utf8.h"

#include <errno.h>
#include <stdint.h>

static bool is_tail(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

size_t utf8_step(struct str text) {
    const uint8_t *at = (const uint8_t *)text.at;
    if (text.len == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xc2)
        return 0;
    if (at[0] < 0xe0)
        return text.len >= 2 && is_tail(at[1]) ? 2 : 0;
    if (at[0] < 0xf0) {
        if (text.len < 3 || !is_tail(at[1]) || !is_tail(at[2]))
            return 0;
        bool overlong = at[0] == 0xe0 && at[1] < 0xa0;
        bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (at[0] < 0xf5) {
        if (text.len < 4 || !is_tail(at[1]) || !is_tail(at[2]) || !is_tail(at[3]))
            return 0;
        bool overlong = at[0] == 0xf0 && at[1] < 0x90;
        bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool utf8_valid(struct str text) {
    while (text.len > 0) {
        uint64_t eight;
        if (text.len >= sizeof eight) {
            memcpy(&eight, text.at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                text.at += sizeof eight;
                text.len -= sizeof eight;
                continue;
            }
        }
        size_t step = (uint8_t)text.at[0] < 0x80 ? 1 : utf8_step(text);
        if (step == 0)
            return false;
        text.at += step;
        text.len -= step;
    }
    return true;
}

bool utf8_is_control(struct str text) {
    if (text.len == 0)
        return false;
    uint8_t first = (uint8_t)text.at[0];
    if (first < 0x80)
        return first < 0x20 || first == 0x7f;
    return first == 0xc2 && text.len >= 2 && (uint8_t)text.at[1] < 0xa0;
}

int utf8_check_text(const char *name, struct str text, bool lines, struct fault *why) {
    while (text.len > 0) {
        size_t step = utf8_step(text);
        bool allowed = lines && (*text.at == '\n' || *text.at == '\r' || *text.at == '\t');
        if (step == 0 || (utf8_is_control(text) && !allowed))
            return fault_set(why, -EINVAL, "the %s has a control character: take it out", name);
        text.at += step;
        text.len -= step;
    }
    return 0;
}
