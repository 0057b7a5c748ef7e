/* lines.c -- see lines.h */
#include "collector/lines.h"

#include "collector/tail.h"

#include <time.h>

enum {
	BATCH_LINES = 1000,      /* messages at once, */
	BATCH_BYTES = 512 << 10, /* or so many bytes */
};

struct lines {
	const char *path;
	struct tail *tail;
	struct reach *reach;
	unsigned place;
};

static bool reach(struct lines *l)
{
	return reach_begin(l->reach, l->place, l->path);
}

static void reached(struct lines *l)
{
	reach_end(l->reach, l->place);
}

int lines_open(struct reach *r, unsigned place, const char *path, const struct followed_mark *mark, size_t line_max,
    struct lines **ret)
{
	struct lines *l = malloc(sizeof *l);
	int err;

	if (!l)
		return -ENOMEM;
	*l = (struct lines){.path = path, .reach = r, .place = place};
	err = reach_begin(r, place, path) ? 0 : -EAGAIN;
	if (err == 0) {
		err = tail_new(path, mark, line_max, &l->tail);
		reached(l);
	}
	if (err < 0) {
		free(l);
		return err;
	}
	*ret = l;
	return 0;
}

void lines_close(struct lines *l)
{
	reach_must(l->reach, l->place, l->path);
	tail_free(l->tail);
	reached(l);
	free(l);
}

int lines_look(struct lines *l)
{
	struct span line;
	int r;

	if (!reach(l))
		return -EAGAIN;
	r = tail_next(l->tail, &line);
	reached(l);
	return r;
}

static int add(struct batch_builder *b, struct span line, struct span headers)
{
	struct message m = {.offset = b->n, .value = line, .headers = headers};
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	m.time_ms = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	return batch_add(b, &m);
}

static int fill(struct lines *l, struct batch_builder *b, struct span headers)
{
	while (b->n < BATCH_LINES && b->body.len < BATCH_BYTES) {
		struct span line;
		int r = tail_next(l->tail, &line);

		if (r == 0)
			r = add(b, line, headers);
		if (r < 0)
			return r;
		tail_took(l->tail);
	}
	return 0;
}

int lines_fill(struct lines *l, bool named, struct batch_builder *b)
{
	_cleanup_(buf_done) struct buf headers = {0};
	int r;

	if (named)
		message_put_header(&headers, "file", 4, l->path, strlen(l->path));
	if (headers.err < 0)
		return headers.err;
	if (!reach(l))
		return -EAGAIN;
	r = fill(l, b, span_of(headers.p, headers.len));
	reached(l);
	return r;
}

int lines_switch(struct lines *l)
{
	if (!reach(l))
		return -EAGAIN;
	tail_switch(l->tail);
	reached(l);
	return 0;
}

int lines_pass(struct lines *l, struct span value)
{
	int r;

	if (!reach(l))
		return -EAGAIN;
	r = tail_pass(l->tail, value);
	reached(l);
	return r;
}

int lines_mark(struct lines *l, struct followed_mark *ret)
{
	int r;

	if (!reach(l))
		return -EAGAIN;
	r = tail_mark(l->tail, ret);
	reached(l);
	return r;
}

unsigned lines_n_files(const struct lines *l)
{
	return tail_n_files(l->tail);
}

bool lines_are_of(const struct lines *l, uint64_t dev, uint64_t ino)
{
	return tail_reads(l->tail, dev, ino);
}
