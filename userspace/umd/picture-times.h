/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * picture-times.h - when each picture is shown, kept beside the encoder
 *
 * A picture's time is that at which the desktop believes it to be on the screen, the
 * vertical blank after its flip, since players have the sound of the picture at that
 * time.  It is sent before.  And the time is ours: no encoder is trusted with it.  Some count pictures and make times of that (vah264enc before
 * GStreamer 1.24.3), some lose what is attached to a buffer.  What is known
 * instead is that encoders which hold back nothing and have no B pictures give
 * pictures out in the order in which they got them.  So each picture that goes in
 * is remembered, and what comes out is the oldest that is still inside.
 *
 * Times are nanoseconds of the pipeline's running time.  Not thread safe.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * More pictures than this are in no encoder: the oldest ones were dropped by it.
 * An encoder without lookahead has one, one with a thread of its own two.
 */
#define PICTURE_TIMES_MAX 4

/* PTS differ by this much at least: a tick of 90 kHz, rounded up. */
#define PICTURE_TIMES_STEP_NS 11112

/*
 * A picture that was shown longer ago than this has waited for something else
 * than the encoder (a pause, a screen that was blank): it counts as of now.
 */
#define PICTURE_TIMES_MAX_AGE_NS (50 * G_GINT64_CONSTANT(1000000))

/* A refresh period of the slowest mode, 23.9 Hz. */
#define PICTURE_TIMES_MAX_AHEAD_NS (42 * G_GINT64_CONSTANT(1000000))

/**
 * struct picture_time - a picture on its way
 * @pts: running time at which it is shown
 * @seq: number of the frame
 * @flip_ns: CLOCK_MONOTONIC of the desktop's flip, for how long all took
 * @shown_ns: at which it is on the screen, which @pts is made of
 * @begun_us: g_get_monotonic_time() when reading it began
 * @pushed_us: g_get_monotonic_time() when the encoder got it
 * @play: number of the PLAY during which it was pushed; another one is stale
 * @encoder: number of the encoder that gets it
 * @repeat: the same picture as the one before
 * @moves: most of it is new
 */
struct picture_time {
	gint64 pts;
	guint64 seq;
	guint64 flip_ns;
	guint64 shown_ns;
	gint64 begun_us;
	gint64 pushed_us;
	guint play;
	guint encoder;
	gboolean repeat;
	gboolean moves;
};

/**
 * struct picture_times - those inside the encoder, oldest first
 */
struct picture_times {
	struct picture_time inside[PICTURE_TIMES_MAX];
	guint n;
	gint64 last_pts; /* the latest given, -1: none */
};

void picture_times_init(struct picture_times *times);
/* Another encoder: what was for those before @encoder never comes out. PTS go on growing. */
void picture_times_forget(struct picture_times *times, guint encoder);

/**
 * picture_times_pts() - the time of the next picture
 * @now: running time
 * @shown: running time at which it is on the screen; -1 for a picture that is shown again
 *
 * Later than all times before, and not further in the future than a vertical blank can be:
 * PICTURE_TIMES_MAX_AHEAD_NS; what is, is shown now.
 */
gint64 picture_times_pts(struct picture_times *times, gint64 now, gint64 shown);

/* @picture goes into the encoder. */
void picture_times_push(struct picture_times *times, const struct picture_time *picture);

/**
 * picture_times_pop() - which picture has come out
 * @pts: the time that the encoder gives it, or -1.  It is believed only where it
 *	is exactly one that we gave: pictures before that one were dropped
 *
 * Return: FALSE if none was inside: the encoder made two of one
 */
gboolean picture_times_pop(struct picture_times *times, gint64 pts, struct picture_time *picture);

G_END_DECLS
