/* keyed.c -- see keyed.h */
#include "ctl/keyed.h"

#include "ctl/command.h"
#include "ctl/connected.h"
#include "ctl/opened.h"
#include "store/payload_name.h"

#include <err.h>
#include <getopt.h>
#include <inttypes.h>

enum { PAGE = 1000 };

struct keyed {
	struct opened opened;
	struct payloads *payloads; /* of the store */
	struct histfs *h;          /* or histd */
	struct buf room;

	uint64_t after; /* where the next are */
	bool ended;
	struct document *page; /* from histd: copies, as each of them may be asked for */
	size_t n, at;
	struct buf keys; /* of the page */
	uint64_t n_damaged;
};

static int fail(const struct keyed *d, int r)
{
	const char *why = d->h ? histfs_error(d->h) : "";

	if (r < 0 && r != -ENOENT && r != -ENODATA)
		warnx("%s", *why ? why : r == -EBADMSG ? "damaged; see histctl verify" : strerror(-r));
	return r;
}

int keyed_parse(int argc, char **argv, const char *letters, int min, int max, struct keyed_arguments *ret)
{
	static const struct option options[] = {
	    {"at", required_argument, NULL, 't'},
	    {"raw", no_argument, NULL, 'r'},
	    {"socket", required_argument, NULL, 'S'},
	    {"string", no_argument, NULL, 's'},
	    {0},
	};
	int c;

	*ret = (struct keyed_arguments){.time_ms = INT64_MAX};
	while ((c = getopt_long(argc, argv, letters, options, NULL)) >= 0) {
		if (c == '?' || !strchr(letters, c))
			return EXIT_USAGE;
		if (c == 's')
			ret->as_string = true;
		else if (c == 'r')
			ret->raw = true;
		else if (c == 'S')
			ret->socket = optarg;
		else if (opened_time(optarg, &ret->time_ms) < 0)
			return EXIT_FAILURE;
	}
	if (argc - optind < min || (max >= 0 && argc - optind > max))
		return EXIT_USAGE;
	return 0;
}

int keyed_open(const char *store, const char *socket, struct keyed **ret)
{
	_cleanup_(cleanup_keyed) struct keyed *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	if (store) {
		r = opened_init(&d->opened, store);
		if (r < 0)
			return r;
		r = store_payloads(d->opened.store, &d->payloads);
		if (r < 0)
			warnx("%s: its payloads: %s", store, strerror(-r));
	} else {
		r = connected_open(socket, &d->h);
	}
	if (r == 0)
		*ret = TAKE(d);
	return r;
}

int keyed_begin(int argc, char **argv, const char *letters, struct keyed_arguments *ret, struct payload_key *ret_key,
    struct keyed **ret_keyed)
{
	int status = keyed_parse(argc, argv, letters, 1, 2, ret);
	const char *store = argc - optind == 2 ? argv[optind] : NULL;

	if (status != 0)
		return status;
	if (keyed_key(argv[argc - 1], ret->as_string, ret_key) < 0 || keyed_open(store, ret->socket, ret_keyed) < 0)
		return EXIT_FAILURE;
	return 0;
}

void keyed_close(struct keyed *d)
{
	opened_done(&d->opened);
	if (d->h)
		histfs_close(d->h);
	free(d->page);
	buf_done(&d->keys);
	buf_done(&d->room);
	free(d);
}

int keyed_key(const char *text, bool as_string, struct payload_key *ret)
{
	int r = payload_name_typed(text, as_string, ret);

	if (r < 0)
		warnx("a key has 1 to %d bytes", PAYLOAD_KEY_MAX);
	return r;
}

struct histfs_key keyed_wire_key(const struct payload_key *key)
{
	if (key->is_number)
		return (struct histfs_key){.number = key->number};
	return (struct histfs_key){.string = key->string.p, .len = span_left(&key->string)};
}

/* --- both as one --- */

static void of_store(const struct payload *p, uint64_t len, struct document *ret)
{
	*ret = (struct document){
	    .key = p->key,
	    .value = p->value,
	    .value_len = len,
	    .number = p->number,
	    .time_ms = p->time_ms,
	    .raw = p->raw,
	    .deleted = p->deleted,
	};
}

static void of_wire(const struct histfs_payload *p, struct document *ret)
{
	*ret = (struct document){
	    .key = {.is_number = !p->key.string, .number = p->key.number, .string = span_of(p->key.string, p->key.len)},
	    .value = span_of(p->value, p->value ? p->value_len : 0),
	    .value_len = p->value_len,
	    .number = p->number,
	    .time_ms = p->time_ms,
	    .raw = p->flags & HISTFS_RAW,
	    .deleted = p->flags & HISTFS_DELETED,
	    .damaged = p->flags & HISTFS_DAMAGED,
	};
}

int keyed_get(struct keyed *d, const struct payload_key *key, int64_t time_ms, struct document *ret)
{
	struct histfs_payload wire;
	struct histfs_key wire_key = keyed_wire_key(key);
	struct payload p;
	int r;

	if (d->h) {
		r = histfs_get(d->h, &wire_key, time_ms, &wire);
		if (r == 0)
			of_wire(&wire, ret);
		return fail(d, r);
	}
	r = payloads_get(d->payloads, key, time_ms, &d->room, &p);
	if (r == 0)
		of_store(&p, span_left(&p.value), ret);
	return fail(d, r);
}

