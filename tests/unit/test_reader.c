/* One log: what is counted of it and how far it was read are saved together, whatever goes wrong in between,
 * and it is seen when the file is another one by now. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "tests/unit/counting.h"

#define LINE      "192.0.2.%d - - [10/Jan/2018:%02d:%02d:%02d +0000] \"GET /page-%d%s HTTP/1.1\" 200 %d\n"
#define LINES_MAX 200000
#define CLICKS    100 /* kinds from here on ask for a download */

static const int64_t jan_20 = INT64_C(1516406400);

/* Good lines, different ones for every `kind`; caller frees. */
static char *lines(int kind, int count, size_t *len) {
    char *text = malloc((size_t)count * 128 + 1);
    assert_non_null(text);
    *len = 0;
    for (int i = 0; i < count; i++) {
        int second = i % 86400;
        *len += (size_t)snprintf(text + *len, 128, LINE, i % 250, second / 3600, second / 60 % 60,
                                 second % 60, kind, kind < CLICKS ? "" : ".pdf", 100000 + i);
    }
    return text;
}

static void write_file(const char *path, const char *how, const char *text, size_t len) {
    FILE *file = fopen(path, how);
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void write_lines(const char *path, const char *how, int kind, int count) {
    size_t len;
    char *text = lines(kind, count, &len);
    write_file(path, how, text, len);
    free(text);
}

static struct reader *open_log(struct counting *counting) {
    struct reader *reader = NULL;
    struct reader_fault wrong;
    struct fault why = {""};
    if (reader_open(&reader, &counting->reading, counting->log, 0, &wrong, &why) != 0 || wrong.rc != 0)
        fail_msg("%s", wrong.rc != 0 ? wrong.why.text : why.text);
    return reader;
}

/* How many new lines there are; none is wrong. */
static uint64_t read_on(struct reader *reader) {
    struct reader_fault wrong;
    struct fault why = {""};
    uint64_t before = reader_report(reader).lines;
    if (reader_read(reader, &wrong, &why) != 0 || wrong.rc != 0)
        fail_msg("%s", wrong.rc != 0 ? wrong.why.text : why.text);
    return reader_report(reader).lines - before;
}

static void commit(struct counting *counting) {
    struct fault why = {""};
    if (counter_commit(counting->counter, true, &why) != 0)
        fail_msg("%s", why.text);
}

static void again(struct counting *counting) {
    counting_leave(counting);
    counting_enter(counting);
}

/* A packed log that ends in the middle: its lines and their position are one commit, which whoever commits
 * next makes.
 */
static void damaged(void **state) {
    (void)state;
    struct counting counting;
    struct reader_fault wrong;
    struct fault why = {""};
    size_t len;
    counting_new(&counting, jan_20);
    char *text = lines(1, LINES_MAX, &len);
    gzFile packed = gzopen(counting.log, "wb");
    assert_non_null(packed);
    assert_int_equal(gzwrite(packed, text, (unsigned)len), len);
    assert_int_equal(gzclose(packed), Z_OK);
    free(text);
    struct stat file;
    assert_int_equal(stat(counting.log, &file), 0);
    assert_int_equal(truncate(counting.log, file.st_size / 2), 0);
    struct reader *reader = open_log(&counting);
    assert_int_equal(reader_read(reader, &wrong, &why), 0);
    assert_int_equal(wrong.rc, -EBADMSG);
    uint64_t read = reader_report(reader).lines;
    assert_in_range(read, 1000, LINES_MAX - 1000);
    assert_true(counter_sums(counting.counter).requests == read);
    commit(&counting);
    reader_close(&reader);
    again(&counting);
    const struct position *position = positions_by_path(counting.positions, counting.log);
    assert_non_null(position);
    assert_true(position->lines == read);
    reader = open_log(&counting);
    assert_int_equal(reader_read(reader, &wrong, &why), 0);
    assert_int_equal(reader_report(reader).lines, 0);
    reader_close(&reader);
    counting_destroy(&counting);
}

/* Reads the log as a run does, and commits when it may. */
static int run(struct counting *counting) {
    struct fault why = {""};
    int rc = logs_read(&counting->reading, counting->log, &counting->total, &why);
    if (rc == 0)
        rc = counter_finish(counting->counter, &why);
    return rc;
}

struct kept {
    size_t count;
    struct record_key key[400];
    char value[400][64];
    size_t len[400];
};

static int keep(void *arg, struct str key, struct str value) {
    struct kept *kept = arg;
    assert_true(kept->count < 400 && value.len <= 64);
    memcpy(kept->key[kept->count].bytes, key.at, key.len);
    kept->key[kept->count].len = key.len;
    memcpy(kept->value[kept->count], value.at, value.len);
    kept->len[kept->count++] = value.len;
    return 0;
}

static void put_back(struct counting *counting, const struct kept *kept, bool whole) {
    const struct records *records = counter_records(counting->counter);
    for (size_t i = 0; i < kept->count; i++) {
        struct str value = {kept->value[i], whole ? kept->len[i] : 1};
        assert_int_equal(records->put(records->arg, record_key_str(&kept->key[i]), value, NULL), 0);
    }
    commit(counting);
}

/* The state's own faults end the run: a line that could not be counted is not passed. */
static void fault_of_the_state(void **state) {
    (void)state;
    static const struct {
        enum record_kind record;
        int lines;
    } list[] = {{RECORD_VISITOR, 1}, {RECORD_CLICKS, CLICKS}};
    for (size_t i = 0; i < 2; i++) {
        static struct kept kept;
        struct counting counting;
        char key[128];
        counting_new(&counting, jan_20);
        write_lines(counting.log, "w", list[i].lines, 300);
        assert_int_equal(run(&counting), 0);
        assert_true(counting.total.lines == 300 && !counting.total.failed);
        const struct records *records = counter_records(counting.counter);
        struct record_key prefix = record_key_of(list[i].record, STR("s"));
        kept.count = 0;
        assert_int_equal(records->scan(records->arg, record_key_str(&prefix), keep, &kept), 0);
        assert_int_equal(kept.count, 250);
        write_lines(counting.log, "a", list[i].lines, 100);

        put_back(&counting, &kept, false); /* damaged records */
        again(&counting);
        assert_int_equal(run(&counting), -EINVAL);
        again(&counting);
        put_back(&counting, &kept, true);
        again(&counting);

        (void)counting_path(&counting, "state/keys/2018-01", key);
        assert_int_equal(chmod(key, 0644), 0); /* a key that cannot be used */
        assert_int_equal(run(&counting), -EPERM);
        assert_int_equal(chmod(key, 0600), 0);
        again(&counting);

        const struct position *position = positions_by_path(counting.positions, counting.log);
        assert_non_null(position);
        assert_true(position->lines == 300);
        assert_int_equal(run(&counting), 0);
        assert_true(counting.total.lines == 100 && counter_sums(counting.counter).requests == 100);
        counting_destroy(&counting);
    }
}

/* The log's own faults do not. */
static void fault_of_the_log(void **state) {
    (void)state;
    struct counting counting;
    counting_new(&counting, jan_20);
    assert_int_equal(run(&counting), 0); /* no such file */
    assert_true(counting.total.failed);
    counting.total.failed = false;
    write_file(counting.log, "w", "a,b\n1,2\n", 8); /* no log */
    assert_int_equal(run(&counting), 0);
    assert_true(counting.total.failed && counting.total.lines == 0 && counting.total.malformed == 0);
    counting_destroy(&counting);
}

/* Grown, cut short, or cut and grown past the place since the last look. */
static void replaced(void **state) {
    (void)state;
    static const int counts[] = {1,  3,   40,
                                 60, 900, 5000}; /* within the head, within a block, in a later one */
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct counting counting;
        counting_new(&counting, jan_20);
        counting.reading.stays = true;
        write_lines(counting.log, "w", 1, counts[i]);
        struct reader *reader = open_log(&counting);
        assert_int_equal(read_on(reader), counts[i]);
        assert_false(reader_replaced(reader));
        size_t len, half;
        char *text = lines(2, 7, &len);
        half = len - 30;
        write_file(counting.log, "a", text, half); /* the last line waits for its end */
        assert_false(reader_replaced(reader));
        assert_int_equal(read_on(reader), 6);
        assert_false(reader_replaced(reader));
        write_file(counting.log, "a", text + half, 30);
        assert_false(reader_replaced(reader)); /* and the place is where it was */
        assert_int_equal(read_on(reader), 1);
        assert_int_equal(reader_report(reader).malformed, 0);

        write_file(counting.log, "a", text, half);
        assert_int_equal(read_on(reader), 6);
        struct stat file;
        assert_int_equal(stat(counting.log, &file), 0);
        assert_int_equal(truncate(counting.log, file.st_size - 40), 0);
        assert_true(reader_replaced(reader));
        write_file(counting.log, "a", text, len); /* all but the last, unfinished line is as it was */
        assert_true(reader_replaced(reader));
        write_lines(counting.log, "w", 3, counts[i] + 50);
        assert_true(reader_replaced(reader));
        free(text);
        reader_close(&reader);
        counting_destroy(&counting);
    }
}

/* A log of any size, followed: what was read is committed when it is much, not only when its end has come. */
static void much_at_once(void **state) {
    (void)state;
    struct counting counting;
    counting_new(&counting, jan_20);
    write_lines(counting.log, "w", 1, 100);
    counting.reading.stays = true;
    counting.reading.bytes = UINT64_C(1) << 30;
    struct reader *reader = open_log(&counting);
    assert_int_equal(read_on(reader), 100);
    assert_int_equal(counting.reading.bytes, 0);
    reader_close(&reader);
    again(&counting);
    const struct position *position = positions_by_path(counting.positions, counting.log);
    assert_non_null(position);
    assert_int_equal(position->lines, 1); /* the commit came after the first line of the piece */
    counting_destroy(&counting);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged),  cmocka_unit_test(fault_of_the_state), cmocka_unit_test(fault_of_the_log),
        cmocka_unit_test(replaced), cmocka_unit_test(much_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
