/* segment_rig.h -- segments of topics written from docs/format.md alone, for the tests of what reads them
 *
 * Nothing here uses the store's writing side, so that the two are independent. What the message of an offset is, is a
 * function of the offset.
 */
#ifndef TESTS_SEGMENT_RIG_H
#define TESTS_SEGMENT_RIG_H

#include "store/cleanup.h"
#include "store/format.h"
#include "store/message.h"
#include "tests/fuzz/must.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <zstd.h>

/* Where it writes, and what has been written of the segment it is at. */
struct rig {
	int dir; /* of the partition */
	uint32_t number;
	uint64_t base;
	uint64_t id;
	int fd;
	uint64_t len;
	uint64_t text, next;
	int64_t max_ms;
	struct buf index, times;
	uint64_t entry_pos;
	uint8_t codec;
	size_t value_len; /* 0: varied */
	char store[200];
};

static inline void rig_write(int fd, const void *p, size_t len, uint64_t off)
{
	must(pwrite(fd, p, len, (off_t)off) == (ssize_t)len);
}

static inline void rig_header(int fd, const char *kind, uint64_t id, uint32_t hour, uint32_t part, uint64_t first)
{
	uint8_t h[64] = {0};
	uint64_t check;

	memcpy(h, "\x89histfs\n", 8);
	memcpy(h + 8, kind, 4);
	h[12] = 1;
	memcpy(h + 24, &id, 8);
	memcpy(h + 40, &hour, 4);
	memcpy(h + 44, &part, 4);
	memcpy(h + 48, &first, 8);
	check = XXH3_64bits_withSeed(h, 56, 0);
	memcpy(h + 56, &check, 8);
	rig_write(fd, h, sizeof h, 0);
}

/* Sets the frame's head in the 20 bytes in front of the payload. */
static inline void rig_frame(uint8_t *frame, uint8_t type, uint32_t len, uint64_t id, uint64_t off)
{
	uint64_t check;

	memset(frame, 0, 20);
	memcpy(frame, "\xf5hf\n", 4);
	memcpy(frame + 12, &len, 4);
	frame[16] = type;
	check = XXH3_64bits_withSeed(frame + 12, 8 + len, id + off);
	memcpy(frame + 4, &check, 8);
}

/* --- messages --- */

static inline int64_t rig_time(uint64_t offset)
{
	/* The clock steps back by half a minute now and then. */
	return INT64_C(1700000000000) + (int64_t)offset * 10 - (offset % 1000 >= 900 ? 30000 : 0);
}

static inline size_t rig_value(const struct rig *g, uint64_t offset, char *ret)
{
	size_t len = g->value_len ? g->value_len : (size_t)(offset * 37 % 300);

	for (size_t i = 0; i < len; i++)
		ret[i] = (char)(offset % 7 == 3 && i % 11 == 0 ? '\t' : 'a' + (offset + i) % 26);
	return len;
}

/* key k<offset>, NULL for each fifth; a header for each third; no value for each 17th. */
static inline void rig_message(const struct rig *g, uint64_t offset, struct buf *room, struct message *ret)
{
	size_t key, headers, value;

	buf_clear(room);
	(void)buf_reserve(room, 4096 + g->value_len);
	*ret = (struct message){.offset = offset, .time_ms = rig_time(offset)};
	key = (size_t)sprintf((char *)room->p, "k%" PRIu64, offset);
	headers = offset % 3 ? 0 : (size_t)sprintf((char *)room->p + key, "\x01h\x03v%c", (int)('a' + offset % 26));
	value = rig_value(g, offset, (char *)room->p + key + headers);
	if (offset % 5)
		ret->key = span_of(room->p, key);
	ret->headers = span_of(room->p + key, headers);
	if (offset % 17)
		ret->value = span_of(room->p + key + headers, value);
}

