/* CSV files as spreadsheets write them, and the lines by which rows are named. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <setjmp.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clients/cli/csv_file.h"
#include "proto/check.h"

static char path[] = "/tmp/test_csv_file.XXXXXX";

static int setup(void **state) {
    (void)state;
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return unlink(path);
}

static int read_text(struct csv_file **file, const char *text, size_t len, const char *encoding,
                     char delimiter, struct fault *why) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, len, stream), len);
    fclose(stream);
    return csv_file_read(file, path, encoding, delimiter, why);
}

/* The whole file as "line|field|field" lines, the header first and without a number. */
static char *flat(const struct csv_file *file) {
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);
    for (size_t i = 0; i < csv_file_columns(file); i++)
        fprintf(stream, "|%s", csv_file_column(file, i));
    for (size_t i = 0; i < csv_file_rows(file); i++) {
        struct csv_row row = csv_file_row(file, i);
        fprintf(stream, "\n%zu", row.line);
        for (size_t j = 0; j < row.count; j++)
            fprintf(stream, "|%s", row.field[j]);
    }
    fclose(stream);
    return text;
}

static void accept_as(const char *text, size_t len, const char *encoding, char delimiter,
                      const char *wanted) {
    struct csv_file *file = NULL;
    struct fault why;
    if (read_text(&file, text, len, encoding, delimiter, &why) != 0)
        fail_msg("%s", why.text);
    char *got = flat(file);
    assert_string_equal(got, wanted);
    free(got);
    csv_file_destroy(&file);
    csv_file_destroy(&file);
}

static void accept(const char *text, const char *wanted) {
    accept_as(text, strlen(text), "UTF-8", '\0', wanted);
}

static void refuse_as(const char *text, size_t len, const char *encoding, int code, const char *place,
                      const char *names) {
    struct csv_file *file = NULL;
    struct fault why;
    char wanted[96];
    assert_int_equal(read_text(&file, text, len, encoding, '\0', &why), code);
    assert_null(file);
    snprintf(wanted, sizeof wanted, "%s%s", path, place);
    if (strncmp(why.text, wanted, strlen(wanted)) != 0 || !strstr(why.text, names))
        fail_msg("\"%s\" does not begin with \"%s\" or does not name \"%s\"", why.text, wanted, names);
}

static void refuse(const char *text, const char *place, const char *names) {
    refuse_as(text, strlen(text), "UTF-8", -EINVAL, place, names);
}

static void test_separators(void **state) {
    (void)state;
    accept("a,b\n1,2\n", "|a|b\n2|1|2");
    accept("a;b;c,d\n1;2;3,4\n", "|a|b|c,d\n2|1|2|3,4");
    accept("a\tb\n1\t\n", "|a|b\n2|1|");
    accept("\"a;x\",b\n1,2", "|a;x|b\n2|1|2");
    accept("a\n1;2\n", "|a\n2|1;2");
    accept_as("a,b;c\n1,2;3\n", 12, "UTF-8", ',', "|a|b;c\n2|1|2;3");
}

static void test_lines(void **state) {
    (void)state;
    accept("a,b\r\n1,2\r\n3,4\r\n", "|a|b\n2|1|2\n3|3|4");
    accept("a,b\r1,2\r3,4", "|a|b\n2|1|2\n3|3|4");
    accept("a,b\n\n  \n1,2\n,\n\n3,4\n\n", "|a|b\n4|1|2\n7|3|4");
    accept("\n\na,b\n\"1\n\n1\",2\n\"3\",\"4\r\n\"\r\n5,6\n", "|a|b\n4|1\n\n1|2\n7|3|4\n9|5|6");
    accept("a,b\n1\n1,2,3\n", "|a|b\n2|1\n3|1|2|3");
}

static void test_fields(void **state) {
    (void)state;
    accept("\xef\xbb\xbf"
           "a,\xc3\xa9\n\xe2\x82\xac,2\n",
           "|a|é\n2|€|2");
    accept("\xef\xbb\xbf\"a\",b\n1,2\n", "|a|b\n2|1|2");
    accept(" a , \"b\"\n  1 x , \" 2 \"\n", "|a|b\n2|1 x|2");
    accept("a,b\n\"say \"\"yes\"\", or\",\"\"\n", "|a|b\n2|say \"yes\", or|");
}

static void test_encodings(void **state) {
    (void)state;
    accept_as("a,\xe9\n\xab,2\n", 8, "ISO-8859-1", '\0', "|a|é\n2|«|2");
    accept_as("a,\xe9\n\x80,2\n", 8, "CP1252", '\0', "|a|é\n2|€|2");
    accept_as("\xef\xbb\xbf"
              "a,\xc3\xa9\n1,2\n",
              12, "CP1252", '\0', "|a|é\n2|1|2"); /* the mark tells */
    refuse_as("a,b\n1,2\n\x81,3\n", 12, "CP1252", -EINVAL, ":3: ", "CP1252");
    refuse("a,b\n1,2\n\xe9,3\n", ":3: ", "encoding");
    refuse_as("a,b\n1,\0\n", 8, "UTF-8", -EINVAL, ":2: ", "zero byte");
    refuse_as("\xff\xfe"
              "a\0,\0",
              6, "UTF-8", -EINVAL, ": ", "UTF-16");
}

static void test_bad_files(void **state) {
    (void)state;
    refuse("", ": ", "empty");
    refuse("\n\n \n", ": ", "empty");
    refuse("a,b\n1,x\"y\n", ":2: ", "quote");
    refuse("a,b\n1,2\n\"x\ny\"z,2\n", ":4: ", "quote");
    refuse("a,b\n1,2\n3,\"4\n5,6\n", ":3: ", "never closed");
    struct csv_file *file = NULL;
    struct fault why;
    assert_int_equal(csv_file_read(&file, "/nowhere/x.csv", "UTF-8", '\0', &why), -ENOENT);
    assert_non_null(strstr(why.text, "/nowhere/x.csv"));
    assert_int_equal(csv_file_read(&file, "/tmp", "UTF-8", '\0', &why), -EISDIR);
}

static void test_too_wide(void **state) {
    (void)state;
    char text[4096];
    memset(text, ',', 1000);
    strcpy(text + 1000, "x\n1\n");
    refuse_as(text, strlen(text), "UTF-8", -E2BIG, ":1: ", "columns");
}

static void test_columns(void **state) {
    (void)state;
    struct csv_file *file = NULL;
    struct fault why;
    size_t index = 9;
    const char *text = "region,joined,twice,twice\n1,2,3,4\n";
    assert_int_equal(read_text(&file, text, strlen(text), "UTF-8", '\0', &why), 0);
    assert_int_equal(csv_file_find(file, "joined", &index, &why), 0);
    assert_int_equal(index, 1);
    assert_int_equal(csv_file_find(file, "Region", &index, &why), -EINVAL);
    assert_non_null(strstr(why.text, "did you mean \"region\""));
    assert_int_equal(csv_file_find(file, "member_id", &index, &why), -EINVAL);
    assert_non_null(strstr(why.text, "region, joined"));
    assert_int_equal(csv_file_find(file, "twice", &index, &why), -EINVAL);
    assert_non_null(strstr(why.text, "two columns"));
    assert_int_equal(index, 1);
    csv_file_destroy(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators), cmocka_unit_test(test_lines),     cmocka_unit_test(test_fields),
        cmocka_unit_test(test_encodings),  cmocka_unit_test(test_bad_files), cmocka_unit_test(test_too_wide),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
