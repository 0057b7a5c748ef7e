/* processes.c -- fuzz target: the files of a process into a row
 *
 * An input is a byte that chooses the file (stat, status, io, schedstat, cgroup) and its text. Beside not crashing: a
 * stat that is taken has its number, its name and a start; no other file touches those; and what is set can be
 * rendered.
 */
#include "collector/pidparse.h"
#include "store/text.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The table processes, with one row of NULLs. */
static struct table *make_table(struct strpool *pool)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	const struct source_desc *desc;
	struct table *t = NULL;
	uint32_t row;
	size_t n;

	desc = source_all(&n)[0];
	must(n > 0 && desc->n_columns == N_PROCESS_COLUMNS);
	must(table_schema_new(desc->id, desc->name, &schema) == 0);
	for (uint32_t i = 0; i < desc->n_columns; i++)
		must(table_schema_add(schema, &desc->columns[i]) == 0);
	must(table_new(schema, pool, &t) == 0 && table_add_row(t, &row) == 0);
	return t;
}

static void check_stat(struct table *t, const char *text, size_t len)
{
	static const struct source_env env = {.ticks_per_s = 100, .page_size = 4096};
	struct pidstat st;
	struct str comm;

	if (pidparse_stat(&env, t, 0, text, len, &st) < 0)
		return;
	must(!table_is_null(t, PID, 0) && !table_is_null(t, START, 0) && !table_is_null(t, STATE, 0));
	comm = table_str(t, COMM, 0);
	must(comm.len < len && (comm.len == 0 || memmem(text, len, comm.p, comm.len)));
	must(table_is_null(t, UID, 0) && table_is_null(t, RCHAR, 0) && table_is_null(t, RUN, 0));
}

static void check_cgroup(const char *text)
{
	const char *path;
	size_t len;

	if (pidparse_cgroup(text, &path, &len))
		must(path > text && *path == '/' && path[len] == '\n' && path + len < text + strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	_cleanup_(cleanup_free) char *text = malloc(len + 1);
	struct buf out = {0};

	if (len == 0)
		return 0;
	must(text && strpool_new(&pool) == 0);
	t = make_table(pool);
	memcpy(text, data + 1, --len);
	text[len] = '\0';
	switch (data[0] % 5) {
	case 0:
		check_stat(t, text, len);
		break;
	case 1:
		pidparse_status(t, 0, text, len);
		break;
	case 2:
		pidparse_io(t, 0, text, len);
		break;
	case 3:
		pidparse_schedstat(t, 0, text);
		break;
	default:
		check_cgroup(text);
	}
	must(data[0] % 5 == 0 || (table_is_null(t, PID, 0) && table_is_null(t, START, 0) && table_is_null(t, COMM, 0)));
	text_put_table(&out, t);
	must(out.err == 0 && out.len == text_table_len(t));
	buf_done(&out);
	return 0;
}
