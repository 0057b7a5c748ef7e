/* sealed.c -- sealed files: written whole or not at all, never wrong bytes out of them */
#include "store/io.h"
#include "store/sealed.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { HEADER = sizeof(struct disk_header), HEAD = sizeof(struct disk_frame), FOOTER = sizeof(struct disk_footer) };
enum { TYPE_UNKNOWN = 77 };

/* What the file of these tests holds; in_toc as written. */
static const struct {
	enum frame_type type;
	const char *p;
	bool in_toc;
} sections[] = {
    {FRAME_SCHEMA, "the schema", true},
    {(enum frame_type)TYPE_UNKNOWN, "something of a later version", true},
    {FRAME_GROUP, "a group, that an index names", false},
    {FRAME_GROUP, "another group", false},
    {FRAME_DICT, "", true},
    {FRAME_SCHEMA, "another schema", true},
};
enum { N = N_ELEMENTS(sections) };

static uint64_t offs[N];

static int new_dir(void)
{
	return io_opendir(AT_FDCWD, tap_tmpdir(), false);
}

static struct sealed_writer *begin(int dir, const char *name)
{
	struct file_id id = {.kind = KIND_CHUNK, .store_id = 1, .hour = 494000, .part = 3, .first_seq = 12};
	struct sealed_writer *w = NULL;

	ok_r(sealed_writer_new(dir, name, &id, &w));
	for (size_t i = 0; i < N; i++)
		ok_r(sealed_writer_add(
		    w, sections[i].type, sections[i].p, strlen(sections[i].p), sections[i].in_toc, &offs[i]));
	return w;
}

static int make(int dir)
{
	return sealed_writer_finish(begin(dir, "s"));
}

static uint64_t file_len(int dir, const char *name)
{
	struct io_stat st;

	return io_stat(dir, name, &st) < 0 ? 0 : st.len;
}

static bool holds(const struct buf *b, const char *text)
{
	return b->len == strlen(text) && memcmp(b->p, text, b->len) == 0;
}

/* Reads every section. Returns how many came back, right; false if one came back wrong. */
static bool read_all(const struct sealed *s, int *ret_n)
{
	_cleanup_(buf_done) struct buf b = {0};
	bool right = true;

	*ret_n = 0;
	for (size_t i = 0; i < N; i++) {
		int r = sealed_read(s, offs[i], sections[i].type, &b);

		if (r == 0) {
			++*ret_n;
			right &= holds(&b, sections[i].p);
		} else {
			right &= r == -EBADMSG;
		}
	}
	return right;
}

struct seen {
	int n;
	int n_bad;
	uint64_t bad_off;
	uint8_t bad_type;
};

static void note(uint8_t type, uint64_t off, int r, void *arg)
{
	struct seen *seen = arg;

	seen->n++;
	if (r < 0 && seen->n_bad++ == 0) {
		seen->bad_off = off;
		seen->bad_type = type;
	}
}

static int verify(const struct sealed *s, struct seen *seen)
{
	*seen = (struct seen){0};
	return sealed_verify(s, note, seen);
}

static void sections_are_found_by_type_and_read_by_offset(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	struct seen seen;
	uint64_t off;
	int n;

	ok_r(make(dir));
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	str_eq(sealed_id(s)->kind, KIND_CHUNK);
	eq(sealed_id(s)->hour, 494000);
	eq(sealed_len(s), file_len(dir, "s"));
	ok_r(sealed_find(s, FRAME_SCHEMA, 1, &off));
	eq(off, offs[5]);
	eq(sealed_find(s, FRAME_SCHEMA, 2, &off), -ENOENT);
	eq(sealed_find(s, FRAME_GROUP, 0, &off), -ENOENT);
	ok_r(sealed_section(s, FRAME_SCHEMA, 0, &b));
	ok(holds(&b, "the schema"));
	ok_r(sealed_section(s, FRAME_DICT, 0, &b));
	eq(b.len, 0);
	eq(sealed_section(s, FRAME_META, 0, &b), -ENOENT);
	ok(read_all(s, &n));
	eq(n, N);
	eq(verify(s, &seen), 0);
	eq(seen.n, N + 1);
	eq(seen.n_bad, 0);
	eq(file_len(dir, "s.tmp"), 0);
}

