/* What a line gives to the visitors that are counted by stamp. */
#include "clients/weblog/counter_priv.h"
#include "clients/weblog/logtime.h"
#include "clients/weblog/stamp.h"
#include "proto/civil.h"

/* The path of the page that brought the browser here, which is one of this site. */
static struct str path_of_referrer(struct str referrer) {
    const char *end = referrer.at + referrer.len, *at = memmem(referrer.at, referrer.len, "://", 3);
    if (at == NULL)
        return (struct str){0};
    at = memchr(at + 3, '/', (size_t)(end - at - 3));
    return at ? (struct str){at, (size_t)(end - at)} : (struct str){0};
}

static void add_firsts(struct counter *counter, const struct stamp_firsts *firsts, int32_t day,
                       unsigned language) {
    const struct {
        bool is;
        enum tally_sum what;
    } counts[] = {{firsts->day, TALLY_FIRSTS_DAY},
                  {firsts->month, TALLY_FIRSTS_MONTH},
                  {firsts->quarter, TALLY_FIRSTS_QUARTER},
                  {firsts->year, TALLY_FIRSTS_YEAR},
                  {firsts->returning, TALLY_FIRSTS_RETURNING}};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].is)
            tally_add(counter->tally, counts[i].what, day, language, 1);
}

/* The day of a stamp is one of the server's clock. */
static bool local_day(const struct counter *counter, const struct line *line, int32_t *day) {
    return civil_day_of_time(line->at + logtime_offset(line->time), day) &&
           methods_stamp(&counter->methods, *day);
}

void counter_stamp(struct counter *counter, const struct line *line, enum request_class asked,
                   struct str path) {
    bool page = asked == REQUEST_PAGE;
    int32_t day;
    struct stamp stamp;
    if ((!page && (path.len == 0 || !str_equal(path, counter->options.stamp_path))) ||
        !local_day(counter, line, &day))
        return;
    enum stamp_field field = stamp_read(line, &stamp);
    if (field == STAMP_ABSENT) {
        counter->sums.unlogged += page;
        return;
    }
    unsigned language = counter_language(counter, page ? path : path_of_referrer(line->referrer));
    tally_stamped(counter->tally, day);
    if (page)
        tally_add(counter->tally, TALLY_STAMP_VIEWS, day, language, 1);
    if (page && field == STAMP_NONE)
        tally_add(counter->tally, TALLY_UNSTAMPED, day, language, 1);
    if (field == STAMP_SENT) {
        struct stamp_firsts firsts = stamp_judge(&stamp, day);
        add_firsts(counter, &firsts, day, language);
    }
}
