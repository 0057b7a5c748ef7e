/* hourlog.c -- /hour/2026-11-20T03/log/orders/0: what a partition said in an hour, as lines
 *
 * A directory in the hours of another view, which is there when any topic has messages in the hour; topics and
 * partitions that have none are not. The messages of an hour are those from the first at or after which the largest
 * time so far is in the hour: as the clock steps back, a message can be of the hour before, but none is in two hours.
 *
 * An hour's directory has hour alone; a topic's also the number of its partition 0 and LEAF_TOPIC; a file its
 * partition's number and leaf 0.
 */
#include "view/messages.h"

enum {
	HOUR_MS = 3600 * 1000,
	KEPT = 16,      /* hours */
	LOOKED_AT = 512 /* partitions: where there are more, all topics are shown, since to look takes too long */
};

struct hourlogs {
	struct kept {
		int32_t hour;
		uint64_t stamp; /* of topics' generation; 0: none */
		uint64_t n_topics;
	} kept[KEPT];
	uint32_t next;
	uint64_t counted; /* generation, + 1, in which */
	bool many;        /* was found */
};

static bool is_hour(struct node n)
{
	return n.hour >= 0 && n.seq < 0 && n.leaf == 0;
}

static bool is_topic(struct node n)
{
	return n.hour >= 0 && n.seq >= 0 && n.leaf == LEAF_TOPIC;
}

static bool is_file(struct node n)
{
	return n.hour >= 0 && n.seq >= 0 && n.leaf == 0;
}

/* The offsets of a partition in an hour. -ENOENT: there are none. */
struct part {
	struct messages m;
	uint64_t from, to;
};

static int find_part(struct tree *t, int32_t hour, uint32_t number, struct part *ret)
{
	int64_t begin_ms = (int64_t)hour * HOUR_MS;
	int r = messages_open(t, number, &ret->m);

	if (r == 0)
		r = topic_reader_at(ret->m.reader, begin_ms, &ret->from);
	if (r == 0)
		r = topic_reader_at(ret->m.reader, begin_ms + HOUR_MS, &ret->to);
	return r < 0 ? r : ret->from < ret->to ? 0 : -ENOENT;
}

/* --- which topics are shown --- */

/* Partitions of a topic that have messages in the hour, or that cannot be read: up to max. */
static uint32_t count_partitions(struct tree *t, int32_t hour, const struct topic_info *info, uint32_t max)
{
	struct part part;
	uint32_t n = 0;

	for (uint32_t p = 0; p < info->n_partitions && n < max; p++)
		n += find_part(t, hour, info->number + p, &part) != -ENOENT;
	return n;
}

static int has_many(struct tree *t, struct topic_store *s)
{
	struct topic_info info = {0};
	uint64_t n = 0;
	int r = 0;

	if (t->hourlogs->counted == t->topic_generation + 1)
		return t->hourlogs->many;
	while (r == 0 && n <= LOOKED_AT) {
		r = topic_store_next(s, info.number + 1, &info);
		n += r == 0 ? info.n_partitions : 0;
	}
	if (r < 0 && r != -ENOENT)
		return r;
	t->hourlogs->counted = t->topic_generation + 1;
	t->hourlogs->many = n > LOOKED_AT;
	return t->hourlogs->many;
}

/* The first topic from a number on that is shown in the hour. -ENOENT. */
static int next_topic(struct tree *t, int32_t hour, uint32_t number, struct topic_info *ret)
{
	struct topic_store *s;
	int r = store_topics(t->store, &s), many;

	if (r < 0)
		return r;
	many = has_many(t, s);
	if (many < 0)
		return many;
	for (;; number = ret->number + 1) {
		r = topic_store_next(s, number, ret);
		if (r == 0 && ret->number > NODE_SEQ_MAX)
			r = -ENOENT;
		if (r < 0 || many || count_partitions(t, hour, ret, 1) > 0)
			break;
	}
	return r;
}

static struct kept *find_kept(struct hourlogs *h, int32_t hour)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (h->kept[i].stamp && h->kept[i].hour == hour)
			return &h->kept[i];
	return &h->kept[h->next++ % KEPT];
}

static int count_topics(struct tree *t, int32_t hour, uint64_t *ret)
{
	struct topic_info info = {0};
	struct kept *k;
	uint64_t n = 0;
	int r;

	if (!t->hourlogs)
		t->hourlogs = calloc(1, sizeof(*t->hourlogs));
	if (!t->hourlogs)
		return -ENOMEM;
	k = find_kept(t->hourlogs, hour);
	if (k->hour != hour || k->stamp != t->topic_generation + 1) {
		for (;; n++) {
			r = next_topic(t, hour, info.number + 1, &info);
			if (r < 0)
				break;
		}
		if (r != -ENOENT)
			return r;
		*k = (struct kept){.hour = hour, .stamp = t->topic_generation + 1, .n_topics = n};
	}
	*ret = k->n_topics;
	return 0;
}

/* --- attributes --- */

static void set_dir(struct tree_attr *ret, struct node n, uint64_t n_shown, bool of_dirs)
{
	ret->mtime_ms = (int64_t)n.hour * HOUR_MS;
	ret->mtime_ns = (uint32_t)(n_shown % 1000000);
	view_set_dir(ret, of_dirs ? n_shown : 0);
}

static int topic_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	struct topic_info info;
	struct topic_store *s;
	uint32_t partition;
	int r = store_topics(t->store, &s);

	if (r == 0)
		r = topic_store_partition(s, (uint32_t)n.seq, &info, &partition);
	if (r == 0 && partition != 0)
		r = -ENOENT;
	if (r == 0)
		set_dir(ret, n, count_partitions(t, n.hour, &info, info.n_partitions), false);
	return r;
}