static void a_wrong_offset_or_type_is_not_read(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};

	ok_r(make(dir));
	ok_r(sealed_open(dir, "s", NULL, &s));
	for (uint64_t off = 0; off < sealed_len(s) + 10; off++) {
		bool frame = false;

		for (size_t i = 0; i < N; i++)
			frame |= off == offs[i] && sections[i].type == FRAME_GROUP;
		eq(sealed_read(s, off, FRAME_GROUP, &b), frame ? 0 : -EBADMSG);
	}
	eq(sealed_read(s, UINT64_MAX, FRAME_GROUP, &b), -EBADMSG);
	eq(sealed_read(s, (uint64_t)1 << 63, FRAME_GROUP, &b), -EBADMSG);
}

static void a_file_cut_at_any_length_is_not_sealed(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	uint64_t len;

	ok_r(make(dir));
	len = file_len(dir, "s");
	while (len-- > 0) {
		_cleanup_(cleanup_io_close) int fd = io_open_write(dir, "s");
		struct sealed *s = NULL;

		ok_r(io_truncate(fd, len));
		eq(sealed_open(dir, "s", KIND_CHUNK, &s), -EBADMSG);
	}
}

static void a_longer_file_is_not_sealed(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = -1;
	struct sealed *s = NULL;

	ok_r(make(dir));
	fd = io_open_write(dir, "s");
	ok_r(io_truncate(fd, file_len(dir, "s") + 1));
	eq(sealed_open(dir, "s", KIND_CHUNK, &s), -EBADMSG);
}

static void no_flipped_byte_gives_wrong_bytes(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = -1;
	uint64_t len, toc_off;
	int n_opened = 0;

	ok_r(make(dir));
	fd = io_open_write(dir, "s");
	len = file_len(dir, "s");
	toc_off = offs[N - 1] + HEAD + strlen(sections[N - 1].p);
	for (uint64_t at = 0; at < len; at++) {
		for (int bit = 0; bit < 8; bit++) {
			_cleanup_(cleanup_sealed) struct sealed *s = NULL;
			struct seen seen;
			uint8_t c = 0, bad;
			int r, n;

			eq(io_pread(fd, &c, 1, at), 1);
			bad = (uint8_t)(c ^ 1 << bit);
			ok_r(io_pwrite(fd, &bad, 1, at));
			r = sealed_open(dir, "s", KIND_CHUNK, &s);
			if (at < HEADER || at >= toc_off) {
				eq(r, -EBADMSG);
			} else if (ok_r(r)) {
				n_opened++;
				ok(read_all(s, &n));
				eq(n, N - 1);
				eq(verify(s, &seen), 1);
				eq(seen.n_bad, 1);
				eq(seen.n, N + 1);
				ok(seen.bad_off <= at && at < seen.bad_off + HEAD + 40);
			}
			ok_r(io_pwrite(fd, &c, 1, at));
		}
	}
	eq(n_opened, (toc_off - HEADER) * 8);
}

/* How many sections are found and read, right; all others are damaged. */
static int n_salvaged(int dir)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	unsigned nth_of[256] = {0};
	int n = 0;

	if (sealed_salvage(dir, "s", KIND_CHUNK, &s) < 0)
		return -1;
	for (size_t i = 0; i < N; i++) {
		uint64_t off;

		if (sealed_find(s, sections[i].type, nth_of[sections[i].type], &off) < 0 || off != offs[i])
			continue;
		ok_r(sealed_section(s, sections[i].type, nth_of[sections[i].type]++, &b));
		ok(holds(&b, sections[i].p));
		n++;
	}
	for (size_t i = 0; i < N; i++)
		eq(sealed_section(s, sections[i].type, nth_of[sections[i].type], &b), -ENOENT);
	return n;
}

