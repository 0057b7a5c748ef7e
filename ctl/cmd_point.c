/* cmd_point.c -- histctl point: points for custom series of the histd on this machine */
#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/number.h"
#include "ctl/point_stream.h"
#include "ctl/series_text.h"

#include <err.h>
#include <fcntl.h>
#include <getopt.h>

struct arguments {
	const char *socket;
	enum histfs_ack ack;
	unsigned form; /* HISTFS_*; 0: lines as histctl query prints them */
	const char *unit;
	const char *time;
};

static int set_form(struct arguments *a, unsigned form)
{
	if (a->form != 0)
		warnx("points have one form");
	else
		a->form = form;
	return a->form == form ? 0 : -EINVAL;
}

/* Times of Influx's lines are in some unit. */
static int set_unit(struct arguments *a)
{
	static const struct {
		const char *name;
		unsigned form;
	} units[] = {{"ns", HISTFS_INFLUX}, {"us", HISTFS_INFLUX_US}, {"ms", HISTFS_INFLUX_MS}, {"s", HISTFS_INFLUX_S}};

	if (!a->unit)
		return 0;
	if (a->form != HISTFS_INFLUX) {
		warnx("-u goes with -I");
		return -EINVAL;
	}
	for (size_t i = 0; i < N_ELEMENTS(units); i++)
		if (strcmp(units[i].name, a->unit) == 0) {
			a->form = units[i].form;
			return 0;
		}
	warnx("-u %s: not ns, us, ms or s", a->unit);
	return -EINVAL;
}

static int parse(int argc, char **argv, struct arguments *a)
{
	static const struct option options[] = {
	    {"ack", required_argument, NULL, 'a'},
	    {"graphite", no_argument, NULL, 'G'},
	    {"influx", no_argument, NULL, 'I'},
	    {"openmetrics", no_argument, NULL, 'O'},
	    {"prometheus", no_argument, NULL, 'P'},
	    {"socket", required_argument, NULL, 'S'},
	    {"time", required_argument, NULL, 't'},
	    {"unit", required_argument, NULL, 'u'},
	    {0},
	};
	int64_t n;
	int c, r = 0;

	a->ack = HISTFS_SYNCED;
	while (r == 0 && (c = getopt_long(argc, argv, "+a:GIOPS:t:u:", options, NULL)) >= 0) {
		switch (c) {
		case 'a':
			r = number_option(c, optarg, HISTFS_WRITTEN, HISTFS_SYNCED, &n);
			if (r == 0)
				a->ack = (enum histfs_ack)n;
			break;
		case 'G':
			r = set_form(a, HISTFS_GRAPHITE);
			break;
		case 'I':
			r = set_form(a, HISTFS_INFLUX);
			break;
		case 'O':
			r = set_form(a, HISTFS_OPENMETRICS);
			break;
		case 'P':
			r = set_form(a, HISTFS_PROMETHEUS);
			break;
		case 'S':
			a->socket = optarg;
			break;
		case 't':
			a->time = optarg;
			break;
		case 'u':
			a->unit = optarg;
			break;
		default:
			r = -EINVAL;
		}
	}
	return r < 0 ? r : set_unit(a);
}

/* One point, of the arguments. */
static int put_one(struct histfs *h, const struct arguments *a, const char *series, const char *value)
{
	_cleanup_(cleanup_free) struct series_text *s = NULL;
	struct histfs_point p = {.time_ns = HISTFS_NOW_NS};
	const char *why;
	int r = series_text_parse(span_of(series, strlen(series)), &s, &why);

	if (r < 0) {
		warnx("%s: %s", series, why ? why : strerror(-r));
		return r;
	}
	if (!series_text_value(value, &p.value)) {
		warnx("%s: not a number, NaN, Infinity or -Infinity", value);
		return -EINVAL;
	}
	if (a->time && !series_text_moment(a->time, &p.time_ns))
		return -EINVAL;
	p.metric = s->metric;
	p.labels = s->labels;
	p.n_labels = s->n;
	r = histfs_points(h, &p, 1, a->ack);
	if (r < 0)
		warnx("%s", histfs_error(h));
	return r;
}

static int put_file(struct histfs *h, const struct arguments *a, const char *path)
{
	bool is_stdin = !path || strcmp(path, "-") == 0;
	_cleanup_(cleanup_close) int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	const char *name = is_stdin ? "standard input" : path;
	int fd = is_stdin ? STDIN_FILENO : opened;

	if (fd < 0) {
		warn("%s", path);
		return -errno;
	}
	return a->form ? point_stream_text(h, fd, name, a->form, a->ack) : point_stream_lines(h, fd, name, a->ack);
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_connected) struct histfs *h = NULL;
	struct arguments a = {0};
	bool single;
	int r;

	if (parse(argc, argv, &a) < 0)
		return EXIT_USAGE;
	single = argc - optind == 2 && a.form == 0;
	if ((a.time && !single) || (a.form == 0 && argc - optind == 1 && strcmp(argv[optind], "-") != 0) ||
	    (a.form == 0 && argc - optind > 2))
		return EXIT_USAGE;
	if (connected_open(a.socket, &h) < 0)
		return EXIT_FAILURE;
	if (single)
		return put_one(h, &a, argv[optind], argv[optind + 1]) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	r = put_file(h, &a, argv[optind]);
	while (optind < argc && ++optind < argc) {
		int next = put_file(h, &a, argv[optind]);

		r = r < 0 ? r : next;
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(point) = {
    .name = "point",
    .args = "[-S SOCKET] [-a 1|2] [-t TIME] SERIES VALUE | [-IGPO] [-u UNIT] [-S SOCKET] [-a 1|2] [FILE|-]...",
    .what = "gives a point to histd, or those of standard input: as query prints them, or as text of other programs",
    .run = run,
};
