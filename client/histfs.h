/* histfs.h -- messages, documents and custom time series of a histd on this machine
 *
 *   struct histfs *h;
 *   int r = histfs_open(NULL, &h);
 *   if (r == 0)
 *           r = histfs_produce(h, "deploys", 0, &(struct histfs_message){.value = "v42", .value_len = 3}, 1,
 *               HISTFS_SYNCED, NULL);
 *
 * Functions return 0 or more, or a negative errno; histfs_error says more, for a person. Calls wait for histd. One
 * thread at a time on one connection. After -EPIPE, -ECONNRESET or -EPROTO the connection is of no use; close it and
 * open another. What is pointed to in results is valid until the next call on that connection.
 */
#ifndef HISTFS_H
#define HISTFS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct histfs;

#define HISTFS_SOCKET_PATH "/run/histfs/histd.sock"

/* path: of the socket; NULL: $HISTFS_SOCKET, else HISTFS_SOCKET_PATH. */
int histfs_open(const char *path, struct histfs **ret);
void histfs_close(struct histfs *h);

/* What the last error was about: one line, "" if there was none. */
const char *histfs_error(const struct histfs *h);

/* Descriptor to wait on (POLLIN) for notices. */
int histfs_fd(const struct histfs *h);

struct histfs_header {
	const char *name;
	size_t name_len;
	const void *value; /* NULL: none */
	size_t value_len;
};

#define HISTFS_NOW INT64_MIN

struct histfs_message {
	int64_t time_ms; /* since 1970; HISTFS_NOW, or 0 in what is produced: when it arrives */
	const void *key; /* NULL: none */
	size_t key_len;
	const void *value; /* NULL: none (a tombstone in a topic that is compacted) */
	size_t value_len;
	const struct histfs_header *headers;
	size_t n_headers;
	uint64_t offset; /* set in what is read */
};

enum histfs_ack {
	HISTFS_UNACKED = 0, /* sent */
	HISTFS_WRITTEN = 1, /* seen by readers; outlives histd, but not a power cut */
	HISTFS_SYNCED = 2,  /* outlives a power cut */
};

/* Appends n messages; all are kept, or none. ret_offset, if not NULL: of the first (not with HISTFS_UNACKED). Waits for
 * what ack says. -ENOENT: no such topic; -EMSGSIZE; -ENOSPC: the disk is full. */
int histfs_produce(struct histfs *h, const char *topic, uint32_t partition, const struct histfs_message *messages,
    size_t n, enum histfs_ack ack, uint64_t *ret_offset);

/* The same without waiting for the answer: as many requests may be on their way as one likes. histfs_drain waits until
 * no more than `left` of them are; its result is the first error of what was answered meanwhile, once. */
int histfs_produce_send(struct histfs *h, const char *topic, uint32_t partition, const struct histfs_message *messages,
    size_t n, enum histfs_ack ack);
int histfs_drain(struct histfs *h, size_t left);

struct histfs_offsets {
	uint64_t first;  /* oldest that is kept */
	uint64_t next;   /* that the next message will get */
	uint64_t synced; /* below it all is on disk */
	uint64_t at;     /* first message of time_ms or later, or next */
	uint64_t bytes;
	int64_t newest_ms; /* largest time; INT64_MIN: none */
};
int histfs_offsets(
    struct histfs *h, const char *topic, uint32_t partition, int64_t time_ms, struct histfs_offsets *ret);

/* Messages from offset on: at least one if there is one, then no more than max_bytes. 0: *ret_n of them, also 0.
 * -ERANGE: they are no longer kept; -EBADMSG: damaged. *ret_next: where to go on, also after -EBADMSG and -ERANGE. */
int histfs_fetch(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset, size_t max_bytes,
    const struct histfs_message **ret, size_t *ret_n, uint64_t *ret_next);

/* partitions 0: as many as its configuration says, if it is not there. -EPERM: it may not be made. */
int histfs_create(struct histfs *h, const char *topic, uint32_t partitions);

/* Tells of messages from offset on, from now on. */
int histfs_subscribe(struct histfs *h, const char *topic, uint32_t partition, uint64_t offset);

struct histfs_notice {
	const char *topic;
	uint32_t partition;
	uint64_t next;
	int64_t time_ms;
};
/* Waits for a notice: timeout_ms, -1: without end. 1: *ret is one; 0: none came in time. */
int histfs_wait(struct histfs *h, int timeout_ms, struct histfs_notice *ret);

/* Calls each(topic, partitions, arg) for all topics in order of name; stops when it returns anything but 0, and returns
 * that. */
int histfs_topics(struct histfs *h, int (*each)(const char *topic, uint32_t partitions, void *arg), void *arg);

/* --- documents by key --- */

