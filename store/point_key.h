/* point_key.h -- what a custom series is known by: metric and labels (docs/format.md, section 14)
 *
 * A key is bytes: the metric's name, a NUL, and label by label, in order of the names' bytes, name, NUL, value, NUL.
 * Two series are the same if and only if their keys' bytes are. All functions are thread-safe.
 */
#ifndef STORE_POINT_KEY_H
#define STORE_POINT_KEY_H

#include "store/bytes.h"

enum {
	POINT_KEY_MAX = 4096,
	POINT_LABELS_MAX = 64,
	POINT_NAME_MAX = 240, /* bytes of a series' name as a file */
};

struct point_label {
	struct span name, value;
};

/* Appends the key of a metric and its labels, which are put in order; labels without a value are left out. -EINVAL: a
 * name is empty, a NUL is somewhere, or a label is there twice; -EMSGSIZE: over the limits above. Nothing is appended
 * then. labels are reordered in place. */
int point_key_put(struct buf *out, struct span metric, struct point_label *labels, size_t n);

/* Whether bytes from a file are a key. */
bool point_key_valid(struct span key);

/* Where the parts of a key end, each behind its NUL. n 0: nothing is known. */
struct point_key_parts {
	unsigned n;
	uint16_t ends[1 + 2 * POINT_LABELS_MAX];
};
/* The same of one key after another: the first `same` bytes, of the parts of which p tells, are those of the key
 * before, and only what is behind them is looked at. */
bool point_key_valid_after(struct point_key_parts *p, struct span key, size_t same);

/* The metric of a valid key, and its labels one by one: *at is 0 at first. false: no more. */
struct span point_key_metric(struct span key);
bool point_key_label(struct span key, size_t *at, struct point_label *ret);
/* The value of a label, empty if there is none. "__name__": the metric. */
struct span point_key_get(struct span key, struct span label);

/* As bytes have it: below 0, 0, above 0. */
int point_key_compare(struct span a, struct span b);

struct point_hash {
	uint64_t low, high;
};
struct point_hash point_key_hash(struct span key);

/* --- as the name of a file: NAME, or NAME{label=value,label=value} ---
 *
 * Bytes below 32, 127 and the characters % / , = { } \ are written %XX, as is '.' at the beginning. What is longer than
 * POINT_NAME_MAX is cut to its first 206 bytes (fewer, not to cut an UTF-8 character or an escape) and gets %~ and the
 * hash as 32 lower-case digits, the high half first. */
void point_key_put_name(struct buf *out, struct span key);

/* The key of a name, into room; of one that was cut (*ret_cut) only its hash. -ENOENT: no key has that name. Of one
 * that was cut this is known only when its key is found and named. Labels may be in any order, and NAME{} be written;
 * the name that is made of the key then differs. */
int point_key_parse_name(
    const char *name, size_t len, struct buf *room, struct span *ret_key, bool *ret_cut, struct point_hash *ret_hash);

/* --- as text: NAME{label="value",label="value"}, as Prometheus has it ---
 *
 * In values \\, \" and \n are escaped, and bytes that are not UTF-8 replaced by U+FFFD. With `portable`, a name that is
 * not [a-zA-Z_:][a-zA-Z0-9_:]* (of a label: without ':') has _ for each character that cannot be there (and one before
 * a digit); a metric's name as it was is then in the label histfs_name. */
void point_key_put_text(struct buf *out, struct span key, bool portable);

#endif
