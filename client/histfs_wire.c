/* histfs_wire.c -- see histfs_wire.h */
#include "client/histfs_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- out --- */

static bool reserve(struct histfs_wire_out *o, size_t more)
{
	size_t cap = o->cap ? o->cap : 256;
	uint8_t *p;

	if (o->failed || more > SIZE_MAX / 4) {
		o->failed = true;
		return false;
	}
	if (o->cap - o->len >= more)
		return true;
	while (cap - o->len < more)
		cap *= 2;
	p = realloc(o->p, cap);
	if (!p) {
		o->failed = true;
		return false;
	}
	o->p = p;
	o->cap = cap;
	return true;
}

void histfs_wire_put(struct histfs_wire_out *o, const void *p, size_t len)
{
	if (len == 0 || !reserve(o, len))
		return;
	memcpy(o->p + o->len, p, len);
	o->len += len;
}

void histfs_wire_put_varint(struct histfs_wire_out *o, uint64_t x)
{
	if (!reserve(o, 10))
		return;
	for (; x >= 0x80; x >>= 7)
		o->p[o->len++] = (uint8_t)(x | 0x80);
	o->p[o->len++] = (uint8_t)x;
}

void histfs_wire_put_le(struct histfs_wire_out *o, uint64_t x, unsigned n_bytes)
{
	uint8_t b[8];

	for (unsigned i = 0; i < n_bytes; i++)
		b[i] = (uint8_t)(x >> 8 * i);
	histfs_wire_put(o, b, n_bytes);
}

void histfs_wire_put_string(struct histfs_wire_out *o, const char *s)
{
	histfs_wire_put_varint(o, strlen(s));
	histfs_wire_put(o, s, strlen(s));
}

/* --- in --- */

uint64_t histfs_wire_varint(struct histfs_wire_in *in)
{
	uint64_t x = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t b = *in->p++;

		if (shift == 63 && b > 1)
			break;
		x |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return x;
	}
	in->failed = true;
	in->p = in->end;
	return 0;
}

int64_t histfs_wire_zigzag(struct histfs_wire_in *in)
{
	uint64_t x = histfs_wire_varint(in);

	return (int64_t)(x >> 1 ^ (0 - (x & 1)));
}

const void *histfs_wire_bytes(struct histfs_wire_in *in, uint64_t len)
{
	const uint8_t *p = in->p;

	if (len > (size_t)(in->end - in->p)) {
		in->failed = true;
		in->p = in->end;
		return NULL;
	}
	in->p += len;
	return p;
}

uint64_t histfs_wire_le(struct histfs_wire_in *in, unsigned n_bytes)
{
	const uint8_t *p = histfs_wire_bytes(in, n_bytes);
	uint64_t x = 0;

	for (unsigned i = 0; p && i < n_bytes; i++)
		x |= (uint64_t)p[i] << 8 * i;
	return x;
}

/* --- messages --- */

static void put_field(struct histfs_wire_out *dir, struct histfs_wire_out *body, const void *p, size_t len)
{
	histfs_wire_put_varint(dir, p ? (uint64_t)len + 1 : 0);
	if (p)
		histfs_wire_put(body, p, len);
}

static void put_headers(struct histfs_wire_out *dir, struct histfs_wire_out *body, const struct histfs_message *m)
{
	size_t before = body->len;

	for (size_t i = 0; i < m->n_headers; i++) {
		const struct histfs_header *h = &m->headers[i];

		histfs_wire_put_varint(body, h->name_len);
		histfs_wire_put(body, h->name, h->name_len);
		put_field(body, body, h->value, h->value_len);
	}
	histfs_wire_put_varint(dir, body->len - before);
}

static bool says_time(const struct histfs_message *m)
{
	return m->time_ms != HISTFS_NOW && m->time_ms != 0;
}

