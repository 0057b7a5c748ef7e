/* plot.c -- a column of a row over some time as a line chart
 *
 * Of each unit of the width the least and the most are drawn, in the order in which they came: no peak is lost, and the
 * picture's length does not follow the number of points.
 */
#include "view/plot.h"

#include "view/interval.h"
#include "view/svg.h"

#include "store/cleanup.h"
#include "store/text.h"

#include <math.h>

enum {
	WIDTH = 1000,
	HEIGHT = 340,
	LEFT = 80,
	RIGHT = WIDTH - 30,
	TOP = 64,
	BOTTOM = HEIGHT - 34,
	TICKS = 5,    /* about so many on the axis of values */
	STRIPES = 60, /* parts of the time that tell what they hold */
	NUMBER_LEN = 24,
};

/* Sums and differences of what is below are numbers. */
#define TOO_LARGE 1e300

struct point {
	int64_t ms;
	double v;
	bool linked; /* to the one before */
};

struct chart {
	struct point *points;
	uint32_t n;
	uint32_t least, most; /* points */
	double mean;
	int64_t from_ms, to_ms;
	double low, high, step; /* of the axis of values */
};

/* --- what is drawn --- */

static double decoded(const struct column *c, uint64_t v)
{
	double d;

	switch (c->type) {
	case COL_U64:
		return (double)v;
	case COL_F64:
		memcpy(&d, &v, sizeof(d));
		return d;
	case COL_DEC:
		return (double)(int64_t)v / pow(10, c->scale);
	default:
		return (double)(int64_t)v;
	}
}

/* The growth of a counter; negative or NaN: it did not grow. The difference of large numbers is taken before it is
 * rounded. */
static double growth(const struct column *c, uint64_t before, uint64_t now)
{
	bool down = c->type == COL_U64 ? now < before : (int64_t)now < (int64_t)before;

	if (c->type == COL_F64)
		return decoded(c, now) - decoded(c, before);
	return down ? -1 : (double)(now - before) / (c->type == COL_DEC ? pow(10, c->scale) : 1);
}

/* A counter's growth a second; negative or NaN: there is none. */
static double rate(const struct column *c, const struct series_point *before, const struct series_point *now)
{
	if (now->boot != before->boot || now->boot_us <= before->boot_us)
		return NAN;
	return growth(c, before->value, now->value) * 1e6 / (double)(now->boot_us - before->boot_us);
}

static int64_t interval(const struct plot *p, int64_t *steps)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i < p->n; i++)
		steps[n++] = interval_between(p->points[i - 1].ms, p->points[i].ms);
	return interval_of(steps, n);
}

/* The numbers, in c->points, which has room for all. */
static void convert(const struct plot *p, int64_t usual, struct chart *c)
{
	bool counter = p->column->kind == KIND_COUNTER, linked = false;
	uint32_t before = UINT32_MAX;

	for (uint32_t i = 0; i < p->n; i++) {
		int64_t step = before == UINT32_MAX ? 0 : interval_between(p->points[before].ms, p->points[i].ms);
		double v = NAN;

		if (i > 0 && p->points[i].ms == p->points[i - 1].ms)
			continue;
		if (before != UINT32_MAX &&
		    (step < 0 || interval_missing(step, usual) > 0 || p->points[i].boot != p->points[before].boot))
			linked = false;
		if (p->points[i].null) {
			before = UINT32_MAX;
			linked = false;
			continue;
		}
		if (!counter)
			v = decoded(p->column, p->points[i].value);
		else if (before != UINT32_MAX)
			v = rate(p->column, &p->points[before], &p->points[i]);
		before = i;
		if (!(fabs(v) < TOO_LARGE) || (counter && v < 0)) {
			linked = false;
			continue;
		}
		if (p->points[i].ms < p->from_ms || p->points[i].ms > p->to_ms)
			continue;
		c->points[c->n++] = (struct point){p->points[i].ms, v, linked};
		linked = true;
	}
}

static void measure(struct chart *c)
{
	double sum = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		if (c->points[i].v < c->points[c->least].v)
			c->least = i;
		if (c->points[i].v > c->points[c->most].v)
			c->most = i;
		sum += c->points[i].v / c->n;
	}
	c->mean = sum;
}

/* 1, 2 or 5 and zeros, at least v. */
static double round_up(double v)
{
	double unit = pow(10, floor(log10(v)));

	return v <= unit ? unit : v <= 2 * unit ? 2 * unit : v <= 5 * unit ? 5 * unit : 10 * unit;
}

