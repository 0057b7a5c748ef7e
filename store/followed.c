/* followed.c -- see followed.h */
#include "store/followed.h"

#include "store/io.h"
#include "store/sealed.h"
#include "store/topic_names.h"

#include <xxhash.h>

uint64_t followed_hash(const void *p, size_t len)
{
	return XXH3_64bits(p, len);
}

void followed_done(struct followed *f)
{
	free(f->path);
	free(f->topic);
}

static void put_string(struct buf *out, const char *s)
{
	buf_put_varint(out, strlen(s));
	buf_puts(out, s);
}

static void put(struct buf *out, const struct followed *f)
{
	const struct followed_mark *m = &f->mark;
	const le64 fixed[] = {put_le64(m->dev), put_le64(m->ino), put_le64(m->head_hash), put_le64(m->last_hash)};

	put_string(out, f->path);
	put_string(out, f->topic);
	buf_put_varint(out, f->partition);
	buf_put_varint(out, f->offset);
	buf_put_varint(out, m->pos);
	buf_put_varint(out, m->n_head);
	buf_put_varint(out, m->n_last);
	buf_put(out, fixed, sizeof fixed);
}

static int get_string(struct span *s, char **ret)
{
	struct span text = {0};
	uint64_t len;
	int r = span_varint(s, &len);

	if (r == 0)
		r = span_sub(s, len, &text);
	if (r < 0)
		return r;
	*ret = strndup((const char *)text.p, span_left(&text));
	return *ret ? 0 : -ENOMEM;
}

static int get(struct span *s, struct followed *f)
{
	struct followed_mark *m = &f->mark;
	uint64_t partition = 0, n_head = 0, n_last = 0;
	le64 fixed[4];
	const void *p;
	int r = get_string(s, &f->path);

	if (r == 0)
		r = get_string(s, &f->topic);
	if (r == 0)
		r = span_varint_max(s, PARTITIONS_MAX - 1, &partition);
	if (r == 0)
		r = span_varint(s, &f->offset);
	if (r == 0)
		r = span_varint(s, &m->pos);
	if (r == 0)
		r = span_varint_max(s, UINT32_MAX, &n_head);
	if (r == 0)
		r = span_varint_max(s, UINT32_MAX, &n_last);
	if (r < 0)
		return r;
	p = span_take(s, sizeof fixed);
	if (!p)
		return -EBADMSG;
	memcpy(fixed, p, sizeof fixed);
	m->dev = get_le64(fixed[0]);
	m->ino = get_le64(fixed[1]);
	m->head_hash = get_le64(fixed[2]);
	m->last_hash = get_le64(fixed[3]);
	m->n_head = (uint32_t)n_head;
	m->n_last = (uint32_t)n_last;
	f->partition = (uint32_t)partition;
	return 0;
}

static int parse(struct span s, struct followed **ret, size_t *ret_n)
{
	while (span_left(&s) > 0) {
		struct followed *v = realloc(*ret, (*ret_n + 1) * sizeof *v);
		int r;

		if (!v)
			return -ENOMEM;
		*ret = v;
		v[*ret_n] = (struct followed){0};
		r = get(&s, &v[(*ret_n)++]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load(int dirfd, const char *name, struct followed **ret, size_t *ret_n)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct buf payload = {0};
	int r = sealed_open(dirfd, name, KIND_FOLLOWED, &s);

	if (r == 0)
		r = sealed_section(s, FRAME_FOLLOWED, 0, &payload);
	if (r == 0)
		r = parse(span_of(payload.p, payload.len), ret, ret_n);
	buf_done(&payload);
	if (r == 0)
		return 0;
	for (size_t i = 0; i < *ret_n; i++)
		followed_done(&(*ret)[i]);
	free(TAKE(*ret));
	*ret_n = 0;
	return r;
}

int followed_load(int store_fd, struct followed **ret, size_t *ret_n)
{
	_cleanup_(cleanup_io_close) int dirfd = io_opendir(store_fd, TOPICS_DIR, false);
	int r = dirfd < 0 ? dirfd : 0;

	*ret = NULL;
	*ret_n = 0;
	if (r == 0)
		r = load(dirfd, FOLLOWED_FILE, ret, ret_n);
	if ((r == -EBADMSG || r == -EIO) && load(dirfd, FOLLOWED_COPY, ret, ret_n) == 0)
		return 1;
	return r == -ENOENT ? 0 : r;
}

static int store(int dirfd, const char *name, uint64_t store_id, const struct buf *payload)
{
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	struct file_id id = {.kind = KIND_FOLLOWED, .store_id = store_id};
	int r = sealed_writer_new(dirfd, name, &id, &w);

	if (r == 0)
		r = sealed_writer_add(w, FRAME_FOLLOWED, payload->p, payload->len, true, NULL);
	return r < 0 ? r : sealed_writer_finish(TAKE(w));
}

int followed_store(int store_fd, uint64_t store_id, const struct followed *f, size_t n)
{
	_cleanup_(cleanup_io_close) int dirfd = io_opendir(store_fd, TOPICS_DIR, true);
	_cleanup_(buf_done) struct buf payload = {0};
	int r = dirfd < 0 ? dirfd : 0;

	for (size_t i = 0; i < n; i++)
		put(&payload, &f[i]);
	if (r == 0)
		r = payload.err;
	if (r == 0)
		r = store(dirfd, FOLLOWED_FILE, store_id, &payload);
	return r < 0 ? r : store(dirfd, FOLLOWED_COPY, store_id, &payload);
}

int followed_put_aside(int store_fd)
{
	_cleanup_(cleanup_io_close) int dirfd = io_opendir(store_fd, TOPICS_DIR, false);
	int r = dirfd < 0 ? dirfd : io_rename(dirfd, FOLLOWED_FILE, FOLLOWED_DAMAGED);

	return r < 0 ? r : io_sync_dir(dirfd);
}
