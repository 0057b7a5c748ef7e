/* corruption.c -- every byte of the golden stores turned over, one at a time: what is read then is right, or an error
 *
 * A flipped byte may cost what docs/format.md says that it costs, and nothing else: in a sealed hour's group that
 * group's snapshots, in a log's frame that snapshot and those based on it, in a file's header the file; anywhere else
 * nothing at all.
 */
#include "store/frame.h"
#include "store/heat.h"
#include "store/io.h"
#include "store/names.h"
#include "store/recorder.h"
#include "store/seal.h"
#include "store/store.h"
#include "tests/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { TEXTS_MAX = 1024, HEATS_MAX = 256, FILES_MAX = 32, FILE_MAX = 32 << 10, STRIDE = 5 };

struct text {
	int32_t hour;
	uint32_t seq;
	uint16_t table;
	struct buf text;
	bool found;
};

struct heat {
	int32_t hour;
	struct disk_heat entry;
};

/* What a store holds. */
struct contents {
	struct text texts[TEXTS_MAX];
	unsigned n;
	struct heat heats[HEATS_MAX];
	unsigned n_heats;
};

struct file {
	char name[64];
	int32_t hour;
	uint32_t part;
	enum file_type type;
	bool is_store;
	uint8_t bytes[FILE_MAX];
	size_t len;
};

/* Snapshots that may be missing. */
struct loss {
	int32_t hour;
	uint64_t from, to; /* seq, to not included */
};

static struct contents clean;
static struct file files[FILES_MAX];
static unsigned n_files;
static char dir[256];
static unsigned n_flips, n_harmless, n_lossy;

/* --- reading --- */

static struct text *find_text(int32_t hour, uint32_t seq, uint16_t table)
{
	for (unsigned i = 0; i < clean.n; i++)
		if (clean.texts[i].hour == hour && clean.texts[i].seq == seq && clean.texts[i].table == table)
			return &clean.texts[i];
	return NULL;
}

static void keep_text(int32_t hour, uint32_t seq, uint16_t table, struct span s)
{
	struct text *t = &clean.texts[clean.n++];

	if (clean.n == TEXTS_MAX)
		abort();
	*t = (struct text){.hour = hour, .seq = seq, .table = table};
	buf_put(&t->text, s.p, span_left(&s));
}

/* A text that is read is one that was there, byte for byte, as long as it is said to be. */
static bool right_text(int32_t hour, uint32_t seq, uint16_t table, struct span s, uint64_t len)
{
	struct text *t = find_text(hour, seq, table);

	if (!t || t->found || t->text.len != span_left(&s) || memcmp(t->text.p, s.p, t->text.len) != 0)
		return false;
	t->found = true;
	return len == t->text.len;
}

static void read_snapshot(struct store *st, struct hour *h, uint32_t i, bool first_time)
{
	struct table_schema *const *tables;
	uint32_t n_tables, seq;
	int64_t time_ms;

	if (hour_snapshot(h, i, &seq, &time_ms) < 0)
		return;
	hour_tables(h, &tables, &n_tables);
	for (uint32_t k = 0; k < n_tables; k++) {
		uint16_t id = tables[k]->id;
		uint64_t rows, len;
		struct span s;

		if (store_text(st, h, i, id, FORM_TEXT, &s) < 0)
			continue;
		if (first_time)
			keep_text(hour_number(h), seq, id, s);
		else if (hour_size(h, i, id, &rows, &len) < 0 || !right_text(hour_number(h), seq, id, s, len))
			printf("# hour %d, snapshot %u, table %u\n", hour_number(h), seq, id), ok(!"a wrong text");
	}
}

