/* dumpstore.c -- everything a store holds, as the C reader sees it, in the form of tests/decoder/decode.py dump
 *
 *   dumpstore [-j] STORE     exit status 1: something could not be read (told on stderr)
 *
 * -j: nothing but the rows, as JSON.
 */
#include "store/names.h"
#include "store/store.h"
#include "store/text.h"

#include <inttypes.h>
#include <stdio.h>

struct dump {
	struct store *store;
	struct group_cache *cache;
	struct unpacker *unpacker;
	unsigned n_failed;
	bool json;
};

static void failed(struct dump *d, const char *hour, uint32_t seq, const char *what, int r)
{
	fprintf(stderr, "%s: snapshot %u: %s: %s\n", hour, seq, what, strerror(-r));
	d->n_failed++;
}

static void put_heat(const struct disk_heat *heat, uint32_t n, uint32_t seq)
{
	for (uint32_t i = 0; i < n; i++) {
		if (get_le32(heat[i].seq) != seq)
			continue;
		printf("heat");
		for (unsigned k = 0; k < HEAT_N; k++)
			printf(" %u", get_le16(heat[i].m[k]));
		printf("\n");
		return;
	}
}

static int put_json(struct dump *d, struct hour *h, uint32_t i, uint16_t id)
{
	struct span text;
	uint64_t len;
	int r = store_text(d->store, h, i, id, FORM_JSON, &text);

	if (r == 0)
		fwrite(text.p, 1, span_left(&text), stdout);
	if (r == 0)
		r = store_text_len(d->store, h, i, id, FORM_JSON, &len);
	return r < 0 ? r : len == span_left(&text) ? 0 : -EBADMSG;
}

/* The table's line and text. -ENOENT: it is not in the snapshot. */
static int put_table(struct dump *d, struct hour *h, uint32_t i, int64_t time_ms, uint16_t id)
{
	char taken[TEXT_TIME_LEN + 1];
	const struct table *t;
	struct span text;
	uint64_t rows, len, other;
	int r = hour_size(h, i, id, &rows, &len);

	if (r == 0 && d->json)
		return put_json(d, h, i, id);
	if (r == 0)
		r = store_table(d->store, h, i, id, &t);
	if (r < 0)
		return r;
	text_time(taken, time_ms + t->taken_ms);
	printf("table %s rows %" PRIu64 " bytes %" PRIu64 " taken %s\n", t->schema->name, rows, len, taken);
	r = store_text(d->store, h, i, id, FORM_TEXT, &text);
	if (r == 0)
		r = store_text_len(d->store, h, i, id, FORM_TEXT, &other);
	if (r < 0)
		return r;
	if (other != len || span_left(&text) != len)
		return -EBADMSG;
	fwrite(text.p, 1, span_left(&text), stdout);
	return 0;
}

static int put_snapshot(struct dump *d, struct hour *h, const char *hour, uint32_t i, const struct disk_heat *heat,
    uint32_t n_heat, uint32_t *ret_seq)
{
	char time[TEXT_TIME_LEN + 1];
	const struct schema *schema;
	int64_t time_ms, again_ms;
	uint64_t boot, boot_us;
	struct group *g;
	uint32_t s;
	int r = hour_snapshot(h, i, ret_seq, &time_ms);

	if (r == 0)
		r = hour_group(h, i, d->cache, d->unpacker, &g, &s);
	if (r < 0)
		return r;
	group_times(g, s, &again_ms, &boot_us);
	boot = group_boot(g);
	schema = group_schema(g);
	if (again_ms != time_ms)
		return -EBADMSG;
	text_time(time, time_ms);
	if (!d->json) {
		printf("snapshot %s %04u %s boot %016" PRIx64 " %" PRIu64 "\n", hour, *ret_seq, time, boot, boot_us);
		put_heat(heat, n_heat, *ret_seq);
	}
	for (uint32_t k = 0; k < schema->n_tables; k++) {
		r = put_table(d, h, i, time_ms, schema->tables[k]->id);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static void put_hour(struct dump *d, int32_t number)
{
	char name[HOUR_NAME_LEN + 1];
	const struct disk_heat *heat;
	_cleanup_(cleanup_free) struct disk_heat *copy = NULL;
	uint32_t n_heat = 0;
	struct hour *h;
	int r = store_hour(d->store, number, &h);

	hour_name(name, number);
	if (r == 0)
		r = store_heat(d->store, h, &heat, &n_heat);
	if (r == 0)
		r = (copy = malloc((n_heat + 1) * sizeof *copy)) ? 0 : -ENOMEM;
	if (r < 0) {
		failed(d, name, 0, "hour", r);
		return;
	}
	memcpy(copy, heat, n_heat * sizeof *copy);
	for (uint32_t i = 0; i < hour_n(h); i++) {
		uint32_t seq = 0;

		r = put_snapshot(d, h, name, i, copy, n_heat, &seq);
		if (r < 0)
			failed(d, name, seq, "cannot be read", r);
	}
}

static void put_problem(const struct store_problem *p, void *arg)
{
	struct dump *d = arg;

	fprintf(stderr, "%s: %" PRIu64 ": %s\n", p->file, p->off, p->what);
	d->n_failed++;
}

int main(int argc, char **argv)
{
	struct dump d = {0};
	const int32_t *hours;
	size_t n;
	int r;

	d.json = argc == 3 && strcmp(argv[1], "-j") == 0;
	if (argc != 2 + d.json) {
		fprintf(stderr, "usage: dumpstore [-j] STORE\n");
		return 2;
	}
	r = store_open(argv[argc - 1], NULL, &d.store);
	if (r == 0)
		r = group_cache_new(1 << 20, &d.cache);
	if (r == 0)
		r = unpacker_new(&d.unpacker);
	if (r < 0) {
		fprintf(stderr, "dumpstore: %s: %s\n", argv[argc - 1], strerror(-r));
		return 1;
	}
	store_hours(d.store, &hours, &n);
	for (size_t k = 0; k < n; k++)
		put_hour(&d, hours[k]);
	store_problems(d.store, put_problem, &d);
	group_cache_free(d.cache);
	unpacker_free(d.unpacker);
	store_close(d.store);
	return d.n_failed > 0;
}
