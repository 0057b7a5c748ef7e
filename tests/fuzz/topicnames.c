/* topicnames.c -- fuzzes the registry of topics
 *
 * Input: payloads, each behind a byte with its length. Whatever comes: names are such as may be directories, no number
 * is two topics', and each topic is found by name and by all its numbers.
 */
#include "store/segment_name.h"
#include "store/topic_names.h"
#include "tests/fuzz/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_topic_names) struct topic_names *n = NULL;
	struct span s = span_of(data, len), payload;
	const struct topic_name *t;
	uint32_t from = 0, end = 0, count = 0;

	must(topic_names_new(&n) == 0);
	while (span_left(&s) > 0) {
		uint8_t l = *s.p++;
		int r;

		if (span_sub(&s, l, &payload) < 0)
			break;
		r = topic_names_add(n, payload);
		must(r == 0 || r == -EBADMSG || r == -EEXIST);
	}
	for (; (t = topic_names_next(n, from)); from = t->number + 1) {
		must(t->number >= end && t->n_partitions >= 1 && t->n_partitions <= PARTITIONS_MAX);
		end = t->number + t->n_partitions;
		must(end <= PARTITION_NUMBER_MAX);
		must(segment_name_topic_valid(t->name, t->len) && strlen(t->name) == t->len && !strchr(t->name, '/'));
		must(topic_names_find(n, t->name, t->len) == t);
		must(topic_names_partition(n, t->number) == t && topic_names_partition(n, end - 1) == t);
		count++;
	}
	must(count == topic_names_count(n));
	return 0;
}
