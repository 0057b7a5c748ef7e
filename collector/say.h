/* say.h -- messages of histd: one line each on standard error
 *
 * Whoever reads standard error may have stopped reading. Between say_start and say_stop a thread writes the lines, and
 * what does not fit into its queue is counted and dropped: say waits for nobody.
 */
#ifndef COLLECTOR_SAY_H
#define COLLECTOR_SAY_H

/* Writes "histd: ", the text and a newline at once. From any thread; keeps errno. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* From here on a thread writes. 0 or a negative errno: then say goes on to write by itself. */
int say_start(void);
/* Waits, for a second at most, until all is written; from here on say writes by itself, or, if the thread hangs, is
 * silent. */
void say_stop(void);

#endif
