// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracast-spawn call SOCKET PROGRAM [ARGUMENT…]
 * miracast-spawn serve
 *
 * See spawn.h.
 */
#include <stdio.h>
#include <string.h>

#include "sandbox.h"
#include "spawn.h"

int main(int argc, char **argv)
{
	if (argc > 3 && strcmp(argv[1], "call") == 0)
		return spawn_call(argv[2], argv + 3);
	if (argc == 2 && strcmp(argv[1], "serve") == 0)
		return spawn_serve();
	fprintf(stderr, "Usage: miracast-spawn call SOCKET PROGRAM [ARGUMENT…]\n"
			"       miracast-spawn serve\n"
			"Started by miracastd and its units.\n");
	return SANDBOX_EXIT_USAGE;
}
