/* points_hour.c -- the series of an hour, and their points (see points_read.h)
 *
 * Made by going through the keys of all parts once, and kept: as long as files and series are the same, points that
 * come are found by it, too.
 */
#include "store/point_text.h"
#include "store/points_read_inner.h"
#include "store/radix.h"

#include <xxhash.h>

enum {
	ID_BITS = 38,
	CACHED_SERIES = 3000000, /* in all; one hour may have more */
	TRIES = 20,
	STATS_ASKED = 16,  /* from then on those of a whole file are kept */
	FINE_NS = 1000000, /* times that are no multiple are fine ones */
};

struct place {
	uint32_t part;
	uint32_t i;
};

struct entry {
	struct points_hour_series s; /* key: while it is made, its place in keys */
	uint32_t first, n;           /* of its places */
};

/* Of a file's series: a look at one takes a page of keys apart, and who asks for many does so in no order. */
struct stats {
	unsigned n_asked;
	struct point_stat *v; /* n 0: damaged */
};

struct points_hour {
	int32_t hour;
	uint64_t version;
	struct points_parts parts;
	uint64_t changes; /* of its heads */
	uint64_t n_drops; /* that there were; */
	bool dropped;     /* one may be of its files */
	struct entry *v;
	size_t n, cap;
	struct buf keys;
	struct place *places;
	size_t n_places, cap_places;
	struct stats *stats; /* of each part; NULL: none was asked for */
	bool damaged;        /* keys are */
	bool *lost;          /* of each part: keys of it */
};

static void free_hour(struct points_hour *h)
{
	if (!h)
		return;
	for (size_t i = 0; h->stats && i < h->parts.n; i++)
		free(h->stats[i].v);
	free(h->stats);
	points_parts_done(&h->parts);
	free(h->v);
	free(h->places);
	free(h->lost);
	buf_done(&h->keys);
	free(h);
}

/* --- which are known --- */

static uint64_t changes_of(const struct points_parts *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->v[i].head ? p->v[i].head->changes : 0;
	return n;
}

/* Heads are told by their addresses, as the buffer has them now: whoever removes one forgets all hours first. */
static bool is_so(const struct points_reader *pr, const struct points_hour *h)
{
	size_t at = point_buffer_find(pr->buffer, h->hour), n = h->parts.n;

	if (h->n_drops != pr->drops.n)
		return false;
	while (n > 0 && h->parts.v[n - 1].head)
		n--;
	for (; at < point_buffer_n(pr->buffer) && point_buffer_head(pr->buffer, at)->hour == h->hour; at++, n++)
		if (n >= h->parts.n || h->parts.v[n].head != point_buffer_head(pr->buffer, at))
			return false;
	return n == h->parts.n && changes_of(&h->parts) == h->changes;
}

void points_hour_check(struct points_reader *pr, bool all)
{
	for (size_t i = 0; i < POINTS_HOURS_CACHED; i++) {
		if (!pr->cache[i])
			continue;
		if (all || !is_so(pr, pr->cache[i])) {
			free_hour(pr->cache[i]);
			pr->cache[i] = NULL;
			continue;
		}
		pr->cache[i]->version = points_reader_version(pr, pr->cache[i]->hour, &pr->cache[i]->parts);
	}
}

/* Puts an hour to the front, and forgets others if there is too much. */
static void to_front(struct points_reader *pr, size_t i, struct points_hour *h)
{
	size_t sum = h->n;

	memmove(pr->cache + 1, pr->cache, i * sizeof(*pr->cache));
	pr->cache[0] = h;
	/* The one that was asked for before may be in use with this one. */
	for (i = 1; i < POINTS_HOURS_CACHED; i++) {
		sum += pr->cache[i] ? pr->cache[i]->n : 0;
		if (i > 1 && pr->cache[i] && sum > CACHED_SERIES) {
			free_hour(pr->cache[i]);
			pr->cache[i] = NULL;
		}
	}
}

/* --- making one --- */

struct making {
	struct points_reader *pr;
	struct points_hour *h;
};

/* Whether all that a part has of a series was dropped. */
static int is_gone(struct making *m, const struct point_part *part, uint64_t i, struct span key)
{
	struct point_stat st;
	int r;

	if (!m->h->dropped || !part->file)
		return 0;
	r = point_file_stat(part->file, i, &st);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	return point_drops_all(
	    m->pr->drops.v, m->pr->drops.n, point_file_head(part->file)->number, key, st.first_ns, st.last_ns);
}

