/* op.c -- see op.h */
#include "collector/op.h"

#include "store/format.h"

/* The linker sets these around the descriptors that OP places in the section; weak, as a program may have none. */
extern const struct op_desc *const __start_histfs_ops[] __attribute__((weak));
extern const struct op_desc *const __stop_histfs_ops[] __attribute__((weak));

const struct op_desc *op_find(uint8_t op)
{
	for (const struct op_desc *const *d = __start_histfs_ops; d < __stop_histfs_ops; d++)
		if ((*d)->op == op)
			return *d;
	return NULL;
}

int op_string(struct span *body, struct span *ret)
{
	uint64_t len;

	return span_varint(body, &len) < 0 || span_sub(body, len, ret) < 0 ? -EPROTO : 0;
}

int op_varint(struct span *body, uint64_t *ret)
{
	return span_varint(body, ret) < 0 ? -EPROTO : 0;
}

int op_i64(struct span *body, int64_t *ret)
{
	const void *p = span_take(body, sizeof(le64));
	le64 x;

	if (!p)
		return -EPROTO;
	memcpy(&x, p, sizeof x);
	*ret = (int64_t)get_le64(x);
	return 0;
}

int op_end(const struct span *body)
{
	return span_left(body) > 0 ? -EPROTO : 0;
}

int op_partition(struct span *body, struct span *ret_topic, uint64_t *ret_partition)
{
	int r = op_string(body, ret_topic);

	return r < 0 ? r : op_varint(body, ret_partition);
}

void op_put_i64(struct buf *out, int64_t x)
{
	const le64 v = put_le64((uint64_t)x);

	buf_put(out, &v, sizeof v);
}

void op_put_string(struct buf *out, const char *s)
{
	buf_put_varint(out, strlen(s));
	buf_puts(out, s);
}

int op_key(struct span *body, struct payload_key *ret)
{
	const uint8_t *kind = span_take(body, 1);

	if (!kind || *kind > 1)
		return -EPROTO;
	*ret = (struct payload_key){.is_number = *kind, .string = {body->p, body->p}};
	return ret->is_number ? op_varint(body, &ret->number) : op_string(body, &ret->string);
}

void op_put_key(struct buf *out, const struct payload_key *key)
{
	buf_put_u8(out, key->is_number);
	buf_put_varint(out, key->is_number ? key->number : span_left(&key->string));
	if (!key->is_number)
		buf_put(out, key->string.p, span_left(&key->string));
}

uint8_t op_payload_flags(const struct payload *p)
{
	enum { RAW = 1, DELETED = 2 };

	return (uint8_t)((p->raw ? RAW : 0) | (p->deleted ? DELETED : 0));
}

int op_payloads(struct op_call *c, struct payloads **ret)
{
	struct documents *d = ingest_documents(c->ingest);

	*ret = documents_payloads(d);
	if (!*ret) {
		snprintf(c->why, sizeof c->why, "the payloads cannot be opened");
		return -EIO;
	}
	documents_counts(d)->n_gets++;
	return 0;
}

int op_missing(struct op_call *c, int r)
{
	if (r == -ENOENT)
		snprintf(c->why, sizeof c->why, "there is no such document");
	else if (r == -EBADMSG)
		snprintf(c->why, sizeof c->why, "the document is damaged");
	return r;
}

int op_reserve(struct op_call *c, size_t len)
{
	if (len <= CONN_SMALL)
		return 0;
	if (*c->budget < len)
		return -ENOBUFS;
	*c->budget -= len;
	c->conn->held_out += len;
	return 0;
}

int op_refresh(struct op_call *c)
{
	int r = c->store ? topic_store_refresh(c->store) : -EIO;

	if (r < 0)
		snprintf(c->why, sizeof c->why, "the store cannot be read: %s", strerror(-r));
	return r < 0 ? r : 0;
}

int op_topic(struct op_call *c, struct span topic, struct topic_info *ret)
{
	char name[TOPIC_NAME_MAX + 1];
	size_t len = span_left(&topic);
	int r = op_refresh(c);

	if (r < 0)
		return r;
	r = -ENOENT;
	if (topic_name_valid((const char *)topic.p, len)) {
		memcpy(name, topic.p, len);
		name[len] = '\0';
		r = topic_store_find(c->store, name, ret);
	}
	if (r < 0)
		snprintf(c->why, sizeof c->why, "there is no such topic");
	return r;
}

int op_reader(struct op_call *c, struct span topic, uint64_t partition, struct topic_reader **ret)
{
	struct topic_info info;
	int r = op_topic(c, topic, &info);

	if (r < 0)
		return r;
	if (partition >= info.n_partitions) {
		snprintf(
		    c->why, sizeof c->why, "topic %s has no partition %llu", info.name, (unsigned long long)partition);
		return -ENOENT;
	}
	return topic_store_reader(c->store, info.number + (uint32_t)partition, ret);
}
