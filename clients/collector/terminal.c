#include "clients/collector/terminal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clients/collector/clock.h"
#include "proto/str.h"
#include "proto/utf8.h"

#define TEXT_MAX      2048
#define WIPE_LINE     "\r\033[K"
#define BAR_AFTER_MS  1000
#define BAR_EVERY_MS  100
#define BAR_COLUMNS   30
#define SCREEN_NARROW 72 /* where the width is not known */

/* Terminals of the kind "dumb" understand no escapes. */
static bool is_terminal(FILE *stream) {
    const char *kind = getenv("TERM");
    return isatty(fileno(stream)) && !(kind && strcmp(kind, "dumb") == 0);
}

/* --- messages --- */

char *terminal_clean(char *text) {
    for (struct str rest = str_of(text); rest.len > 0;) {
        size_t step = utf8_step(rest);
        if (step == 0 || utf8_is_control(rest)) {
            step = step == 0 ? 1 : step;
            memset(text + (rest.at - text), '?', step);
        }
        rest = (struct str){rest.at + step, rest.len - step};
    }
    return text;
}

void terminal_say(const char *program, const char *format, ...) {
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        snprintf(text, sizeof text, "(no description: %s)", format);
    terminal_clean(text);
    fprintf(stderr, "%s%s: %s\n", is_terminal(stderr) ? WIPE_LINE : "", program, text);
}

/* --- what the terminal is like --- */

bool terminal_colour(FILE *stream) {
    const char *no = getenv("NO_COLOR");
    return is_terminal(stream) && !(no && no[0] != '\0');
}

int terminal_width(FILE *stream, int otherwise) {
    struct winsize size;
    if (isatty(fileno(stream)) && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return otherwise;
}

struct range {
    uint32_t first, last;
};

/* Marks that stand on the character before them, and characters that cannot be seen. */
static const struct range without_width[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},   {0x05bf, 0x05bf}, {0x05c1, 0x05c2},
    {0x05c4, 0x05c5}, {0x0610, 0x061a}, {0x064b, 0x065f},   {0x0670, 0x0670}, {0x06d6, 0x06dc},
    {0x0e31, 0x0e31}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},   {0x20d0, 0x20ff}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef},
};

/* Wide and full-width characters of East Asia (Unicode Standard Annex 11), and pictures. */
static const struct range double_width[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
    {0xa000, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x20000, 0x2fffd}, {0x30000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t character) {
    for (size_t i = 0; i < count; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

/* The character in the first `len` bytes of valid UTF-8. */
static uint32_t decode(const char *at, size_t len) {
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (uint8_t)at[0] & first_bits[len];
    for (size_t i = 1; i < len; i++)
        character = character << 6 | ((uint8_t)at[i] & 0x3f);
    return character;
}

int terminal_columns(const char *text) {
    int columns = 0;
    for (struct str rest = str_of(text); rest.len > 0;) {
        size_t step = utf8_step(rest);
        uint32_t character = step > 0 ? decode(rest.at, step) : 0xfffd;
        if (is_in(double_width, sizeof double_width / sizeof *double_width, character))
            columns += 2;
        else if (!is_in(without_width, sizeof without_width / sizeof *without_width, character))
            columns += 1;
        step = step > 0 ? step : 1;
        rest = (struct str){rest.at + step, rest.len - step};
    }
    return columns;
}

/* --- the progress bar --- */

void terminal_progress_start(struct terminal_progress *bar, const char *label, uint64_t total) {
    *bar = (struct terminal_progress){.label = label, .total = total, .started_ms = clock_ms()};
}

static void draw(const struct terminal_progress *bar, uint64_t done, int64_t seconds) {
    char line[TEXT_MAX], time[32];
    snprintf(time, sizeof time, "%" PRId64 ":%02" PRId64, seconds / 60, seconds % 60);
    int width = terminal_width(stderr, SCREEN_NARROW) - 1;
    if (bar->total > 0) {
        double share = done >= bar->total ? 1.0 : (double)done / (double)bar->total;
        int filled = (int)(share * BAR_COLUMNS);
        snprintf(line, sizeof line, "[%.*s%.*s] %3d %%  %s  %s", filled, "##############################",
                 BAR_COLUMNS - filled, "..............................", (int)(share * 100), time,
                 bar->label);
    } else {
        snprintf(line, sizeof line, "%" PRIu64 "  %s  %s", done, time, bar->label);
    }
    terminal_clean(line);
    for (size_t len = strlen(line);
         len > 0 && terminal_columns(line) > width;) /* no bar may break its line */
        line[--len] = '\0';
    fprintf(stderr, WIPE_LINE "%s", line);
    fflush(stderr);
}

void terminal_progress_at(struct terminal_progress *bar, uint64_t done) {
    int64_t now = clock_ms();
    if (now - bar->started_ms < BAR_AFTER_MS || (bar->shown && now - bar->drawn_ms < BAR_EVERY_MS) ||
        !is_terminal(stderr))
        return;
    bar->shown = true;
    bar->drawn_ms = now;
    draw(bar, done, (now - bar->started_ms) / 1000);
}

void terminal_progress_end(struct terminal_progress *bar) {
    if (bar->shown)
        fputs(WIPE_LINE, stderr);
    bar->shown = false;
}
