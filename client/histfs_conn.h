/* histfs_conn.h -- a connection to histd: requests out, answers in; the library's own
 *
 * Requests go out in order and answers come back in that order. While there is no room to send, answers are read: the
 * server reads nothing of a client that does not. Answers to requests that nobody waits for any more are counted off as
 * they come; of notices the newest of each subscription is kept.
 */
#ifndef HISTFS_CONN_H
#define HISTFS_CONN_H

#include "client/histfs_wire.h"

enum { OP_HELLO = 1, OP_PRODUCE, OP_OFFSETS, OP_FETCH, OP_CREATE, OP_SUBSCRIBE, OP_TOPICS };
enum { OP_PUT = 16, OP_GET, OP_KEYS, OP_HISTORY, OP_RECORD };
enum { OP_POINTS = 24, OP_DROP };
enum { HISTFS_NAME_MAX = 255, HISTFS_FRAME_FIRST = 64 << 10 /* taken to be the largest until the server has said */ };

struct subscription {
	uint32_t id;
	bool fresh;
	char topic[HISTFS_NAME_MAX + 1];
	uint32_t partition;
	uint64_t next;
	int64_t time_ms;
};

struct histfs {
	int fd;
	char error[512];
	uint64_t max_frame;
	uint32_t last_id;
	bool dead; /* the connection is of no use any more */

	struct histfs_wire_out out, dir, body;
	struct histfs_wire_out in; /* what was read; */
	size_t taken;              /* of it */

	size_t n_sent; /* produced, and not answered yet */
	int sent_r;    /* their first error; */
	char sent_error[256];

	struct subscription *subscriptions;
	size_t n_subscriptions, next_told;
	struct histfs_wire_messages messages;
	struct histfs_payload *payloads; /* a page of them */
	size_t max_payloads;
	char refused[256]; /* why, of a text's points */
};

/* Notes what an error is about, and returns it; die: and the connection is at its end. */
__attribute__((format(printf, 3, 4))) int histfs_conn_fail(struct histfs *h, int r, const char *fmt, ...);
int histfs_conn_fail_errno(struct histfs *h, int r);
int histfs_conn_die(struct histfs *h, int r, const char *why);

/* Begins a request in h->out, behind which its body is put; its id. finish sends it, with more behind it, both of which
 * may be NULL. */
uint32_t histfs_conn_begin(struct histfs *h, uint8_t op);
int histfs_conn_finish(struct histfs *h, const struct histfs_wire_out *more, const struct histfs_wire_out *most);
/* Waits for the answer. Its body behind the status, which is returned; of an error, behind the text. */
int histfs_conn_wait(struct histfs *h, uint32_t id, struct histfs_wire_in *ret);
/* Finishes and waits. */
int histfs_conn_ask(struct histfs *h, uint32_t id, struct histfs_wire_in *ret);
/* 0, unless what was read of an answer was not there. */
int histfs_conn_parsed(struct histfs *h, const struct histfs_wire_in *in);

/* Reads what is there; waits for it unless told not to (MSG_DONTWAIT). */
int histfs_conn_read(struct histfs *h, int flags);
/* Deals with all frames that were read, none of which is waited for. */
int histfs_conn_take_others(struct histfs *h);

#endif
