/* payloads.c -- fuzzes the payload log and its index snapshot, with all checks made right, with a mark and without, as
 * a reader and as a writer
 *
 * Input: length of the log (4 bytes), the log, the snapshot. */
#include "store/payloads.h"

#include "store/payload_mark.h"
#include "tests/fuzz/twofiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define LOG "payloads/00000000000000000001.log"

static bool is_expected(int r)
{
	return r == 0 || r == -EBADMSG || r == -EMSGSIZE;
}

static void look_at(struct payloads *p)
{
	struct payloads_state st;
	struct payload found, same;
	_cleanup_(buf_done) struct buf room = {0}, other = {0};
	uint64_t cookie = 0, before = 0, value_len;

	for (int i = 0; i < 1000; i++) {
		int next = payloads_next(p, cookie, PAYLOADS_VALUES, &room, &found, &value_len, &cookie);

		if (next < 0 && (next != -EBADMSG || cookie == before))
			break;
		must(cookie > before && cookie < UINT64_C(1) << 55);
		before = cookie;
		if (next < 0)
			continue;
		must(!found.deleted);
		must(is_expected(payloads_newest(p, &found.key, &other, &same)));
		for (int64_t t = found.time_ms; t > found.time_ms - 3 && t > INT64_MIN + 3; t--) {
			int r = payloads_get(p, &found.key, t, &other, &same);

			must(is_expected(r) || r == -ENOENT);
			must(r < 0 || same.time_ms <= t);
		}
	}
	payloads_state(p, &st);
	for (uint64_t i = 1; i < 20; i++) {
		int r = payloads_record(p, i, &room, &found);

		must(is_expected(r) || r == -ENOENT);
		must(r < 0 || found.number == i);
	}
}

/* Half of the log was durable. */
static void set_mark(int top)
{
	struct payload_mark m = {.number = 3};
	struct disk_header header;
	struct file_id id;
	struct bookmark *b;
	struct stat st;
	int fd = openat(top, LOG, O_RDONLY);

	must(fd >= 0 && fstat(fd, &st) == 0);
	if (pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header &&
	    file_header_get(&header, KIND_PAYLOADS, &id) == 0)
		m = (struct payload_mark){.file_id = id.id, .len = (uint64_t)st.st_size / 2, .number = 3};
	close(fd);
	if (m.len == 0)
		return;
	fd = io_opendir(top, "payloads", false);
	must(fd >= 0 && payload_mark_open(fd, &b) == 0 && payload_mark_set(b, &m) == 0);
	bookmark_close(b);
	io_close(fd);
}

static void try(int top)
{
	const struct payloads_options o = {.sync = SYNC_NONE, .segment_size = 1 << 20, .snapshot_every = 1};
	struct payload_put put = {.key = {.is_number = true, .number = 5}, .value = span_of("1", 1)};
	_cleanup_(cleanup_payloads) struct payloads *rd = NULL, *wr = NULL;
	_cleanup_(buf_done) struct buf room = {0};
	struct payload found;

	if (payloads_open_read(top, &rd) == 0) {
		look_at(rd);
		must(payloads_refresh(rd) >= 0);
	}
	if (payloads_open(top, 1, &o, &wr) < 0)
		return;
	look_at(wr);
	if (payloads_put(wr, &put, 1, 1, NULL, NULL, NULL) == 0) {
		must(payloads_get(wr, &put.key, INT64_MAX, &room, &found) == 0 && *found.value.p == '1');
		(void)payloads_tidy(wr, 1, 10, NULL);
		must(payloads_get(wr, &put.key, INT64_MAX, &room, &found) == 0 && *found.value.p == '1');
	}
	look_at(wr);
}

static void try_marked(int top)
{
	set_mark(top);
	try(top);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct twofiles plain = {.folder = "payloads", .log = LOG, .other = "payloads/keys", .try = try},
	                             marked = {
	                                 .folder = "payloads",
	                                 .log = LOG,
	                                 .other = "payloads/keys",
	                                 .try = try_marked,
	                             };

	twofiles_run(&plain, data, len);
	twofiles_run(&marked, data, len);
	return 0;
}
