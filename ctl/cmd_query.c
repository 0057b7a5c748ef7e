/* cmd_query.c -- histctl query: custom series, their points or what windows of time come to */
#include "ctl/command.h"
#include "ctl/opened.h"
#include "ctl/query.h"

#include "store/names.h"
#include "view/name.h"

#include <err.h>
#include <getopt.h>

static const char default_store[] = "/var/lib/histfs";

enum { NS_PER_MS = 1000000 };

/* Nanoseconds of a length of time: seconds, or a number with ms, s, m, h, d or w behind it. */
static int parse_step(const char *text, int64_t *ret_ns)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}, {"w", 604800e9}};
	char *end;
	double v = strtod(text, &end);

	for (size_t k = 0; k < N_ELEMENTS(units) && end != text; k++)
		if (strcmp(end, units[k].unit) == 0 && v * units[k].ns >= 1 && v * units[k].ns <= 1e18) {
			*ret_ns = (int64_t)(v * units[k].ns);
			return 0;
		}
	warnx("%s: not a length of time (100ms, 10s, 5m, 1h, 1d)", text);
	return -EINVAL;
}

/* An hour's name, or a time, in nanoseconds. */
static int parse_time(const char *text, int64_t *ret_ns)
{
	int32_t hour;
	int64_t ms;

	if (name_parse_hour(text, &hour) == 0)
		ms = hour_begin_ms(hour);
	else if (opened_time(text, &ms) < 0)
		return -EINVAL;
	if (ms > INT64_MAX / NS_PER_MS || ms < INT64_MIN / NS_PER_MS) {
		warnx("%s: no point is of that time", text);
		return -EINVAL;
	}
	*ret_ns = ms * NS_PER_MS;
	return 0;
}

/* The names of labels between commas; none are none. */
static int parse_by(struct query *q, char *text)
{
	char *save = NULL;

	q->grouped = true;
	q->n_by = 0;
	for (char *p = strtok_r(text, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (q->n_by == POINT_LABELS_MAX) {
			warnx("--by: more than %d labels", POINT_LABELS_MAX);
			return -EINVAL;
		}
		q->by[q->n_by++] = span_of(p, strlen(p));
	}
	return 0;
}

static int parse_option(struct query *q, int c, char *arg)
{
	switch (c) {
	case 'f':
		return parse_time(arg, &q->from_ns);
	case 't':
		if (parse_time(arg, &q->to_ns) < 0 || q->to_ns == INT64_MIN)
			return -EINVAL;
		q->to_ns--;
		return 0;
	case 's':
		q->sums = true;
		return parse_step(arg, &q->windows.step_ns);
	case 'a':
		q->sums = true;
		if (windows_parse(&q->windows, arg) == 0)
			return 0;
		warnx("%s: not avg, min, max, sum, count, last, rate, increase, or p with a number from 0 to 100", arg);
		return -EINVAL;
	case 'b':
		q->sums = true;
		return parse_by(q, arg);
	case 'F':
		if (point_writer_parse(arg, &q->format) == 0)
			return 0;
		warnx("%s: not tsv, json or openmetrics", arg);
		return -EINVAL;
	default:
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct query *q)
{
	static const struct option longs[] = {{"from", required_argument, NULL, 'f'},
	    {"to", required_argument, NULL, 't'}, {"step", required_argument, NULL, 's'},
	    {"aggregate", required_argument, NULL, 'a'}, {"by", required_argument, NULL, 'b'},
	    {"format", required_argument, NULL, 'F'}, {0}};
	int c;

	while ((c = getopt_long(argc, argv, "f:t:s:a:b:F:", longs, NULL)) >= 0)
		if (parse_option(q, c, optarg) < 0)
			return -EINVAL;
	/* OpenMetrics knows no time before 1970. */
	if (q->format == POINT_OPENMETRICS && q->from_ns < 0)
		q->from_ns = 0;
	return argc - optind < 1 || argc - optind > 2 ? -EINVAL : 0;
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_point_select) struct point_select *select = NULL;
	_cleanup_(opened_done) struct opened o = {0};
	char error[POINT_SELECT_ERROR_MAX];
	struct span by[POINT_LABELS_MAX];
	struct query q = {.from_ns = INT64_MIN, .to_ns = INT64_MAX, .by = by};
	struct points_reader *pr;
	const char *dir, *text;
	int r;

	if (parse_options(argc, argv, &q) < 0)
		return EXIT_USAGE;
	dir = argc - optind == 2 ? argv[optind] : default_store;
	text = argv[argc - 1];
	r = point_select_new(text, strlen(text), error, &select);
	if (r < 0) {
		warnx("%s: %s", text, r == -EINVAL ? error : strerror(-r));
		return r == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	q.select = select;
	if (opened_init(&o, dir) < 0)
		return EXIT_FAILURE;
	r = store_points(o.store, &pr);
	if (r == 0)
		r = query_run(pr, &q);
	if (r < 0 && r != -EPIPE)
		warnx("%s: %s", dir, strerror(-r));
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

COMMAND(query) = {
    .name = "query",
    .args =
        "[--from TIME] [--to TIME] [--step TIME] [--aggregate WHAT] [--by LABEL,...] [--format tsv|json|openmetrics]"
        " [STORE] SELECTOR",
    .what = "prints the points of custom series, as cpu_seconds{mode=\"idle\",host=~\"db.*\"}, or what windows of time "
            "come to",
    .run = run,
};
