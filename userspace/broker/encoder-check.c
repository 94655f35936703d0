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
	guint seconds; /* which is so long */
	encoder_check_done *done;
	gpointer user_data;
};

static void finish(encoder_check *check, const char *element, gboolean software, const char *pictures,
		   const GError *error)
{
	g_clear_handle_id(&check->timer, g_source_remove);
	check->done(check, element, software, pictures, error, check->user_data);
}

static void came(GObject *source, GAsyncResult *result, gpointer user_data)
{
	GSubprocess *process = G_SUBPROCESS(source);
	encoder_check *check = user_data;
	g_autoptr(GError) error = NULL;
	g_autofree char *output = NULL;
	g_autofree char *clean = NULL;
	g_autofree char *pictures = NULL;
	gboolean software;
	char *end;

	if (!g_subprocess_communicate_utf8_finish(process, result, &output, NULL, &error)) {
		g_autoptr(GError) failed = NULL;

		if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
			return;
		failed = g_error_new(REASON_ERROR, REASON_UMD_START, "%s", error->message);
		finish(check, NULL, FALSE, "", failed);
		return;
	}
	end = strchr(output, '\n');
	pictures = channel_clean_text(end ? end + 1 : "", CHANNEL_MAX_TEXT);
	if (end)
		*end = '\0';
	clean = channel_clean_text(output, CHANNEL_MAX_TEXT);
	if (g_subprocess_get_if_exited(process) && g_subprocess_get_exit_status(process) == 0) {
		software = g_str_has_suffix(clean, CHANNEL_ENCODER_SOFTWARE);
		if (software)
			clean[strlen(clean) - strlen(CHANNEL_ENCODER_SOFTWARE)] = '\0';
		finish(check, clean, software, pictures, NULL);
		return;
	}
	error = g_error_new(REASON_ERROR, REASON_CONFIGURATION, "%s",
			    *clean ? clean : "the user-mode driver cannot say which encoder works");
	finish(check, NULL, FALSE, "", error);
}

static gboolean timed_out(gpointer user_data)
{
	encoder_check *check = user_data;
	g_autoptr(GError) error =
		g_error_new(REASON_ERROR, REASON_UMD_HUNG,
			    "the user-mode driver did not say within %u s which encoder works",
			    check->seconds);

	check->timer = 0;
	g_cancellable_cancel(check->cancellable);
	g_subprocess_force_exit(check->process);
	finish(check, NULL, FALSE, "", error);
	return G_SOURCE_REMOVE;
}

static gboolean not_started(gpointer user_data)
{
	encoder_check *check = user_data;

	check->timer = 0;
	finish(check, NULL, FALSE, "", check->error);
	return G_SOURCE_REMOVE;
}

encoder_check *encoder_check_new(umd_launcher *launcher, const char *name, guint seconds,
				 encoder_check_done *done, gpointer user_data)
{
	encoder_check *check = g_new0(encoder_check, 1);
	g_autofree char *option = g_strconcat("--check-encoder=", name ? name : "", NULL);
	g_autoptr(GSubprocessLauncher) process =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);

	check->seconds = seconds;
	check->done = done;
	check->user_data = user_data;
	check->cancellable = g_cancellable_new();
	check->process = umd_launcher_start(launcher, UMD_PURPOSE_MAINTENANCE, process, option,
					    &check->error);
	if (!check->process) {
		check->timer = g_timeout_add(0, not_started, check);
		return check;
	}
	check->timer = g_timeout_add_seconds(seconds, timed_out, check);
	g_subprocess_communicate_utf8_async(check->process, NULL, check->cancellable, came, check);
	return check;
}

static gboolean note_timed_out(gpointer user_data)
{
	g_subprocess_force_exit(user_data);
	return G_SOURCE_REMOVE;
}

static gboolean is_element(const char *name)
{
	gsize len = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_");

	return len > 0 && len <= 64 && !name[len];
}

void encoder_check_note_failure(umd_launcher *launcher, const char *encoder, guint32 profiles)
{
	g_autoptr(GSubprocessLauncher) process = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
	g_autoptr(GError) error = NULL;
	g_autofree char *option = NULL;
	GSubprocess *started;

	if (!is_element(encoder) || profiles < 1 || profiles > G_MAXUINT8)
		return;
	option = g_strdup_printf("--encoder-failed=%s:%u", encoder, profiles);
	started = umd_launcher_start(launcher, UMD_PURPOSE_MAINTENANCE, process, option, &error);
	if (!started) {
		g_warning("%s", error->message);
		return;
	}
	g_timeout_add_seconds_full(G_PRIORITY_DEFAULT, ENCODER_CHECK_UNHURRIED_SECONDS, note_timed_out,
				   started, g_object_unref);
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
