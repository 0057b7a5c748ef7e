/* name.c -- names of hours and snapshots, times as people write them, inode numbers */
#include "tests/tap.h"
#include "view/name.h"
#include "view/node.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

enum { N_RANDOM = 100000 };

static const int64_t now = 1795144325250; /* 2026-11-20T03:12:05.250Z */

/* What a name means, INT64_MIN if it is not a time. */
static int64_t when(const char *name)
{
	bool relative;
	int64_t ms;

	return name_parse_time(name, now, &ms, &relative) < 0 ? INT64_MIN : ms;
}

static bool is_relative(const char *name)
{
	bool relative = false;
	int64_t ms;

	ok_r(name_parse_time(name, now, &ms, &relative));
	return relative;
}

static void hours_have_the_names_that_are_parsed_back(void)
{
	char name[NAME_MAX_LEN];
	int32_t hour;

	name_hour(name, 498651);
	str_eq(name, "2026-11-20T03");
	for (int32_t h = 0; h < NODE_HOUR_MAX; h += 997) {
		name_hour(name, h);
		ok_r(name_parse_hour(name, &hour));
		if (!eq(hour, h))
			break;
	}
	name_hour(name, NODE_HOUR_MAX);
	ok_r(name_parse_hour(name, &hour));
	eq(hour, NODE_HOUR_MAX);
}

static void what_is_not_exactly_an_hour_is_no_hour(void)
{
	static const char *const bad[] = {"", "2026", "2026-11-20", "2026-11-20T", "2026-11-20T3", "2026-11-20T24",
	    "2026-11-20T03x", "2026-11-20T003", "2026-02-29T00", "2026-13-01T00", "2026-00-01T00", "2026-11-00T00",
	    "2026-11-20t03", "02026-11-20T03", " 2026-11-20T03", "1969-12-31T23", "9999-01-01T00", "2026-11-20T03/"};
	int32_t hour;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		eq(name_parse_hour(bad[i], &hour), -ENOENT);
	eq(name_parse_hour("2024-02-29T23", &hour), 0);
}

static void snapshots_are_found_with_and_without_zeros(void)
{
	char name[NAME_MAX_LEN];
	int32_t seq;

	name_snapshot(name, 42);
	str_eq(name, "snapshot-0042");
	name_snapshot(name, 12345);
	str_eq(name, "snapshot-12345");
	for (int i = 0; i < 3; i++) {
		static const char *const same[] = {"snapshot-42", "snapshot-0042", "snapshot-0000042"};

		ok_r(name_parse_snapshot(same[i], &seq));
		eq(seq, 42);
	}
	ok_r(name_parse_snapshot("snapshot-1048574", &seq));
	eq(seq, NODE_SEQ_MAX);
	eq(name_parse_snapshot("snapshot-1048575", &seq), -ENOENT);
	eq(name_parse_snapshot("snapshot-99999999999999999999", &seq), -ENOENT);
	eq(name_parse_snapshot("snapshot-", &seq), -ENOENT);
	eq(name_parse_snapshot("snapshot--1", &seq), -ENOENT);
	eq(name_parse_snapshot("snapshot-42x", &seq), -ENOENT);
	eq(name_parse_snapshot("snapshot-+42", &seq), -ENOENT);
	eq(name_parse_snapshot("Snapshot-42", &seq), -ENOENT);
}

