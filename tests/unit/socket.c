/* socket.c -- tests of the server and its socket (collector/server.c, socket.c, conn.c, ops/), through the library and
 * byte by byte
 */
#include "tests/unit/served.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static struct served served;

static bool begin(const char *config)
{
	return served_begin(&served, tap_tmpdir(), config);
}

static struct histfs *client(void)
{
	struct histfs *h = NULL;

	ok_r(histfs_open(served.socket, &h));
	return h;
}

static int raw(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", served.socket);
	ok(connect(fd, (const struct sockaddr *)&addr, sizeof addr) == 0);
	return fd;
}

static struct histfs_message text(const char *s)
{
	return (struct histfs_message){.value = s, .value_len = strlen(s)};
}

static int produce(struct histfs *h, const char *topic, const char *s, enum histfs_ack ack, uint64_t *ret)
{
	struct histfs_message m = text(s);

	return histfs_produce(h, topic, 0, &m, 1, ack, ret);
}

static uint64_t next_offset(struct histfs *h, const char *topic)
{
	struct histfs_offsets o = {0};

	ok_r(histfs_offsets(h, topic, 0, HISTFS_NOW, &o));
	return o.next;
}

/* --- what the library promises --- */

static void messages_get_the_offsets_that_follow_and_are_synced_if_asked(void)
{
	struct histfs_message m[] = {text("a"), text("b"), text("c")};
	struct histfs_offsets o;
	struct histfs *h;
	uint64_t offset = 99;

	if (begin("") && (h = client())) {
		ok_r(histfs_produce(h, "t", 0, m, 3, HISTFS_WRITTEN, &offset));
		eq(offset, 0);
		ok_r(produce(h, "t", "d", HISTFS_SYNCED, &offset));
		eq(offset, 3);
		ok_r(histfs_offsets(h, "t", 0, HISTFS_NOW, &o));
		eq(o.first, 0);
		eq(o.next, 4);
		eq(o.synced, 4);
		eq(o.at, 4);
		ok(o.newest_ms > 0 && o.bytes > 0);
		histfs_close(h);
	}
	served_end(&served);
}

static void what_is_produced_is_fetched_as_it_was(void)
{
	static const char zero[] = "with\0zero";
	struct histfs_header headers[] = {{"a", 1, "1", 1}, {"a", 1, NULL, 0}, {"", 0, "", 0}};
	struct histfs_message m[] = {
	    {.time_ms = 1000, .key = "k", .key_len = 1, .value = zero, .value_len = sizeof zero},
	    {.time_ms = -5, .value = "", .headers = headers, .n_headers = 3},
	    {.time_ms = 2000, .key = ""},
	};
	const struct histfs_message *got;
	struct histfs *h;
	uint64_t next;
	size_t n;

	if (begin("") && (h = client())) {
		ok_r(histfs_produce(h, "t", 0, m, 3, HISTFS_WRITTEN, NULL));
		if (ok_r(histfs_fetch(h, "t", 0, 0, 1 << 20, &got, &n, &next)) && ok(n == 3)) {
			eq(next, 3);
			eq(got[0].time_ms, 1000);
			ok(got[0].key_len == 1 && got[0].value_len == sizeof zero &&
			    memcmp(got[0].value, zero, sizeof zero) == 0);
			eq(got[1].time_ms, -5);
			ok(!got[1].key && got[1].value && got[1].value_len == 0 && got[1].n_headers == 3);
			ok(got[1].headers[0].value_len == 1 && !got[1].headers[1].value && got[1].headers[2].value);
			ok(got[2].key && got[2].key_len == 0 && !got[2].value);
			eq(got[2].offset, 2);
		}
		/* A limit below the first message still gives one. */
		ok_r(histfs_fetch(h, "t", 0, 1, 0, &got, &n, &next));
		eq(n, 1);
		eq(next, 2);
		ok_r(histfs_fetch(h, "t", 0, 3, 100, &got, &n, &next));
		eq(n, 0);
		histfs_close(h);
	}
	served_end(&served);
}

