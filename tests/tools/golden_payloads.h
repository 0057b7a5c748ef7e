/* golden_payloads.h -- for mkgolden.c: a store with payloads, and beside it the lines that their records must read as
 *
 * Lines are written out by hand here, as docs/format.md says what is there: by name, newest record first. The log has
 * two segments, as the machine was started again in between; the first one was compacted, and an index snapshot knows
 * all but the last two records.
 */
#ifndef TESTS_TOOLS_GOLDEN_PAYLOADS_H
#define TESTS_TOOLS_GOLDEN_PAYLOADS_H

#include "store/identity.h"
#include "store/io.h"
#include "store/payloads.h"
#include "tests/tools/golden_topics.h"

#define GOLDEN_T INT64_C(1763605800000)
#define GOLDEN_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GOLDEN_PAD GOLDEN_64 GOLDEN_64 GOLDEN_64 GOLDEN_64 GOLDEN_64 GOLDEN_64 GOLDEN_64 GOLDEN_64
#define GOLDEN_CONFIG(a) "{\"a\":" #a ",\"pad\":\"" GOLDEN_PAD "\"}"
#define GOLDEN_E8 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define GOLDEN_E64 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8
#define GOLDEN_E256 GOLDEN_E64 GOLDEN_E64 GOLDEN_E64 GOLDEN_E64
/* 103 of them, 206 bytes */
#define GOLDEN_E103                                                                                                    \
	GOLDEN_E64 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 GOLDEN_E8 "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"

#define GOLDEN_NAMED(s)                                                                                                \
	{                                                                                                              \
		.string = GOLDEN_STR(s)                                                                                \
	}
#define GOLDEN_NUMBERED(n)                                                                                             \
	{                                                                                                              \
		.is_number = true, .number = (n)                                                                       \
	}
#define GOLDEN_JSON(s) .value = GOLDEN_STR(s)
#define GOLDEN_RAW(s) .raw = true, .value = GOLDEN_STR(s)

struct golden_batch {
	int64_t ms;
	uint32_t n, n_written;
	struct payload_put puts[12];
};

static const struct golden_batch golden_first_boot[] = {
    {GOLDEN_T, 4, 4,
        {{.key = GOLDEN_NAMED("config"), GOLDEN_JSON(GOLDEN_CONFIG(1))},
            {.key = GOLDEN_NUMBERED(42), GOLDEN_JSON("[1,2.50,-0e-7]")},
            {.key = GOLDEN_NAMED("42"), GOLDEN_JSON(" \"text\" ")},
            {.key = GOLDEN_NAMED("bin"), GOLDEN_RAW("\0\t\\\x7f\xff\n")}}},
    {GOLDEN_T + 1000, 2, 2,
        {{.key = GOLDEN_NAMED("config"), GOLDEN_JSON(GOLDEN_CONFIG(2))},
            {.key = GOLDEN_NAMED("gone"), GOLDEN_JSON("true")}}},
    {GOLDEN_T + 2000, 2, 1,
        {{.key = GOLDEN_NAMED("gone"), .deletes = true}, {.key = GOLDEN_NAMED("never"), .deletes = true}}},
    {GOLDEN_T + 3000, 2, 2,
        {{.key = GOLDEN_NAMED("twice"), GOLDEN_JSON("1")}, {.key = GOLDEN_NAMED("twice"), GOLDEN_JSON("2")}}},
    {GOLDEN_T + 4000, 11, 11,
        {{.key = GOLDEN_NAMED(".."), GOLDEN_JSON("null")}, {.key = GOLDEN_NAMED("/"), GOLDEN_JSON("0")},
            {.key = GOLDEN_NAMED("\xc3\xa9"), GOLDEN_JSON("\"\\u00e9\"")},
            {.key = GOLDEN_NAMED("e\xcc\x81"), GOLDEN_JSON("\"e\\u0301\"")},
            {.key = GOLDEN_NAMED("KEY"), GOLDEN_JSON("{}")}, {.key = GOLDEN_NAMED("Key"), GOLDEN_JSON("[]")},
            {.key = GOLDEN_NUMBERED(UINT64_MAX), GOLDEN_JSON("16")},
            {.key = GOLDEN_NAMED("18446744073709551616"), GOLDEN_JSON("17")},
            {.key = GOLDEN_NAMED("007"), GOLDEN_JSON("18")}, {.key = GOLDEN_NAMED(GOLDEN_E256), GOLDEN_JSON("19")},
            {.key = GOLDEN_NAMED("\xff not UTF-8"), GOLDEN_JSON("20")}}},
    /* The clock was set back. */
    {GOLDEN_T + 500, 1, 1, {{.key = GOLDEN_NAMED("config"), GOLDEN_JSON(GOLDEN_CONFIG(3))}}},
};

static const struct golden_batch golden_second_boot[] = {
    {GOLDEN_T + 10000, 2, 2,
        {{.key = GOLDEN_NAMED("config"), GOLDEN_JSON("{\"a\":4}")}, {.key = GOLDEN_NAMED("42"), .deletes = true}}},
};

static const struct golden_batch golden_last[] = {
    {GOLDEN_T + 20000, 2, 2,
        {{.key = GOLDEN_NAMED("config"), GOLDEN_JSON("{\"a\":5}")}, {.key = GOLDEN_NAMED("new"), GOLDEN_RAW("")}}},
};

