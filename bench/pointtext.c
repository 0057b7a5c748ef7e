/* pointtext.c -- a set of points as text that time-series databases take in
 *
 *   pointtext openmetrics|influx|json SET
 *
 * openmetrics: for promtool, series by series in order of their keys. influx: line protocol, a measurement with one
 * field, value. json: VictoriaMetrics' import, a series a line.
 */
#include "bench/pointset.h"
#include "store/point_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_number(double v, FILE *out)
{
	char text[POINT_VALUE_MAX];
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	fwrite(text, 1, point_text_put_value(text, bits), out);
}

static void put_openmetrics(const struct pointset_series *s, FILE *out)
{
	for (size_t i = 0; i < s->n; i++) {
		fwrite(s->key, 1, s->key_len, out);
		putc(' ', out);
		put_number(s->values[i], out);
		fprintf(out, " %" PRId64 ".%03" PRId64 "\n", s->times[i] / 1000000000, s->times[i] / 1000000 % 1000);
	}
}

static void put_influx(const struct pointset_series *s, FILE *out)
{
	char *head;
	size_t len;
	FILE *f = open_memstream(&head, &len);

	if (!f)
		err(1, "memory");
	pointset_put_influx(s, f);
	fclose(f);
	for (size_t i = 0; i < s->n; i++) {
		if (!isfinite(s->values[i]))
			continue; /* InfluxDB has none of these */
		fwrite(head, 1, len, out);
		put_number(s->values[i], out);
		fprintf(out, " %" PRId64 "\n", s->times[i]);
	}
	free(head);
}

static void put_json(const struct pointset_series *s, FILE *out)
{
	const char *end = s->key + s->key_len, *p = s->key + pointset_name_len(s);
	struct pointset_label label;

	fprintf(out, "{\"metric\":{\"__name__\":\"%.*s\"", (int)pointset_name_len(s), s->key);
	while (pointset_label(&p, end, &label))
		fprintf(out, ",\"%.*s\":\"%.*s\"", (int)label.name_len, label.name, (int)label.value_len, label.value);
	fputs("},\"values\":[", out);
	for (size_t i = 0; i < s->n; i++) {
		fputs(i > 0 ? "," : "", out);
		put_number(s->values[i], out);
	}
	fputs("],\"timestamps\":[", out);
	for (size_t i = 0; i < s->n; i++)
		fprintf(out, "%s%" PRId64, i > 0 ? "," : "", s->times[i] / 1000000);
	fputs("]}\n", out);
}

static int by_key(const void *a, const void *b)
{
	const struct pointset_series *x = a, *y = b;
	size_t len = x->key_len < y->key_len ? x->key_len : y->key_len;
	int c = memcmp(x->key, y->key, len);

	return c ? c : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

int main(int argc, char **argv)
{
	void (*put)(const struct pointset_series *, FILE *) = NULL;
	struct pointset_series *series;
	struct pointset p;

	if (argc == 3 && strcmp(argv[1], "openmetrics") == 0)
		put = put_openmetrics;
	else if (argc == 3 && strcmp(argv[1], "influx") == 0)
		put = put_influx;
	else if (argc == 3 && strcmp(argv[1], "json") == 0)
		put = put_json;
	if (!put) {
		fputs("usage: pointtext openmetrics|influx|json SET\n", stderr);
		return 2;
	}
	pointset_open(argv[2], &p);
	series = malloc((p.head->n_series + 1) * sizeof *series);
	if (!series)
		err(1, "memory");
	for (uint64_t i = 0; i < p.head->n_series; i++)
		series[i] = pointset_series(&p, i);
	qsort(series, p.head->n_series, sizeof *series, by_key);
	for (uint64_t i = 0; i < p.head->n_series; i++)
		put(&series[i], stdout);
	if (put == put_openmetrics)
		puts("# EOF");
	free(series);
	return ferror(stdout) ? 1 : 0;
}
