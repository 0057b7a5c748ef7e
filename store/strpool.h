/* strpool.h -- strings by small ids
 *
 * Interning finds a string by its XXH3 and compares the bytes, so that two strings with one hash stay two. Ids are
 * small, stable while a string is used, and reused after a sweep: memory follows the strings alive, not the hour's
 * length. One thread.
 */
#ifndef STORE_STRPOOL_H
#define STORE_STRPOOL_H

#include "store/bytes.h"
#include "store/cleanup.h"

struct str {
	const char *p; /* not terminated */
	uint32_t len;
	uint32_t text_len; /* bytes of the string as text_put_str writes it */
};

/* Of text that is not in a pool: text_len is not known. */
static inline struct str str_of(const char *text)
{
	return (struct str){text, (uint32_t)strlen(text), 0};
}

struct strpool;

int strpool_new(struct strpool **ret);
void strpool_free(struct strpool *p);
DEFINE_CLEANUP(strpool, strpool_free)

/* Id of the string, new or old; marks it as used in the pool's present epoch. -EMSGSIZE above STRING_LEN_MAX or when
 * ids run out, -ENOMEM. */
int strpool_intern(struct strpool *p, const void *s, size_t len, uint32_t *ret_id);

/* Defines a string under an id that a file gives (decoding). -EBADMSG if the id is defined or not below STRING_ID_MAX.
 * A pool is used either with strpool_intern or with this. */
int strpool_define(struct strpool *p, uint32_t id, const void *s, size_t len);

/* The string with that id, NULL if there is none. Valid until it is swept or the pool freed. */
const struct str *strpool_get(const struct strpool *p, uint32_t id);

/* Ids are below this. */
uint32_t strpool_limit(const struct strpool *p);

/* A new epoch begins: nothing is used in it yet. */
void strpool_epoch(struct strpool *p);
/* Marks the string as used in the present epoch. */
void strpool_touch(struct strpool *p, uint32_t id);
/* Forgets the strings that are not used in the present epoch; their ids may be given again. */
void strpool_sweep(struct strpool *p);

/* A mark per string that a user of the pool may set: true if it was not set since the mark's last clearing. */
bool strpool_mark(struct strpool *p, uint32_t id);
void strpool_clear_marks(struct strpool *p);

/* A number that no other pool of this process has or had. */
uint64_t strpool_serial(const struct strpool *p);

/* Bytes of memory held. */
size_t strpool_memory(const struct strpool *p);

#endif