static void requests_may_be_sent_ahead_and_their_first_error_is_told_once(void)
{
	struct histfs_message m = text("x");
	struct histfs *h;

	if (begin("[topics]\ncreate = 0\n[topic.t]\n") && (h = client())) {
		for (int i = 0; i < 1000; i++)
			ok_r(histfs_produce_send(h, "t", 0, &m, 1, HISTFS_WRITTEN));
		ok_r(histfs_produce_send(h, "nosuch", 0, &m, 1, HISTFS_WRITTEN));
		for (int i = 0; i < 1000; i++)
			ok_r(histfs_produce_send(h, "t", 0, &m, 1, HISTFS_WRITTEN));
		eq(histfs_drain(h, 0), -ENOENT);
		ok(strstr(histfs_error(h), "nosuch"));
		eq(histfs_drain(h, 0), 0);
		eq(next_offset(h, "t"), 2000);
		histfs_close(h);
	}
	served_end(&served);
}

static void a_client_that_asks_for_no_answer_gets_none_and_its_messages_are_there(void)
{
	struct histfs *h, *other;

	if (begin("") && (h = client()) && (other = client())) {
		for (int i = 0; i < 100; i++)
			ok_r(produce(h, "t", "x", HISTFS_UNACKED, NULL));
		/* Answers come in order: behind this one nothing else is. */
		eq(next_offset(h, "t"), 100);
		/* An error without an answer is the end of the connection. */
		ok_r(produce(h, "../t", "x", HISTFS_UNACKED, NULL));
		ok(histfs_offsets(h, "t", 0, HISTFS_NOW, &(struct histfs_offsets){0}) < 0);
		eq(next_offset(other, "t"), 100);
		histfs_close(h);
		histfs_close(other);
	}
	served_end(&served);
}

static void names_that_are_no_names_of_topics_are_refused(void)
{
	static const char *const names[] = {"", ".", "..", "../x", "a/b", "/etc", "a\nb", "x.since", "\xff", "a b"};
	char name[300];
	struct histfs *h;
	struct stat st;

	if (begin("") && (h = client())) {
		for (size_t i = 0; i < N_ELEMENTS(names); i++)
			eq(produce(h, names[i], "x", HISTFS_WRITTEN, NULL), -EINVAL);
		memset(name, 'n', sizeof name);
		name[201] = '\0';
		eq(produce(h, name, "x", HISTFS_WRITTEN, NULL), -EINVAL);
		name[200] = '\0';
		ok_r(produce(h, name, "x", HISTFS_WRITTEN, NULL));
		eq(histfs_create(h, "../x", 1), -EINVAL);
		snprintf(name, sizeof name, "%s/topics/x", served.dir);
		ok(stat(name, &st) < 0);
		histfs_close(h);
	}
	served_end(&served);
}

static void topics_are_made_as_the_configuration_allows(void)
{
	struct histfs *h;

	if (begin("[topics]\npartitions = 3\nmax_topics = 3\nmax_partitions = 8\n[topic.two]\npartitions = 2\n") &&
	    (h = client())) {
		struct histfs_message m = text("x");

		ok_r(histfs_create(h, "first", 0));
		ok_r(histfs_produce(h, "two", 1, &m, 1, HISTFS_WRITTEN, NULL));
		eq(histfs_produce(h, "two", 2, &m, 1, HISTFS_WRITTEN, NULL), -ENOENT);
		ok_r(histfs_produce(h, "first", 2, &m, 1, HISTFS_WRITTEN, NULL));
		eq(histfs_create(h, "many", 4), -EMSGSIZE);
		ok_r(histfs_produce(h, "second", 0, &m, 1, HISTFS_WRITTEN, NULL));
		eq(histfs_produce(h, "third", 0, &m, 1, HISTFS_WRITTEN, NULL), -EMSGSIZE);
		eq(histfs_subscribe(h, "third", 0, 0), -ENOENT);
		histfs_close(h);
	}
	served_end(&served);
	if (begin("[topics]\ncreate = 0\n") && (h = client())) {
		eq(produce(h, "t", "x", HISTFS_WRITTEN, NULL), -ENOENT);
		eq(histfs_create(h, "t", 1), -EPERM);
		histfs_close(h);
	}
	served_end(&served);
}

static int add_name(const char *topic, uint32_t partitions, void *arg)
{
	char *names = arg;

	sprintf(names + strlen(names), "%s:%u ", topic, partitions);
	return 0;
}

