/* identity.c -- the store's own file */
#include "store/identity.h"

#include "store/io.h"
#include "store/names.h"
#include "store/sealed.h"

int identity_create(int dirfd, struct identity *id)
{
	struct file_id file = {.kind = KIND_STORE, .first_seq = (uint64_t)id->created_ms};
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	int r = io_random(&id->id, sizeof id->id);

	file.store_id = id->id;
	if (r == 0)
		r = sealed_writer_new(dirfd, STORE_FILE, &file, &w);
	if (r == 0)
		r = sealed_writer_add(w, FRAME_HOST, id->host, strlen(id->host), true, NULL);
	return r < 0 ? r : sealed_writer_finish(TAKE(w));
}

int identity_read(int dirfd, struct identity *ret)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf host = {0};
	int r = sealed_open(dirfd, STORE_FILE, KIND_STORE, &s);

	if (r == 0)
		r = sealed_section(s, FRAME_HOST, 0, &host);
	if (r < 0)
		return r == -ENOENT && s ? -EBADMSG : r;
	if (host.len >= sizeof ret->host)
		return -EBADMSG;
	*ret = (struct identity){.id = sealed_id(s)->store_id, .created_ms = (int64_t)sealed_id(s)->first_seq};
	memcpy(ret->host, host.p, host.len);
	return 0;
}
