/* The robots list: its file, what it matches, and that seeking many patterns at once finds what each alone
 * would. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "clients/weblog/patterns.h"
#include "clients/weblog/required.h"
#include "clients/weblog/robots.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int load_text(struct robots **out, const char *text, size_t len, struct fault *why) {
    char path[] = "/tmp/suivi-test-robots-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
    int error = robots_load(out, path, why);
    unlink(path);
    return error;
}

static void a_small_list(void **state) {
    (void)state;
    static const char text[] = "# robots\n\ndate: 2024-02-29\r\ns Googlebot\\/\ni ^.?$\ni [^a]fish\ns ^LCC \n"
                               "s one|two\ni caf\xc3\xa9";
    static const char *const robots_are[] = {"",           "-",     "x",       "xxGooglebot/2",
                                             "a SailFish", "LCC 1", "a two b", "CAF\xc3\xa9"};
    static const char *const others[] = {
        "googlebot/2",
        "Googlebot",
        "afish",
        "fish",
        "xLCC ",
        "LCC",
        "One",
        "caf\xc3\x89",
        "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"};
    struct robots *robots = NULL;
    struct fault why;
    if (load_text(&robots, text, strlen(text), &why) != 0)
        fail_msg("%s", why.text);
    assert_string_equal(robots_date(robots), "2024-02-29");
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < COUNT(robots_are); i++) {
            if (!robots_match(robots, str_of(robots_are[i])))
                fail_msg("no robot: %s", robots_are[i]);
        }
        for (size_t i = 0; i < COUNT(others); i++) {
            if (robots_match(robots, str_of(others[i])))
                fail_msg("a robot: %s", others[i]);
        }
    }
    assert_false(robots_match(robots, (struct str){"\0\0", 2}));
    assert_true(robots_match(robots, (struct str){"\0two", 4}));
    robots_destroy(&robots);
    assert_null(robots);
    robots_destroy(&robots);
}

static void bad_lists(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } list[] = {
        {"", "date"},
        {"s bot\n", ":1: a pattern before"},
        {"date: 2024-02-30\n", ":1: \"2024-02-30\""},
        {"date: 24-02-30\n", ":1:"},
        {"date:2024-02-20\n", ":1:"},
        {"date: 2024-02-20\n\nbot\n", ":3:"},
        {"date: 2024-02-20\ns \n", ":2:"},
        {"date: 2024-02-20\nS bot\n", ":2:"},
        {"date: 2024-02-20\ns\tbot\n", ":2:"},
        {"date: 2024-02-20\ns bot\ni (bot\n", ":3: not a pattern"},
        {"date: 2024-02-20\ni [bot\n", ":2: not a pattern"},
        {"date: 2024-02-20\ni *\n", ":2: not a pattern"},
        {"date: 2024-02-20\ni bot\\\n", ":2: not a pattern"},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct robots *robots = (struct robots *)8;
        struct fault why;
        assert_int_equal(load_text(&robots, list[i].text, strlen(list[i].text), &why), -EINVAL);
        if (strstr(why.text, list[i].said) == NULL)
            fail_msg("%s", why.text);
        assert_ptr_equal(robots, (struct robots *)8);
    }
    struct robots *robots;
    struct fault why;
    assert_int_equal(robots_load(&robots, "/nonexistent/robots.txt", &why), -ENOENT);
    assert_non_null(strstr(why.text, "/nonexistent/robots.txt"));
    assert_int_equal(robots_load(&robots, "/", &why), -EISDIR);
}

/* More agents than are remembered, some of them too long to be: the verdicts stay right. */
static void memory_is_bounded(void **state) {
    (void)state;
    static const char text[] = "date: 2024-02-29\ns bot7\n";
    struct robots *robots;
    assert_int_equal(load_text(&robots, text, strlen(text), NULL), 0);
    static char agent[5000];
    for (unsigned i = 0; i < 200000; i++) {
        size_t len = (size_t)sprintf(agent, "agent %u bot%u", i / 2, i / 2 % 10);
        assert_int_equal(robots_match(robots, (struct str){agent, len}), i / 2 % 10 == 7);
    }
    memset(agent, 'x', sizeof(agent));
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = 3000 + i % 2000;
        memcpy(agent + len - 4, i % 3 ? "bot7" : "bot8", 4);
        memcpy(agent, &i, sizeof(i));
        assert_int_equal(robots_match(robots, (struct str){agent, len}), i % 3 != 0);
        memset(agent + len - 4, 'x', 4);
    }
    robots_destroy(&robots);
}

