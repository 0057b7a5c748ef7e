/* names.c -- names of hours and files, and what is none of ours */
#include "store/names.h"
#include "store/format.h"
#include "tests/tap.h"

#include <stdio.h>

static void every_hour_of_many_years_comes_back(void)
{
	char before[HOUR_NAME_LEN + 1] = "";

	/* 1899 to 2105: leap years, centuries that are none, and the one that is. */
	for (int32_t h = -620000; h < 1190000; h++) {
		char name[HOUR_NAME_LEN + 1];
		int32_t back = 0;

		hour_name(name, h);
		if (!hour_parse(name, HOUR_NAME_LEN, &back) || back != h || strcmp(before, name) >= 0) {
			printf("# %s: %d is not %d\n", name, back, h);
			ok(!"the same hour, after the one before");
			return;
		}
		memcpy(before, name, sizeof before);
	}
	str_eq(before, "2105-10-03T07");
}

static void hours_at_the_ends_of_the_calendar_come_back(void)
{
	static const char *const names[] = {"0000-01-01T00", "0000-02-29T23", "9999-12-31T23", "1970-01-01T00"};

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		char name[HOUR_NAME_LEN + 1];
		int32_t h;

		ok(hour_parse(names[i], HOUR_NAME_LEN, &h));
		hour_name(name, h);
		str_eq(name, names[i]);
	}
}

static void hours_that_do_not_exist_are_refused(void)
{
	static const char *const names[] = {"2023-02-29T00", "2100-02-29T00", "2024-02-30T00", "2024-04-31T00",
	    "2024-00-10T00", "2024-13-10T00", "2024-01-00T00", "2024-01-32T00", "2024-01-01T24", "2024-1-01T000",
	    "2024-01-01 00", "2024/01/01T00", "+024-01-01T00", "2024-01-01T0x", "             "};
	int32_t h;

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		ok(!hour_parse(names[i], HOUR_NAME_LEN, &h));
	ok(!hour_parse("2024-01-01T00", HOUR_NAME_LEN - 1, &h));
	ok(!hour_parse("2024-01-01T000", HOUR_NAME_LEN + 1, &h));
	ok(!hour_parse("", 0, &h));
}

static void a_time_before_1970_lies_in_the_hour_before(void)
{
	eq(hour_of(0), 0);
	eq(hour_of(3599999), 0);
	eq(hour_of(3600000), 1);
	eq(hour_of(-1), -1);
	eq(hour_of(-3600000), -1);
	eq(hour_of(-3600001), -2);
	eq(hour_begin_ms(-1), -3600000);
	eq(hour_of(INT64_MAX), INT32_MAX);
	eq(hour_of(INT64_MIN), INT32_MIN);
}

static void a_files_name_says_hour_part_and_type(void)
{
	static const struct {
		const char *suffix;
		enum file_type type;
	} types[] = {{".wal", FILE_WAL}, {".chunk", FILE_CHUNK}, {".heat", FILE_HEAT}, {".wal.damaged", FILE_DAMAGED},
	    {".chunk.damaged", FILE_DAMAGED}};
	static const uint32_t parts[] = {0, 1, 9, 10, 123, PART_MAX};

	for (unsigned i = 0; i < sizeof types / sizeof *types; i++)
		for (unsigned k = 0; k < sizeof parts / sizeof *parts; k++) {
			char name[FILE_NAME_SIZE];
			enum file_type type;
			uint32_t part;
			int32_t hour;

			file_name(name, 498611, parts[k], types[i].suffix);
			ok(file_name_parse(name, &type, &hour, &part));
			eq(type, types[i].type);
			eq(hour, 498611);
			eq(part, parts[k]);
		}
}

static void other_names_are_none_of_ours(void)
{
	static const char *const names[] = {"", ".", "..", "lock", "2026-11-18T11", "2026-11-18T11.",
	    "2026-11-18T11wal", "2026-11-18T11.wal2", "2026-11-18T11.0.wal", "2026-11-18T11.01.wal",
	    "2026-11-18T11.10000.wal", "2026-11-18T11.99999999999999999999.wal", "2026-11-18T11.1", "2026-11-18T11.1.",
	    "2026-11-18T11.-1.wal", "2026-11-31T11.wal", "x2026-11-18T11.wal", "2026-11-18T11.heat.damaged",
	    "2026-11-18T11.wal.damaged.1", "2026-11-18T11.1.2.wal", "2026-11-18T11.wal "};
	enum file_type type;
	uint32_t part;
	int32_t hour;

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (!ok(!file_name_parse(names[i], &type, &hour, &part)))
			printf("# '%s'\n", names[i]);
}

static void temporary_files_are_known_by_their_end(void)
{
	enum file_type type;
	uint32_t part;
	int32_t hour;

	ok(file_name_parse("2026-11-18T11.chunk.tmp", &type, &hour, &part));
	eq(type, FILE_TMP);
	ok(file_name_parse("anything.tmp", &type, &hour, &part));
	eq(type, FILE_TMP);
}

int main(void)
{
	RUN(every_hour_of_many_years_comes_back);
	RUN(hours_at_the_ends_of_the_calendar_come_back);
	RUN(hours_that_do_not_exist_are_refused);
	RUN(a_time_before_1970_lies_in_the_hour_before);
	RUN(a_files_name_says_hour_part_and_type);
	RUN(other_names_are_none_of_ours);
	RUN(temporary_files_are_known_by_their_end);
	return tap_done();
}
