/* payloadtree.c -- payloads in the tree: names, versions, what was there at a time and in each snapshot, damage */
#include "store/payload_name.h"
#include "store/recorder.h"
#include "tests/unit/topicstore.h"

#include <inttypes.h>

struct putter {
	int fd;
	struct payloads *p;
};

static void putter_open(struct putter *w, const char *dir)
{
	const struct payloads_options o = {.boot = 1, .keep_versions = UINT32_MAX};
	struct identity id;

	w->fd = io_opendir(AT_FDCWD, dir, false);
	if (!ok_r(w->fd) || !ok_r(identity_read(w->fd, &id)) || !ok_r(payloads_open(w->fd, id.id, &o, &w->p)))
		exit(1);
}

static void putter_close(struct putter *w)
{
	ok_r(payloads_close(w->p));
	io_close(w->fd);
}

static void put(struct putter *w, const char *key, const char *value, int64_t ms)
{
	struct payload_put put = {.key = {.string = span_of(key, strlen(key))}};
	uint64_t number;
	uint32_t written;

	put.deletes = !value;
	put.raw = value && *value == '!';
	if (value)
		put.value = span_of(value, strlen(value));
	ok_r(payloads_put(w->p, &put, 1, ms, &number, &written, NULL));
	eq(written, 1);
	/* What is behind it then says that it was durable. */
	ok_r(payloads_sync(w->p));
}

/* Three hours of snapshots; deploy is put before the second hour's, twice in one millisecond in it, and deleted in the
 * third. */
static const char *make_payloads(void)
{
	const char *dir = make();
	const int64_t start = (int64_t)HOUR * HOUR_MS;
	struct putter w;

	putter_open(&w, dir);
	put(&w, "deploy", "{\"v\":1}", start + HOUR_MS - 1);
	put(&w, "deploy", "{\"v\":2}", start + HOUR_MS + 90500);
	put(&w, "deploy", "{\"v\":3}", start + HOUR_MS + 90500);
	put(&w, "raw", "!bytes", start + HOUR_MS + 90500);
	put(&w, "deploy", NULL, start + 2 * HOUR_MS);
	put(&w, "a/b", "[]", start + 2 * HOUR_MS);
	putter_close(&w);
	return dir;
}

static bool has(struct tree *t, const char *path, const char *wanted)
{
	_cleanup_(cleanup_free) char *text = NULL;
	size_t len = 0;

	text = file(t, path, 3, &len);
	if (text && strcmp(text, wanted) == 0)
		return true;
	printf("# %s: %s\n", path, text ? text : "(none)");
	return false;
}

static void documents_are_files_of_their_bytes(void)
{
	struct opened o = open_tree(make_payloads());
	struct tree_attr a = {0}, b = {0};

	ok(has(o.t, "/payloads/raw.raw", "!bytes"));
	ok(has(o.t, "/payloads/a%2Fb.json", "[]"));
	ok_r(tree_walk(o.t, "/payloads/a%2Fb.json", &a));
	eq(a.mtime_ms, ((int64_t)HOUR + 2) * HOUR_MS);
	eq(a.ino >> 55, VIEW_PAYLOADS);
	eq(names_in(o.t, "/payloads").n, 2);
	eq(walk(o.t, "/payloads/deploy.json"), -ENOENT);
	eq(walk(o.t, "/payloads/raw.json"), -ENOENT);
	eq(walk(o.t, "/payloads/raw"), -ENOENT);
	eq(walk(o.t, "/payloads/a%2fb.json"), -ENOENT);
	eq(walk(o.t, "/payloads/raw.raw/x"), -ENOTDIR);
	ok_r(tree_walk(o.t, "/payloads", &a));
	ok_r(tree_walk(o.t, "/payloads/.history/..", &b));
	eq(a.ino, b.ino);
	ok_r(tree_walk(o.t, "/payloads/.at/-1s/../..", &b));
	eq(a.ino, b.ino);
	close_tree(o);
}