static int count_name(const char *topic, uint32_t partitions, void *arg)
{
	static char before[300];
	unsigned *n = arg;

	(void)partitions;
	ok(*n == 0 || strcmp(before, topic) < 0);
	snprintf(before, sizeof before, "%s", topic);
	++*n;
	return 0;
}

static void topics_are_listed_in_order_of_name_over_many_answers(void)
{
	char names[300] = "", name[40];
	struct histfs *h;
	unsigned n = 0;

	if (begin("") && (h = client())) {
		ok_r(histfs_topics(h, add_name, names));
		str_eq(names, "");
		ok_r(histfs_create(h, "b", 1));
		ok_r(histfs_create(h, "c", 3));
		ok_r(histfs_create(h, "a", 2));
		ok_r(histfs_create(h, "b", 2));
		ok_r(histfs_create(h, "a", 0));
		ok_r(histfs_topics(h, add_name, names));
		str_eq(names, "a:2 b:2 c:3 ");
		for (unsigned i = 0; i < 700; i++) {
			snprintf(name, sizeof name, "t%u", i * 7919 % 700);
			ok_r(histfs_create(h, name, 1));
		}
		ok_r(histfs_topics(h, count_name, &n));
		eq(n, 703);
		histfs_close(h);
	}
	served_end(&served);
}

static void a_message_over_its_limit_is_refused_and_the_next_is_taken(void)
{
	static char big[100000];
	struct histfs_message m = {.value = big, .value_len = sizeof big};
	struct histfs *h;

	if (begin("[socket]\nmax_message = 64K\nmax_frame = 1M\n") && (h = client())) {
		eq(histfs_produce(h, "t", 0, &m, 1, HISTFS_WRITTEN, NULL), -EMSGSIZE);
		m.value_len = 64 << 10;
		ok_r(histfs_produce(h, "t", 0, &m, 1, HISTFS_WRITTEN, NULL));
		/* The library knows how much the server takes. */
		for (int i = 0; i < 2; i++) {
			struct histfs_message many[20];

			for (int k = 0; k < 20; k++)
				many[k] = m;
			eq(histfs_produce(h, "t", 0, many, 20, HISTFS_WRITTEN, NULL), -EMSGSIZE);
		}
		eq(next_offset(h, "t"), 1);
		histfs_close(h);
	}
	served_end(&served);
}

/* --- being told --- */

static void a_subscriber_is_told_at_once_and_of_what_comes(void)
{
	struct histfs_notice notice = {0};
	struct histfs *h, *reader;

	if (begin("") && (h = client()) && (reader = client())) {
		ok_r(produce(h, "t", "1", HISTFS_WRITTEN, NULL));
		ok_r(histfs_subscribe(reader, "t", 0, 0));
		eq(histfs_wait(reader, 20000, &notice), 1);
		str_eq(notice.topic, "t");
		eq(notice.next, 1);
		eq(histfs_wait(reader, 0, &notice), 0);
		ok_r(produce(h, "t", "2", HISTFS_SYNCED, NULL));
		eq(histfs_wait(reader, 20000, &notice), 1);
		eq(notice.next, 2);
		ok(notice.time_ms > 0);
		/* Nothing is told before there is something from that offset on. */
		ok_r(histfs_subscribe(h, "t", 0, 3));
		ok_r(produce(h, "t", "3", HISTFS_WRITTEN, NULL));
		eq(histfs_wait(h, 0, &notice), 0);
		ok_r(produce(h, "t", "4", HISTFS_WRITTEN, NULL));
		eq(histfs_wait(h, 20000, &notice), 1);
		eq(notice.next, 4);
		histfs_close(h);
		histfs_close(reader);
	}
	served_end(&served);
}

static void a_subscriber_that_does_not_read_costs_no_memory_and_is_told_the_newest(void)
{
	struct histfs_notice notice = {0};
	struct histfs *h, *reader;
	struct histfs_message m = text("x");

	if (begin("") && (h = client()) && (reader = client())) {
		ok_r(histfs_subscribe(reader, "t", 0, 0) == -ENOENT ? 0 : -1);
		ok_r(histfs_create(h, "t", 1));
		ok_r(histfs_subscribe(reader, "t", 0, 0));
		for (int i = 0; i < 20000; i++)
			ok_r(histfs_produce_send(h, "t", 0, &m, 1, HISTFS_WRITTEN));
		ok_r(histfs_drain(h, 0));
		while (notice.next < 20000 && histfs_wait(reader, 20000, &notice) == 1)
			;
		eq(notice.next, 20000);
		histfs_close(h);
		histfs_close(reader);
	}
	served_end(&served);
}

