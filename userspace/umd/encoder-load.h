/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * encoder-load.h - does the encoder keep up, and with how many of the pictures
 *
 * What an encoder manages is measured before a mode is promised (encoders.h), on a processor that
 * nobody else uses.  Then somebody compiles a kernel, or a laptop gets hot.  An encoder that takes 25 ms a
 * picture of 60 a second gets every picture that is there when it is done: now each, now
 * each second one, each of them waited for, and nothing left of the processor for sound and desktop.
 * Half of them, evenly, are seen as less of a fault, and each is shown sooner.
 *
 *	keeping up --behind for LOAD_SCORE--> each 2nd, 3rd, 4th picture
 *	each nth   --the next rate would do, for the hold time--> each (n - 1)th
 *
 * Behind is a picture that took longer, read, encoded and sent, than there is between two of those that
 * are taken, and that was begun as soon as the one before had left: on a desktop where little
 * happens a slow encoder harms nobody.  What is too slow for a rate again, soon after it was
 * gone back to, has to be quick for twice as long the next time.
 *
 * Fewer than half of the pictures are seen as a fault by everybody. If that does not pass, and it is not the network
 * that takes the time, the mode is too much for this computer (encoder_load_too_slow()):
 *
 *	each 3rd or 4th --half of them would be too many, for LOAD_TOO_SLOW_US more than not--> too slow, once
 *
 * Pure: no clock, no allocation; one thread at a time.  Times are g_get_monotonic_time().
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LOAD_MOST 4
/* A picture behind counts 2, another one -1: ten in a row, or more than a third of many. */
#define LOAD_SCORE 20
#define LOAD_HOLD_US (2 * G_USEC_PER_SEC)
#define LOAD_MOST_HOLD_US (32 * G_USEC_PER_SEC)
#define LOAD_RELAPSE_US (10 * G_USEC_PER_SEC)
#define LOAD_TOO_SLOW_US (10 * G_USEC_PER_SEC)

/* struct encoder_load - all fields private */
struct encoder_load {
	gint64 period_us;
	guint divisor;
	guint score;
	gint64 sent_us; /* the picture before; 0: there is none */
	gint64 quick_since_us; /* all since then would do for the next rate; 0: the latest would not */
	gint64 hold_us;
	gint64 faster_us; /* when a higher rate was gone back to; 0: it was not */
	gint64 slow_us; /* half the pictures were too many for so long; less what they were not */
	gint64 picture_us; /* what reading and encoding one takes, of such pictures, smoothed; 0: there was none */
	gboolean slow_told;
};

/* All pictures of a mode, with another encoder, perhaps. */
void encoder_load_init(struct encoder_load *load, guint refresh_hz);
/**
 * encoder_load_sent() - a picture with something new has left
 * @begun_us: when reading it began
 * @encoded_us: when it came out of the encoder
 *
 * Return: the rate is another one
 */
gboolean encoder_load_sent(struct encoder_load *load, gint64 begun_us, gint64 encoded_us, gint64 sent_us);
/* One of so many pictures shall be taken. */
guint encoder_load_divisor(const struct encoder_load *load);
/*
 * What a picture takes to be read and encoded, in us, when it has become clear that even half of them are too many; told
 * once. 0: not so, or told.
 */
gint64 encoder_load_too_slow(struct encoder_load *load);

G_END_DECLS
