/* pictures.h -- whether a picture is well-formed, as far as the tree's pictures need XML */
#ifndef TESTS_UNIT_PICTURES_H
#define TESTS_UNIT_PICTURES_H

#include "tests/tap.h"

#include <ctype.h>
#include <string.h>

/* Whether attributes are name="value" each, up to the tag's end. */
static inline const char *picture_attributes(const char *p)
{
	while (*p == ' ') {
		p++;
		while (isalpha((unsigned char)*p) || *p == '-')
			p++;
		if (strncmp(p, "=\"", 2) != 0)
			return NULL;
		p = strpbrk(p + 2, "\"<");
		if (!p || *p++ != '"')
			return NULL;
	}
	return p;
}

/* One element named svg, all tags closed in their order, & only in entities, no control characters. */
static inline bool picture_is_well_formed(const char *p)
{
	const char *open[32];
	unsigned depth = 0, n_roots = 0;

	for (; *p; p++) {
		size_t len;

		if (*p == '&' && strncmp(p, "&amp;", 5) != 0 && strncmp(p, "&lt;", 4) != 0 &&
		    strncmp(p, "&gt;", 4) != 0)
			return false;
		if ((unsigned char)*p < ' ' && *p != '\n' && *p != '\t')
			return false;
		if (*p != '<') {
			if (depth == 0 && !isspace((unsigned char)*p))
				return false;
			continue;
		}
		if (p[1] == '/') {
			len = strcspn(p + 2, ">");
			if (depth == 0 || strncmp(open[--depth], p + 2, len) != 0 ||
			    isalpha((unsigned char)open[depth][len]))
				return false;
			p += 2 + len;
			continue;
		}
		len = strcspn(++p, " />");
		n_roots += depth == 0;
		if (len == 0 || depth == 32 || (depth == 0 && strncmp(p, "svg ", 4) != 0))
			return false;
		open[depth++] = p;
		p = picture_attributes(p + len);
		if (p && *p == '/') {
			depth--;
			p++;
		}
		if (!p || *p != '>')
			return false;
	}
	return depth == 0 && n_roots == 1;
}

#endif