static void every_version_has_a_name_of_its_own(void)
{
	struct opened o = open_tree(make_payloads());
	const char *dir = "/payloads/.history/deploy/2026-11-20T04-01-30.500Z";
	struct tree_attr a = {0}, b = {0};
	char path[128];

	eq(names_in(o.t, "/payloads/.history").n, 3);
	eq(names_in(o.t, "/payloads/.history/deploy").n, 4);
	snprintf(path, sizeof(path), "%s.json", dir);
	ok(has(o.t, path, "{\"v\":2}"));
	ok_r(tree_walk(o.t, path, &a));
	snprintf(path, sizeof(path), "%s.2.json", dir);
	ok(has(o.t, path, "{\"v\":3}"));
	ok_r(tree_walk(o.t, path, &b));
	ok(a.ino != b.ino && a.mtime_ms == b.mtime_ms && a.mtime_ns != b.mtime_ns);
	eq(a.ino >> 55, VIEW_RECORD);
	ok(has(o.t, "/payloads/.history/deploy/2026-11-20T05-00-00.000Z.deleted", ""));
	for (const char *const *s = (const char *const[]){".1.json", ".3.json", ".02.json", ".2.raw", ".2", "", NULL};
	     *s; s++) {
		snprintf(path, sizeof(path), "%s%s", dir, *s);
		eq(walk(o.t, path), -ENOENT);
	}
	eq(walk(o.t, "/payloads/.history/deploy/2026-11-20T04-01-30.501Z.json"), -ENOENT);
	eq(walk(o.t, "/payloads/.history/deploy/2026-11-20T04:01:30.500Z.json"), -ENOENT);
	eq(walk(o.t, "/payloads/.history/none"), -ENOENT);
	close_tree(o);
}

static void a_time_has_what_was_there_then(void)
{
	struct opened o = open_tree(make_payloads());

	eq(names_in(o.t, "/payloads/.at").n, 0);
	eq(names_in(o.t, "/payloads/.at/2026-11-20T03:59").n, 0);
	eq(names_in(o.t, "/payloads/.at/2026-11-20T04:00").n, 1);
	ok(has(o.t, "/payloads/.at/2026-11-20T04:00/deploy.json", "{\"v\":1}"));
	eq(names_in(o.t, "/payloads/.at/2026-11-20T04:59").n, 2);
	ok(has(o.t, "/payloads/.at/2026-11-20T04:59/deploy.json", "{\"v\":3}"));
	eq(walk(o.t, "/payloads/.at/2026-11-20T05:00/deploy.json"), -ENOENT);
	eq(walk(o.t, "/payloads/.at/2026-11-20T04:00/raw.raw"), -ENOENT);
	eq(walk(o.t, "/payloads/.at/never"), -ENOENT);
	eq(walk(o.t, "/payloads/.at/1969-12-31"), -ENOENT);
	close_tree(o);
}

static void a_snapshot_leads_to_what_was_there_if_anything_was(void)
{
	struct opened o = open_tree(make_payloads());
	struct tree_attr dir = {0}, link = {0};
	struct span target;

	eq(walk(o.t, "/hour/2026-11-20T03/snapshot-1/payloads"), -ENOENT);
	ok(has(o.t, "/hour/2026-11-20T04/snapshot-0/payloads/deploy.json", "{\"v\":1}"));
	ok(has(o.t, "/hour/2026-11-20T04/snapshot-9/payloads/deploy.json", "{\"v\":3}"));
	eq(walk(o.t, "/hour/2026-11-20T05/snapshot-1/payloads/deploy.json"), -ENOENT);
	eq(walk(o.t, "/rate/2026-11-20T04/snapshot-1/payloads"), -ENOENT);
	ok_r(tree_walk(o.t, "/hour/2026-11-20T04/snapshot-1", &dir));
	ok_r(tree_lookup(o.t, dir.ino, "payloads", &link));
	ok(S_ISLNK(link.mode));
	ok_r(tree_readlink(o.t, link.ino, &target));
	eq(span_left(&target), link.size);
	eq(link.mtime_ms, dir.mtime_ms);
	eq(link.ino & NODE_LEAF_MAX, LEAF_PAYLOADS);
	close_tree(o);
}