static void required_literals(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *literal;
        bool simple;
    } list[] = {
        {"bot", "bot", true},
        {"Googlebot\\/", "Googlebot/", true},
        {"a\\.b\\(c\\\\", "a.b(c\\", true},
        {"^Buck\\/[0-9]", "Buck/", false},
        {"daum(oa)?", "daum", false},
        {"http.?client", "client", false},
        {"colou?r", "colo", false},
        {"ab*", "a", false},
        {"ab+cd", "ab", false},
        {"ab+cde", "cde", false},
        {"abc+d", "abc", false},
        {"x\\d{1,2}.y", "x", false},
        {"ab{2,3}cde", "cde", false},
        {"ab{2", "", false},
        {"{[ab}ab[^a]", "", false},
        {"a{1,}bc", "bc", false},
        {"[^]abc]def", "def", false},
        {"[a\\]bcd]ef", "ef", false},
        {"(a|\\)|[)])bc", "bc", false},
        {"one|another", "", false},
        {"(?i)abc", "", false},
        {"(*UTF)abc", "", false},
        {"a(?=b)cd", "", false},
        {"\\Qa.b\\E", "", false},
        {"\\x41bc", "", false},
        {"(a)bcd\\1", "", false},
        {"a\\bword\\b", "word", false},
        {"^.?$", "", false},
        {"[[:alpha:]]bc", "", false},
        {"abc\\", "", false},
        {"(abc", "", false},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        struct required got;
        required_find(str_of(list[i].pattern), &got);
        if (!str_equal((struct str){got.text, got.len}, str_of(list[i].literal)) ||
            got.simple != list[i].simple)
            fail_msg("%s: \"%.*s\" %d", list[i].pattern, (int)got.len, got.text, got.simple);
    }
}

/* --- All patterns at once against each alone. */

static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static size_t join_pieces(char *out, size_t most, const char *const *pieces, size_t count, uint64_t *seed) {
    size_t len = 0;
    out[0] = '\0';
    for (uint64_t i = next_random(seed) % most + 1; i > 0; i--)
        len += (size_t)sprintf(out + len, "%s", pieces[next_random(seed) % count]);
    return len;
}

static void chance_patterns(void **state) {
    (void)state;
    static const char *const pattern_pieces[] = {
        "a", "b",    "A",     "ab", "ba", "\\.", ".",   "?",    "*",  "+",   "(a)",   "(a|", ")", "[ab",
        "]", "[^a]", "{1,2}", "|",  "^",  "$",   "\\d", "\\bb", "\\", "bab", "(?i)b", "{",   "}", "\xc3"};
    static const char *const text_pieces[] = {"a",   "b", "A",    "B",  ".", "ab",
                                              "bab", "1", "\xc3", "\\", "{", " "};
    uint64_t seed = (uint64_t)time(NULL) * 2654435761u + 1;
    const char *told = getenv("SUIVI_TEST_SEED");
    if (told != NULL)
        seed = strtoull(told, NULL, 10);
    print_message("SUIVI_TEST_SEED=%" PRIu64 "\n", seed);
    size_t found = 0, valid = 0;
    for (size_t round = 0; round < 40000; round++) {
        char pattern[64], text[64];
        size_t pattern_len = join_pieces(pattern, 5, pattern_pieces, COUNT(pattern_pieces), &seed);
        bool caseless = next_random(&seed) % 2;
        int error;
        size_t offset;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, pattern_len, caseless ? PCRE2_CASELESS : 0,
                                         &error, &offset, NULL);
        struct patterns *patterns;
        patterns_new(&patterns);
        struct fault why;
        if ((patterns_add(patterns, str_of(pattern), caseless, &why) == 0) != (code != NULL))
            fail_msg("valid or not? %s", pattern);
        if (code != NULL) {
            valid++;
            patterns_build(patterns);
            pcre2_match_data *match = pcre2_match_data_create(1, NULL);
            for (size_t i = 0; i < 10; i++) {
                size_t len = join_pieces(text, 6, text_pieces, COUNT(text_pieces), &seed);
                bool wanted = pcre2_match(code, (PCRE2_SPTR)text, len, 0, 0, match, NULL) >= 0;
                if (patterns_match(patterns, str_of(text)) != wanted)
                    fail_msg("\"%s\" %s \"%s\"", pattern, wanted ? "is in" : "is not in", text);
                found += wanted;
            }
            pcre2_match_data_free(match);
        }
        pcre2_code_free(code);
        patterns_destroy(&patterns);
    }
    assert_true(valid > 5000 && found > 10000);
}