static void whatever_byte_is_damaged_the_other_sections_are_salvaged(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = -1;
	uint64_t len, toc_off;

	ok_r(make(dir));
	fd = io_open_write(dir, "s");
	len = file_len(dir, "s");
	toc_off = offs[N - 1] + HEAD + strlen(sections[N - 1].p);
	for (uint64_t at = 0; at < len; at++) {
		uint8_t c = 0, bad;

		eq(io_pread(fd, &c, 1, at), 1);
		bad = c ^ 0x20;
		ok_r(io_pwrite(fd, &bad, 1, at));
		eq(n_salvaged(dir), at < HEADER ? -1 : at < toc_off ? N - 1 : N);
		ok_r(io_pwrite(fd, &c, 1, at));
	}
	while (len-- > 0) {
		int whole = 0;

		while (whole < N && offs[whole] + HEAD + strlen(sections[whole].p) <= len)
			whole++;
		ok_r(io_truncate(fd, len));
		eq(n_salvaged(dir), len < HEADER ? -1 : whole);
	}
}

static void what_is_damaged_is_told_by_the_name_in_the_table_of_contents(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = -1;
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct seen seen;

	ok_r(make(dir));
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	fd = io_open_write(dir, "s");
	ok_r(io_pwrite(fd, "XXXX", 4, offs[2]));
	ok_r(io_pwrite(fd, "XXXX", 4, offs[5]));
	eq(verify(s, &seen), 2);
	eq(seen.bad_off, offs[2]);
	eq(seen.bad_type, 0);
	ok_r(io_pwrite(fd, "XXXX", 4, offs[1]));
	eq(verify(s, &seen), 2);
	eq(seen.bad_off, offs[1]);
	eq(seen.bad_type, TYPE_UNKNOWN);
	ok_r(io_truncate(fd, offs[2] + 3));
	eq(verify(s, &seen), 1);
	eq(seen.n, 2);
}

/* A whole file with a footer and table of contents of our own making, which pass their checks. */
static void write_by_hand(int dir, const struct disk_toc_entry *toc, size_t n, uint64_t toc_off_lie)
{
	_cleanup_(cleanup_io_close) int fd = -1;
	struct file_id id = {.kind = KIND_CHUNK, .id = 0x1122334455667788};
	struct {
		struct disk_header h;
		struct disk_frame group;
		uint8_t payload[16];
		struct disk_frame toc;
		struct disk_toc_entry entries[4];
	} f = {.payload = "fifteen letters"};
	struct disk_footer end = {0};
	uint64_t toc_off = HEADER + HEAD + 16, len;

	file_header_put(&id, &f.h);
	frame_put(&f.group, FRAME_GROUP, sizeof f.payload, id.id, HEADER);
	memcpy(f.entries, toc, n * sizeof *toc);
	frame_put(&f.toc, FRAME_TOC, (uint32_t)(n * sizeof *toc), id.id, toc_off);
	len = toc_off + HEAD + n * sizeof *toc;
	end.toc_off = put_le64(toc_off_lie ? toc_off_lie : toc_off);
	end.file_len = put_le64(len + sizeof end);
	memcpy(end.magic, SEAL_MAGIC, sizeof end.magic);
	end.check = put_le64(XXH3_64bits_withSeed(&end, offsetof(struct disk_footer, check), id.id));
	(void)io_unlink(dir, "s");
	fd = io_create(dir, "s");
	ok_r(io_pwrite(fd, &f, (size_t)len, 0));
	ok_r(io_pwrite(fd, &end, sizeof end, len));
}

static void a_table_of_contents_that_cannot_be_is_refused(void)
{
	const struct {
		uint32_t type;
		uint32_t len;
		uint64_t off;
		int expected;
	} cases[] = {
	    {FRAME_GROUP, 16, HEADER, 0},
	    {FRAME_GROUP, 16, 0, -EBADMSG},
	    {FRAME_GROUP, 17, HEADER, -EBADMSG},
	    {FRAME_GROUP, UINT32_MAX, HEADER, -EBADMSG},
	    {FRAME_GROUP, 16, UINT64_MAX - 8, -EBADMSG},
	    {256, 16, HEADER, -EBADMSG},
	};
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct disk_toc_entry e[2];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		_cleanup_(cleanup_sealed) struct sealed *s = NULL;

		e[0] = (struct disk_toc_entry){put_le32(cases[i].type), put_le32(cases[i].len), put_le64(cases[i].off)};
		e[1] = e[0];
		write_by_hand(dir, e, 1, 0);
		eq(sealed_open(dir, "s", KIND_CHUNK, &s), cases[i].expected);
		sealed_close(TAKE(s));
		write_by_hand(dir, e, 2, 0); /* twice the same */
		eq(sealed_open(dir, "s", KIND_CHUNK, &s), -EBADMSG);
	}
	for (uint64_t lie = 1; lie < 400; lie++) {
		struct sealed *s = NULL;

		if (lie == HEADER + HEAD + 16)
			continue;
		write_by_hand(dir, e, 0, lie);
		eq(sealed_open(dir, "s", KIND_CHUNK, &s), -EBADMSG);
	}
}

