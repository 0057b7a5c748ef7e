/* batch.c -- messages gathered for a batch, and taken out of one */
#include "store/batch.h"

#include "store/text.h"

enum { ENTRY_MAX = 5 * VARINT_MAX }; /* bytes of a message in the directory */

static bool headers_valid(struct span headers)
{
	struct span name, value;

	while (span_left(&headers) > 0)
		if (message_header(&headers, &name, &value) < 0)
			return false;
	return true;
}

/* Nothing at a place, where NULL would mean that there is none. */
static struct span somewhere(struct span s)
{
	return s.p ? s : span_of("", 0);
}

static int reserve(struct batch_builder *b, size_t dir_more, size_t body_more)
{
	int r = buf_reserve(&b->dir, dir_more);

	if (r == 0)
		r = buf_reserve(&b->body, body_more);
	if (r < 0)
		b->dir.err = b->body.err = 0; /* nothing was to be remembered: the caller is told */
	return r;
}

/* Copies bytes for which there is room; returns the length of their text. */
static uint64_t copy(struct buf *body, struct span s)
{
	uint64_t len;

	if (!s.p)
		return 2;
	len = text_copy_len(body->p + body->len, s.p, span_left(&s));
	body->len += span_left(&s);
	return len;
}

static uint64_t copy_headers(struct buf *body, struct span headers)
{
	if (span_left(&headers) == 0)
		return 2;
	buf_put(body, headers.p, span_left(&headers));
	return message_headers_len(headers);
}

static uint64_t stored_len(struct span s)
{
	return s.p ? (uint64_t)span_left(&s) + 1 : 0;
}

static void note_time(struct batch_builder *b, int64_t time_ms)
{
	if (b->n == 0)
		b->first_ms = b->last_ms = b->max_ms = time_ms;
	if (time_ms > b->max_ms)
		b->max_ms = time_ms;
	b->last_ms = time_ms;
}

static void put_entry(struct buf *dir, uint64_t gap, uint64_t ms_change, const struct message *m)
{
	uint8_t *p;

	if (buf_reserve(dir, ENTRY_MAX) < 0)
		return;
	p = put_varint(dir->p + dir->len, gap);
	p = put_varint(p, zigzag((int64_t)ms_change));
	p = put_varint(p, stored_len(m->key));
	p = put_varint(p, span_left(&m->headers));
	p = put_varint(p, stored_len(m->value));
	dir->len = (size_t)(p - dir->p);
}

int batch_add(struct batch_builder *b, const struct message *m)
{
	size_t lens[] = {span_left(&m->key), span_left(&m->headers), span_left(&m->value)}, len = 0;
	size_t room = BATCH_RAW_MAX - b->dir.len - b->body.len;
	uint64_t gap = b->n > 0 ? m->offset - b->last_offset : 0;
	int r;

	if (b->n > 0 && m->offset <= b->last_offset)
		return -EINVAL;
	if (b->n == BATCH_N_MAX || room < ENTRY_MAX)
		return -EMSGSIZE;
	room -= ENTRY_MAX;
	for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
		if (lens[i] > room - len)
			return -EMSGSIZE;
		len += lens[i];
	}
	if (!headers_valid(m->headers))
		return -EINVAL;
	r = reserve(b, ENTRY_MAX, len);
	if (r < 0)
		return r;

	put_entry(&b->dir, gap, b->n > 0 ? (uint64_t)m->time_ms - (uint64_t)b->last_ms : 0, m);
	b->text_len += MESSAGE_TEXT_FIXED;
	b->text_len += copy(&b->body, m->key);
	b->text_len += copy_headers(&b->body, m->headers);
	b->text_len += copy(&b->body, m->value);
	note_time(b, m->time_ms);
	if (b->n++ == 0)
		b->first_offset = m->offset;
	b->last_offset = m->offset;
	return 0;
}

void batch_clear(struct batch_builder *b)
{
	struct buf dir = b->dir, body = b->body;

	buf_clear(&dir);
	buf_clear(&body);
	*b = (struct batch_builder){.dir = dir, .body = body};
}

void batch_done(struct batch_builder *b)
{
	buf_done(&b->dir);
	buf_done(&b->body);
	*b = (struct batch_builder){0};
}

static struct batch_cursor cursor_over(const struct batch_builder *b)
{
	struct batch_cursor c;

	batch_cursor_init(&c, b->n, b->first_offset, b->first_ms, false, span_of(b->dir.p, b->dir.len),
	    span_of(b->body.p, b->body.len));
	return c;
}

