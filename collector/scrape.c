/* scrape.c -- see scrape.h */
#include "collector/scrape.h"

#include "collector/page.h"
#include "collector/priority.h"
#include "collector/say.h"
#include "collector/thread.h"
#include "collector/tick.h"
#include "collector/version.h"

#include <curl/curl.h>
#include <math.h>
#include <time.h>

enum {
	STACK = 512 << 10,
	HEADERS_MAX = 64 << 10,
	IDLE_MS = 60000,
	ON_TIME_PART = 100, /* of the interval: so late it may begin and count as on time */
	WHY_MAX = 512,
};

static const char accepted[] =
    "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

struct target {
	const struct config_scrape *config; /* not used once there is another */
	uint64_t scope;
	char instance[300];
	struct point_label *labels;
	size_t n_labels;

	CURL *easy;
	struct tick due;
	bool running;
	int64_t begun_ns, begun_wall_ns; /* monotonic; as it counts */
	struct buf body;
	size_t headers;     /* bytes */
	const char *broken; /* why it was cut short; NULL: it was not */
	char said[WHY_MAX]; /* what was said of it last; "": that it is well, or nothing */
};

struct scrape {
	struct straggler thread; /* the server is not its own */
	CURLM *multi;
	struct curl_slist *headers;
	struct server *server;
	struct config *config;
	struct target *targets;
	size_t n;
};

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* --- what comes --- */

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct target *t = arg;

	(void)size;
	if (t->body.len + n > t->config->max_bytes) {
		t->broken = "the page is too long (max_bytes)";
		return 0;
	}
	buf_put(&t->body, p, n);
	if (t->body.err < 0) {
		t->broken = "out of memory";
		return 0;
	}
	return n;
}

static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	struct target *t = arg;

	(void)p;
	(void)size;
	t->headers += n;
	if (t->headers > HEADERS_MAX) {
		t->broken = "the headers are too long";
		return 0;
	}
	return n;
}

/* Says what is wrong with a page when that changes. */
static void say_changed(struct target *t, const char *why)
{
	if (strcmp(t->said, why) == 0)
		return;
	if (*why)
		say("scraping %s: %s", t->config->name, why);
	else
		say("scraping %s: it is well again", t->config->name);
	snprintf(t->said, sizeof t->said, "%s", why);
}

static bool is_openmetrics(const struct target *t)
{
	const char *type = NULL;

	curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
	return type && strncmp(type, "application/openmetrics-text", strlen("application/openmetrics-text")) == 0;
}

/* "": a page is there. */
static void judge(const struct target *t, CURLcode code, char why[WHY_MAX])
{
	long status = 0;

	*why = '\0';
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->broken)
		snprintf(why, WHY_MAX, "%s", t->broken);
	else if (code != CURLE_OK)
		snprintf(why, WHY_MAX, "%s", curl_easy_strerror(code));
	else if (status != 200)
		snprintf(why, WHY_MAX, "HTTP status %ld", status);
	else if (is_openmetrics(t) && !promtext_is_ended(span_of(t->body.p, t->body.len)))
		snprintf(why, WHY_MAX, "the page does not end with # EOF");
}

/* The page's samples; how many there are. */
static uint64_t deliver(struct scrape *w, struct target *t, struct page *p, char why[WHY_MAX])
{
	struct feed_result result;
	int r;

	p->text = span_of(t->body.p, t->body.len);
	p->form = is_openmetrics(t) ? PROMTEXT_OPENMETRICS : PROMTEXT_PLAIN;
	r = page_deliver(&w->thread, w->server, p, &result);
	if (r < 0)
		snprintf(why, WHY_MAX, "its points cannot be written: %s", strerror(-r));
	else if (result.refused > 0)
		snprintf(why, WHY_MAX, "%llu lines are refused; the first: %s", (unsigned long long)result.refused,
		    result.why);
	return result.accepted;
}

