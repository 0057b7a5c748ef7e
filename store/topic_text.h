/* topic_text.h -- the messages of a partition as lines: any range of their bytes
 *
 * Behind topic_reader_text_len and topic_reader_text, which say what they do. Not thread-safe on one object.
 */
#ifndef STORE_TOPIC_TEXT_H
#define STORE_TOPIC_TEXT_H

#include "store/topic_segments.h"

struct topic_text;

/* segments: borrowed. */
int topic_text_new(struct topic_segments *segments, struct topic_text **ret);
void topic_text_free(struct topic_text *t);
DEFINE_CLEANUP(topic_text, topic_text_free)

int topic_text_len(struct topic_text *t, uint64_t from, uint64_t to, uint64_t *ret);
int topic_text_read(struct topic_text *t, uint64_t from, uint64_t to, uint64_t off, size_t len, struct buf *out);

#endif
