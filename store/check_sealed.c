/* check_sealed.c -- checks of a sealed file as such: header, frames, table of contents, footer */
#include "store/check_sealed.h"

struct walk {
	struct check *check;
	uint32_t n_groups;
};

static const char *type_name(uint8_t type)
{
	static const char *const names[] = {
	    [FRAME_SCHEMA] = "schema",
	    [FRAME_SNAPSHOT] = "snapshot",
	    [FRAME_GROUP] = "group",
	    [FRAME_DICT] = "dictionary",
	    [FRAME_INDEX] = "index",
	    [FRAME_LISTING] = "listing",
	    [FRAME_META] = "meta",
	    [FRAME_HEAT] = "heat",
	    [FRAME_HOST] = "host",
	    [FRAME_ROSTERS] = "rosters",
	    [FRAME_HEAT_SUM] = "heat sum",
	    [FRAME_KEYS_HEAD] = "head of keys",
	    [FRAME_KEYS_PAGE] = "page of keys",
	    [FRAME_POINTS_PAGE] = "values of points",
	    [FRAME_POINTS_KEYS] = "keys of points",
	    [FRAME_POINTS_HEAD] = "head of points",
	    [FRAME_POINTS_TIMES] = "times of points",
	    [FRAME_POINTS_BLOOM] = "Bloom filter",
	    [FRAME_POINTS_PAGES] = "index of pages",
	    [FRAME_POINTS_KEY_PAGES] = "index of keys",
	    [FRAME_DROPS] = "drop",
	    [FRAME_FOLLOWED] = "positions in followed files",
	};

	return type < N_ELEMENTS(names) && names[type] ? names[type] : "unknown";
}

static void on_frame(uint8_t type, uint64_t off, int r, void *arg)
{
	struct walk *w = arg;

	w->n_groups += r == 0 && type == FRAME_GROUP;
	if (r == 0)
		return;
	/* The table of contents does not name groups. */
	if (type == 0)
		check_problem(w->check, off, "bytes that are no frame");
	else
		check_problem(w->check, off, "damaged frame (%s)", type_name(type));
}

void check_sealed_header(struct check *c, const struct file_id *expected, const struct file_id *found)
{
	if (expected->store_id != 0 && found->store_id != expected->store_id)
		check_problem(c, 0, "the file is another store's");
	if (found->hour != expected->hour || found->part != expected->part)
		check_problem(c, 0, "the file's name is not that of its hour and part");
}

int check_sealed(
    struct check *c, int dirfd, const char *name, const struct file_id *id, struct sealed **ret, uint32_t *ret_n_groups)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	struct walk w = {.check = c};
	int r = sealed_open(dirfd, name, id->kind, &s);

	*ret = NULL;
	*ret_n_groups = 0;
	if (r == -EPROTONOSUPPORT) {
		check_problem(c, 0, "written by a newer version");
		return 0;
	}
	if (r == -EBADMSG) {
		check_problem(c, 0, "header, footer or table of contents are damaged, or the file is cut");
		return 0;
	}
	if (r < 0)
		return r;
	c->count->n_bytes += sealed_len(s);
	check_sealed_header(c, id, sealed_id(s));
	r = sealed_verify(s, on_frame, &w);
	if (r < 0)
		return r;
	*ret_n_groups = w.n_groups;
	*ret = TAKE(s);
	return 0;
}

void check_sealed_log_damage(struct check *c, const struct log_reader *lr, struct log_recovery *ret)
{
	log_reader_damage(lr, ret);
	c->count->n_bytes += ret->len;
	if (ret->n_damaged > 0)
		check_problem(c, ret->damaged_off, "%llu bytes in %llu places are no frames",
		    (unsigned long long)ret->damaged_len, (unsigned long long)ret->n_damaged);
}
