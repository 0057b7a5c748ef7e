/* writer.c -- tests of collector/writer.c and collector/sealer.c with a scripted recorder in the place of the store's
 */
#include "collector/writer.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* What the recorder is to answer, and what it was asked. */
static struct {
	pthread_mutex_t lock;
	int append_r; /* answer of recorder_append */
	int sync_r;   /* of recorder_sync */
	int seal_r;   /* of recorder_seal, once there is something to seal */
	unsigned n_to_seal;
	bool hold;               /* recorder_append waits */
	uint64_t appended[4096]; /* numbers of the snapshots, in order */
	unsigned n_appended, n_tries, n_synced, n_syncs, n_keyframes, n_seals, n_sealed, n_retains, n_alive;
	uint64_t max_bytes;
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void locked(void)
{
	pthread_mutex_lock(&script.lock);
}

static void unlocked(void)
{
	pthread_mutex_unlock(&script.lock);
}

int recorder_append(struct recorder *r, const struct encoded *e)
{
	int answer;

	(void)r;
	locked();
	script.n_tries++;
	while (script.hold) {
		unlocked();
		usleep(100);
		locked();
	}
	answer = script.append_r;
	if (answer == 0)
		memcpy(&script.appended[script.n_appended++], e->frame.p, sizeof(uint64_t));
	unlocked();
	return answer;
}

int recorder_sync(struct recorder *r)
{
	int answer;

	(void)r;
	locked();
	script.n_syncs++;
	answer = script.sync_r;
	if (answer == 0)
		script.n_synced = script.n_appended;
	unlocked();
	return answer;
}

void recorder_want_keyframe(struct recorder *r)
{
	(void)r;
	locked();
	script.n_keyframes++;
	unlocked();
}

int recorder_seal(struct recorder *r)
{
	int answer = -ENODATA;

	(void)r;
	locked();
	if (script.n_to_seal > 0) {
		answer = script.seal_r;
		script.n_seals++;
		script.n_to_seal -= answer == 0;
		script.n_sealed += answer == 0;
	}
	unlocked();
	return answer;
}

void recorder_stop_sealing(struct recorder *r)
{
	(void)r;
}

int recorder_retain(struct recorder *r, uint64_t max_bytes, int64_t max_age_ms, int64_t now_ms)
{
	(void)r;
	(void)max_age_ms;
	(void)now_ms;
	locked();
	script.n_retains++;
	script.max_bytes = max_bytes;
	unlocked();
	return 0;
}

void encoded_free(struct encoded *e)
{
	locked();
	script.n_alive--;
	unlocked();
	buf_done(&e->schema);
	buf_done(&e->frame);
	free(e);
}

/* The rest of the recorder, which nothing here calls. */
struct strpool *recorder_pool(struct recorder *r)
{
	(void)r;
	return NULL;
}
const struct schema *recorder_known(const struct recorder *r)
{
	(void)r;
	return NULL;
}

void recorder_begin(struct recorder *r)
{
	(void)r;
}
int recorder_encode(struct recorder *r, const struct snapshot *s, struct encoded **ret)
{
	(void)r;
	(void)s;
	(void)ret;
	return -ENOSYS;
}
void recorder_stat(struct recorder *r, struct recorder_stat *ret)
{
	(void)r;
	*ret = (struct recorder_stat){0};
}
uint64_t recorder_boot(const char *boot_id, size_t len)
{
	(void)boot_id;
	return len;
}

/* --- the rig --- */

static struct writer *writer;
static struct sealer *sealer;
static struct age_clock *ages;

static bool up(uint64_t sync_every)
{
	locked();
	script.append_r = script.sync_r = script.seal_r = 0;
	script.n_to_seal = script.n_appended = script.n_tries = script.n_synced = script.n_syncs = 0;
	script.n_keyframes = script.n_seals = script.n_sealed = script.n_retains = script.n_alive = 0;
	script.hold = false;
	unlocked();
	return ok_r(age_clock_new(AT_FDCWD, &ages)) && ok_r(sealer_start(NULL, ages, 1000, 0, &sealer)) &&
	       ok_r(writer_start(NULL, sealer, sync_every, PRIORITY_NORMAL, &writer));
}

static int down(void)
{
	int r = writer_stop(writer);

	sealer_stop(sealer);
	age_clock_free(ages);
	eq(script.n_alive, 0);
	return r;
}

/* Hands over a snapshot with that number, of that hour, so large. */
static void push(uint64_t number, int32_t hour, size_t size)
{
	struct encoded *e = calloc(1, sizeof *e);

	if (!ok(e))
		return;
	e->hour = hour;
	buf_reserve(&e->frame, size < sizeof number ? sizeof number : size);
	buf_put(&e->frame, &number, sizeof number);
	if (size > sizeof number) {
		memset(e->frame.p + sizeof number, 0, size - sizeof number);
		e->frame.len = size;
	}
	locked();
	script.n_alive++;
	unlocked();
	writer_push(writer, e);
}

/* Waits until *what is value; at most a minute or two. */
static bool becomes(const unsigned *what, unsigned value)
{
	for (int i = 0; i < 60000; i++) {
		bool is;

		locked();
		is = *what >= value;
		unlocked();
		if (is)
			return true;
		usleep(1000);
	}
	return false;
}

static uint64_t lost(void)
{
	uint64_t queue, n;

	writer_stat(writer, &queue, &n);
	return n;
}

static bool in_order(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (script.appended[i] != i)
			return false;
	return script.n_appended == n;
}

/* --- tests --- */

static void snapshots_are_appended_in_order_and_synced_in_groups(void)
{
	if (!up(10))
		return;
	for (uint64_t i = 0; i < 35; i++)
		push(i, 1, 100);
	ok(becomes(&script.n_appended, 35));
	ok(becomes(&script.n_synced, 30));
	eq(down(), 0);
	ok(script.n_syncs < 35);
	ok(in_order(35));
	eq(script.n_synced, 35);
}

static void while_the_disk_is_full_snapshots_wait_and_none_is_lost(void)
{
	if (!up(1))
		return;
	script.append_r = -ENOSPC;
	for (uint64_t i = 0; i < 20; i++)
		push(i, 1, 100);
	ok(becomes(&script.n_tries, 3));
	eq(script.n_appended, 0);
	eq(lost(), 0);
	locked();
	script.append_r = 0;
	unlocked();
	ok(becomes(&script.n_appended, 20));
	eq(down(), 0);
	ok(in_order(20));
}

static void a_full_queue_drops_the_newest_and_asks_for_a_keyframe(void)
{
	enum { SIZE = 1 << 20, FIT = WRITER_QUEUE_MAX / SIZE - 1 };

	if (!up(1))
		return;
	script.hold = true; /* sampling is not held up by it */
	for (uint64_t i = 0; i < FIT + 5; i++)
		push(i, 1, SIZE);
	eq(lost(), 5);
	eq(script.n_keyframes, 5);
	locked();
	script.hold = false;
	unlocked();
	eq(down(), 0);
	ok(in_order(FIT));
}

static void a_snapshot_whose_base_is_lost_is_dropped_and_counted(void)
{
	if (!up(1))
		return;
	script.append_r = -ESTALE;
	push(0, 1, 100);
	push(1, 1, 100);
	ok(becomes(&script.n_tries, 2));
	locked();
	script.append_r = 0;
	unlocked();
	push(0, 1, 100);
	ok(becomes(&script.n_appended, 1));
	eq(lost(), 2);
	eq(down(), 0);
}

static void what_cannot_be_synced_is_counted_as_lost(void)
{
	if (!up(4))
		return;
	script.sync_r = -EIO;
	for (uint64_t i = 0; i < 4; i++)
		push(i, 1, 100);
	ok(becomes(&script.n_syncs, 1));
	locked();
	script.sync_r = 0;
	unlocked();
	push(4, 1, 100);
	ok(becomes(&script.n_appended, 5));
	eq(lost(), 4);
	eq(down(), 0);
}

static void stopping_on_a_full_disk_gives_up_and_says_so(void)
{
	if (!up(1))
		return;
	script.append_r = -ENOSPC;
	for (uint64_t i = 0; i < 3; i++)
		push(i, 1, 100);
	eq(down(), -ENOSPC);
	eq(script.n_appended, 0);
}

static void a_sync_that_fails_at_the_end_is_told(void)
{
	if (!up(100))
		return;
	push(0, 1, 100);
	ok(becomes(&script.n_appended, 1));
	script.sync_r = -EIO;
	eq(down(), -EIO);
}

static void the_end_of_an_hour_wakes_the_sealer_and_limits_are_applied(void)
{
	unsigned retains;

	if (!up(1))
		return;
	push(0, 1, 100);
	ok(becomes(&script.n_appended, 1));
	ok(becomes(&script.n_retains, 1));
	locked();
	script.n_to_seal = 2;
	unlocked();
	push(1, 2, 100);
	ok(becomes(&script.n_seals, 2));
	ok(becomes(&script.n_retains, 3)); /* after each */
	eq(script.max_bytes, 1000);
	retains = script.n_retains;
	sealer_configure(sealer, 77, 0);
	locked();
	script.n_to_seal = 1;
	unlocked();
	sealer_wake(sealer);
	ok(becomes(&script.n_retains, retains + 1));
	eq(down(), 0);
	eq(script.max_bytes, 77);
}

static void an_hour_that_cannot_be_sealed_is_tried_again(void)
{
	if (!up(1))
		return;
	locked();
	script.n_to_seal = 1;
	script.seal_r = -EIO;
	unlocked();
	sealer_wake(sealer);
	ok(becomes(&script.n_seals, 1));
	locked();
	script.seal_r = 0;
	unlocked();
	ok(becomes(&script.n_sealed, 1)); /* by itself */
	eq(down(), 0);
	eq(script.n_to_seal, 0);
}

int main(void)
{
	RUN(snapshots_are_appended_in_order_and_synced_in_groups);
	RUN(while_the_disk_is_full_snapshots_wait_and_none_is_lost);
	RUN(a_full_queue_drops_the_newest_and_asks_for_a_keyframe);
	RUN(a_snapshot_whose_base_is_lost_is_dropped_and_counted);
	RUN(what_cannot_be_synced_is_counted_as_lost);
	RUN(stopping_on_a_full_disk_gives_up_and_says_so);
	RUN(a_sync_that_fails_at_the_end_is_told);
	RUN(the_end_of_an_hour_wakes_the_sealer_and_limits_are_applied);
	RUN(an_hour_that_cannot_be_sealed_is_tried_again);
	return tap_done();
}
