/* ring.c -- see ring.h
 *
 * An item lies in one piece. It goes behind the last one, or, where it does not fit there, to the beginning: then what
 * is in use is [head, end) and [0, tail), otherwise [head, tail).
 */
#include "collector/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <sys/mman.h>

struct item {
	struct encoded e; /* with its bytes behind this */
	size_t size;      /* of all */
};

struct ring {
	uint8_t *p;
	size_t size, used;
	size_t n;
	size_t head, tail, end;
	bool wrapped;
};

int ring_new(size_t size, struct ring **ret)
{
	struct ring *r = calloc(1, sizeof *r);
	long page = sysconf(_SC_PAGESIZE);

	if (!r)
		return -ENOMEM;
	r->p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->p == MAP_FAILED) {
		free(r);
		return -ENOMEM;
	}
	/* MAP_POPULATE would leave out memory that is locked when it is touched. */
	for (size_t at = 0; at < size; at += (size_t)page)
		*(volatile uint8_t *)(r->p + at) = 0;
	r->size = size;
	*ret = r;
	return 0;
}

void ring_free(struct ring *r)
{
	munmap(r->p, r->size);
	free(r);
}

/* Where so many bytes can go. False: nowhere. */
static bool place(struct ring *r, size_t size, size_t *ret)
{
	*ret = r->tail;
	if (r->wrapped)
		return r->head - r->tail >= size;
	if (r->size - r->tail >= size)
		return true;
	if (r->head < size)
		return false;
	r->end = r->tail;
	r->wrapped = true;
	*ret = 0;
	return true;
}

static struct buf copy(uint8_t *to, const struct buf *from)
{
	if (from->len > 0)
		memcpy(to, from->p, from->len);
	return (struct buf){.p = to, .len = from->len, .cap = from->len};
}

int ring_put(struct ring *r, const struct encoded *e)
{
	size_t size = sizeof(struct item) + e->schema.len + e->frame.len, at;
	struct item *item;

	size = (size + alignof(struct item) - 1) / alignof(struct item) * alignof(struct item);
	if (!place(r, size, &at))
		return -ENOBUFS;
	item = (void *)(r->p + at);
	item->size = size;
	item->e = *e;
	item->e.schema = copy((uint8_t *)(item + 1), &e->schema);
	item->e.frame = copy((uint8_t *)(item + 1) + e->schema.len, &e->frame);
	r->tail = at + size;
	r->used += size;
	r->n++;
	return 0;
}

static const struct item *head(const struct ring *r)
{
	return (const void *)(r->p + r->head);
}

const struct encoded *ring_head(const struct ring *r)
{
	return r->n > 0 ? &head(r)->e : NULL;
}

void ring_pop(struct ring *r)
{
	assert(r->n > 0);
	r->used -= head(r)->size;
	r->head += head(r)->size;
	if (--r->n == 0) {
		r->head = r->tail = 0;
		r->wrapped = false;
	} else if (r->wrapped && r->head == r->end) {
		r->head = 0;
		r->wrapped = false;
	}
}

size_t ring_bytes(const struct ring *r)
{
	return r->used;
}

size_t ring_n(const struct ring *r)
{
	return r->n;
}
