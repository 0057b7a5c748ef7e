/* point_page_cache.c -- see point_page_cache.h */
#include "store/point_page_cache.h"

static void cached_free(struct point_cached *p)
{
	point_keys_done(&p->keys);
	free(p);
}

void point_page_cache_done(struct point_page_cache *c)
{
	for (unsigned i = 0; i < c->n; i++)
		cached_free(c->v[i]);
}

static size_t memory(const struct point_cached *p)
{
	return sizeof *p + p->keys.raw.cap + p->keys.series_cap * sizeof *p->keys.series +
	       p->keys.blocks_cap * sizeof *p->keys.blocks;
}

/* The one that was used longest ago, of n > 0. */
static unsigned oldest(const struct point_page_cache *c)
{
	unsigned ret = 0;

	for (unsigned i = 1; i < c->n; i++)
		if (c->v[i]->used < c->v[ret]->used)
			ret = i;
	return ret;
}

static struct point_cached *take_out(struct point_page_cache *c, unsigned i)
{
	struct point_cached *p = c->v[i];

	c->v[i] = c->v[--c->n];
	return p;
}

/* Room that is not used: of the page that was used longest ago, if there is no more. */
static struct point_cached *room(struct point_page_cache *c)
{
	struct point_cached *p = NULL;
	size_t sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		sum += memory(c->v[i]);
	while (c->n > 0 && (sum > c->budget || c->n == POINT_CACHED_MAX)) {
		if (p)
			cached_free(p);
		p = take_out(c, oldest(c));
		sum -= memory(p);
	}
	if (!p)
		p = calloc(1, sizeof *p);
	if (p)
		c->v[c->n++] = p;
	return p;
}

int point_page_cache_get(struct point_page_cache *c, size_t page, struct point_cached **ret)
{
	struct point_cached *p = c->last && c->last->page == page ? c->last : NULL;

	for (unsigned i = 0; !p && i < c->n; i++)
		if (c->v[i]->page == page)
			p = c->v[i];
	if (p) {
		p->used = ++c->clock;
		*ret = c->last = p;
		return 0;
	}
	c->last = NULL;
	p = room(c);
	if (!p)
		return -ENOMEM;
	p->page = page;
	p->used = ++c->clock;
	*ret = c->last = p;
	return 1;
}

void point_page_cache_forget(struct point_page_cache *c, struct point_cached *p)
{
	p->page = SIZE_MAX;
	p->used = 0;
	c->last = NULL;
}