static int file_attr(struct tree *t, struct node n, struct tree_attr *ret)
{
	int64_t last_ms = ((int64_t)n.hour + 1) * HOUR_MS - 1;
	struct part part;
	uint64_t len;
	int r = find_part(t, n.hour, (uint32_t)n.seq, &part);

	if (r == 0)
		r = messages_lines_len(part.m.reader, part.from, part.to, &len);
	if (r < 0)
		return r;
	messages_set_file(ret, len);
	if (part.m.range.max_ms < last_ms)
		last_ms = part.m.range.max_ms;
	messages_set_time(t, last_ms, part.from + part.to, ret);
	return 0;
}

static int attr(struct tree *t, const struct view *v, struct node n, struct tree_attr *ret)
{
	uint64_t n_topics = 0;
	int r;

	(void)v;
	ret->attr_ms = n.hour >= tree_last(t)->hour ? VALID_LIVE_MS : VALID_PAST_MS;
	if (is_topic(n))
		return topic_attr(t, n, ret);
	if (is_file(n))
		return file_attr(t, n, ret);
	r = is_hour(n) ? count_topics(t, n.hour, &n_topics) : -ENOENT;
	if (r == 0 && n_topics == 0)
		r = -ENOENT;
	if (r == 0)
		set_dir(ret, n, n_topics, true);
	return r;
}

/* --- names --- */

static int lookup(
    struct tree *t, const struct view *v, struct node dir, const char *name, struct node *ret, uint32_t *ret_name_ms)
{
	uint32_t number = 0;
	int r;

	(void)v, (void)ret_name_ms;
	*ret = dir;
	if (is_hour(dir)) {
		r = messages_find_topic(t, name, &number);
		ret->leaf = LEAF_TOPIC;
	} else if (is_topic(dir)) {
		r = messages_find_partition(t, (uint32_t)dir.seq, name, "", &number);
		ret->leaf = 0;
	} else {
		r = -ENOTDIR;
	}
	if (r == 0 && number > NODE_SEQ_MAX)
		r = -ENOENT;
	ret->seq = (int32_t)number;
	return r;
}

static int list_topics(struct tree *t, struct node n, uint64_t after, struct lister *l)
{
	struct topic_info info = {.number = (uint32_t)after};
	int r = 0;

	n.leaf = LEAF_TOPIC;
	while (r == 0) {
		char name[TOPIC_NAME_MAX + 1];

		r = next_topic(t, n.hour, info.number + 1, &info);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		snprintf(name, sizeof(name), "%s", info.name);
		n.seq = (int32_t)info.number;
		r = tree_list_add(l, name, info.number, n, S_IFDIR);
	}
	return r;
}

static int list_files(struct tree *t, struct node n, uint64_t after, struct lister *l)
{
	uint32_t topic = (uint32_t)n.seq, partition;
	struct topic_info info;
	struct topic_store *s;
	int r = store_topics(t->store, &s);

	if (r == 0)
		r = topic_store_partition(s, topic, &info, &partition);
	if (r == 0 && partition != 0)
		r = -ENOENT;
	n.leaf = 0;
	for (uint64_t p = after; r == 0 && p < info.n_partitions; p++) {
		char name[NAME_MAX_LEN];
		struct part part;

		n.seq = (int32_t)(topic + p);
		name_partition(name, p, "");
		if (n.seq <= NODE_SEQ_MAX && find_part(t, n.hour, topic + (uint32_t)p, &part) != -ENOENT)
			r = tree_list_add(l, name, p + 1, n, S_IFREG);
	}
	return r;
}

static int list(struct tree *t, const struct view *v, struct node dir, uint64_t after, struct lister *l)
{
	uint64_t n_topics;
	int r;

	(void)v;
	if (is_topic(dir))
		return list_files(t, dir, after, l);
	r = is_hour(dir) ? count_topics(t, dir.hour, &n_topics) : -ENOTDIR;
	if (r < 0)
		return r;
	return n_topics > 0 ? list_topics(t, dir, after, l) : -ENOENT;
}

static int parent(struct tree *t, struct node n, struct node *ret)
{
	struct topic_info info;
	struct topic_store *s;
	uint32_t partition;
	int r = 0;

	*ret = n;
	if (n.seq < 0) {
		ret->view = VIEW_HOUR;
	} else if (n.leaf) {
		ret->seq = -1;
		ret->leaf = 0;
	} else {
		r = store_topics(t->store, &s);
		if (r == 0)
			r = topic_store_partition(s, (uint32_t)n.seq, &info, &partition);
		if (r == 0)
			ret->seq = (int32_t)info.number;
		ret->leaf = LEAF_TOPIC;
	}
	return r;
}

/* --- contents --- */

static int read_part(struct tree *t, const struct view *v, struct node n, uint64_t off, size_t len, struct span *ret)
{
	struct part part;
	int r;

	(void)v;
	if (!is_file(n))
		return -EISDIR;
	r = find_part(t, n.hour, (uint32_t)n.seq, &part);
	return r < 0 ? r : messages_lines(t, part.m.reader, part.from, part.to, off, len, ret);
}

VIEW(hourlog) = {
    .name = "log",
    .id = VIEW_HOUR_LOG,
    .in_hours = true,
    .type = S_IFDIR,
    .attr = attr,
    .lookup = lookup,
    .list = list,
    .parent = parent,
    .read = read_part,
};