static void finish(struct scrape *w, struct target *t, CURLcode code)
{
	struct page p = {.ns = t->begun_wall_ns, .scope = t->scope, .labels = t->labels, .n_labels = t->n_labels};
	double took = (double)(clock_ns(CLOCK_MONOTONIC) - t->begun_ns) / 1e9;
	uint64_t samples = 0;
	char why[WHY_MAX];
	bool up;

	judge(t, code, why);
	up = *why == '\0';
	if (up)
		samples = deliver(w, t, &p, why);
	up = up && (samples > 0 || *why == '\0');
	page_note(&w->thread, w->server, &p,
	    (const struct page_note[]){{"up", {{0}, {0}}, up},
	        {"scrape_duration_seconds", {{0}, {0}}, round(took * 1e6) / 1e6},
	        {"scrape_samples_scraped", {{0}, {0}}, (double)samples}},
	    3, up ? PAGE_GOOD : PAGE_BAD);
	say_changed(t, why);
	buf_done(&t->body);
	t->running = false;
}

/* --- asking --- */

static bool prepare(struct scrape *w, struct target *t)
{
	const struct config_scrape *c = t->config;
	bool ok = true;

	t->easy = curl_easy_init();
	if (!t->easy)
		return false;
#define SET(option, value) ok = ok && curl_easy_setopt(t->easy, CURLOPT_##option, value) == CURLE_OK
	SET(URL, c->url);
	SET(PRIVATE, t);
	SET(WRITEFUNCTION, take_body);
	SET(WRITEDATA, t);
	SET(HEADERFUNCTION, take_header);
	SET(HEADERDATA, t);
	SET(HTTPHEADER, w->headers);
	SET(USERAGENT, "histd/" VERSION);
	SET(ACCEPT_ENCODING, "gzip");
	SET(PROTOCOLS_STR, "http,https");
	SET(FOLLOWLOCATION, 0L);
	SET(PROXY, "");
	SET(NOSIGNAL, 1L);
	SET(QUICK_EXIT, 1L);
	SET(TIMEOUT_MS, (long)c->timeout_ms);
	SET(CONNECTTIMEOUT_MS, (long)c->timeout_ms);
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#undef SET
	return ok;
}

/* The time that a scrape which begins now counts for, in whole milliseconds. */
static int64_t time_of(const struct target *t, int64_t mono, int64_t wall)
{
	int64_t late = mono - t->due.due_ns;

	if (late >= 0 && late <= (int64_t)t->config->interval_ms * 1000000 / ON_TIME_PART)
		wall -= late;
	/* The clocks were not read at the same moment. */
	wall += 500000;
	return wall - wall % 1000000;
}

static void begin(struct scrape *w, struct target *t)
{
	t->begun_ns = clock_ns(CLOCK_MONOTONIC);
	t->begun_wall_ns = time_of(t, t->begun_ns, clock_ns(CLOCK_REALTIME));
	t->headers = 0;
	t->broken = NULL;
	t->running = curl_multi_add_handle(w->multi, t->easy) == CURLM_OK;
	if (!t->running)
		say_changed(t, "out of memory");
}

static int64_t offset_of(const struct target *t)
{
	uint64_t interval = t->config->interval_ms;

	return (int64_t)(point_key_hash(page_string(t->config->name)).low % interval) * 1000000;
}

static void set_due(struct target *t)
{
	t->due = tick_next(t->due, clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_REALTIME) - offset_of(t),
	    (int64_t)t->config->interval_ms * 1000000);
}

/* Begins what is due. Returns after how many ms the next is. */
static int begin_due(struct scrape *w)
{
	int64_t next_ms = IDLE_MS;

	for (size_t i = 0; i < w->n; i++) {
		struct target *t = &w->targets[i];
		int64_t left_ns = t->due.due_ns - clock_ns(CLOCK_MONOTONIC), left_ms;

		if (left_ns <= 0) {
			if (!t->running)
				begin(w, t);
			set_due(t);
			left_ns = t->due.due_ns - clock_ns(CLOCK_MONOTONIC);
		}
		left_ms = (left_ns + 999999) / 1000000;
		if (left_ms < next_ms)
			next_ms = left_ms > 0 ? left_ms : 0;
	}
	return (int)next_ms;
}

