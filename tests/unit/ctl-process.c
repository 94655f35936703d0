// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * miracastctl as a process: see ctl-process.h.
 */
#include "ctl-process.h"

GSubprocess *ctl_process(GSubprocessFlags flags, const char *const *arguments)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	GSubprocess *process;

	g_ptr_array_add(argv, (gpointer)MIRACASTCTL);
	g_ptr_array_add(argv, (gpointer) "--session-bus");
	for (; *arguments; arguments++)
		g_ptr_array_add(argv, (gpointer)*arguments);
	g_ptr_array_add(argv, NULL);
	process = g_subprocess_newv((const char *const *)argv->pdata, flags, &error);
	g_assert_no_error(error);
	return process;
}
