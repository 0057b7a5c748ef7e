/* pg_versions.c -- what servers of each version are asked, and what a connection does when they misbehave
 *
 * libpq is a scripted one: the functions below stand in its place, and answer as a server of any version.
 */
#include "collector/pg_conn.h"
#include "collector/pg_query.h"
#include "tests/source_rig.h"
#include "tests/tap.h"

#include <libpq-fe.h>
#include <sys/eventfd.h>

/* --- the scripted libpq --- */

/* A result has one row; the field k holds the number k + 1, or what is given. */
struct pg_result {
	int n_rows;
	ExecStatusType status;
};

static struct {
	int version;
	int fd;            /* always ready */
	bool busy;         /* does not answer */
	bool refuses;      /* the question */
	bool breaks;       /* the connection, with the answer */
	bool rejects;      /* the connection */
	int n_connected;   /* connections that there are */
	int n_connections; /* that there were */
	int n_pending;     /* results not taken yet */
	char dbname[64], password[64];
	char asked[8192];
	struct pg_result result;
} server;

static char connection;

static PGconn *the_connection(void)
{
	return (PGconn *)(void *)&connection;
}

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand)
{
	ok(expand == 0);
	server.n_connections++;
	server.n_connected++;
	for (; *keywords; keywords++, values++) {
		if (strcmp(*keywords, "dbname") == 0)
			snprintf(server.dbname, sizeof server.dbname, "%s", *values);
		if (strcmp(*keywords, "password") == 0)
			snprintf(server.password, sizeof server.password, "%s", *values);
	}
	return the_connection();
}

PostgresPollingStatusType PQconnectPoll(PGconn *c)
{
	(void)c;
	return server.rejects ? PGRES_POLLING_FAILED : PGRES_POLLING_OK;
}

void PQfinish(PGconn *c)
{
	server.n_connected -= c != NULL;
}

ConnStatusType PQstatus(const PGconn *c)
{
	(void)c;
	return server.breaks && server.n_pending == 0 ? CONNECTION_BAD : CONNECTION_OK;
}

int PQsocket(const PGconn *c)
{
	(void)c;
	return server.fd;
}

int PQsetnonblocking(PGconn *c, int on)
{
	(void)c;
	return on ? 0 : -1;
}

int PQsendQuery(PGconn *c, const char *sql)
{
	(void)c;
	snprintf(server.asked, sizeof server.asked, "%s", sql);
	server.n_pending = 1;
	return 1;
}

int PQflush(PGconn *c)
{
	(void)c;
	return 0;
}

int PQconsumeInput(PGconn *c)
{
	(void)c;
	return 1;
}

int PQisBusy(PGconn *c)
{
	(void)c;
	return server.busy;
}

PGresult *PQgetResult(PGconn *c)
{
	(void)c;
	if (server.n_pending == 0)
		return NULL;
	server.n_pending--;
	server.result = (struct pg_result){1, server.refuses ? PGRES_FATAL_ERROR : PGRES_TUPLES_OK};
	return &server.result;
}

int PQserverVersion(const PGconn *c)
{
	(void)c;
	return server.version;
}

char *PQdb(const PGconn *c)
{
	(void)c;
	return server.dbname;
}

char *PQerrorMessage(const PGconn *c)
{
	static char text[] = "the server said no\nand more";

	(void)c;
	return text;
}

ExecStatusType PQresultStatus(const PGresult *r)
{
	return r ? r->status : PGRES_FATAL_ERROR;
}

char *PQresultErrorMessage(const PGresult *r)
{
	static char text[] = "ERROR:  permission denied\n";

	(void)r;
	return text;
}

int PQntuples(const PGresult *r)
{
	return r->n_rows;
}

int PQgetisnull(const PGresult *r, int row, int field)
{
	(void)r;
	return row != 0 || field < 0;
}

char *PQgetvalue(const PGresult *r, int row, int field)
{
	static char text[16];

	(void)r;
	(void)row;
	snprintf(text, sizeof text, "%d", field + 1);
	return text;
}

void PQclear(PGresult *r)
{
	(void)r;
}

/* --- what versions have --- */