static void finish_all(struct scrape *w)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left))) {
		CURLcode code = m->data.result;
		CURL *easy = m->easy_handle;
		struct target *t = NULL;

		if (m->msg != CURLMSG_DONE || curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t) != CURLE_OK || !t)
			continue;
		curl_multi_remove_handle(w->multi, easy);
		finish(w, t, code);
	}
}

/* --- targets --- */

/* HOST:PORT of a URL. */
static bool put_instance(const char *url, char *ret, size_t size)
{
	CURLU *u = curl_url();
	char *host = NULL, *port = NULL;
	bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	          curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	          curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (ok)
		ok = snprintf(ret, size, "%s:%s", host, port) < (int)size;
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return ok;
}

static void target_done(struct scrape *w, struct target *t)
{
	if (t->easy) {
		if (t->running)
			curl_multi_remove_handle(w->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	buf_done(&t->body);
	free(t->labels);
}

static bool add_target(struct scrape *w, const struct config_scrape *c)
{
	struct target *t = &w->targets[w->n];

	*t = (struct target){.config = c, .scope = feed_new_scope()};
	if (!put_instance(c->url, t->instance, sizeof t->instance)) {
		say("scraping %s: no URL that can be asked", c->name);
		return true;
	}
	if (page_labels(&c->labels,
	        (const struct point_label[]){
	            {page_string("job"), page_string(c->name)}, {page_string("instance"), page_string(t->instance)}},
	        2, &t->labels, &t->n_labels) < 0 ||
	    !prepare(w, t)) {
		target_done(w, t);
		return false;
	}
	set_due(t);
	w->n++;
	return true;
}

static void remove_targets(struct scrape *w)
{
	for (size_t i = 0; i < w->n; i++)
		target_done(w, &w->targets[i]);
	free(TAKE(w->targets));
	w->n = 0;
}

static void make_targets(struct scrape *w)
{
	const struct config_series *c = &w->config->series;
	bool ok;

	remove_targets(w);
	w->targets = calloc(c->n_scrapes + 1, sizeof *w->targets);
	ok = w->targets;
	for (size_t i = 0; ok && i < c->n_scrapes; i++)
		ok = add_target(w, &c->scrapes[i]);
	if (!ok)
		say("not all pages are scraped: out of memory");
}

/* --- the thread --- */

static bool take_over(struct scrape *w)
{
	if (straggler_take_config(&w->thread, &w->config))
		make_targets(w);
	return !straggler_is_to_stop(&w->thread);
}

static void free_all(struct scrape *w)
{
	remove_targets(w);
	if (w->multi)
		curl_multi_cleanup(w->multi);
	curl_slist_free_all(w->headers);
	config_put(w->config);
	straggler_done(&w->thread);
	free(w);
}

static void *scrape_main(void *arg)
{
	struct scrape *w = arg;

	pthread_setname_np(pthread_self(), "histd-scrape");
	priority_apart();
	make_targets(w);
	while (take_over(w)) {
		int running, wait_ms = begin_due(w);

		curl_multi_perform(w->multi, &running);
		finish_all(w);
		curl_multi_poll(w->multi, NULL, 0, wait_ms, NULL);
	}
	if (straggler_end(&w->thread))
		free_all(w);
	return NULL;
}

/* --- callers --- */

static void wake(void *arg)
{
	struct scrape *w = arg;

	curl_multi_wakeup(w->multi);
}

int scrape_start(struct server *s, struct config *c, struct scrape **ret)
{
	struct scrape *w = calloc(1, sizeof *w);
	int r = -ENOMEM;

	if (!w)
		return r;
	*w = (struct scrape){.server = s, .config = config_get(c)};
	straggler_init(&w->thread);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		w->multi = curl_multi_init();
	w->headers = curl_slist_append(NULL, accepted);
	if (w->multi && w->headers)
		r = thread_start(&w->thread.thread, STACK, scrape_main, w);
	if (r < 0) {
		free_all(w);
		return r;
	}
	*ret = w;
	return 0;
}

void scrape_configure(struct scrape *w, struct config *c)
{
	straggler_configure(&w->thread, c, wake, w);
}

void scrape_stop(struct scrape *w)
{
	if (straggler_stop(&w->thread, wake, w))
		free_all(w);
	else
		say("what is being scraped does not end, and is not waited for");
}
