/* batch_codec.c -- zstd, lz4, gzip and snappy behind one call
 *
 * Lengths are known on both sides, so everything is one call from memory to memory, and room is never guessed. What is
 * damaged was found by the frame's check; a body that passes it and is not what its head says was written so, and is
 * refused.
 */
#include "store/batch_codec.h"

#include "store/cleanup.h"

#include <lz4.h>
#include <snappy-c.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* Each codec: the most that len bytes become; packs, and returns the length or a negative errno; unpacks exactly len.
 */
struct codec {
	size_t (*bound)(size_t len);
	ssize_t (*pack)(struct span raw, int level, uint8_t *to, size_t room);
	int (*unpack)(struct span body, uint8_t *to, size_t len);
};

static ssize_t zstd_pack(struct span raw, int level, uint8_t *to, size_t room)
{
	size_t n = ZSTD_compress(to, room, raw.p, span_left(&raw), level ? level : ZSTD_CLEVEL_DEFAULT);

	return ZSTD_isError(n) ? -ENOMEM : (ssize_t)n;
}

static int zstd_unpack(struct span body, uint8_t *to, size_t len)
{
	size_t n = ZSTD_decompress(to, len, body.p, span_left(&body));

	if (ZSTD_isError(n))
		return ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
	return n == len ? 0 : -EBADMSG;
}

static size_t lz4_bound(size_t len)
{
	return (size_t)LZ4_compressBound((int)len);
}

static ssize_t lz4_pack(struct span raw, int level, uint8_t *to, size_t room)
{
	int n = LZ4_compress_default((const char *)raw.p, (char *)to, (int)span_left(&raw), (int)room);

	(void)level;
	return n > 0 ? n : -ENOMEM;
}

static int lz4_unpack(struct span body, uint8_t *to, size_t len)
{
	int n = LZ4_decompress_safe((const char *)body.p, (char *)to, (int)span_left(&body), (int)len);

	return n == (int)len ? 0 : -EBADMSG;
}

enum { GZIP_WINDOW = 15 + 16 }; /* zlib's largest, and gzip's header around it */

static size_t gzip_bound(size_t len)
{
	/* compressBound is that of zlib's own header. */
	return compressBound(len) + 32;
}

static ssize_t gzip_pack(struct span raw, int level, uint8_t *to, size_t room)
{
	z_stream z = {0};
	size_t n;
	int r;

	if (deflateInit2(&z, level ? level : Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY))
		return -ENOMEM;
	z.next_in = raw.p;
	z.avail_in = (uInt)span_left(&raw);
	z.next_out = to;
	z.avail_out = (uInt)room;
	r = deflate(&z, Z_FINISH);
	n = z.total_out;
	deflateEnd(&z);
	return r == Z_STREAM_END ? (ssize_t)n : -ENOMEM;
}

static int gzip_unpack(struct span body, uint8_t *to, size_t len)
{
	z_stream z = {0};
	bool whole;
	int r;

	if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
		return -ENOMEM;
	z.next_in = body.p;
	z.avail_in = (uInt)span_left(&body);
	z.next_out = to;
	z.avail_out = (uInt)len;
	r = inflate(&z, Z_FINISH);
	whole = r == Z_STREAM_END && z.total_out == len && z.avail_in == 0;
	inflateEnd(&z);
	return whole ? 0 : r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static ssize_t snappy_pack(struct span raw, int level, uint8_t *to, size_t room)
{
	(void)level;
	if (snappy_compress((const char *)raw.p, span_left(&raw), (char *)to, &room) != SNAPPY_OK)
		return -ENOMEM;
	return (ssize_t)room;
}

static int snappy_unpack(struct span body, uint8_t *to, size_t len)
{
	const char *p = (const char *)body.p;
	size_t n;

	if (snappy_uncompressed_length(p, span_left(&body), &n) != SNAPPY_OK || n != len)
		return -EBADMSG;
	return snappy_uncompress(p, span_left(&body), (char *)to, &n) == SNAPPY_OK && n == len ? 0 : -EBADMSG;
}

static const struct codec codecs[] = {
    [BATCH_ZSTD] = {ZSTD_compressBound, zstd_pack, zstd_unpack},
    [BATCH_LZ4] = {lz4_bound, lz4_pack, lz4_unpack},
    [BATCH_GZIP] = {gzip_bound, gzip_pack, gzip_unpack},
    [BATCH_SNAPPY] = {snappy_max_compressed_length, snappy_pack, snappy_unpack},
};

bool batch_codec_known(uint8_t codec)
{
	return codec == BATCH_STORED || (codec < N_ELEMENTS(codecs) && codecs[codec].pack);
}

int batch_codec_pack(uint8_t codec, int level, struct span raw, uint8_t *ret_codec, struct buf *out)
{
	size_t len = span_left(&raw), room;
	ssize_t n;
	int r;

	buf_clear(out);
	*ret_codec = BATCH_STORED;
	if (codec == BATCH_STORED || len == 0)
		return 0;
	if (!batch_codec_known(codec) || len > FRAME_LEN_MAX)
		return -EINVAL;
	room = codecs[codec].bound(len);
	r = buf_reserve(out, room);
	if (r < 0)
		return r;
	n = codecs[codec].pack(raw, level, out->p, room);
	if (n < 0)
		return (int)n;
	if ((size_t)n >= len)
		return 0;
	out->len = (size_t)n;
	*ret_codec = codec;
	return 0;
}

int batch_codec_unpack(uint8_t codec, struct span body, uint32_t raw_len, struct buf *out)
{
	int r;

	if (!batch_codec_known(codec))
		return -EPROTONOSUPPORT;
	if (raw_len > FRAME_LEN_MAX || span_left(&body) > FRAME_LEN_MAX)
		return -EBADMSG;
	buf_clear(out);
	r = buf_reserve(out, (size_t)raw_len + 1);
	if (r < 0)
		return r;
	if (codec != BATCH_STORED)
		r = codecs[codec].unpack(body, out->p, raw_len);
	else if (span_left(&body) != raw_len)
		r = -EBADMSG;
	else if (raw_len > 0)
		memcpy(out->p, body.p, raw_len);
	if (r == 0)
		out->len = raw_len;
	return r;
}
