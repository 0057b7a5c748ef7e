/* cache.c -- see cache.h
 *
 * A few dozen slots, searched from end to end: a hit costs less than the system call that asked for it.
 */
#include "view/cache.h"

#include <errno.h>

enum { N_SLOTS = 64 };

struct slot {
	uint64_t ino; /* 0: empty */
	uint64_t stamp;
	uint64_t used; /* when, in looks at the cache */
	struct buf text;
};

struct cache {
	struct slot slots[N_SLOTS];
	uint64_t n_looks;
	size_t max_bytes;
	size_t bytes; /* of all texts */
};

int cache_new(size_t max_bytes, struct cache **ret)
{
	struct cache *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->max_bytes = max_bytes;
	*ret = c;
	return 0;
}

static void empty_slot(struct cache *c, struct slot *s)
{
	c->bytes -= s->text.cap;
	buf_done(&s->text);
	*s = (struct slot){0};
}

void cache_free(struct cache *c)
{
	for (unsigned i = 0; i < N_SLOTS; i++)
		empty_slot(c, &c->slots[i]);
	free(c);
}

static struct slot *find(struct cache *c, uint64_t ino)
{
	for (unsigned i = 0; i < N_SLOTS; i++) {
		if (c->slots[i].ino == ino)
			return &c->slots[i];
	}
	return NULL;
}

/* The slot to give up first: an empty one, else the one not used for longest. */
static struct slot *oldest(struct cache *c)
{
	struct slot *s = &c->slots[0];

	for (unsigned i = 1; i < N_SLOTS; i++) {
		if (c->slots[i].used < s->used)
			s = &c->slots[i];
	}
	return s;
}

static struct slot *oldest_full(struct cache *c)
{
	struct slot *s = NULL;

	for (unsigned i = 0; i < N_SLOTS; i++) {
		if (c->slots[i].ino && (!s || c->slots[i].used < s->used))
			s = &c->slots[i];
	}
	return s;
}

bool cache_get(struct cache *c, uint64_t ino, uint64_t stamp, struct span *ret)
{
	struct slot *s = find(c, ino);

	if (!s || s->stamp != stamp)
		return false;
	s->used = ++c->n_looks;
	*ret = span_of(s->text.p, s->text.len);
	return true;
}

int cache_put(struct cache *c, uint64_t ino, uint64_t stamp, struct buf *text, struct span *ret)
{
	struct slot *s = find(c, ino);

	if (text->err) {
		int r = text->err;

		buf_done(text);
		return r;
	}
	if (s)
		empty_slot(c, s);
	while (c->bytes > 0 && c->bytes + text->cap > c->max_bytes)
		empty_slot(c, oldest_full(c));
	s = oldest(c);
	empty_slot(c, s);
	*s = (struct slot){.ino = ino, .stamp = stamp, .used = ++c->n_looks, .text = *text};
	*text = (struct buf){0};
	c->bytes += s->text.cap;
	*ret = span_of(s->text.p, s->text.len);
	return 0;
}
