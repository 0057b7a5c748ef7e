/* jsoncheck.c -- what json_check says of many texts, for tests/decoder/json_oracle.py
 *
 *   jsoncheck      stdin: length (4 bytes, little-endian) and bytes of each; a line each: -1, or where it is wrong
 */
#include "store/bytes.h"
#include "store/json_check.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	le32 stored;

	while (fread(&stored, sizeof stored, 1, stdin) == 1) {
		size_t len = get_le32(stored), at = 0;
		char *text = malloc(len ? len : 1); /* of its own, that a read behind it is seen */
		const char *why;

		if (!text || fread(text, 1, len, stdin) != len)
			errx(1, "a text is cut off");
		printf("%ld\n", json_check(text, len, &at, &why) == 0 ? -1 : (long)at);
		free(text);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
