#include "clients/listserv/meaning.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#include "proto/check.h"

#define MEANING_MAGIC 0x3ea4149u
#define YEAR_FIRST    1970
#define YEAR_LAST     2100

struct meaning {
    unsigned magic;
    char address[MEANING_TEXT_MAX + 1];
};

void meaning_new(struct meaning **out) {
    g_mime_init(); /* for good: it cannot be begun anew once it was shut down */
    struct meaning *meaning = mem_zeroed(1, sizeof *meaning);
    meaning->magic = MEANING_MAGIC;
    *out = meaning;
}

void meaning_destroy(struct meaning **meaning) {
    if (*meaning == NULL)
        return;
    OBJ_CHECK(*meaning, MEANING_MAGIC);
    (*meaning)->magic = 0;
    free(*meaning);
    *meaning = NULL;
}

/* As a terminated string, with anything that would end it early as a space. */
static void copy(char out[static MEANING_TEXT_MAX + 1], struct str text) {
    size_t len = text.len < MEANING_TEXT_MAX ? text.len : MEANING_TEXT_MAX;
    for (size_t i = 0; i < len; i++)
        out[i] = text.at[i] == '\0' || text.at[i] == '\n' || text.at[i] == '\r' ? ' ' : text.at[i];
    out[len] = '\0';
}

static bool read_time(const char *text, int64_t *at) {
    GDateTime *date = g_mime_utils_header_decode_date(text);
    if (date == NULL)
        return false;
    int year = g_date_time_get_year(date);
    bool known = year >= YEAR_FIRST && year <= YEAR_LAST;
    if (known)
        *at = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return known && *at >= 0;
}

/* 23:59:60, a leap second, which GMime has not: the second before. */
static bool without_leap_second(char *text) {
    for (char *colon = strstr(text, ":60"); colon != NULL; colon = strstr(colon + 1, ":60"))
        if (colon - text >= 3 && colon[-3] == ':' && !g_ascii_isdigit(colon[3])) {
            memcpy(colon, ":59", 3);
            return true;
        }
    return false;
}

bool meaning_date(const struct meaning *meaning, struct str field, int64_t *at) {
    OBJ_CHECK(meaning, MEANING_MAGIC);
    char text[MEANING_TEXT_MAX + 1];
    copy(text, field);
    return read_time(text, at) || (without_leap_second(text) && read_time(text, at));
}

bool meaning_received(const struct meaning *meaning, struct str field, int64_t *at) {
    const char *semicolon = field.len > 0 ? memrchr(field.at, ';', field.len) : NULL;
    if (semicolon == NULL)
        return false;
    size_t before = (size_t)(semicolon - field.at) + 1;
    return meaning_date(meaning, (struct str){field.at + before, field.len - before}, at);
}

static const char *first_mailbox(InternetAddressList *list, int depth) {
    for (int i = 0; list != NULL && i < internet_address_list_length(list); i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(address))
            return internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        const char *within =
            depth > 0 ? first_mailbox(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)),
                                      depth - 1)
                      : NULL;
        if (within != NULL)
            return within;
    }
    return NULL;
}

/* "name at host (Full Name)": three words, the third like a host's. The word between them is the language's. */
static bool unobscure(char *text) {
    char *word[3], *at = text;
    size_t len[3];
    for (int i = 0; i < 3; i++) {
        at += strspn(at, " \t<");
        word[i] = at;
        len[i] = strcspn(at, " \t<>(),;\"");
        at += len[i];
    }
    at += strspn(at, " \t>");
    bool ends = *at == '\0' || *at == '(';
    if (!ends || len[0] == 0 || len[1] == 0 || len[2] == 0 || memchr(word[2], '.', len[2]) == NULL)
        return false;
    char *to = text;
    memmove(to, word[0], len[0]);
    to[len[0]] = '@';
    memmove(to + len[0] + 1, word[2], len[2]);
    to[len[0] + 1 + len[2]] = '\0';
    return true;
}

/* "name(a)host" and "Full Name <name at host>". */
static void unobscure_other(char *text) {
    char *sign = strstr(text, "(a)"), *angle = strrchr(text, '<');
    if (sign != NULL && sign > text && sign[3] != '\0') {
        *sign = '@';
        memmove(sign + 1, sign + 3, strlen(sign + 3) + 1);
    } else if (angle != NULL && unobscure(angle)) {
        memmove(text, angle, strlen(angle) + 1);
    }
}

/* Whether "@" stands in it, other than in a comment or a quoted name. */
static bool has_sign(const char *text) {
    int depth = 0;
    bool quoted = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        else if (quoted || *at == '"')
            quoted = *at == '"' ? !quoted : quoted;
        else if (*at == '(' || *at == ')')
            depth += *at == '(' ? 1 : depth > 0 ? -1 : 0;
        else if (*at == '@' && depth == 0)
            return true;
    }
    return false;
}

/* One word with one "@" in it, in bytes that GMime takes for no address; cuts off what follows it. */
static const char *bare_address(char *text) {
    char *word = text + strspn(text, " \t<");
    char *sign = strchr(word, '@');
    word[strcspn(word, " \t<>(),;\"")] = '\0';
    bool whole =
        sign > word && sign < word + strlen(word) && sign[1] != '\0' && strchr(sign + 1, '@') == NULL;
    return whole ? word : NULL;
}

struct str meaning_address(struct meaning *meaning, struct str field) {
    OBJ_CHECK(meaning, MEANING_MAGIC);
    char text[MEANING_TEXT_MAX + 1];
    copy(text, field);
    if (!has_sign(text) && !unobscure(text))
        unobscure_other(text);
    InternetAddressList *list = internet_address_list_parse(NULL, text);
    const char *address = first_mailbox(list, 4);
    if (address == NULL)
        address = bare_address(text);
    size_t len = address != NULL ? strnlen(address, MEANING_TEXT_MAX) : 0;
    for (size_t i = 0; i < len; i++)
        meaning->address[i] = g_ascii_tolower(address[i]);
    if (list != NULL)
        g_object_unref(list);
    return (struct str){meaning->address, len};
}