/* The columns of each table's view, NAME or NAME@SINCE or NAME@SINCE-GONE, from the release notes and the documentation
 * of each version; of extensions by their versions. Expressions that all versions know are left out. */
static const struct {
	const char *table, *columns;
	uint32_t since;
} views[] = {
    {"pg_stat_activity",
        "pid backend_start datid datname usesysid usename application_name client_addr client_hostname client_port "
        "backend_type state wait_event_type wait_event xact_start query_start state_change backend_xid backend_xmin "
        "leader_pid@130000 query_id@140000 query",
        0},
    {"pg_stat_database",
        "datid datname numbackends xact_commit xact_rollback blks_read blks_hit tup_returned tup_fetched tup_inserted "
        "tup_updated tup_deleted conflicts temp_files temp_bytes deadlocks checksum_failures@120000 "
        "checksum_last_failure@120000 blk_read_time blk_write_time session_time@140000 active_time@140000 "
        "idle_in_transaction_time@140000 sessions@140000 sessions_abandoned@140000 sessions_fatal@140000 "
        "sessions_killed@140000 parallel_workers_to_launch@180000 parallel_workers_launched@180000 stats_reset",
        0},
    {"pg_stat_bgwriter",
        "b.checkpoints_timed@0-170000 b.checkpoints_req@0-170000 b.checkpoint_write_time@0-170000 "
        "b.checkpoint_sync_time@0-170000 b.buffers_checkpoint@0-170000 b.buffers_backend@0-170000 "
        "b.buffers_backend_fsync@0-170000 b.buffers_clean b.maxwritten_clean b.buffers_alloc b.stats_reset "
        "c.num_timed@170000 c.num_requested@170000 c.num_done@180000 c.restartpoints_timed@170000 "
        "c.restartpoints_req@170000 c.restartpoints_done@170000 c.write_time@170000 c.sync_time@170000 "
        "c.buffers_written@170000 c.slru_written@180000 c.stats_reset@170000",
        0},
    {"pg_stat_wal",
        "wal_records wal_fpi wal_bytes wal_buffers_full wal_write@0-180000 wal_sync@0-180000 "
        "wal_write_time@0-180000 wal_sync_time@0-180000 stats_reset",
        140000},
    {"pg_stat_io",
        "backend_type object context reads read_bytes@180000 read_time writes write_bytes@180000 write_time writebacks "
        "writeback_time extends extend_bytes@180000 extend_time op_bytes@0-180000 hits evictions reuses fsyncs "
        "fsync_time stats_reset",
        160000},
    {"pg_stat_slru", "name blks_zeroed blks_hit blks_read blks_written blks_exists flushes truncates stats_reset",
        130000},
    {"pg_stat_archiver",
        "archived_count last_archived_wal last_archived_time failed_count last_failed_wal last_failed_time stats_reset",
        0},
    {"pg_stat_user_tables",
        "d.oid d.datname s.relid s.schemaname s.relname s.seq_scan s.last_seq_scan@160000 s.seq_tup_read s.idx_scan "
        "s.last_idx_scan@160000 s.idx_tup_fetch s.n_tup_ins s.n_tup_upd s.n_tup_del s.n_tup_hot_upd "
        "s.n_tup_newpage_upd@160000 s.n_live_tup s.n_dead_tup s.n_mod_since_analyze s.n_ins_since_vacuum@130000 "
        "s.last_vacuum s.last_autovacuum s.last_analyze s.last_autoanalyze s.vacuum_count s.autovacuum_count "
        "s.analyze_count s.autoanalyze_count s.total_vacuum_time@180000 s.total_autovacuum_time@180000 "
        "s.total_analyze_time@180000 s.total_autoanalyze_time@180000 i.heap_blks_read i.heap_blks_hit i.idx_blks_read "
        "i.idx_blks_hit i.toast_blks_read i.toast_blks_hit i.tidx_blks_read i.tidx_blks_hit",
        0},
    {"pg_stat_user_indexes",
        "d.oid d.datname s.indexrelid s.relid s.schemaname s.relname s.indexrelname s.idx_scan s.last_idx_scan@160000 "
        "s.idx_tup_read s.idx_tup_fetch i.idx_blks_read i.idx_blks_hit",
        0},
    {"pg_stat_replication",
        "r.pid r.backend_start r.usename r.application_name r.client_addr r.client_hostname r.client_port "
        "r.backend_xmin r.state r.sync_state r.sync_priority r.sent_lsn r.write_lsn r.flush_lsn r.replay_lsn "
        "r.reply_time@120000",
        0},
    {"pg_replication_slots",
        "s.slot_name s.slot_type s.plugin s.database s.temporary s.active s.active_pid s.xmin s.catalog_xmin "
        "s.restart_lsn s.confirmed_flush_lsn s.wal_status@130000 s.safe_wal_size@130000 s.two_phase@140000 "
        "s.conflicting@160000 s.failover@170000 s.synced@170000 s.invalidation_reason@170000 s.inactive_since@170000",
        0},
    {"pg_stat_wal_receiver",
        "pid status receive_start_lsn received_lsn@0-130000 written_lsn@130000 flushed_lsn@130000 received_tli "
        "last_msg_send_time last_msg_receipt_time latest_end_lsn latest_end_time slot_name sender_host@110000 "
        "sender_port@110000",
        0},
    {"pg_stat_statements",
        "userid dbid queryid calls rows total_time@0-108 min_time@0-108 max_time@0-108 stddev_time@0-108 plans@108 "
        "total_plan_time@108 min_plan_time@108 max_plan_time@108 stddev_plan_time@108 total_exec_time@108 "
        "min_exec_time@108 max_exec_time@108 stddev_exec_time@108 shared_blks_hit shared_blks_read shared_blks_dirtied "
        "shared_blks_written local_blks_hit local_blks_read local_blks_dirtied local_blks_written temp_blks_read "
        "temp_blks_written blk_read_time@0-111 blk_write_time@0-111 shared_blk_read_time@111 shared_blk_write_time@111 "
        "local_blk_read_time@111 local_blk_write_time@111 temp_blk_read_time@110 temp_blk_write_time@110 "
        "wal_records@108 wal_fpi@108 wal_bytes@108 wal_buffers_full@112 jit_functions@110 jit_generation_time@110 "
        "jit_inlining_count@110 jit_inlining_time@110 jit_optimization_count@110 jit_optimization_time@110 "
        "jit_emission_count@110 jit_emission_time@110 jit_deform_count@111 jit_deform_time@111 "
        "parallel_workers_to_launch@112 parallel_workers_launched@112 stats_since@111 minmax_stats_since@111",
        0},
    {"pg_stat_statements_info", "dealloc stats_reset", 109},
};

