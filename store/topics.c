/* topics.c -- see topics.h
 *
 * THREADS. One lock is over everything but names of topics, which come and go in one thread only. Tidying takes it for
 * each piece of work, and never while it reads or writes a whole segment.
 */
#include "store/topics.h"

#include "store/batch_codec.h"
#include "store/io.h"
#include "store/partition.h"
#include "store/segment_name.h"
#include "store/tidy.h"
#include "store/topic_registry.h"

#include <time.h>

enum {
	SEGMENT_SIZE_MIN = 64 << 10,
	SEGMENT_SIZE_DEFAULT = 256 << 20,
	INDEX_INTERVAL_DEFAULT = 4096,
};
#define SEGMENT_SIZE_MAX ((uint64_t)2 << 30)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

struct topic {
	struct topics *topics;
	const struct topic_name *name;
	struct topic_options options;
	struct partition **partitions; /* as many as the name has; NULL: not asked for yet */
	uint32_t n_partitions;         /* as there is room for */
};

struct topics {
	struct partition_shared shared;
	struct topic_names *names;
	struct topic_registry_options where; /* it is */
	struct log *registry;                /* NULL: to be written anew */
	struct topic **v;                    /* by their names' slots */
	uint32_t cap;
	uint32_t tidy_topic, tidy_partition; /* where tidying goes on */
};

bool topic_name_valid(const char *name, size_t len)
{
	return segment_name_topic_valid(name, len);
}

/* 0 is what is usual, and nothing is beyond what the format has room for. */
static struct topic_options complete(const struct topic_options *o)
{
	struct topic_options c = *o;

	c.segment_size = c.segment_size ? c.segment_size : SEGMENT_SIZE_DEFAULT;
	if (c.segment_size < SEGMENT_SIZE_MIN)
		c.segment_size = SEGMENT_SIZE_MIN;
	if (c.segment_size > SEGMENT_SIZE_MAX)
		c.segment_size = SEGMENT_SIZE_MAX;
	c.segment_age_ms = c.segment_age_ms > 0 ? c.segment_age_ms : 7 * DAY_MS;
	c.index_interval = c.index_interval ? c.index_interval : INDEX_INTERVAL_DEFAULT;
	c.retention_bytes = c.retention_bytes ? c.retention_bytes : UINT64_MAX;
	c.compression = batch_codec_known(c.compression) ? c.compression : BATCH_STORED;
	c.tombstone_ms = c.tombstone_ms > 0 ? c.tombstone_ms : DAY_MS;
	return c;
}

static void topic_free(struct topic *t)
{
	free(t->partitions);
	free(t);
}

/* Room for a topic's partitions, as many as its name says. */
static int make_room(struct topic *t)
{
	uint32_t n = t->name->n_partitions;
	struct partition **p;

	if (n <= t->n_partitions)
		return 0;
	p = realloc(t->partitions, n * sizeof *p);
	if (!p)
		return -ENOMEM;
	memset(p + t->n_partitions, 0, (n - t->n_partitions) * sizeof *p);
	t->partitions = p;
	t->n_partitions = n;
	return 0;
}

/* The topic of a name, which is made if it is new here. */
static int topic_of(struct topics *ts, const struct topic_name *name, struct topic **ret)
{
	static const struct topic_options usual;
	struct topic *t;

	if (name->slot >= ts->cap) {
		uint32_t cap = ts->cap ? 2 * ts->cap : 64;
		struct topic **v;

		while (cap <= name->slot)
			cap *= 2;
		v = realloc(ts->v, cap * sizeof *v);
		if (!v)
			return -ENOMEM;
		memset(v + ts->cap, 0, (cap - ts->cap) * sizeof *v);
		ts->v = v;
		ts->cap = cap;
	}
	if (!ts->v[name->slot]) {
		t = malloc(sizeof *t);
		if (!t)
			return -ENOMEM;
		*t = (struct topic){.topics = ts, .name = name, .options = complete(&usual)};
		ts->v[name->slot] = t;
	}
	t = ts->v[name->slot];
	*ret = t;
	return make_room(t);
}

