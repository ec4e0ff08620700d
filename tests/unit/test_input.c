/* A log as a stream of bytes: plain or packed, from a file or a pipe, whole or damaged. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "clients/collector/input.h"

#define PLAIN_SIZE (300 << 10) /* more than one buffer */
#define SPACE      (1 << 20)

struct bytes {
    uint8_t *at;
    size_t len;
};

struct fixture {
    char path[64];
    struct bytes plain, file, got;
};

static int set_up(void **state) {
    struct fixture *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    strcpy(self->path, "/tmp/suivi-test-input-XXXXXX");
    int fd = mkstemp(self->path);
    assert_true(fd >= 0);
    close(fd);
    self->plain.at = malloc(SPACE);
    self->file.at = malloc(SPACE);
    self->got.at = malloc(SPACE);
    assert_true(self->plain.at && self->file.at && self->got.at);
    uint32_t number = 1;
    for (self->plain.len = 0; self->plain.len < PLAIN_SIZE;) { /* packs neither too well nor too badly */
        number = number * 1664525 + 1013904223;
        self->plain.len +=
            (size_t)sprintf((char *)self->plain.at + self->plain.len, "line %u\n", number >> 8);
    }
    *state = self;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *self = *state;
    unlink(self->path);
    free(self->plain.at);
    free(self->file.at);
    free(self->got.at);
    free(self);
    return 0;
}

/* --- Packing. Each adds a member to `file`. */

static void add_gzip(struct fixture *self, const void *data, size_t len) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)data;
    stream.avail_in = (unsigned)len;
    stream.next_out = self->file.at + self->file.len;
    stream.avail_out = (unsigned)(SPACE - self->file.len);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    self->file.len += stream.total_out;
    deflateEnd(&stream);
}

static void add_zstd(struct fixture *self, const void *data, size_t len) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t size = ZSTD_compress2(context, self->file.at + self->file.len, SPACE - self->file.len, data, len);
    ZSTD_freeCCtx(context);
    assert_false(ZSTD_isError(size));
    self->file.len += size;
}

static void add_xz(struct fixture *self, const void *data, size_t len) {
    assert_int_equal(
        lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, data, len, self->file.at, &self->file.len, SPACE),
        LZMA_OK);
}

static void add_bytes(struct fixture *self, const void *data, size_t len) {
    assert_true(len <= SPACE - self->file.len);
    memcpy(self->file.at + self->file.len, data, len);
    self->file.len += len;
}

typedef void add_member(struct fixture *self, const void *data, size_t len);

static const struct {
    const char *name;
    add_member *add;
} packings[] = {{"gzip", add_gzip}, {"zstd", add_zstd}, {"xz", add_xz}};

#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

/* --- Reading. */

static void write_file(const struct fixture *self) {
    int fd = open(self->path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, self->file.at, self->file.len), (ssize_t)self->file.len);
    close(fd);
}

/* To the end, `step` bytes at a time; the last result. */
static int read_all(struct fixture *self, struct input *input, size_t step, struct fault *why) {
    ssize_t n;
    self->got.len = 0;
    while ((n = input_read(input, self->got.at + self->got.len, step, why)) > 0) {
        self->got.len += (size_t)n;
        assert_true((size_t)n <= step && self->got.len + step <= SPACE);
    }
    return (int)n;
}

static int read_file(struct fixture *self, size_t step, struct fault *why) {
    write_file(self);
    struct input *input;
    if (input_open(&input, self->path, why) != 0)
        fail_msg("%s", why->text);
    int result = read_all(self, input, step, why);
    /* the end or the fault stays */
    assert_int_equal(input_read(input, self->got.at + self->got.len, 1, why), result);
    input_close(&input);
    assert_null(input);
    return result;
}

static void assert_got_plain(const struct fixture *self) {
    assert_int_equal(self->got.len, self->plain.len);
    assert_memory_equal(self->got.at, self->plain.at, self->plain.len);
}

