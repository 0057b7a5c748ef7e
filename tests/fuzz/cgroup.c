/* cgroup.c -- fuzz target: the files of a cgroup into cells
 *
 * An input is a byte that chooses the file, and one or more texts with a byte 0x1e between them: what is known of a
 * file's lines from one is tried on the next. Beside not crashing: every cell that is set has a column, which is not
 * one of the key's, and says that it came from such a file.
 */
#include "collector/cgroupparse.h"
#include "tests/fuzz/must.h"
#include "tests/source_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { NEXT_TEXT = 0x1e };

static void check_text(struct cgroupparse *cp, size_t file, const char *text, struct table *t)
{
	struct cgroup_cells cells = {0};

	must(cgroupparse_file(cp, file, text, t, &cells) == 0);
	for (uint32_t c = 0; c < cells.cap; c++)
		must(!cells.has[c] ||
		     (c > CG_ID && c < t->schema->n_columns && cells.has[c] == 1 + cgroupparse_files[file].when));
	cgroup_cells_done(&cells);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(cleanup_cgroupparse) struct cgroupparse *cp = NULL;
	_cleanup_(cleanup_free) char *text = NULL;
	struct source_rig g;

	if (len == 0)
		return 0;
	text = malloc(len);
	must(text && source_rig_up(&g, source_rig_find("cgroup"), "/") == 0 && cgroupparse_new(&cp) == 0);
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	for (char *p = text, *next; p; p = next) {
		next = strchr(p, NEXT_TEXT);
		if (next)
			*next++ = '\0';
		check_text(cp, data[0] % CGROUP_N_FILES, p, g.t);
	}
	source_rig_down(&g);
	return 0;
}
