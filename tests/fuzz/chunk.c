/* chunk.c -- fuzzes the reading of sealed hours, with all checks made right */
#include "store/chunk.h"
#include "tests/fuzz/groups.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_groups(struct chunk *c)
{
	_cleanup_(cleanup_unpacker) struct unpacker *u = NULL;
	const struct chunk_group *groups;
	uint32_t n, first = 0;

	must(unpacker_new(&u) == 0);
	chunk_groups(c, &groups, &n);
	for (uint32_t i = 0; i < n; i++) {
		_cleanup_(cleanup_group) struct group *g = NULL;
		int r = chunk_load(c, i, u, &g);

		must(r == 0 || r == -EBADMSG);
		must(groups[i].first == first);
		must(i == 0 || groups[i].first_seq >= groups[i - 1].first_seq + groups[i - 1].n);
		first += groups[i].n;
		if (r < 0)
			continue;
		must(group_n(g) == groups[i].n && group_first_seq(g) == groups[i].first_seq);
		walk_group(g);
	}
	must(first == chunk_n(c));
}

static void try(const uint8_t *p, size_t len)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	const struct chunk_total *totals;
	const struct listing *l;
	uint64_t off;
	const char *what;
	uint32_t n;
	char name[32];
	int fd = memory_file(p, len, name), r = chunk_open(AT_FDCWD, name, &c);

	must(r == 0 || r == -EBADMSG || r == -EPROTONOSUPPORT);
	close(fd);
	if (r < 0)
		return;
	check_groups(c);
	r = chunk_listing(c, &l);
	must(r == 0 || r == -EBADMSG);
	must(r < 0 || l->n == chunk_n(c));
	must(chunk_len(c) == len && chunk_memory(c) > 0);
	chunk_totals(c, &totals, &n);
	chunk_damage(c, &off, &what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_free) uint8_t *p = malloc(len + 1);

	must(p);
	memcpy(p, data, len);
	try(p, len);
	repair(p, len);
	repair_footer(p, len);
	try(p, len);
	return 0;
}
