/* pg_locks.c -- the lock tree as a person reads it, out of made snapshots; hostile ones among them */
#include "tests/unit/made.h"

#include "store/text.h"
#include "view/lock_tree.h"
#include "view/node.h"
#include "view/tree.h"

#include <unistd.h>

#define SERVERS "*$server $version #now_s"
#define ACTIVITY                                                                                                       \
	"*$server *pid *#backend_start_s $datname $usename $application_name $client_addr $state $wait_event_type "    \
	"$wait_event #xact_start_s #query_start_s #state_change_s $query"
#define LOCKS                                                                                                          \
	"*$server *pid depth root_pid waits_for_pid $also_waits_for granted $locktype $mode datid relid $relation "    \
	"$object #xact_start_s #query_start_s #wait_start_s"
#define NOW "1795143600000" /* in ms */
#define HEAD ", PostgreSQL 15.4, 2026-11-20T03:00:00.000Z by its clock: "
#define TITLES "  PID                   WAITED    XACT     FOR  STATE                LOCK\n"

/* What the file shows at the second snapshot. */
static char *show(const struct made *made, uint32_t n)
{
	_cleanup_(cleanup_store) struct store *s = NULL;
	_cleanup_(cleanup_tree) struct tree *t = NULL;
	struct tree_attr a;
	struct span text;
	int r;

	if (!ok_r(store_open(record(made, n), NULL, &s)) || !ok_r(tree_new(s, &t)))
		exit(1);
	r = tree_walk(t, "/hour/2026-11-20T03/snapshot-0001/pg_locks", &a);
	if (r == -ENOENT)
		return strdup("absent");
	if (!ok_r(r) || !ok_r(tree_read(t, a.ino, 0, SIZE_MAX, &text)))
		exit(1);
	eq(a.size, span_left(&text));
	return strndup((const char *)text.p, span_left(&text));
}

