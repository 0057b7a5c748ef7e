/* topics.c -- operation topics: which there are, in order of name */
#include "collector/op.h"
#include "store/format.h"

enum { PAGE_MAX = 256 };

/* The first names behind `after`, kept in order: a page costs one look at each topic. */
struct page {
	struct entry {
		char name[TOPIC_NAME_MAX + 1];
		uint32_t number, n_partitions;
	} v[PAGE_MAX];
	uint16_t order[PAGE_MAX]; /* of v, by name */
	size_t n;
};

static void keep(struct page *p, const struct topic_info *info)
{
	bool full = p->n == PAGE_MAX;
	size_t at = full ? p->n - 1 : p->n;
	uint16_t place = full ? p->order[at] : (uint16_t)at;
	struct entry *e = &p->v[place];

	if (full && strcmp(info->name, e->name) > 0)
		return;
	snprintf(e->name, sizeof e->name, "%s", info->name);
	e->number = info->number;
	e->n_partitions = info->n_partitions;
	for (; at > 0 && strcmp(e->name, p->v[p->order[at - 1]].name) < 0; at--)
		p->order[at] = p->order[at - 1];
	p->order[at] = place;
	p->n += !full;
}

static int gather(struct topic_store *store, const char *after, struct page *p)
{
	struct topic_info info;
	uint32_t from = 0;
	int r;

	p->n = 0;
	while ((r = topic_store_next(store, from, &info)) == 0) {
		if (strcmp(info.name, after) > 0)
			keep(p, &info);
		from = info.number + 1;
	}
	return r == -ENOENT ? 0 : r;
}

static int run(struct op_call *c)
{
	char after[TOPIC_NAME_MAX + 1];
	_cleanup_(cleanup_free) struct page *p = malloc(sizeof *p);
	struct buf *out = &c->conn->out;
	struct span name;
	int r = op_string(&c->body, &name);

	if (r == 0)
		r = op_end(&c->body);
	if (r < 0)
		return r;
	if (!p)
		return -ENOMEM;
	if (span_left(&name) > TOPIC_NAME_MAX)
		return -EPROTO;
	snprintf(after, sizeof after, "%.*s", (int)span_left(&name), (const char *)name.p);
	r = op_refresh(c);
	if (r == 0)
		r = gather(c->store, after, p);
	if (r < 0)
		return r;
	buf_put_varint(out, p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct entry *e = &p->v[p->order[i]];

		op_put_string(out, e->name);
		buf_put_varint(out, e->number);
		buf_put_varint(out, e->n_partitions);
	}
	return 0;
}

OP(topics) = {.op = 7, .run = run};
