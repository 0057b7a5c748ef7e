/* config_topics.c -- see config_topics.h */
#include "collector/config_topics.h"

#include "store/format.h"
#include "store/topics.h"

static const char topic_prefix[] = "topic.";

static const struct config_key keys[] = {
#define KEY(section, name, type, field, min, max, expected)                                                            \
	{                                                                                                              \
		section, name, type, offsetof(struct config_topics, field), min, max, expected                         \
	}
    KEY("socket", "path", CONFIG_PATH, socket.path, 0, 0, "a path, or off"),
    KEY("socket", "mode", CONFIG_MODE, socket.mode, 0, 0, "permissions from 000 to 777"),
    KEY("socket", "owner", CONFIG_USER, socket.owner, 0, 0, "a user"),
    KEY("socket", "group", CONFIG_GROUP, socket.group, 0, 0, "a group"),
    KEY("socket", "max_clients", CONFIG_NUMBER, socket.max_clients, 1, 1000000, "a number from 1 to 1000000"),
    KEY("socket", "max_frame", CONFIG_SIZE, socket.max_frame, 64 << 10, 64 << 20, "a size from 64K to 64M"),
    KEY("socket", "max_message", CONFIG_SIZE, socket.max_message, 1 << 10, 48 << 20, "a size from 1K to 48M"),
    KEY("socket", "max_memory", CONFIG_SIZE, socket.max_memory, 64 << 20, UINT64_C(1) << 40, "a size from 64M to 1T"),
    KEY("topics", "create", CONFIG_SWITCH, create, 0, 0, "0 or 1"),
    KEY("topics", "max_topics", CONFIG_NUMBER, max_topics, 0, 1 << 20, "a number up to 1048576"),
    KEY("topics", "max_partitions", CONFIG_NUMBER, max_partitions, 0, 1 << 20, "a number up to 1048576"),
#undef KEY
};

static const struct config_key topic_keys[] = {
#define KEY(name, type, field, min, max, expected)                                                                     \
	{                                                                                                              \
		topic_prefix, name, type, offsetof(struct config_topic, field), min, max, expected                     \
	}
    KEY("partitions", CONFIG_NUMBER, partitions, 1, PARTITIONS_MAX, "a number from 1 to 1024"),
    KEY("compression", CONFIG_COMPRESSION, compression, 0, 0, "none, gzip, snappy, lz4 or zstd"),
    KEY("compression_level", CONFIG_NUMBER, compression_level, 0, 22, "a level from 1 to 22, or 0 for the default"),
    KEY("segment_size", CONFIG_SIZE, segment_size, 64 << 10, UINT64_C(2) << 30, "a size from 64K to 2G"),
    KEY("segment_age", CONFIG_TIME, segment_age_ms, 0, INT64_MAX, "a time (s m h d w), or 0 for no limit"),
    KEY("index_interval", CONFIG_SIZE, index_interval, 512, 1 << 30, "a size from 512 to 1G"),
    KEY("retention_bytes", CONFIG_SIZE, retention_bytes, 0, UINT64_MAX, "a size (K M G T), or 0 for no limit"),
    KEY("retention_ms", CONFIG_NUMBER, retention_ms, 0, INT64_MAX, "milliseconds, or 0 for no limit"),
    KEY("retention_age", CONFIG_TIME, retention_ms, 0, INT64_MAX, "a time (s m h d w), or 0 for no limit"),
    KEY("sync", CONFIG_SYNC, sync, 0, 0, "fsync, fdatasync or none"),
    KEY("flush_messages", CONFIG_NUMBER, flush_messages, 1, 1000000, "a number of messages from 1 to 1000000"),
    KEY("flush_bytes", CONFIG_SIZE, flush_bytes, 1, UINT64_MAX, "a size (K M G T)"),
    KEY("flush_interval", CONFIG_TIME, flush_ms, 1, 86400000, "a time from 1ms to 1d"),
    KEY("compact", CONFIG_SWITCH, compact, 0, 0, "0 or 1"),
    KEY("tombstone_age", CONFIG_TIME, tombstone_ms, 1, INT64_MAX, "a time (s m h d w)"),
    KEY("append_time", CONFIG_SWITCH, append_time, 0, 0, "0 or 1"),
    KEY("follow", CONFIG_FILES, follow, 0, 0, "the absolute path of a file, or a pattern"),
#undef KEY
};

