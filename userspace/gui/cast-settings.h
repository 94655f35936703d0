/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cast-settings.h - what was chosen in the window last, for the next one
 *
 * A GKeyFile of the user's, miracast/cast.conf where XDG has settings of programs; not GSettings, whose schema has to be
 * compiled by whoever installs the program, and which ends a program that does not find it.  Short, and written when a
 * switch is moved or a button pressed.
 */
#pragma once

#include "channel.h"

G_BEGIN_DECLS

/**
 * struct cast_settings - the switches, and a choice
 * @sound: the display is an output for sound, too; on at first
 * @stay: a cast that was lost comes back
 * @pin: a PIN is asked for
 * @latency: "normal" at first, which leaves it to a display that asks for another one
 */
struct cast_settings {
	gboolean sound;
	gboolean stay;
	gboolean pin;
	enum channel_latency latency;
};

/* To be freed. */
char *cast_settings_path(void);
/* What is not there, or cannot be read, is as at first. */
void cast_settings_load(const char *path, struct cast_settings *settings);
/* Fails with G_FILE_ERROR. What others have written into the file stays. */
gboolean cast_settings_save(const char *path, const struct cast_settings *settings, GError **error);
/* Floating: a{sv} of Connect(), with what is otherwise than without any. */
GVariant *cast_settings_options(const struct cast_settings *settings);

G_END_DECLS
