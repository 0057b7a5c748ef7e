/* command.h -- what a command of histctl is
 *
 * A command is one file ctl/cmd_NAME.c that ends in its descriptor:
 *
 *   COMMAND(ls) = {.name = "ls", .args = "[-l] STORE [PATH]", .what = "...", .run = run};
 *
 * Nothing lists the commands; the linker gathers them.
 */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

enum { EXIT_USAGE = 2 };

struct command {
	const char *name;
	const char *args; /* synopsis */
	const char *what; /* one line of help */

	/* argv[0] is the command's name, and optind is 1. Returns the exit status: EXIT_FAILURE once stderr has been
	 * told why in a line, EXIT_USAGE for arguments that are not as args says. */
	int (*run)(int argc, char **argv);
};

#define COMMAND(ident)                                                                                                 \
	static const struct command command_##ident;                                                                   \
	static const struct command *const command_ptr_##ident                                                         \
	    __attribute__((used, section("histfs_commands"), aligned(sizeof(void *)))) = &command_##ident;             \
	static const struct command command_##ident

#endif