static const uint32_t versions[] = {100023, 110022, 120022, 130021, 140018, 150013, 160009, 170005, 180001};
static const uint32_t extension_versions[] = {104, 105, 106, 107, 108, 109, 110, 111, 112};

/* Takes the next word of a list, with the versions that have it. */
static bool next_column(const char **list, char *ret_name, size_t size, uint32_t *ret_since, uint32_t *ret_gone)
{
	uint64_t since = 0, gone = UINT32_MAX;
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " @");
	if (len == 0)
		return false;
	snprintf(ret_name, size, "%.*s", (int)len, *list);
	*list += len;
	if (**list == '@') {
		(*list)++;
		ok(parse_u64(list, &since));
		if (**list == '-') {
			(*list)++;
			ok(parse_u64(list, &gone));
		}
	}
	*ret_since = (uint32_t)since;
	*ret_gone = (uint32_t)gone;
	return true;
}

/* Whether the question asks for a column, as such or as a time, or as a position. */
static bool asks_for(const char *sql, const char *column)
{
	const char *end = strstr(sql, " FROM pg_stat"), *p = sql;
	size_t len = strlen(column);

	if (!end)
		end = strstr(sql, " FROM x.");
	if (!end)
		end = sql + strlen(sql);
	while ((p = strstr(p, column)) && p < end) {
		char before = p[-1], after = p[len];

		if ((before == ' ' || before == '(') && (after == ',' || after == ' ' || after == ')'))
			return true;
		p += len;
	}
	return false;
}

