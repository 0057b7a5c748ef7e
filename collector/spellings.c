/* spellings.c -- see spellings.h
 *
 * Open addressing, at most half full; bytes lie one behind the other in one piece. When that is full all is forgotten,
 * and what is in use comes back.
 */
#include "collector/spellings.h"

enum { FIRST_PLACES = 1024 };

struct place {
	uint64_t hash;
	uint64_t scope;
	size_t at; /* in bytes: first, and second behind it */
	uint32_t first_len, second_len;
	uint32_t series;
	bool used;
};

struct spellings {
	struct place *places;
	size_t n, n_places; /* a power of two */
	struct buf bytes;
	size_t max;
};

int spellings_new(size_t max, struct spellings **ret)
{
	struct spellings *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->max = max;
	s->n_places = FIRST_PLACES;
	s->places = calloc(s->n_places, sizeof *s->places);
	if (!s->places) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void spellings_free(struct spellings *s)
{
	free(s->places);
	buf_done(&s->bytes);
	free(s);
}

void spellings_clear(struct spellings *s)
{
	if (s->n > 0)
		memset(s->places, 0, s->n_places * sizeof *s->places);
	s->n = 0;
	s->bytes.len = 0;
	s->bytes.err = 0;
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

static uint64_t hash_of(struct span a)
{
	return point_key_hash(a).low;
}

static uint64_t hash_all(uint64_t scope, const struct point_spelling *spelling)
{
	uint64_t hash = mix(hash_of(spelling->first) + scope);

	return spelling->second.p == spelling->second.end ? hash : mix(hash ^ hash_of(spelling->second));
}

static bool equals(struct span a, const uint8_t *p, size_t len)
{
	return span_left(&a) == len && (len == 0 || memcmp(a.p, p, len) == 0);
}

static bool is_it(const struct spellings *s, const struct place *at, uint64_t scope, const struct point_spelling *w)
{
	const uint8_t *p = s->bytes.p + at->at;

	return at->scope == scope && equals(w->first, p, at->first_len) &&
	       equals(w->second, p + at->first_len, at->second_len);
}

bool spellings_find(struct spellings *s, uint64_t scope, const struct point_spelling *spelling, uint32_t *ret)
{
	uint64_t hash = hash_all(scope, spelling);

	for (size_t i = hash & (s->n_places - 1); s->places[i].used; i = (i + 1) & (s->n_places - 1)) {
		const struct place *at = &s->places[i];

		if (at->hash != hash || !is_it(s, at, scope, spelling))
			continue;
		*ret = at->series;
		return true;
	}
	return false;
}

static void insert(struct place *places, size_t n_places, const struct place *what)
{
	size_t i = what->hash & (n_places - 1);

	while (places[i].used)
		i = (i + 1) & (n_places - 1);
	places[i] = *what;
}

static int grow(struct spellings *s)
{
	size_t n = 2 * s->n_places;
	struct place *places = calloc(n, sizeof *places);

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_places; i++)
		if (s->places[i].used)
			insert(places, n, &s->places[i]);
	free(s->places);
	s->places = places;
	s->n_places = n;
	return 0;
}

void spellings_add(struct spellings *s, uint64_t scope, const struct point_spelling *spelling, uint32_t series)
{
	size_t first = span_left(&spelling->first), second = span_left(&spelling->second);
	struct place place = {
	    .hash = hash_all(scope, spelling),
	    .scope = scope,
	    .first_len = (uint32_t)first,
	    .second_len = (uint32_t)second,
	    .series = series,
	    .used = true,
	};

	if (s->bytes.len + first + second + s->n * 2 * sizeof place > s->max)
		spellings_clear(s);
	if (2 * (s->n + 1) > s->n_places && grow(s) < 0)
		return;
	place.at = s->bytes.len;
	if (buf_reserve(&s->bytes, first + second) < 0) {
		s->bytes.err = 0;
		return;
	}
	buf_put(&s->bytes, spelling->first.p, first);
	buf_put(&s->bytes, spelling->second.p, second);
	insert(s->places, s->n_places, &place);
	s->n++;
}
