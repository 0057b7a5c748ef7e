/* json_check.h -- whether a text is JSON (RFC 8259), and if not, where it stops being it */
#ifndef STORE_JSON_CHECK_H
#define STORE_JSON_CHECK_H

#include <stddef.h>

enum { JSON_DEPTH_MAX = 512 };

/* 0; -EINVAL: *ret_at is the byte that cannot be there (len: more was expected), *ret_why what is wrong with it. One
 * value, with white space around it; UTF-8 throughout; surrogates in escapes paired; at most JSON_DEPTH_MAX deep. */
int json_check(const char *text, size_t len, size_t *ret_at, const char **ret_why);

#endif