static bool shows(const struct made *made, uint32_t n, const char *want)
{
	_cleanup_(cleanup_free) char *text = show(made, n);

	if (strcmp(text, want) == 0)
		return true;
	printf("# shown:\n");
	for (char *save = NULL, *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		printf("# %s|\n", p);
	return false;
}

static void without_the_table_there_is_no_file(void)
{
	static const struct made none[] = {{99, "other", "a", {"1", "1"}}};
	static const struct made gone[] = {{68, "pg_lock_tree", LOCKS, {"", NULL}}};

	ok(shows(none, 1, "absent"));
	ok(shows(gone, 1, "absent"));
}

static void where_no_server_answers_it_says_since_when_and_why(void)
{
	static const struct made down[] = {
	    {68, "pg_lock_tree", LOCKS, {"", NULL}},
	    {88, "pg_server_down", "*$server #answered_s $reason",
	        {"", "main 1795143475000 connection~\033~refused\nother - no~such~file"}},
	};
	static const struct made well[] = {
	    {68, "pg_lock_tree", LOCKS, {"", NULL}},
	    {88, "pg_server_down", "*$server #answered_s $reason", {NULL, ""}},
	};

	ok(shows(down, 2,
	    "main has not answered since 2026-11-20T02:57:55.000Z: connection \\x1b refused\n"
	    "other has not answered yet: no such file\n"));
	/* Also in an hour in which none did. */
	ok(shows(&down[1], 1,
	    "main has not answered since 2026-11-20T02:57:55.000Z: connection \\x1b refused\n"
	    "other has not answered yet: no such file\n"));
	ok(shows(well, 2, "absent"));
}

static void where_nobody_waits_it_says_so(void)
{
	static const struct made made[] = {
	    {64, "pg_server", SERVERS, {"main 15.4~(Debian) " NOW, "main 15.4~(Debian) " NOW}},
	    {68, "pg_lock_tree", LOCKS, {"", ""}},
	};

	ok(shows(made, 2, "main" HEAD "nobody waits for a lock\n"));
	ok(shows(&made[1], 1, "nobody waits for a lock\n"));
}

static void a_pile_up_is_a_tree_below_its_root_longest_wait_first(void)
{
	static const struct made made[] = {
	    {64, "pg_server", SERVERS, {NULL, "main 15.4 " NOW}},
	    {65, "pg_stat_activity", ACTIVITY,
	        {NULL, "main 10 5 shop app psql 10.0.0.5 idle~in~transaction Client ClientRead 1795143475000 "
	               "1795143475000 1795143480000 update~t\t~~set~a=1\n"
	               "main 11 5 shop app web - active Lock tuple 1795143590000 1795143590000 1795143590000 select~1\n"
	               "main 12 5 shop app web - active Lock tuple 1795143595000 1795143595000 1795143595000 select~2\n"
	               "other 13 5 shop app web 9.9.9.9 active - - 1795143600500 - 0 select~3\n"
	               "main 14 5 shop app web - active IO DataFileRead 1795143599500 1795143599500 1795143599500 "
	               "select~4"}},
	    {68, "pg_lock_tree", LOCKS,
	        {NULL,
	            "main 10 0 10 - - 1 transactionid ExclusiveLock - - - 745 1795143475000 1795143475000 -\n"
	            "main 11 2 10 12 - 0 tuple ExclusiveLock 16384 16400 public.t 0/1 1795143590000 1795143590000 "
	            "1795143591000\n"
	            "main 12 1 10 10 14 0 transactionid ShareLock - - - 745 1795143595000 1795143595000 "
	            "1795143595000\n"
	            "main 13 1 10 10 - 0 relation AccessShareLock 0 1262 pg_database - 1795143600500 - 1795143594000\n"
	            "main 14 0 14 - - 1 relation RowShareLock 16384 16401 - - 1795143599500 1795143599500 -"}},
	};

	ok(shows(made, 3,
	    "main" HEAD "3 waiting for locks, 2 whom they wait for\n" TITLES
	    "  10                         -   2m05s   2m00s  idle in transaction  holds ExclusiveLock on "
	    "transactionid 745, blocks 3\n"
	    "                      app@shop psql 10.0.0.5 Client/ClientRead: update t set a=1\n"
	    "    13                    6.0s     0ms       -  -                    AccessShareLock on pg_database, "
	    "behind 10\n"
	    "                      -\n"
	    "    12                    5.0s    5.0s    5.0s  active               ShareLock on transactionid 745, "
	    "behind 10,14\n"
	    "                      app@shop web: select 2\n"
	    "      11                  9.0s     10s     10s  active               ExclusiveLock on tuple 0/1 of "
	    "shop.public.t, behind 12\n"
	    "                      app@shop web: select 1\n"
	    "  14                         -   500ms   500ms  active               holds RowShareLock on shop.16401, "
	    "blocks 0\n"
	    "                      app@shop web IO/DataFileRead: select 4\n"));
}

static void what_was_said_of_another_statement_is_not_told(void)
{
	static const struct made made[] = {
	    {64, "pg_server", SERVERS, {NULL, "main 15.4 " NOW}},
	    {65, "pg_stat_activity", ACTIVITY,
	        {NULL, "main 1 5 shop app web - idle - - - 1795143595000 1795143595000 select~1\n"
	               "main 2 5 shop app web 1.2.3.4 active Client ClientRead 1795143590000 1795143590000 "
	               "1795143590000 select~2\n"
	               "main 3 5 shop app web - active - - - - - select~3"}},
	    {68, "pg_lock_tree", LOCKS,
	        {NULL, "main 1 0 1 - - 1 relation ExclusiveLock 5 9 public.t - 1795143595000 1795143595000 -\n"
	               "main 2 1 1 1 - 0 relation ExclusiveLock 5 9 public.t - 1795143590000 1795143591000 -\n"
	               "main 3 1 1 1 - 0 relation ExclusiveLock 5 9 public.t - - - -"}},
	};

	ok(shows(made, 3,
	    "main" HEAD "2 waiting for locks, 1 whom they wait for\n" TITLES
	    "  1                          -    5.0s       -  -                    holds ExclusiveLock on "
	    "shop.public.t, blocks 2\n"
	    "                      app@shop web: -\n"
	    "    2                        -     10s       -  -                    ExclusiveLock on shop.public.t, "
	    "behind 1\n"
	    "                      app@shop web 1.2.3.4: -\n"
	    "    3                        -       -       -  active               ExclusiveLock on shop.public.t, "
	    "behind 1\n"
	    "                      app@shop web: select 3\n"));
}

static void its_own_statement_is_told_whatever_was_said_before(void)
{
	static const struct made made[] = {
	    {64, "pg_server", SERVERS, {NULL, "main 15.4 " NOW}},
	    {65, "pg_stat_activity", ACTIVITY,
	        {NULL, "main 1 5 shop app web - idle - - - 1795143595000 1795143595000 select~1\n"
	               "main 2 5 shop app web - active Client ClientRead 1795143590000 1795143590000 1795143590000 "
	               "select~2"}},
	    {68, "pg_lock_tree", LOCKS " $state #state_change_s $query",
	        {NULL, "main 1 0 1 - - 1 relation ExclusiveLock 5 9 public.t - 1795143595000 1795143599000 - "
	               "idle~in~transaction 1795143599500 lock~t\n"
	               "main 2 1 1 1 - 0 relation ExclusiveLock 5 9 public.t - 1795143590000 1795143590000 - active "
	               "1795143590000 select~2\n"
	               "main 3 1 1 1 - 0 relation ExclusiveLock 5 9 public.t - - - - - - select~3"}},
	};

	ok(shows(made, 3,
	    "main" HEAD "2 waiting for locks, 1 whom they wait for\n" TITLES
	    "  1                          -    5.0s   500ms  idle in transaction  holds ExclusiveLock on "
	    "shop.public.t, blocks 2\n"
	    "                      app@shop web: lock t\n"
	    "    2                        -     10s     10s  active               ExclusiveLock on shop.public.t, "
	    "behind 1\n"
	    "                      app@shop web Client/ClientRead: select 2\n"
	    "    3                        -       -       -  -                    ExclusiveLock on public.t, "
	    "behind 1\n"
	    "                      -: select 3\n"));
}

static void without_a_root_that_is_known_they_come_last(void)
{
	static const struct made made[] = {
	    {68, "pg_lock_tree", LOCKS,
	        {NULL, "main 1 - - - 2 0 transactionid ShareLock - - - 7 - - -\n"
	               "main 2 - - - 1 0 transactionid ShareLock - - - 8 - - -\n"
	               "main 3 - - - 0 0 transactionid ShareLock - - - 9 - - -\n"
	               "main 4 0 4 - - 1 advisory ExclusiveLock 5 - - 0/1/1 - - -"}},
	};

	ok(shows(made, 1,
	    "main: 3 waiting for locks, 1 whom they wait for\n" TITLES
	    "  4                          -       -       -  -                    holds ExclusiveLock on "
	    "advisory 0/1/1, blocks 0\n"
	    "                      -\n"
	    "  1                          -       -       -  -                    ShareLock on transactionid 7, "
	    "behind 2\n"
	    "                      -\n"
	    "  2                          -       -       -  -                    ShareLock on transactionid 8, "
	    "behind 1\n"
	    "                      -\n"
	    "  3                          -       -       -  -                    ShareLock on transactionid 9, "
	    "behind a prepared transaction\n"
	    "                      -\n"));
}

static void each_server_has_its_part_and_what_was_not_asked_is_no_peace(void)
{
	static const struct made made[] = {
	    {16, "sources", "*$table $state $note",
	        {NULL, "load ok -\npg_lock_tree ok a:~lock~timeout;~c:~no~such~file"}},
	    {64, "pg_server", SERVERS, {NULL, "a 15.4 " NOW "\nb 15.4 " NOW}},
	    {68, "pg_lock_tree", LOCKS,
	        {NULL, "b 1 0 1 - - 1 relation ExclusiveLock 5 9 public.t - - - -\n"
	               "b 2 1 1 1 - 0 relation ExclusiveLock 5 9 public.t - - - -"}},
	};

	ok(shows(made, 3,
	    "a" HEAD "not known who waits for locks\n\n"
	    "b" HEAD "1 waiting for locks, 1 whom they wait for\n" TITLES
	    "  1                          -       -       -  -                    holds ExclusiveLock on public.t, "
	    "blocks 1\n"
	    "                      -\n"
	    "    2                        -       -       -  -                    ExclusiveLock on public.t, "
	    "behind 1\n"
	    "                      -\n"
	    "not all could be asked: a: lock timeout; c: no such file\n"));
}

static void a_terminal_is_sent_no_controls_and_no_line_is_long(void)
{
	static const struct made made[] = {
	    {65, "pg_stat_activity", ACTIVITY,
	        {NULL, "m\033[2J 1 5 d\033 u\033 a\033 c\033 act\033ive w\033 w\233 - - - "
	               "q\033xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}},
	    {68, "pg_lock_tree", LOCKS,
	        {NULL, "m\033[2J 1 0 1 - - 1 relation\033 Exclusive\233Lock 5 9 pub\033.t - - - -"}},
	};
	_cleanup_(cleanup_free) char *text = show(made, N_ELEMENTS(made));

	ok(strstr(text, "u\\x1b@d\\x1b a\\x1b c\\x1b w\\x1b/w\\x9b: q\\x1bxxx"));
	ok(!strpbrk(text, "\033\233"));
	for (char *save = NULL, *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		ok(strlen(p) <= 140);
}

/* --- the tree itself --- */

static struct table *locks(struct strpool *pool, const char *rows)
{
	_cleanup_(cleanup_table_schema) struct table_schema *s = NULL;
	struct table *t;

	if (!ok_r(table_schema_new(68, "pg_lock_tree", &s)))
		exit(1);
	add_columns(s, "*$server *pid depth root_pid waits_for_pid #wait_start_s");
	if (!ok_r(table_new(s, pool, &t)))
		exit(1);
	fill(t, rows);
	return t;
}

static void circles_and_lies_end(void)
{
	static const struct {
		const char *rows, *order;
	} cases[] = {
	    {"", ""},
	    {"m 1 1 1 1 -", "1"},                                            /* below itself */
	    {"m 1 1 1 2 -\nm 2 1 1 1 -", "1 2"},                             /* below each other, */
	    {"m 1 1 1 2 -\nm 2 2 1 1 -", "1 2"},                             /* and deeper */
	    {"m 1 0 1 - -\nm 2 2 1 1 -\nm 3 - 1 1 -", "1 2 3"},              /* a level is missing */
	    {"m 1 0 1 - -\nm 1 0 1 - -\nm 2 1 1 1 -", "1 2 1"},              /* twice the same */
	    {"m 1 18446744073709551615 1 - -\nm 0 0 0 - -", "0 1"},          /* no such depth */
	    {"m 3 0 3 - -\nm 1 0 1 - -\nm 2 1 3 3 -\nx 9 0 9 - -", "3 2 1"}, /* of another server */
	    {"m 1 0 1 - -\nm 2 1 1 1 500\nm 3 1 1 1 400\nm 4 1 1 1 -\nm 5 2 1 3 1", "1 3 5 2 4"},
	};

	for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
		_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
		_cleanup_(cleanup_table) struct table *t = NULL;
		struct lock_tree l;
		char order[128] = "";

		if (!ok_r(strpool_new(&pool)))
			exit(1);
		t = locks(pool, cases[i].rows);
		ok_r(lock_tree_build(t, (struct str){"m", 1, 0}, &l));
		for (uint32_t k = 0; k < l.n; k++)
			sprintf(order + strlen(order), "%s%" PRIu64, k ? " " : "", l.sessions[k].pid);
		if (!ok(strcmp(order, cases[i].order) == 0))
			printf("# %zu: \"%s\", not \"%s\"\n", i, order, cases[i].order);
		lock_tree_done(&l);
	}
}

static void a_chain_as_long_as_a_table_is_walked(void)
{
	enum { N = 100000 };
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	struct lock_tree l;
	bool all = true;

	if (!ok_r(strpool_new(&pool)))
		exit(1);
	t = locks(pool, "");
	for (uint32_t i = 0; i < N; i++) {
		uint32_t row;

		ok_r(table_add_row(t, &row));
		ok_r(table_set_str(t, row, 0, "m", 1));
		table_set(t, row, 1, i + 1);
		table_set(t, row, 2, i);
		table_set(t, row, 3, 1);
		table_set(t, row, 4, i);
	}
	ok_r(lock_tree_build(t, (struct str){"m", 1, 0}, &l));
	for (uint32_t i = 0; i < l.n; i++)
		all = all && l.sessions[i].pid == i + 1;
	ok(l.n == N && all);
	eq(l.sessions[0].behind, N - 1);
	lock_tree_done(&l);
}

int main(void)
{
	RUN(without_the_table_there_is_no_file);
	RUN(where_no_server_answers_it_says_since_when_and_why);
	RUN(where_nobody_waits_it_says_so);
	RUN(a_pile_up_is_a_tree_below_its_root_longest_wait_first);
	RUN(what_was_said_of_another_statement_is_not_told);
	RUN(its_own_statement_is_told_whatever_was_said_before);
	RUN(without_a_root_that_is_known_they_come_last);
	RUN(each_server_has_its_part_and_what_was_not_asked_is_no_peace);
	RUN(a_terminal_is_sent_no_controls_and_no_line_is_long);
	RUN(circles_and_lies_end);
	RUN(a_chain_as_long_as_a_table_is_walked);
	return tap_done();
}
