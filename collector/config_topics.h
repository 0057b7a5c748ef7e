/* config_topics.h -- what the configuration says of the socket and of topics
 *
 *   [socket]
 *   path = /run/histfs/histd.sock   where clients connect; off: nowhere
 *   mode = 0660                who may: of the socket's file, as are
 *   owner =                    a user, and
 *   group =                    a group; empty: the program's
 *   max_clients = 1000         at once; others wait. 1 to 1000000
 *   max_frame = 32M            of one request, 64K to 64M
 *   max_message = 16M          key, value and headers of one message, 1K to 48M
 *   max_memory = 256M          for requests and answers that are larger than 64K, 64M to 1T
 *
 *   [topics]
 *   create = 1                 1: a topic is made when it is first used; 0: only those below are there
 *   max_topics = 100000        that are made so, and
 *   max_partitions = 1000000   of all topics together
 *                              and all keys of [topic.NAME] but follow, for all topics
 *
 *   [topic.NAME]               as many sections as there are topics; they are made at the start
 *   partitions = 1             1 to 1024
 *   compression = none         none | gzip | snappy | lz4 | zstd
 *   compression_level = 0      of gzip (9) and zstd (22); 0: theirs
 *   segment_size = 256M        64K to 2G
 *   segment_age = 7d           a segment gets no more messages then, 1s on; 0: however old it is
 *   index_interval = 4096      bytes, 512 to 1G
 *   retention_bytes = 0        of each partition; 0: no limit
 *   retention_ms = 0           milliseconds; 0: no limit. Or
 *   retention_age = 0          the same as a time
 *   sync = fdatasync           fsync | fdatasync | none
 *   flush_messages = 100000    synced after so many messages, 1 to 1000000,
 *   flush_bytes = 64M          so many bytes,
 *   flush_interval = 1s        or that time, whatever comes first and though nobody asks for it
 *   compact = 0                1: only the newest message of each key is kept
 *   tombstone_age = 24h        how long compaction keeps that a key was deleted
 *   append_time = 0            1: times are those of arriving, whatever the producer says
 *   follow = /var/log/…        a file, or a pattern as for the shell, whose lines become messages (may be repeated)
 */
#ifndef COLLECTOR_CONFIG_TOPICS_H
#define COLLECTOR_CONFIG_TOPICS_H

#include "collector/config_value.h"
#include "store/log.h"

struct config_socket {
	char *path;
	uint64_t mode;
	int64_t owner, group; /* -1: the program's */
	uint64_t max_clients, max_frame, max_message, max_memory;
};

struct config_topic {
	char *name;
	uint64_t partitions;
	uint64_t compression; /* BATCH_* */
	uint64_t compression_level;
	uint64_t segment_size, segment_age_ms, index_interval;
	uint64_t retention_bytes, retention_ms;
	enum sync_mode sync;
	uint64_t flush_messages, flush_bytes, flush_ms;
	bool compact;
	uint64_t tombstone_ms;
	bool append_time;
	struct string_list follow;
	uint64_t given; /* keys, a bit each */
};

struct config_topics {
	struct config_socket socket;
	bool create;
	uint64_t max_topics, max_partitions;
	struct config_topic preset; /* of topics that have no section */
	struct config_topic *v;
	size_t n;
	bool in_topic;  /* the section being read is that of v[n - 1] */
	uint64_t given; /* keys of [socket] and [topics], a bit each */
};

/* The topic's section, or what holds for topics without one. */
const struct config_topic *config_topics_of(const struct config_topics *t, const char *name);

/* --- for config.c --- */

int config_topics_init(struct config_topics *t);
void config_topics_done(struct config_topics *t);

/* A section begins. 1: it is one of these; 0: it is not; -EEXIST: it is there twice; -ENOMEM. */
int config_topics_begin(struct config_topics *t, const char *name, size_t len);

/* A line of a section. 1: taken; 0: of another section; otherwise why is told for a person. section may be cut short:
 * which topic it is was said by config_topics_begin. */
int config_topics_take(
    struct config_topics *t, const char *section, const char *name, const char *value, char why[CONFIG_WHY_MAX]);

/* Behind the last line: gives the topics what was said of all. -EINVAL: what is said of one does not go together; why
 * is told for a person. */
int config_topics_finish(struct config_topics *t, char why[CONFIG_WHY_MAX]);

#endif
