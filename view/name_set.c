/* name_set.c -- names, numbered from 0 in the order in which they come first */
#include "view/name_set.h"

#include "store/point_key.h"

#include <stdlib.h>

void name_set_done(struct name_set *s)
{
	buf_done(&s->bytes);
	buf_done(&s->ends);
	free(s->slots);
}

struct span name_set_get(const struct name_set *s, uint32_t i)
{
	const uint64_t *ends = (const uint64_t *)(const void *)s->ends.p;
	uint64_t begin = i > 0 ? ends[i - 1] : 0;

	return span_of(s->bytes.p + begin, ends[i] - begin);
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *slot_of(const struct name_set *s, struct span name)
{
	uint32_t at = (uint32_t)point_key_hash(name).low & (s->n_slots - 1);

	while (s->slots[at] && point_key_compare(name_set_get(s, s->slots[at] - 1), name) != 0)
		at = (at + 1) & (s->n_slots - 1);
	return &s->slots[at];
}

static int grow(struct name_set *s)
{
	struct name_set larger = *s;

	larger.n_slots = s->n_slots ? 2 * s->n_slots : 64;
	larger.slots = larger.n_slots ? calloc(larger.n_slots, sizeof(*larger.slots)) : NULL;
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n; i++)
		*slot_of(&larger, name_set_get(s, i)) = i + 1;
	free(s->slots);
	*s = larger;
	return 0;
}

int name_set_put(struct name_set *s, struct span name, uint32_t *ret)
{
	uint32_t *slot;
	uint64_t end;

	if (s->n >= s->n_slots / 2) {
		int r = grow(s);

		if (r < 0)
			return r;
	}
	slot = slot_of(s, name);
	if (*slot == 0) {
		end = s->bytes.len + span_left(&name);
		buf_put(&s->bytes, name.p, span_left(&name));
		buf_put(&s->ends, &end, sizeof(end));
		if (s->bytes.err || s->ends.err)
			return -ENOMEM;
		*slot = ++s->n;
	}
	*ret = *slot - 1;
	return 0;
}
