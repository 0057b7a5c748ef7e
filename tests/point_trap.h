/* point_trap.h -- a sink that writes down what a parser gives it, for tests
 *
 * Points as "metric{label=value,…} value time; ", refusals as "!line reason; ".
 */
#ifndef TESTS_POINT_TRAP_H
#define TESTS_POINT_TRAP_H

#include "collector/point_sink.h"
#include "store/cleanup.h"

#include <inttypes.h>

struct point_trap {
	struct point_sink sink; /* first */
	struct buf names;       /* one behind the other, with a NUL each */
	struct buf text;
};

static inline bool point_trap_find(struct point_sink *s, const struct point_spelling *spelling, uint32_t *ret)
{
	(void)s;
	(void)spelling;
	(void)ret;
	return false;
}

static inline void point_trap_refuse(struct point_sink *s, const char *why)
{
	struct point_trap *t = (struct point_trap *)s;

	buf_printf(&t->text, "!%" PRIu64 " %s; ", s->line, why);
}

/* A series' number is where its name begins. */
static inline bool point_trap_name(struct point_sink *s, const struct point_spelling *spelling, struct span metric,
    struct point_label *labels, size_t n, uint32_t *ret)
{
	_cleanup_(buf_done) struct buf key = {0};
	struct point_trap *t = (struct point_trap *)s;
	struct point_label label;
	size_t at = 0;

	(void)spelling;
	*ret = (uint32_t)t->names.len;
	if (point_key_put(&key, metric, labels, n) < 0) {
		point_trap_refuse(s, "no key");
		return false;
	}
	buf_put(&t->names, metric.p, span_left(&metric));
	buf_puts(&t->names, n ? "{" : "");
	while (point_key_label(span_of(key.p, key.len), &at, &label)) {
		if (t->names.p[t->names.len - 1] != '{')
			buf_put_u8(&t->names, ',');
		buf_put(&t->names, label.name.p, span_left(&label.name));
		buf_put_u8(&t->names, '=');
		buf_put(&t->names, label.value.p, span_left(&label.value));
	}
	buf_puts(&t->names, n ? "}" : "");
	buf_put_u8(&t->names, 0);
	return true;
}

static inline void point_trap_put(struct point_sink *s, uint32_t series, int64_t ns, double value)
{
	struct point_trap *t = (struct point_trap *)s;

	buf_printf(&t->text, "%s %.17g %" PRId64 "; ", (const char *)t->names.p + series, value, ns);
}

static inline void point_trap_init(struct point_trap *t)
{
	*t = (struct point_trap){
	    .sink = {
	        .find = point_trap_find, .name = point_trap_name, .put = point_trap_put, .refuse = point_trap_refuse}};
}

/* What there is, and forgets it. */
static inline const char *point_trap_text(struct point_trap *t)
{
	buf_put_u8(&t->text, 0);
	t->text.len = 0;
	t->names.len = 0;
	t->sink.line = 0;
	return (const char *)t->text.p;
}

static inline void point_trap_done(struct point_trap *t)
{
	buf_done(&t->text);
	buf_done(&t->names);
}

#endif
