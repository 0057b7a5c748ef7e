/* cache.c -- rendered texts that are kept, and screens they are made of */
#include "tests/tap.h"
#include "view/cache.h"
#include "view/screen.h"

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

/* Whether the text has all of its line ends where they belong, and nothing else that ends a line. */
static bool is_screen(const struct screen *s)
{
	for (unsigned i = 0; i < SCREEN_LEN; i++) {
		if ((s->text[i] == '\n') != (i % (SCREEN_WIDTH + 1) == SCREEN_WIDTH))
			return false;
	}
	return true;
}

static void whatever_is_written_a_screen_keeps_its_shape(void)
{
	static const char wild[] =
	    "tab\t newline\n escape\x1b bytes \xff\xfe \xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x98 and on";
	struct screen s;

	screen_clear(&s);
	ok(is_screen(&s));
	for (unsigned i = 0; i < 1000; i++) {
		screen_put_str(&s, (struct str){wild, sizeof(wild) - 1, 0});
		if (i % 7 == 0)
			screen_next(&s);
		screen_printf(&s, "%0*d", (int)(i % 200), 1);
		ok(is_screen(&s));
	}
}

static void lines_are_cut_in_front_of_a_character(void)
{
	struct screen s;

	screen_clear(&s);
	screen_printf(&s, "%79s", "");
	screen_printf(&s, "\xe2\x82\xac");
	eq(s.text[79], ' ');
	screen_printf(&s, "x");
	eq(s.text[79], 'x');
	screen_printf(&s, "y");
	eq(s.text[80], '\n');
}

static void bytes_fit_in_five_places(void)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {{0, "0"}, {1, "1"}, {1023, "1023"}, {1024, "1.0K"}, {1023.7, "1.0K"}, {10240, "10.0K"},
	    {102400, "100K"}, {1048000, "1023K"}, {1048576, "1.0M"}, {1.5 * (1 << 30), "1.5G"}, {1e18, "888P"},
	    {1e19, "8.7E"}};
	char b[SCREEN_BYTES_LEN];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		str_eq(screen_bytes(b, cases[i].v), cases[i].want);
}

int main(void)
{
	RUN(a_text_is_found_under_its_stamp_only);
	RUN(what_was_not_used_for_longest_goes_first);
	RUN(a_text_larger_than_the_budget_is_kept_until_the_next);
	RUN(a_text_that_could_not_be_made_is_an_error);
	RUN(whatever_is_written_a_screen_keeps_its_shape);
	RUN(lines_are_cut_in_front_of_a_character);
	RUN(bytes_fit_in_five_places);
	return tap_done();
}
