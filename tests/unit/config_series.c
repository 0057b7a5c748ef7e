/* config_series.c -- tests of collector/config_series.c and collector/address.c */
#include "collector/address.h"
#include "collector/config.h"
#include "tests/tap.h"

static char error[CONFIG_ERROR_MAX];

static struct config *load(const char *text)
{
	char path[128];
	struct config *c = NULL;
	FILE *f;

	snprintf(path, sizeof path, "%s/conf", tap_tmpdir());
	f = fopen(path, "w");
	if (!ok(f) || !ok(fputs(text, f) >= 0) || !ok(fclose(f) == 0))
		return NULL;
	if (config_load(path, &c, error) == 0)
		*error = '\0';
	return c;
}

static void is_refused(const char *text, const char *why)
{
	struct config *c = load(text);
	const char *colon = strstr(error, "conf:");

	str_eq(colon ? colon + strlen("conf:") : error, why);
	if (!ok(!c))
		config_put(c);
}

static void there_are_defaults(void)
{
	_cleanup_(cleanup_config) struct config *c = load("");

	if (!ok(c))
		return;
	eq(c->series.sync, SYNC_FDATASYNC);
	eq(c->series.buffer, 64 << 20);
	eq(c->series.buffer_age_ms, 600000);
	eq(c->series.segment_size, 16 << 20);
	eq(c->series.max_series, 2000000);
	eq(c->series.retention_age_ms, 0);
	eq(c->series.retention_bytes, 0);
	eq(c->series.statsd.interval_ms, 10000);
	eq(c->series.statsd.idle_ms, 3600000);
	eq(c->series.statsd.max_names, 100000);
	eq(c->series.n_listens + c->series.n_scrapes + c->series.n_textfiles, 0);
}

static void there_are_as_many_sections_as_one_likes(void)
{
	_cleanup_(cleanup_config) struct config *c =
	    load("[listen.a]\naddress = udp:127.0.0.1:8125\nform = statsd\n[series]\nmax_series = 7\n"
	         "[scrape.b]\nurl = http://h/m\nlabel.x = y z\nlabel.v = w\ninterval = 5s\n"
	         "[listen.a2]\naddress = unix:/run/x\nform = influx\nunit = us\nmode = 0600\nmax_clients = 3\nidle = 2min\n"
	         "[textfile.c]\npath = /x/*.prom\nlabel.a = b\nmax_bytes = 1K\n[scrape.b-2]\nurl = https://h\n"
	         "[topic.t]\npartitions = 2\n[statsd]\ninterval = 1s\n");

	str_eq(error, "");
	if (!ok(c) || !ok(c->series.n_listens == 2 && c->series.n_scrapes == 2 && c->series.n_textfiles == 1))
		return;
	str_eq(c->series.listens[0].name, "a");
	eq(c->series.listens[0].form, LISTEN_STATSD);
	eq(c->series.listens[0].unit, 1);
	eq(c->series.listens[0].max_clients, 100);
	eq(c->series.listens[1].unit, 1000);
	eq(c->series.listens[1].mode, 0600);
	eq(c->series.listens[1].max_clients, 3);
	eq(c->series.listens[0].idle_ms, 0);
	eq(c->series.listens[1].idle_ms, 120000);
	str_eq(c->series.scrapes[0].url, "http://h/m");
	eq(c->series.scrapes[0].interval_ms, 5000);
	/* Not longer than the interval. */
	eq(c->series.scrapes[0].timeout_ms, 5000);
	eq(c->series.scrapes[0].labels.names.n, 2);
	str_eq(c->series.scrapes[0].labels.values.v[0], "y z");
	str_eq(c->series.scrapes[1].name, "b-2");
	eq(c->series.scrapes[1].timeout_ms, 10000);
	eq(c->series.scrapes[1].labels.names.n, 0);
	eq(c->series.textfiles[0].max_bytes, 1024);
	eq(c->series.max_series, 7);
	eq(c->series.statsd.interval_ms, 1000);
	eq(c->topics.n, 1);
}

static void what_is_wrong_is_told(void)
{
	is_refused("[listen.a]\nform = statsd\n", " [listen.a] needs an address and a form");
	is_refused("[listen.a]\naddress = tcp:127.0.0.1:1\n", " [listen.a] needs an address and a form");
	is_refused("[scrape.a]\n", " [scrape.a] needs a url");
	is_refused("[textfile.a]\n", " [textfile.a] needs a path");
	is_refused("[listen.a]\naddress = tcp:localhost:1\n",
	    "2: address: expected udp:IP:PORT, tcp:IP:PORT, unix:PATH or unixgram:PATH, not 'tcp:localhost:1'");
	is_refused("[listen.a]\nform = carbon\n", "2: form: expected influx, graphite or statsd, not 'carbon'");
	is_refused("[scrape.a]\nurl = file:///etc/passwd\n",
	    "2: url: expected http://… or https://…, not 'file:///etc/passwd'");
	is_refused("[scrape.a]\nlabel.job = x\n", "2: job cannot be a label's name here");
	is_refused("[scrape.a]\nlabel.1 = x\n", "2: 1 cannot be a label's name here");
	is_refused("[scrape.a]\nlabel.x = 1\nlabel.x = 2\n", "3: label x is given twice");
	is_refused("[scrape.a]\ninterval = 1s\ninterval = 2s\n", "3: interval is given twice");
	is_refused("[scrape.a]\nurl = http://h\n[scrape.a]\n", "3: [scrape.a] is given twice");
	is_refused("[scrape.a b]\n", "1: unknown section [scrape.a b]");
	is_refused("[listen.a]\nurl = http://h\n", "2: unknown key url in [listen.a]");
	is_refused("[series]\nurl = http://h\n", "2: unknown key url in [series]");
	is_refused("[series]\nmax_series = 0\n", "2: max_series: expected a number up to 100000000, not '0'");
	is_refused(
	    "[textfile.a]\npath = x/*.prom\n", "2: path: expected an absolute path, or a pattern, not 'x/*.prom'");
}

static void addresses_are_numbers_or_paths(void)
{
	static const char *const bad[] = {"", "tcp", "tcp:", "tcp:1.2.3.4", "tcp:1.2.3.4:", "tcp:1.2.3.4:0",
	    "tcp:1.2.3.4:65536", "tcp:1.2.3.4:1x", "tcp:1.2.3:1", "tcp:::1:1", "tcp:[::1]", "tcp:[::1]1", "tcp:[x]:1",
	    "unix:", "unix:x", "sctp:1.2.3.4:1"};
	struct address a;

	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		ok(!address_parse(bad[i], &a));
	ok(address_parse("tcp:127.1.2.3:65535", &a) && a.type == SOCK_STREAM && address_is_local(&a));
	ok(address_parse("udp:0.0.0.0:1", &a) && a.type == SOCK_DGRAM && !address_is_local(&a));
	ok(address_parse("udp:[::1]:1", &a) && address_is_local(&a));
	ok(address_parse("tcp:[::]:1", &a) && !address_is_local(&a));
	ok(address_parse("unix:/x", &a) && a.type == SOCK_STREAM && address_is_local(&a));
	ok(address_parse("unixgram:/x", &a) && a.type == SOCK_DGRAM && address_is_local(&a));
}

int main(void)
{
	RUN(there_are_defaults);
	RUN(there_are_as_many_sections_as_one_likes);
	RUN(what_is_wrong_is_told);
	RUN(addresses_are_numbers_or_paths);
	return tap_done();
}