/* Records 1 and 5 are gone. The second boot's begin at 22 + 2^20. */
static const char golden_records[] =
    "%2E.\t10\t2025-11-20T02:30:04.000Z\t0\tjson\tnull\n"
    "%2F\t11\t2025-11-20T02:30:04.000Z\t0\tjson\t0\n"
    "%318446744073709551616\t17\t2025-11-20T02:30:04.000Z\t0\tjson\t17\n"
    "%342\t1048599\t2025-11-20T02:30:10.000Z\t1\tdeleted\t\n"
    "%342\t3\t2025-11-20T02:30:00.000Z\t0\tjson\t \"text\" \n"
    "007\t18\t2025-11-20T02:30:04.000Z\t0\tjson\t18\n"
    "18446744073709551615\t16\t2025-11-20T02:30:04.000Z\t0\tjson\t16\n"
    "42\t2\t2025-11-20T02:30:00.000Z\t0\tjson\t[1,2.50,-0e-7]\n"
    "KEY\t14\t2025-11-20T02:30:04.000Z\t0\tjson\t{}\n"
    "Key\t15\t2025-11-20T02:30:04.000Z\t0\tjson\t[]\n"
    "bin\t4\t2025-11-20T02:30:00.000Z\t0\traw\t\\x00\\t\\\\\\x7f\xff\\n\n"
    "config\t1048600\t2025-11-20T02:30:20.000Z\t4\tjson\t{\"a\":5}\n"
    "config\t1048598\t2025-11-20T02:30:10.000Z\t3\tjson\t{\"a\":4}\n"
    "config\t21\t2025-11-20T02:30:01.000Z\t2\tjson\t" GOLDEN_CONFIG(
        3) "\n"
           "e\xcc\x81\t13\t2025-11-20T02:30:04.000Z\t0\tjson\t\"e\\\\u0301\"\n"
           "gone\t7\t2025-11-20T02:30:02.000Z\t1\tdeleted\t\n"
           "gone\t6\t2025-11-20T02:30:01.000Z\t0\tjson\ttrue\n"
           "new\t1048601\t2025-11-20T02:30:20.000Z\t0\traw\t\n"
           "twice\t9\t2025-11-20T02:30:03.000Z\t1\tjson\t2\n"
           "twice\t8\t2025-11-20T02:30:03.000Z\t0\tjson\t1\n"
           "\xc3\xa9\t12\t2025-11-20T02:30:04.000Z\t0\tjson\t\"\\\\u00e9\"\n" GOLDEN_E103
           "%~422a0a9cdb4d844f64c4fa917f444ccb\t19\t2025-11-20T02:30:04.000Z\t0\tjson\t19\n"
           "\xff not UTF-8\t20\t2025-11-20T02:30:04.000Z\t0\tjson\t20\n";

static inline void golden_put(struct payloads *p, const struct golden_batch *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t n_written = 0;

		golden_check(payloads_put(p, v[i].puts, v[i].n, v[i].ms, NULL, &n_written, NULL), "put");
		if (n_written != v[i].n_written)
			errx(1, "put: %" PRIu32 " written", n_written);
	}
	golden_check(payloads_sync(p), "sync");
}

/* Until nothing is to be done: first a snapshot, then what that makes known to be superseded. */
static inline void golden_tidy(struct payloads *p)
{
	for (int i = 0; i < 4; i++)
		golden_check(payloads_tidy(p, GOLDEN_T + 15000, 1000, NULL), "tidy");
}

static inline struct payloads *golden_payloads_open(int fd, uint64_t store_id, uint32_t boot)
{
	const struct payloads_options o = {
	    .sync = SYNC_FDATASYNC, .snapshot_every = 1, .keep_versions = 1, .boot = boot};
	struct payloads *p;

	golden_check(payloads_open(fd, store_id, &o, &p), "payloads");
	return p;
}

static inline void golden_payloads(const char *dir)
{
	struct identity id = {.created_ms = GOLDEN_T, .host = "golden"};
	struct payloads *p;
	char path[4200];
	FILE *f;
	int fd;

	snprintf(path, sizeof path, "%s/payloads.records", dir);
	f = fopen(path, "w");
	if (!f || fwrite(golden_records, sizeof golden_records - 1, 1, f) != 1 || fclose(f) != 0)
		err(1, "%s", path);
	snprintf(path, sizeof path, "%s/payloads", dir);
	fd = io_opendir(AT_FDCWD, path, true);
	if (fd < 0)
		err(1, "%s", path);
	io_close(io_opendir(fd, SNAPSHOT_DIR, true));
	golden_check(identity_create(fd, &id), "identity");
	p = golden_payloads_open(fd, id.id, 7);
	golden_put(p, golden_first_boot, N_ELEMENTS(golden_first_boot));
	golden_tidy(p);
	golden_check(payloads_close(p), "close");
	p = golden_payloads_open(fd, id.id, 8);
	golden_put(p, golden_second_boot, N_ELEMENTS(golden_second_boot));
	golden_tidy(p);
	golden_put(p, golden_last, N_ELEMENTS(golden_last));
	golden_check(payloads_close(p), "close");
	io_close(fd);
}

#endif