struct plain {
    size_t count;
    pcre2_code *codes[4096];
    pcre2_match_data *match;
};

static void plain_load(struct plain *plain, const char *path) {
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[4096];
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if ((line[0] != 's' && line[0] != 'i') || line[1] != ' ')
            continue;
        int error;
        size_t offset;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)line + 2, PCRE2_ZERO_TERMINATED,
                                         line[0] == 'i' ? PCRE2_CASELESS : 0, &error, &offset, NULL);
        assert_non_null(code);
        assert_true(plain->count < COUNT(plain->codes));
        plain->codes[plain->count++] = code;
    }
    fclose(file);
    plain->match = pcre2_match_data_create(1, NULL);
}

static bool plain_match(struct plain *plain, struct str text) {
    for (size_t i = 0; i < plain->count; i++) {
        if (pcre2_match(plain->codes[i], (PCRE2_SPTR)text.at, text.len, 0, 0, plain->match, NULL) >= 0)
            return true;
    }
    return false;
}

static void check_agent(struct robots *robots, struct plain *plain, struct str agent) {
    bool wanted = agent.len == 0 || str_equal(agent, STR("-")) || plain_match(plain, agent);
    if (robots_match(robots, agent) != wanted)
        fail_msg("%s: %.*s", wanted ? "a robot" : "no robot", STR_ARG(agent));
}

static const char *const common_agents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/4.0+(compatible;)",
    "Mozilla",
    "firefox",
    "curl/8.1.2",
    "Spider (x) spider.com",
    "java/17.0",
    "x",
    "\xe9",
};

static void the_shipped_list(void **state) {
    (void)state;
    static const char path[] = SUIVI_SOURCE_DIR "/config/robots.txt";
    struct robots *robots;
    struct fault why;
    if (robots_load(&robots, path, &why) != 0)
        fail_msg("%s", why.text);
    assert_true(strlen(robots_date(robots)) == 10);
    static struct plain plain;
    plain_load(&plain, path);
    assert_true(plain.count > 1000);
    assert_false(robots_match(robots, str_of(common_agents[0])));
    assert_true(robots_match(robots, str_of(common_agents[1])));
    for (size_t i = 0; i < COUNT(common_agents); i++)
        check_agent(robots, &plain, str_of(common_agents[i]));

    FILE *file = fopen(SUIVI_SOURCE_DIR "/../shared/data/agents/jaybizzle-crawlers.txt", "r");
    if (file == NULL)
        print_message("the larger part is skipped: ../shared/data is not there\n");
    char agent[4096];
    for (unsigned i = 0; file != NULL && fgets(agent, sizeof(agent), file) != NULL; i++) {
        size_t len = strcspn(agent, "\n");
        check_agent(robots, &plain, (struct str){agent, len});
        if (i % 4 == 0 && len > 3) /* and cut off somewhere */
            check_agent(robots, &plain, (struct str){agent + 1, len / 2});
    }
    if (file != NULL)
        fclose(file);
    for (size_t i = 0; i < plain.count; i++)
        pcre2_code_free(plain.codes[i]);
    pcre2_match_data_free(plain.match);
    robots_destroy(&robots);
}

/* Made to take the square of their length: given up, without harm to what is sought besides. */
static void huge_agents(void **state) {
    (void)state;
    static const char text[] = "date: 2024-02-29\ns Con[\\s\\S]*outcomes\ns Labs$\ns needle\n";
    struct robots *robots;
    assert_int_equal(load_text(&robots, text, strlen(text), NULL), 0);
    size_t len = 4 << 20;
    char *agent = malloc(len);
    assert_non_null(agent);
    for (size_t i = 0; i + 3 <= len; i += 3)
        memcpy(agent + i, "Con", 3);
    for (size_t short_len = 5000; short_len < 15000; short_len++)
        assert_false(robots_match(robots, (struct str){agent, short_len}));
    assert_false(robots_match(robots, (struct str){agent, len}));
    memcpy(agent + len - 6, "needle", 6);
    assert_true(robots_match(robots, (struct str){agent, len}));
    memcpy(agent + len - 6, " xLabs", 6);
    assert_true(robots_match(robots, (struct str){agent, len}));
    assert_false(robots_match(robots, (struct str){agent, len - 1}));
    free(agent);
    robots_destroy(&robots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_list),      cmocka_unit_test(bad_lists),
        cmocka_unit_test(memory_is_bounded), cmocka_unit_test(required_literals),
        cmocka_unit_test(chance_patterns),   cmocka_unit_test(the_shipped_list),
        cmocka_unit_test(huge_agents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