static void read_heat(struct store *st, struct hour *h, bool first_time)
{
	const struct disk_heat *heat;
	uint32_t n;

	if (store_heat(st, h, &heat, &n) < 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		bool found = first_time;

		if (first_time && clean.n_heats < HEATS_MAX)
			clean.heats[clean.n_heats++] = (struct heat){hour_number(h), heat[i]};
		for (unsigned k = 0; k < clean.n_heats && !found; k++)
			found = clean.heats[k].hour == hour_number(h) &&
			        memcmp(&clean.heats[k].entry, &heat[i], sizeof *heat) == 0;
		if (!found)
			ok(!"a wrong heat entry");
	}
}

/* Reads everything; returns whether the store could be opened. */
static bool read_all(bool first_time)
{
	_cleanup_(cleanup_store) struct store *st = NULL;
	const int32_t *hours;
	size_t n;

	for (unsigned i = 0; i < clean.n; i++)
		clean.texts[i].found = false;
	if (store_open(dir, NULL, &st) < 0)
		return false;
	store_hours(st, &hours, &n);
	for (size_t k = 0; k < n; k++) {
		struct hour *h;

		if (store_hour(st, hours[k], &h) < 0)
			continue;
		for (uint32_t i = 0; i < hour_n(h); i++)
			read_snapshot(st, h, i, first_time);
		read_heat(st, h, first_time);
	}
	return true;
}

/* Everything was found but for what the loss allows; returns whether nothing was lost. */
static bool check_loss(const struct loss *l)
{
	bool all = true;

	for (unsigned i = 0; i < clean.n; i++) {
		const struct text *t = &clean.texts[i];

		if (t->found)
			continue;
		all = false;
		if (t->hour != l->hour || t->seq < l->from || t->seq >= l->to) {
			printf("# hour %d, snapshot %u, table %u\n", t->hour, t->seq, t->table);
			ok(!"lost although it need not be");
		}
	}
	return all;
}

/* --- files --- */

static void write_file(const struct file *f)
{
	char path[400];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, f->name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, f->bytes, f->len) != (ssize_t)f->len)
		abort();
	close(fd);
}

static void load_file(const char *golden, const char *name)
{
	struct file *f = &files[n_files++];
	enum file_type type;
	char path[400];
	ssize_t n;
	int fd;

	if (n_files == FILES_MAX)
		abort();
	*f = (struct file){.is_store = strcmp(name, STORE_FILE) == 0};
	snprintf(f->name, sizeof f->name, "%s%s", f->is_store ? "" : SNAPSHOT_DIR "/", name);
	if (!f->is_store && file_name_parse(name, &type, &f->hour, &f->part))
		f->type = type;
	snprintf(path, sizeof path, "%s/%s", golden, f->name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, f->bytes, FILE_MAX);
	if (n <= 0 || n == FILE_MAX)
		abort();
	f->len = (size_t)n;
	close(fd);
	write_file(f);
}

static void forget(void)
{
	for (unsigned i = 0; i < clean.n; i++)
		buf_done(&clean.texts[i].text);
	clean.n = clean.n_heats = 0;
	n_files = 0;
}

/* A copy of a golden store, and what it holds. */
static void load(const char *name)
{
	char golden[300], path[600];
	struct dirent *e;
	DIR *d;

	forget();
	snprintf(golden, sizeof golden, "tests/golden/%s", name);
	snprintf(dir, sizeof dir, "%s", tap_tmpdir());
	snprintf(path, sizeof path, "%s/" SNAPSHOT_DIR, dir);
	if (mkdir(path, 0755) < 0)
		abort();
	load_file(golden, STORE_FILE);
	snprintf(path, sizeof path, "%s/" SNAPSHOT_DIR, golden);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			load_file(golden, e->d_name);
	if (!d)
		abort();
	closedir(d);
	ok(read_all(true));
	ok(clean.n > 0);
}

/* --- what a byte may cost --- */

static const struct disk_frame *frame_at(const struct file *f, size_t off)
{
	return (const struct disk_frame *)(f->bytes + off);
}

static const struct disk_group *group_at(const struct file *f, size_t off)
{
	return (const struct disk_group *)(frame_at(f, off) + 1);
}

