/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * frame-pump.h - brings frames from a source to the encoder, newest first
 *
 * One thread.  It takes a frame only while the encoder has nothing to do, so
 * that between the desktop and the encoder there is never more than the one
 * frame being converted, and what the encoder gets is as fresh as it can be.
 *
 * What a new picture looks like at first is a matter of the bits that it may have.  So it is
 * sent again, at no more than the mode's rate, until that makes it no better:
 *
 *	refining --encoded(GAIN_NONE), a second without encoded(GAIN_SOME), or ten--> resting
 *	resting --a picture with changes, or encoded(key)--> refining
 *
 * At rest it is sent once a second, the first time a fifth of a second after it has changed.
 * Displays bear more: Android, which they are made for, repeats a picture ten times and then sends
 * none until there is another one.  They give up on streams that stop; what does not stop is the
 * stream's clock (wfdtsmux.h).
 */
#pragma once

#include "frame-source.h"

G_BEGIN_DECLS

typedef struct frame_pump frame_pump;

/**
 * struct frame_pump_funcs - where pictures go; all in the pump's thread
 * @picture: show @picture now, borrowed for the call.  @info is that of the
 *	frame; when it is a repetition @repeat is set and @info the one before
 * @dropped: frame @seq was begun and will not be shown: it is torn (R87)
 * @lost: frames were lost before anybody heard of them: the stream has had a
 *	gap, and should go on with a key frame (R63)
 * @unreadable: the desktop's buffers cannot be read, for a reason that lives for ever
 * @gone: the source has gone; nothing comes any more
 */
struct frame_pump_funcs {
	void (*picture)(const struct picture *picture, const struct frame_info *info,
			gboolean repeat, gpointer user_data);
	void (*dropped)(guint64 seq, gpointer user_data);
	void (*lost)(gpointer user_data);
	void (*unreadable)(const char *why, gpointer user_data);
	void (*gone)(gpointer user_data);
};

/**
 * struct frame_pump_counters - since the pump began
 * @offered: frames that the desktop made, as far as they were counted
 * @taken: frames taken from the source
 * @dropped: frames that a newer one replaced, or that were torn
 */
struct frame_pump_counters {
	guint64 offered;
	guint64 taken;
	guint64 dropped;
};

/* Starts the thread, paused and without a mode. @source stays the caller's. */
frame_pump *frame_pump_new(const struct frame_source_class *source_class, gpointer source,
			   const struct frame_pump_funcs *funcs, gpointer user_data, GError **error);
/*
 * Ends the thread, for good: no function runs afterwards. The pump may still be
 * called, so that whoever gets the pictures can be ended between the two.
 */
void frame_pump_stop(frame_pump *pump);
/* Stops it, if it is not, and frees it. NULL is allowed. */
void frame_pump_free(frame_pump *pump);

/* From any thread: */

/* Pictures have this mode from now on; black until the first frame of it. */
void frame_pump_set_mode(frame_pump *pump, const struct stream_mode *mode);
/* Run or rest. Running starts with a picture, as if it were poked. */
void frame_pump_set_running(frame_pump *pump, gboolean running);
/* Show nothing but black, at the rate of repetitions, or frames again. */
void frame_pump_set_blank(frame_pump *pump, gboolean blank);
/* The encoder has nothing to do: one more picture, please. */
void frame_pump_want(frame_pump *pump);
/*
 * A picture is needed, be it a repetition: a key frame was asked for.  It is the desktop's
 * next one, or comes one and a half periods of the mode after the one before: never is the
 * mode's rate exceeded.
 */
void frame_pump_poke(frame_pump *pump);
/* Frame @seq has left the encoder, as a key frame or not; any thread. */
void frame_pump_encoded(frame_pump *pump, guint64 seq, gboolean key, enum picture_gain gain);
/*
 * Of the mode's pictures one of @divisor is taken at most, each as new as it is then
 * (encoder-load.h); 1, as at first: all that the encoder gets done.
 */
void frame_pump_set_divisor(frame_pump *pump, guint divisor);
void frame_pump_get_counters(frame_pump *pump, struct frame_pump_counters *counters);

G_END_DECLS
