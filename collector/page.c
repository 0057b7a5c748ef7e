/* page.c -- see page.h */
#include "collector/page.h"

enum { PIECE = 256 << 10 };

/* --- samples --- */

struct piece {
	const struct page *page;
	struct span text;
	uint64_t line;
	struct feed_result result;
};

static int deliver_there(struct ingest *g, void *arg, struct server_task *task)
{
	struct feed *f = gauges_feed(ingest_gauges(g));
	struct piece *p = arg;
	struct point_sink *sink;

	(void)task;
	if (!f)
		return -EIO;
	sink = feed_begin(f, p->page->scope, p->page->labels, p->page->n_labels);
	sink->line = p->line;
	promtext_parse(p->text, true, p->page->form, p->page->ns, sink);
	p->line = sink->line;
	return feed_end(f, &p->result);
}

/* About as many bytes as a piece has, up to the end of a line. */
static struct span next_piece(struct span *text)
{
	const uint8_t *end = text->end;
	struct span piece;

	if (span_left(text) > PIECE) {
		end = memchr(text->p + PIECE, '\n', span_left(text) - PIECE);
		end = end ? end + 1 : text->end;
	}
	piece = (struct span){text->p, end};
	text->p = end;
	return piece;
}

int page_deliver(struct straggler *t, struct server *s, const struct page *p, struct feed_result *ret)
{
	struct piece piece = {.page = p};
	struct span left = p->text;
	int r = 0;

	*ret = (struct feed_result){0};
	while (r == 0 && left.p < left.end) {
		piece.text = next_piece(&left);
		r = straggler_call(t, s, deliver_there, &piece);
		if (ret->refused == 0)
			memcpy(ret->why, piece.result.why, sizeof ret->why);
		ret->accepted += piece.result.accepted;
		ret->refused += piece.result.refused;
	}
	return r;
}

/* --- what is told of it --- */

struct told {
	const struct page *page;
	const struct page_note *notes;
	size_t n;
	enum page_fate fate;
};

static int note_there(struct ingest *g, void *arg, struct server_task *task)
{
	struct feed *f = gauges_feed(ingest_gauges(g));
	const struct told *told = arg;
	struct feed_result result;

	(void)task;
	if (!f)
		return -EIO;
	gauges_counts(ingest_gauges(g))->n_scrapes += told->fate == PAGE_GOOD;
	gauges_counts(ingest_gauges(g))->n_unscraped += told->fate == PAGE_BAD;
	feed_begin(f, told->page->scope, told->page->labels, told->page->n_labels);
	for (size_t i = 0; i < told->n; i++) {
		struct point_label label = told->notes[i].label;

		feed_point(f, page_string(told->notes[i].metric), &label, label.name.p != NULL, told->page->ns,
		    told->notes[i].value);
	}
	return feed_end(f, &result);
}

int page_note(struct straggler *t, struct server *s, const struct page *p, const struct page_note *notes, size_t n,
    enum page_fate fate)
{
	struct told told = {p, notes, n, fate};

	return straggler_call(t, s, note_there, &told);
}

int page_labels(const struct config_labels *l, const struct point_label *more, size_t n_more, struct point_label **ret,
    size_t *ret_n)
{
	struct point_label *v = calloc(l->names.n + n_more + 1, sizeof *v);

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < l->names.n; i++)
		v[i] = (struct point_label){page_string(l->names.v[i]), page_string(l->values.v[i])};
	for (size_t i = 0; i < n_more; i++)
		v[l->names.n + i] = more[i];
	*ret = v;
	*ret_n = l->names.n + n_more;
	return 0;
}
