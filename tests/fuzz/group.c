/* group.c -- fuzzes the decoding of groups, behind the checksums and zstd
 *
 * The input: varint length and bytes of a schema; then, for each group, a byte with its number of snapshots less one,
 * varint length and bytes of its body. The first is a keyframe, the others are based on it.
 */
#include "tests/fuzz/groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The last time, which the header must say right for anything else to be looked at. */
static uint64_t last_ms(struct span body, uint32_t n)
{
	uint64_t time = 0, d_time = 0, x = 0;

	if (span_varint(&body, &x) < 0)
		return 0;
	for (uint32_t i = 1; i < n; i++) {
		if (span_varint(&body, &x) < 0)
			return 0;
		time += d_time += (uint64_t)unzigzag(x);
		if (span_varint(&body, &x) < 0)
			return 0;
	}
	return time;
}

static int append(struct group *g, const struct schema *schema, uint32_t n, struct span body, uint64_t seq)
{
	_cleanup_(buf_done) struct buf raw = {0};
	struct disk_group h = {
	    .first_seq = put_le64(seq),
	    .last_ms = put_le64(last_ms(body, n)),
	    .n = put_le32(n),
	    .raw_len = put_le32((uint32_t)span_left(&body)),
	    .schema = put_le16(schema->number),
	    .flags = seq > 0 ? GROUP_BASED : 0,
	    .schema_check = put_le64(schema->check),
	};

	buf_put(&raw, body.p, span_left(&body));
	return group_append(g, &h, &raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_schema) struct schema *schema = NULL;
	_cleanup_(cleanup_group) struct group *g = NULL;
	struct span in = span_of(data, len), part;
	uint64_t n, seq = 0;

	if (span_varint(&in, &n) < 0 || span_sub(&in, n, &part) < 0 || schema_decode(part, &schema) < 0)
		return 0;
	must(group_new(schema, &g) == 0);
	while (span_left(&in) > 0) {
		uint32_t n_snapshots = *(const uint8_t *)span_take(&in, 1) + 1u;
		int r;

		if (span_varint(&in, &n) < 0 || span_sub(&in, n, &part) < 0)
			break;
		r = append(g, schema, n_snapshots, part, seq);
		must(r == 0 || r == -EBADMSG);
		if (r < 0)
			return 0; /* void */
		seq += n_snapshots;
		must(group_n(g) == seq);
		/* Tables that were read take up what comes later, others all at once. */
		if (seq % 3 == 0)
			walk_group(g);
	}
	if (seq > 0)
		walk_group(g);
	return 0;
}
