/* topic_reader_new.h -- making the readers of partitions: for topic_store alone */
#ifndef STORE_TOPIC_READER_NEW_H
#define STORE_TOPIC_READER_NEW_H

#include "store/block_cache.h"
#include "store/topic_reader.h"

struct topic_reader_place {
	int storefd;
	const char *dir; /* of the partition, below the store; copied */
	uint32_t number;
	struct block_cache *blocks;
	size_t index_bytes;
	/* A file within the store is damaged. */
	void (*problem)(void *arg, const char *file, uint64_t off, const char *what);
	void *arg;
};

int topic_reader_new(const struct topic_reader_place *place, struct topic_reader **ret);
void topic_reader_free(struct topic_reader *r);
DEFINE_CLEANUP(topic_reader, topic_reader_free)

/* Takes note of what came or went. Ret: 1 if anything is different, 0 if not. */
int topic_reader_refresh(struct topic_reader *r);

#endif
