/* statsd.c -- see statsd.h */
#include "collector/statsd.h"

#include <math.h>

enum {
	FIRST_PLACES = 256,
	RESERVOIR = 4096,      /* samples of a name that are kept, */
	NUMBERS_MAX = 4 << 20, /* and of all of them, with sets' values */
	METRIC_MAX = POINT_KEY_MAX + 16,
};

struct name {
	struct buf key; /* metric and labels */
	enum statsd_type type;
	int64_t heard_ms;
	double value; /* of a counter, or a gauge */

	/* Of this interval. */
	double count, sum, min, max;
	uint64_t n_seen;
	uint64_t *numbers; /* samples' bits; or hashes of a set's values, hashed once more into places */
	size_t n, max_n;
};

struct statsd {
	struct name **places; /* open addressing, at most half full */
	size_t n, n_places;
	size_t n_numbers; /* of all names */
	uint64_t max_names, idle_ms;
	uint64_t random;
	struct buf key;
};

int statsd_new(uint64_t max_names, uint64_t idle_ms, struct statsd **ret)
{
	struct statsd *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	*s = (struct statsd){.n_places = FIRST_PLACES,
	    .max_names = max_names,
	    .idle_ms = idle_ms,
	    .random = UINT64_C(0x9e3779b97f4a7c15)};
	s->places = calloc(s->n_places, sizeof(struct name *));
	if (!s->places) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void statsd_configure(struct statsd *s, uint64_t max_names, uint64_t idle_ms)
{
	s->max_names = max_names;
	s->idle_ms = idle_ms;
}

static void free_name(struct name *m)
{
	buf_done(&m->key);
	free(m->numbers);
	free(m);
}

void statsd_free(struct statsd *s)
{
	for (size_t i = 0; i < s->n_places; i++)
		if (s->places[i])
			free_name(s->places[i]);
	free(s->places);
	buf_done(&s->key);
	free(s);
}

/* --- names --- */

static size_t place_of(struct span key, enum statsd_type type, size_t n_places)
{
	return (size_t)(point_key_hash(key).low + (uint64_t)type * UINT64_C(0x9e3779b97f4a7c15)) & (n_places - 1);
}

static struct span key_of(const struct name *m)
{
	return span_of(m->key.p, m->key.len);
}

/* Where the name is, or would be. */
static struct name **find(struct name **places, size_t n_places, struct span key, enum statsd_type type)
{
	size_t i = place_of(key, type, n_places);

	while (places[i] && (places[i]->type != type || point_key_compare(key_of(places[i]), key) != 0))
		i = (i + 1) & (n_places - 1);
	return &places[i];
}

/* All names but those that nothing has come for, in that many places. */
static int rebuild(struct statsd *s, size_t n_places, int64_t heard_since_ms)
{
	struct name **places = calloc(n_places, sizeof(struct name *));

	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_places; i++) {
		struct name *m = s->places[i];

		if (m && m->heard_ms < heard_since_ms) {
			free_name(m);
			s->n--;
		} else if (m) {
			*find(places, n_places, key_of(m), m->type) = m;
		}
	}
	free(s->places);
	s->places = places;
	s->n_places = n_places;
	return 0;
}

static const char *new_name(struct statsd *s, enum statsd_type type, struct name **ret)
{
	struct name *m;

	if (s->n >= s->max_names)
		return "it would be one name too many (max_names)";
	if (2 * (s->n + 1) > s->n_places && rebuild(s, 2 * s->n_places, INT64_MIN) < 0)
		return "out of memory";
	m = calloc(1, sizeof *m);
	if (!m)
		return "out of memory";
	buf_put(&m->key, s->key.p, s->key.len);
	if (m->key.err < 0) {
		free_name(m);
		return "out of memory";
	}
	m->type = type;
	*find(s->places, s->n_places, key_of(m), type) = m;
	s->n++;
	*ret = m;
	return NULL;
}

/* --- what comes --- */

static const char *why_not(int r)
{
	return r == -EINVAL     ? "a name is empty, a tag is there twice, or there is a zero byte"
	       : r == -EMSGSIZE ? "a name has 64 tags at most, and 4096 bytes with them"
	                        : "out of memory";
}

static uint64_t draw(struct statsd *s, uint64_t below)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return s->random % below;
}

/* Room for one more number. */
static bool grow(struct statsd *s, struct name *m, size_t max)
{
	uint64_t *numbers;

	if (s->n_numbers + max - m->max_n > NUMBERS_MAX)
		return false;
	numbers = realloc(m->numbers, max * sizeof *numbers);
	if (!numbers)
		return false;
	s->n_numbers += max - m->max_n;
	m->numbers = numbers;
	m->max_n = max;
	return true;
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	return bits;
}

/* Keeps a sample, or in the place of one that was drawn, so that each has the same chance. */
static void keep(struct statsd *s, struct name *m, double value)
{
	uint64_t at;

	m->n_seen++;
	if (m->n < RESERVOIR && (m->n < m->max_n || grow(s, m, m->max_n ? 2 * m->max_n : 8))) {
		m->numbers[m->n++] = bits_of(value);
		return;
	}
	at = draw(s, m->n_seen);
	if (at < m->n)
		m->numbers[at] = bits_of(value);
}

static void add_timer(struct statsd *s, struct name *m, const struct statsd_sample *sample)
{
	if (m->n_seen == 0 || sample->value < m->min)
		m->min = sample->value;
	if (m->n_seen == 0 || sample->value > m->max)
		m->max = sample->value;
	m->count += 1 / sample->rate;
	m->sum += sample->value / sample->rate;
	keep(s, m, sample->value);
}

