/* records.c -- see records.h */
#include "ctl/records.h"

#include <poll.h>
#include <stdlib.h>

enum { PIECE = 256 << 10 };

struct records {
	int fd;
	struct buf delimiter;
	size_t max;
	struct buf in;
	size_t at;       /* where the next record begins */
	size_t searched; /* up to where there is no delimiter behind that */
	bool end;
};

int records_new(int fd, struct span delimiter, size_t max, struct records **ret)
{
	_cleanup_(cleanup_records) struct records *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->fd = fd;
	r->max = max;
	buf_put(&r->delimiter, delimiter.p, span_left(&delimiter));
	if (r->delimiter.err)
		return r->delimiter.err;
	*ret = TAKE(r);
	return 0;
}

void records_free(struct records *r)
{
	buf_done(&r->delimiter);
	buf_done(&r->in);
	free(r);
}

int records_read(struct records *r)
{
	ssize_t n;

	if (r->at > 0) {
		memmove(r->in.p, r->in.p + r->at, r->in.len - r->at);
		r->in.len -= r->at;
		r->searched -= r->at;
		r->at = 0;
	}
	if (r->in.len > r->max)
		return -EMSGSIZE;
	if (buf_reserve(&r->in, PIECE) < 0)
		return r->in.err;
	do
		n = read(r->fd, r->in.p + r->in.len, r->in.cap - r->in.len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->in.len += (size_t)n;
	r->end = n == 0;
	return n > 0;
}

int records_next(struct records *r, struct span *ret)
{
	const uint8_t *begin = r->in.p + r->at, *found = NULL;
	size_t len = r->delimiter.len;

	if (r->at == r->in.len)
		return -ENODATA;
	if (len > 0)
		found = memmem(r->in.p + r->searched, r->in.len - r->searched, r->delimiter.p, len);
	if (!found && !r->end) {
		/* A delimiter may have begun. */
		r->searched = r->in.len - r->at > len ? r->in.len - len : r->at;
		return -ENODATA;
	}
	if (!found)
		found = r->in.p + r->in.len;
	*ret = (struct span){begin, found};
	r->at = (size_t)(found - r->in.p) + len;
	if (r->at > r->in.len)
		r->at = r->in.len;
	r->searched = r->at;
	return 0;
}

bool records_would_wait(const struct records *r)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}
