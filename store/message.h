/* message.h -- a message of a topic in memory
 *
 * Bytes are borrowed. A NULL pointer is NULL, which is not the same as no bytes.
 */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include "store/bytes.h"

struct message {
	uint64_t offset;
	int64_t time_ms; /* since 1970 */
	struct span key;
	struct span value;
	struct span headers; /* as on disk: (name, value) …; see message_header */
	bool append_time;    /* time_ms is when it was appended */
};

/* Whether the time lies more than age_ms before now. Times are producers': any number. */
static inline bool message_is_older(int64_t time_ms, int64_t now_ms, int64_t age_ms)
{
	int64_t age;

	if (__builtin_sub_overflow(now_ms, time_ms, &age))
		return time_ms < now_ms;
	return age > age_ms;
}

/* Takes the next header off the front of m->headers' copy in *at. -ENODATA: there is none; -EBADMSG. A value of NULL
 * has p NULL. */
int message_header(struct span *at, struct span *ret_name, struct span *ret_value);

/* Appends a header to a list of them. */
void message_put_header(struct buf *headers, const void *name, size_t name_len, const void *value, size_t value_len);

/* The message as a line of a segment's text (docs/format.md, section 11): its length, and the line appended. */
uint64_t message_text_len(const struct message *m);
void message_put_text(struct buf *out, const struct message *m);
/* Of that length: what is neither the offset's digits nor key, headers and value; and the headers' part. */
enum { MESSAGE_TEXT_FIXED = 24 + 5 };
uint64_t message_headers_len(struct span headers);

/* Line of the columns' names in front of such lines. */
#define MESSAGE_TEXT_HEADER "offset\ttime\tkey\theaders\tvalue\n"

#endif
