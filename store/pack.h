/* pack.h -- compressing and decompressing bodies (docs/format.md, section 6, codecs)
 *
 * A packer and an unpacker keep zstd's working memory between calls. One thread each.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct packer;

/* dict: raw content to use as dictionary (copied into zstd's own form), len 0: none. */
int packer_new(int level, struct span dict, struct packer **ret);
void packer_free(struct packer *p);
DEFINE_CLEANUP(packer, packer_free)

/* Appends the packed form of raw to out; *ret_codec says how (stored, if nothing is gained). */
int packer_pack(struct packer *p, struct span raw, uint8_t *ret_codec, struct buf *out);

struct unpacker;

int unpacker_new(struct unpacker **ret);
void unpacker_free(struct unpacker *u);
DEFINE_CLEANUP(unpacker, unpacker_free)

/* Replaces out by the raw_len bytes that body stands for. dict: as when packing, for CODEC_ZSTD_DICT. -EBADMSG if body
 * is not that. */
int unpacker_unpack(
    struct unpacker *u, uint8_t codec, struct span body, struct span dict, size_t raw_len, struct buf *out);

/* A section that is packed as a whole: varint raw length, then a zstd frame, whether that gains anything or not. */
int pack_section(struct span raw, int level, struct buf *out);
/* -EBADMSG if it is not that, or of more than max raw bytes. */
int pack_open_section(struct span in, size_t max, struct buf *ret);

#endif
