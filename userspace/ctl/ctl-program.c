// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Other programs that are asked something: see ctl-program.h.
 */
#include "ctl-program.h"

#include <gio/gio.h>
#include <unistd.h>

#define ANSWER_SECONDS 5
/* What timeout(1) ends with if it had to end the program. */
#define TIMED_OUT 124

char *program_find(const char *root, const char *name)
{
	g_autofree char *in_path = g_find_program_in_path(name);
	g_autofree char *in_sbin = g_strdup_printf("%s/usr/sbin/%s", root, name);

	if (in_path)
		return g_steal_pointer(&in_path);
	return access(in_sbin, X_OK) == 0 ? g_steal_pointer(&in_sbin) : NULL;
}

char *program_output(enum program_status wanted, const char *const *argv)
{
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *output = NULL;
	const char *limited[8] = { "timeout", G_STRINGIFY(ANSWER_SECONDS) };

	for (guint i = 0; argv[i] && i + 3 < G_N_ELEMENTS(limited); i++)
		limited[i + 2] = argv[i];
	g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
	process = g_subprocess_launcher_spawnv(launcher, limited, NULL);
	if (!process || !g_subprocess_communicate_utf8(process, NULL, NULL, &output, NULL, NULL) ||
	    !g_subprocess_get_if_exited(process) || g_subprocess_get_exit_status(process) == TIMED_OUT)
		return NULL;
	if (wanted == PROGRAM_SUCCESS && g_subprocess_get_exit_status(process) != 0)
		return NULL;
	return g_steal_pointer(&output);
}