/* --- clients that lie --- */

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static ssize_t frame(uint8_t *p, uint8_t op, const void *body, size_t len)
{
	memset(p, 0, 12);
	put32(p, (uint32_t)len + 8);
	p[4] = op;
	put32(p + 8, 7);
	memcpy(p + 12, body, len);
	return (ssize_t)len + 12;
}

static unsigned told_id; /* of the first answer */

/* Sends these bytes, and reads until the server closes: the status of the first answer; 0: it closed without. */
static int told(const void *p, ssize_t len)
{
	uint8_t answer[512];
	size_t n = 0;
	ssize_t got;
	int fd = raw(), status;

	ok(send(fd, p, (size_t)len, MSG_NOSIGNAL) == len);
	shutdown(fd, SHUT_WR);
	while (n < sizeof answer && (got = recv(fd, answer + n, sizeof answer - n, 0)) > 0)
		n += (size_t)got;
	close(fd);
	if (n < 16)
		return 0;
	told_id = answer[8];
	status =
	    (int)(answer[12] | (uint32_t)answer[13] << 8 | (uint32_t)answer[14] << 16 | (uint32_t)answer[15] << 24);
	return status;
}

static void half_a_frame_is_not_done_and_what_stood_before_it_is(void)
{
	static const uint8_t body[] = {1, 't', 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 5, 0, 0, 0, 0, 2, 'x'};
	uint8_t two[200];
	ssize_t one;
	struct histfs *h;

	if (begin("") && (h = client())) {
		one = frame(two, 2, body, sizeof body);
		frame(two + one, 2, body, sizeof body);
		for (ssize_t len = one; len < 2 * one; len++)
			eq(told(two, len), 0);
		eq(next_offset(h, "t"), (uint64_t)one);
		eq(told(two, 2 * one), 0);
		eq(next_offset(h, "t"), (uint64_t)one + 2);
		histfs_close(h);
	}
	served_end(&served);
}

static void lies_are_answered_end_the_connection_and_leave_others_alone(void)
{
	static const uint8_t body[] = {1, 't', 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x80, 5, 0, 0, 0, 0, 2, 'x'};
	uint8_t f[200];
	struct histfs *h;
	ssize_t len;

	if (begin("") && (h = client())) {
		/* Lengths of frames. */
		len = frame(f, 2, body, sizeof body);
		put32(f, 7);
		eq(told(f, len), -EPROTO);
		put32(f, 0xffffffff);
		told_id = 0;
		ok(told(f, len) == -EPROTO && told_id == 7);
		/* Fields that are zero. */
		for (int i = 5; i < 8; i++) {
			frame(f, 2, body, sizeof body);
			f[i] = 1;
			eq(told(f, len), -EPROTO);
		}
		/* Operations. */
		for (int op = 0; op < 256; op++)
			if (op < 1 || op > 7)
				eq(told(f, frame(f, (uint8_t)op, body, sizeof body)), -EPROTO);
		/* Each byte of a body that is cut, and lengths in it. */
		for (size_t n = 0; n < sizeof body; n++)
			ok(told(f, frame(f, 2, body, n)) < 0);
		for (size_t i = 0; i < sizeof body; i++) {
			len = frame(f, 2, body, sizeof body);
			f[12 + i] = 0xff;
			told(f, len);
		}
		ok_r(produce(h, "good", "x", HISTFS_SYNCED, NULL));
		eq(next_offset(h, "good"), 1);
		histfs_close(h);
	}
	served_end(&served);
}

