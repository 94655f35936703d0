/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-settings.h - what was chosen in the window last, for the next one
 *
 * A GKeyFile of the user's, miracast/cast.conf where XDG has settings of programs; not GSettings, whose schema has to be
 * compiled by whoever installs the program, and which ends a program that does not find it.  Short, and written when a
 * switch is moved.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * struct cast_settings - the switches
 * @sound: the display is an output for sound, too; on at first
 * @stay: a cast that was lost comes back
 * @pin: a PIN is asked for
 */
struct cast_settings {
	gboolean sound;
	gboolean stay;
	gboolean pin;
};

/* To be freed. */
char *cast_settings_path(void);
/* What is not there, or cannot be read, is as at first. */
void cast_settings_load(const char *path, struct cast_settings *settings);
/* Fails with G_FILE_ERROR. What others have written into the file stays. */
gboolean cast_settings_save(const char *path, const struct cast_settings *settings, GError **error);

G_END_DECLS
