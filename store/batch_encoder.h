/* batch_encoder.h -- from messages gathered to the pieces of a frame */
#ifndef STORE_BATCH_ENCODER_H
#define STORE_BATCH_ENCODER_H

#include "store/batch.h"
#include "store/batch_head.h"

/* Memory that is kept between batches; zeroed is empty. */
struct batch_encoder {
	struct buf dir;
	struct buf packed;
};

struct batch_how {
	uint64_t first_offset;
	uint8_t codec; /* BATCH_* */
	int level;
	uint8_t flags; /* BATCH_APPEND_TIME …; */
	bool stamp;    /* all times become stamp_ms */
	int64_t stamp_ms;
	uint32_t boot;
};

/* The batch of a builder's messages: its head; in e->dir room for that as it lies on disk, and the directory behind it;
 * and the body (borrowed, from e or b). -EMSGSIZE: it does not fit into a frame; -EOVERFLOW: offsets end. */
int batch_encoder_encode(struct batch_encoder *e, const struct batch_builder *b, const struct batch_how *how,
    struct batch_head *ret_head, struct span *ret_body);

/* Length of the frame that comes of it. */
uint64_t batch_encoder_frame_len(const struct batch_encoder *e, struct span body);

void batch_encoder_done(struct batch_encoder *e);

#endif
