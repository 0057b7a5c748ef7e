/* rowkey.c -- names of rows */
#include "store/rowkey.h"
#include "tests/unit/machine.h"

static const struct column columns[] = {
    {"name", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    {"count", "", COL_U64, KIND_COUNTER, 0, 0},
    {"place", "", COL_I64, KIND_LABEL, COL_KEY, 0},
};

static void keys_have_names_that_are_legal_and_their_own(void)
{
	static const struct {
		const char *name;
		int64_t place;
		const char *row;
	} cases[] = {
	    {"plain", 1, "plain,1"},
	    {"", 0, ",0"},
	    {".hidden", -1, "%2Ehidden,-1"},
	    {"..", 1, "%2E.,1"},
	    {"a/b", 0, "a%2Fb,0"},
	    {"a,b", 0, "a%2Cb,0"},
	    {"50%", 0, "50%25,0"},
	    {"tab\t", 0, "tab%09,0"},
	    {"\\N", 0, "%5CN,0"},
	    {"na\xc3\xafve \xff", 0, "na\xc3\xafve \xff,0"},
	    {NULL, 7, "\\N,7"},
	};
	struct strpool *pool;
	struct table *t;
	uint32_t row;

	ok_r(strpool_new(&pool));
	t = machine_table(pool, 1, "rows", columns, N_ELEMENTS(columns));
	for (unsigned i = 0; i < N_ELEMENTS(cases); i++) {
		_cleanup_(buf_done) struct buf b = {0};

		ok_r(table_add_row(t, &row));
		if (cases[i].name)
			ok_r(table_set_str(t, row, 0, cases[i].name, strlen(cases[i].name)));
		table_set(t, row, 2, (uint64_t)cases[i].place);
		rowkey_put(&b, t, row);
		buf_put_u8(&b, 0);
		str_eq((const char *)b.p, cases[i].row);
	}
	table_free(t);
	strpool_free(pool);
}

static void no_name_is_longer_than_a_file_systems(void)
{
	struct strpool *pool;
	struct table *t;
	uint32_t row;

	ok_r(strpool_new(&pool));
	t = machine_table(pool, 1, "rows", columns, 1);
	for (unsigned len = 0; len < 600; len++) {
		_cleanup_(buf_done) struct buf b = {0};
		char s[600];

		memset(s, 'y', sizeof s);
		ok_r(table_add_row(t, &row));
		ok_r(table_set_str(t, row, 0, s, len));
		rowkey_put(&b, t, row);
		ok(rowkey_is_name((const char *)b.p, b.len));
		eq(b.len, len == 0 ? 1 : len <= 255 ? len : 255);
	}
	table_free(t);
	strpool_free(pool);
}

/* Of 300 bytes, the last character but one is the only difference. */
static void long_names_that_differ_stay_different(void)
{
	_cleanup_(buf_done) struct buf a = {0}, b = {0};
	struct strpool *pool;
	struct table *t;
	uint32_t row;
	char s[300];

	ok_r(strpool_new(&pool));
	t = machine_table(pool, 1, "rows", columns, 1);
	memset(s, 'x', sizeof s);
	ok_r(table_add_row(t, &row));
	ok_r(table_set_str(t, row, 0, s, sizeof s));
	rowkey_put(&a, t, row);
	s[298] = 'y';
	ok_r(table_set_str(t, row, 0, s, sizeof s));
	rowkey_put(&b, t, row);
	eq(a.len, ROWKEY_LEN_MAX);
	eq(b.len, ROWKEY_LEN_MAX);
	ok(memcmp(a.p, b.p, 221) == 0 && memcmp(a.p, b.p, ROWKEY_LEN_MAX) != 0);
	table_free(t);
	strpool_free(pool);
}

int main(void)
{
	RUN(keys_have_names_that_are_legal_and_their_own);
	RUN(no_name_is_longer_than_a_file_systems);
	RUN(long_names_that_differ_stay_different);
	return tap_done();
}
