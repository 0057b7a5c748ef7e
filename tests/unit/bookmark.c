/* bookmark.c -- what is overwritten again and again is there after whatever cut it short */
#include "store/bookmark.h"
#include "tests/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char store[256];

static void open_store(const char *name)
{
	snprintf(store, sizeof store, "%s/%s", tap_tmpdir(), name);
	ok_r(mkdir(store, 0700));
}

static struct bookmark *open_it(void)
{
	struct bookmark *b = NULL;

	ok_r(bookmark_open(store, "it", &b));
	return b;
}

/* The text that is in it; "" for nothing. */
static const char *text_in(const struct bookmark *b)
{
	static char text[BOOKMARK_LEN_MAX + 1];
	const void *p;
	size_t len;

	text[0] = '\0';
	if (b && bookmark_get(b, &p, &len) == 0) {
		memcpy(text, p, len);
		text[len] = '\0';
	}
	return text;
}

static void spoil(off_t off, size_t len)
{
	char path[512], zeros[8192] = {0};
	int fd;

	snprintf(path, sizeof path, "%s/bookmarks/it", store);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok(fd >= 0);
	ok(pwrite(fd, zeros, len, off) == (ssize_t)len);
	close(fd);
}

static void what_was_written_last_is_there_after_a_restart(void)
{
	char text[32] = "";

	open_store("last");
	for (unsigned i = 0; i < 5; i++) {
		_cleanup_(cleanup_bookmark) struct bookmark *b = open_it();

		if (!b)
			return;
		str_eq(text_in(b), text);
		snprintf(text, sizeof text, "%u", i);
		ok_r(bookmark_set(b, "x", 1));
		ok_r(bookmark_set(b, text, strlen(text)));
		str_eq(text_in(b), text);
	}
}

static void one_that_was_cut_short_leaves_the_one_before(void)
{
	for (off_t place = 4096; place <= 8192; place += 4096) {
		struct bookmark *b;
		const char *want;

		open_store(place == 4096 ? "one" : "two");
		b = open_it();
		if (!b)
			return;
		ok_r(bookmark_set(b, "first", 5));
		ok_r(bookmark_set(b, "second", 6));
		bookmark_close(b);
		spoil(place + 30, 1);
		/* The second lies in the first place. */
		want = place == 4096 ? "first" : "second";
		b = open_it();
		str_eq(text_in(b), want);
		ok_r(bookmark_set(b, "third", 5));
		bookmark_close(b);
		b = open_it();
		str_eq(text_in(b), "third");
		bookmark_close(b);
	}
}

static void a_file_that_is_none_is_made_anew(void)
{
	struct bookmark *b;

	open_store("none");
	b = open_it();
	if (!b)
		return;
	ok_r(bookmark_set(b, "first", 5));
	bookmark_close(b);
	spoil(0, 64);
	b = open_it();
	str_eq(text_in(b), "");
	ok_r(bookmark_set(b, "again", 5));
	bookmark_close(b);
	b = open_it();
	str_eq(text_in(b), "again");
	bookmark_close(b);
}

static void it_belongs_to_one_at_a_time(void)
{
	struct bookmark *b, *other;

	open_store("lock");
	b = open_it();
	eq(bookmark_open(store, "it", &other), -EWOULDBLOCK);
	if (b)
		bookmark_close(b);
	b = open_it();
	if (b)
		bookmark_close(b);
}

static void it_has_a_bound(void)
{
	static const char big[BOOKMARK_LEN_MAX + 1];
	_cleanup_(cleanup_bookmark) struct bookmark *b = NULL;
	const void *p;
	size_t len;

	open_store("bound");
	b = open_it();
	if (!b)
		return;
	eq(bookmark_set(b, big, sizeof big), -EMSGSIZE);
	ok_r(bookmark_set(b, big, sizeof big - 1));
	ok_r(bookmark_get(b, &p, &len));
	eq(len, sizeof big - 1);
}

int main(void)
{
	RUN(what_was_written_last_is_there_after_a_restart);
	RUN(one_that_was_cut_short_leaves_the_one_before);
	RUN(a_file_that_is_none_is_made_anew);
	RUN(it_belongs_to_one_at_a_time);
	RUN(it_has_a_bound);
	return tap_done();
}
