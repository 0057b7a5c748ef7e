/* terminal.h -- the terminal of histctl top: lines onto it, keys from it
 *
 * One at a time, as there is one terminal. Lines are what a screen (view/screen.h) holds, which is safe to show.
 */
#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

struct terminal;

/* Takes the terminal over. -ENOTTY: there is none; -ENODEV: its type ($TERM) is not known. */
int terminal_open(struct terminal **ret);
/* Leaves it as it was found. */
void terminal_close(struct terminal *t);

void terminal_size(const struct terminal *t, unsigned *ret_width, unsigned *ret_height);

enum terminal_look { TERMINAL_PLAIN, TERMINAL_BOLD, TERMINAL_REVERSE };

/* Shows a line of UTF-8, cut at the right border; the rest of the line is blank. */
void terminal_put(struct terminal *t, unsigned line, const char *text, size_t len, enum terminal_look look);
/* Makes what was put visible, the cursor behind the text of a line, or hidden (line out of the terminal). */
void terminal_show(struct terminal *t, unsigned cursor_line, unsigned cursor_column);

/* Waits for a key, timeout_ms at most: a character, a BROWSE_* key (ctl/browse.h), TERMINAL_RESIZED, or TERMINAL_NONE.
 * -EIO: the terminal is gone. */
enum { TERMINAL_NONE = 1000, TERMINAL_RESIZED };
int terminal_key(struct terminal *t, int timeout_ms);

#endif
