/* cmd_topics.c -- histctl topics: a line a partition */
#include "ctl/command.h"
#include "ctl/opened.h"

#include "client/histfs.h"
#include "store/text.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>

struct lister {
	struct topic_store *topics;
	struct histfs *h; /* NULL: it does not answer */
};

/* Messages that a power cut could take. NULL where that is not known: histd is not reached, or is another store's. */
static void put_unsynced(const struct lister *l, const char *topic, uint32_t partition, const struct topic_range *range)
{
	struct histfs_offsets o;

	if (l->h && histfs_offsets(l->h, topic, partition, HISTFS_NOW, &o) == 0 && o.next >= range->next_offset &&
	    o.first <= range->next_offset && o.synced <= o.next)
		printf("\t%" PRIu64 "\n", o.next - o.synced);
	else
		printf("\t\\N\n");
}

static int put_partition(const struct lister *l, const char *topic, uint32_t number, uint32_t partition)
{
	struct topic_reader *reader;
	struct topic_range range;
	char time[TEXT_TIME_LEN + 1] = "\\N";
	int r = topic_store_reader(l->topics, number, &reader);

	if (r < 0)
		return r;
	topic_reader_range(reader, &range);
	if (range.max_ms != INT64_MIN)
		text_time(time, range.max_ms);
	printf("%s\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\t%s", topic, partition,
	    range.first_offset, range.next_offset, range.bytes, range.n_segments, time);
	put_unsynced(l, topic, partition, &range);
	return 0;
}

/* One that cannot be read does not hide the others. */
static int put_topic(const struct lister *l, const struct topic_info *info)
{
	char name[TOPIC_NAME_MAX + 1];
	uint32_t number = info->number, n = info->n_partitions;
	int failed = 0;

	snprintf(name, sizeof(name), "%s", info->name);
	for (uint32_t p = 0; p < n; p++) {
		int r = put_partition(l, name, number + p, p);

		if (r < 0) {
			warnx("%s/%" PRIu32 ": %s", name, p, strerror(-r));
			failed = r;
		}
	}
	return failed;
}

static int put_all(const struct lister *l)
{
	struct topic_info info = {0};
	int failed = 0;

	while (topic_store_next(l->topics, info.number + 1, &info) == 0) {
		uint32_t number = info.number;
		int r = put_topic(l, &info);

		if (r < 0)
			failed = r;
		info.number = number;
	}
	return failed;
}

static int run(int argc, char **argv)
{
	_cleanup_(opened_done) struct opened o = {0};
	const char *socket = NULL;
	struct topic_info info;
	struct lister l = {0};
	int r, c;

	while ((c = getopt(argc, argv, "+S:")) >= 0) {
		if (c != 'S')
			return EXIT_USAGE;
		socket = optarg;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return EXIT_USAGE;
	if (opened_init(&o, argv[optind]) < 0)
		return EXIT_FAILURE;
	r = store_topics(o.store, &l.topics);
	if (r == 0 && argc - optind == 2)
		r = topic_store_find(l.topics, argv[optind + 1], &info);
	if (r < 0) {
		warnx("%s: %s", argv[argc - 1], r == -ENOENT ? "there is no such topic" : strerror(-r));
		return EXIT_FAILURE;
	}
	if (histfs_open(socket, &l.h) < 0)
		l.h = NULL;
	printf("topic\tpartition\tfirst\tnext\tbytes\tsegments\tnewest\tunsynced\n");
	r = argc - optind == 2 ? put_topic(&l, &info) : put_all(&l);
	if (l.h)
		histfs_close(l.h);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

COMMAND(topics) = {
    .name = "topics",
    .args = "[-S SOCKET] STORE [TOPIC]",
    .what = "topics and their partitions: offsets, bytes, newest message, messages that are not synced yet",
    .run = run,
};
