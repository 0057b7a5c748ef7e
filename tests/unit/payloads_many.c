/* payloads_many.c -- a million keys: what they take of memory, and all of them in order */
#include "tests/unit/payloads.h"

enum {
	KEYS = 1000000,
	BATCH = 1000,
	A_KEY_MAX = 40,         /* bytes of memory a key, besides it */
	IN_PLACE_MAX = 1 << 16, /* with an index snapshot */
	ROOM_MAX = 4096,        /* what listing holds at a time */
};

static struct payloads *open_it(int fd)
{
	const struct payloads_options o = {.sync = SYNC_NONE, .snapshot_every = 1 << 20, .keep_versions = UINT32_MAX};
	struct payloads *p = NULL;

	ok_r(payloads_open(fd, 7, &o, &p));
	return p;
}

static uint64_t memory_of(struct payloads *p)
{
	struct payloads_state st;

	payloads_state(p, &st);
	eq(st.n_keys, KEYS);
	return st.memory;
}

static void put_all(struct payloads *p)
{
	static struct payload_put puts[BATCH];

	for (uint64_t i = 0; i < KEYS; i += BATCH) {
		for (uint64_t k = 0; k < BATCH; k++)
			puts[k] = (struct payload_put){
			    .key = numbered(i + k), .raw = true, .value = span_of(&puts[k].key.number, 8)};
		if (!ok_r(payloads_put(p, puts, BATCH, 1, NULL, NULL, NULL)))
			return;
	}
}

/* Each key once, with its value, ascending by id. */
static void list_all(struct payloads *p)
{
	static uint8_t seen[KEYS / 8];
	struct buf room = {0};
	struct payload found;
	uint64_t cookie = 0, before = 0, n = 0;
	unsigned n_bad = 0;

	memset(seen, 0, sizeof seen);
	while (payloads_next(p, cookie, PAYLOADS_VALUES, &room, &found, NULL, &cookie) == 0) {
		uint64_t i = found.key.number;

		n_bad += i >= KEYS || cookie <= before || span_left(&found.value) != 8 ||
		         memcmp(found.value.p, &i, 8) != 0 || (seen[i / 8] >> i % 8 & 1);
		if (i < KEYS)
			seen[i / 8] |= (uint8_t)(1U << i % 8);
		before = cookie;
		n++;
	}
	eq(n, KEYS);
	eq(n_bad, 0);
	ok(room.cap <= ROOM_MAX);
	buf_done(&room);
}

static void a_million_keys_take_little_memory_and_are_listed_in_less(void)
{
	int fd = new_store();
	struct payloads *p = open_it(fd);

	put_all(p);
	ok(memory_of(p) <= (uint64_t)KEYS * A_KEY_MAX);
	list_all(p);
	ok_r(payloads_close(p));
	p = open_it(fd);
	ok(memory_of(p) <= (uint64_t)KEYS * A_KEY_MAX);
	eq(payloads_tidy(p, 1, INT64_MAX / 2, NULL), 0);
	ok(memory_of(p) <= IN_PLACE_MAX);
	list_all(p);
	ok_r(payloads_close(p));
	p = open_it(fd);
	ok(memory_of(p) <= IN_PLACE_MAX);
	list_all(p);
	ok_r(payloads_close(p));
	io_close(fd);
}

int main(void)
{
	RUN(a_million_keys_take_little_memory_and_are_listed_in_less);
	return tap_done();
}
