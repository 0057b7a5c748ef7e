/* payloads.h -- stores of documents, for the tests of payloads */
#ifndef TESTS_UNIT_PAYLOADS_H
#define TESTS_UNIT_PAYLOADS_H

#include "store/check_payloads.h"
#include "store/io.h"
#include "store/payloads.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <stdio.h>

static inline int new_store(void)
{
	static int top = -1;
	static unsigned n;
	char name[32];

	if (top < 0)
		top = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY);
	snprintf(name, sizeof name, "store%u", n++);
	return io_opendir(top, name, true);
}

static inline struct payload_key named(const char *s)
{
	return (struct payload_key){.string = span_of(s, strlen(s))};
}

static inline struct payload_key numbered(uint64_t n)
{
	return (struct payload_key){.is_number = true, .number = n};
}

static inline struct payload_put put_of(struct payload_key key, const char *value)
{
	return (struct payload_put){.key = key, .value = span_of(value, strlen(value))};
}

static inline int put1(struct payloads *p, struct payload_key key, const char *value, int64_t ms)
{
	struct payload_put put = value ? put_of(key, value) : (struct payload_put){.key = key, .deletes = true};
	uint32_t n;
	int r = payloads_put(p, &put, 1, ms, NULL, &n, NULL);

	return r < 0 ? r : (int)n;
}

/* The value, as text; NULL: an error, in *ret_r. */
static inline const char *get(struct payloads *p, struct payload_key key, int64_t ms, int *ret_r)
{
	static struct buf room, text;
	struct payload found;

	*ret_r = payloads_get(p, &key, ms, &room, &found);
	if (*ret_r < 0)
		return NULL;
	buf_clear(&text);
	buf_put(&text, found.value.p, span_left(&found.value));
	buf_put_u8(&text, 0);
	return (const char *)text.p;
}

static inline bool has(struct payloads *p, struct payload_key key, int64_t ms, const char *value)
{
	int r;
	const char *found = get(p, key, ms, &r);

	return value ? found && strcmp(found, value) == 0 : r == -ENOENT;
}

static inline void fill(struct payloads *p, unsigned from, unsigned to, const char *suffix, int64_t ms)
{
	char value[700];

	for (unsigned i = from; i < to; i++) {
		snprintf(value, sizeof value, "{\"%0500u\":\"%s\"}", i, suffix);
		ok(put1(p, numbered(i), value, ms) == 1);
	}
}

/* How many of the keys have another value than fill gave them, and are not NULL at the end. */
static inline unsigned n_wrong(struct payloads *p, unsigned from, unsigned to, const char *suffix)
{
	char value[700];
	unsigned n = 0;

	for (unsigned i = from; i < to; i++) {
		snprintf(value, sizeof value, "{\"%0500u\":\"%s\"}", i, suffix);
		n += !has(p, numbered(i), INT64_MAX, value);
	}
	return n;
}

static inline void count_problem(const struct store_problem *problem, void *arg)
{
	(void)problem;
	++*(unsigned *)arg;
}

/* Problems that verifying the payloads tells of; the store has nothing else. */
static inline unsigned n_problems(int fd)
{
	unsigned n = 0;
	const struct verify_calls calls = {.problem = count_problem, .arg = &n};
	struct verify_count count = {0};
	struct check c = {.calls = &calls, .count = &count};

	ok_r(check_payloads(&c, fd, 7));
	return n;
}

#endif
