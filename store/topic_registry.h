/* topic_registry.h -- the file that names the topics, written (docs/format.md, section 11) */
#ifndef STORE_TOPIC_REGISTRY_H
#define STORE_TOPIC_REGISTRY_H

#include "store/log.h"
#include "store/topic_names.h"

struct topic_registry_options {
	int dirfd; /* of topics/ */
	uint64_t store_id;
	void (*say)(void *arg, const char *line); /* NULL: silence */
	void *arg;
};

/* Opens the registry to append, and fills names. Where it is missing or damaged, topics come back from their segments,
 * and it is written anew. */
int topic_registry_open(const struct topic_registry_options *o, struct topic_names *names, struct log **ret);

/* Writes the registry anew, from names: after an addition that failed nothing is known of what is in the file. */
int topic_registry_renew(const struct topic_registry_options *o, const struct topic_names *names, struct log **ret);

/* Adds a topic, or more partitions of one, to the file and then to names; durable when it returns. */
int topic_registry_add(
    struct log *registry, struct topic_names *names, uint32_t number, uint32_t n_partitions, const char *name);

#endif