static void a_length_that_is_never_filled_takes_no_memory_from_others(void)
{
	enum { LIARS = 40 };
	static char big[300000];
	struct histfs_message m = {.value = big, .value_len = sizeof big};
	uint8_t f[12];
	struct histfs *h;
	int fds[LIARS];

	/* Together they claim more than there is. */
	if (begin("[socket]\nmax_memory = 64M\nmax_frame = 32M\n") && (h = client())) {
		for (int i = 0; i < LIARS; i++) {
			fds[i] = raw();
			frame(f, 2, "", 0);
			put32(f, i == 0 ? 32 << 20 : 31 << 20);
			ok(send(fds[i], f, sizeof f, MSG_NOSIGNAL) == sizeof f);
		}
		/* What is small needs nothing of it; what is large waits until they are gone. */
		ok_r(produce(h, "t", "small", HISTFS_WRITTEN, NULL));
		ok_r(histfs_produce_send(h, "t", 0, &m, 1, HISTFS_WRITTEN));
		for (int i = 0; i < LIARS; i++)
			close(fds[i]);
		ok_r(histfs_drain(h, 0));
		eq(next_offset(h, "t"), 2);
		histfs_close(h);
	}
	served_end(&served);
}

static void who_does_not_read_its_answers_is_not_read_from(void)
{
	uint8_t f[64];
	ssize_t len = frame(f, 7, "", 1), n;
	size_t sent = 0;
	struct histfs *h;
	char buf[4096];
	int fd;

	f[12] = 0;
	if (begin("") && (h = client())) {
		for (int i = 0; i < 300; i++) {
			snprintf(buf, sizeof buf, "topic-%d", i);
			ok_r(histfs_create(h, buf, 1));
		}
		fd = raw();
		/* Each answer is some kilobytes: the sockets' buffers are full long before all of it went out. */
		while (sent < (size_t)len * 100000 &&
		       (n = send(fd, f + sent % (size_t)len, (size_t)len - sent % (size_t)len,
		            MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
			sent += (size_t)n;
		/* Others are served. */
		ok_r(produce(h, "topic-0", "x", HISTFS_SYNCED, NULL));
		/* And it is as well, once it reads: as many answers as requests. */
		shutdown(fd, SHUT_WR);
		n = recv(fd, buf, 4, MSG_WAITALL);
		eq(n, 4);
		while (recv(fd, buf, sizeof buf, 0) > 0)
			;
		close(fd);
		histfs_close(h);
	}
	served_end(&served);
}

static void thousands_of_clients_are_served_though_few_may_come_at_once(void)
{
	enum { CLIENTS = 3000, AT_ONCE = 50 };
	struct histfs *h;
	int fds[AT_ONCE];

	if (begin("[socket]\nmax_clients = 20\n") && (h = client())) {
		/* Connected, but not all accepted. */
		for (int i = 0; i < AT_ONCE; i++)
			fds[i] = raw();
		ok_r(produce(h, "t", "x", HISTFS_WRITTEN, NULL));
		for (int i = 0; i < AT_ONCE; i++)
			close(fds[i]);
		for (int i = 0; i < CLIENTS; i++) {
			struct histfs *one = client();

			if (!one)
				break;
			ok_r(produce(one, "t", "x", HISTFS_WRITTEN, NULL));
			histfs_close(one);
		}
		eq(next_offset(h, "t"), CLIENTS + 1);
		histfs_close(h);
	}
	served_end(&served);
}

/* --- many producers --- */

struct producer {
	pthread_t thread;
	uint64_t offsets[200];
};

static void *produce_all(void *arg)
{
	struct producer *p = arg;
	struct histfs *h = client();

	for (size_t i = 0; h && i < N_ELEMENTS(p->offsets); i++)
		ok_r(produce(h, "t", "x", HISTFS_SYNCED, &p->offsets[i]));
	histfs_close(h);
	return NULL;
}

static void producers_share_syncs_and_each_message_has_an_offset_of_its_own(void)
{
	enum { PRODUCERS = 16 };
	static struct producer p[PRODUCERS];
	static bool seen[PRODUCERS * N_ELEMENTS(p[0].offsets)];
	struct ingest_stat st;
	size_t n = 0;

	if (begin("")) {
		for (int i = 0; i < PRODUCERS; i++)
			ok(pthread_create(&p[i].thread, NULL, produce_all, &p[i]) == 0);
		for (int i = 0; i < PRODUCERS; i++)
			pthread_join(p[i].thread, NULL);
		for (int i = 0; i < PRODUCERS; i++)
			for (size_t k = 0; k < N_ELEMENTS(p[i].offsets); k++)
				if (ok(p[i].offsets[k] < N_ELEMENTS(seen)) && ok(!seen[p[i].offsets[k]])) {
					seen[p[i].offsets[k]] = true;
					n++;
				}
		eq(n, N_ELEMENTS(seen));
		served_end(&served);
		ok(ingest_stat(&st) || st.store.n_syncs < N_ELEMENTS(seen));
		return;
	}
	served_end(&served);
}

/* --- the file --- */

static void a_socket_that_was_left_is_replaced_and_one_in_use_is_not(void)
{
	struct socket_file second;
	struct histfs *h;
	struct stat st;
	int left;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (!begin("[socket]\nmode = 0600\n"))
		return served_end(&served);
	ok(stat(served.socket, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
	eq(socket_open(&served.config->topics.socket, &second), -EADDRINUSE);
	eq(second.fd, -1);
	if ((h = client())) {
		ok_r(produce(h, "t", "x", HISTFS_WRITTEN, NULL));
		histfs_close(h);
	}
	served_end(&served);
	ok(stat(served.socket, &st) < 0);

	/* As a histd leaves it that was killed. */
	served.config = served_config(tap_tmpdir(), "");
	if (!ok(served.config))
		return;
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s", served.config->topics.socket.path);
	left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok(bind(left, (const struct sockaddr *)&addr, sizeof addr) == 0 && listen(left, 1) == 0);
	/* In use by something that knows nothing of locks. */
	eq(socket_open(&served.config->topics.socket, &second), -EADDRINUSE);
	close(left);
	ok_r(socket_open(&served.config->topics.socket, &second));
	ok(second.fd >= 0);
	close(second.fd);
	socket_close(&second);
	/* What is no socket is somebody's. */
	ok(mkdir(addr.sun_path, 0755) == 0);
	eq(socket_open(&served.config->topics.socket, &second), -EADDRINUSE);
	ok(stat(addr.sun_path, &st) == 0);
	served_end(&served);
}

static void a_new_configuration_holds_from_then_on(void)
{
	struct config *next;
	struct histfs *h;

	if (begin("[topics]\ncreate = 0\n") && (h = client())) {
		eq(produce(h, "t", "x", HISTFS_WRITTEN, NULL), -ENOENT);
		next = served_config(tap_tmpdir(), "[topic.t]\n");
		if (ok(next)) {
			server_configure(served.server, next);
			config_put(next);
			/* Taken over before what is asked afterwards. */
			while (produce(h, "t", "x", HISTFS_WRITTEN, NULL) == -ENOENT)
				;
			eq(next_offset(h, "t"), 1);
		}
		histfs_close(h);
	}
	served_end(&served);
}

int main(void)
{
	RUN(messages_get_the_offsets_that_follow_and_are_synced_if_asked);
	RUN(what_is_produced_is_fetched_as_it_was);
	RUN(requests_may_be_sent_ahead_and_their_first_error_is_told_once);
	RUN(a_client_that_asks_for_no_answer_gets_none_and_its_messages_are_there);
	RUN(names_that_are_no_names_of_topics_are_refused);
	RUN(topics_are_made_as_the_configuration_allows);
	RUN(topics_are_listed_in_order_of_name_over_many_answers);
	RUN(a_message_over_its_limit_is_refused_and_the_next_is_taken);
	RUN(a_subscriber_is_told_at_once_and_of_what_comes);
	RUN(a_subscriber_that_does_not_read_costs_no_memory_and_is_told_the_newest);
	RUN(half_a_frame_is_not_done_and_what_stood_before_it_is);
	RUN(lies_are_answered_end_the_connection_and_leave_others_alone);
	RUN(a_length_that_is_never_filled_takes_no_memory_from_others);
	RUN(who_does_not_read_its_answers_is_not_read_from);
	RUN(thousands_of_clients_are_served_though_few_may_come_at_once);
	RUN(producers_share_syncs_and_each_message_has_an_offset_of_its_own);
	RUN(a_socket_that_was_left_is_replaced_and_one_in_use_is_not);
	RUN(a_new_configuration_holds_from_then_on);
	return tap_done();
}
