/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoder-check.h - does an encoder work here?
 *
 * Asks a miracast-umd, which encodes a few pictures: what GStreamer has, and what
 * its elements may open, depends on who asks.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define ENCODER_CHECK_SECONDS 12

typedef struct encoder_check encoder_check;

/**
 * encoder_check_done - it has answered, or had its time
 * @element: the encoder that works, or NULL
 * @software: it runs on the processor
 * @error: REASON_CONFIGURATION if one was asked for that does not work, else
 *	REASON_UMD_START or _UMD_HUNG; NULL if @element is not
 *
 * Called once, from the main loop.  May free the check.
 */
typedef void encoder_check_done(encoder_check *check, const char *element, gboolean software,
				const GError *error, gpointer user_data);

/* @umd_program: path of miracast-umd; @name: GStreamer element, or NULL: any */
encoder_check *encoder_check_new(const char *umd_program, const char *name,
				 encoder_check_done *done, gpointer user_data);
/* Without a word if it was not done. */
void encoder_check_free(encoder_check *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(encoder_check, encoder_check_free)

G_END_DECLS
