/* batch_codec.h -- compressing the bodies of batches (docs/format.md, section 11)
 *
 * All functions are thread-safe on distinct objects.
 */
#ifndef STORE_BATCH_CODEC_H
#define STORE_BATCH_CODEC_H

#include "store/format.h"

/* Whether there is such a codec: BATCH_STORED, BATCH_ZSTD … */
bool batch_codec_known(uint8_t codec);

/* Replaces out by the packed form of raw. *ret_codec: BATCH_STORED if nothing is gained; out is empty then. level: of
 * zstd and gzip, 0 theirs. */
int batch_codec_pack(uint8_t codec, int level, struct span raw, uint8_t *ret_codec, struct buf *out);

/* Replaces out by the raw_len bytes that body stands for. -EBADMSG if body is not exactly that; -EPROTONOSUPPORT: a
 * codec of a newer version. */
int batch_codec_unpack(uint8_t codec, struct span body, uint32_t raw_len, struct buf *out);

#endif
