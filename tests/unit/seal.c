/* seal.c -- from a finished log to a sealed hour: what of a log that is not in order is kept, and where */
#include "store/seal.h"
#include "store/encoder.h"
#include "store/group_writer.h"
#include "store/sidecar.h"
#include "store/wal.h"
#include "tests/unit/machine.h"

#include <fcntl.h>

struct seal_test {
	int dirfd;
	struct log *log;
	struct encoder *encoder;
	struct table *tables[2];
	uint32_t next;
};

static void begin(struct seal_test *t)
{
	struct file_id id = {.kind = KIND_WAL, .store_id = 7, .hour = HOUR};
	char name[FILE_NAME_SIZE];

	*t = (struct seal_test){.dirfd = open(tap_tmpdir(), O_RDONLY | O_DIRECTORY)};
	file_name(name, HOUR, 0, ".wal");
	ok_r(log_create(t->dirfd, name, &id, SYNC_NONE, &t->log));
	ok_r(encoder_new(4, &t->encoder));
	machine_tables(encoder_pool(t->encoder), t->tables);
}

static void end(struct seal_test *t)
{
	for (unsigned k = 0; k < 2; k++)
		table_free(t->tables[k]);
	encoder_free(t->encoder);
	close(t->dirfd);
}

/* Appends n snapshots; broken: whole frames whose bodies are no groups. */
static void append(struct seal_test *t, uint32_t n, bool broken)
{
	for (; n > 0; n--, t->next++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot s = machine_snapshot(t->tables, t->next);
		le64 seq = put_le64(t->next);
		le32 heat_seq = put_le32(t->next);
		struct span schema, frame;

		encoder_begin(t->encoder);
		machine_fill(t->tables, t->next);
		if (!ok_r(encoder_encode(t->encoder, &s, &e)))
			return;
		memcpy(e->frame.p + WAL_SEQ_OFF, &seq, sizeof seq);
		memcpy(e->frame.p + WAL_HEAT_SEQ_OFF, &heat_seq, sizeof heat_seq);
		if (broken)
			memset(e->frame.p + e->frame.len - 20, 0xff, 20);
		schema = span_of(e->schema.p, e->schema.len);
		frame = span_of(e->frame.p, e->frame.len);
		if (e->keyframe)
			ok_r(log_append(t->log, FRAME_SCHEMA, &schema, 1, NULL));
		ok_r(log_append(t->log, FRAME_SNAPSHOT, &frame, 1, NULL));
	}
}

static uint32_t seal(struct seal_test *t)
{
	const struct chunk_options o = {.level = 1, .group_n = 5};
	uint32_t n = 0;

	log_close(TAKE(t->log));
	ok_r(seal_log(t->dirfd, HOUR, 0, &o, NULL, &n));
	return n;
}

static bool there(const struct seal_test *t, const char *suffix)
{
	char name[FILE_NAME_SIZE];

	file_name(name, HOUR, 0, suffix);
	return faccessat(t->dirfd, name, F_OK, 0) == 0;
}

/* The chunk's snapshots, and its count of lost ones. */
static void check_chunk(const struct seal_test *t, uint32_t n, uint64_t n_lost)
{
	_cleanup_(cleanup_chunk) struct chunk *c = NULL;
	_cleanup_(cleanup_free) struct disk_heat *heat = NULL;
	char name[FILE_NAME_SIZE];
	uint32_t n_heat = 0;

	file_name(name, HOUR, 0, ".chunk");
	if (!ok_r(chunk_open(t->dirfd, name, &c)))
		return;
	eq(chunk_n(c), n);
	eq(get_le64(chunk_meta(c)->n_lost), n_lost);
	file_name(name, HOUR, 0, ".heat");
	ok_r(sidecar_read(t->dirfd, name, &heat, &n_heat));
	eq(n_heat, n);
}

static void a_log_becomes_a_chunk_and_a_sidecar(void)
{
	struct seal_test t;

	begin(&t);
	append(&t, 11, false);
	eq(seal(&t), 11);
	check_chunk(&t, 11, 0);
	ok(!there(&t, ".wal") && !there(&t, ".wal.damaged"));
	end(&t);
}

static void sealing_is_given_up_when_it_is_to_stop_and_done_later(void)
{
	const struct chunk_options o = {.level = 1, .group_n = 5};
	atomic_bool stop = true;
	struct seal_test t;
	uint32_t n = 0;

	begin(&t);
	append(&t, 11, false);
	eq(seal_log(t.dirfd, HOUR, 0, &o, &stop, &n), -ECANCELED);
	ok(there(&t, ".wal") && !there(&t, ".chunk") && !there(&t, ".chunk.tmp"));
	eq(seal(&t), 11);
	check_chunk(&t, 11, 0);
	ok(!there(&t, ".wal"));
	end(&t);
}

static void frames_that_make_no_sense_cost_their_run_and_the_log_is_kept(void)
{
	struct seal_test t;

	begin(&t);
	append(&t, 4, false);
	append(&t, 1, true); /* a keyframe: three more are based on it */
	append(&t, 7, false);
	seal(&t);
	check_chunk(&t, 8, 4);
	ok(!there(&t, ".wal") && there(&t, ".wal.damaged"));
	end(&t);
}

static void a_log_that_makes_no_sense_at_all_is_kept_aside(void)
{
	struct seal_test t;

	begin(&t);
	append(&t, 3, true);
	eq(seal(&t), 0);
	ok(there(&t, ".wal.damaged"));
	ok(!there(&t, ".wal") && !there(&t, ".chunk") && !there(&t, ".heat") && !there(&t, ".chunk.tmp"));
	end(&t);
}

static void an_empty_log_leaves_nothing(void)
{
	struct seal_test t;

	begin(&t);
	eq(seal(&t), 0);
	ok(!there(&t, ".wal") && !there(&t, ".chunk") && !there(&t, ".heat") && !there(&t, ".wal.damaged"));
	end(&t);
}

int main(void)
{
	RUN(a_log_becomes_a_chunk_and_a_sidecar);
	RUN(sealing_is_given_up_when_it_is_to_stop_and_done_later);
	RUN(frames_that_make_no_sense_cost_their_run_and_the_log_is_kept);
	RUN(a_log_that_makes_no_sense_at_all_is_kept_aside);
	RUN(an_empty_log_leaves_nothing);
	return tap_done();
}
