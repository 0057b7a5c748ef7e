/* format.c -- what consume prints, where it begins, and which partition a key is in: as kcat and Kafka have it */
#include "ctl/format.h"
#include "ctl/murmur2.h"
#include "ctl/position.h"
#include "tests/tap.h"

static bool prints(const char *format, const char *null, const struct message *m, const char *wanted, size_t len)
{
	_cleanup_(cleanup_format) struct format *f = NULL;
	_cleanup_(buf_done) struct buf out = {0};

	if (!ok_r(format_new(format, null, &f)))
		return false;
	format_put(f, &out, "orders", 2, m);
	if (out.len == len && (len == 0 || memcmp(out.p, wanted, len) == 0))
		return true;
	printf("# %s: %.*s\n", format, (int)out.len, (const char *)out.p);
	return false;
}

#define PRINTS(format, null, m, wanted) ok(prints(format, null, m, wanted, sizeof(wanted) - 1))

static void every_token_of_kcat_is_known(void)
{
	_cleanup_(buf_done) struct buf headers = {0};
	struct message m = {
	    .offset = 1234, .time_ms = 1795144325250, .key = span_of("k\0y", 3), .value = span_of("value", 5)};

	message_put_header(&headers, "a", 1, "1", 1);
	message_put_header(&headers, "b", 1, NULL, 0);
	message_put_header(&headers, "c", 1, "", 0);
	m.headers = span_of(headers.p, headers.len);
	PRINTS(
	    "Topic %t [%p] at offset %o: key %k: %s\\n", "", &m, "Topic orders [2] at offset 1234: key k\0y: value\n");
	PRINTS("%S %K %T %%", "", &m, "5 3 1795144325250 %");
	PRINTS("%h", "", &m, "a=1,b=NULL,c=");
	PRINTS("%R%s", "", &m, "\0\0\0\5value");
	PRINTS("", "", &m, "");
}

static void null_is_minus_one_long_and_shown_as_one_likes(void)
{
	struct message m = {.key = span_of("", 0)};

	PRINTS("%k/%s/%K/%S/%h.", "", &m, "//0/-1/.");
	PRINTS("%k/%s", "NULL", &m, "NULL/NULL");
	PRINTS("%R", "", &m, "\xff\xff\xff\xff");
}

static void escapes_are_those_of_kcat(void)
{
	struct message m = {0};

	PRINTS("\\n\\r\\t\\x41\\x7c\\q\\\\", "", &m, "\n\r\tA|q\\");
	PRINTS("\\0\\012.", "", &m, "\0\n.");
	PRINTS("\\", "", &m, "\\");
}

static void a_token_that_is_none_is_refused(void)
{
	struct format *f;

	eq(format_new("%y", "", &f), -EINVAL);
	eq(format_new("a%", "", &f), -EINVAL);
}

static void positions_are_written_as_for_kcat_or_as_below_at(void)
{
	struct position p = {0};

	ok_r(position_parse(&p, "beginning"));
	eq(p.from, POSITION_BEGINNING);
	ok_r(position_parse(&p, "end"));
	eq(p.from, POSITION_END);
	ok_r(position_parse(&p, "-10"));
	ok(p.from == POSITION_BACK && p.n == 10);
	ok_r(position_parse(&p, "1234"));
	ok(p.from == POSITION_OFFSET && p.n == 1234 && !p.ends);
	ok_r(position_parse(&p, "s@1795144325250"));
	ok(p.from == POSITION_TIME && p.from_ms == 1795144325250);
	ok_r(position_parse(&p, "e@2026-11-20T03:12"));
	ok(p.from == POSITION_TIME && p.ends && p.end_ms == 1795144320000);
	eq(position_parse(&p, "stored"), -EINVAL);
	eq(position_parse(&p, "--1"), -EINVAL);
	eq(position_parse(&p, ""), -EINVAL);
	eq(position_parse(&p, "99999999999999999999"), -EINVAL);
}

/* The values are those of Kafka's own test of its hash. */
static void keys_are_hashed_as_by_kafkas_own_clients(void)
{
	static const struct {
		const char *key;
		int32_t hash;
	} known[] = {
	    {"21", -973932308},
	    {"foobar", -790332482},
	    {"a-little-bit-long-string", -985981536},
	    {"a-little-bit-longer-string", -1486304829},
	    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
	    {"abc", 479470107},
	};

	for (unsigned i = 0; i < N_ELEMENTS(known); i++)
		eq((int32_t)murmur2(known[i].key, strlen(known[i].key)), known[i].hash);
	eq(murmur2_partition("21", 2, 1000), (0x7fffffff & -973932308) % 1000);
	eq(murmur2_partition("21", 2, 1), 0);
}

int main(void)
{
	RUN(every_token_of_kcat_is_known);
	RUN(null_is_minus_one_long_and_shown_as_one_likes);
	RUN(escapes_are_those_of_kcat);
	RUN(a_token_that_is_none_is_refused);
	RUN(positions_are_written_as_for_kcat_or_as_below_at);
	RUN(keys_are_hashed_as_by_kafkas_own_clients);
	return tap_done();
}