uint64_t batch_text_len(const struct batch_builder *b, uint64_t first_offset)
{
	uint64_t len = b->text_len, last = first_offset + (b->last_offset - b->first_offset);
	struct batch_cursor c = cursor_over(b);
	struct message m;

	if (text_u64_len(first_offset) == text_u64_len(last))
		return len + (uint64_t)b->n * text_u64_len(last);
	while (batch_next(&c, &m) == 0)
		len += text_u64_len(first_offset + (m.offset - b->first_offset));
	return len;
}

void batch_flat_dir(const struct batch_builder *b, struct buf *out)
{
	struct batch_cursor c = cursor_over(b);
	uint64_t last = b->first_offset;
	struct message m;

	while (batch_next(&c, &m) == 0) {
		put_entry(out, m.offset - last, 0, &m);
		last = m.offset;
	}
}

/* Goes through messages to see that they are such, and adds up times and text. */
static int adopt_each(struct batch_builder *b, struct batch_cursor *c, uint8_t *to)
{
	struct span whole = c->body;
	struct message m;
	int r;

	while ((r = batch_next(c, &m)) == 0) {
		struct span parts[] = {m.key, m.value};

		if (m.offset != b->n || !headers_valid(m.headers))
			return -EBADMSG;
		b->text_len += MESSAGE_TEXT_FIXED + message_headers_len(m.headers);
		for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
			struct span s = parts[i];

			b->text_len += s.p ? text_copy_len(to + (s.p - whole.p), s.p, span_left(&s)) : 2;
		}
		if (span_left(&m.headers) > 0)
			memcpy(to + (m.headers.p - whole.p), m.headers.p, span_left(&m.headers));
		note_time(b, m.time_ms);
		b->last_offset = b->n++;
	}
	return r == -ENODATA && span_left(&c->dir) == 0 && span_left(&c->body) == 0 ? 0 : -EBADMSG;
}

int batch_adopt(struct batch_builder *b, uint32_t n, int64_t first_ms, struct span dir, struct span body)
{
	struct batch_cursor c;
	int r;

	if (n == 0)
		return -EBADMSG;
	if (n > BATCH_N_MAX || span_left(&dir) > BATCH_RAW_MAX || span_left(&body) > BATCH_RAW_MAX - span_left(&dir))
		return -EMSGSIZE;
	body = somewhere(body);
	r = reserve(b, span_left(&dir) + 1, span_left(&body) + 1);
	if (r < 0)
		return r;
	batch_cursor_init(&c, n, 0, first_ms, false, dir, body);
	r = adopt_each(b, &c, b->body.p);
	if (r == 0 && b->first_ms != first_ms)
		r = -EBADMSG;
	if (r < 0) {
		batch_clear(b);
		return r;
	}
	b->body.len = span_left(&body);
	buf_put(&b->dir, dir.p, span_left(&dir));
	return 0;
}

void batch_cursor_init(struct batch_cursor *c, uint32_t n, uint64_t first_offset, int64_t first_ms, bool append_time,
    struct span dir, struct span body)
{
	*c = (struct batch_cursor){
	    .dir = dir,
	    .body = somewhere(body),
	    .next = {.offset = first_offset, .time_ms = first_ms},
	    .left = n,
	    .append_time = append_time,
	};
}

/* Takes what has its length + 1 stored, or 0 for NULL. */
static int take(struct span *body, uint64_t stored, struct span *ret)
{
	*ret = (struct span){0};
	return stored == 0 ? 0 : span_sub(body, stored - 1, ret);
}

int batch_next(struct batch_cursor *c, struct message *ret)
{
	struct message m = {.append_time = c->append_time};
	uint64_t gap, change, key, headers, value;
	int r;

	if (c->left == 0)
		return -ENODATA;
	if (span_varint(&c->dir, &gap) < 0 || span_varint(&c->dir, &change) < 0 || span_varint(&c->dir, &key) < 0 ||
	    span_varint(&c->dir, &headers) < 0 || span_varint(&c->dir, &value) < 0)
		return -EBADMSG;
	if ((gap > 0) != c->begun || gap >= OFFSET_MAX || c->next.offset + gap >= OFFSET_MAX)
		return -EBADMSG;
	m.offset = c->next.offset + gap;
	m.time_ms = (int64_t)((uint64_t)c->next.time_ms + (uint64_t)unzigzag(change));
	r = take(&c->body, key, &m.key);
	if (r == 0)
		r = span_sub(&c->body, headers, &m.headers);
	if (r == 0)
		r = take(&c->body, value, &m.value);
	if (r < 0)
		return r;
	c->next.offset = m.offset;
	c->next.time_ms = m.time_ms;
	c->begun = true;
	c->left--;
	*ret = m;
	return 0;
}