static void check_view(size_t i, uint32_t version)
{
	const struct source_desc *desc = source_rig_find(views[i].table);
	_cleanup_(buf_done) struct buf sql = {0};
	const char *list = views[i].columns;
	uint32_t since, gone;
	char name[64];
	int r;

	if (!ok(desc && desc->postgres))
		return;
	r = pg_query_write(desc->postgres, version, desc->postgres->extension ? "x" : NULL, &sql);
	if (version < views[i].since) {
		eq(r, -ENOENT);
		return;
	}
	if (!ok_r(r))
		return;
	while (next_column(&list, name, sizeof name, &since, &gone)) {
		bool has = version >= since && version < gone;

		if (asks_for((const char *)sql.p, name) != has) {
			str_eq(name, has ? "asked for" : "not asked for");
			str_eq((const char *)sql.p, "");
		}
	}
}

static void each_version_is_asked_for_what_it_has(void)
{
	for (size_t i = 0; i < N_ELEMENTS(views); i++) {
		bool extension = strncmp(views[i].table, "pg_stat_statements", 18) == 0;

		for (size_t k = 0; k < N_ELEMENTS(versions); k++)
			check_view(i, extension ? extension_versions[k] : versions[k]);
	}
}

static void progress_is_asked_of_the_views_that_are_there(void)
{
	static const struct {
		const char *view;
		uint32_t since;
	} kinds[] = {{"pg_stat_progress_vacuum", 0}, {"pg_stat_progress_create_index", 120000},
	    {"pg_stat_progress_cluster", 120000}, {"pg_stat_progress_analyze", 130000},
	    {"pg_stat_progress_basebackup", 130000}, {"pg_stat_progress_copy", 140000}, {"num_dead_item_ids", 170000}};
	const struct source_desc *desc = source_rig_find("pg_stat_progress");

	for (size_t k = 0; k < N_ELEMENTS(versions); k++) {
		_cleanup_(buf_done) struct buf sql = {0};

		if (!ok(desc) || !ok_r(pg_query_write(desc->postgres, versions[k], NULL, &sql)))
			return;
		for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
			ok((strstr((const char *)sql.p, kinds[i].view) != NULL) == (versions[k] >= kinds[i].since));
	}
}

/* --- rows --- */

static int open_nothing(const struct source_env *env, void **ret_state)
{
	(void)env;
	(void)ret_state;
	return 0;
}

static void what_a_version_does_not_have_is_null(void)
{
	struct source_desc desc = *source_rig_find("pg_stat_wal");
	struct pg_result one = {1, PGRES_TUPLES_OK};
	struct source_rig g;

	desc.open = open_nothing;
	if (ok_r(source_rig_up(&g, &desc, "/"))) {
		struct table *t = g.t;

		ok_r(pg_query_read(desc.postgres, 180000, "s", NULL, 100, &one, t));
		ok_r(pg_query_read(desc.postgres, 150000, "s", NULL, 100, &one, t));
		eq(t->n_rows, 2);
		/* The fifth that is asked for is stats_reset to the one, wal_write to the other. */
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "stats_reset_s"), 0), 5000);
		ok(table_is_null(t, (uint32_t)table_schema_find(t->schema, "wal_write"), 0));
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "wal_write"), 1), 5);
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "wal_write_time_us"), 1), 7000);
		eq(table_get(t, (uint32_t)table_schema_find(t->schema, "stats_reset_s"), 1), 9000);
	}
	source_rig_down(&g);
}

static void versions_of_extensions_are_numbers(void)
{
	eq(pg_query_extension_version("1.10"), 110);
	eq(pg_query_extension_version("1.6"), 106);
	eq(pg_query_extension_version("2.0"), 200);
	eq(pg_query_extension_version("1"), 0);
	eq(pg_query_extension_version("1.x"), 0);
	eq(pg_query_extension_version("unpackaged"), 0);
}

/* --- the connection --- */

static struct pg_conn *begin(const char *conninfo, const char *dbname)
{
	static int quit_fd = -1;
	struct pg_conn *c = NULL;