static int add_place(struct points_hour *h, const struct point_place *place)
{
	if (place->part > UINT32_MAX || place->i > UINT32_MAX || h->n_places >= UINT32_MAX)
		return -EMSGSIZE;
	if (h->n_places == h->cap_places) {
		size_t cap = h->cap_places ? h->cap_places + h->cap_places / 2 : 64;
		struct place *v = realloc(h->places, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		h->places = v;
		h->cap_places = cap;
	}
	h->places[h->n_places++] = (struct place){(uint32_t)place->part, (uint32_t)place->i};
	return 0;
}

uint64_t points_hour_id(struct point_hash hash)
{
	uint64_t id = hash.low >> (64 - ID_BITS);

	return id == 0 ? 1 : id;
}

static int add_series(struct span key, const struct point_place *places, size_t n, void *arg)
{
	struct making *m = arg;
	struct points_hour *h = m->h;
	struct entry *e;

	if (n == 0) {
		h->damaged = h->lost[places->part] = true;
		return 0;
	}
	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap + h->cap / 2 : 64;
		struct entry *v = realloc(h->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		h->v = v;
		h->cap = cap;
	}
	e = &h->v[h->n];
	*e = (struct entry){.first = (uint32_t)h->n_places};
	for (size_t i = 0; i < n; i++) {
		int r = is_gone(m, &h->parts.v[places[i].part], places[i].i, key);

		if (r == 0) {
			r = add_place(h, &places[i]);
			e->n++;
		}
		if (r < 0)
			return r;
	}
	if (e->n == 0)
		return 0;
	e->s.id = points_hour_id(point_key_hash(key));
	/* Until all keys are there and lie still: where it begins, and where it ends. */
	e->s.key.p = (const uint8_t *)(uintptr_t)h->keys.len;
	buf_put(&h->keys, key.p, span_left(&key));
	e->s.key.end = (const uint8_t *)(uintptr_t)h->keys.len;
	h->n++;
	return h->keys.err;
}

static size_t lower(const struct entry *v, size_t n, uint64_t id)
{
	size_t lo = 0;

	while (lo < n) {
		size_t mid = lo + (n - lo) / 2;

		if (v[mid].s.id < id)
			lo = mid + 1;
		else
			n = mid;
	}
	return lo;
}

/* Keys whose hashes begin alike: all but the first of them get ids that nobody has. */
static int part_equal(struct points_hour *h)
{
	struct entry *twins = NULL;
	size_t n = 0, kept = 0;

	for (size_t i = 1; i < h->n; i++)
		n += h->v[i].s.id == h->v[i - 1].s.id;
	if (n == 0)
		return 0;
	twins = calloc(n, sizeof *twins);
	if (!twins)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < h->n; i++) {
		if (kept > 0 && h->v[kept - 1].s.id == h->v[i].s.id)
			twins[n++] = h->v[i];
		else
			h->v[kept++] = h->v[i];
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t id = twins[i].s.id;
		size_t at = lower(h->v, kept, id);

		while (at < kept && h->v[at].s.id == id) {
			at++;
			id++;
			if (id >> ID_BITS != 0) {
				id = 1;
				at = 0;
			}
		}
		twins[i].s.id = id;
		memmove(h->v + at + 1, h->v + at, (kept - at) * sizeof *h->v);
		h->v[at] = twins[i];
		kept++;
	}
	free(twins);
	return 0;
}

static int make(struct points_reader *pr, struct points_hour *h)
{
	struct making m = {.pr = pr, .h = h};
	struct point_merge_how how;
	int r = points_parts_open(pr, h->hour, &h->parts);

	if (r < 0)
		return r;
	h->damaged = h->parts.damaged;
	h->dropped = points_parts_dropped(pr, &h->parts);
	h->changes = changes_of(&h->parts);
	h->n_drops = pr->drops.n;
	h->version = points_reader_version(pr, h->hour, &h->parts);
	h->lost = calloc(h->parts.n + 1, sizeof *h->lost);
	if (!h->lost)
		return -ENOMEM;
	how = (struct point_merge_how){.parts = h->parts.v, .n_parts = h->parts.n};
	r = point_merge_walk(&how, add_series, &m);
	if (r < 0)
		return r;
	for (size_t i = 0; i < h->n; i++) {
		h->v[i].s.key.p = h->keys.p + (uintptr_t)h->v[i].s.key.p;
		h->v[i].s.key.end = h->keys.p + (uintptr_t)h->v[i].s.key.end;
	}
	/* Those of the same id stay in order of their keys. */
	r = radix_sort(h->v, h->n, sizeof *h->v, offsetof(struct entry, s.id));
	if (r == 0)
		r = part_equal(h);
	if (r < 0)
		return r;
	if (h->damaged) {
		char name[HOUR_NAME_LEN + 1];

		hour_name(name, h->hour);
		points_reader_note(pr, name, "keys of series of this hour are damaged");
	}
	return h->n > 0 ? 0 : h->damaged ? -EBADMSG : -ENOENT;
}

