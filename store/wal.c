/* wal.c -- snapshot frames, and an index over them for readers
 *
 * The index keeps a frame's offset, not its bytes: memory follows the number of snapshots (some 70 bytes each), and a
 * run is read again when it is decoded.
 */
#include "store/wal.h"

#include "store/io.h"
#include "store/schema.h"
#include "store/text.h"

struct wal {
	struct log_reader *reader;
	struct listing listing;
	struct disk_heat *heat;
	uint64_t *off; /* of each snapshot's frame */
	uint32_t cap;
	struct wal_run *runs;
	uint32_t n_runs, cap_runs;
	struct schema **schemas;
	uint32_t n_schemas;
	uint64_t len;
	uint32_t n_lost;
	bool broken; /* the last frame cannot be built upon */
	bool sizes_known;
	bool seek; /* the reader was used for loading: go back to len */
};

int wal_frame_parse(struct span in, struct wal_frame *ret)
{
	const struct disk_group *h = span_take(&in, sizeof *h);
	const struct disk_heat *heat = span_take(&in, sizeof *heat);
	uint64_t version, n, x;
	struct span start;
	int r;

	if (!h || !heat)
		return -EBADMSG;
	ret->h = *h;
	ret->heat = *heat;
	r = span_varint_max(&in, UINT32_MAX, &version);
	if (r < 0)
		return r;
	ret->text_version = (uint32_t)version;
	start = in;
	r = span_varint_max(&in, SCHEMA_TABLES_MAX, &n);
	for (uint64_t i = 0; r == 0 && i < 3 * n; i++)
		r = span_varint(&in, &x);
	if (r < 0)
		return r;
	ret->sizes = (struct span){start.p, in.p};
	r = group_check_header(h, span_left(&in));
	if (r < 0)
		return r;
	if (get_le32(h->n) != 1 || get_le32(h->body_len) != span_left(&in) || h->codec == CODEC_ZSTD_DICT)
		return -EBADMSG;
	ret->body = in;
	return 0;
}

int wal_frame_list(const struct wal_frame *f, struct listing *l)
{
	struct span in = f->sizes;
	uint64_t n = 0, v[3];
	int r = span_varint(&in, &n);

	if (r == 0)
		r = listing_add(l, (uint32_t)get_le64(f->h.first_seq), (int64_t)get_le64(f->h.first_ms));
	for (uint64_t i = 0; r == 0 && i < n; i++) {
		for (unsigned k = 0; k < 3 && r == 0; k++)
			r = span_varint(&in, &v[k]);
		if (r == 0)
			r = v[0] >= 1 && v[0] <= TABLE_ID_MAX ? listing_set(l, (uint16_t)v[0], v[1], v[2]) : -EBADMSG;
	}
	return r;
}