static void a_moment_may_be_written_in_many_ways(void)
{
	static const char *const same[] = {"2026-11-20T03:12:05Z", "2026-11-20T03:12:05", "2026-11-20T03-12-05",
	    "2026-11-20 03:12:05", "2026-11-20_03:12:05", "2026-11-20t03:12:05z", "2026-11-20T03:12:05.000Z",
	    "2026-11-20T04:12:05+01:00", "2026-11-20T04-12-05+01-00", "2026-11-19T22:42:05-0430",
	    "2026-11-19T22-12-05-05", "03:12:05", "1795144325", "1795144325.0"};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		eq(when(same[i]), 1795144325000);
	eq(when("2026-11-20T03:12:05.250Z"), now);
	eq(when("2026-11-20T03:12:05,25"), now);
	eq(when("2026-11-20T03:12:05.250999999"), now);
	eq(when("1795144325.250"), now);
	eq(when("2026-11-20T03:12"), 1795144320000);
	eq(when("2026-11-20T03"), 1795143600000);
	eq(when("2026-11-20"), 1795132800000);
	eq(when("03:12"), 1795144320000);
	eq(when("00:00"), 1795132800000);
	eq(when("0"), 0);
	eq(when("1970-01-01"), 0);
	eq(when("2024-02-29"), 1709164800000);
	eq(when("2016-12-31T23:59:60Z"), 1483228800000);
}

static void times_may_be_told_from_now(void)
{
	eq(when("now"), now);
	eq(when("-90s"), now - 90000);
	eq(when("-5m"), now - 300000);
	eq(when("-2h"), now - 7200000);
	eq(when("-1d"), now - 86400000);
	eq(when("-1w"), now - 7 * 86400000ll);
	eq(when("yesterday"), now - 86400000);
	ok(is_relative("now"));
	ok(is_relative("-5m"));
	ok(is_relative("03:12"));
	ok(is_relative("yesterday"));
	ok(!is_relative("1795144325"));
	ok(!is_relative("2026-11-20"));
}

