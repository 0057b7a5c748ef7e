/* ingest.c -- see ingest.h */
#include "collector/ingest.h"

#include "collector/board.h"
#include "collector/boot.h"
#include "collector/say.h"
#include "store/format.h"

#include <time.h>

enum {
	LANES_FIRST = 64,    /* places in the hash table, a power of two */
	COMMIT_DUE_MS = 100, /* a commit goes on with what is due for so long */
	GZIP_LEVEL_MAX = 9,
	ZSTD_LEVEL_MAX = 22,
};

struct ingest {
	struct topics *topics;
	struct documents *documents;
	struct gauges *gauges;
	struct config *config;

	struct lane **lanes; /* hash table by partition */
	size_t n_lanes, n_places;
	struct lane *first, *last; /* not synced, in order of when that is due */
	struct lane *wanted;

	struct ingest_stat counts;
};

/* What the sampling thread sees. */
static struct ingest_stat shown;
static struct board board = {&shown, sizeof shown, false};

static int64_t clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	say("%s", line);
}

/* --- topics --- */

static void configure(struct ingest *g, struct topic *t)
{
	const struct config_topic *c = config_topics_of(&g->config->topics, topic_name(t));
	uint64_t level_max = c->compression == BATCH_GZIP ? GZIP_LEVEL_MAX : ZSTD_LEVEL_MAX;
	struct topic_options o = {
	    .sync = c->sync,
	    .segment_size = c->segment_size,
	    .segment_age_ms = c->segment_age_ms ? (int64_t)c->segment_age_ms : INT64_MAX,
	    .index_interval = c->index_interval,
	    .retention_bytes = c->retention_bytes,
	    .retention_ms = (int64_t)c->retention_ms,
	    .compression = (uint8_t)c->compression,
	    .compression_level = (int)(c->compression_level < level_max ? c->compression_level : level_max),
	    .compact = c->compact,
	    .tombstone_ms = (int64_t)c->tombstone_ms,
	    .append_time = c->append_time,
	};

	topic_configure(t, &o);
}

static int configure_each(struct topic *t, void *arg)
{
	configure(arg, t);
	return 0;
}

static int count_each(struct topic *t, void *arg)
{
	struct ingest_stat *counts = arg;

	counts->n_topics++;
	counts->n_partitions += topic_n_partitions(t);
	return 0;
}

static int create(struct ingest *g, const char *name, uint32_t n, struct topic **ret)
{
	struct topic *t;
	uint32_t before = topics_find(g->topics, name, &t) == 0 ? topic_n_partitions(t) : 0;
	int r = topics_create(g->topics, name, n, &t);

	if (r < 0)
		return r;
	configure(g, t);
	g->counts.n_topics += before == 0;
	g->counts.n_partitions += topic_n_partitions(t) - before;
	*ret = t;
	return 0;
}

/* Makes the topics that are configured. One that cannot be made is said, and tried again when it is used. */
static void create_configured(struct ingest *g)
{
	const struct config_topics *c = &g->config->topics;
	struct topic *t;

	for (size_t i = 0; i < c->n; i++) {
		const struct config_topic *v = &c->v[i];
		int r = topics_find(g->topics, v->name, &t);

		if (r == 0 && topic_n_partitions(t) >= v->partitions)
			continue;
		r = create(g, v->name, (uint32_t)v->partitions, &t);
		if (r < 0)
			say("topic %s cannot be made: %s", v->name, strerror(-r));
	}
}

/* --- opening --- */

static int read_boot(const char *root, uint32_t *ret)
{
	struct procfs *fs;
	int r = procfs_open(root, &fs);

	if (r < 0)
		return r;
	*ret = (uint32_t)boot_id(fs);
	procfs_close(fs);
	return 0;
}

