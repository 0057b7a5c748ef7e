/* topicindex.c -- fuzzes the indexes of a segment: whatever they say, what is read is what was written or an error */
#include "store/topic_reader.h"
#include "tests/fuzz/frames.h"

#include "tests/segment_rig.h"

#include <ftw.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { N = 200 };

static char dir[] = "/tmp/histfs-fuzz-XXXXXX";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void remove_dir(void)
{
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A partition of one segment, made once; the input becomes its index, or its time index. */
static struct rig *partition(void)
{
	static struct rig g;
	static bool made;

	if (!made) {
		must(mkdtemp(dir));
		atexit(remove_dir);
		g = rig_begin(dir);
		rig_segment(&g, 0);
		rig_fill(&g, N, 7);
		made = true;
	}
	return &g;
}

static void put_file(struct rig *g, const char *suffix, const uint8_t *p, size_t len)
{
	char name[64];
	int fd;

	rig_name(name, g->base, suffix);
	/* Not cut to nothing first: ext4 waits for the disk when such a file is closed. */
	fd = openat(g->dir, name, O_RDWR | O_CREAT, 0644);
	must(fd >= 0 && write(fd, p, len) == (ssize_t)len && ftruncate(fd, (off_t)len) == 0);
	close(fd);
}

static bool is_error(int r)
{
	return r == -ENOENT || r == -ENODATA || r == -EBADMSG;
}

static void read_all(const struct rig *g)
{
	_cleanup_(cleanup_topic_store) struct topic_store *s = NULL;
	_cleanup_(buf_done) struct buf text = {0};
	uint64_t at = 0, behind, found, len;
	struct topic_reader *r;
	struct topic_stat st;
	struct message m;
	int x;

	must(topic_store_open(g->store, 1 << 20, &s) == 0);
	must(topic_store_reader(s, 1, &r) == 0);
	for (uint64_t i = 0; i < N + 10; i += 7) {
		x = topic_reader_get(r, i, &m);
		must(x == 0 ? rig_is(g, &m, i) : is_error(x));
		x = topic_reader_stat(r, i, &st);
		must(x == 0 ? st.offset == i && st.time_ms == rig_time(i) : is_error(x));
		x = topic_reader_at(r, rig_time(i), &found);
		must(x == 0 || is_error(x));
	}
	while ((x = topic_reader_next(r, at, &m, &behind)) == 0 || (x == -EBADMSG && behind > at)) {
		must(x < 0 || rig_is(g, &m, m.offset));
		must(behind > at);
		at = behind;
	}
	must(is_error(x));
	x = topic_reader_text_len(r, 0, UINT64_MAX, &len);
	must(x == 0 || is_error(x));
	x = topic_reader_text(r, 0, UINT64_MAX, len / 3, 5000, &text);
	must((x == 0 && text.len <= 5000) || is_error(x));
	must(topic_store_refresh(s) >= 0);
}

static void try(struct rig *g, const uint8_t *p, size_t len)
{
	const char *suffix = len > 11 && p[11] == 'T' ? ".timeindex" : ".index";

	put_file(g, suffix, p, len);
	read_all(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);
	struct rig *g = partition();

	must(p);
	memcpy(p, data, len);
	try(g, p, len);
	repair(p, len);
	try(g, p, len);
	return 0;
}