/* --- listing --- */

struct seen {
	uint64_t cookie, n;
	bool with_attr;
};

static int see_one(const struct tree_entry *e, void *arg)
{
	struct seen *s = arg;

	if (s->cookie != 0)
		return 1;
	s->cookie = e->cookie;
	s->with_attr = e->attr && e->attr->ino == e->ino && e->attr->name_ms > 0;
	s->n++;
	return 0;
}

static void a_listing_goes_on_behind_any_entry(void)
{
	static const char *const dirs[] = {
	    "/payloads", "/payloads/.history", "/payloads/.history/many", "/payloads/.at/2026-11-20T06:00"};
	static const uint64_t counts[] = {203, 204, 50, 203};
	const char *dir = make_payloads();
	struct putter w;
	struct opened o;

	putter_open(&w, dir);
	for (int i = 0; i < 200; i++) {
		char key[32];

		snprintf(key, sizeof(key), "key-%d", i);
		put(&w, key, "1", ((int64_t)HOUR + 2) * HOUR_MS);
	}
	for (int i = 0; i < 50; i++)
		put(&w, "many", "1", ((int64_t)HOUR + 2) * HOUR_MS + i / 10);
	putter_close(&w);
	o = open_tree(dir);
	for (size_t d = 0; d < N_ELEMENTS(dirs); d++) {
		struct tree_attr a = {0};
		uint64_t n = 0, cookie = 0;

		ok_r(tree_walk(o.t, dirs[d], &a));
		for (;; n++) {
			struct seen s = {0};
			int r = tree_list(o.t, a.ino, cookie, true, see_one, &s);

			if (!ok(r >= 0) || s.n == 0)
				break;
			ok(s.with_attr && s.cookie > cookie && s.cookie < UINT64_C(1) << 63);
			cookie = s.cookie;
		}
		eq(n, counts[d]);
	}
	close_tree(o);
}

static void what_is_damaged_is_an_error_and_told_and_the_rest_is_there(void)
{
	const char *dir = make_payloads();
	char path[256], text[4096], *at;
	struct opened o;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/payloads/00000000000000000001.log", dir);
	fd = open(path, O_RDWR);
	n = pread(fd, text, sizeof(text), 0);
	at = n > 0 ? memmem(text, (size_t)n, "!bytes", 6) : NULL;
	if (!ok(at))
		exit(1);
	ok(pwrite(fd, "?", 1, at - text) == 1);
	close(fd);
	o = open_tree(dir);
	ok(has(o.t, "/payloads/a%2Fb.json", "[]"));
	ok(walk(o.t, "/payloads/raw.raw") < 0);
	ok(names_in(o.t, "/payloads").n >= 1);
	ok(has(o.t, "/payloads/.at/2026-11-20T04:00/deploy.json", "{\"v\":1}"));
	{
		_cleanup_(cleanup_free) char *status = NULL;
		size_t len;

		status = file(o.t, "/status", 1 << 16, &len);
		ok(status && strstr(status, "\ndamaged\tpayloads/00000000000000000001.log\t"));
	}
	close_tree(o);
}

int main(void)
{
	RUN(documents_are_files_of_their_bytes);
	RUN(every_version_has_a_name_of_its_own);
	RUN(a_time_has_what_was_there_then);
	RUN(a_snapshot_leads_to_what_was_there_if_anything_was);
	RUN(a_listing_goes_on_behind_any_entry);
	RUN(what_is_damaged_is_an_error_and_told_and_the_rest_is_there);
	return tap_done();
}
