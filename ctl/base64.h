/* base64.h -- bytes as the characters of RFC 4648, with padding */
#ifndef CTL_BASE64_H
#define CTL_BASE64_H

#include "store/bytes.h"

void base64_put(struct buf *out, struct span bytes);
/* Appends the bytes. -EBADMSG: that is no such text. */
int base64_take(struct span text, struct buf *out);

#endif
