/* identity.h -- the store's own file: who it is (docs/format.md, section 2) */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "store/bytes.h"

struct identity {
	uint64_t id;
	int64_t created_ms;
	char host[256];
};

/* Writes it; id is filled in. */
int identity_create(int dirfd, struct identity *id);
/* -ENOENT: no store here. */
int identity_read(int dirfd, struct identity *ret);

#endif
