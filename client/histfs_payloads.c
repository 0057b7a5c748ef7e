/* histfs_payloads.c -- see histfs.h: documents by key */
#include "client/histfs.h"

#include "client/histfs_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FLAGS = HISTFS_RAW | HISTFS_DELETED };

static void put_key(struct histfs_wire_out *o, const struct histfs_key *key)
{
	histfs_wire_put_le(o, key->string == NULL, 1);
	histfs_wire_put_varint(o, key->string ? key->len : key->number);
	if (key->string)
		histfs_wire_put(o, key->string, key->len);
}

static void get_key(struct histfs_wire_in *in, struct histfs_key *ret)
{
	bool is_number = histfs_wire_le(in, 1);
	uint64_t n = histfs_wire_varint(in);

	*ret = (struct histfs_key){.number = n};
	if (is_number)
		return;
	*ret = (struct histfs_key){.string = histfs_wire_bytes(in, n), .len = (size_t)n};
}

/* --- putting --- */

int histfs_put(struct histfs *h, const struct histfs_payload *puts, size_t n, enum histfs_ack ack, uint64_t *ret_number,
    size_t *ret_written)
{
	struct histfs_wire_in in;
	uint64_t number, written;
	uint32_t id = histfs_conn_begin(h, OP_PUT);
	int r;

	if (n == 0)
		return histfs_conn_fail(h, -EINVAL, "there is no document");
	if (ack != HISTFS_WRITTEN && ack != HISTFS_SYNCED)
		return histfs_conn_fail(h, -EINVAL, "documents are written or synced");
	histfs_wire_put_le(&h->out, (uint64_t)ack, 1);
	histfs_wire_put_varint(&h->out, n);
	for (size_t i = 0; i < n; i++) {
		const struct histfs_payload *p = &puts[i];
		size_t len = p->flags & HISTFS_DELETED ? 0 : p->value_len;

		if (p->flags & ~(unsigned)FLAGS)
			return histfs_conn_fail(h, -EINVAL, "a document has flags that are none");
		histfs_wire_put_le(&h->out, p->flags, 1);
		put_key(&h->out, &p->key);
		histfs_wire_put_varint(&h->out, len);
		histfs_wire_put(&h->out, p->value, len);
	}
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	number = histfs_wire_varint(&in);
	written = histfs_wire_varint(&in);
	r = histfs_conn_parsed(h, &in);
	if (r == 0 && ret_number)
		*ret_number = number;
	if (r == 0 && ret_written)
		*ret_written = (size_t)written;
	return r;
}

int histfs_del(struct histfs *h, const struct histfs_key *key, enum histfs_ack ack)
{
	const struct histfs_payload put = {.key = *key, .flags = HISTFS_DELETED};
	size_t written;
	int r = histfs_put(h, &put, 1, ack, NULL, &written);

	return r < 0 ? r : written > 0;
}

/* --- reading --- */

/* What stands behind the flags is the value. */
static int take_value(struct histfs *h, struct histfs_wire_in *in, struct histfs_payload *p, struct histfs_payload *ret)
{
	int r;

	p->time_ms = (int64_t)histfs_wire_le(in, 8);
	p->flags = (unsigned)histfs_wire_le(in, 1);
	r = histfs_conn_parsed(h, in);
	if (r < 0)
		return r;
	p->value = in->p;
	p->value_len = (size_t)(in->end - in->p);
	*ret = *p;
	return 0;
}

int histfs_get(struct histfs *h, const struct histfs_key *key, int64_t time_ms, struct histfs_payload *ret)
{
	struct histfs_payload p = {.key = *key};
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_GET);
	int r;

	put_key(&h->out, key);
	histfs_wire_put_le(&h->out, (uint64_t)time_ms, 8);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	p.number = histfs_wire_varint(&in);
	return take_value(h, &in, &p, ret);
}

int histfs_record(struct histfs *h, uint64_t number, struct histfs_payload *ret)
{
	struct histfs_payload p = {.number = number};
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_RECORD);
	int r;

	histfs_wire_put_varint(&h->out, number);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	get_key(&in, &p.key);
	return take_value(h, &in, &p, ret);
}

/* One of a page: its value is told by its length alone. */
static struct histfs_payload *add(struct histfs *h, size_t i)
{
	if (i == h->max_payloads) {
		size_t max = h->max_payloads ? 2 * h->max_payloads : 64;
		struct histfs_payload *p = realloc(h->payloads, max * sizeof *p);

		if (!p)
			return NULL;
		h->payloads = p;
		h->max_payloads = max;
	}
	return &h->payloads[i];
}

/* n documents, all of that key or each with its own. */
static int take_page(struct histfs *h, struct histfs_wire_in *in, uint64_t n, const struct histfs_key *key,
    const struct histfs_payload **ret, size_t *ret_n)
{
	int r;

	for (uint64_t i = 0; i < n && !in->failed; i++) {
		struct histfs_payload *p = add(h, (size_t)i);

		if (!p)
			return histfs_conn_fail_errno(h, -ENOMEM);
		*p = (struct histfs_payload){0};
		if (key)
			p->key = *key;
		else
			get_key(in, &p->key);
		p->number = histfs_wire_varint(in);
		p->time_ms = (int64_t)histfs_wire_le(in, 8);
		p->flags = (unsigned)histfs_wire_le(in, 1);
		p->value_len = (size_t)histfs_wire_varint(in);
	}
	r = histfs_conn_parsed(h, in);
	if (r < 0)
		return r;
	*ret = h->payloads;
	*ret_n = (size_t)n;
	return 0;
}

int histfs_keys(struct histfs *h, uint64_t *after, size_t max, const struct histfs_payload **ret, size_t *ret_n)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_KEYS);
	uint64_t n, next;
	int r;

	histfs_wire_put_varint(&h->out, *after);
	histfs_wire_put_varint(&h->out, max);
	r = histfs_conn_ask(h, id, &in);
	if (r < 0)
		return r;
	n = histfs_wire_varint(&in);
	next = histfs_wire_varint(&in);
	r = take_page(h, &in, n, NULL, ret, ret_n);
	if (r == 0)
		*after = next;
	return r;
}

int histfs_history(struct histfs *h, const struct histfs_key *key, uint64_t before, size_t max,
    const struct histfs_payload **ret, size_t *ret_n)
{
	struct histfs_wire_in in;
	uint32_t id = histfs_conn_begin(h, OP_HISTORY);
	int r;

	put_key(&h->out, key);
	histfs_wire_put_varint(&h->out, before);
	histfs_wire_put_varint(&h->out, max);
	r = histfs_conn_ask(h, id, &in);
	return r < 0 ? r : take_page(h, &in, histfs_wire_varint(&in), key, ret, ret_n);
}
