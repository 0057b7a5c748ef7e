/* versions.c -- see versions.h */
#include "view/versions.h"

#include "store/payload_name.h"
#include "view/messages.h"

#include <inttypes.h>

/* Cookies ascend as numbers of records descend. */
#define COOKIE_TOP (UINT64_C(1) << 62)

const char *versions_suffix(const struct payload *record)
{
	return record->deleted ? ".deleted" : record->raw ? ".raw" : ".json";
}

void versions_attr(const struct payload *record, uint64_t value_len, struct tree_attr *ret)
{
	messages_set_file(ret, value_len);
	/* Two in one millisecond are told apart. */
	ret->mtime_ms = record->time_ms;
	ret->mtime_ns = (uint32_t)(record->number % 1000000);
	ret->attr_ms = ret->name_ms = VALID_EVER_MS;
}

/* The record before another of its key. -ENOENT: there is none, or none is kept. */
static int step_back(struct tree *t, struct payloads *p, struct payload *record)
{
	return record->before ? payloads_record(p, record->before, &t->text, record) : -ENOENT;
}

/* Which one it is of its key's records in its millisecond, from 1. */
static int count_same(struct tree *t, struct payloads *p, struct payload record, uint64_t *ret)
{
	int64_t ms = record.time_ms;
	uint64_t n = 0;
	int r;

	do {
		n++;
		r = step_back(t, p, &record);
	} while (r == 0 && record.time_ms == ms);
	*ret = n;
	return r == -ENOENT ? 0 : r;
}

/* --- names --- */

static void put_name(char ret[NAME_MAX_LEN], const struct payload *record, uint64_t place)
{
	char time[NAME_MAX_LEN], among[NAME_MAX_LEN] = "";

	name_time(time, record->time_ms);
	if (place > 1)
		snprintf(among, sizeof(among), ".%" PRIu64, place);
	snprintf(ret, NAME_MAX_LEN, "%.24s%.21s%s", time, among, versions_suffix(record));
}

/* The time and the place that a name says; what it ends with is not looked at. */
static int parse_name(const char *name, int64_t *ret_ms, uint64_t *ret_place)
{
	char time[NAME_TIME_LEN + 1];
	bool relative;

	if (strlen(name) <= NAME_TIME_LEN)
		return -ENOENT;
	snprintf(time, sizeof(time), "%.24s", name);
	*ret_place = 1;
	if (name[NAME_TIME_LEN] == '.' && name[NAME_TIME_LEN + 1] >= '0' && name[NAME_TIME_LEN + 1] <= '9')
		*ret_place = strtoull(name + NAME_TIME_LEN + 1, NULL, 10);
	return name_parse_time(time, 0, ret_ms, &relative);
}

/* The newest record in a millisecond. -ENOENT. */
static int find_last(struct tree *t, struct payloads *p, uint64_t id, int64_t ms, struct payload *ret)
{
	struct payload_name name;
	int r = payloads_by_id(p, id, &t->text, ret);

	if (r < 0)
		return r;
	payload_name_keep(&name, &ret->key);
	r = payloads_at(p, &name.key, ms, &t->text, ret);
	return r == 0 && ret->time_ms != ms ? -ENOENT : r;
}

int versions_lookup(struct tree *t, struct payloads *p, uint64_t id, const char *name, struct node *ret)
{
	char own[NAME_MAX_LEN];
	struct payload record;
	uint64_t place, n;
	int64_t ms;
	int r = parse_name(name, &ms, &place);

	if (r == 0)
		r = find_last(t, p, id, ms, &record);
	if (r == 0)
		r = count_same(t, p, record, &n);
	if (r == 0 && (place < 1 || place > n))
		r = -ENOENT;
	/* What is counted has used the memory that the record was in. */
	for (; r == 0 && n > place; n--)
		r = step_back(t, p, &record);
	if (r < 0)
		return r;
	put_name(own, &record, place);
	*ret = node_of_id(VIEW_RECORD, record.number);
	return strcmp(name, own) == 0 ? 0 : -ENOENT;
}

/* --- listing --- */

/* The newest record of a key below that number (0: any). */
static int begin(struct tree *t, struct payloads *p, uint64_t id, uint64_t below, struct payload *ret)
{
	int r;

	if (below > 0 && payloads_record(p, below, &t->text, ret) == 0 && ret->id == id)
		return step_back(t, p, ret);
	r = payloads_by_id(p, id, &t->text, ret);
	while (r == 0 && below > 0 && ret->number >= below)
		r = step_back(t, p, ret);
	return r;
}

int versions_list(struct tree *t, struct payloads *p, uint64_t id, uint64_t after, struct lister *l)
{
	struct payload record;
	uint64_t place = 0;
	int64_t ms = 0;
	int r = begin(t, p, id, after > 0 && after < COOKIE_TOP ? COOKIE_TOP - after : 0, &record);

	/* No such key; else it is the end. */
	if (r == -ENOENT && after == 0)
		return r;
	while (r == 0) {
		struct node n = node_of_id(VIEW_RECORD, record.number);
		char name[NAME_MAX_LEN];
		struct tree_attr a;

		/* The value's bytes are not looked at once others are read; its length is. */
		if (place > 1 && record.time_ms == ms)
			place--;
		else
			r = count_same(t, p, record, &place);
		if (r < 0)
			return r;
		ms = record.time_ms;
		tree_preset(n, S_IFREG, &a);
		versions_attr(&record, span_left(&record.value), &a);
		put_name(name, &record, place);
		r = tree_list_put(l, name, COOKIE_TOP - record.number, &a);
		if (r == 0)
			r = step_back(t, p, &record);
	}
	return r == -ENOENT ? 0 : r;
}
