/* point_select.c -- selectors of series: what matches, what is refused and where, and how long it may take */
#include "store/point_select.h"
#include "tests/tap.h"

/* Keys, written down with ; for NUL. */
static struct span key_of(struct buf *room, const char *text)
{
	buf_clear(room);
	buf_puts(room, text);
	for (size_t i = 0; i < room->len; i++)
		if (room->p[i] == ';')
			room->p[i] = 0;
	return span_of(room->p, room->len);
}

static struct point_select *made(const char *text)
{
	char error[POINT_SELECT_ERROR_MAX] = "";
	struct point_select *s = NULL;

	if (point_select_new(text, strlen(text), error, &s) < 0)
		printf("# %s: %s\n", text, error);
	return s;
}

static bool selects(const char *selector, const char *key)
{
	_cleanup_(cleanup_point_select) struct point_select *s = made(selector);
	_cleanup_(buf_done) struct buf room = {0};

	return s && point_select_matches(s, key_of(&room, key));
}

/* Why a selector is not taken; "": it is. */
static const char *refused(const char *selector, size_t len)
{
	static char error[POINT_SELECT_ERROR_MAX];
	_cleanup_(cleanup_point_select) struct point_select *s = NULL;
	int r;

	error[0] = '\0';
	r = point_select_new(selector, len, error, &s);
	ok(r == 0 || (r == -EINVAL && error[0] && !s));
	return error;
}

#define says(selector, text) ok(strstr(refused(selector, strlen(selector)), text) != NULL)

static void a_metric_is_selected_by_its_name(void)
{
	ok(selects("cpu", "cpu;"));
	ok(selects(" cpu { } ", "cpu;host;a;"));
	ok(!selects("cpu", "cpu2;"));
	ok(!selects("cpu", "cp;"));
	ok(selects("a.b:c_1", "a.b:c_1;"));
	ok(selects("9lives", "9lives;"));
	ok(selects("{__name__=\"my metric/x\"}", "my metric/x;"));
	ok(selects("{\"my metric\"}", "my metric;host;a;"));
	ok(selects("{\"my metric\", host='a',}", "my metric;host;a;"));
}

static void labels_are_compared_with_all_of_their_value(void)
{
	ok(selects("cpu{host=\"db1\"}", "cpu;host;db1;"));
	ok(selects("cpu{host=\"db1\",mode=\"idle\"}", "cpu;host;db1;mode;idle;"));
	ok(!selects("cpu{host=\"db1\",mode=\"idle\"}", "cpu;host;db1;mode;user;"));
	ok(!selects("cpu{host=\"db\"}", "cpu;host;db1;"));
	ok(selects("cpu{host!=\"db\"}", "cpu;host;db1;"));
	ok(selects("cpu{host=~\"db.*\"}", "cpu;host;db1;"));
	ok(selects("cpu{host=~\"db.*\"}", "cpu;host;db;"));
	ok(!selects("cpu{host=~\"db.+\"}", "cpu;host;db;"));
	ok(!selects("cpu{host=~\"db.*\"}", "cpu;host;adb1;"));
	ok(!selects("cpu{host=~\"b1\"}", "cpu;host;db1;"));
	ok(selects("cpu{host!~\"b1\"}", "cpu;host;db1;"));
	ok(selects("cpu{host=~\"a|db1|c\"}", "cpu;host;db1;"));
	ok(!selects("cpu{host=~\"a|db|c\"}", "cpu;host;db1;"));
	ok(selects("{host=~\"d[a-c]?1|x\"}", "cpu;host;db1;"));
	ok(selects("{host=~\"d[a-c]?1|x\"}", "cpu;host;x;"));
	ok(!selects("{host=~\"d[a-c]?1|x\"}", "cpu;host;dx;"));
	ok(selects("{\"weird \\\"label\\\"\"=\"1\"}", "cpu;weird \"label\";1;"));
}

static void a_label_that_is_not_there_is_empty(void)
{
	ok(selects("cpu{host=\"\"}", "cpu;"));
	ok(!selects("cpu{host=\"\"}", "cpu;host;a;"));
	ok(selects("cpu{host!=\"a\"}", "cpu;"));
	ok(selects("cpu{host=~\".*\"}", "cpu;"));
	ok(!selects("cpu{host=~\".+\"}", "cpu;"));
	ok(selects("cpu{host=~\"a|\"}", "cpu;"));
	ok(selects("cpu{host=~\"(a|b)?\"}", "cpu;"));
	ok(!selects("cpu{host!~\"(a|b)?\"}", "cpu;"));
}

static void escapes_are_those_of_the_text_and_then_of_the_pattern(void)
{
	ok(selects("a{p=\"x\\\\y\"}", "a;p;x\\y;"));
	ok(selects("a{p=\"\\n\\t\"}", "a;p;\n\t;"));
	ok(selects("a{p=~\"1\\\\.5\"}", "a;p;1.5;"));
	ok(!selects("a{p=~\"1\\\\.5\"}", "a;p;125;"));
	ok(selects("a{p=~`1\\.5|[0-9]{3}`}", "a;p;1.5;"));
	ok(selects("a{p=~`1\\.5|[0-9]{3}`}", "a;p;125;"));
	ok(selects("a{p=~`\\(x\\).*`}", "a;p;(x)y;"));
	ok(selects("a{p=~`[]x[:digit:]]+`}", "a;p;]x7;"));
	ok(!selects("a{p=~`[^]x]+`}", "a;p;]x7;"));
	ok(selects("a{p=~`x.y`}", "a;p;x\ny;"));
}