/* --- pages of histd's --- */

/* Keeps a page while other things are asked for. */
static int keep_page(struct keyed *d, const struct histfs_payload *v, size_t n)
{
	struct document *page = realloc(d->page, (n ? n : 1) * sizeof(*page));
	size_t at = 0;

	if (!page)
		return -ENOMEM;
	d->page = page;
	buf_clear(&d->keys);
	for (size_t i = 0; i < n; i++) {
		of_wire(&v[i], &page[i]);
		buf_put(&d->keys, v[i].key.string, v[i].key.len);
	}
	if (d->keys.err)
		return d->keys.err;
	for (size_t i = 0; i < n; i++) {
		page[i].key.string = span_of(d->keys.p ? d->keys.p + at : NULL, v[i].key.len);
		at += v[i].key.len;
	}
	d->n = n;
	d->at = 0;
	d->ended = n == 0;
	return 0;
}

/* The next of the page. */
static int take_from_page(struct keyed *d, struct document *ret)
{
	if (d->at == d->n)
		return -ENODATA;
	*ret = d->page[d->at++];
	return 0;
}

static int next_of_histd(struct keyed *d, bool values, struct document *ret)
{
	const struct histfs_payload *page;
	struct histfs_payload wire;
	struct histfs_key wire_key;
	size_t n;
	int r = 0;

	if (d->at == d->n && !d->ended) {
		r = histfs_keys(d->h, &d->after, PAGE, &page, &n);
		if (r == 0)
			r = keep_page(d, page, n);
	}
	if (r == 0)
		r = take_from_page(d, ret);
	if (r == 0 && ret->damaged) {
		d->n_damaged++;
		return -ENOENT;
	}
	if (r < 0 || !values)
		return r;
	r = histfs_record(d->h, ret->number, &wire);
	/* It was put again since the page was given: it is given as it is now. */
	if (r == -ENOENT) {
		wire_key = keyed_wire_key(&ret->key);
		r = histfs_get(d->h, &wire_key, HISTFS_NEWEST, &wire);
	}
	if (r == 0)
		of_wire(&wire, ret);
	if (r != -EBADMSG)
		return r;
	d->n_damaged++;
	return -ENOENT;
}

static int next_of_store(struct keyed *d, bool values, struct document *ret)
{
	uint64_t len, after = d->after;
	struct payload p;
	int r = payloads_next(d->payloads, after, values ? PAYLOADS_VALUES : 0, &d->room, &p, &len, &d->after);

	if (r == 0)
		of_store(&p, len, ret);
	if (r != -EBADMSG || d->after == after)
		return r;
	d->n_damaged++;
	return -ENOENT;
}

int keyed_next(struct keyed *d, bool values, struct document *ret)
{
	int r;

	/* -ENOENT: one that is left out, or was deleted since the page was given. */
	do
		r = d->h ? next_of_histd(d, values, ret) : next_of_store(d, values, ret);
	while (r == -ENOENT);
	return fail(d, r);
}

int keyed_ended(const struct keyed *d, int r)
{
	struct payloads_state st = {0};

	if (r != -ENODATA)
		return EXIT_FAILURE;
	if (d->payloads)
		payloads_state(d->payloads, &st);
	if (st.n_damaged > 0)
		warnx("the log is damaged in %" PRIu64
		      " places: what was put there is missing, or is older; see histctl verify",
		    st.n_damaged);
	if (d->n_damaged > 0)
		warnx("%" PRIu64 " damaged documents are left out; see histctl verify", d->n_damaged);
	return st.n_damaged + d->n_damaged > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- history --- */

static int history_of_histd(struct keyed *d, const struct payload_key *key, struct document *ret)
{
	struct histfs_key wire_key = keyed_wire_key(key);
	const struct histfs_payload *page;
	size_t n;
	int r = 0;

	if (d->at == d->n && !d->ended) {
		r = histfs_history(d->h, &wire_key, d->after, PAGE, &page, &n);
		if (r == 0)
			r = keep_page(d, page, n);
	}
	if (r == 0)
		r = take_from_page(d, ret);
	if (r == 0)
		d->after = ret->number;
	return r;
}

static int history_of_store(struct keyed *d, const struct payload_key *key, struct document *ret)
{
	struct payload p;
	int r;

	if (d->ended)
		return -ENODATA;
	if (d->after == 0) {
		r = payloads_newest(d->payloads, key, &d->room, &p);
	} else {
		r = payloads_record(d->payloads, d->after, &d->room, &p);
		if (r == -ENOENT)
			r = -ENODATA;
	}
	if (r < 0)
		return r;
	d->after = p.before;
	d->ended = p.before == 0;
	of_store(&p, span_left(&p.value), ret);
	return 0;
}

int keyed_history(struct keyed *d, const struct payload_key *key, struct document *ret)
{
	return fail(d, d->h ? history_of_histd(d, key, ret) : history_of_store(d, key, ret));
}
