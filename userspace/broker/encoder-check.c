// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does an encoder work here: see encoder-check.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "encoder-check.h"

#include <string.h>

#include "channel.h"
#include "reason.h"

struct encoder_check {
	GSubprocess *process;
	GCancellable *cancellable;
	GError *error; /* it could not be started */
	guint timer; /* until it has had its time */
	encoder_check_done *done;
	gpointer user_data;
};

static void finish(encoder_check *check, const char *element, gboolean software, const GError *error)
{
	g_clear_handle_id(&check->timer, g_source_remove);
	check->done(check, element, software, error, check->user_data);
}

static void came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GSubprocess *process = G_SUBPROCESS(source);
	encoder_check *check = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	g_autofree char *clean = NULL;
	gboolean software;

	if (!g_subprocess_communicate_utf8_finish(process, result, &output, NULL, &error)) {
		g_autoptr(GError) failed = NULL;

		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
			return;
		failed = g_error_new(REASON_ERROR, REASON_UMD_START, "%s", error->message);
		finish(check, NULL, FALSE, failed);
		return;
	}
	clean = channel_clean_text(output, CHANNEL_MAX_TEXT);
	if (g_subprocess_get_if_exited(process) && g_subprocess_get_exit_status(process) == 0) {
		software = g_str_has_suffix(clean, CHANNEL_ENCODER_SOFTWARE);
		if (software)
			clean[strlen(clean) - strlen(CHANNEL_ENCODER_SOFTWARE)] = '\0';
		finish(check, clean, software, NULL);
		return;
	}
	error = g_error_new(REASON_ERROR, REASON_CONFIGURATION, "%s",
			    *clean ? clean : "the user-mode driver cannot say which encoder works");
	finish(check, NULL, FALSE, error);
}

static gboolean timed_out(gpointer user_data)
{
	encoder_check *check = user_data;
	g_autoptr(GError) error =
		g_error_new(REASON_ERROR, REASON_UMD_HUNG,
			    "the user-mode driver did not say within %d s which encoder works",
			    ENCODER_CHECK_SECONDS);

	check->timer = 0;
	g_cancellable_cancel(check->cancellable);
	g_subprocess_force_exit(check->process);
	finish(check, NULL, FALSE, error);
	return G_SOURCE_REMOVE;
}

static gboolean not_started(gpointer user_data)
{
	encoder_check *check = user_data;

	check->timer = 0;
	finish(check, NULL, FALSE, check->error);
	return G_SOURCE_REMOVE;
}

encoder_check *encoder_check_new(const char *umd_program, const char *name,
				 encoder_check_done *done, gpointer user_data)
{
	encoder_check *check = g_new0(encoder_check, 1);
	g_autofree char *option = g_strconcat("--check-encoder=", name ? name : "", NULL);
	g_autoptr(GError) error = NULL;

	check->done = done;
	check->user_data = user_data;
	check->cancellable = g_cancellable_new();
	check->process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, umd_program,
					  option, NULL);
	if (!check->process) {
		check->error = g_error_new(REASON_ERROR, REASON_UMD_START, "cannot start %s: %s",
					   umd_program, error->message);
		check->timer = g_timeout_add(0, not_started, check);
		return check;
	}
	check->timer = g_timeout_add_seconds(ENCODER_CHECK_SECONDS, timed_out, check);
	g_subprocess_communicate_utf8_async(check->process, NULL, check->cancellable, came, check);
	return check;
}

void encoder_check_free(encoder_check *check)
{
	if (!check)
		return;
	g_cancellable_cancel(check->cancellable);
	g_object_unref(check->cancellable);
	g_clear_handle_id(&check->timer, g_source_remove);
	if (check->process)
		g_subprocess_force_exit(check->process);
	g_clear_object(&check->process);
	g_clear_error(&check->error);
	g_free(check);
}
