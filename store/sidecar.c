/* sidecar.c -- the heatmap of a sealed hour's part, in a file of its own */
#include "store/sidecar.h"

#include "store/heat_text.h"

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
