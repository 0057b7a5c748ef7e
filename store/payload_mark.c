/* payload_mark.c -- see payload_mark.h */
#include "store/payload_mark.h"

#include "store/format.h"

#include <errno.h>

static const char file_name[] = "synced";

int payload_mark_read(int dirfd, struct payload_mark *ret)
{
	_cleanup_(buf_done) struct buf room = {0};
	const struct disk_payload_mark *d;
	int r = bookmark_read(dirfd, file_name, &room);

	*ret = (struct payload_mark){0};
	if (r == -ENOENT || r == -ENODATA || r == -EBADMSG || r == -EPROTONOSUPPORT)
		return 0;
	if (r < 0 || room.len < sizeof *d)
		return r;
	d = (const struct disk_payload_mark *)room.p;
	*ret = (struct payload_mark){
	    .file_id = get_le64(d->file_id),
	    .len = get_le64(d->len),
	    .number = get_le64(d->number),
	};
	return 0;
}

int payload_mark_open(int dirfd, struct bookmark **ret)
{
	return bookmark_open_in(dirfd, file_name, ret);
}

int payload_mark_set(struct bookmark *b, const struct payload_mark *m)
{
	struct disk_payload_mark d = {
	    .file_id = put_le64(m->file_id),
	    .len = put_le64(m->len),
	    .number = put_le64(m->number),
	};

	return bookmark_set(b, &d, sizeof d);
}
