// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is remembered of encoders until the next boot: see encoders-private.h.
 */
#include "encoders-private.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

/* Notes of boot and version, so that a new driver, kernel or GStreamer has a new chance. */
#define GROUP_ALL "all"
#define KEY_FOR "for"
#define KEY_TESTING "testing" /* process id */
#define KEY_ENDED "ended-while-testing" /* so many processes */
#define ENDED_MOST 2
#define KEY_FAILED "failed" /* WFD_H264_PROFILE_* that a session has lost it with */
#define KEY_TESTS_FAILED "tests-failed" /* so many with either profile; the second is no accident */
#define TESTS_FAILED_MOST 2
#define KEY_MEASURED "pixels-per-second"
#define KEY_PASSED "passed"

static char *file_name(void)
{
	return g_build_filename(g_get_user_cache_dir(), "miracast", "encoders", NULL);
}

static char *what_it_is_for(void)
{
	g_autofree char *boot = NULL;
	g_autofree char *version = gst_version_string();

	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL, NULL))
		return g_strdup(version);
	return g_strdup_printf("%s, boot %s", version, g_strchomp(boot));
}

GKeyFile *encoder_notes_load(void)
{
	g_autofree char *name = file_name();
	g_autofree char *wanted = what_it_is_for();
	g_autoptr(GKeyFile) notes = g_key_file_new();
	g_autofree char *found = NULL;

	if (g_key_file_load_from_file(notes, name, G_KEY_FILE_NONE, NULL))
		found = g_key_file_get_string(notes, GROUP_ALL, KEY_FOR, NULL);
	if (g_strcmp0(found, wanted) == 0)
		return g_steal_pointer(&notes);
	g_key_file_unref(notes);
	notes = g_key_file_new();
	g_key_file_set_string(notes, GROUP_ALL, KEY_FOR, wanted);
	return g_steal_pointer(&notes);
}

/* Nothing depends on it: where it cannot be written the next process tests again. */
void encoder_notes_save(GKeyFile *notes)
{
	g_autofree char *name = file_name();
	g_autofree char *directory = g_path_get_dirname(name);
	g_autoptr(GError) error = NULL;

	if (g_mkdir_with_parents(directory, 0700) < 0 ||
	    !g_key_file_save_to_file(notes, name, &error))
		g_debug("%s is not written: %s", name, error ? error->message : g_strerror(errno));
}

void encoder_note_testing(const char *group)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();

	g_key_file_set_integer(notes, group, KEY_TESTING, getpid());
	encoder_notes_save(notes);
}

/* Others may be testing it now. */
gboolean encoder_notes_kills(GKeyFile *notes, const char *group)
{
	gint ended = g_key_file_get_integer(notes, group, KEY_ENDED, NULL);
	gint process = g_key_file_get_integer(notes, group, KEY_TESTING, NULL);

	if (process > 0 && kill(process, 0) < 0 && errno == ESRCH) {
		g_key_file_set_integer(notes, group, KEY_ENDED, ++ended);
		g_key_file_remove_key(notes, group, KEY_TESTING, NULL);
		encoder_notes_save(notes);
	}
	return ended >= ENDED_MOST;
}

void encoder_notes_tested(GKeyFile *notes, const char *group)
{
	g_key_file_remove_key(notes, group, KEY_TESTING, NULL);
}

void encoder_note_result(const struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();
	gint passed[2];

	video_encoders_lock();
	for (guint i = 0; i < 2; i++)
		passed[i] = encoder->passed[i];
	if (encoder->measured)
		g_key_file_set_uint64(notes, encoder->element, KEY_MEASURED, encoder->measured);
	video_encoders_unlock();
	g_key_file_set_integer_list(notes, encoder->element, KEY_PASSED, passed, 2);
	encoder_notes_tested(notes, encoder->element);
	encoder_notes_save(notes);
}

void video_encoder_failed(const struct video_encoder *encoder, guint8 profiles, const char *why)
{
	g_autoptr(GKeyFile) notes = NULL;

	video_encoder_give_up(encoder, profiles, why);
	if (encoder->row->software)
		return;
	notes = encoder_notes_load();
	profiles |= g_key_file_get_integer(notes, encoder->element, KEY_FAILED, NULL);
	g_key_file_set_integer(notes, encoder->element, KEY_FAILED, profiles);
	encoder_notes_save(notes);
}

void encoder_note_test_failed(const struct video_encoder *encoder, guint index)
{
	g_autoptr(GKeyFile) notes = NULL;
	g_autofree gint *found = NULL;
	gint counts[2] = { 0 };
	gsize n = 0;

	if (encoder->row->software)
		return;
	notes = encoder_notes_load();
	found = g_key_file_get_integer_list(notes, encoder->element, KEY_TESTS_FAILED, &n, NULL);
	for (guint i = 0; i < 2; i++)
		counts[i] = (n == 2 ? found[i] : 0) + (i == index);
	g_key_file_set_integer_list(notes, encoder->element, KEY_TESTS_FAILED, counts, 2);
	encoder_notes_save(notes);
}

static void recall_failures(struct video_encoder *encoder, GKeyFile *notes)
{
	g_autofree gint *failed = NULL;
	gsize n = 0;

	video_encoder_give_up(encoder,
			      g_key_file_get_integer(notes, encoder->element, KEY_FAILED, NULL),
			      "it has failed in a session");
	failed = g_key_file_get_integer_list(notes, encoder->element, KEY_TESTS_FAILED, &n, NULL);
	for (guint i = 0; i < n && i < 2; i++) {
		if (failed[i] >= TESTS_FAILED_MOST)
			video_encoder_give_up(encoder, 1u << i, "it has failed its tests");
	}
}

gboolean encoder_recall(struct video_encoder *encoder)
{
	g_autoptr(GKeyFile) notes = encoder_notes_load();
	g_autofree gint *passed = NULL;
	gboolean known = TRUE;
	gsize n = 0;

	if (encoder_notes_kills(notes, encoder->element)) {
		video_encoder_give_up(encoder, BOTH_PROFILES,
				      "processes have ended while they tested it");
		return TRUE;
	}
	recall_failures(encoder, notes);
	passed = g_key_file_get_integer_list(notes, encoder->element, KEY_PASSED, &n, NULL);
	video_encoders_lock();
	for (guint i = 0; i < 2; i++) {
		encoder->passed[i] |= n == 2 ? passed[i] : 0;
		known &= encoder->passed[i] || encoder->unfit & 1u << i;
	}
	encoder->measured = g_key_file_get_uint64(notes, encoder->element, KEY_MEASURED, NULL);
	if (encoder->row->software)
		known = encoder->measured > 0;
	video_encoders_unlock();
	return known;
}

