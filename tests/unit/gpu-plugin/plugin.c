// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The elements of fake-gpu.h as a plug-in, for programs as they are installed: vah264enc and
 * vapostproc of the device "linear@1.28".  Found by GST_PLUGIN_PATH, and never installed.
 *
 * GST_FAKE_GPU names a file.  The words in it say what fails from now on; it may be written, and replaced,
 * at any time, and need not be there:
 *
 *	convert-fails		the converter refuses each picture
 *	encode-fails-gpu	the encoder refuses those that are in the GPU's memory
 *	encode-fails		... all of them
 */
#include <string.h>

#include "fake-gpu.h"

#define PACKAGE "miracast"
#define CONTROL_VARIABLE "GST_FAKE_GPU"
#define LOOK_US 20000

static const struct {
	const char *word;
	gint *fault;
} faults[] = {
	{ "convert-fails", &fake_gpu.convert_fails },
	{ "encode-fails-gpu", &fake_gpu.encode_fails_gpu },
	{ "encode-fails", &fake_gpu.encode_fails },
};

static gpointer look_at_control(gpointer data)
{
	const char *file = data;

	for (;; g_usleep(LOOK_US)) {
		g_autofree char *text = NULL;
		g_auto(GStrv) words = NULL;

		if (!g_file_get_contents(file, &text, NULL, NULL))
			continue;
		words = g_strsplit_set(text, " \n", -1);
		for (guint i = 0; i < G_N_ELEMENTS(faults); i++)
			g_atomic_int_set(faults[i].fault,
					 g_strv_contains((const char *const *)words, faults[i].word));
	}
	return NULL;
}

static gboolean plugin_init(GstPlugin *plugin)
{
	g_autoptr(GKeyFile) encoders = fake_gpu_load(ENCODERS_INI);
	g_autoptr(GKeyFile) devices = fake_gpu_load(GPU_DEVICES_INI);
	const char *control = g_getenv(CONTROL_VARIABLE);

	fake_gpu_register(plugin, encoders, devices, "linear@1.28", "vah264enc", "vapostproc");
	if (control)
		g_thread_unref(g_thread_new("control", look_at_control, g_strdup(control)));
	return TRUE;
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, fakegpu, "A GPU that is not here", plugin_init, "1", "LGPL",
		  PACKAGE, "https://example.org/")
