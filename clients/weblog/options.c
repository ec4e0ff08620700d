#include "clients/weblog/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dims.h"

const char options_help[] =
    "usage: suivi-weblog --site NAME [options] FILE...\n"
    "Counts what is new in a website's logs and sends it to suivid. FILE may be packed (gzip, zstd, xz) or "
    "-.\n"
    "\n"
    "  --site NAME              the website these logs are of\n"
    "  --format FORMAT          auto (default), combined, common, vhost or json\n"
    "  --languages LIST         languages that begin the site's paths, as in en,fr (/fr/...)\n"
    "  --default-language NAME  language of all other paths (default: the first of --languages, else en)\n"
    "  --from DAY, --to DAY     count what lies on these days only, as in 2018-02-10; lines of others are "
    "read too\n"
    "  --stamp                  count visitors by the cookie that the site sends, from the next day on\n"
    "  --stamp-path PATH        the one file of every page that is asked for with it, as in /style.css\n"
    "  --follow                 stay and count lines as they are written\n"
    "  --state DIR              where positions, keys and the outbox are (default: /var/lib/suivi/weblog)\n"
    "  --epoch LENGTH           of a key of visitors: month (default), quarter, half or year\n"
    "  --shared-keys DIR        share the keys with the collectors of the site's other servers\n"
    "  --make-key PERIOD        only make the key of that month (quarter ...) ahead, and print its path\n"
    "  --forget-site NAME       only forget the visitors of a site that is counted no more\n"
    "  --keys DIR               use the months' keys in DIR, where it has them; they are only read\n"
    "  --robots FILE            patterns of robots' user agents (default: the shipped robots.txt)\n" //
    COMMON_HELP("weblog");

enum {
    SITE = 1,
    FORMAT,
    LANGUAGES,
    DEFAULT_LANGUAGE,
    FROM,
    TO,
    FOLLOW,
    STAMP,
    STAMP_PATH,
    KEYS,
    EPOCH,
    SHARED_KEYS,
    MAKE_KEY,
    FORGET_SITE,
    ROBOTS
};

static const struct option long_options[] = {
    {"site", required_argument, NULL, SITE},
    {"format", required_argument, NULL, FORMAT},
    {"languages", required_argument, NULL, LANGUAGES},
    {"default-language", required_argument, NULL, DEFAULT_LANGUAGE},
    {"from", required_argument, NULL, FROM},
    {"to", required_argument, NULL, TO},
    {"follow", no_argument, NULL, FOLLOW},
    {"stamp", no_argument, NULL, STAMP},
    {"stamp-path", required_argument, NULL, STAMP_PATH},
    {"keys", required_argument, NULL, KEYS},
    {"epoch", required_argument, NULL, EPOCH},
    {"shared-keys", required_argument, NULL, SHARED_KEYS},
    {"make-key", required_argument, NULL, MAKE_KEY},
    {"forget-site", required_argument, NULL, FORGET_SITE},
    {"robots", required_argument, NULL, ROBOTS},
    COMMON_LONG_OPTIONS,
    {NULL, 0, NULL, 0},
};

static int find_language(const struct options *options, struct str name) {
    for (size_t i = 0; i < options->language_count; i++)
        if (str_equal(options->languages[i], name))
            return (int)i;
    return -1;
}

static int add_language(struct options *options, struct str name, struct fault *why) {
    struct fault reason;
    if (dims_check_value(name, &reason) != 0 || memchr(name.at, '/', name.len) != NULL)
        return fault_set(why, -EINVAL,
                         "--languages: \"%.*s\" is not the name of a language; write them as in en,fr",
                         STR_ARG(name));
    if (find_language(options, name) >= 0)
        return 0;
    if (options->language_count == TALLY_LANGUAGES)
        return fault_set(why, -EINVAL, "--languages: more than %d languages", TALLY_LANGUAGES);
    options->languages[options->language_count++] = name;
    return 0;
}