/* string NULL: the key is the number, which is another key than its digits. */
struct histfs_key {
	const void *string; /* 1 to 512 bytes */
	size_t len;
	uint64_t number;
};

enum {
	HISTFS_RAW = 1,     /* any bytes; else the value is JSON, which is checked */
	HISTFS_DELETED = 2, /* the key has no value from then on */
	HISTFS_DAMAGED = 4, /* in a list of keys: one that cannot be read; its key is empty */
};

struct histfs_payload {
	struct histfs_key key;
	const void *value; /* NULL in lists, which tell its length alone */
	size_t value_len;
	unsigned flags;
	uint64_t number; /* of the record and when it was put, in what is read */
	int64_t time_ms;
};

/* Puts or deletes n documents in that order; all are kept, or none. ret_number, if not NULL: of the first record that
 * was written (0: none was, as nothing is for a key that is not there when it is deleted), ret_written: how many. ack:
 * HISTFS_WRITTEN or _SYNCED. -EINVAL: a key, or JSON that is none; -EMSGSIZE: too long or too many (65 536);
 * histfs_error says which and where. */
int histfs_put(struct histfs *h, const struct histfs_payload *puts, size_t n, enum histfs_ack ack, uint64_t *ret_number,
    size_t *ret_written);
/* 1: deleted; 0: there was none. */
int histfs_del(struct histfs *h, const struct histfs_key *key, enum histfs_ack ack);

#define HISTFS_NEWEST INT64_MAX

/* The value that a key had at a time, or HISTFS_NEWEST. -ENOENT: none. */
int histfs_get(struct histfs *h, const struct histfs_key *key, int64_t time_ms, struct histfs_payload *ret);
/* The record of a number. -ENOENT: it is not kept. */
int histfs_record(struct histfs *h, uint64_t number, struct histfs_payload *ret);

/* Documents behind *after (0: the first), which is moved: at most max of them, as many as one answer has. None: no
 * more. Their order is fixed, and means nothing. */
int histfs_keys(struct histfs *h, uint64_t *after, size_t max, const struct histfs_payload **ret, size_t *ret_n);
/* The records of a key before that number (0: from the newest), newest first, likewise. -ENOENT: it never was. */
int histfs_history(struct histfs *h, const struct histfs_key *key, uint64_t before, size_t max,
    const struct histfs_payload **ret, size_t *ret_n);

/* --- custom time series --- */

struct histfs_label {
	const char *name, *value; /* no value, or an empty one: as if the label were not there */
};

#define HISTFS_NOW_NS INT64_MIN

struct histfs_point {
	const char *metric;
	const struct histfs_label *labels; /* in any order */
	size_t n_labels;                   /* 64 at most */
	int64_t time_ns;                   /* since 1970; HISTFS_NOW_NS: now */
	double value;                      /* any */
};

/* Adds n points, 1 048 576 at most; all are kept, or none. A point replaces the one of the same series and time. ack:
 * HISTFS_WRITTEN or _SYNCED. -EINVAL: a series makes no sense; -EMSGSIZE: its names and values have more than 4096
 * bytes, or there are too many points; -ENOSPC: too many series, or the disk is full. */
int histfs_points(struct histfs *h, const struct histfs_point *points, size_t n, enum histfs_ack ack);

enum histfs_form {
	HISTFS_INFLUX = 1, /* line protocol; times in nanoseconds, */
	HISTFS_GRAPHITE,   /* path;tag=value value time */
	HISTFS_PROMETHEUS, /* text; times in milliseconds */
	HISTFS_OPENMETRICS,
	HISTFS_INFLUX_US, /* in microseconds, */
	HISTFS_INFLUX_MS, /* milliseconds, */
	HISTFS_INFLUX_S,  /* seconds */
};

#define HISTFS_MORE 128u /* or it with a form: the text goes on in another request */

struct histfs_taken {
	uint64_t accepted; /* points */
	uint64_t refused;  /* lines, and points of others */
	const char *why;   /* the first of them, and what is wrong with it; "" */
	size_t len;        /* bytes of the text that were dealt with: all of them, unless there is more */
};

/* Adds the points of a text. Lines that are wrong are refused, and the others kept. With HISTFS_MORE the last line
 * counts only with its newline, and what was not dealt with is to be sent again with what follows. After -ENOSPC or
 * -EIO some of the points may have been kept. */
int histfs_points_text(
    struct histfs *h, unsigned form, const void *text, size_t len, enum histfs_ack ack, struct histfs_taken *ret);

/* Removes the points of the series that a selector selects, as cpu{host=~"db.*"}, from a time to another, both
 * included, that are there by now. It outlives a power cut. -EINVAL: the selector; histfs_error says what is wrong. */
int histfs_drop(struct histfs *h, const char *selector, int64_t first_ns, int64_t last_ns);

#ifdef __cplusplus
}
#endif

#endif