int ingest_open(int store_fd, uint64_t store_id, struct config *c, struct ingest **ret)
{
	struct topics_options o = {.say = say_line};
	struct ingest *g = calloc(1, sizeof *g);
	int r = -ENOMEM;

	if (!g)
		return r;
	g->config = config_get(c);
	g->n_places = LANES_FIRST;
	g->lanes = calloc(g->n_places, sizeof(struct lane *));
	if (g->lanes)
		r = read_boot(c->root, &o.boot);
	if (r == 0)
		r = topics_open(store_fd, store_id, &o, &g->topics);
	if (r == 0)
		r = documents_open(store_fd, store_id, o.boot, &c->payloads, &g->documents);
	if (r == 0)
		r = gauges_open(store_fd, store_id, &c->series, &g->gauges);
	if (r < 0) {
		ingest_close(g);
		return r;
	}
	topics_each(g->topics, count_each, &g->counts);
	topics_each(g->topics, configure_each, g);
	create_configured(g);
	ingest_publish(g);
	*ret = g;
	return 0;
}

int ingest_close(struct ingest *g)
{
	int gauges = g->gauges ? gauges_close(g->gauges) : 0;
	int documents = g->documents ? documents_close(g->documents) : 0;
	int r = g->topics ? topics_close(g->topics) : 0;

	for (size_t i = 0; g->lanes && i < g->n_places; i++)
		for (struct lane *l = g->lanes[i], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	free(g->lanes);
	config_put(g->config);
	board_show(&board, false, &g->counts);
	free(g);
	return r < 0 ? r : documents < 0 ? documents : gauges;
}

void ingest_configure(struct ingest *g, struct config *c)
{
	struct config *before = g->config;

	g->config = config_get(c);
	for (size_t i = 0; i < g->n_places; i++)
		for (struct lane *l = g->lanes[i]; l; l = l->next)
			l->config = config_topics_of(&c->topics, topic_name(l->topic));
	config_put(before);
	topics_each(g->topics, configure_each, g);
	create_configured(g);
	gauges_configure(g->gauges, &c->series);
}

const struct config_topics *ingest_config(const struct ingest *g)
{
	return &g->config->topics;
}

struct config *ingest_config_all(const struct ingest *g)
{
	return g->config;
}

struct topics *ingest_topics(struct ingest *g)
{
	return g->topics;
}

struct documents *ingest_documents(struct ingest *g)
{
	return g->documents;
}

struct gauges *ingest_gauges(struct ingest *g)
{
	return g->gauges;
}

/* --- lanes --- */

static size_t place_of(const struct partition *p, size_t n_places)
{
	return (size_t)((uintptr_t)p * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (n_places - 1);
}

/* Twice the places, if memory allows; it goes on with what there is. */
static void grow(struct ingest *g)
{
	size_t n = 2 * g->n_places;
	struct lane **places = calloc(n, sizeof(struct lane *));

	if (!places)
		return;
	for (size_t i = 0; i < g->n_places; i++)
		for (struct lane *l = g->lanes[i], *next; l; l = next) {
			struct lane **at = &places[place_of(l->partition, n)];

			next = l->next;
			l->next = *at;
			*at = l;
		}
	free(g->lanes);
	g->lanes = places;
	g->n_places = n;
}

static int find_lane(struct ingest *g, struct topic *t, uint32_t number, struct lane **ret)
{
	struct partition *p;
	struct lane *l, **at;
	int r = topic_partition(t, number, &p);

	if (r < 0)
		return r;
	at = &g->lanes[place_of(p, g->n_places)];
	for (l = *at; l && l->partition != p; l = l->next)
		;
	if (!l) {
		l = malloc(sizeof *l);
		if (!l)
			return -ENOMEM;
		*l = (struct lane){
		    .topic = t,
		    .partition = p,
		    .number = number,
		    .config = config_topics_of(&g->config->topics, topic_name(t)),
		    .next = *at,
		};
		*at = l;
		if (++g->n_lanes > g->n_places)
			grow(g);
	}
	*ret = l;
	return 0;
}

static int name_of(struct span topic, char ret[TOPIC_NAME_MAX + 1], char *why)
{
	size_t len = span_left(&topic);

	if (!topic_name_valid((const char *)topic.p, len)) {
		snprintf(why, INGEST_WHY_MAX,
		    "no name for a topic: 1 to %d of A-Z a-z 0-9 . _ - are, without .since at the end, but for names "
		    "and followed",
		    TOPIC_NAME_MAX);
		return -EINVAL;
	}
	memcpy(ret, topic.p, len);
	ret[len] = '\0';
	return 0;
}

/* A topic that is used for the first time. */
static int create_on_use(struct ingest *g, const char *name, char *why, struct topic **ret)
{
	const struct config_topics *c = &g->config->topics;
	const struct config_topic *kept = config_topics_of(c, name);
	int r;

	if (kept == &c->preset && !c->create) {
		snprintf(
		    why, INGEST_WHY_MAX, "there is no topic %s, and only those that are configured are made", name);
		return -ENOENT;
	}
	if (kept == &c->preset &&
	    (g->counts.n_topics >= c->max_topics || g->counts.n_partitions + kept->partitions > c->max_partitions)) {
		snprintf(why, INGEST_WHY_MAX, "topic %s would be one too many", name);
		return -EMSGSIZE;
	}
	r = create(g, name, (uint32_t)kept->partitions, ret);
	if (r < 0)
		snprintf(why, INGEST_WHY_MAX, "topic %s cannot be made: %s", name, strerror(-r));
	return r;
}

int ingest_lane(
    struct ingest *g, struct span topic, uint64_t partition, bool make, char why[INGEST_WHY_MAX], struct lane **ret)
{
	char name[TOPIC_NAME_MAX + 1];
	struct topic *t;
	int r = name_of(topic, name, why);

	if (r < 0)
		return r;
	r = topics_find(g->topics, name, &t);
	if (r == -ENOENT && make) {
		r = create_on_use(g, name, why, &t);
		if (r < 0)
			return r;
	}
	if (r < 0) {
		snprintf(why, INGEST_WHY_MAX, "there is no topic %s", name);
		return r;
	}
	if (partition >= topic_n_partitions(t)) {
		snprintf(why, INGEST_WHY_MAX, "topic %s has no partition %llu", name, (unsigned long long)partition);
		return -ENOENT;
	}
	r = find_lane(g, t, (uint32_t)partition, ret);
	if (r < 0)
		snprintf(why, INGEST_WHY_MAX, "topic %s, partition %u: %s", name, (unsigned)partition, strerror(-r));
	return r;
}

int ingest_create(struct ingest *g, struct span topic, uint64_t n_partitions, char why[INGEST_WHY_MAX])
{
	const struct config_topics *c = &g->config->topics;
	char name[TOPIC_NAME_MAX + 1];
	struct topic *t;
	uint64_t present;
	int r = name_of(topic, name, why);

	if (r < 0)
		return r;
	r = topics_find(g->topics, name, &t);
	present = r == 0 ? topic_n_partitions(t) : 0;
	if (r == 0 && n_partitions <= present)
		return 0;
	if (n_partitions == 0)
		return create_on_use(g, name, why, &t);
	if (!c->create) {
		snprintf(why, INGEST_WHY_MAX, "only topics that are configured are made");
		return -EPERM;
	}
	if (n_partitions < 1 || n_partitions > PARTITIONS_MAX) {
		snprintf(why, INGEST_WHY_MAX, "a topic has 1 to %d partitions", PARTITIONS_MAX);
		return -EINVAL;
	}
	if ((present == 0 && g->counts.n_topics >= c->max_topics) ||
	    g->counts.n_partitions + n_partitions - present > c->max_partitions) {
		snprintf(why, INGEST_WHY_MAX, "topic %s would be too many", name);
		return -EMSGSIZE;
	}
	r = create(g, name, (uint32_t)n_partitions, &t);
	if (r < 0)
		snprintf(why, INGEST_WHY_MAX, "topic %s cannot be made: %s", name, strerror(-r));
	return r;
}

int ingest_widen(struct ingest *g, const char *topic, uint32_t n_partitions)
{
	struct topic *t;
	int r = topics_find(g->topics, topic, &t);

	if (r == 0 && topic_n_partitions(t) >= n_partitions)
		return 0;
	return r == 0 || r == -ENOENT ? create(g, topic, n_partitions, &t) : r;
}

/* --- appending and syncing --- */

static void unlink_unsynced(struct ingest *g, struct lane *l)
{
	*(l->earlier ? &l->earlier->later : &g->first) = l->later;
	*(l->later ? &l->later->earlier : &g->last) = l->earlier;
	l->unsynced = false;
	l->n_unsynced = l->bytes_unsynced = 0;
}

static void link_unsynced(struct ingest *g, struct lane *l)
{
	struct lane *before = g->last;

	l->due_ms = clock_ms(CLOCK_MONOTONIC) + (int64_t)l->config->flush_ms;
	while (before && before->due_ms > l->due_ms)
		before = before->earlier;
	l->earlier = before;
	l->later = before ? before->later : g->first;
	*(l->earlier ? &l->earlier->later : &g->first) = l;
	*(l->later ? &l->later->earlier : &g->last) = l;
	l->unsynced = true;
}

int ingest_append(struct ingest *g, struct lane *l, const struct batch_builder *b, uint64_t *ret_offset)
{
	int r = partition_append(l->partition, b, clock_ms(CLOCK_REALTIME), ret_offset);

	if (r < 0) {
		g->counts.n_failed++;
		if (!l->full)
			say("topic %s, partition %u: a message cannot be written: %s", topic_name(l->topic), l->number,
			    strerror(-r));
		l->full = true;
		return r;
	}
	l->full = false;
	if (!l->unsynced)
		link_unsynced(g, l);
	l->n_unsynced += b->n;
	l->bytes_unsynced += b->dir.len + b->body.len;
	if (l->n_unsynced >= l->config->flush_messages || l->bytes_unsynced >= l->config->flush_bytes)
		ingest_want(g, l);
	return 0;
}

void ingest_want(struct ingest *g, struct lane *l)
{
	if (l->wanted)
		return;
	l->wanted = true;
	l->next_wanted = g->wanted;
	g->wanted = l;
}

bool ingest_wanted(const struct ingest *g)
{
	return g->wanted || documents_wanted(g->documents) || gauges_wanted(g->gauges);
}

static void commit(struct ingest *g, struct lane *l)
{
	l->commit_r = partition_sync(l->partition);
	if (l->commit_r < 0) {
		g->counts.n_failed++;
		say("topic %s, partition %u: %s; what was written last may be lost", topic_name(l->topic), l->number,
		    strerror(-l->commit_r));
	}
	if (l->unsynced)
		unlink_unsynced(g, l);
}

/* Topics' part of a commit. */
static int commit_topics(struct ingest *g)
{
	int64_t begin, now;
	struct lane *l;

	while ((l = g->wanted)) {
		g->wanted = l->next_wanted;
		l->wanted = false;
		commit(g, l);
	}
	begin = now = clock_ms(CLOCK_MONOTONIC);
	while ((l = g->first) && now - begin < COMMIT_DUE_MS) {
		if (l->due_ms > now)
			return (int)(l->due_ms - now);
		commit(g, l);
		now = clock_ms(CLOCK_MONOTONIC);
	}
	return g->first ? 0 : -1;
}

/* What comes first of two; -1: never. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

int ingest_commit(struct ingest *g)
{
	int documents = documents_commit(g->documents), gauges = gauges_commit(g->gauges);

	return sooner(commit_topics(g), sooner(documents, gauges));
}

/* --- health --- */

struct ingest_stat *ingest_counts(struct ingest *g)
{
	return &g->counts;
}

void ingest_publish(struct ingest *g)
{
	topics_counts(g->topics, &g->counts.store);
	documents_publish(g->documents);
	gauges_publish(g->gauges);
	board_show(&board, true, &g->counts);
}

bool ingest_stat(struct ingest_stat *ret)
{
	return board_look(&board, ret);
}
