/* say.h -- messages of histd: one line each on standard error */
#ifndef COLLECTOR_SAY_H
#define COLLECTOR_SAY_H

/* Writes "histd: ", the text and a newline at once. From any thread; keeps errno. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
