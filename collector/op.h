/* op.h -- what clients of the socket may ask for
 *
 * An operation is one file collector/ops/NAME.c that ends in its descriptor:
 *
 *   OP(create) = {.op = 5, .run = run};
 *
 * Nothing lists the operations; the linker gathers them. Their numbers are part of the protocol (docs/protocol.md).
 */
#ifndef COLLECTOR_OP_H
#define COLLECTOR_OP_H

#include "collector/conn.h"
#include "collector/ingest.h"
#include "store/topic_reader.h"

struct op_call {
	/* What all operations work on. */
	struct ingest *ingest;
	struct topic_store *store; /* as it is read; NULL: it cannot be */
	struct batch_builder *builder;
	struct subscriptions *subscriptions;
	size_t *budget;

	struct conn *conn;
	uint32_t id;
	struct span body;

	const int *wait; /* out: the answer holds if this is 0 behind the next commit */
	bool no_answer;  /* out */
	char why[INGEST_WHY_MAX];
	/* out, for an error that says where to go on: it stands behind the text. */
	bool has_next;
	uint64_t next;
};

struct op_desc {
	uint8_t op;

	/* 0: what the answer has behind its status is appended to conn->out. -EPROTO: the body does not parse; the
	 * connection ends. -ENOBUFS: to be called again when there is more in the budget. -EINPROGRESS: to be
	 * called again when others have had their turn; how far it has come is in conn->begun, which is freed behind
	 * the answer. Another negative errno: the answer is that, and why; what was appended is taken off again. */
	int (*run)(struct op_call *c);
};

#define OP(ident)                                                                                                      \
	static const struct op_desc op_##ident;                                                                        \
	static const struct op_desc *const op_ptr_##ident                                                              \
	    __attribute__((used, section("histfs_ops"), aligned(sizeof(void *)))) = &op_##ident;                       \
	static const struct op_desc op_##ident

/* NULL: there is none. */
const struct op_desc *op_find(uint8_t op);

/* Parsing bodies: -EPROTO if it does not. */
int op_string(struct span *body, struct span *ret);
int op_varint(struct span *body, uint64_t *ret);
int op_i64(struct span *body, int64_t *ret);
int op_end(const struct span *body);
/* A topic's name and the number of a partition. */
int op_partition(struct span *body, struct span *ret_topic, uint64_t *ret_partition);

void op_put_i64(struct buf *out, int64_t x);
void op_put_string(struct buf *out, const char *s);

/* A key of a payload; its bytes stay in the body. Whether it is one is for payloads_put to say. */
int op_key(struct span *body, struct payload_key *ret);
void op_put_key(struct buf *out, const struct payload_key *key);
/* Flags of a record as the protocol has them. */
uint8_t op_payload_flags(const struct payload *p);
enum { OP_PAYLOAD_DAMAGED = 4 };
/* The payloads, which are read now. -EIO, told: there are none. */
int op_payloads(struct op_call *c, struct payloads **ret);
/* Returns the error of reading them, and tells it. */
int op_missing(struct op_call *c, int r);

/* Brings what is read up to what is written; and the topic, or a partition of it, in what is read. Errors are told. */
int op_refresh(struct op_call *c);
int op_topic(struct op_call *c, struct span topic, struct topic_info *ret);
int op_reader(struct op_call *c, struct span topic, uint64_t partition, struct topic_reader **ret);

/* Takes so much of the budget for an answer of that length. -ENOBUFS. */
int op_reserve(struct op_call *c, size_t len);

#endif
