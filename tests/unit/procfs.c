/* procfs.c -- tests of collector/procfs.c and of the names of collector/source.c */
#include "collector/procfs.h"
#include "collector/source.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!ok(f))
		return;
	ok(fwrite(text, 1, len, f) == len);
	ok(fclose(f) == 0);
}

static void a_number_is_taken_behind_blanks(void)
{
	const char *p = " \t42 7\n8";
	uint64_t v;

	ok(parse_u64(&p, &v));
	eq(v, 42);
	ok(parse_u64(&p, &v));
	eq(v, 7);
	ok(!parse_u64(&p, &v)); /* numbers are not looked for on the next line */
	eq(*p, '\n');
}

static void numbers_up_to_64_bits_are_taken_and_larger_ones_are_not(void)
{
	const char *max = "18446744073709551615", *over = "18446744073709551616", *longer = "99999999999999999999999";
	const char *p;
	uint64_t v;

	p = max;
	ok(parse_u64(&p, &v) && v == UINT64_MAX && *p == '\0');
	p = over;
	ok(!parse_u64(&p, &v) && p == over);
	p = longer;
	ok(!parse_u64(&p, &v) && p == longer);
	p = "-1";
	ok(!parse_u64(&p, &v));
}

static void signed_numbers_reach_both_ends(void)
{
	const char *p;
	int64_t v;

	p = "-9223372036854775808";
	ok(parse_i64(&p, &v) && v == INT64_MIN);
	p = "9223372036854775807";
	ok(parse_i64(&p, &v) && v == INT64_MAX);
	p = "9223372036854775808";
	ok(!parse_i64(&p, &v) && *p == '9');
	p = "-9223372036854775809";
	ok(!parse_i64(&p, &v) && *p == '-');
	p = " - 5";
	ok(!parse_i64(&p, &v));
}

static void decimals_are_scaled_and_surplus_digits_dropped(void)
{
	const char *p;
	int64_t v;

	p = "12.34 x";
	ok(parse_dec(&p, 2, &v) && v == 1234 && *p == ' ');
	p = "12.3";
	ok(parse_dec(&p, 2, &v) && v == 1230);
	p = "12";
	ok(parse_dec(&p, 2, &v) && v == 1200);
	p = "-0.129";
	ok(parse_dec(&p, 2, &v) && v == -12 && *p == '\0');
	p = "12.";
	ok(parse_dec(&p, 0, &v) && v == 12 && *p == '.');
	p = "92233720368547758.08";
	ok(!parse_dec(&p, 2, &v) && *p == '9');
	p = ".5";
	ok(!parse_dec(&p, 2, &v));
}

static void hexadecimal_takes_both_cases(void)
{
	const char *p = "00FFab ";
	uint64_t v;

	ok(parse_hex(&p, &v) && v == 0xffab && *p == ' ');
	p = "ffffffffffffffff";
	ok(parse_hex(&p, &v) && v == UINT64_MAX);
	p = "1ffffffffffffffff";
	ok(!parse_hex(&p, &v));
	p = "x";
	ok(!parse_hex(&p, &v));
}

static void words_end_at_blanks_and_lines(void)
{
	const char *p = "  eth0:\t12\n\nlast", *w;
	size_t len;

	w = parse_word(&p, &len);
	ok(len == 5 && memcmp(w, "eth0:", 5) == 0);
	w = parse_word(&p, &len);
	ok(len == 2 && memcmp(w, "12", 2) == 0);
	parse_word(&p, &len);
	eq(len, 0);
	ok(parse_next_line(&p)); /* to the empty line */
	parse_word(&p, &len);
	eq(len, 0);
	ok(parse_next_line(&p));
	w = parse_word(&p, &len);
	ok(len == 4 && memcmp(w, "last", 4) == 0);
	ok(!parse_next_line(&p));
}

static void a_file_is_read_whole_whatever_its_length(void)
{
	static const size_t lens[] = {0, 1, 8190, 8191, 8192, 8193, 100000};
	static char text[100000];
	_cleanup_(cleanup_procfs) struct procfs *fs = NULL;
	const char *dir = tap_tmpdir(), *got;
	size_t len;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 23);
	if (!ok_r(procfs_open(dir, &fs)))
		return;
	for (size_t i = 0; i < N_ELEMENTS(lens); i++) {
		write_file(dir, "f", text, lens[i]);
		if (!ok_r(procfs_read(fs, "f", &got, &len)))
			return;
		ok(len == lens[i] && memcmp(got, text, len) == 0 && got[len] == '\0');
	}
	eq(procfs_read(fs, "missing", &got, &len), -ENOENT);
}

