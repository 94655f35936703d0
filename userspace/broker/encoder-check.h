/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoder-check.h - does an encoder work here?
 *
 * Asks a miracast-umd, which encodes a few pictures: what GStreamer has, and what
 * its elements may open, depends on who asks.  What it has found out is kept for
 * the sessions (umd-launcher.h).
 */
#pragma once

#include <gio/gio.h>

#include "umd-launcher.h"

G_BEGIN_DECLS

/* Where somebody waits for the answer. */
#define ENCODER_CHECK_SECONDS 12
/* Where nobody does: each plug-in there is may have to be loaded first. */
#define ENCODER_CHECK_UNHURRIED_SECONDS 120

typedef struct encoder_check encoder_check;

/**
 * encoder_check_done - it has answered, or had its time
 * @element: the encoder that works, or NULL
 * @software: it runs on the processor
 * @pictures: which way pictures go to it, a part of a sentence; "": not said
 * @error: REASON_CONFIGURATION if one was asked for that does not work, else
 *	REASON_UMD_START or _UMD_HUNG; NULL if @element is not
 *
 * Called once, from the main loop.  May free the check.
 */
typedef void encoder_check_done(encoder_check *check, const char *element, gboolean software,
				const char *pictures, const GError *error, gpointer user_data);

/* @name: GStreamer element, or NULL: any; @seconds: its time */
encoder_check *encoder_check_new(umd_launcher *launcher, const char *name, guint seconds,
				 encoder_check_done *done, gpointer user_data);
/*
 * A session has lost @encoder with @profiles (channel.h): has it written down where the
 * sessions cannot write.  Not trusted: what is no name of an element, or no profile, is
 * ignored.  Nobody is told the result.
 */
void encoder_check_note_failure(umd_launcher *launcher, const char *encoder, guint32 profiles);
/* Without a word if it was not done. */
void encoder_check_free(encoder_check *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(encoder_check, encoder_check_free)

G_END_DECLS