static void what_is_no_time_is_refused(void)
{
	static const char *const bad[] = {"", "-", "-5", "-m", "-5x", "-5mm", "--5m", "5m", "-99999999999999999999s",
	    "x", "2026-11", "2026-11-31", "2026-02-29", "2026-11-20T", "2026-11-20T24:00", "2026-11-20T03:60",
	    "2026-11-20T03:12:61", "2026-11-20T03:12:05.", "2026-11-20T03:12:05.Z", "2026-11-20T03:12:05ZZ",
	    "2026-11-20T03:12:05+", "2026-11-20T03:12:05+1", "2026-11-20T03:12:05+24:00", "2026-11-20T03:12:05+01:60",
	    "2026-11-20T03:12:05 ", "2026-11-20TT03", "3:12", "24:00", "03:12:", "03-12", "now ", "Now", "tomorrow",
	    "99999999999999999999", "1795144325.", "1795144325x", "+5m", ".", "..", ".git", "snapshot-0001"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		eq(when(bad[i]), INT64_MIN);
	eq(when("2026"), 2026000);
}

static void links_say_where_they_lead(void)
{
	char name[NAME_MAX_LEN];

	name_target(name, "", 498651, 42);
	str_eq(name, "hour/2026-11-20T03/snapshot-0042");
	name_target(name, "../", 498651, 42);
	str_eq(name, "../hour/2026-11-20T03/snapshot-0042");
}

static bool same_node(struct node a, struct node b)
{
	return a.view == b.view && a.hour == b.hour && a.seq == b.seq && a.leaf == b.leaf && a.kind == b.kind &&
	       a.number == b.number && a.offset == b.offset && a.id == b.id;
}

static void offsets_have_twenty_digits_and_need_none_of_the_zeros(void)
{
	char name[NAME_MAX_LEN];
	uint64_t n = 0;

	name_offset(name, 1234, ".tsv");
	str_eq(name, "00000000000000001234.tsv");
	eq(name_parse_offset(name, ".tsv", &n), 0);
	eq(n, 1234);
	eq(name_parse_offset("1234", "", &n), 0);
	eq(name_parse_offset("0000000000000000000000000000000000000007", "", &n), 0);
	eq(n, 7);
	eq(name_parse_offset("0", "", &n), 0);
	eq(n, 0);
	eq(name_parse_offset("999999999999999999", "", &n), 0);
	eq(n, 999999999999999999);
	eq(name_parse_offset("1000000000000000000", "", &n), -ENOENT);
	eq(name_parse_offset("", "", &n), -ENOENT);
	eq(name_parse_offset(".tsv", ".tsv", &n), -ENOENT);
	eq(name_parse_offset("1.tsv", "", &n), -ENOENT);
	eq(name_parse_offset("1", ".tsv", &n), -ENOENT);
	eq(name_parse_offset("-1", "", &n), -ENOENT);
	eq(name_parse_offset(" 1", "", &n), -ENOENT);
}

static void inode_numbers_and_nodes_are_one_to_one(void)
{
	const struct node edges[] = {
	    {.view = 0, .hour = -1, .seq = -1, .leaf = 1},
	    {.view = 1, .hour = -1, .seq = -1, .leaf = 0},
	    {.view = NODE_VIEW_MAX, .hour = NODE_HOUR_MAX, .seq = NODE_SEQ_MAX, .leaf = NODE_LEAF_MAX},
	    {.view = 1, .hour = 0, .seq = 0, .leaf = 0},
	    {.view = 1, .hour = NODE_HOUR_MAX, .seq = -1, .leaf = 0},
	    {.view = 1, .hour = -1, .seq = NODE_SEQ_MAX, .leaf = 0},
	    {.view = 1, .hour = -1, .seq = -1, .leaf = NODE_LEAF_MAX},
	    node_of_kind(NODE_MESSAGE, 1, 0),
	    node_of_kind(NODE_MESSAGE, NODE_NUMBER_MAX, NODE_OFFSET_MAX),
	    node_of_kind(NODE_SEGMENT, 1, 0),
	    node_of_kind(NODE_SINCE_TIMES, NODE_NUMBER_MAX, 0),
	    node_of_kind(NODE_TOPIC, 1, 0),
	    node_of_metric(0, 0),
	    node_of_metric(NODE_HOUR_MAX, NODE_METRIC_MAX),
	};

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		ok(same_node(node_of(node_ino(edges[i])), edges[i]));
		for (size_t k = 0; k < i; k++)
			ok(node_ino(edges[i]) != node_ino(edges[k]));
	}
	eq(node_ino(edges[0]), 1);
	ok(node_ino(edges[2]) <= INT64_MAX);
	srandom(1);
	for (int i = 0; i < N_RANDOM; i++) {
		struct node n = {
		    .view = (uint32_t)random() % (NODE_VIEW_MAX + 1),
		    .hour = (int32_t)(random() % (NODE_HOUR_MAX + 2)) - 1,
		    .seq = (int32_t)(random() % (NODE_SEQ_MAX + 2)) - 1,
		    .leaf = (uint32_t)random() % (NODE_LEAF_MAX + 1),
		};

		/* These have no hours. */
		if (node_has_id(n.view))
			n = node_of_id(n.view, (uint64_t)random() << 24 ^ (uint64_t)random());
		/* And these nothing but a series and its plot. */
		if (n.view >= VIEW_METRICS && n.view <= VIEW_METRICS_LAST) {
			n = node_of_metric(n.hour, ((uint64_t)random() << 24 ^ (uint64_t)random()) & NODE_METRIC_MAX);
			n.leaf = random() & 1 ? LEAF_PLOT : 0;
		}
		if (!ok(same_node(node_of(node_ino(n)), n)))
			break;
	}
}

int main(void)
{
	RUN(hours_have_the_names_that_are_parsed_back);
	RUN(what_is_not_exactly_an_hour_is_no_hour);
	RUN(snapshots_are_found_with_and_without_zeros);
	RUN(a_moment_may_be_written_in_many_ways);
	RUN(times_may_be_told_from_now);
	RUN(what_is_no_time_is_refused);
	RUN(links_say_where_they_lead);
	RUN(offsets_have_twenty_digits_and_need_none_of_the_zeros);
	RUN(inode_numbers_and_nodes_are_one_to_one);
	return tap_done();
}
