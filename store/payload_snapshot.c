/* payload_snapshot.c -- see payload_snapshot.h */
#include "store/payload_snapshot.h"

#include "store/frame.h"
#include "store/io.h"
#include "store/payload_position.h"

enum {
	SEGMENTS_MAX = 1 << 24,
	VERSION = 1,
	PIECE = 2 << 20,                             /* bytes of the processor's large pages */
	BESIDE = 10,                                 /* entries from where it should be, that one usually is in */
	A_LINE = 64 / sizeof(struct disk_key_entry), /* entries of the processor's cache */
};

struct payload_snapshot {
	struct payload_snapshot_head head;
	uint64_t file_id, len;
	uint64_t first_page; /* offset */
	uint32_t n_pages;
	struct io_map map;
	uint32_t *slots;          /* of head.segments; SLOT_NONE */
	_Atomic uint8_t *entries; /* how many a page has, and one; 0: it was not verified yet */
	_Atomic bool damaged;
};

struct payload_snapshot_writer {
	struct sealed_writer *out;
	uint64_t store_id;
	uint64_t first_page, n_keys;
	uint32_t n_pages, n_added;
};

static inline uint32_t page_of(uint32_t n_pages, uint64_t hash)
{
	return (uint32_t)((unsigned __int128)hash * n_pages >> 64);
}

/* --- opening --- */

static int parse_segments(struct payload_snapshot_head *h, struct span *s, uint64_t n)
{
	struct payload_covered *v;

	/* Each takes ten bytes or more. */
	if (n > SEGMENTS_MAX || n > span_left(s) / 10)
		return -EBADMSG;
	v = calloc(n + 1, sizeof *v);
	if (!v)
		return -ENOMEM;
	h->segments = v;
	h->n_segments = (uint32_t)n;
	for (uint64_t i = 0; i < n; i++) {
		const le64 *id;

		if (span_varint(s, &v[i].base) < 0 || !(id = span_take(s, sizeof *id)) ||
		    span_varint(s, &v[i].covered) < 0 || (i > 0 && v[i].base <= v[i - 1].base))
			return -EBADMSG;
		v[i].file_id = get_le64(*id);
	}
	return 0;
}

static int parse_head(struct payload_snapshot *s, struct span in)
{
	struct payload_snapshot_head *h = &s->head;
	uint64_t version, newest_ms, n_segments, n_pages;
	int r;

	if (span_varint(&in, &version) < 0)
		return -EBADMSG;
	if (version != VERSION)
		return -EPROTONOSUPPORT;
	if (span_varint(&in, &h->n_keys) < 0 || span_varint_max(&in, h->n_keys, &h->n_live) < 0 ||
	    span_varint(&in, &h->newest_number) < 0 || span_varint(&in, &newest_ms) < 0 ||
	    span_varint(&in, &n_segments) < 0)
		return -EBADMSG;
	h->newest_ms = unzigzag(newest_ms);
	r = parse_segments(h, &in, n_segments);
	if (r < 0)
		return r;
	if (span_varint_max(&in, UINT32_MAX, &n_pages) < 0 || n_pages == 0 || span_varint(&in, &s->first_page) < 0 ||
	    s->first_page > s->len || n_pages > (s->len - s->first_page) / KEYS_PAGE)
		return -EBADMSG;
	s->n_pages = (uint32_t)n_pages;
	return 0;
}

static int take_file(struct payload_snapshot *s, const struct sealed *file)
{
	_cleanup_(buf_done) struct buf head = {0};
	int r = sealed_section(file, FRAME_KEYS_HEAD, 0, &head);

	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	s->file_id = sealed_id(file)->id;
	s->len = sealed_len(file);
	r = parse_head(s, span_of(head.p, head.len));
	if (r < 0)
		return r;
	s->slots = calloc(s->head.n_segments + 1, sizeof *s->slots);
	s->entries = calloc(s->n_pages, sizeof *s->entries);
	if (!s->slots || !s->entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->head.n_segments; i++)
		s->slots[i] = SLOT_NONE;
	return io_map(sealed_fd(file), s->first_page + (uint64_t)s->n_pages * KEYS_PAGE, &s->map);
}

