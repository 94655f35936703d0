// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What session processes write to stderr: see umd-stderr.h.
 */
#include "umd-stderr.h"

#include <unistd.h>

#include "channel.h"

#define MOST_AT_ONCE 4096

GSubprocessFlags umd_stderr_flags(gboolean of_a_unit)
{
	return of_a_unit || isatty(STDERR_FILENO) ? G_SUBPROCESS_FLAGS_STDERR_PIPE : G_SUBPROCESS_FLAGS_NONE;
}

/* A character, or a line, that came in two pieces is two. */
static void show(GBytes *bytes)
{
	gsize length;
	const char *data = g_bytes_get_data(bytes, &length);
	g_autofree char *text = g_strndup(data, length);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i]; i++) {
		g_autofree char *clean = channel_clean_text(lines[i], MOST_AT_ONCE);

		if (*clean)
			g_printerr("%s\n", clean);
	}
}

static void came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GInputStream *stream = G_INPUT_STREAM(source);
	g_autoptr(GBytes) bytes = g_input_stream_read_bytes_finish(stream, result, NULL);

	if (!bytes || g_bytes_get_size(bytes) == 0)
		return;
	show(bytes);
	g_input_stream_read_bytes_async(stream, MOST_AT_ONCE, G_PRIORITY_DEFAULT_IDLE, NULL, came, NULL);
}

void umd_stderr_show(GSubprocess *process)
{
	GInputStream *stream = g_subprocess_get_stderr_pipe(process);

	if (stream)
		g_input_stream_read_bytes_async(stream, MOST_AT_ONCE, G_PRIORITY_DEFAULT_IDLE, NULL, came, NULL);
}