static void a_kept_file_shows_its_new_content(void)
{
	_cleanup_(cleanup_procfs) struct procfs *fs = NULL;
	struct procfile pf = PROCFILE_CLOSED;
	const char *dir = tap_tmpdir(), *got;
	size_t len;
	int fd;

	if (!ok_r(procfs_open(dir, &fs)))
		return;
	eq(procfile_read(fs, &pf, "f", &got, &len), -ENOENT);
	eq(pf.fd, -1);
	write_file(dir, "f", "one", 3); /* it appears later */
	ok_r(procfile_read(fs, &pf, "f", &got, &len));
	str_eq(got, "one");
	fd = pf.fd;
	write_file(dir, "f", "two and more", 12);
	ok_r(procfile_read(fs, &pf, "f", &got, &len));
	str_eq(got, "two and more");
	eq(pf.fd, fd);
	procfile_done(&pf);
	eq(pf.fd, -1);
}

static void a_kept_file_that_fails_is_opened_anew(void)
{
	_cleanup_(cleanup_procfs) struct procfs *fs = NULL;
	struct procfile pf = PROCFILE_CLOSED;
	const char *dir = tap_tmpdir(), *got;
	size_t len;

	if (!ok_r(procfs_open(dir, &fs)))
		return;
	write_file(dir, "f", "text", 4);
	pf.fd = open(dir, O_RDONLY | O_DIRECTORY); /* reading this gives EISDIR, as a device that left gives ENODEV */
	ok(pf.fd >= 0);
	ok_r(procfile_read(fs, &pf, "f", &got, &len));
	str_eq(got, "text");
	procfile_done(&pf);
}

static void a_word_of_the_kernels_becomes_a_name(void)
{
	char name[65], longest[100];

	source_name(name, "Active(anon)", 12);
	str_eq(name, "Active(anon)");
	source_name(name, "a b:c", 5);
	str_eq(name, "a_b_c");
	source_name(name, "_x", 2);
	str_eq(name, "x");
	source_name(name, "", 0);
	str_eq(name, "x");
	memset(longest, 'q', sizeof longest);
	source_name(name, longest, sizeof longest);
	eq(strlen(name), 64);
}

static void sources_are_ordered_by_unique_ids(void)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++) {
		ok(all[i]->id > 0 && all[i]->name && (all[i]->sample || all[i]->take));
		ok(i == 0 || all[i - 1]->id < all[i]->id);
	}
	ok(source_all(&n) == all);
}

static void a_column_is_added_once_and_only_to_an_empty_table(void)
{
	static const struct column base = {"key", "", COL_STR, KIND_LABEL, COL_KEY, 0};
	static const struct column gauge = {"", "bytes", COL_U64, KIND_GAUGE, 0, 0};
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL;
	uint32_t row;

	ok_r(table_schema_new(4000, "t", &schema));
	ok_r(table_schema_add(schema, &base));
	ok_r(strpool_new(&pool));
	if (!ok_r(table_new(schema, pool, &t)))
		return;
	eq(source_column(t, "a", &gauge), 1);
	eq(source_column(t, "b", &gauge), 2);
	eq(source_column(t, "a", &gauge), 1);
	eq(source_column(t, "no blank", &gauge), -EINVAL);
	eq(schema->n_columns, 1); /* what others hold does not change */
	str_eq(t->schema->columns[2].name, "b");
	str_eq(t->schema->columns[2].unit, "bytes");
	ok_r(table_add_row(t, &row));
	eq(source_column(t, "b", &gauge), 2);
	eq(source_column(t, "c", &gauge), -EBUSY);
}

static void proc_of_this_machine_is_its_own_and_that_of_a_captured_tree_is_not(void)
{
	_cleanup_(cleanup_procfs) struct procfs *here = NULL, *captured = NULL;

	ok_r(procfs_open("/", &here));
	ok(procfs_is_own(here));
	ok_r(procfs_open("tests/fixtures/proc-debian12", &captured));
	ok(!procfs_is_own(captured));
}

int main(void)
{
	RUN(a_number_is_taken_behind_blanks);
	RUN(numbers_up_to_64_bits_are_taken_and_larger_ones_are_not);
	RUN(signed_numbers_reach_both_ends);
	RUN(decimals_are_scaled_and_surplus_digits_dropped);
	RUN(hexadecimal_takes_both_cases);
	RUN(words_end_at_blanks_and_lines);
	RUN(a_file_is_read_whole_whatever_its_length);
	RUN(a_kept_file_shows_its_new_content);
	RUN(a_kept_file_that_fails_is_opened_anew);
	RUN(a_word_of_the_kernels_becomes_a_name);
	RUN(sources_are_ordered_by_unique_ids);
	RUN(a_column_is_added_once_and_only_to_an_empty_table);
	RUN(proc_of_this_machine_is_its_own_and_that_of_a_captured_tree_is_not);
	return tap_done();
}