static int all_topics(struct topics *ts)
{
	const struct topic_name *name;
	struct topic *t;
	uint32_t from = 0;
	int r = 0;

	for (; r == 0 && (name = topic_names_next(ts->names, from)); from = name->number + 1)
		r = topic_of(ts, name, &t);
	return r;
}

static void topics_free(struct topics *ts)
{
	for (uint32_t i = 0; i < ts->cap; i++)
		if (ts->v[i])
			topic_free(ts->v[i]);
	free(ts->v);
	log_close(ts->registry);
	if (ts->names)
		topic_names_free(ts->names);
	batch_encoder_done(&ts->shared.encoder);
	if (ts->shared.dirfd >= 0)
		io_close(ts->shared.dirfd);
	pthread_mutex_destroy(&ts->shared.lock);
	free(ts);
}
DEFINE_CLEANUP(topics, topics_free)

int topics_open(int store_fd, uint64_t store_id, const struct topics_options *o, struct topics **ret)
{
	_cleanup_(cleanup_topics) struct topics *ts = calloc(1, sizeof *ts);
	int r;

	if (!ts)
		return -ENOMEM;
	ts->shared.options = *o;
	ts->shared.store_id = store_id;
	pthread_mutex_init(&ts->shared.lock, NULL);
	ts->shared.dirfd = io_opendir(store_fd, TOPICS_DIR, true);
	if (ts->shared.dirfd < 0)
		return ts->shared.dirfd;
	ts->where = (struct topic_registry_options){ts->shared.dirfd, store_id, o->say, o->arg};
	r = topic_names_new(&ts->names);
	if (r == 0)
		r = topic_registry_open(&ts->where, ts->names, &ts->registry);
	if (r == 0)
		r = all_topics(ts);
	if (r < 0)
		return r;
	*ret = TAKE(ts);
	return 0;
}

int topics_close(struct topics *ts)
{
	int first_error = 0;

	if (!ts)
		return 0;
	for (uint32_t i = 0; i < ts->cap; i++)
		for (uint32_t k = 0; ts->v[i] && k < ts->v[i]->n_partitions; k++) {
			int r = ts->v[i]->partitions[k] ? partition_close(ts->v[i]->partitions[k]) : 0;

			first_error = first_error ? first_error : r;
		}
	topics_free(ts);
	return first_error;
}

int topics_find(struct topics *ts, const char *name, struct topic **ret)
{
	const struct topic_name *n = topic_names_find(ts->names, name, strlen(name));

	int r = -ENOENT;

	pthread_mutex_lock(&ts->shared.lock);
	if (n)
		r = topic_of(ts, n, ret);
	pthread_mutex_unlock(&ts->shared.lock);
	return r;
}

/* Number for a topic that is new, or the one that it has. */
static int number_for(struct topics *ts, const struct topic_name *n, uint32_t n_partitions, uint32_t *ret)
{
	const struct topic_name *next;

	if (!n)
		return topic_names_free_number(ts->names, n_partitions, ret);
	next = topic_names_next(ts->names, n->number + 1);
	if (next && next->number - n->number < n_partitions)
		return -ENOSPC;
	if (n->number + n_partitions > PARTITION_NUMBER_MAX)
		return -ENOSPC;
	*ret = n->number;
	return 0;
}

static int add_topic(struct topics *ts, uint32_t number, uint32_t n_partitions, const char *name, struct topic **ret)
{
	int r = ts->registry ? 0 : topic_registry_renew(&ts->where, ts->names, &ts->registry);

	if (r < 0)
		return r;
	r = topic_registry_add(ts->registry, ts->names, number, n_partitions, name);
	if (r < 0) {
		log_close(TAKE(ts->registry));
		return r;
	}
	return topic_of(ts, topic_names_find(ts->names, name, strlen(name)), ret);
}

