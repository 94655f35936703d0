/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key-frames.h - which picture is a key frame
 *
 * By time, not by count: pictures come at any rate, from one a second of a still
 * desktop to sixty.  Encoders are told to make none by themselves.
 *
 *   asked for	(M13, reported losses, a gap, packets lost here)  the next picture, but not within
 *		KEY_FRAME_GAP_US of the key frame before: a sink that asks all the
 *		time gets no stream of them.
 *   unasked	KEY_FRAME_INTERVAL_US after the one before.  Also for sinks that say
 *		they can ask: many say so and never do (picast, castd), and after a
 *		lost packet, or when their decoder starts late, wait for the next.
 *
 *   in motion	where all of the picture moves, and takes half the bits that there are for
 *		a picture or more, there is one after KEY_FRAME_BUSY such pictures, but not
 *		within KEY_FRAME_BUSY_US.  It is larger than the others, up to what a decoder
 *		buffers (80 ms of the bit rate), and better; what it takes the others go
 *		without, less than a fifth of a dB in the mean.  One as small as they are is worse
 *		than they, and so are those behind it (Documentation/performance.rst).
 *		So whatever was lost is not seen for long, also by a sink that tells
 *		nobody, and without intra macroblocks in other pictures, which start no decoder.
 *		Not for KEY_FRAME_TOLD_US after the sink has asked, or reported that nothing is
 *		missing: it will tell, and then one comes sooner that nothing else has delayed.
 *		For KEY_FRAME_LOSSY_FOR_US after it has reported that something is missing there is
 *		one already after KEY_FRAME_LOSSY such pictures: 0.7 dB less that arrives whole, which
 *		at 1 % of packets lost is 0.45 dB more on the screen, and a quarter less that is wrong.
 *
 * A still desktop, text that scrolls, a window that is moved: there a key frame would take
 * many times the bits of the others and be seen as a moment of blur, so there is none but by time.
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
#define KEY_FRAME_BUSY 3
/* Four periods of 30 Hz, less what a picture may come too early. */
#define KEY_FRAME_BUSY_US (G_USEC_PER_SEC * 12 / 100)
/* Where packets get lost; two periods of 30 Hz, less what a picture may come too early. */
#define KEY_FRAME_LOSSY 1
#define KEY_FRAME_LOSSY_US (G_USEC_PER_SEC * 6 / 100)
/* For so long after a report of it: two reports may get lost themselves. */
#define KEY_FRAME_LOSSY_FOR_US (15 * G_USEC_PER_SEC)
/* Reports come each five seconds or more often. */
#define KEY_FRAME_TOLD_US (6 * G_USEC_PER_SEC)

/**
 * struct key_frames - all fields private
 */
struct key_frames {
	gint64 last_us; /* of the latest picture that was a key frame; 0: none */
	gboolean asked;
	guint busy;	 /* pictures in motion since then */
	gint64 told_us; /* until then the sink tells by itself what it misses */
	gint64 lossy_us; /* until then packets get lost */
};

/* The next picture has to be one, however near the one before is: a stream begins. */
void key_frames_restart(struct key_frames *keys);
/* Somebody needs one. */
void key_frames_ask(struct key_frames *keys);
/* The sink needs one, and has said so. */
void key_frames_requested(struct key_frames *keys, gint64 now_us);
/*
 * A picture of so many bytes took half of its share, @bits, or more.  Half, since those behind a key frame that was
 * large have less than others in motion: where it has taken 80 ms of 133, what a decoder buffers, half is left for
 * three of them.
 */
gboolean key_frames_is_busy(gsize bytes, gsize bits);
/* Such a picture has come out of the encoder, no key frame, and is new everywhere. */
void key_frames_busy(struct key_frames *keys);
/* The sink has reported: something is missing, or nothing. */
void key_frames_reported(struct key_frames *keys, gboolean missing, gint64 now_us);
/* From when on a picture is needed for the one that was asked for; G_MAXINT64: none was. */
gint64 key_frames_due(const struct key_frames *keys);
/* A picture goes to the encoder: whether it has to be a key frame. */
gboolean key_frames_next(struct key_frames *keys, gint64 now_us);

G_END_DECLS