/* From 0, unless all there is lies far from it. */
static void scale(struct chart *c)
{
	double least = c->n ? c->points[c->least].v : 0, most = c->n ? c->points[c->most].v : 1, span;

	if (least > 0 && most - least > most / 4)
		least = 0;
	if (most < 0 && most - least > -least / 4)
		most = 0;
	span = most - least;
	/* No finer than doubles of that size are. */
	if (span < fmax(fabs(least), fabs(most)) * 1e-9)
		span = fmax(fabs(least), fabs(most)) / 10;
	if (!(span > 1e-300))
		span = 1;
	c->step = round_up(span / TICKS);
	c->low = floor(least / c->step) * c->step;
	c->high = ceil(most / c->step) * c->step;
	if (c->high <= c->low)
		c->high = c->low + c->step * TICKS;
}

/* --- drawing --- */

static double x_of(const struct chart *c, int64_t ms)
{
	return LEFT + (double)(ms - c->from_ms) * (RIGHT - LEFT) / (double)(c->to_ms - c->from_ms);
}

static double y_of(const struct chart *c, double v)
{
	return BOTTOM - (v - c->low) / (c->high - c->low) * (BOTTOM - TOP);
}

/* A number as a person reads it: 12.3k, 4.56M. digits: that matter. */
static const char *number(char ret[NUMBER_LEN], double v, int digits)
{
	static const char units[] = " kMGTPE";
	unsigned u = 0;

	if (fabs(v) >= 1e21 || (v != 0 && fabs(v) < 1e-4)) {
		snprintf(ret, NUMBER_LEN, "%.*g", digits, v);
		return ret;
	}
	while (fabs(v) >= 999.9995 && u + 2 < sizeof(units)) {
		v /= 1000;
		u++;
	}
	snprintf(ret, NUMBER_LEN, "%.*g", digits, v);
	if (u > 0)
		snprintf(ret + strlen(ret), 2, "%c", units[u]);
	return ret;
}

static const char *clock_of(char ret[TEXT_TIME_LEN + 1], int64_t ms)
{
	text_time(ret, ms);
	ret[19] = '\0';
	return ret + 11;
}

static void put_value_axis(const struct chart *c, struct buf *out)
{
	char text[NUMBER_LEN];
	unsigned n = (unsigned)lround((c->high - c->low) / c->step);

	buf_puts(out, "<g class=\"d\" text-anchor=\"end\">");
	for (unsigned k = 0; k <= n; k++) {
		double v = c->low + k * c->step;

		/* What adding up leaves of 0 is not shown. */
		if (fabs(v) < c->step / 1000)
			v = 0;
		buf_printf(out, "<text x=\"%d\" y=\"%.1f\">%s</text>", LEFT - 10, y_of(c, v) + 4.5, number(text, v, 6));
	}
	buf_puts(out, "</g>\n<path class=\"x\" stroke-opacity=\".6\" shape-rendering=\"crispEdges\" d=\"");
	for (unsigned k = 0; k <= n; k++)
		buf_printf(out, "M%d %.1fH%d", LEFT, y_of(c, c->low + k * c->step), RIGHT);
	buf_puts(out, "\"/>\n");
}

static void put_time_axis(const struct chart *c, struct buf *out)
{
	static const int64_t minutes[] = {1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440};
	char clock[TEXT_TIME_LEN + 1];
	int64_t step = 0;

	for (unsigned i = 0; i < N_ELEMENTS(minutes) && (step == 0 || (c->to_ms - c->from_ms) / step > 7); i++)
		step = minutes[i] * 60000;
	buf_puts(out, "<g class=\"d\" text-anchor=\"middle\">");
	for (int64_t ms = c->from_ms; ms <= c->to_ms; ms += step)
		buf_printf(out, "<text x=\"%.1f\" y=\"%d\">%.5s</text>", x_of(c, ms), BOTTOM + 20, clock_of(clock, ms));
	buf_puts(out, "</g>\n<path class=\"x\" shape-rendering=\"crispEdges\" d=\"");
	for (int64_t ms = c->from_ms; ms <= c->to_ms; ms += step)
		buf_printf(out, "M%.1f %dv5", x_of(c, ms), BOTTOM);
	buf_puts(out, "\"/>\n");
}

static void put_point(const struct chart *c, uint32_t i, bool linked, struct buf *out)
{
	buf_printf(out, "%c%.1f %.1f", linked ? 'L' : 'M', x_of(c, c->points[i].ms), y_of(c, c->points[i].v));
	/* One that is alone is a dot. */
	if (!linked)
		buf_puts(out, "h0");
}

static void put_line(const struct chart *c, struct buf *out)
{
	buf_puts(out, "<path class=\"l\" d=\"");
	for (uint32_t i = 0, end; i < c->n; i = end) {
		uint32_t least = i, most = i, first, second;
		int x = (int)x_of(c, c->points[i].ms);

		for (end = i + 1; end < c->n && c->points[end].linked && (int)x_of(c, c->points[end].ms) == x; end++) {
			least = c->points[end].v < c->points[least].v ? end : least;
			most = c->points[end].v > c->points[most].v ? end : most;
		}
		first = least < most ? least : most;
		second = least < most ? most : least;
		put_point(c, first, c->points[i].linked, out);
		if (second != first)
			put_point(c, second, true, out);
	}
	buf_puts(out, "\"/>\n");
}

