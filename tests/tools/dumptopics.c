/* dumptopics.c -- every message of a store's topics as a line, as tests/decoder/topics.py prints them
 *
 *   dumptopics STORE      behind a line "TOPIC PARTITION" each; topics by name
 */
#include "store/segment_name.h"
#include "store/segment_scan.h"
#include "store/topic_names.h"

#include <dirent.h>
#include <err.h>
#include <fcntl.h>

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_topic(const struct dirent *e)
{
	return segment_name_topic_valid(e->d_name, strlen(e->d_name));
}

static int is_partition(const struct dirent *e)
{
	uint32_t i;

	return segment_name_partition(e->d_name, &i);
}

static int is_segment(const struct dirent *e)
{
	enum segment_file type;
	uint64_t base;

	return segment_name_parse(e->d_name, &base, &type) && type == SEGMENT_LOG;
}

static bool dump_segment(int dirfd, const char *name)
{
	_cleanup_(segment_scan_done) struct segment_scan s;
	_cleanup_(buf_done) struct buf line = {0};
	enum segment_file type;
	struct message m;
	uint64_t base = 0;

	if (!segment_name_parse(name, &base, &type) || segment_scan_open(&s, dirfd, base) < 0)
		return false;
	while (segment_scan_next(&s, &m) == 0) {
		buf_clear(&line);
		message_put_text(&line, &m);
		fwrite(line.p, 1, line.len, stdout);
	}
	return !s.damaged;
}

static int list(int dirfd, const char *name, int (*filter)(const struct dirent *e), struct dirent ***ret)
{
	int n = scandirat(dirfd, name, ret, filter, by_name);

	if (n < 0)
		err(1, "%s", name);
	return n;
}

int main(int argc, char **argv)
{
	struct dirent **topics, **partitions, **segments;
	bool well = true;

	if (argc != 2)
		errx(2, "usage: dumptopics STORE");
	if (chdir(argv[1]) < 0 || chdir(TOPICS_DIR) < 0)
		err(1, "%s", argv[1]);
	for (int t = 0, n_t = list(AT_FDCWD, ".", is_topic, &topics); t < n_t; t++) {
		int n_p = list(AT_FDCWD, topics[t]->d_name, is_partition, &partitions);

		for (int p = 0; p < n_p; p++) {
			char path[600];
			int fd, n;

			snprintf(path, sizeof path, "%s/%s", topics[t]->d_name, partitions[p]->d_name);
			printf("%s %s\n", topics[t]->d_name, partitions[p]->d_name);
			fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			n = list(fd, ".", is_segment, &segments);
			for (int s = 0; s < n; s++)
				well = dump_segment(fd, segments[s]->d_name) && well;
			close(fd);
		}
	}
	return well ? 0 : 1;
}
