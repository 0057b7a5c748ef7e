/* subscriptions.c -- see subscriptions.h */
#include "collector/subscriptions.h"

#include "collector/op.h"

enum { PER_CLIENT_MAX = 10000, OP_NOTICE = 6 };

struct subscription {
	struct conn *conn;
	struct lane *lane;
	struct subscription *prev, *next; /* of the lane */
	struct subscription *next_of_conn;
	uint32_t id;
	uint64_t from; /* told are those from here on */
};

int subscriptions_add(struct subscriptions *s, struct conn *c, struct lane *l, uint32_t id, uint64_t offset)
{
	struct subscription *sub;

	(void)s;
	if (c->n_subscriptions >= PER_CLIENT_MAX)
		return -EMSGSIZE;
	sub = malloc(sizeof *sub);
	if (!sub)
		return -ENOMEM;
	*sub = (struct subscription){
	    .conn = c,
	    .lane = l,
	    .next = l->subscriptions,
	    .next_of_conn = c->subscriptions,
	    .id = id,
	    .from = offset,
	};
	if (sub->next)
		sub->next->prev = sub;
	l->subscriptions = sub;
	c->subscriptions = sub;
	c->n_subscriptions++;
	c->owed = true;
	return 0;
}

void subscriptions_drop(struct conn *c)
{
	struct subscription *sub;

	while ((sub = c->subscriptions)) {
		c->subscriptions = sub->next_of_conn;
		*(sub->prev ? &sub->prev->next : &sub->lane->subscriptions) = sub->next;
		if (sub->next)
			sub->next->prev = sub->prev;
		free(sub);
	}
	c->n_subscriptions = 0;
}

void subscriptions_appended(struct subscriptions *s, struct lane *l)
{
	if (l->fresh || !l->subscriptions)
		return;
	l->fresh = true;
	l->next_fresh = s->fresh;
	s->fresh = l;
}

/* True: a notice was put, or there is nothing to tell. False: there was no room for it. */
static bool tell(struct subscriptions *s, struct subscription *sub, const struct partition_state *st)
{
	struct conn *c = sub->conn;
	size_t place;

	if (st->next_offset <= sub->from || st->first_offset == st->next_offset)
		return true;
	if (conn_unsent(c) > CONN_SMALL)
		return false;
	place = conn_begin(c, OP_NOTICE, sub->id);
	op_put_string(&c->out, topic_name(sub->lane->topic));
	buf_put_varint(&c->out, sub->lane->number);
	buf_put_varint(&c->out, st->next_offset);
	op_put_i64(&c->out, st->max_ms);
	conn_end(c, place);
	sub->from = st->next_offset;
	s->touched(s->arg, c);
	return true;
}

void subscriptions_tell(struct subscriptions *s)
{
	struct lane *l;

	while ((l = s->fresh)) {
		struct partition_state st;

		s->fresh = l->next_fresh;
		l->fresh = false;
		partition_state(l->partition, &st);
		for (struct subscription *sub = l->subscriptions; sub; sub = sub->next)
			if (!tell(s, sub, &st))
				sub->conn->owed = true;
	}
}

void subscriptions_catch_up(struct subscriptions *s, struct conn *c)
{
	if (!c->owed)
		return;
	c->owed = false;
	for (struct subscription *sub = c->subscriptions; sub; sub = sub->next_of_conn) {
		struct partition_state st;

		partition_state(sub->lane->partition, &st);
		if (!tell(s, sub, &st)) {
			c->owed = true;
			return;
		}
	}
}
