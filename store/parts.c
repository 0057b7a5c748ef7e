/* parts.c -- see parts.h */
#include "store/parts.h"

#include "store/chunk.h"
#include "store/io.h"
#include "store/names.h"
#include "store/wal.h"

struct parts {
	int32_t hour;
	uint32_t n; /* behind the largest number */
};

/* A part that was put aside as damaged has had its number, too. */
static int count_part(const char *name, void *arg)
{
	struct parts *p = arg;
	enum file_type type;
	uint32_t part;
	int32_t hour;

	if (file_name_parse(name, &type, &hour, &part) && type != FILE_TMP && hour == p->hour && part >= p->n)
		p->n = part + 1;
	return 0;
}

int parts_new(int snapdirfd, int32_t hour, uint32_t *ret)
{
	struct parts parts = {.hour = hour};
	int k = io_list(snapdirfd, count_part, &parts);

	if (k == 0 && parts.n > PART_MAX)
		k = -EMSGSIZE;
	*ret = parts.n;
	return k;
}

/* The number behind the last snapshot of a log; 0 if it cannot be read for damage. */
static int next_seq_of_log(int snapdirfd, const char *name, uint64_t *ret)
{
	_cleanup_(cleanup_wal) struct wal *wal = NULL;
	const struct listing *l;
	int k = wal_open(snapdirfd, name, &wal);

	*ret = 0;
	if (k == 0)
		k = wal_update(wal);
	if (k < 0)
		return k == -EBADMSG || k == -ENODATA ? 0 : k;
	l = wal_listing(wal);
	*ret = l->n > 0 ? (uint64_t)l->seq[l->n - 1] + 1 : wal_id(wal)->first_seq;
	return 0;
}

static int next_seq_of_chunk(int snapdirfd, const char *name, uint64_t *ret)
{
	_cleanup_(cleanup_chunk) struct chunk *chunk = NULL;
	int k = chunk_open(snapdirfd, name, &chunk);

	*ret = 0;
	if (k < 0)
		return k == -EBADMSG ? 0 : k;
	*ret = get_le64(chunk_meta(chunk)->last_seq) + 1;
	return 0;
}

int parts_next_seq(int snapdirfd, int32_t hour, uint32_t part, uint64_t *ret)
{
	char name[FILE_NAME_SIZE];
	uint64_t of_log = 0, of_chunk = 0;
	int log, chunk;

	/* The log first: what is sealed meanwhile is a chunk before it is no log any more. */
	file_name(name, hour, part, ".wal");
	log = next_seq_of_log(snapdirfd, name, &of_log);
	if (log < 0 && log != -ENOENT)
		return log;
	file_name(name, hour, part, ".chunk");
	chunk = next_seq_of_chunk(snapdirfd, name, &of_chunk);
	if (chunk < 0 && chunk != -ENOENT)
		return chunk;
	*ret = of_log > of_chunk ? of_log : of_chunk;
	return log < 0 ? chunk : 0;
}