int topics_create(struct topics *ts, const char *name, uint32_t n_partitions, struct topic **ret)
{
	const struct topic_name *n = topic_names_find(ts->names, name, strlen(name));
	uint32_t number = 0;
	int r;

	if (n_partitions == 0 || !topic_name_valid(name, strlen(name)))
		return -EINVAL;
	if (n_partitions > PARTITIONS_MAX)
		return -EMSGSIZE;
	if (n && n->n_partitions >= n_partitions)
		return topic_of(ts, n, ret);
	r = number_for(ts, n, n_partitions, &number);
	if (r < 0)
		return r;
	pthread_mutex_lock(&ts->shared.lock);
	r = add_topic(ts, number, n_partitions, name, ret);
	pthread_mutex_unlock(&ts->shared.lock);
	return r;
}

void topics_each(struct topics *ts, int (*each)(struct topic *topic, void *arg), void *arg)
{
	for (uint32_t i = 0; i < ts->cap; i++)
		if (ts->v[i] && each(ts->v[i], arg) != 0)
			return;
}

const char *topic_name(const struct topic *t)
{
	return t->name->name;
}

uint32_t topic_n_partitions(const struct topic *t)
{
	return t->name->n_partitions;
}

void topic_configure(struct topic *t, const struct topic_options *o)
{
	pthread_mutex_lock(&t->topics->shared.lock);
	t->options = complete(o);
	for (uint32_t i = 0; i < t->n_partitions; i++)
		if (t->partitions[i])
			partition_configured(t->partitions[i]);
	pthread_mutex_unlock(&t->topics->shared.lock);
}

static int get_partition(struct topic *t, uint32_t i, struct partition **ret)
{
	struct segment_owner owner = {t->topics->shared.store_id, t->name->number + i, i};
	int r = 0;

	if (i >= t->n_partitions)
		return -ENOENT;
	if (!t->partitions[i])
		r = partition_open(&t->topics->shared, t->name->name, &t->options, &owner, &t->partitions[i]);
	if (r == 0)
		*ret = t->partitions[i];
	return r;
}

int topic_partition(struct topic *t, uint32_t partition, struct partition **ret)
{
	int r;

	pthread_mutex_lock(&t->topics->shared.lock);
	r = get_partition(t, partition, ret);
	pthread_mutex_unlock(&t->topics->shared.lock);
	return r;
}

/* Whether there is anything to do for a partition that nobody has asked for. */
static bool needs_tidying(const struct topic *t)
{
	return t->options.retention_bytes != UINT64_MAX || t->options.retention_ms > 0 || t->options.compact;
}

/* The next partition in turn that needs tidying. Ret: 1; 0: that was all. */
static int next_to_tidy(struct topics *ts, struct partition **ret)
{
	for (; ts->tidy_topic < ts->cap; ts->tidy_topic++, ts->tidy_partition = 0) {
		struct topic *t = ts->v[ts->tidy_topic];

		while (t && ts->tidy_partition < t->n_partitions) {
			uint32_t i = ts->tidy_partition++;

			/* One that cannot be opened is somebody's who appends to it. */
			if ((t->partitions[i] || needs_tidying(t)) && get_partition(t, i, ret) == 0)
				return 1;
		}
	}
	ts->tidy_topic = ts->tidy_partition = 0;
	return 0;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int topics_tidy(struct topics *ts, int64_t now_ms, int64_t work_ms, const atomic_bool *stop)
{
	int64_t until = monotonic_ms() + work_ms;
	int first_error = 0;

	for (;;) {
		struct partition *p;
		int r, more;

		pthread_mutex_lock(&ts->shared.lock);
		more = next_to_tidy(ts, &p);
		pthread_mutex_unlock(&ts->shared.lock);
		if (!more)
			return first_error;
		r = tidy_partition(p, now_ms, stop);
		if (r == -ECANCELED)
			return 0;
		first_error = first_error ? first_error : r;
		if (monotonic_ms() >= until)
			return 1;
	}
}

void topics_counts(struct topics *ts, struct topics_counts *ret)
{
	pthread_mutex_lock(&ts->shared.lock);
	*ret = ts->shared.counts;
	pthread_mutex_unlock(&ts->shared.lock);
}