static int make_hour(struct points_reader *pr, int32_t hour, struct points_hour **ret)
{
	struct points_hour *h = calloc(1, sizeof *h);
	int r;

	if (!h)
		return -ENOMEM;
	h->hour = hour;
	r = make(pr, h);
	if (r < 0)
		free_hour(h);
	else
		*ret = h;
	return r;
}

int points_hour(struct points_reader *pr, int32_t hour, struct points_hour **ret)
{
	struct points_hour *h = NULL;
	int r;

	for (size_t i = 0; i < POINTS_HOURS_CACHED; i++)
		if (pr->cache[i] && pr->cache[i]->hour == hour) {
			to_front(pr, i, pr->cache[i]);
			*ret = pr->cache[0];
			return 0;
		}
	r = make_hour(pr, hour, &h);
	for (unsigned i = 0; r == -ESTALE && i < TRIES; i++) {
		r = points_reader_list(pr);
		if (r >= 0)
			r = make_hour(pr, hour, &h);
	}
	if (r < 0)
		return r;
	free_hour(pr->cache[POINTS_HOURS_CACHED - 1]);
	pr->cache[POINTS_HOURS_CACHED - 1] = NULL;
	to_front(pr, POINTS_HOURS_CACHED - 1, h);
	*ret = h;
	return 0;
}

size_t points_hour_n(const struct points_hour *h)
{
	return h->n;
}

uint64_t points_hour_version(const struct points_hour *h)
{
	return h->version;
}

const struct points_hour_series *points_hour_series(const struct points_hour *h, size_t i)
{
	return &h->v[i].s;
}

/* From its own id on, over those that others have. */
int points_hour_find(const struct points_hour *h, struct span key, size_t *ret_i)
{
	uint64_t id = points_hour_id(point_key_hash(key));
	size_t i = lower(h->v, h->n, id);

	for (; i < h->n && h->v[i].s.id == id; i++, id++)
		if (point_key_compare(h->v[i].s.key, key) == 0) {
			*ret_i = i;
			return 0;
		}
	/* Those that went around the end. */
	for (i = 0, id = 1; h->n > 0 && h->v[h->n - 1].s.id >> ID_BITS == 0 && i < h->n && h->v[i].s.id == id;
	     i++, id++)
		if (point_key_compare(h->v[i].s.key, key) == 0) {
			*ret_i = i;
			return 0;
		}
	return -ENOENT;
}

int points_hour_by_id(const struct points_hour *h, uint64_t id, size_t *ret_i)
{
	size_t i = lower(h->v, h->n, id);

	if (i == h->n)
		return -ENOENT;
	*ret_i = i;
	return 0;
}

/* --- points --- */

/* Whether there may be points of it that cannot be read: in a file that cannot be opened, or among keys that cannot. */
static bool is_doubtful(const struct points_hour *h, const struct entry *e)
{
	uint32_t k = 0;

	if (h->parts.damaged)
		return true;
	for (size_t i = 0; h->damaged && i < h->parts.n; i++) {
		while (k < e->n && h->places[e->first + k].part < i)
			k++;
		if (h->lost[i] && (k == e->n || h->places[e->first + k].part != i))
			return true;
	}
	return false;
}

static int read_merged(
    struct points_reader *pr, const struct points_hour *h, const struct entry *e, int64_t from, int64_t to)
{
	point_merge_clear(&pr->merge);
	for (uint32_t k = 0; k < e->n; k++) {
		const struct place *place = &h->places[e->first + k];
		struct point_part part = h->parts.v[place->part];
		int r = point_merge_add(&pr->merge, &part, place->i, e->s.key, from, to, pr->drops.v, pr->drops.n);

		if (r < 0)
			return r;
	}
	return 0;
}

int points_hour_read(struct points_reader *pr, struct points_hour *h, size_t i, int64_t from, int64_t to,
    struct buf *ret_ns, struct buf *ret_bits)
{
	const struct entry *e = &h->v[i];
	const struct place *place = &h->places[e->first];
	int r;

