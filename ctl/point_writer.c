/* point_writer.c -- points on standard output */
#include "ctl/point_writer.h"

#include "ctl/json.h"

#include "store/point_text.h"
#include "store/text.h"
#include "view/openmetrics.h"

enum { PIECE = 1 << 20 };

int point_writer_parse(const char *text, enum point_format *ret)
{
	static const char *const names[] = {
	    [POINT_TSV] = "tsv", [POINT_JSON] = "json", [POINT_OPENMETRICS] = "openmetrics"};

	for (size_t k = 0; k < N_ELEMENTS(names); k++)
		if (strcmp(text, names[k]) == 0) {
			*ret = (enum point_format)k;
			return 0;
		}
	return -EINVAL;
}

static int flush(struct point_writer *w)
{
	size_t len = w->out.len;

	if (w->out.err)
		return w->out.err;
	buf_clear(&w->out);
	return fwrite(w->out.p, 1, len, stdout) == len ? 0 : -EPIPE;
}

int point_writer_begin(struct point_writer *w, enum point_format format)
{
	w->format = format;
	if (format == POINT_TSV)
		buf_puts(&w->out, "series\ttime\tvalue\n");
	return point_lines_new(&w->lines);
}

/* --- lines that have a name in front --- */

static void name_tsv(struct point_writer *w, struct span key)
{
	_cleanup_(buf_done) struct buf text = {0};
	size_t len;

	point_key_put_text(&text, key, false);
	len = text_str_len((const char *)text.p, text.len);
	if (text.err || buf_reserve(&w->name, len) < 0) {
		w->name.err = -ENOMEM;
		return;
	}
	text_put_str((char *)w->name.p, (const char *)text.p, text.len);
	w->name.len = len;
	buf_put_u8(&w->name, '\t');
}

static void name_json(struct point_writer *w, struct span key)
{
	struct point_label l;
	size_t at = 0;
	bool any = false;

	buf_puts(&w->name, "{\"metric\":");
	json_put_string(&w->name, point_key_metric(key));
	buf_puts(&w->name, ",\"labels\":{");
	for (; point_key_label(key, &at, &l); any = true) {
		if (any)
			buf_put_u8(&w->name, ',');
		json_put_string(&w->name, l.name);
		buf_put_u8(&w->name, ':');
		json_put_string(&w->name, l.value);
	}
	buf_puts(&w->name, "},\"time\":\"");
}

static void put_line(struct point_writer *w, int64_t ns, uint64_t bits)
{
	enum { REST_MAX = POINT_TIME_FINE_LEN + POINT_VALUE_MAX + 16 };
	struct buf *out = &w->out;
	char value[POINT_VALUE_MAX];
	unsigned len = point_text_put_value(value, bits);
	bool quoted = w->format == POINT_JSON && (value[len - 1] == 'N' || value[len - 1] == 'y');

	if (buf_reserve(out, w->name.len + REST_MAX) < 0)
		return;
	buf_put(out, w->name.p, w->name.len);
	out->len += point_text_put_time((char *)out->p + out->len, ns);
	buf_puts(out, w->format == POINT_TSV ? "\t" : quoted ? "\",\"value\":\"" : "\",\"value\":");
	buf_put(out, value, len);
	buf_puts(out, w->format == POINT_TSV ? "\n" : quoted ? "\"}\n" : "}\n");
}

/* --- OpenMetrics --- */

static int put_openmetrics(struct point_writer *w, struct span key, struct buf *ns, struct buf *bits)
{
	struct point_lines *l = w->lines;
	size_t family;
	int r;

	point_lines_clear(l);
	family = openmetrics_put_name(&l->prefix, key);
	if (w->family.len != family || memcmp(w->family.p, l->prefix.p, family) != 0) {
		buf_clear(&w->family);
		buf_put(&w->family, l->prefix.p, family);
		om_put_type(&w->out, span_of(l->prefix.p, family), "unknown");
	}
	buf_put_u8(&l->prefix, ' ');
	buf_put(&l->ns, ns->p, ns->len);
	buf_put(&l->bits, bits->p, bits->len);
	r = w->family.err ? w->family.err : point_lines_measure(l);
	for (uint64_t off = 0; off < l->len && r == 0; off += PIECE) {
		r = point_lines_put(l, off, PIECE, &w->out);
		if (r == 0)
			r = flush(w);
	}
	return r;
}

int point_writer_put(struct point_writer *w, struct span key, struct buf *ns, struct buf *bits)
{
	size_t n = ns->len / sizeof(int64_t);
	int r = 0;

	if (n == 0)
		return 0;
	if (w->format == POINT_OPENMETRICS)
		return put_openmetrics(w, key, ns, bits);
	buf_clear(&w->name);
	if (w->format == POINT_TSV)
		name_tsv(w, key);
	else
		name_json(w, key);
	for (size_t i = 0; i < n && r == 0; i++) {
		int64_t time;
		uint64_t value;

		memcpy(&time, ns->p + i * sizeof(time), sizeof(time));
		memcpy(&value, bits->p + i * sizeof(value), sizeof(value));
		put_line(w, time, value);
		if (w->out.len >= PIECE || w->out.err)
			r = flush(w);
	}
	return r < 0 ? r : w->name.err;
}

int point_writer_end(struct point_writer *w)
{
	if (w->format == POINT_OPENMETRICS)
		buf_puts(&w->out, "# EOF\n");
	return flush(w);
}

void point_writer_done(struct point_writer *w)
{
	point_lines_free(w->lines);
	buf_done(&w->name);
	buf_done(&w->family);
	buf_done(&w->out);
}
