/* message.c -- tests of messages and their text */
#include "store/message.h"

#include "store/text.h"
#include "tests/tap.h"

static struct span str(const char *s)
{
	return span_of(s, strlen(s));
}

static void line_is(const struct message *m, const char *expected)
{
	_cleanup_(buf_done) struct buf b = {0};

	message_put_text(&b, m);
	eq(b.len, message_text_len(m));
	buf_put_u8(&b, 0);
	str_eq((char *)b.p, expected);
}

static void a_message_is_a_line_of_five_fields(void)
{
	struct message m = {.offset = 1234, .time_ms = 1763605800123, .key = str("k"), .value = str("v w")};

	line_is(&m, "1234\t2025-11-20T02:30:00.123Z\tk\t{}\tv w\n");
}

static void null_is_not_the_same_as_nothing(void)
{
	struct message m = {.value = str("")};

	line_is(&m, "0\t1970-01-01T00:00:00.000Z\t\\N\t{}\t\n");
	m = (struct message){.key = str("")};
	line_is(&m, "0\t1970-01-01T00:00:00.000Z\t\t{}\t\\N\n");
}

static void what_would_break_a_line_is_escaped(void)
{
	struct message m = {.key = span_of("a\tb\\\0", 5), .value = str("one\ntwo\r\x7f")};

	line_is(&m, "0\t1970-01-01T00:00:00.000Z\ta\\tb\\\\\\x00\t{}\tone\\ntwo\\r\\x7f\n");
}

static void headers_are_one_json_object_in_their_order_with_names_twice_and_null(void)
{
	_cleanup_(buf_done) struct buf h = {0};
	struct message m = {.value = str("")};

	message_put_header(&h, "b", 1, "1", 1);
	message_put_header(&h, "a", 1, NULL, 0);
	message_put_header(&h, "b", 1, "", 0);
	m.headers = span_of(h.p, h.len);
	line_is(&m, "0\t1970-01-01T00:00:00.000Z\t\\N\t{\"b\":\"1\",\"a\":null,\"b\":\"\"}\t\n");
}

static void headers_that_are_not_utf8_or_hold_quotes_and_controls_are_json_escaped_as_a_string(void)
{
	_cleanup_(buf_done) struct buf h = {0};
	struct message m = {.value = str("")};

	message_put_header(&h, "q\"\\", 3, "\xff\n\xc3\xa4", 4);
	m.headers = span_of(h.p, h.len);
	line_is(&m, "0\t1970-01-01T00:00:00.000Z\t\\N\t{\"q\\\\\"\\\\\\\\\":\"\\\\ufffd\\\\u000a\xc3\xa4\"}\t\n");
}

static void headers_come_back_as_they_were_put(void)
{
	_cleanup_(buf_done) struct buf h = {0};
	struct span at, name, value;

	message_put_header(&h, "name", 4, "v\0l", 3);
	message_put_header(&h, "", 0, NULL, 0);
	message_put_header(&h, "e", 1, "", 0);
	at = span_of(h.p, h.len);
	ok_r(message_header(&at, &name, &value));
	ok(span_left(&name) == 4 && memcmp(name.p, "name", 4) == 0);
	ok(span_left(&value) == 3 && memcmp(value.p, "v\0l", 3) == 0);
	ok_r(message_header(&at, &name, &value));
	ok(span_left(&name) == 0 && !value.p);
	ok_r(message_header(&at, &name, &value));
	ok(value.p && span_left(&value) == 0);
	eq(message_header(&at, &name, &value), -ENODATA);
}

static void headers_that_are_cut_anywhere_are_refused(void)
{
	_cleanup_(buf_done) struct buf h = {0};
	struct span name, value;

	message_put_header(&h, "name", 4, "value", 5);
	for (size_t len = 1; len < h.len; len++) {
		struct span at = span_of(h.p, len);

		eq(message_header(&at, &name, &value), -EBADMSG);
	}
}

/* Strings with a byte to escape at every place, so that every way through blocks and rests is taken. */
static void copying_tells_the_same_length_as_the_text_has_for_every_byte_at_every_place(void)
{
	char s[70], copy[70], text[4 * sizeof s];

	for (unsigned len = 0; len <= sizeof s; len += len < 20 ? 1 : 7)
		for (unsigned c = 0; c < 256; c++)
			for (unsigned at = 0; at < (len ? len : 1); at++) {
				size_t n;

				memset(s, 'x', sizeof s);
				s[at] = (char)c;
				s[len / 2] = (char)(c ^ '\\');
				memset(copy, 0, sizeof copy);
				n = text_copy_len(copy, s, len);
				if (n != text_str_len(s, len) || n != (size_t)(text_put_str(text, s, len) - text) ||
				    memcmp(copy, s, len) != 0) {
					eq(len, -1);
					return;
				}
			}
	ok(true);
}

static void times_are_compared_whatever_a_producer_says(void)
{
	ok(message_is_older(1000, 1500, 499) && !message_is_older(1000, 1500, 500));
	ok(message_is_older(INT64_MIN, 1500, INT64_MAX) && message_is_older(INT64_MIN + 1, 1500, 0));
	ok(!message_is_older(INT64_MAX, -1500, 0) && !message_is_older(2000, 1500, 0));
}

int main(void)
{
	RUN(a_message_is_a_line_of_five_fields);
	RUN(null_is_not_the_same_as_nothing);
	RUN(what_would_break_a_line_is_escaped);
	RUN(headers_are_one_json_object_in_their_order_with_names_twice_and_null);
	RUN(headers_that_are_not_utf8_or_hold_quotes_and_controls_are_json_escaped_as_a_string);
	RUN(headers_come_back_as_they_were_put);
	RUN(headers_that_are_cut_anywhere_are_refused);
	RUN(copying_tells_the_same_length_as_the_text_has_for_every_byte_at_every_place);
	RUN(times_are_compared_whatever_a_producer_says);
	return tap_done();
}
