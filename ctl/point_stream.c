/* point_stream.c -- see point_stream.h */
#include "ctl/point_stream.h"

#include "ctl/progress.h"
#include "ctl/records.h"
#include "ctl/series_text.h"

#include <err.h>
#include <inttypes.h>
#include <poll.h>

enum {
	PIECE = 1 << 20,
	LINE_MAX_LEN = 16 << 20,
	BATCH = 10000, /* points at once */
};

/* What was refused of a stream. */
struct refused {
	const char *name;
	uint64_t n;
};

static void refuse(struct refused *f, uint64_t line, uint64_t n, const char *why)
{
	if (f->n == 0)
		warnx("%s: line %" PRIu64 ": %s", f->name, line, why);
	f->n += n;
}

static int report(const struct refused *f)
{
	if (f->n > 1)
		warnx("%s: %" PRIu64 " lines or points were refused", f->name, f->n);
	return f->n > 0 ? -EINVAL : 0;
}

/* --- text --- */

struct text {
	struct histfs *h;
	unsigned form;
	enum histfs_ack ack;
	struct buf in;
	uint64_t line; /* lines before what is in there */
	struct refused refused;
	struct progress progress;
};

static uint64_t count_lines(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	uint64_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

/* Sends what there is, and keeps what was not dealt with. */
static int send_text(struct text *t, bool more)
{
	struct histfs_taken taken;
	int r = histfs_points_text(t->h, t->form | (more ? HISTFS_MORE : 0), t->in.p, t->in.len, t->ack, &taken);

	if (r < 0) {
		warnx("%s", histfs_error(t->h));
		return r;
	}
	if (taken.len > t->in.len) {
		warnx("histd sent an answer that is none");
		return -EPROTO;
	}
	if (taken.refused > 0) {
		uint64_t line = 0;
		int behind = 0;

		if (sscanf(taken.why, "line %" SCNu64 ": %n", &line, &behind) < 1)
			behind = 0;
		refuse(&t->refused, t->line + line, taken.refused, taken.why + behind);
	}
	t->line += count_lines(t->in.p, taken.len);
	progress_show(&t->progress, taken.len, taken.accepted);
	memmove(t->in.p, t->in.p + taken.len, t->in.len - taken.len);
	t->in.len -= taken.len;
	return 0;
}

static bool would_wait(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) <= 0;
}

