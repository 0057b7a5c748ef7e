/* frame.c -- see frame.h */
#include "store/frame.h"
#include "store/io.h"

#define XXH_STATIC_LINKING_ONLY /* the state of a hash in pieces, without an allocation */
#include <xxhash.h>

void file_header_put(const struct file_id *id, struct disk_header *ret)
{
	*ret = (struct disk_header){
	    .version = put_le16(FORMAT_VERSION),
	    .id = put_le64(id->id),
	    .store_id = put_le64(id->store_id),
	    .hour = put_le32((uint32_t)id->hour),
	    .part = put_le32(id->part),
	    .first_seq = put_le64(id->first_seq),
	};
	memcpy(ret->magic, FILE_MAGIC, sizeof ret->magic);
	memcpy(ret->kind, id->kind, sizeof ret->kind);
	ret->check = put_le64(XXH3_64bits_withSeed(ret, offsetof(struct disk_header, check), 0));
}

int file_header_get(const struct disk_header *h, const char *kind, struct file_id *ret)
{
	if (memcmp(h->magic, FILE_MAGIC, sizeof h->magic) != 0)
		return -EBADMSG;
	if (get_le64(h->check) != XXH3_64bits_withSeed(h, offsetof(struct disk_header, check), 0))
		return -EBADMSG;
	if (get_le16(h->version) > FORMAT_VERSION || get_le32(h->incompat) != 0)
		return -EPROTONOSUPPORT;
	if (get_le16(h->version) == 0 || get_le16(h->zero) != 0)
		return -EBADMSG;
	if (kind && memcmp(h->kind, kind, sizeof h->kind) != 0)
		return -EBADMSG;
	*ret = (struct file_id){
	    .id = get_le64(h->id),
	    .store_id = get_le64(h->store_id),
	    .hour = (int32_t)get_le32(h->hour),
	    .part = get_le32(h->part),
	    .first_seq = get_le64(h->first_seq),
	};
	memcpy(ret->kind, h->kind, sizeof h->kind);
	return 0;
}

static uint64_t frame_check(const struct disk_frame *h, uint64_t file_id, uint64_t off)
{
	size_t from = offsetof(struct disk_frame, len);

	return XXH3_64bits_withSeed((const uint8_t *)h + from, sizeof *h - from + get_le32(h->len), file_id + off);
}

static void head_put(struct disk_frame *h, enum frame_type type, uint32_t len)
{
	*h = (struct disk_frame){.len = put_le32(len), .type = (uint8_t)type};
	memcpy(h->mark, FRAME_MARK, sizeof h->mark);
}

void frame_put_pieces(struct disk_frame *h, enum frame_type type, const struct span *pieces, unsigned n, uint32_t len,
    uint64_t file_id, uint64_t off)
{
	XXH3_state_t state;

	head_put(h, type, len);
	XXH3_INITSTATE(&state);
	XXH3_64bits_reset_withSeed(&state, file_id + off);
	XXH3_64bits_update(&state, &h->len, sizeof *h - offsetof(struct disk_frame, len));
	for (unsigned i = 0; i < n; i++)
		XXH3_64bits_update(&state, pieces[i].p, span_left(&pieces[i]));
	h->check = put_le64(XXH3_64bits_digest(&state));
}

void frame_put(struct disk_frame *h, enum frame_type type, uint32_t len, uint64_t file_id, uint64_t off)
{
	head_put(h, type, len);
	h->check = put_le64(frame_check(h, file_id, off));
}

bool frame_head_valid(const struct disk_frame *h)
{
	return memcmp(h->mark, FRAME_MARK, sizeof h->mark) == 0 && get_le32(h->len) <= FRAME_LEN_MAX && h->flags == 0 &&
	       get_le16(h->zero) == 0;
}

bool frame_check_valid(const struct disk_frame *h, uint64_t file_id, uint64_t off)
{
	return get_le64(h->check) == frame_check(h, file_id, off);
}

int frame_read(int fd, uint64_t file_id, uint64_t off, uint64_t file_len, uint8_t *ret_type, struct buf *ret)
{
	struct disk_frame h;
	const struct disk_frame *f;
	uint32_t len;
	ssize_t n;
	int r;

	if (off == file_len)
		return -ENODATA;
	if (off > file_len || file_len - off < sizeof h)
		return -EBADMSG;
	n = io_pread(fd, &h, sizeof h, off);
	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof h || !frame_head_valid(&h))
		return -EBADMSG;
	len = get_le32(h.len);
	if (len > file_len - off - sizeof h)
		return -EBADMSG;

	buf_clear(ret);
	r = buf_reserve(ret, sizeof h + len);
	if (r < 0)
		return r;
	memcpy(ret->p, &h, sizeof h);
	n = io_pread(fd, ret->p + sizeof h, len, off + sizeof h);
	if (n < 0)
		return (int)n;
	f = (const struct disk_frame *)ret->p;
	if ((size_t)n < len || !frame_check_valid(f, file_id, off))
		return -EBADMSG;
	*ret_type = h.type;
	memmove(ret->p, ret->p + sizeof h, len);
	ret->len = len;
	return 0;
}
