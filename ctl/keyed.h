/* keyed.h -- payloads as commands read them: from a store itself, or from the histd on this machine
 *
 * What is given points into its memory until the next call. After an error stderr has been told, but for
 * -ENOENT and -ENODATA.
 */
#ifndef CTL_KEYED_H
#define CTL_KEYED_H

#include "client/histfs.h"
#include "store/payloads.h"

struct keyed;

/* What commands about documents are told. letters: those of their options, as getopt has them; operands: at least and
 * at most how many there are (-1: any number). 0, or the exit status, with stderr told. */
struct keyed_arguments {
	const char *socket;
	bool as_string, raw;
	int64_t time_ms; /* INT64_MAX: none was given */
};
int keyed_parse(int argc, char **argv, const char *letters, int min, int max, struct keyed_arguments *ret);

/* store NULL: from histd, by its socket (NULL: where it is if nothing is said). */
int keyed_open(const char *store, const char *socket, struct keyed **ret);
/* Both, for a command that is told [STORE] KEY; the key stays the argument's. 0, or the exit status. */
int keyed_begin(int argc, char **argv, const char *letters, struct keyed_arguments *ret, struct payload_key *ret_key,
    struct keyed **ret_keyed);
void keyed_close(struct keyed *d);
DEFINE_CLEANUP(keyed, keyed_close)

/* In lists, a document's value is told by its length alone. */
struct document {
	struct payload_key key;
	struct span value;
	uint64_t value_len;
	uint64_t number;
	int64_t time_ms;
	bool raw, deleted, damaged;
};

/* The value of a key at a time; INT64_MAX: now. -ENOENT. */
int keyed_get(struct keyed *d, const struct payload_key *key, int64_t time_ms, struct document *ret);

/* The next of all documents, in an order of their own. -ENODATA: no more. With their values, if asked for. What is
 * damaged is left out, and counted. */
int keyed_next(struct keyed *d, bool values, struct document *ret);

/* The exit status when it returned r: whether all were given as they are; else that is said. */
int keyed_ended(const struct keyed *d, int r);

/* The next record of a key, newest first. -ENOENT: it never was; -ENODATA: no more. One key a struct keyed. */
int keyed_history(struct keyed *d, const struct payload_key *key, struct document *ret);

/* A key as it is typed (payload_name.h), -EINVAL; and for the library. */
int keyed_key(const char *text, bool as_string, struct payload_key *ret);
struct histfs_key keyed_wire_key(const struct payload_key *key);

#endif
