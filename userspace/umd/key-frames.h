/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key-frames.h - which picture is a key frame
 *
 * By time, not by count: pictures come at any rate, from one a second of a still
 * desktop to sixty.  Encoders are told to make none by themselves.
 *
 *   asked for	(M13, a gap, packets lost here)  the next picture, but not within
 *		KEY_FRAME_GAP_US of the key frame before: a sink that asks all the
 *		time gets no stream of them.
 *   unasked	KEY_FRAME_INTERVAL_US after the one before.  Also for sinks that say
 *		they can ask: many say so and never do (picast, castd), and after a
 *		lost packet, or when their decoder starts late, wait for the next.
 *
 * A key frame is never an extra picture; it is the next one that is due anyway.
 * Who keeps the pictures coming has to be poked when one is due and the desktop
 * stands still, see key_frames_due().
 *
 * Times are g_get_monotonic_time().  Not thread safe.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KEY_FRAME_GAP_US (G_USEC_PER_SEC / 4)
#define KEY_FRAME_INTERVAL_US (4 * G_USEC_PER_SEC)

/**
 * struct key_frames - all fields private
 */
struct key_frames {
	gint64 last_us; /* of the latest picture that was a key frame; 0: none */
	gboolean asked;
};

/* The next picture has to be one, however near the one before is: a stream begins. */
void key_frames_restart(struct key_frames *keys);
/* Somebody needs one. */
void key_frames_ask(struct key_frames *keys);
/* From when on a picture is needed for the one that was asked for; G_MAXINT64: none was. */
gint64 key_frames_due(const struct key_frames *keys);
/* A picture goes to the encoder: whether it has to be a key frame. */
gboolean key_frames_next(struct key_frames *keys, gint64 now_us);

G_END_DECLS