static void a_section_that_is_not_what_the_table_of_contents_says_is_damage(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	struct disk_toc_entry e = {put_le32(FRAME_META), put_le32(16), put_le64(HEADER)};
	struct seen seen;

	write_by_hand(dir, &e, 1, 0);
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	eq(sealed_section(s, FRAME_META, 0, &b), -EBADMSG);
	eq(verify(s, &seen), 1);
	eq(seen.bad_off, HEADER);
	sealed_close(TAKE(s));
	e = (struct disk_toc_entry){put_le32(FRAME_GROUP), put_le32(0), put_le64(HEADER + 8)};
	write_by_hand(dir, &e, 1, 0);
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	eq(sealed_section(s, FRAME_GROUP, 0, &b), -EBADMSG);
	eq(verify(s, &seen), 1);
}

static void other_files_are_not_sealed_ones(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct sealed *s = NULL;
	struct disk_header h;
	int fd;

	eq(sealed_open(dir, "s", KIND_CHUNK, &s), -ENOENT);
	ok_r(make(dir));
	eq(sealed_open(dir, "s", KIND_HEAT, &s), -EBADMSG);
	fd = io_open_write(dir, "s");
	eq(io_pread(fd, &h, sizeof h, 0), sizeof h);
	h.version = put_le16(FORMAT_VERSION + 1);
	h.check = put_le64(XXH3_64bits(&h, offsetof(struct disk_header, check)));
	ok_r(io_pwrite(fd, &h, sizeof h, 0));
	io_close(fd);
	eq(sealed_open(dir, "s", KIND_CHUNK, &s), -EPROTONOSUPPORT);
	io_close(io_create(dir, "empty"));
	eq(sealed_open(dir, "empty", KIND_CHUNK, &s), -EBADMSG);
	io_close(io_opendir(dir, "folder", true));
	eq(sealed_open(dir, "folder", KIND_CHUNK, &s), -EBADMSG);
	eq(mkfifoat(dir, "fifo", 0600), 0);
	ok(sealed_open(dir, "fifo", KIND_CHUNK, &s) < 0);
}

static void nothing_is_there_before_it_is_finished(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct sealed *s = NULL;
	struct io_stat st;
	uint64_t len;

	sealed_writer_abort(begin(dir, "s"));
	eq(sealed_open(dir, "s", KIND_CHUNK, &s), -ENOENT);
	eq(io_stat(dir, "s.tmp", &st), -ENOENT);
	ok_r(make(dir));
	len = file_len(dir, "s");
	sealed_writer_abort(begin(dir, "s"));
	eq(file_len(dir, "s"), len);
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	sealed_close(s);
}

static void what_fails_leaves_nothing(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct sealed_writer *w = begin(dir, "s");
	struct sealed *s = NULL;
	struct io_stat st;
	uint64_t off;

	/* A section that is too long spoils the file, whatever is added after it. */
	eq(sealed_writer_add(w, FRAME_GROUP, w, (size_t)FRAME_LEN_MAX + 1, true, &off), -EMSGSIZE);
	eq(sealed_writer_add(w, FRAME_GROUP, "x", 1, true, &off), -EMSGSIZE);
	eq(sealed_writer_finish(w), -EMSGSIZE);
	eq(sealed_open(dir, "s", KIND_CHUNK, &s), -ENOENT);
	eq(io_stat(dir, "s.tmp", &st), -ENOENT);
	/* A name that cannot be renamed to. */
	io_close(io_opendir(dir, "folder", true));
	ok(sealed_writer_finish(begin(dir, "folder")) < 0);
	eq(io_stat(dir, "folder.tmp", &st), -ENOENT);
}