static const struct config_topic preset = {
    .partitions = 1,
    .compression = BATCH_STORED,
    .segment_size = 256 << 20,
    .segment_age_ms = UINT64_C(7) * 86400 * 1000,
    .index_interval = 4096,
    .sync = SYNC_FDATASYNC,
    .flush_messages = 100000,
    .flush_bytes = 64 << 20,
    .flush_ms = 1000,
    .tombstone_ms = 86400 * 1000,
};

static void topic_done(struct config_topic *t)
{
	config_value_list_done(&t->follow);
	free(t->name);
}

int config_topics_init(struct config_topics *t)
{
	*t = (struct config_topics){
	    .socket = {.path = strdup("/run/histfs/histd.sock"),
	        .mode = 0660,
	        .owner = -1,
	        .group = -1,
	        .max_clients = 1000,
	        .max_frame = 32 << 20,
	        .max_message = 16 << 20,
	        .max_memory = 256 << 20},
	    .create = true,
	    .max_topics = 100000,
	    .max_partitions = 1000000,
	    .preset = preset,
	};
	return t->socket.path ? 0 : -ENOMEM;
}

void config_topics_done(struct config_topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		topic_done(&t->v[i]);
	free(t->v);
	topic_done(&t->preset);
	free(t->socket.path);
}

const struct config_topic *config_topics_of(const struct config_topics *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].name, name) == 0)
			return &t->v[i];
	return &t->preset;
}

static bool is(const char *section, const char *name, size_t len)
{
	return strlen(section) == len && memcmp(section, name, len) == 0;
}

int config_topics_begin(struct config_topics *t, const char *name, size_t len)
{
	const size_t prefix = strlen(topic_prefix);
	struct config_topic *v;

	t->in_topic = false;
	if (is("socket", name, len) || is("topics", name, len))
		return 1;
	if (len <= prefix || memcmp(name, topic_prefix, prefix) != 0)
		return 0;
	name += prefix;
	len -= prefix;
	if (!topic_name_valid(name, len))
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (is(t->v[i].name, name, len))
			return -EEXIST;
	v = realloc(t->v, (t->n + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	t->v = v;
	v[t->n] = preset;
	v[t->n].name = strndup(name, len);
	if (!v[t->n].name)
		return -ENOMEM;
	t->n++;
	t->in_topic = true;
	return 1;
}

int config_topics_take(
    struct config_topics *t, const char *section, const char *name, const char *value, char why[CONFIG_WHY_MAX])
{
	bool all = strcmp(section, "topics") == 0;
	struct config_topic *topic = t->in_topic ? &t->v[t->n - 1] : &t->preset;
	int r;

	if (!t->in_topic && !all && strcmp(section, "socket") != 0)
		return 0;
	r = t->in_topic ? 0 : config_value_take(keys, N_ELEMENTS(keys), section, name, value, t, &t->given, why);
	if (r == 0 && (t->in_topic || (all && strcmp(name, "follow") != 0)))
		r = config_value_take(
		    topic_keys, N_ELEMENTS(topic_keys), topic_prefix, name, value, topic, &topic->given, why);
	if (r != 0)
		return r;
	if (t->in_topic)
		return config_value_refuse(why, -EINVAL, "unknown key %s in [%s%s]", name, topic_prefix, topic->name);
	return config_value_refuse(why, -EINVAL, "unknown key %s in [%s]", name, section);
}

static size_t size_of(enum config_type type)
{
	switch (type) {
	case CONFIG_SWITCH:
		return sizeof(bool);
	case CONFIG_SYNC:
		return sizeof(enum sync_mode);
	default:
		return sizeof(uint64_t);
	}
}

static void inherit(struct config_topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < N_ELEMENTS(topic_keys); k++) {
			const struct config_key *key = &topic_keys[k];

			if (key->type == CONFIG_FILES || t->v[i].given & UINT64_C(1) << k ||
			    !(t->preset.given & UINT64_C(1) << k))
				continue;
			memcpy((char *)&t->v[i] + key->off, (char *)&t->preset + key->off, size_of(key->type));
		}
}

int config_topics_finish(struct config_topics *t, char why[CONFIG_WHY_MAX])
{
	inherit(t);
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].follow.n > 0 && t->v[i].compact)
			return config_value_refuse(why, -EINVAL,
			    "[%s%s]: lines have no keys: what is followed cannot be compacted", topic_prefix,
			    t->v[i].name);
	return 0;
}