/* Whether m is what was written at that offset. */
static inline bool rig_is(const struct rig *g, const struct message *m, uint64_t offset)
{
	_cleanup_(buf_done) struct buf room = {0};
	struct message w;
	const struct span *a[] = {&m->key, &m->headers, &m->value}, *b[] = {&w.key, &w.headers, &w.value};

	rig_message(g, offset, &room, &w);
	if (m->offset != offset || m->time_ms != w.time_ms)
		return false;
	for (int i = 0; i < 3; i++)
		if (span_left(a[i]) != span_left(b[i]) || (i != 1 && !a[i]->p != !b[i]->p) ||
		    (span_left(a[i]) > 0 && memcmp(a[i]->p, b[i]->p, span_left(a[i])) != 0))
			return false;
	return true;
}

/* --- writing --- */

static inline struct rig rig_begin(const char *dir)
{
	struct rig g = {.dir = -1, .fd = -1, .number = 1, .id = 1000};
	_cleanup_(buf_done) struct buf names = {0};
	static const uint8_t space[20];
	char path[300];
	int fd;

	snprintf(g.store, sizeof g.store, "%s", dir);
	snprintf(path, sizeof path, "%s/topics", dir);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/topics/names", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	rig_header(fd, "TOPN", 77, 0, 0, 0);
	buf_put(&names, space, sizeof space);
	buf_put(&names, "\x01\x03orders", 8);
	rig_frame(names.p, 19, 8, 77, 64);
	rig_write(fd, names.p, names.len, 64);
	close(fd);
	snprintf(path, sizeof path, "%s/topics/orders", dir);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/topics/orders/0", dir);
	(void)mkdir(path, 0755);
	g.dir = open(path, O_RDONLY | O_DIRECTORY);
	must(g.dir >= 0);
	return g;
}

static inline void rig_name(char ret[64], uint64_t base, const char *suffix)
{
	snprintf(ret, 64, "%020" PRIu64 "%s", base, suffix);
}