static size_t next_frame(const struct file *f, size_t off)
{
	return off + sizeof(struct disk_frame) + get_le32(frame_at(f, off)->len);
}

/* The frame that a byte lies in; f->len: behind the last one, or in bytes that were no frame before. */
static size_t frame_of(const struct file *f, size_t byte)
{
	for (size_t off = sizeof(struct disk_header); off + sizeof(struct disk_frame) < f->len;) {
		if (!frame_head_valid(frame_at(f, off))) {
			off++;
			continue;
		}
		if (byte >= off && byte < next_frame(f, off))
			return off;
		off = next_frame(f, off);
	}
	return f->len;
}

/* A schema's loss is that of all snapshots up to where it is written again, unless it was there before. */
static void schema_loss(const struct file *f, size_t at, struct loss *l)
{
	size_t len = next_frame(f, at) - at - sizeof(struct disk_frame);
	bool passed = false;

	for (size_t off = sizeof(struct disk_header); off + sizeof(struct disk_frame) < f->len;) {
		const struct disk_frame *h = frame_at(f, off);

		if (!frame_head_valid(h)) {
			off++;
			continue;
		}
		passed |= off == at;
		if (h->type == FRAME_SCHEMA && off != at && get_le32(h->len) == len &&
		    memcmp(h + 1, frame_at(f, at) + 1, len) == 0) {
			if (!passed)
				l->to = 0;
			return;
		}
		if (passed && h->type == FRAME_SNAPSHOT) {
			if (l->to == 0)
				l->from = get_le64(group_at(f, off)->first_seq);
			l->to = get_le64(group_at(f, off)->first_seq) + 1;
		}
		off = next_frame(f, off);
	}
}

/* A snapshot of a log and those based on it. */
static void snapshot_loss(const struct file *f, size_t at, struct loss *l)
{
	l->from = get_le64(group_at(f, at)->first_seq);
	l->to = l->from + 1;
	for (size_t off = next_frame(f, at); off + sizeof(struct disk_frame) < f->len; off = next_frame(f, off)) {
		if (!frame_head_valid(frame_at(f, off)))
			break;
		if (frame_at(f, off)->type == FRAME_SNAPSHOT && !(group_at(f, off)->flags & GROUP_BASED))
			break;
		if (frame_at(f, off)->type == FRAME_SNAPSHOT)
			l->to = get_le64(group_at(f, off)->first_seq) + 1;
	}
}

static struct loss loss_of(const struct file *f, size_t byte)
{
	struct loss l = {.hour = f->hour};
	size_t off;

	if (f->is_store)
		return l;
	if (f->type != FILE_WAL && f->type != FILE_CHUNK)
		return l;
	if (byte < sizeof(struct disk_header)) {
		l.to = UINT64_MAX; /* of this hour, at most */
		return l;
	}
	off = frame_of(f, byte);
	if (off == f->len)
		return l;
	if (f->type == FILE_CHUNK && frame_at(f, off)->type == FRAME_GROUP) {
		l.from = get_le64(group_at(f, off)->first_seq);
		l.to = l.from + get_le32(group_at(f, off)->n);
	}
	if (f->type == FILE_WAL && frame_at(f, off)->type == FRAME_SCHEMA)
		schema_loss(f, off, &l);
	if (f->type == FILE_WAL && frame_at(f, off)->type == FRAME_SNAPSHOT)
		snapshot_loss(f, off, &l);
	return l;
}

/* Headers, tables and the like: each byte. The long frames: some of theirs, others in each frame. */
static size_t step_from(const struct file *f, size_t byte)
{
	size_t off = byte < sizeof(struct disk_header) ? f->len : frame_of(f, byte);

	if (off == f->len || byte - off < sizeof(struct disk_frame) || f->type == FILE_DAMAGED)
		return f->type == FILE_DAMAGED ? 101 : 1;
	return get_le32(frame_at(f, off)->len) < 100 ? 1 : STRIDE;
}

