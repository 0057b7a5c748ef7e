/* say.c -- see say.h */
#include "collector/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void say(const char *fmt, ...)
{
	static const char prefix[] = "histd: ";
	int saved = errno, n;
	char line[1024];
	size_t len = sizeof prefix - 1;
	ssize_t written;
	va_list ap;

	snprintf(line, sizeof line, "%s", prefix);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof line - len, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof line - 1)
		len = sizeof line - 1;
	line[len++] = '\n';
	/* There is nobody to be told that this failed. */
	written = write(STDERR_FILENO, line, len);
	(void)written;
	errno = saved;
}