static int parse_languages(struct options *options, const char *list, const char *otherwise,
                           struct fault *why) {
    int rc = 0;
    for (const char *at = list; at != NULL && rc == 0;) {
        size_t len = strcspn(at, ",");
        rc = add_language(options, (struct str){at, len}, why);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    if (otherwise == NULL)
        otherwise = list == NULL ? "en" : NULL;
    if (rc == 0 && otherwise != NULL)
        rc = add_language(options, str_of(otherwise), why);
    if (rc == 0 && otherwise != NULL)
        options->default_language = (size_t)find_language(options, str_of(otherwise));
    return rc;
}

static int parse_day(int32_t *day, const char *option, const char *text, struct fault *why) {
    struct period period;
    if (period_parse(&period, str_of(text), NULL) != 0 || period.type != PERIOD_DAY)
        return fault_set(why, -EINVAL, "%s: \"%.64s\" is no day, such as 2018-02-10", option, text);
    *day = period.first;
    return 0;
}

static bool is_epoch(enum period_type type) {
    return type >= PERIOD_MONTH && type <= PERIOD_YEAR;
}

static int parse_epoch(struct options *options, const char *text, struct fault *why) {
    if (period_type_parse(&options->epoch, str_of(text), NULL) == 0 && is_epoch(options->epoch))
        return 0;
    return fault_set(why, -EINVAL, "--epoch: \"%.64s\" is none of month, quarter, half and year", text);
}

static int parse_key(struct options *options, const char *text, struct fault *why) {
    options->make_key = true;
    if (period_parse(&options->key, str_of(text), NULL) == 0 && is_epoch(options->key.type))
        return 0;
    return fault_set(why, -EINVAL,
                     "--make-key: \"%.64s\" is no month, quarter, half or year, such as 2018-04 or 2018-Q2",
                     text);
}

static int check(struct options *options, struct fault *why) {
    struct fault reason;
    if (options->keys != NULL && options->shared_keys != NULL)
        return fault_set(why, -EINVAL, "--keys and --shared-keys do not go together: take one of them");
    if (options->make_key && options->file_count > 0)
        return fault_set(why, -EINVAL, "--make-key makes a key and reads no FILE");
    if (options->make_key)
        return 0;
    if (options->site == NULL)
        return fault_set(why, -EINVAL, "--site NAME is missing: which website are these logs of?");
    if (dims_check_value(str_of(options->site), &reason) != 0)
        return fault_set(why, -EINVAL, "--site: %s", reason.text);
    if (options->days.first > options->days.last)
        return fault_set(why, -EINVAL, "--from is after --to");
    if (options->stamp_path != NULL && !options->stamp)
        return fault_set(why, -EINVAL, "--stamp-path is of no use without --stamp");
    if (options->stamp_path != NULL && (options->stamp_path[0] != '/' || strpbrk(options->stamp_path, " ?#")))
        return fault_set(why, -EINVAL,
                         "--stamp-path: \"%.64s\" is no path of the site, such as /style.css, without query",
                         options->stamp_path);
    if (options->stamp && options->format == LINE_COMMON)
        return fault_set(why, -EINVAL, "--stamp: a log in the format common holds no cookie");
    if (options->forget_site && options->file_count > 0)
        return fault_set(why, -EINVAL, "--forget-site forgets a site and reads no FILE");
    if (options->file_count == 0 && !options->forget_site)
        return fault_set(why, -EINVAL, "no FILE to read; give the logs, or - for standard input");
    return common_check_streams(options->files, options->file_count, options->follow, why);
}

struct named { /* languages, as they were given */
    const char *all, *otherwise;
};

static int take(struct options *options, int letter, struct named *languages, char *const *argv,
                struct fault *why) {
    switch (letter) {
    case SITE:
        options->site = optarg;
        return 0;
    case FORMAT:
        return line_format_parse(&options->format, optarg, why);
    case LANGUAGES:
        languages->all = optarg;
        return 0;
    case DEFAULT_LANGUAGE:
        languages->otherwise = optarg;
        return 0;
    case FROM:
        return parse_day(&options->days.first, "--from", optarg, why);
    case TO:
        return parse_day(&options->days.last, "--to", optarg, why);
    case FOLLOW:
        options->follow = true;
        return 0;
    case STAMP:
        options->stamp = true;
        return 0;
    case STAMP_PATH:
        options->stamp_path = optarg;
        return 0;
    case KEYS:
        options->keys = optarg;
        return 0;
    case EPOCH:
        return parse_epoch(options, optarg, why);
    case SHARED_KEYS:
        options->shared_keys = optarg;
        return 0;
    case MAKE_KEY:
        return parse_key(options, optarg, why);
    case FORGET_SITE:
        options->site = optarg;
        options->forget_site = true;
        return 0;
    case ROBOTS:
        options->robots = optarg;
        return 0;
    default:
        return common_take(&options->common, letter, argv, why);
    }
}

int options_parse(struct options *options, int argc, char *const *argv, struct fault *why) {
    *options = (struct options){.common = COMMON_OPTIONS_NONE, .days = DAYS_ALL, .epoch = PERIOD_MONTH};
    struct named languages = {NULL, NULL};
    int letter, rc = 0;
    while (rc == 0 && (letter = common_next(&options->common, argc, argv, long_options)) != -1)
        rc = take(options, letter, &languages, argv, why);
    if (rc != 0 || options->common.help || options->common.version)
        return rc;
    options->files = argv + optind;
    options->file_count = (size_t)(argc - optind);
    rc = parse_languages(options, languages.all, languages.otherwise, why);
    if (rc == 0)
        rc = check(options, why);
    if (rc == 0)
        common_defaults(&options->common, "weblog");
    return rc;
}

void options_free(struct options *options) {
    common_free(&options->common);
}
