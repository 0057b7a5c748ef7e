/* verify.h -- reading and checking everything that a store holds
 *
 * Every frame of every file; that headers say what names say; that schemas, dictionaries and every group decode, for
 * every table at every snapshot; that numbers and times are the listing's, the stored sizes those of the rendered text,
 * index and meta what the groups are, and heat entries what the tables give. Of topics: the registry, every batch, that
 * heads are what the messages come to, and indexes what the heads do. Of payloads: every record, and every page of the
 * index snapshot. Of points: every batch and drop, every series of every file, and that what files tell of a series is
 * what its points come to. Independent of how readers make up for damage. Changes nothing; works beside a recorder.
 */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "store/store.h"

struct verify_calls {
	/* Something is wrong. The problem is borrowed for the call. */
	void (*problem)(const struct store_problem *p, void *arg);
	/* File number i of n is next. NULL: nobody wants to know. */
	void (*progress)(const char *file, size_t i, size_t n, void *arg);
	void *arg;
};

struct verify_count {
	uint64_t n_files;
	uint64_t n_bytes;
	uint64_t n_snapshots;
	uint64_t n_texts;    /* rendered */
	uint64_t n_messages; /* of topics */
	uint64_t n_points;   /* of custom series, in files, and in logs if no file has them; dropped or not */
	uint64_t n_problems;
};

/* 0, however much is wrong; negative if it cannot be told: -ENOENT no store there, -EPROTONOSUPPORT, -ENOMEM, or what
 * the kernel said of the directory. *ret is filled in either way. */
int verify_store(const char *dir, const struct verify_calls *calls, struct verify_count *ret);

#endif
