/* format.h -- how consumed messages are printed: the tokens of kcat -f
 *
 *   %s value   %S its length, -1 for NULL   %R that, 4 bytes, big-endian   %k key   %K its length
 *   %T time, milliseconds since 1970   %h headers: n=v,n=v   %t topic   %p partition   %o offset   %%
 */
#ifndef CTL_FORMAT_H
#define CTL_FORMAT_H

#include "store/cleanup.h"
#include "store/message.h"

/* Appends a text with \n \r \t \xHH \NNN (octal) and the like made what they stand for. */
void format_unescape(struct buf *out, const char *text, size_t len);

struct format;
/* -EINVAL: there is a token that is none. null: what NULL keys and values are printed as. */
int format_new(const char *text, const char *null, struct format **ret);
void format_free(struct format *f);
DEFINE_CLEANUP(format, format_free)

void format_put(
    const struct format *f, struct buf *out, const char *topic, uint32_t partition, const struct message *m);

#endif