/* Begins the segment of that base. */
static inline void rig_segment(struct rig *g, uint64_t base)
{
	char name[64];

	if (g->fd >= 0)
		close(g->fd);
	rig_name(name, base, ".log");
	g->fd = openat(g->dir, name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	g->base = g->next = base;
	g->id++;
	g->len = 64;
	g->text = g->entry_pos = 0;
	g->max_ms = INT64_MIN;
	buf_clear(&g->index);
	buf_clear(&g->times);
	rig_header(g->fd, "TOPL", g->id, g->number, 0, base);
}

static inline void rig_end(struct rig *g)
{
	if (g->fd >= 0)
		close(g->fd);
	close(g->dir);
	buf_done(&g->index);
	buf_done(&g->times);
}

static inline void rig_note(struct rig *g, uint64_t first, int64_t max_ms)
{
	uint32_t delta = (uint32_t)(first - g->base), pos = (uint32_t)g->len, zero = 0;
	int64_t before = INT64_MIN;

	if (max_ms > g->max_ms)
		g->max_ms = max_ms;
	if (g->entry_pos != 0 && g->len - g->entry_pos < 4096)
		return;
	g->entry_pos = g->len;
	buf_put(&g->index, &delta, 4);
	buf_put(&g->index, &pos, 4);
	buf_put(&g->index, &g->text, 8);
	if (g->times.len > 0)
		memcpy(&before, g->times.p + g->times.len - 16, 8);
	if (g->times.len > 0 && before >= g->max_ms)
		return;
	buf_put(&g->times, &g->max_ms, 8);
	buf_put(&g->times, &delta, 4);
	buf_put(&g->times, &zero, 4);
}

/* Appends a batch of n messages from that offset on, each step apart; the frame's offset. */
static inline uint64_t rig_batch(struct rig *g, uint64_t first, uint32_t n, uint32_t step)
{
	_cleanup_(buf_done) struct buf dir = {0};
	_cleanup_(buf_done) struct buf body = {0};
	_cleanup_(buf_done) struct buf room = {0};
	_cleanup_(buf_done) struct buf frame = {0};
	uint64_t text = 0, at = g->len, first_ms = (uint64_t)rig_time(first), check;
	uint32_t delta = (n - 1) * step, raw_len, text32, dir_len;
	int64_t max_ms = INT64_MIN, before = rig_time(first);
	uint8_t *h;

	for (uint32_t i = 0; i < n; i++) {
		struct message m;

		rig_message(g, first + (uint64_t)i * step, &room, &m);
		buf_put_varint(&dir, i ? step : 0);
		buf_put_varint(&dir, zigzag(m.time_ms - before));
		buf_put_varint(&dir, m.key.p ? span_left(&m.key) + 1 : 0);
		buf_put_varint(&dir, span_left(&m.headers));
		buf_put_varint(&dir, m.value.p ? span_left(&m.value) + 1 : 0);
		if (m.key.p)
			buf_put(&body, m.key.p, span_left(&m.key));
		buf_put(&body, m.headers.p, span_left(&m.headers));
		if (m.value.p)
			buf_put(&body, m.value.p, span_left(&m.value));
		text += message_text_len(&m);
		before = m.time_ms;
		if (before > max_ms)
			max_ms = before;
	}
	raw_len = (uint32_t)body.len;
	text32 = (uint32_t)text;
	dir_len = (uint32_t)dir.len;
	(void)buf_reserve(&frame, 20 + 64 + dir.len + ZSTD_compressBound(body.len));
	memset(frame.p, 0, 20 + 64);
	h = frame.p + 20;
	memcpy(h + 8, &first, 8);
	memcpy(h + 16, &first_ms, 8);
	memcpy(h + 24, &max_ms, 8);
	memcpy(h + 32, &n, 4);
	memcpy(h + 36, &delta, 4);
	memcpy(h + 40, &dir_len, 4);
	memcpy(h + 44, &raw_len, 4);
	memcpy(h + 48, &text32, 4);
	h[52] = g->codec;
	memcpy(h + 64, dir.p, dir.len);
	check = XXH3_64bits_withSeed(h + 8, 56 + dir.len, g->id - at);
	memcpy(h, &check, 8);
	frame.len = 84 + dir.len;
	if (g->codec == 1)
		frame.len += ZSTD_compress(frame.p + frame.len, frame.cap - frame.len, body.p, body.len, 1);
	else
		buf_put(&frame, body.p, body.len);
	rig_frame(frame.p, 16, (uint32_t)frame.len - 20, g->id, at);
	rig_write(g->fd, frame.p, frame.len, at);
	rig_note(g, first, max_ms);
	g->len += frame.len;
	g->text += text;
	g->next = first + delta + 1;
	return at;
}

/* Many batches of n messages each, up to that offset. */
static inline void rig_fill(struct rig *g, uint64_t to, uint32_t n)
{
	while (g->next < to)
		(void)rig_batch(g, g->next, n < to - g->next ? n : (uint32_t)(to - g->next), 1);
}

static inline void rig_put_index(struct rig *g, const char *suffix, const char *kind, uint8_t type, const struct buf *e,
    uint64_t file_id)
{
	_cleanup_(buf_done) struct buf f = {0};
	static const uint8_t space[20 + 48];
	char name[64];
	int fd;

	rig_name(name, g->base, suffix);
	fd = openat(g->dir, name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	rig_header(fd, kind, file_id, g->number, 0, g->base);
	buf_put(&f, space, sizeof space);
	memcpy(f.p + 20, &g->id, 8);
	memcpy(f.p + 28, &g->len, 8);
	memcpy(f.p + 36, &g->next, 8);
	memcpy(f.p + 44, &g->max_ms, 8);
	memcpy(f.p + 52, &g->text, 8);
	buf_put(&f, e->p, e->len);
	rig_frame(f.p, type, (uint32_t)f.len - 20, file_id, 64);
	rig_write(fd, f.p, f.len, 64);
	/* And a small one, as a closed segment has at its end. */
	f.p[60] = 1;
	rig_frame(f.p, type, 48, file_id, 64 + f.len);
	rig_write(fd, f.p, 68, 64 + f.len);
	close(fd);
}

/* Both indexes of the segment, as far as it has been written. */
static inline void rig_index(struct rig *g)
{
	rig_put_index(g, ".index", "TOPI", 17, &g->index, g->id + 500000);
	rig_put_index(g, ".timeindex", "TOPT", 18, &g->times, g->id + 600000);
}

static inline void rig_flip(struct rig *g, uint64_t off)
{
	uint8_t c;

	must(pread(g->fd, &c, 1, (off_t)off) == 1);
	c ^= 0x55;
	rig_write(g->fd, &c, 1, off);
}

#endif