static void sweep(const char *name)
{
	load(name);
	n_flips = n_harmless = n_lossy = 0;
	for (unsigned i = 0; i < n_files; i++) {
		struct file *f = &files[i];

		for (size_t byte = 0; byte < f->len; byte += step_from(f, byte)) {
			struct loss l = loss_of(f, byte);

			f->bytes[byte] ^= (uint8_t)(1 << byte % 8);
			write_file(f);
			f->bytes[byte] ^= (uint8_t)(1 << byte % 8);
			ok(read_all(false));
			n_flips++;
			if (check_loss(&l))
				n_harmless++;
			else
				n_lossy++;
		}
		write_file(f);
	}
	printf("# %s: %u bytes turned over: %u cost nothing, %u what they must\n", name, n_flips, n_harmless, n_lossy);
	ok(n_flips > 1000 && n_harmless > 0 && n_lossy > 0);
	ok(read_all(false) && check_loss(&(struct loss){0}));
}

static void types_are_read_right_or_not_at_all(void)
{
	sweep("types");
}

static void rows_are_read_right_or_not_at_all(void)
{
	sweep("rows");
}

static void schemas_that_grow_are_read_right_or_not_at_all(void)
{
	sweep("growth");
}

static void hours_of_several_parts_are_read_right_or_not_at_all(void)
{
	sweep("clock");
}

static void what_is_damaged_already_is_read_right_or_not_at_all(void)
{
	sweep("damaged");
}

/* --- the writer --- */

static void restore(void)
{
	char path[600];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/" SNAPSHOT_DIR, dir);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	for (unsigned i = 0; i < n_files; i++)
		write_file(&files[i]);
}

/* Starts a recorder on the store, which recovers the logs, and then seals them all. */
static void recover_and_seal(void)
{
	const struct recorder_options o = {.sync = SYNC_NONE};
	const struct chunk_options co = {.level = 1, .group_n = 7};
	struct recorder *r = NULL;
	char path[600];
	int fd;

	ok_r(recorder_open(dir, &o, &r));
	if (!r)
		return;
	recorder_close(r);
	snprintf(path, sizeof path, "%s/" SNAPSHOT_DIR, dir);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	for (unsigned i = 0; i < n_files; i++) {
		uint32_t n;
		int k;

		if (files[i].is_store || files[i].type != FILE_WAL)
			continue;
		k = seal_log(fd, files[i].hour, files[i].part, &co, NULL, &n);
		ok(k == 0 || k == -ENOENT); /* it was put aside */
	}
	close(fd);
}

/* That costs no more than reading the log would have. */
static void recorder_sweep(const char *name)
{
	load(name);
	for (unsigned i = 0; i < n_files; i++) {
		struct file *f = &files[i];

		for (size_t byte = 0; f->type == FILE_WAL && !f->is_store && byte < f->len; byte += 13) {
			struct loss l = loss_of(f, byte);

			f->bytes[byte] ^= (uint8_t)(1 << byte % 8);
			restore();
			f->bytes[byte] ^= (uint8_t)(1 << byte % 8);
			recover_and_seal();
			ok(read_all(false));
			check_loss(&l);
		}
	}
}

static void a_recorder_loses_no_more_of_damaged_logs_than_readers_do(void)
{
	recorder_sweep("rows");
	recorder_sweep("growth");
	recorder_sweep("damaged");
}

int main(void)
{
	RUN(types_are_read_right_or_not_at_all);
	RUN(rows_are_read_right_or_not_at_all);
	RUN(schemas_that_grow_are_read_right_or_not_at_all);
	RUN(hours_of_several_parts_are_read_right_or_not_at_all);
	RUN(what_is_damaged_already_is_read_right_or_not_at_all);
	RUN(a_recorder_loses_no_more_of_damaged_logs_than_readers_do);
	forget();
	return tap_done();
}
