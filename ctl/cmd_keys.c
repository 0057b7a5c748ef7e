/* cmd_keys.c -- histctl keys: a line a document */
#include "ctl/command.h"
#include "ctl/keyed.h"

#include "store/text.h"

#include <getopt.h>
#include <inttypes.h>

/* As in the text of a table. */
static void put_string(struct buf *out, struct span s)
{
	const char *p = (const char *)s.p;
	size_t len = text_str_len(p, span_left(&s));

	if (buf_reserve(out, len) < 0)
		return;
	text_put_str((char *)out->p + out->len, p, span_left(&s));
	out->len += len;
}

static int put_line(struct buf *out, const struct document *v)
{
	char time[TEXT_TIME_LEN + 1];

	buf_clear(out);
	if (v->key.is_number)
		buf_printf(out, "%" PRIu64, v->key.number);
	else
		put_string(out, v->key.string);
	text_time(time, v->time_ms);
	buf_printf(out, "\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\n", v->key.is_number ? "number" : "string", time,
	    v->raw ? "raw" : "json", v->value_len, v->number);
	if (out->err == 0)
		fwrite(out->p, 1, out->len, stdout);
	return out->err;
}

static int run(int argc, char **argv)
{
	_cleanup_(cleanup_keyed) struct keyed *k = NULL;
	_cleanup_(buf_done) struct buf line = {0};
	struct keyed_arguments a;
	struct document v;
	int c, r;

	c = keyed_parse(argc, argv, "+S:", 0, 1, &a);
	if (c != 0)
		return c;
	r = keyed_open(argv[optind], a.socket, &k);
	if (r == 0)
		printf("key\tkind\ttime\tform\tbytes\trecord\n");
	while (r == 0) {
		r = keyed_next(k, false, &v);
		if (r == 0)
			r = put_line(&line, &v);
	}
	return k ? keyed_ended(k, r) : EXIT_FAILURE;
}

COMMAND(keys) = {
    .name = "keys",
    .args = "[-S SOCKET] [STORE]",
    .what = "lists documents: key, when it was put, size; from histd if no store is named",
    .run = run,
};