/* Values' hashes: 0 is a free place. */
static void insert(uint64_t *places, size_t n_places, uint64_t hash)
{
	size_t i = hash & (n_places - 1);

	while (places[i] && places[i] != hash)
		i = (i + 1) & (n_places - 1);
	places[i] = hash;
}

static bool grow_set(struct statsd *s, struct name *m)
{
	size_t before = m->max_n, max = before ? 2 * before : 16;
	uint64_t *old;

	if (s->n_numbers + max - before > NUMBERS_MAX)
		return false;
	old = m->numbers;
	m->numbers = calloc(max, sizeof *m->numbers);
	if (!m->numbers) {
		m->numbers = old;
		return false;
	}
	for (size_t i = 0; i < before; i++)
		if (old[i])
			insert(m->numbers, max, old[i]);
	free(old);
	s->n_numbers += max - before;
	m->max_n = max;
	return true;
}

static const char *add_to_set(struct statsd *s, struct name *m, struct span value)
{
	uint64_t hash = point_key_hash(value).low | 1;
	size_t i;

	m->n_seen++;
	if (2 * (m->n + 1) > m->max_n && !grow_set(s, m))
		return "sets have too many values";
	for (i = hash & (m->max_n - 1); m->numbers[i]; i = (i + 1) & (m->max_n - 1))
		if (m->numbers[i] == hash)
			return NULL;
	m->numbers[i] = hash;
	m->n++;
	return NULL;
}

const char *statsd_add(struct statsd *s, const struct statsd_sample *sample, int64_t now_ms)
{
	const char *why = NULL;
	struct name *m;
	int r;

	buf_clear(&s->key);
	r = point_key_put(&s->key, sample->name, sample->labels, sample->n_labels);
	if (r == 0)
		r = s->key.err;
	if (r < 0)
		return why_not(r);
	m = *find(s->places, s->n_places, span_of(s->key.p, s->key.len), sample->type);
	if (!m)
		why = new_name(s, sample->type, &m);
	if (why)
		return why;
	m->heard_ms = now_ms;
	switch (sample->type) {
	case STATSD_COUNTER:
		m->value += sample->value / sample->rate;
		break;
	case STATSD_GAUGE:
		m->value = sample->relative ? m->value + sample->value : sample->value;
		break;
	case STATSD_TIMER:
		add_timer(s, m, sample);
		break;
	case STATSD_SET:
		return add_to_set(s, m, sample->text);
	}
	return NULL;
}

/* --- points --- */

static bool name_series(
    struct point_sink *sink, const struct point_spelling *spelling, const char *suffix, uint32_t *ret)
{
	struct span metric = point_key_metric(spelling->first);
	struct point_label labels[POINT_LABELS_MAX];
	char full[METRIC_MAX];
	size_t at = 0, n = 0, len = span_left(&metric);

	memcpy(full, metric.p, len);
	memcpy(full + len, suffix, strlen(suffix));
	while (n < POINT_LABELS_MAX && point_key_label(spelling->first, &at, &labels[n]))
		n++;
	return sink->name(sink, spelling, span_of(full, len + strlen(suffix)), labels, n, ret);
}

static void put(struct point_sink *sink, const struct name *m, const char *suffix, int64_t ns, double value)
{
	/* Of a gauge, too, there is something behind the key: no two series are written alike. */
	const char *second = *suffix ? suffix : ".";
	struct point_spelling spelling = {key_of(m), span_of(second, strlen(second))};
	uint32_t series;

	if (sink->err == 0 && (sink->find(sink, &spelling, &series) || name_series(sink, &spelling, suffix, &series)))
		sink->put(sink, series, ns, value);
}

static int compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

static double rank(const struct name *m, unsigned percent)
{
	size_t at = (m->n * percent + 99) / 100;
	double value;

	memcpy(&value, &m->numbers[at > 0 ? at - 1 : 0], sizeof value);
	return value;
}

static void put_timer(struct point_sink *sink, struct name *m, int64_t ns)
{
	put(sink, m, ".count", ns, m->count);
	put(sink, m, ".sum", ns, m->sum);
	put(sink, m, ".min", ns, m->min);
	put(sink, m, ".max", ns, m->max);
	put(sink, m, ".mean", ns, m->sum / m->count);
	if (m->n == 0)
		return;
	qsort(m->numbers, m->n, sizeof *m->numbers, compare);
	put(sink, m, ".p50", ns, rank(m, 50));
	put(sink, m, ".p90", ns, rank(m, 90));
	put(sink, m, ".p99", ns, rank(m, 99));
}

static void put_name(struct point_sink *sink, struct name *m, int64_t ns)
{
	if (m->type == STATSD_COUNTER)
		put(sink, m, ".total", ns, m->value);
	else if (m->type == STATSD_GAUGE)
		put(sink, m, "", ns, m->value);
	else if (m->n_seen > 0 && m->type == STATSD_TIMER)
		put_timer(sink, m, ns);
	else if (m->n_seen > 0)
		put(sink, m, ".unique", ns, (double)m->n);
}

void statsd_flush(struct statsd *s, int64_t now_ms, int64_t ns, struct point_sink *sink)
{
	int64_t heard_since_ms = now_ms - (int64_t)s->idle_ms;
	bool idle = false;

	for (size_t i = 0; i < s->n_places; i++) {
		struct name *m = s->places[i];

		if (!m)
			continue;
		put_name(sink, m, ns);
		free(TAKE(m->numbers));
		m->n = m->max_n = 0;
		m->n_seen = 0;
		m->count = m->sum = 0;
		idle |= m->heard_ms < heard_since_ms;
	}
	s->n_numbers = 0;
	/* Without memory they go another time. */
	if (idle)
		(void)rebuild(s, s->n_places, heard_since_ms);
}
