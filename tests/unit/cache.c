/* cache.c -- rendered texts that are kept */
#include "tests/tap.h"
#include "view/cache.h"

#include <errno.h>

static struct span put(struct cache *c, uint64_t ino, uint64_t stamp, size_t len)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct span ret = {0};

	while (b.len < len)
		buf_put_u8(&b, (uint8_t)ino);
	ok_r(cache_put(c, ino, stamp, &b, &ret));
	eq(b.cap, 0);
	eq(span_left(&ret), len);
	return ret;
}

static bool has(struct cache *c, uint64_t ino, uint64_t stamp)
{
	struct span p;

	return cache_get(c, ino, stamp, &p) && span_left(&p) > 0 && *p.p == (uint8_t)ino;
}

static void a_text_is_found_under_its_stamp_only(void)
{
	_cleanup_(cleanup_cache) struct cache *c = NULL;

	ok_r(cache_new(1 << 20, &c));
	ok(!has(c, 1, 0));
	put(c, 1, 7, 100);
	ok(has(c, 1, 7));
	ok(!has(c, 1, 8));
	ok(!has(c, 2, 7));
	put(c, 1, 8, 100);
	ok(has(c, 1, 8));
	ok(!has(c, 1, 7));
}

static void what_was_not_used_for_longest_goes_first(void)
{
	enum { MANY = 1000 };
	_cleanup_(cleanup_cache) struct cache *c = NULL;
	unsigned n = 0;

	ok_r(cache_new(64 << 10, &c));
	for (uint64_t i = 1; i <= MANY; i++) {
		put(c, i, 0, 4096);
		ok(has(c, i, 0));
		ok(has(c, 1, 0));
	}
	for (uint64_t i = 1; i <= MANY; i++)
		n += has(c, i, 0);
	ok(n >= 4 && n <= 16);
	ok(has(c, MANY - 2, 0));
}

static void a_text_larger_than_the_budget_is_kept_until_the_next(void)
{
	_cleanup_(cleanup_cache) struct cache *c = NULL;

	ok_r(cache_new(1024, &c));
	put(c, 1, 0, 100);
	put(c, 2, 0, 100000);
	ok(has(c, 2, 0));
	put(c, 3, 0, 100);
	ok(!has(c, 2, 0));
	ok(has(c, 3, 0));
}

static void a_text_that_could_not_be_made_is_an_error(void)
{
	_cleanup_(cleanup_cache) struct cache *c = NULL;
	struct buf b = {0};
	struct span p;

	ok_r(cache_new(1024, &c));
	buf_puts(&b, "half a text");
	b.err = -ENOMEM;
	eq(cache_put(c, 1, 0, &b, &p), -ENOMEM);
	ok(!has(c, 1, 0));
}

int main(void)
{
	RUN(a_text_is_found_under_its_stamp_only);
	RUN(what_was_not_used_for_longest_goes_first);
	RUN(a_text_larger_than_the_budget_is_kept_until_the_next);
	RUN(a_text_that_could_not_be_made_is_an_error);
	return tap_done();
}