int payload_snapshot_open(int dirfd, uint64_t store_id, struct payload_snapshot **ret)
{
	_cleanup_(cleanup_payload_snapshot) struct payload_snapshot *s = NULL;
	_cleanup_(cleanup_sealed) struct sealed *file = NULL;
	int r = sealed_open(dirfd, PAYLOAD_SNAPSHOT_FILE, KIND_KEYS, &file);

	if (r < 0)
		return r;
	if (store_id != 0 && sealed_id(file)->store_id != store_id)
		return -EBADMSG;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	r = take_file(s, file);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void payload_snapshot_free(struct payload_snapshot *s)
{
	if (!s)
		return;
	io_unmap(&s->map);
	free(s->head.segments);
	free(s->slots);
	free(s->entries);
	free(s);
}

const struct payload_snapshot_head *payload_snapshot_head(const struct payload_snapshot *s)
{
	return &s->head;
}

uint64_t payload_snapshot_len(const struct payload_snapshot *s)
{
	return s->len;
}

size_t payload_snapshot_memory(const struct payload_snapshot *s)
{
	return sizeof *s + s->head.n_segments * (sizeof *s->head.segments + sizeof *s->slots) + s->n_pages;
}

bool payload_snapshot_damaged(const struct payload_snapshot *s)
{
	return atomic_load(&s->damaged);
}

void payload_snapshot_bind(struct payload_snapshot *s, uint32_t place, uint32_t slot)
{
	s->slots[place] = slot;
}

/* --- reading --- */

struct looking {
	const struct payload_snapshot *s;
	uint32_t page;
	unsigned n_entries; /* of the page, and one; 0: it is to be verified */
	uint64_t first, last;
	struct payload_entry *ret;
	size_t room, n;
	bool any; /* of next: *ret is it */
};

static bool page_valid(const struct payload_snapshot *s, const struct disk_keys_page *page, uint64_t off)
{
	return frame_head_valid(&page->frame) && page->frame.type == FRAME_KEYS_PAGE &&
	       get_le32(page->frame.len) == KEYS_PAGE - sizeof page->frame && get_le16(page->n) <= KEYS_PAGE_MAX &&
	       frame_check_valid(&page->frame, s->file_id, off);
}

/* Where in its page, that has n entries, the hash should be, as hashes are even. */
static unsigned place_of(const struct looking *k, uint64_t n, uint64_t hash)
{
	uint64_t within = hash * k->s->n_pages; /* the fraction of the page */

	return (unsigned)((unsigned __int128)within * n >> 64);
}

/* The first entry of the page that is not below hash: looked for from where it should be. */
static unsigned lower_bound(const struct looking *k, const struct disk_keys_page *page, unsigned n, uint64_t hash)
{
	unsigned i = place_of(k, n, hash);

	if (page_of(k->s->n_pages, hash) < k->page)
		i = 0;
	while (i > 0 && get_le64(page->entries[i - 1].hash) >= hash)
		i--;
	while (i < n && get_le64(page->entries[i].hash) < hash)
		i++;
	return i;
}

/* Gives the page, if it is a whole one, and how many entries it has. */
static const struct disk_keys_page *page_at(struct looking *k, const uint8_t *p, unsigned *ret_n)
{
	uint64_t off = k->s->first_page + (uint64_t)k->page * KEYS_PAGE;
	const struct disk_keys_page *page = (const struct disk_keys_page *)(p + off);

	if (k->n_entries == 0) {
		if (!page_valid(k->s, page, off))
			return NULL;
		k->n_entries = get_le16(page->n) + 1U;
	}
	*ret_n = k->n_entries - 1;
	return page;
}

/* The entry that is looked for is in one of a few lines of memory: all of them are on their way at once. */
static void prefetch(const struct looking *k, const struct disk_keys_page *page, unsigned n)
{
	unsigned i = place_of(k, n, k->first), end = i + BESIDE < n ? i + BESIDE : n;

	for (i = i > BESIDE ? i - BESIDE : 0; i < end; i += A_LINE)
		__builtin_prefetch(&page->entries[i]);
}

static int look_for_range(const uint8_t *p, void *arg)
{
	struct looking *k = arg;
	unsigned n;
	const struct disk_keys_page *page = page_at(k, p, &n);

	if (!page)
		return -EBADMSG;
	prefetch(k, page, n);
	for (unsigned i = lower_bound(k, page, n, k->first); i < n; i++) {
		struct payload_entry e = {get_le64(page->entries[i].hash), get_le64(page->entries[i].position)};
		uint32_t place = position_slot(e.position), slot;

		if (e.hash > k->last)
			break;
		if (place >= k->s->head.n_segments)
			return -EBADMSG;
		slot = k->s->slots[place];
		if (slot == SLOT_NONE)
			continue;
		e.position = position_of(slot, position_off(e.position), position_deleted(e.position));
		if (k->n < k->room)
			k->ret[k->n] = e;
		k->n++;
	}
	return 0;
}

static int look_for_next(const uint8_t *p, void *arg)
{
	struct looking *k = arg;
	unsigned n, i;
	const struct disk_keys_page *page = page_at(k, p, &n);

	if (!page)
		return -EBADMSG;
	i = lower_bound(k, page, n, k->first);
	k->any = i < n;
	if (k->any)
		k->ret->hash = get_le64(page->entries[i].hash);
	return 0;
}

static_assert(KEYS_PAGE_MAX < UINT8_MAX, "entries of a page, and one, are a byte");

static int look(struct looking *k, int (*fn)(const uint8_t *p, void *arg))
{
	struct payload_snapshot *s = (struct payload_snapshot *)(uintptr_t)k->s;
	_Atomic uint8_t *known = &s->entries[k->page];
	unsigned before = atomic_load_explicit(known, memory_order_relaxed);
	int r;

	k->n_entries = before;
	r = io_map_read(&s->map, fn, k);
	if (r < 0)
		atomic_store(&s->damaged, true);
	else if (before == 0)
		atomic_store_explicit(known, (uint8_t)k->n_entries, memory_order_relaxed);
	return r;
}

int payload_snapshot_range(const struct payload_snapshot *s, uint64_t first, uint64_t last, struct payload_entry *ret,
    size_t room, size_t *ret_n)
{
	struct looking k = {.s = s, .first = first, .last = last, .ret = ret, .room = room};
	uint32_t end = page_of(s->n_pages, last);

	for (k.page = page_of(s->n_pages, first); k.page <= end; k.page++) {
		int r = look(&k, look_for_range);

		if (r < 0)
			return r;
	}
	*ret_n = k.n;
	return 0;
}

int payload_snapshot_next(const struct payload_snapshot *s, uint64_t from, uint64_t *ret)
{
	struct payload_entry found;
	struct looking k = {.s = s, .first = from, .ret = &found};

	for (k.page = page_of(s->n_pages, from); k.page < s->n_pages; k.page++) {
		int r = look(&k, look_for_next);

		if (r < 0)
			return r;
		if (k.any) {
			*ret = found.hash;
			return 0;
		}
	}
	return -ENODATA;
}

/* --- writing --- */

int payload_snapshot_writer_new(int dirfd, uint64_t store_id, uint32_t n_pages, struct payload_snapshot_writer **ret)
{
	/* So that pages are the memory's. */
	static const uint8_t padding[KEYS_PAGE - sizeof(struct disk_header) - sizeof(struct disk_frame)];
	_cleanup_(cleanup_payload_snapshot_writer) struct payload_snapshot_writer *w = calloc(1, sizeof *w);
	struct file_id id = {.kind = KIND_KEYS, .store_id = store_id};
	int r;

	if (!w)
		return -ENOMEM;
	w->n_pages = n_pages;
	w->first_page = KEYS_PAGE;
	r = sealed_writer_new(dirfd, PAYLOAD_SNAPSHOT_FILE, &id, &w->out);
	if (r < 0)
		return r;
	sealed_writer_gather(w->out, PIECE);
	r = sealed_writer_add(w->out, FRAME_PADDING, padding, sizeof padding, false, NULL);
	if (r < 0)
		return r;
	*ret = TAKE(w);
	return 0;
}

void payload_snapshot_writer_page(uint32_t n_pages, uint32_t page, uint64_t *ret_first, uint64_t *ret_last)
{
	unsigned __int128 begins = (unsigned __int128)page << 64, ends = (unsigned __int128)(page + UINT64_C(1)) << 64;

	*ret_first = (uint64_t)((begins + n_pages - 1) / n_pages);
	*ret_last = (uint64_t)((ends + n_pages - 1) / n_pages - 1);
}

int payload_snapshot_writer_add(struct payload_snapshot_writer *w, const struct payload_entry *entries, size_t n)
{
	struct disk_keys_page page = {.n = put_le16((uint16_t)n)};

	for (size_t i = 0; i < n; i++)
		page.entries[i] = (struct disk_key_entry){put_le64(entries[i].hash), put_le64(entries[i].position)};
	w->n_keys += n;
	w->n_added++;
	return sealed_writer_add(w->out, FRAME_KEYS_PAGE, (uint8_t *)&page + sizeof page.frame,
	    sizeof page - sizeof page.frame, false, NULL);
}

static void put_head(struct buf *b, const struct payload_snapshot_writer *w, const struct payload_snapshot_head *h)
{
	buf_put_varint(b, VERSION);
	buf_put_varint(b, w->n_keys);
	buf_put_varint(b, h->n_live);
	buf_put_varint(b, h->newest_number);
	buf_put_varint(b, zigzag(h->newest_ms));
	buf_put_varint(b, h->n_segments);
	for (uint32_t i = 0; i < h->n_segments; i++) {
		le64 id = put_le64(h->segments[i].file_id);

		buf_put_varint(b, h->segments[i].base);
		buf_put(b, &id, sizeof id);
		buf_put_varint(b, h->segments[i].covered);
	}
	buf_put_varint(b, w->n_pages);
	buf_put_varint(b, w->first_page);
}

int payload_snapshot_writer_finish(struct payload_snapshot_writer *w, const struct payload_snapshot_head *h)
{
	_cleanup_(buf_done) struct buf head = {0};
	int r;

	put_head(&head, w, h);
	r = w->n_added == w->n_pages ? head.err : -EINVAL;
	if (r == 0)
		r = sealed_writer_add(w->out, FRAME_KEYS_HEAD, head.p, head.len, true, NULL);
	if (r == 0)
		r = sealed_writer_finish(TAKE(w->out));
	payload_snapshot_writer_abort(w);
	return r;
}

void payload_snapshot_writer_abort(struct payload_snapshot_writer *w)
{
	if (!w)
		return;
	sealed_writer_abort(w->out);
	free(w);
}
