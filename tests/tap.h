/* tap.h -- a test program: functions whose names are sentences, results as TAP
 *
 *   static void a_torn_tail_is_cut(void) { ok(x == 1); ... }
 *   int main(void) { RUN(a_torn_tail_is_cut); return tap_done(); }
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdbool.h>

/* A failed check prints its place and fails the test that is running; the test goes on. */
#define ok(cond) tap_check((cond), __FILE__, __LINE__, #cond)
#define ok_r(call) tap_check_r((call), __FILE__, __LINE__, #call) /* call must not be negative */
#define eq(a, b) tap_check_eq((long long)(a), (long long)(b), __FILE__, __LINE__, #a " == " #b)
#define str_eq(a, b) tap_check_str((a), (b), __FILE__, __LINE__, #a " == " #b)
#define RUN(fn) tap_run(fn, #fn)
#define SKIP(fn, why) tap_skip(#fn, why)

bool tap_check(bool cond, const char *file, int line, const char *what);
bool tap_check_r(int r, const char *file, int line, const char *what);
bool tap_check_eq(long long a, long long b, const char *file, int line, const char *what);
bool tap_check_str(const char *a, const char *b, const char *file, int line, const char *what);
void tap_run(void (*fn)(void), const char *name);
void tap_skip(const char *name, const char *why);
int tap_done(void);

/* A new empty directory below $TMPDIR (or /tmp), removed at exit unless a test failed. Returns its path (do not free). */
const char *tap_tmpdir(void);

#endif
