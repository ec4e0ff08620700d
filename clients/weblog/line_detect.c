#include "clients/weblog/line.h"

#include <arpa/inet.h>

/* The first words of a line, as far as there are any. */
#define WORDS 4

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* IPv4 or IPv6, the latter also in brackets or with a zone ("fe80::1%eth0"). */
static bool is_address(struct str word) {
    if (word.len >= 2 && word.at[0] == '[' && word.at[word.len - 1] == ']')
        word = (struct str){word.at + 1, word.len - 2};
    const char *zone = word.len ? memchr(word.at, '%', word.len) : NULL;
    if (zone != NULL)
        word.len = (size_t)(zone - word.at);
    char text[INET6_ADDRSTRLEN];
    if (word.len >= sizeof(text))
        return false;
    memcpy(text, word.at, word.len);
    text[word.len] = '\0';
    struct in6_addr address;
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_host_name(struct str word) {
    size_t dots = 0, letters = 0;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.at[i];
        if (c == '.')
            dots++;
        else if (is_letter(c))
            letters++;
        else if (!is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return dots > 0 && letters > 0;
}

static bool has_port(struct str word) {
    size_t end = word.len;
    while (end > 0 && is_digit(word.at[end - 1]))
        end--;
    return end > 1 && end < word.len && word.at[end - 1] == ':';
}

static void split(struct str text, struct str words[WORDS]) {
    for (size_t i = 0; i < WORDS; i++) {
        const char *space = text.len ? memchr(text.at, ' ', text.len) : NULL;
        words[i] = (struct str){text.at, space ? (size_t)(space - text.at) : text.len};
        size_t cut = words[i].len + (space != NULL);
        text = (struct str){text.at + cut, text.len - cut};
    }
}

/* Does a host stand before the address? Any line with a host parses without it too, and the other way round:
 * a user's name may be any text. So the words decide. In "address ident user" the second word is hardly ever
 * an address; an address in both places is a client and its proxy. */
static bool has_host(struct str text) {
    struct str words[WORDS];
    split(text, words);
    if (is_address(words[0]))
        return false;
    if (is_address(words[1]) || str_equal(words[1], STR("unknown")))
        return true;
    bool user_follows = words[3].len > 0 && words[3].at[0] != '[';
    return is_host_name(words[1]) && (has_port(words[0]) || (str_equal(words[2], STR("-")) && user_follows));
}

struct detection {
    struct line_parser *combined, *vhost, *json;
    size_t votes[LINE_JSON + 1];
};

static void vote(struct detection *detection, struct str text) {
    struct line line;
    if (line_parse(detection->combined, text, &line)) {
        enum line_format plain = line.has_agent ? LINE_COMBINED : LINE_COMMON;
        bool host = has_host(text) && line_parse(detection->vhost, text, &line);
        detection->votes[host ? LINE_VHOST : plain]++;
    } else if (line_parse(detection->vhost, text, &line)) {
        detection->votes[LINE_VHOST]++;
    } else if (line_parse(detection->json, text, &line)) {
        detection->votes[LINE_JSON]++;
    }
}

enum line_format line_detect(struct str piece) {
    struct detection detection = {0};
    line_parser_new(&detection.combined, LINE_COMBINED);
    line_parser_new(&detection.vhost, LINE_VHOST);
    line_parser_new(&detection.json, LINE_JSON);
    bool first = true;
    while (piece.len > 0) {
        const char *end = memchr(piece.at, '\n', piece.len);
        if (end == NULL && !first)
            break;
        size_t len = end ? (size_t)(end - piece.at) : piece.len;
        vote(&detection, (struct str){piece.at, len});
        size_t cut = len + (end != NULL);
        piece = (struct str){piece.at + cut, piece.len - cut};
        first = false;
    }
    line_parser_destroy(&detection.combined);
    line_parser_destroy(&detection.vhost);
    line_parser_destroy(&detection.json);

    const size_t *votes = detection.votes;
    size_t plain = votes[LINE_COMBINED] + votes[LINE_COMMON];
    if (plain + votes[LINE_VHOST] + votes[LINE_JSON] == 0)
        return LINE_AUTO;
    if (votes[LINE_JSON] > plain && votes[LINE_JSON] > votes[LINE_VHOST])
        return LINE_JSON;
    if (votes[LINE_VHOST] > plain)
        return LINE_VHOST;
    return votes[LINE_COMMON] > votes[LINE_COMBINED] ? LINE_COMMON : LINE_COMBINED;
}