/* One read; sends lines that are there, once they are many or no more are. 0: that was the end. */
static int send_some(struct text *t, int fd)
{
	ssize_t n;
	int r;

	if (buf_reserve(&t->in, PIECE) < 0)
		return -ENOMEM;
	do
		n = read(fd, t->in.p + t->in.len, PIECE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->in.len += (size_t)n;
	if (n > 0 && !memchr(t->in.p + t->in.len - n, '\n', (size_t)n))
		return t->in.len > LINE_MAX_LEN ? -EMSGSIZE : 1;
	if (n > 0 && t->in.len < PIECE && !would_wait(fd))
		return 1;
	r = t->in.len > 0 ? send_text(t, n > 0) : 0;
	return r < 0 ? r : n > 0;
}

int point_stream_text(struct histfs *h, int fd, const char *name, unsigned form, enum histfs_ack ack)
{
	struct text t = {.h = h, .form = form, .ack = ack, .refused = {.name = name}};
	int r;

	progress_begin(&t.progress, fd, "points");
	while ((r = send_some(&t, fd)) > 0)
		;
	progress_end(&t.progress);
	buf_done(&t.in);
	if (r < 0) {
		warnx("%s: %s", name, r == -EMSGSIZE ? "a line is too long" : strerror(-r));
		return r;
	}
	return report(&t.refused);
}

/* --- lines --- */

struct lines {
	struct histfs *h;
	enum histfs_ack ack;
	struct histfs_point points[BATCH];
	struct series_text *series[BATCH]; /* that they have, each once */
	size_t n, n_series;
	struct buf text; /* of the last series; and */
	struct buf line; /* the line, to be taken apart */
	uint64_t number;
	struct refused refused;
};

static int flush(struct lines *l)
{
	int r = l->n > 0 ? histfs_points(l->h, l->points, l->n, l->ack) : 0;

	if (r < 0)
		warnx("%s: up to line %" PRIu64 ": %s", l->refused.name, l->number, histfs_error(l->h));
	for (size_t i = 0; i < l->n_series; i++)
		free(l->series[i]);
	l->n = l->n_series = 0;
	return r;
}

/* Lines of one series follow each other. */
static int find_series(struct lines *l, char *text, struct series_text **ret, const char **ret_why)
{
	size_t len = strlen(text);
	int r;

	if (l->n_series > 0 && l->text.len == len && memcmp(l->text.p, text, len) == 0) {
		*ret = l->series[l->n_series - 1];
		return 0;
	}
	buf_clear(&l->text);
	buf_put(&l->text, text, len);
	if (l->text.err < 0)
		return l->text.err;
	*ret_why = "a backslash before what needs none";
	r = series_text_unescape(text) ? series_text_parse(span_of(text, strlen(text)), ret, ret_why) : -EINVAL;
	if (r == 0)
		l->series[l->n_series++] = *ret;
	else
		buf_clear(&l->text);
	return r;
}

static int parse_line(struct lines *l, char *text, struct histfs_point *ret, const char **ret_why)
{
	char *time = strchr(text, '\t'), *value = time ? strchr(time + 1, '\t') : NULL;
	struct series_text *s;
	int r;

	*ret_why = "a line has a series, a time and a value, with tabs between";
	if (!value)
		return -EINVAL;
	*time++ = *value++ = '\0';
	*ret_why = "a time that is none";
	if (!series_text_time(time, &ret->time_ns))
		return -EINVAL;
	*ret_why = "a value that is none";
	if (!series_text_value(value, &ret->value))
		return -EINVAL;
	r = find_series(l, text, &s, ret_why);
	if (r < 0)
		return r;
	ret->metric = s->metric;
	ret->labels = s->labels;
	ret->n_labels = s->n;
	return 0;
}

static int add_line(struct lines *l, struct span line)
{
	static const char header[] = "series\ttime\tvalue";
	const char *why = NULL;
	int r;

	l->number++;
	buf_clear(&l->line);
	buf_put(&l->line, line.p, span_left(&line));
	buf_put_u8(&l->line, 0);
	if (l->line.err < 0)
		return l->line.err;
	if (l->line.len == 1 || (l->number == 1 && strcmp((char *)l->line.p, header) == 0))
		return 0;
	r = memchr(line.p, 0, span_left(&line)) ? -EINVAL : parse_line(l, (char *)l->line.p, &l->points[l->n], &why);
	if (r == -EINVAL) {
		refuse(&l->refused, l->number, 1, why ? why : "there is a zero byte");
		return 0;
	}
	if (r < 0)
		return r;
	return ++l->n == BATCH ? flush(l) : 0;
}

static int add_lines(struct lines *l, int fd, struct records *in)
{
	struct progress progress;
	struct span line;
	int r = 0, more = 1;

	progress_begin(&progress, fd, "points");
	while (r == 0 && more > 0) {
		/* Nothing is left unsent while the next line is waited for. */
		if (records_would_wait(in))
			r = flush(l);
		if (r < 0)
			break;
		more = records_read(in);
		if (more < 0) {
			warnx("%s: %s", l->refused.name, more == -EMSGSIZE ? "a line is too long" : strerror(-more));
			r = more;
		}
		while (r == 0 && records_next(in, &line) == 0) {
			r = add_line(l, line);
			if (r == -ENOMEM)
				warnx("%s", strerror(ENOMEM));
			progress_show(&progress, span_left(&line) + 1, 1);
		}
	}
	progress_end(&progress);
	return r;
}

int point_stream_lines(struct histfs *h, int fd, const char *name, enum histfs_ack ack)
{
	_cleanup_(cleanup_free) struct lines *l = calloc(1, sizeof *l);
	_cleanup_(cleanup_records) struct records *in = NULL;
	int r = l ? records_new(fd, span_of("\n", 1), PIECE, &in) : -ENOMEM, last;

	if (r < 0) {
		warnx("%s: %s", name, strerror(-r));
		return r;
	}
	l->h = h;
	l->ack = ack;
	l->refused.name = name;
	r = add_lines(l, fd, in);
	/* Also what stands before something that is wrong. */
	last = flush(l);
	buf_done(&l->text);
	buf_done(&l->line);
	if (r == 0)
		r = last;
	return r < 0 ? r : report(&l->refused);
}
