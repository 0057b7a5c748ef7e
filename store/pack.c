/* pack.c -- compressing and decompressing bodies with zstd */
#include "store/pack.h"

#include "store/format.h"

#define ZSTD_STATIC_LINKING_ONLY /* raw-content dictionaries by reference */
#include <zstd.h>
#include <zstd_errors.h>

struct packer {
	ZSTD_CCtx *ctx;
	ZSTD_CDict *dict;
	int level;
};

int packer_new(int level, struct span dict, struct packer **ret)
{
	_cleanup_(cleanup_packer) struct packer *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;
	p->level = level;
	p->ctx = ZSTD_createCCtx();
	if (!p->ctx)
		return -ENOMEM;
	if (span_left(&dict) > 0) {
		ZSTD_compressionParameters params = ZSTD_getCParams(level, span_left(&dict), span_left(&dict));

		p->dict = ZSTD_createCDict_advanced(
		    dict.p, span_left(&dict), ZSTD_dlm_byCopy, ZSTD_dct_rawContent, params, ZSTD_defaultCMem);
		if (!p->dict)
			return -ENOMEM;
		/* Frames name no dictionary: the chunk has just one. */
		if (ZSTD_isError(ZSTD_CCtx_refCDict(p->ctx, p->dict)))
			return -ENOMEM;
	} else if (ZSTD_isError(ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, level))) {
		return -EINVAL;
	}
	/* Every frame of ours has a checksum around it, and its length in front of it. */
	ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_checksumFlag, 0);
	ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_contentSizeFlag, 0);
	*ret = TAKE(p);
	return 0;
}

void packer_free(struct packer *p)
{
	ZSTD_freeCCtx(p->ctx);
	ZSTD_freeCDict(p->dict);
	free(p);
}

int packer_pack(struct packer *p, struct span raw, uint8_t *ret_codec, struct buf *out)
{
	size_t len = span_left(&raw), room = ZSTD_compressBound(len), n;

	if (buf_reserve(out, room) < 0)
		return -ENOMEM;
	n = ZSTD_compress2(p->ctx, out->p + out->len, room, raw.p, len);
	if (ZSTD_isError(n))
		return -ENOMEM;
	if (n < len) {
		out->len += n;
		*ret_codec = p->dict ? CODEC_ZSTD_DICT : CODEC_ZSTD;
		return 0;
	}
	buf_put(out, raw.p, len);
	*ret_codec = CODEC_STORED;
	return out->err;
}

/* What decompressing to len bytes came to. Memory that is lacking is no damage: what is damaged is given up. */
static int unpacked(size_t n, size_t len)
{
	if (ZSTD_isError(n))
		return ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
	return n == len ? 0 : -EBADMSG;
}

struct unpacker {
	ZSTD_DCtx *ctx;
};

int unpacker_new(struct unpacker **ret)
{
	struct unpacker *u = calloc(1, sizeof *u);

	if (!u)
		return -ENOMEM;
	u->ctx = ZSTD_createDCtx();
	if (!u->ctx) {
		free(u);
		return -ENOMEM;
	}
	*ret = u;
	return 0;
}

void unpacker_free(struct unpacker *u)
{
	ZSTD_freeDCtx(u->ctx);
	free(u);
}

int unpacker_unpack(
    struct unpacker *u, uint8_t codec, struct span body, struct span dict, size_t raw_len, struct buf *out)
{
	int r = 0;

	buf_clear(out);
	if (buf_reserve(out, raw_len + 1) < 0)
		return -ENOMEM;
	switch (codec) {
	case CODEC_STORED:
		if (span_left(&body) != raw_len)
			return -EBADMSG;
		memcpy(out->p, body.p, raw_len);
		break;
	case CODEC_ZSTD_DICT:
		if (ZSTD_isError(ZSTD_DCtx_refPrefix_advanced(u->ctx, dict.p, span_left(&dict), ZSTD_dct_rawContent)))
			return -ENOMEM;
		/* fall through */
	case CODEC_ZSTD:
		r = unpacked(ZSTD_decompressDCtx(u->ctx, out->p, raw_len, body.p, span_left(&body)), raw_len);
		break;
	default:
		return -EBADMSG;
	}
	if (r == 0)
		out->len = raw_len;
	return r;
}

int pack_section(struct span raw, int level, struct buf *out)
{
	size_t len = span_left(&raw), n;

	buf_put_varint(out, len);
	if (buf_reserve(out, ZSTD_compressBound(len)) < 0)
		return -ENOMEM;
	n = ZSTD_compress(out->p + out->len, out->cap - out->len, raw.p, len, level);
	if (ZSTD_isError(n))
		return -ENOMEM;
	out->len += n;
	return 0;
}

int pack_open_section(struct span in, size_t max, struct buf *ret)
{
	uint64_t len;
	int r = span_varint_max(&in, max, &len);

	buf_clear(ret);
	if (r < 0)
		return r;
	if (buf_reserve(ret, len + 1) < 0)
		return -ENOMEM;
	r = unpacked(ZSTD_decompress(ret->p, len, in.p, span_left(&in)), len);
	if (r == 0)
		ret->len = len;
	return r;
}