	if (is_doubtful(h, e))
		return -EBADMSG;
	if (e->n == 1 && h->parts.v[place->part].file && !h->dropped)
		return point_file_read(h->parts.v[place->part].file, place->i, from, to, ret_ns, ret_bits);
	r = read_merged(pr, h, e, from, to);
	if (r < 0)
		return r;
	if (buf_reserve(ret_ns, pr->merge.ns.len) < 0 || buf_reserve(ret_bits, pr->merge.bits.len) < 0)
		return -ENOMEM;
	buf_put(ret_ns, pr->merge.ns.p, pr->merge.ns.len);
	buf_put(ret_bits, pr->merge.bits.p, pr->merge.bits.len);
	return 0;
}

static void stat_points(const int64_t *ns, const uint64_t *bits, size_t n, struct point_stat *ret)
{
	*ret = (struct point_stat){.n = n};
	if (n == 0)
		return;
	ret->first_ns = ns[0];
	ret->last_ns = ns[n - 1];
	ret->values_len = point_text_values_len(bits, n);
	for (size_t i = 0; i < n; i++)
		ret->n_fine += ns[i] % FINE_NS != 0;
}

static void stat_merged(const struct point_merge *m, struct point_stat *ret)
{
	stat_points((const int64_t *)(const void *)m->ns.p, (const uint64_t *)(const void *)m->bits.p,
	    m->ns.len / sizeof(int64_t), ret);
}

static int stat_all(struct point_file *f, struct point_stat **ret)
{
	uint64_t n = point_file_head(f)->n_series;
	struct point_stat *v = calloc(n + 1, sizeof *v);

	for (uint64_t i = 0, next; v && i < n; i = next) {
		int r = point_file_stat(f, i, &v[i]);

		if (r < 0 && r != -EBADMSG) {
			free(v);
			return r;
		}
		next = r < 0 ? point_file_next(f, i) : i + 1;
	}
	*ret = v;
	return v ? 0 : -ENOMEM;
}

static int stat_file(struct points_hour *h, const struct place *place, struct point_stat *ret)
{
	struct point_file *f = h->parts.v[place->part].file;
	struct stats *s;
	int r = 0;

	if (!h->stats)
		h->stats = calloc(h->parts.n, sizeof *h->stats);
	if (!h->stats)
		return -ENOMEM;
	s = &h->stats[place->part];
	if (!s->v && ++s->n_asked <= STATS_ASKED)
		return point_file_stat(f, place->i, ret);
	if (!s->v)
		r = stat_all(f, &s->v);
	if (r < 0)
		return r;
	*ret = s->v[place->i];
	return ret->n == 0 ? -EBADMSG : 0;
}

/* Of one part alone, from which nothing was dropped. */
static int stat_place(
    struct points_reader *pr, struct points_hour *h, const struct entry *e, uint32_t k, struct point_stat *ret)
{
	const struct place *place = &h->places[e->first + k];
	const struct point_part *part = &h->parts.v[place->part];
	int r;

	if (part->file)
		return stat_file(h, place, ret);
	point_merge_clear(&pr->merge);
	r = point_merge_add(&pr->merge, part, place->i, e->s.key, INT64_MIN, INT64_MAX, NULL, 0);
	if (r == 0)
		stat_merged(&pr->merge, ret);
	return r;
}

/* Ret: 1: parts overlap. */
static int stat_places(struct points_reader *pr, struct points_hour *h, const struct entry *e, struct point_stat *ret)
{
	struct point_stat sum = {0}, st;

	for (uint32_t k = 0; k < e->n; k++) {
		int r = stat_place(pr, h, e, k, &st);

		if (r < 0)
			return r;
		if (st.n == 0)
			continue;
		if (sum.n > 0 && st.first_ns <= sum.last_ns)
			return 1;
		if (sum.n == 0)
			sum.first_ns = st.first_ns;
		sum.n += st.n;
		sum.last_ns = st.last_ns;
		sum.values_len += st.values_len;
		sum.n_fine += st.n_fine;
	}
	*ret = sum;
	return 0;
}

uint64_t points_hour_place(const struct points_hour *h, size_t i)
{
	const struct place *place = &h->places[h->v[i].first];

	return (uint64_t)place->part << 32 | place->i;
}

int points_hour_stat(struct points_reader *pr, struct points_hour *h, size_t i, struct point_stat *ret)
{
	const struct entry *e = &h->v[i];
	int r;

	if (is_doubtful(h, e))
		return -EBADMSG;
	r = h->dropped ? 1 : stat_places(pr, h, e, ret);
	if (r <= 0)
		return r;
	r = read_merged(pr, h, e, INT64_MIN, INT64_MAX);
	if (r == 0)
		stat_merged(&pr->merge, ret);
	return r;
}