static void plain_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    add_bytes(self, self->plain.at, self->plain.len);
    write_file(self);
    struct input *input;
    assert_int_equal(input_open(&input, self->path, &why), 0);
    struct stat stat_of;
    assert_int_equal(stat(self->path, &stat_of), 0);
    assert_string_equal(input_path(input), self->path);
    assert_true(input_seekable(input) && !input_packed(input));
    assert_int_equal(input_dev(input), stat_of.st_dev);
    assert_int_equal(input_ino(input), stat_of.st_ino);
    assert_int_equal(input_size(input), self->plain.len);
    assert_int_equal(input_consumed(input), 0);
    assert_int_equal(read_all(self, input, 1000, &why), 0);
    assert_got_plain(self);
    assert_int_equal(input_consumed(input), self->plain.len);

    /* it grows */
    int fd = open(self->path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "more", 4), 4);
    close(fd);
    assert_int_equal(input_size(input), self->plain.len + 4);
    assert_int_equal(read_all(self, input, 1000, &why), 0);
    assert_int_equal(self->got.len, 4);

    assert_int_equal(input_seek(input, self->plain.len - 2, &why), 0);
    assert_int_equal(input_consumed(input), self->plain.len - 2);
    assert_int_equal(read_all(self, input, 3, &why), 0);
    assert_int_equal(self->got.len, 6);
    assert_memory_equal(self->got.at + 2, "more", 4);
    assert_int_equal(input_seek(input, UINT64_MAX, &why), -EINVAL);
    input_close(&input);
    input_close(&input);
}

static void short_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    static const char *const texts[] = {"", "x", "\x1f", "\x1f\x8b", "\xfd\x37zXZ", "P*M"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        self->file.len = 0;
        add_bytes(self, texts[i], strlen(texts[i]));
        assert_int_equal(read_file(self, 100, &why), 0);
        assert_int_equal(self->got.len, self->file.len);
        assert_memory_equal(self->got.at, self->file.at, self->file.len);
    }
}

static void packed_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    static const uint8_t zeros[512] = {0};
    for (size_t i = 0; i < PACKINGS; i++) {
        for (size_t step = 1; step <= PLAIN_SIZE; step *= 70) {
            self->file.len = 0;
            packings[i].add(self, self->plain.at, self->plain.len);
            assert_int_equal(read_file(self, step, &why), 0);
            assert_got_plain(self);
        }
        /* several members, an empty one, padding between and after */
        self->file.len = 0;
        packings[i].add(self, self->plain.at, 1000);
        packings[i].add(self, "", 0);
        packings[i].add(self, self->plain.at + 1000, 1);
        add_bytes(self, zeros, 4);
        packings[i].add(self, self->plain.at + 1001, self->plain.len - 1001);
        add_bytes(self, zeros, sizeof(zeros));
        assert_int_equal(read_file(self, 777, &why), 0);
        assert_got_plain(self);

        struct input *input;
        assert_int_equal(input_open(&input, self->path, &why), 0);
        assert_true(input_packed(input) && !input_seekable(input));
        assert_int_equal(read_all(self, input, 5000, &why), 0);
        assert_int_equal(input_consumed(input), self->file.len);
        assert_int_equal(input_size(input), self->file.len);
        input_close(&input);
    }
}

static void skippable_frames(void **state) {
    struct fixture *self = *state;
    struct fault why;
    static const uint8_t skippable[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
    add_bytes(self, skippable, sizeof(skippable));
    add_zstd(self, self->plain.at, 5000);
    add_bytes(self, skippable, sizeof(skippable));
    add_zstd(self, self->plain.at + 5000, self->plain.len - 5000);
    add_bytes(self, skippable, sizeof(skippable));
    assert_int_equal(read_file(self, 4096, &why), 0);
    assert_got_plain(self);
}

static void cut_off_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    for (size_t i = 0; i < PACKINGS; i++) {
        self->file.len = 0;
        packings[i].add(self, self->plain.at, self->plain.len);
        packings[i].add(self, self->plain.at, 100);
        for (size_t whole = self->file.len, cut = 1; cut < whole; cut += cut < 40 ? 1 : whole / 17) {
            self->file.len = whole - cut;
            int result = read_file(self, 1 << 16, &why);
            size_t len = self->got.len < self->plain.len ? self->got.len : self->plain.len;
            assert_memory_equal(self->got.at, self->plain.at, len);
            if (result == 0) { /* cut between the members: nobody can tell */
                assert_got_plain(self);
                continue;
            }
            assert_int_equal(result, -EBADMSG);
            assert_non_null(strstr(why.text, self->path));
            bool in_magic = strstr(why.text, "junk") != NULL;
            assert_true(in_magic || strstr(why.text, "cut off") != NULL);
            assert_true(cut > 40 || self->got.len >= self->plain.len / 2);
        }
    }
}