/* The two anchors hold whatever the pattern is. */
static void no_pattern_gets_out_of_its_anchors(void)
{
	ok(!selects("a{p=~`x|y(z)`}", "a;p;xq;"));
	ok(!selects("a{p=~`(x)|y`}", "a;p;qy;"));
	ok(!selects("a{p=~`x$|(y)`}", "a;p;qx;"));
	says("a{p=~`x)|(y`}", ") without (");
}

static void what_is_wrong_is_said_with_its_place(void)
{
	says("", "at character 1: nothing is selected");
	says("{}", "at character 3: nothing is selected");
	says("cpu{", "at character 5");
	says("cpu{host}", "at character 9: expected = != =~ or !~");
	says("cpu{host=db1}", "at character 10: expected a text in quotes");
	says("cpu{host=\"db1}", "at character 15: the text in quotes does not end");
	says("cpu{host=\"db1\" mode=\"x\"}", "at character 16: expected , or }");
	says("cpu{host=\"\\d\"}", "at character 12: in quotes");
	says("cpu host", "at character 5: expected the end");
	says("cpu{a=\"1\"} x", "at character 12: expected the end");
	says("cpu-load", "at character 4: expected the end");
	ok(strstr(refused("a{b=\"\0\"}", 8), "at character 6: there is a NUL"));
	ok(strstr(refused("a\0", 2), "at character 2"));
}

static void patterns_that_would_take_for_ever_are_refused(void)
{
	_cleanup_(buf_done) struct buf text = {0};

	says("a{p=~`(((x{1,99}){1,99}){1,99}){1,99}`}", "repeats too much");
	says("a{p=~`x{1001}`}", "repeats too much");
	says("a{p=~`x{99999999999999999999}`}", "up to 1000");
	says("a{p=~`(x+)\\1`}", "special");
	says("a{p=~`\\d+`}", "special");
	says("a{p=~`((((((((((((((((((((((x))))))))))))))))))))))`}", "too many (");
	says("a{p=~`*x`}", "nothing to repeat");
	says("a{p=~`(|+)`}", "nothing to repeat");
	says("a{p=~`[x`}", "without ]");
	says("a{p=~`(x`}", "without )");
	says("a{p=~`x{2`}", "without }");
	says("a{p=~\"x\\\\\"}", "ends in");
	buf_puts(&text, "a{p=~`.");
	for (int i = 0; i < 1025; i++)
		buf_puts(&text, "x");
	buf_puts(&text, "`}");
	ok(strstr(refused((const char *)text.p, text.len), "1024 bytes"));
	buf_clear(&text);
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "x");
	ok(strstr(refused((const char *)text.p, text.len), "more than 16384 bytes"));
	buf_clear(&text);
	buf_puts(&text, "{");
	for (int i = 0; i < 65; i++)
		buf_puts(&text, "a='b',");
	buf_puts(&text, "}");
	ok(strstr(refused((const char *)text.p, text.len), "more than 64"));
}

static void a_thousand_words_are_one_pattern(void)
{
	_cleanup_(buf_done) struct buf text = {0};

	buf_puts(&text, "a{p=~\"");
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%sw%d", i ? "|" : "", i);
	buf_puts(&text, "\"}");
	buf_put_u8(&text, 0);
	ok(selects((const char *)text.p, "a;p;w999;"));
	ok(!selects((const char *)text.p, "a;p;w1000;"));
}

static void values_that_are_certain_are_told(void)
{
	_cleanup_(cleanup_point_select) struct point_select *s =
	    made("cpu{a=\"1\",b!=\"2\",c=~\"3\",d=~\"4|5\",e=~\"6.*\",f=\"\",g=~\"(7)\",h=\"8\"}");
	static const char *const certain[][2] = {{"__name__", "cpu"}, {"a", "1"}, {"c", "3"}, {"h", "8"}};
	struct span label, value;
	size_t n = 0;

	while (s && n < 4 && point_select_equal(s, n, &label, &value)) {
		ok(span_left(&label) == strlen(certain[n][0]) &&
		    memcmp(label.p, certain[n][0], span_left(&label)) == 0);
		ok(span_left(&value) == strlen(certain[n][1]) &&
		    memcmp(value.p, certain[n][1], span_left(&value)) == 0);
		n++;
	}
	eq(n, 4);
	ok(s && !point_select_equal(s, 4, &label, &value));
	ok(s && strstr(point_select_text(s), "cpu{a=\"1\"") == point_select_text(s));
}

int main(void)
{
	RUN(a_metric_is_selected_by_its_name);
	RUN(labels_are_compared_with_all_of_their_value);
	RUN(a_label_that_is_not_there_is_empty);
	RUN(escapes_are_those_of_the_text_and_then_of_the_pattern);
	RUN(no_pattern_gets_out_of_its_anchors);
	RUN(what_is_wrong_is_said_with_its_place);
	RUN(patterns_that_would_take_for_ever_are_refused);
	RUN(a_thousand_words_are_one_pattern);
	RUN(values_that_are_certain_are_told);
	return tap_done();
}
