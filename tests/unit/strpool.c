/* strpool.c -- strings by ids: two strings with one hash stay two, ids are given again only after a sweep */
#include "store/format.h"
#include "store/strpool.h"
#include "tests/tap.h"

#include <xxhash.h>

static struct strpool *new_pool(void)
{
	struct strpool *p = NULL;

	if (!ok_r(strpool_new(&p)))
		exit(1);
	return p;
}

static uint32_t intern(struct strpool *p, const char *s)
{
	uint32_t id = UINT32_MAX;

	ok_r(strpool_intern(p, s, strlen(s), &id));
	return id;
}

static bool is(const struct strpool *p, uint32_t id, const char *s)
{
	const struct str *str = strpool_get(p, id);

	return str && str->len == strlen(s) && memcmp(str->p, s, str->len) == 0;
}

static void two_strings_with_one_hash_stay_two(void)
{
	/* Found by a search of 2^33 steps. */
	static const char a[] = "jckpbejajphojjdb", b[] = "endkihlolbjbondi";
	struct strpool *p = new_pool();
	uint32_t id_a, id_b;

	ok(XXH3_64bits(a, 16) == XXH3_64bits(b, 16));
	id_a = intern(p, a);
	id_b = intern(p, b);
	ok(id_a != id_b);
	ok(is(p, id_a, a) && is(p, id_b, b));
	eq(intern(p, a), id_a);
	eq(intern(p, b), id_b);
	/* Also after the first of them is gone. */
	strpool_epoch(p);
	strpool_touch(p, id_b);
	strpool_sweep(p);
	eq(intern(p, b), id_b);
	ok(is(p, intern(p, a), a));
	strpool_free(p);
}

static void many_strings_keep_their_ids(void)
{
	enum { N = 100000 };
	struct strpool *p = new_pool();
	char s[32];
	bool good = true;

	for (uint32_t i = 0; i < N; i++) {
		snprintf(s, sizeof s, "string %u", i);
		good &= intern(p, s) == i;
	}
	for (uint32_t i = 0; i < N; i++) {
		snprintf(s, sizeof s, "string %u", i);
		good &= is(p, i, s) && intern(p, s) == i;
	}
	ok(good);
	eq(strpool_limit(p), N);
	strpool_free(p);
}

static void what_was_not_used_in_an_epoch_is_swept_and_its_id_given_again(void)
{
	struct strpool *p = new_pool();
	uint32_t kept = intern(p, "kept"), gone = intern(p, "gone");

	strpool_epoch(p);
	eq(intern(p, "kept"), kept);
	ok(is(p, gone, "gone"));
	strpool_sweep(p);
	ok(is(p, kept, "kept") && !strpool_get(p, gone));
	eq(intern(p, "new"), gone);
	ok(is(p, gone, "new"));
	strpool_free(p);
}

static void memory_follows_the_strings_that_live(void)
{
	struct strpool *p = new_pool();
	size_t first = 0;
	char s[64];

	for (uint32_t epoch = 0; epoch < 50; epoch++) {
		strpool_epoch(p);
		for (uint32_t i = 0; i < 1000; i++) {
			snprintf(s, sizeof s, "a command line that is seen once, number %u", epoch * 1000 + i);
			intern(p, s);
		}
		strpool_sweep(p);
		if (epoch == 1)
			first = strpool_memory(p);
	}
	ok(strpool_memory(p) <= 2 * first);
	ok(strpool_limit(p) <= 2000);
	strpool_free(p);
}

static void a_string_that_is_too_long_is_refused_and_the_longest_is_not(void)
{
	struct strpool *p = new_pool();
	char *s = calloc(1, STRING_LEN_MAX + 1);
	uint32_t id = 0;

	ok(s != NULL);
	eq(strpool_intern(p, s, STRING_LEN_MAX + 1, &id), -EMSGSIZE);
	ok_r(strpool_intern(p, s, STRING_LEN_MAX, &id));
	eq(strpool_get(p, id)->len, STRING_LEN_MAX);
	ok_r(strpool_intern(p, s, 0, &id));
	eq(strpool_get(p, id)->len, 0);
	free(s);
	strpool_free(p);
}

static void an_id_that_a_file_gives_is_defined_once(void)
{
	struct strpool *p = new_pool();

	ok_r(strpool_define(p, 7, "seven", 5));
	ok(is(p, 7, "seven") && !strpool_get(p, 6) && !strpool_get(p, 8));
	eq(strpool_define(p, 7, "seven", 5), -EBADMSG);
	eq(strpool_define(p, STRING_ID_MAX, "x", 1), -EBADMSG);
	ok_r(strpool_define(p, STRING_ID_MAX - 1, "x", 1));
	strpool_free(p);
}

static void a_string_is_marked_once_until_marks_are_cleared(void)
{
	struct strpool *p = new_pool();
	uint32_t id = intern(p, "x");

	ok(strpool_mark(p, id));
	ok(!strpool_mark(p, id));
	strpool_clear_marks(p);
	ok(strpool_mark(p, id));
	strpool_free(p);
}

int main(void)
{
	RUN(two_strings_with_one_hash_stay_two);
	RUN(many_strings_keep_their_ids);
	RUN(what_was_not_used_in_an_epoch_is_swept_and_its_id_given_again);
	RUN(memory_follows_the_strings_that_live);
	RUN(a_string_that_is_too_long_is_refused_and_the_longest_is_not);
	RUN(an_id_that_a_file_gives_is_defined_once);
	RUN(a_string_is_marked_once_until_marks_are_cleared);
	return tap_done();
}
