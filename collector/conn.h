/* conn.h -- a connection of the socket: frames in, answers out (docs/protocol.md)
 *
 * Memory: up to CONN_SMALL bytes each way are every client's; what a larger frame or answer needs is taken from a
 * budget that all share, for the whole of it before any of it is read. A client that waits for nothing holds no
 * buffers. For the server's thread.
 */
#ifndef COLLECTOR_CONN_H
#define COLLECTOR_CONN_H

#include "store/bytes.h"
#include "store/cleanup.h"

enum {
	CONN_SMALL = 64 << 10,
	FRAME_HEAD = 12, /* length, op, flags, zero, id */
};

struct subscription;

struct conn {
	int fd;
	struct conn *prev, *next; /* of all */

	struct buf in;
	size_t in_at; /* taken */
	struct buf out;
	size_t out_at;            /* sent */
	size_t held_in, held_out; /* of the budget */
	bool eof;                 /* nothing more will come */
	bool mute;                /* nothing is listened to: answers are thrown away */
	bool broken;              /* the rules were: what is answered is sent, and it is closed */
	int64_t moved_ms;         /* when bytes were last read or sent, monotonic */

	/* The server's. */
	uint32_t events; /* that epoll is asked for; 0: it is not in there */
	bool in_round, to_serve, short_of_budget;
	struct conn *next_in_round, *next_to_serve, *next_short;
	bool more;           /* there is more to do in what was read */
	void *begun;         /* how far an operation has come that is done in steps, from malloc; NULL: none is */
	bool waits;          /* for the commit of this round */
	uint64_t sync_round; /* the last one that it waited in; 0: none */

	struct subscription *subscriptions;
	uint32_t n_subscriptions;
	bool owed; /* notices that did not find room */
};

int conn_new(int fd, struct conn **ret);
/* Closes it. What it held of the budget goes back. */
void conn_free(struct conn *c, size_t *budget);

/* Reads what is there, at most about 256 KiB, but no more than the frame that is begun, if it is a large one. -EAGAIN:
 * there was nothing. The end of the stream is noted. */
int conn_fill(struct conn *c, int64_t now_ms);

struct frame_in {
	uint8_t op;
	uint32_t id;
	struct span body; /* in the connection's buffer, until conn_took */
};
/* The next frame. 1: there is one; 0: not yet; -ENOBUFS: it has to wait for the budget; -EPROTO: its length or its zero
 * fields are wrong: *ret has what there is of op and id. */
int conn_next(struct conn *c, size_t max_frame, size_t *budget, struct frame_in *ret);
/* The frame that conn_next gave is dealt with. */
void conn_took(struct conn *c, size_t *budget);

/* Begins a frame to be sent and returns its place; the body is appended to c->out behind; conn_end completes it. An
 * answer's body begins with its status: conn_answer appends it. */
size_t conn_begin(struct conn *c, uint8_t op, uint32_t id);
void conn_status(struct conn *c, int32_t status);
void conn_end(struct conn *c, size_t place);
/* Makes an error of the whole frame at that place: what is behind it moves. Returns by how much. -ENOMEM is left in
 * c->out.err. */
ptrdiff_t conn_fail(struct conn *c, size_t place, int32_t status, const char *why);

/* Sends what it can. */
void conn_flush(struct conn *c, size_t *budget, int64_t now_ms);
size_t conn_unsent(const struct conn *c);

#endif
