#include "clients/collector/unpack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/check.h"

#define UNPACK_MAGIC  0x554e504b
#define XZ_MEMORY_MAX (UINT64_C(128) << 20)
#define ZSTD_WINDOW   27 /* 2 to this many bytes: 128 MiB */

struct unpack {
    unsigned magic;
    enum packing packing;
    const char *reason; /* static text of the library, or NULL */
    z_stream gzip;
    ZSTD_DStream *zstd;
    lzma_stream xz;
};

enum packing packing_of(const uint8_t *first, size_t len) {
    static const uint8_t gzip[] = {0x1f, 0x8b, 0x08}, zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    static const uint8_t zstd_skippable[] = {0x2a, 0x4d, 0x18}; /* after a first byte 0x50 to 0x5f */
    static const uint8_t xz[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};
    if (len >= sizeof(gzip) && memcmp(first, gzip, sizeof(gzip)) == 0)
        return PACKING_GZIP;
    if (len >= sizeof(zstd) && memcmp(first, zstd, sizeof(zstd)) == 0)
        return PACKING_ZSTD;
    if (len >= 4 && (first[0] & 0xf0) == 0x50 &&
        memcmp(first + 1, zstd_skippable, sizeof(zstd_skippable)) == 0)
        return PACKING_ZSTD;
    if (len >= sizeof(xz) && memcmp(first, xz, sizeof(xz)) == 0)
        return PACKING_XZ;
    return PACKING_NONE;
}

const char *packing_name(enum packing packing) {
    static const char *const names[] = {
        [PACKING_NONE] = "plain", [PACKING_GZIP] = "gzip", [PACKING_ZSTD] = "zstd", [PACKING_XZ] = "xz"};
    ASSERT((size_t)packing < sizeof(names) / sizeof(names[0]));
    return names[packing];
}

static void xz_start(struct unpack *unpack) {
    /* Without a filter that this liblzma lacks it fails for want of memory only. */
    ASSERT(lzma_stream_decoder(&unpack->xz, XZ_MEMORY_MAX, 0) == LZMA_OK);
}

void unpack_new(struct unpack **out, enum packing packing) {
    struct unpack *unpack = mem_zeroed(1, sizeof(*unpack));
    unpack->magic = UNPACK_MAGIC;
    unpack->packing = packing;
    switch (packing) {
    case PACKING_GZIP:
        ASSERT(inflateInit2(&unpack->gzip, 16 + MAX_WBITS) == Z_OK); /* 16: a gzip header, no other */
        break;
    case PACKING_ZSTD:
        unpack->zstd = ZSTD_createDStream();
        ASSERT(unpack->zstd != NULL);
        ASSERT(!ZSTD_isError(ZSTD_DCtx_setParameter(unpack->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW)));
        break;
    case PACKING_XZ:
        xz_start(unpack);
        break;
    case PACKING_NONE:
        ASSERT(packing != PACKING_NONE);
    }
    *out = unpack;
}

void unpack_destroy(struct unpack **unpack) {
    if (*unpack == NULL)
        return;
    OBJ_CHECK(*unpack, UNPACK_MAGIC);
    struct unpack *self = *unpack;
    if (self->packing == PACKING_GZIP)
        inflateEnd(&self->gzip);
    ZSTD_freeDStream(self->zstd);
    lzma_end(&self->xz);
    self->magic = 0;
    free(self);
    *unpack = NULL;
}

static unsigned at_most_uint(size_t len) {
    return len < UINT_MAX ? (unsigned)len : UINT_MAX;
}

static void moved(struct unpack_io *io, size_t in, size_t out) {
    io->in += in;
    io->in_len -= in;
    io->out += out;
    io->out_len -= out;
}

static int gzip_step(struct unpack *unpack, struct unpack_io *io, bool *member_ended) {
    z_stream *gzip = &unpack->gzip;
    unsigned in = at_most_uint(io->in_len), out = at_most_uint(io->out_len);
    gzip->next_in = (Bytef *)(uintptr_t)io->in;
    gzip->avail_in = in;
    gzip->next_out = io->out;
    gzip->avail_out = out;
    int result = inflate(gzip, Z_NO_FLUSH);
    moved(io, in - gzip->avail_in, out - gzip->avail_out);
    *member_ended = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
        return 0;
    unpack->reason = gzip->msg;
    return -EBADMSG;
}

static int zstd_step(struct unpack *unpack, struct unpack_io *io, bool *member_ended) {
    ZSTD_inBuffer in = {io->in, io->in_len, 0};
    ZSTD_outBuffer out = {io->out, io->out_len, 0};
    size_t result = ZSTD_decompressStream(unpack->zstd, &out, &in);
    moved(io, in.pos, out.pos);
    if (ZSTD_isError(result)) {
        unpack->reason = ZSTD_getErrorName(result);
        return -EBADMSG;
    }
    *member_ended = result == 0 && in.pos + out.pos > 0;
    return 0;
}

static const char *xz_reason(lzma_ret result) {
    switch (result) {
    case LZMA_MEMLIMIT_ERROR:
        return "it needs more than 128 MiB to unpack";
    case LZMA_OPTIONS_ERROR:
        return "it uses a filter that is not known here";
    case LZMA_FORMAT_ERROR:
        return "not in the xz format";
    default:
        return "invalid data or checksum";
    }
}

static int xz_step(struct unpack *unpack, struct unpack_io *io, bool *member_ended) {
    lzma_stream *xz = &unpack->xz;
    xz->next_in = io->in;
    xz->avail_in = io->in_len;
    xz->next_out = io->out;
    xz->avail_out = io->out_len;
    lzma_ret result = lzma_code(xz, LZMA_RUN);
    moved(io, io->in_len - xz->avail_in, io->out_len - xz->avail_out);
    *member_ended = result == LZMA_STREAM_END;
    if (result == LZMA_OK || result == LZMA_STREAM_END || result == LZMA_BUF_ERROR)
        return 0;
    unpack->reason = xz_reason(result);
    return -EBADMSG;
}

int unpack_step(struct unpack *unpack, struct unpack_io *io, bool *member_ended) {
    OBJ_CHECK(unpack, UNPACK_MAGIC);
    switch (unpack->packing) {
    case PACKING_GZIP:
        return gzip_step(unpack, io, member_ended);
    case PACKING_ZSTD:
        return zstd_step(unpack, io, member_ended);
    default:
        return xz_step(unpack, io, member_ended);
    }
}

const char *unpack_reason(const struct unpack *unpack) {
    OBJ_CHECK(unpack, UNPACK_MAGIC);
    return unpack->reason ? unpack->reason : "invalid data";
}

void unpack_restart(struct unpack *unpack) {
    OBJ_CHECK(unpack, UNPACK_MAGIC);
    switch (unpack->packing) {
    case PACKING_GZIP:
        ASSERT(inflateReset(&unpack->gzip) == Z_OK);
        break;
    case PACKING_XZ:
        xz_start(unpack);
        break;
    default: /* zstd goes on to the next frame by itself */
        break;
    }
}