static void damaged_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    for (size_t i = 0; i < PACKINGS; i++) {
        self->file.len = 0;
        packings[i].add(self, self->plain.at, self->plain.len);
        self->file.at[self->file.len / 2] ^= 0x55;
        assert_int_equal(read_file(self, 1 << 16, &why), -EBADMSG);
        assert_non_null(strstr(why.text, packings[i].name));
        assert_non_null(strstr(why.text, "is damaged after byte"));

        self->file.len = 0;
        packings[i].add(self, self->plain.at, self->plain.len);
        add_bytes(self, "\0\0junk", 6);
        assert_int_equal(read_file(self, 1 << 16, &why), -EBADMSG);
        assert_got_plain(self);
        assert_non_null(strstr(why.text, "junk"));
    }
    self->file.len = 0; /* a wrong checksum is found after the last good byte */
    add_gzip(self, self->plain.at, self->plain.len);
    self->file.at[self->file.len - 6] ^= 1;
    assert_int_equal(read_file(self, 1 << 16, &why), -EBADMSG);
    assert_got_plain(self);
}

/* A stream that asks for 1.5 GiB to be unpacked is refused, not obeyed. */
static void greedy_files(void **state) {
    struct fixture *self = *state;
    struct fault why;
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 10);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_inBuffer in = {self->plain.at, self->plain.len, 0};
    ZSTD_outBuffer out = {self->file.at, SPACE, 0};
    assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_continue)));
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(context);
    self->file.len = out.pos;
    assert_int_equal(read_file(self, 1 << 16, &why), 0);
    self->file.at[5] = (31 - 10) << 3; /* the window descriptor follows magic and frame header descriptor */
    assert_int_equal(read_file(self, 1 << 16, &why), -EBADMSG);
    assert_int_equal(self->got.len, 0);
}

/* Standard input is a pipe that gets its bytes a few at a time. */
static void pipes(void **state) {
    struct fixture *self = *state;
    struct fault why;
    int saved = dup(STDIN_FILENO);
    for (size_t i = 0; i <= PACKINGS; i++) {
        self->file.len = 0;
        if (i == PACKINGS)
            add_bytes(self, self->plain.at, self->plain.len);
        else
            packings[i].add(self, self->plain.at, self->plain.len);
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        fcntl(ends[0], F_SETFL, i % 2 ? O_NONBLOCK : 0);
        pid_t child = fork();
        if (child == 0) {
            size_t at = 0, n;
            for (size_t piece = 1; at < self->file.len; at += n, piece++) {
                n = piece < 10 || self->file.len - at < 5000 ? 1 : 5000;
                if (write(ends[1], self->file.at + at, n) != (ssize_t)n)
                    _exit(1);
            }
            _exit(0);
        }
        close(ends[1]);
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        struct input *input;
        assert_int_equal(input_open(&input, "-", &why), 0);
        assert_false(input_seekable(input));
        assert_int_equal(input_packed(input), i < PACKINGS);
        assert_int_equal(input_size(input), 0);
        assert_int_equal(read_all(self, input, 3000, &why), 0);
        assert_got_plain(self);
        assert_int_equal(input_consumed(input), self->file.len);
        input_close(&input);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    dup2(saved, STDIN_FILENO);
    close(saved);
}

/* Redirected from a file it can be sought in, but only when nobody read from it before. */
static void redirected_standard_input(void **state) {
    struct fixture *self = *state;
    struct fault why;
    add_bytes(self, self->plain.at, self->plain.len);
    write_file(self);
    int saved = dup(STDIN_FILENO), fd = open(self->path, O_RDONLY);
    dup2(fd, STDIN_FILENO);
    close(fd);
    struct input *input;
    assert_int_equal(input_open(&input, "-", &why), 0);
    assert_true(input_seekable(input));
    assert_int_equal(read_all(self, input, 5000, &why), 0);
    assert_got_plain(self);
    input_close(&input);
    lseek(STDIN_FILENO, 9, SEEK_SET);
    assert_int_equal(input_open(&input, "-", &why), 0);
    assert_false(input_seekable(input));
    assert_int_equal(read_all(self, input, 5000, &why), 0);
    assert_int_equal(self->got.len, self->plain.len - 9);
    input_close(&input);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

static void files_that_cannot_be_opened(void **state) {
    (void)state;
    struct input *input = (struct input *)8;
    struct fault why;
    assert_int_equal(input_open(&input, "/tmp", &why), -EISDIR);
    assert_non_null(strstr(why.text, "/tmp: is a directory"));
    assert_int_equal(input_open(&input, "/nonexistent/access.log", &why), -ENOENT);
    assert_non_null(strstr(why.text, "/nonexistent/access.log"));
    assert_int_equal(input_open(&input, "/nonexistent/access.log", NULL), -ENOENT);
    assert_ptr_equal(input, (struct input *)8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(plain_files),
        TEST(short_files),
        TEST(packed_files),
        TEST(skippable_frames),
        TEST(cut_off_files),
        TEST(damaged_files),
        TEST(greedy_files),
        TEST(pipes),
        TEST(redirected_standard_input),
        cmocka_unit_test(files_that_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
