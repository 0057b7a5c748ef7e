/* dumppayloads.c -- every record of a store's payloads as a line, as tests/decoder/payloads.py prints them
 *
 *   dumppayloads STORE    keys by name, newest records first, up to where one is damaged
 */
#include "store/io.h"
#include "store/payload_name.h"
#include "store/text.h"

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>

struct named {
	struct buf name; /* ends with a zero */
	uint64_t newest; /* number */
};

struct list {
	struct named *v;
	size_t n;
};

static void put_str(struct buf *line, struct span s)
{
	size_t len = text_str_len((const char *)s.p, span_left(&s));

	if (buf_reserve(line, len) < 0)
		err(1, "memory");
	text_put_str((char *)line->p + line->len, (const char *)s.p, span_left(&s));
	line->len += len;
}

static void add(struct list *l, const struct payload *found)
{
	struct named *v = realloc(l->v, (l->n + 1) * sizeof *v);

	if (!v)
		err(1, "memory");
	l->v = v;
	v[l->n] = (struct named){.newest = found->number};
	payload_name_put(&v[l->n].name, &found->key);
	buf_put_u8(&v[l->n].name, 0);
	if (v[l->n++].name.err < 0)
		err(1, "memory");
}

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return strcmp((const char *)x->name.p, (const char *)y->name.p);
}

static int dump(struct payloads *p, const struct named *key)
{
	_cleanup_(buf_done) struct buf room = {0}, line = {0};
	struct payload found = {.before = key->newest};
	int r = 0;

	while (found.before != 0 && (r = payloads_record(p, found.before, &room, &found)) == 0) {
		char time[TEXT_TIME_LEN + 1];

		text_time(time, found.time_ms);
		buf_clear(&line);
		put_str(&line, span_of(key->name.p, key->name.len - 1));
		buf_printf(&line, "\t%" PRIu64 "\t%s\t%" PRIu32 "\t%s\t", found.number, time, found.version,
		    found.deleted ? "deleted"
		    : found.raw   ? "raw"
		                  : "json");
		put_str(&line, found.value);
		buf_put_u8(&line, '\n');
		fwrite(line.p, 1, line.len, stdout);
	}
	return r == -ENOENT ? 0 : r;
}

int main(int argc, char **argv)
{
	_cleanup_(cleanup_payloads) struct payloads *p = NULL;
	_cleanup_(buf_done) struct buf room = {0};
	struct list l = {0};
	struct payload found;
	uint64_t cookie = 0;
	int fd, r;

	if (argc != 2)
		errx(2, "usage: dumppayloads STORE");
	fd = io_opendir(AT_FDCWD, argv[1], false);
	r = fd < 0 ? fd : payloads_open_read(fd, &p);
	if (r < 0)
		errx(1, "%s: %s", argv[1], strerror(-r));
	while ((r = payloads_next(p, cookie, PAYLOADS_DELETED, &room, &found, NULL, &cookie)) == 0 || r == -EBADMSG)
		if (r == 0)
			add(&l, &found);
	if (r != -ENODATA)
		errx(1, "keys: %s", strerror(-r));
	qsort(l.v, l.n, sizeof *l.v, by_name);
	for (size_t i = 0; i < l.n; i++) {
		r = dump(p, &l.v[i]);
		if (r < 0)
			warnx("%s: %s", (const char *)l.v[i].name.p, strerror(-r));
		buf_done(&l.v[i].name);
	}
	free(l.v);
	io_close(fd);
	return fflush(stdout) == 0 ? 0 : 1;
}