int wal_open(int dirfd, const char *name, struct wal **ret)
{
	_cleanup_(cleanup_wal) struct wal *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->sizes_known = true;
	w->broken = true;
	r = log_reader_open(dirfd, name, KIND_WAL, &w->reader);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

bool wal_is(const struct wal *w, int dirfd, const char *name)
{
	struct io_stat opened, named;

	return io_fstat(log_reader_fd(w->reader), &opened) == 0 && io_stat(dirfd, name, &named) == 0 &&
	       opened.ino == named.ino && opened.dev == named.dev;
}

void wal_close(struct wal *w)
{
	if (w->reader)
		log_reader_close(w->reader);
	listing_done(&w->listing);
	for (uint32_t i = 0; i < w->n_schemas; i++)
		schema_free(w->schemas[i]);
	free(w->schemas);
	free(w->heat);
	free(w->off);
	free(w->runs);
	free(w);
}

static int add_schema(struct wal *w, struct span payload)
{
	_cleanup_(cleanup_schema) struct schema *s = NULL;
	struct schema **p;
	int r = schema_unpack(payload, &s);

	if (r < 0)
		return r;
	/* Written again, as a rule unchanged: then the one that is known goes on. */
	for (uint32_t i = w->n_schemas; i-- > 0;)
		if (w->schemas[i]->check == s->check && schema_equal(w->schemas[i], s))
			return 0;
	p = realloc(w->schemas, (w->n_schemas + 1) * sizeof *p);
	if (!p)
		return -ENOMEM;
	w->schemas = p;
	w->schemas[w->n_schemas++] = TAKE(s);
	return 0;
}

/* The schema of a group. Its number alone may mean another one, if the schema written last is lost. */
static int find_schema(const struct wal *w, const struct disk_group *h)
{
	for (uint32_t i = w->n_schemas; i-- > 0;)
		if (w->schemas[i]->number == get_le16(h->schema) && w->schemas[i]->check == get_le64(h->schema_check))
			return (int)i;
	return -EBADMSG;
}

static int reserve(struct wal *w)
{
	uint32_t cap = w->cap ? 2 * w->cap : 64;
	struct disk_heat *heat;
	uint64_t *off;

	if (w->listing.n < w->cap)
		return 0;
	heat = realloc(w->heat, cap * sizeof *heat);
	if (!heat)
		return -ENOMEM;
	w->heat = heat;
	off = realloc(w->off, cap * sizeof *off);
	if (!off)
		return -ENOMEM;
	w->off = off;
	w->cap = cap;
	return 0;
}

static int reserve_run(struct wal *w)
{
	if (w->n_runs == w->cap_runs) {
		uint32_t cap = w->cap_runs ? 2 * w->cap_runs : 16;
		struct wal_run *p = realloc(w->runs, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		w->runs = p;
		w->cap_runs = cap;
	}
	return 0;
}

/* 1 if the snapshot is listed, 0 if it cannot be read for want of its base. */
static int add_snapshot(struct wal *w, struct span payload, uint64_t off)
{
	const struct listing *l = &w->listing;
	uint32_t n = l->n;
	struct wal_frame f;
	int r = wal_frame_parse(payload, &f), schema;
	uint64_t seq;

	if (r < 0)
		return r;
	seq = get_le64(f.h.first_seq);
	schema = find_schema(w, &f.h);
	if (l->n > 0 && seq <= l->seq[l->n - 1])
		return -EBADMSG;
	if (schema < 0)
		return schema;
	if ((f.h.flags & GROUP_BASED) && (w->broken || l->n == 0 || seq != (uint64_t)l->seq[l->n - 1] + 1 ||
	                                     (uint32_t)schema != w->runs[w->n_runs - 1].schema))
		return -ENOLINK;
	r = reserve(w);
	if (r == 0)
		r = reserve_run(w);
	if (r < 0)
		return r;
	w->heat[n] = f.heat;
	w->off[n] = off;
	r = wal_frame_list(&f, &w->listing);
	if (r < 0) {
		w->listing.n = n; /* all of it or nothing */
		return r;
	}
	if (!(f.h.flags & GROUP_BASED))
		w->runs[w->n_runs++] = (struct wal_run){.first = n, .schema = (uint32_t)schema};
	if (f.text_version != TEXT_VERSION)
		w->sizes_known = false;
	w->runs[w->n_runs - 1].n++;
	w->broken = false;
	return 1;
}

int wal_update(struct wal *w)
{
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r, n = 0;

	if (w->seek)
		log_reader_seek(w->reader, w->len ? w->len : sizeof(struct disk_header));
	w->seek = false;
	while ((r = log_reader_next(w->reader, &type, &off, &payload)) == 0) {
		if (type == FRAME_SCHEMA)
			r = add_schema(w, payload);
		else if (type == FRAME_SNAPSHOT)
			r = add_snapshot(w, payload, off);
		if (r == -ENOMEM) {
			w->seek = true;
			return r;
		}
		if (r < 0) {
			w->n_lost += type == FRAME_SNAPSHOT;
			w->broken = true;
		} else {
			n += r;
		}
		w->len = off + sizeof(struct disk_frame) + span_left(&payload);
	}
	return r == -ENODATA ? n : r;
}

const struct file_id *wal_id(const struct wal *w)
{
	return log_reader_id(w->reader);
}

const struct listing *wal_listing(const struct wal *w)
{
	return &w->listing;
}

const struct disk_heat *wal_heat(const struct wal *w)
{
	return w->heat;
}

void wal_runs(const struct wal *w, const struct wal_run **ret, uint32_t *ret_n)
{
	*ret = w->runs;
	*ret_n = w->n_runs;
}

const struct schema *wal_schema(const struct wal *w, uint32_t i)
{
	return w->schemas[i];
}

uint64_t wal_offset(const struct wal *w, uint32_t i)
{
	return w->off[i];
}

void wal_damage(const struct wal *w, struct log_recovery *ret, uint32_t *ret_n_lost)
{
	log_reader_damage(w->reader, ret);
	*ret_n_lost = w->n_lost;
}

uint64_t wal_len(const struct wal *w)
{
	return w->len;
}

bool wal_sizes_known(const struct wal *w)
{
	return w->sizes_known;
}

static int load_one(struct wal *w, uint32_t i, struct unpacker *u, struct group *g)
{
	_cleanup_(buf_done) struct buf raw = {0};
	struct span payload;
	struct wal_frame f;
	uint64_t off;
	uint8_t type;
	int r;

	r = log_reader_next(w->reader, &type, &off, &payload);
	if (r < 0)
		return r == -ENODATA ? -EBADMSG : r;
	if (off != w->off[i] || type != FRAME_SNAPSHOT)
		return -EBADMSG;
	r = wal_frame_parse(payload, &f);
	if (r == 0)
		r = unpacker_unpack(u, f.h.codec, f.body, span_of(NULL, 0), get_le32(f.h.raw_len), &raw);
	return r < 0 ? r : group_append(g, &f.h, &raw);
}

int wal_load(struct wal *w, uint32_t run, uint32_t n, struct unpacker *u, struct group **g)
{
	const struct wal_run *wr = &w->runs[run];
	int r = 0;

	assert(n <= wr->n);
	if (!*g)
		r = group_new(w->schemas[wr->schema], g);
	if (r < 0 || group_n(*g) >= n)
		return r;
	w->seek = true;
	for (uint32_t i = wr->first + group_n(*g), end = wr->first + n; i < end && r == 0; i++) {
		log_reader_seek(w->reader, w->off[i]);
		r = load_one(w, i, u, *g);
	}
	return r;
}

size_t wal_memory(const struct wal *w)
{
	return sizeof *w + listing_memory(&w->listing) + w->cap * (sizeof *w->heat + sizeof *w->off) +
	       w->cap_runs * sizeof *w->runs;
}