int histfs_wire_put_messages(struct histfs_wire_out *dir, struct histfs_wire_out *body,
    const struct histfs_message *messages, size_t n, int64_t now_ms, int64_t *ret_first_ms)
{
	bool any = false;
	int64_t before = 0;

	for (size_t i = 0; i < n; i++) {
		const struct histfs_message *m = &messages[i];

		any = any || says_time(m);
		if (m->n_headers > 0 && !m->headers)
			return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		const struct histfs_message *m = &messages[i];
		int64_t ms = !any ? 0 : says_time(m) ? m->time_ms : now_ms;
		int64_t change = i == 0 ? 0 : (int64_t)((uint64_t)ms - (uint64_t)before);

		histfs_wire_put_varint(dir, i > 0);
		histfs_wire_put_varint(dir, (uint64_t)change << 1 ^ (uint64_t)(change >> 63));
		put_field(dir, body, m->key, m->key_len);
		put_headers(dir, body, m);
		put_field(dir, body, m->value, m->value_len);
		before = ms;
		if (i == 0)
			*ret_first_ms = any ? ms : HISTFS_NOW;
	}
	return dir->failed || body->failed ? -ENOMEM : 0;
}

/* A length + 1, or 0 for NULL. */
static const void *get_field(struct histfs_wire_in *lengths, struct histfs_wire_in *bytes, size_t *ret_len)
{
	uint64_t len = histfs_wire_varint(lengths);

	*ret_len = 0;
	if (len == 0)
		return NULL;
	*ret_len = (size_t)(len - 1);
	return histfs_wire_bytes(bytes, len - 1);
}

/* The same memory with more room, NULL: there is none to be had. */
static void *grow(void *v, size_t *max, size_t size)
{
	size_t more = *max ? 2 * *max : 64;
	void *p = realloc(v, more * size);

	if (p)
		*max = more;
	return p;
}

/* The next of the array, made larger if need be. */
static struct histfs_header *add_header(struct histfs_wire_messages *m)
{
	if (m->n_headers == m->max_headers) {
		struct histfs_header *p = grow(m->headers, &m->max_headers, sizeof *p);

		if (!p)
			return NULL;
		m->headers = p;
	}
	return &m->headers[m->n_headers++];
}

static struct histfs_message *message_at(struct histfs_wire_messages *m, size_t i)
{
	if (i == m->max) {
		struct histfs_message *p = grow(m->v, &m->max, sizeof *p);

		if (!p)
			return NULL;
		m->v = p;
	}
	return &m->v[i];
}

static int get_headers(struct histfs_wire_messages *m, struct histfs_wire_in *body, uint64_t len, size_t *ret_n)
{
	const uint8_t *p = histfs_wire_bytes(body, len);
	struct histfs_wire_in in = {.p = p, .end = p ? p + len : p};

	*ret_n = 0;
	while (in.p < in.end) {
		struct histfs_header *h = add_header(m);
		uint64_t name_len = histfs_wire_varint(&in);

		if (!h)
			return -ENOMEM;
		h->name = histfs_wire_bytes(&in, name_len);
		h->name_len = (size_t)name_len;
		h->value = get_field(&in, &in, &h->value_len);
		++*ret_n;
	}
	body->failed = body->failed || in.failed;
	return 0;
}

int histfs_wire_get_messages(struct histfs_wire_messages *m, size_t n, uint64_t first_offset, int64_t first_ms,
    struct histfs_wire_in dir, struct histfs_wire_in body)
{
	uint64_t offset = first_offset;
	int64_t ms = first_ms;
	size_t at = 0;

	m->n_headers = 0;
	for (size_t i = 0; i < n && !dir.failed && !body.failed; i++) {
		struct histfs_message *v = message_at(m, i);
		int r;

		if (!v)
			return -ENOMEM;
		offset += histfs_wire_varint(&dir);
		ms = (int64_t)((uint64_t)ms + (uint64_t)histfs_wire_zigzag(&dir));
		*v = (struct histfs_message){.offset = offset, .time_ms = ms};
		v->key = get_field(&dir, &body, &v->key_len);
		r = get_headers(m, &body, histfs_wire_varint(&dir), &v->n_headers);
		if (r < 0)
			return r;
		v->value = get_field(&dir, &body, &v->value_len);
	}
	if (dir.failed || body.failed || dir.p < dir.end || body.p < body.end)
		return -EPROTO;
	/* The headers have stopped moving. */
	for (size_t i = 0; i < n; i++) {
		m->v[i].headers = m->v[i].n_headers ? m->headers + at : NULL;
		at += m->v[i].n_headers;
	}
	return 0;
}