static unsigned stripe_of(const struct chart *c, uint32_t i)
{
	unsigned k = (unsigned)((x_of(c, c->points[i].ms) - LEFT) * STRIPES / (RIGHT - LEFT));

	return k < STRIPES ? k : STRIPES - 1;
}

/* What is under the pointer. */
static void put_stripes(const struct chart *c, struct buf *out)
{
	double width = (double)(RIGHT - LEFT) / STRIPES;

	buf_puts(out, "<g class=\"o\">\n");
	for (uint32_t i = 0, end; i < c->n; i = end) {
		unsigned k = stripe_of(c, i);
		char clock[TEXT_TIME_LEN + 1], a[NUMBER_LEN], b[NUMBER_LEN], m[NUMBER_LEN];
		double least = c->points[i].v, most = least, sum = 0;

		for (end = i; end < c->n && stripe_of(c, end) == k; end++) {
			least = fmin(least, c->points[end].v);
			most = fmax(most, c->points[end].v);
			sum += c->points[end].v;
		}
		buf_printf(out,
		    "<path d=\"M%.1f %dh%.1fV%dh-%.1fz\"><title>from %s\nmin %s\nmean %s\nmax %s</title></path>\n",
		    LEFT + k * width, TOP, width, BOTTOM, width, clock_of(clock, c->points[i].ms), number(a, least, 4),
		    number(m, sum / (end - i), 4), number(b, most, 4));
	}
	buf_puts(out, "</g>\n");
}

static void put_mark(const struct chart *c, const char *what, uint32_t i, struct buf *out)
{
	char clock[TEXT_TIME_LEN + 1], text[NUMBER_LEN];

	buf_printf(out, "<circle class=\"k\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"><title>%s %s at %s</title></circle>\n",
	    x_of(c, c->points[i].ms), y_of(c, c->points[i].v), what, number(text, c->points[i].v, 6),
	    clock_of(clock, c->points[i].ms));
}

static void put_caption(const struct plot *p, const struct chart *c, struct buf *out)
{
	bool counter = p->column->kind == KIND_COUNTER;
	char low[NUMBER_LEN], mean[NUMBER_LEN], high[NUMBER_LEN];
	char low_at[TEXT_TIME_LEN + 1], high_at[TEXT_TIME_LEN + 1];

	buf_printf(out, "<text class=\"t\" x=\"%d\" y=\"24\" font-size=\"16\">", LEFT);
	svg_put_text(out, p->title, p->title_len);
	buf_printf(out, "</text>\n<text class=\"d\" x=\"%d\" y=\"46\">", LEFT);
	svg_put_text(out, p->column->unit, strlen(p->column->unit));
	buf_printf(out, "%s%s", counter ? " per second" : "", p->column->unit[0] || counter ? "; " : "");
	if (c->n == 0)
		buf_puts(out, "nothing recorded");
	else
		buf_printf(out, "min %s at %s, mean %s, max %s at %s", number(low, c->points[c->least].v, 4),
		    clock_of(low_at, c->points[c->least].ms), number(mean, c->mean, 4),
		    number(high, c->points[c->most].v, 4), clock_of(high_at, c->points[c->most].ms));
	buf_puts(out, "</text>\n");
}

int plot_draw(const struct plot *p, struct buf *out)
{
	_cleanup_(cleanup_free) struct point *points = malloc((p->n + (size_t)1) * sizeof(*points));
	_cleanup_(cleanup_free) int64_t *steps = malloc((p->n + (size_t)1) * sizeof(*steps));
	struct chart c = {.points = points, .from_ms = p->from_ms, .to_ms = p->to_ms};

	if (p->column->type == COL_STR)
		return -ENOENT;
	if (!points || !steps)
		return -ENOMEM;
	convert(p, interval(p, steps), &c);
	measure(&c);
	scale(&c);
	svg_begin(out, WIDTH, HEIGHT,
	    ".l{fill:none;stroke-width:1.5;stroke-linejoin:round;stroke-linecap:round}"
	    ".k{fill:none;stroke-width:1.5;pointer-events:all}"
	    ".o path{fill:#7f8c96;fill-opacity:0}.o path:hover{fill-opacity:.2}",
	    ".l{stroke:#1f6fb2}.k{stroke:#b2411f}", ".l{stroke:#6db6f2}.k{stroke:#f2a06d}");
	put_caption(p, &c, out);
	put_value_axis(&c, out);
	put_time_axis(&c, out);
	if (c.n > 0) {
		put_line(&c, out);
		put_stripes(&c, out);
		put_mark(&c, "min", c.least, out);
		put_mark(&c, "max", c.most, out);
	}
	svg_end(out);
	return out->err;
}