	memset(&server, 0, sizeof server);
	server.version = 150004;
	server.fd = eventfd(1, EFD_CLOEXEC);
	if (quit_fd < 0)
		quit_fd = eventfd(0, EFD_CLOEXEC);
	ok_r(pg_conn_new(conninfo, dbname, quit_fd, &c));
	return c;
}

static void end(struct pg_conn *c)
{
	pg_conn_free(c);
	eq(server.n_connected, 0);
	close(server.fd);
}

static void passwords_and_names_with_quotes_and_blanks_arrive_as_they_are(void)
{
	struct pg_conn *c = begin("host=/tmp dbname=postgres password='a b\\'c\\\\d'", "it's \"so\" = x");

	ok_r(pg_conn_open(c));
	str_eq(server.password, "a b'c\\d");
	str_eq(server.dbname, "it's \"so\" = x");
	str_eq(server.asked, "SET jit = off");
	end(c);
	c = begin("", NULL);
	server.version = 100023;
	ok_r(pg_conn_open(c));
	ok(strstr(server.asked, "statement_timeout = 2000"));
	ok(strstr(server.asked, "default_transaction_read_only = on"));
	end(c);
}

static void a_server_that_hangs_is_not_connected_to_again(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.busy = true;
	close(server.fd);
	server.fd = eventfd(0, EFD_CLOEXEC); /* nothing comes */
	eq(pg_conn_query(c, "SELECT 1", &answer), -ETIMEDOUT);
	ok(pg_conn_waits(c));
	for (int i = 0; i < 10; i++) {
		eq(pg_conn_open(c), -ETIMEDOUT);
		eq(pg_conn_query(c, "SELECT 2", &answer), -ETIMEDOUT);
	}
	eq(server.n_connections, 1);
	str_eq(server.asked, "SELECT 1");
	str_eq(pg_conn_error(c), "no answer");
	/* The answer comes, and is not taken for that of another question. */
	server.busy = false;
	ok_r(pg_conn_open(c));
	eq(pg_conn_query(c, "SELECT 3", &answer), 0);
	str_eq(server.asked, "SELECT 3");
	eq(server.n_connections, 1);
	end(c);
}

static void a_refused_question_is_not_a_lost_connection(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	server.refuses = true;
	eq(pg_conn_query(c, "SELECT 1", &answer), -EREMOTEIO);
	str_eq(pg_conn_error(c), "ERROR:  permission denied");
	server.refuses = false;
	eq(pg_conn_query(c, "SELECT 2", &answer), 0);
	eq(server.n_connections, 1);
	end(c);
}

static void a_server_that_dies_in_the_middle_is_connected_to_anew_as_what_it_is_then(void)
{
	_cleanup_(cleanup_pg_result) struct pg_result *answer = NULL;
	struct pg_conn *c = begin("", NULL);

	ok_r(pg_conn_open(c));
	eq(pg_conn_version(c), 150004);
	server.breaks = true;
	eq(pg_conn_query(c, "SELECT 1", &answer), -ENOTCONN);
	eq(server.n_connected, 0);
	str_eq(pg_conn_error(c), "the server said no");
	eq(pg_conn_query(c, "SELECT 1", &answer), -ENOTCONN);
	server.breaks = false;
	server.rejects = true;
	eq(pg_conn_open(c), -ENOTCONN);
	eq(server.n_connected, 0);
	server.rejects = false;
	server.version = 170001;
	ok_r(pg_conn_open(c));
	eq(pg_conn_version(c), 170001);
	eq(pg_conn_query(c, "SELECT 1", &answer), 0);
	end(c);
}

int main(void)
{
	RUN(each_version_is_asked_for_what_it_has);
	RUN(progress_is_asked_of_the_views_that_are_there);
	RUN(what_a_version_does_not_have_is_null);
	RUN(versions_of_extensions_are_numbers);
	RUN(passwords_and_names_with_quotes_and_blanks_arrive_as_they_are);
	RUN(a_server_that_hangs_is_not_connected_to_again);
	RUN(a_refused_question_is_not_a_lost_connection);
	RUN(a_server_that_dies_in_the_middle_is_connected_to_anew_as_what_it_is_then);
	return tap_done();
}
