// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where elements come from: see wfdelements.h.
 */
#include "wfdelements.h"

#include "wfdtsmux.h"

#define X264_PLUGIN "libgstwfdx264.so"

static gpointer load_x264_plugin(gpointer unused)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = program ? g_path_get_dirname(program) : NULL;
	g_autofree char *file = directory ? g_build_filename(directory, X264_PLUGIN, NULL) : NULL;
	g_autoptr(GstPlugin) plugin = NULL;
	g_autoptr(GError) error = NULL;

	if (!file || !g_file_test(file, G_FILE_TEST_EXISTS))
		return NULL;
	plugin = gst_plugin_load_file(file, &error);
	if (!plugin)
		g_message("%s is not used: %s", file, error->message);
	return NULL;
}

gboolean wfd_elements_register(void)
{
	static GOnce once = G_ONCE_INIT;

	g_once(&once, load_x264_plugin, NULL);
	return wfd_ts_mux_register();
}
