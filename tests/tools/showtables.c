/* showtables.c -- tables as histd's sources make them of a tree
 *
 *   showtables ROOT -c         a line a column: table, column
 *   showtables ROOT TABLE      the rows of one table
 *
 * Tables that the tree has nothing for have their descriptors' columns.
 */
#include "store/text.h"
#include "tests/source_rig.h"

static int show(const struct source_desc *desc, const char *root, bool columns)
{
	struct source_rig g;
	struct buf text = {0};
	int r = source_rig_up(&g, desc, root);

	if (r == 0)
		r = source_rig_sample(&g);
	if (columns && g.t) {
		for (uint32_t i = 0; i < g.t->schema->n_columns; i++)
			printf("%s %s\n", desc->name, g.t->schema->columns[i].name);
		if (desc->slow)
			printf("%s %s\n", desc->name, SOURCE_TAKEN);
		r = 0;
	} else if (r == 0) {
		text_put_table(&text, g.t);
		fwrite(text.p, 1, text.len, stdout);
		r = text.err;
	}
	buf_done(&text);
	source_rig_down(&g);
	return r;
}

int main(int argc, char **argv)
{
	bool columns = argc == 3 && strcmp(argv[2], "-c") == 0, any = false;
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	if (argc != 3) {
		fprintf(stderr, "usage: showtables ROOT -c | ROOT TABLE\n");
		return 2;
	}
	for (size_t i = 0; i < n; i++) {
		int r;

		if (!columns && strcmp(all[i]->name, argv[2]) != 0)
			continue;
		any = true;
		r = show(all[i], argv[1], columns);
		if (r < 0) {
			fprintf(stderr, "showtables: %s: %s\n", all[i]->name, strerror(-r));
			return 1;
		}
	}
	return any ? 0 : 1;
}