static void a_left_over_temporary_file_is_no_hindrance(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	_cleanup_(cleanup_io_close) int fd = io_create(dir, "s.tmp");
	struct sealed *s = NULL;
	char name[300] = {0};

	ok_r(io_pwrite(fd, "left over", 9, 100000));
	ok_r(make(dir));
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	sealed_close(s);
	memset(name, 'n', 252);
	eq(sealed_writer_new(dir, name, &(struct file_id){.kind = KIND_CHUNK}, &(struct sealed_writer *){NULL}),
	    -ENAMETOOLONG);
	name[251] = '\0';
	sealed_writer_abort(begin(dir, name));
}

static void many_sections_are_found(void)
{
	_cleanup_(cleanup_io_close) int dir = new_dir();
	struct file_id id = {.kind = KIND_CHUNK};
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	struct sealed_writer *w = NULL;
	struct seen seen;

	ok_r(sealed_writer_new(dir, "s", &id, &w));
	for (uint32_t i = 0; i < 5000; i++)
		ok_r(sealed_writer_add(w, FRAME_GROUP, &i, sizeof i, true, NULL));
	ok_r(sealed_writer_finish(w));
	ok_r(sealed_open(dir, "s", KIND_CHUNK, &s));
	for (uint32_t i = 0; i < 5000; i += 617) {
		ok_r(sealed_section(s, FRAME_GROUP, i, &b));
		ok(b.len == sizeof i && memcmp(b.p, &i, sizeof i) == 0);
	}
	eq(verify(s, &seen), 0);
	eq(seen.n, 5001);
}

static void what_is_gathered_is_written_in_pieces_and_is_the_same_file(void)
{
	static const size_t pieces[] = {1, 100, 4096, 1 << 20};
	int dir = new_dir();
	uint64_t len;

	ok_r(make(dir));
	len = file_len(dir, "s");
	for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
		struct file_id id = {.kind = KIND_CHUNK, .store_id = 1, .hour = 494000, .part = 3, .first_seq = 12};
		_cleanup_(buf_done) struct buf b = {0};
		struct sealed_writer *w = NULL;
		struct sealed *f = NULL;
		uint64_t off = 0, written;

		ok_r(sealed_writer_new(dir, "g", &id, &w));
		sealed_writer_gather(w, pieces[i]);
		for (size_t k = 0; k < N; k++) {
			ok_r(sealed_writer_add(
			    w, sections[k].type, sections[k].p, strlen(sections[k].p), sections[k].in_toc, &off));
			eq(off, offs[k]);
			written = file_len(dir, "g.tmp");
			ok(written == HEADER || written % pieces[i] == 0);
			ok(off + HEAD + strlen(sections[k].p) - written < pieces[i] || written == HEADER);
		}
		ok_r(sealed_writer_finish(w));
		eq(file_len(dir, "g"), len);
		ok_r(sealed_open(dir, "g", KIND_CHUNK, &f));
		for (size_t k = 0; k < N; k++) {
			ok_r(sealed_read(f, offs[k], sections[k].type, &b));
			ok(holds(&b, sections[k].p));
		}
		sealed_close(f);
	}
	io_close(dir);
}

int main(void)
{
	RUN(sections_are_found_by_type_and_read_by_offset);
	RUN(a_wrong_offset_or_type_is_not_read);
	RUN(a_file_cut_at_any_length_is_not_sealed);
	RUN(a_longer_file_is_not_sealed);
	RUN(no_flipped_byte_gives_wrong_bytes);
	RUN(whatever_byte_is_damaged_the_other_sections_are_salvaged);
	RUN(what_is_damaged_is_told_by_the_name_in_the_table_of_contents);
	RUN(a_table_of_contents_that_cannot_be_is_refused);
	RUN(a_section_that_is_not_what_the_table_of_contents_says_is_damage);
	RUN(other_files_are_not_sealed_ones);
	RUN(what_is_gathered_is_written_in_pieces_and_is_the_same_file);
	RUN(nothing_is_there_before_it_is_finished);
	RUN(what_fails_leaves_nothing);
	RUN(a_left_over_temporary_file_is_no_hindrance);
	RUN(many_sections_are_found);
	return tap_done();
}
