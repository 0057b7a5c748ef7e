/* sidecar.c -- the heatmap of a sealed hour's part, in a file of its own */
#include "store/sidecar.h"

#include "store/heat_text.h"
#include "store/names.h"

void sidecar_sum(struct heat_sum *sum, const struct disk_heat *entries, uint32_t n)
{
	struct heat_sum more = {.n = n, .text_len = heat_text_len(entries, n)};

	for (uint32_t i = 0; i < n; i++) {
		int64_t ms = (int64_t)get_le64(entries[i].time_ms);

		more.last_ms = i == 0 || ms > more.last_ms ? ms : more.last_ms;
		for (unsigned k = 0; k < HEAT_N; k++)
			more.known |= (uint32_t)(get_le16(entries[i].m[k]) != HEAT_UNKNOWN) << k;
	}
	sidecar_sum_add(sum, &more);
}

void sidecar_sum_add(struct heat_sum *sum, const struct heat_sum *more)
{
	if (more->n > 0 && (sum->n == 0 || more->last_ms > sum->last_ms))
		sum->last_ms = more->last_ms;
	sum->n += more->n;
	sum->known |= more->known;
	sum->text_len += more->text_len;
}

int sidecar_write(int dirfd, const char *name, struct file_id *id, const struct disk_heat *entries, uint32_t n)
{
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	struct heat_sum sum = {0};
	struct disk_heat_sum s;
	int r = sealed_writer_new(dirfd, name, id, &w);

	sidecar_sum(&sum, entries, n);
	s = (struct disk_heat_sum){.text_len = put_le64(sum.text_len),
	    .last_ms = put_le64((uint64_t)sum.last_ms),
	    .n = put_le32(sum.n),
	    .known = put_le32(sum.known),
	    .text_version = put_le32(HEAT_TEXT_VERSION)};
	if (r == 0)
		r = sealed_writer_add(w, FRAME_HEAT, entries, n * sizeof *entries, true, NULL);
	if (r == 0)
		r = sealed_writer_add(w, FRAME_HEAT_SUM, &s, sizeof s, true, NULL);
	return r < 0 ? r : sealed_writer_finish(TAKE(w));
}

int sidecar_read(int dirfd, const char *name, struct disk_heat **ret, uint32_t *ret_n)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	int r = sealed_open(dirfd, name, KIND_HEAT, &s);

	if (r == 0)
		r = sealed_section(s, FRAME_HEAT, 0, &b);
	if (r < 0)
		return r == -ENOENT && s ? -EBADMSG : r;
	if (b.len % sizeof **ret)
		return -EBADMSG;
	*ret_n = (uint32_t)(b.len / sizeof **ret);
	*ret = (struct disk_heat *)(void *)b.p;
	b = (struct buf){0};
	return 0;
}

int sidecar_read_sum(int dirfd, const char *name, struct heat_sum *ret)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf b = {0};
	struct disk_heat_sum sum;
	int r = sealed_open(dirfd, name, KIND_HEAT, &s);

	if (r == 0)
		r = sealed_section(s, FRAME_HEAT_SUM, 0, &b);
	if (r < 0)
		return r == -ENOENT && s ? -ENODATA : r;
	if (b.len < sizeof sum)
		return -EBADMSG;
	memcpy(&sum, b.p, sizeof sum);
	if (get_le32(sum.text_version) != HEAT_TEXT_VERSION)
		return -ENODATA;
	*ret = (struct heat_sum){.n = get_le32(sum.n),
	    .known = get_le32(sum.known),
	    .text_len = get_le64(sum.text_len),
	    .last_ms = (int64_t)get_le64(sum.last_ms)};
	return 0;
}

/* --- of an hour --- */

static int add_entries(int dirfd, const char *name, void *arg)
{
	_cleanup_(cleanup_free) struct disk_heat *entries = NULL;
	struct buf *out = arg;
	uint32_t n;
	int r = sidecar_read(dirfd, name, &entries, &n);

	if (r == 0)
		buf_put(out, entries, n * sizeof *entries);
	return r < 0 ? r : out->err;
}

static int add_sum(int dirfd, const char *name, void *arg)
{
	struct heat_sum more;
	int r = sidecar_read_sum(dirfd, name, &more);

	if (r == 0)
		sidecar_sum_add(arg, &more);
	return r;
}

static int add_parts(int dirfd, int32_t hour, uint32_t max_part, uint32_t n_parts,
    int (*add)(int dirfd, const char *name, void *arg), void *arg)
{
	uint32_t n = 0;

	for (uint32_t part = 0; part <= max_part; part++) {
		char name[FILE_NAME_SIZE];
		int r;

		file_name(name, hour, part, ".heat");
		r = add(dirfd, name, arg);
		if (r < 0 && r != -ENOENT)
			return r == -ENOMEM ? r : -ENODATA;
		n += r == 0;
	}
	return n == n_parts ? 0 : -ENODATA;
}

int sidecar_hour_read(int dirfd, int32_t hour, uint32_t max_part, uint32_t n_parts, struct buf *out)
{
	return add_parts(dirfd, hour, max_part, n_parts, add_entries, out);
}

int sidecar_hour_sum(int dirfd, int32_t hour, uint32_t max_part, uint32_t n_parts, struct heat_sum *ret)
{
	struct heat_sum sum = {0};
	int r = add_parts(dirfd, hour, max_part, n_parts, add_sum, &sum);

	if (r == 0)
		*ret = sum;
	return r;
}
