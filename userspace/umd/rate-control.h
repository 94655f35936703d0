/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rate-control.h - how much the link takes, learnt from the queue in front of it
 *
 * What the socket has been given and the network interface has not yet sent is the
 * queue (SIOCOUTQ; with Wi-Fi a packet counts until it was sent, retries included).
 * A link that keeps up empties it between two pictures.  On one that does not the
 * queue grows, and all of it is delay: so no picture is begun while what is in it
 * needs more than RATE_CONTROL_QUEUE_US, and the bit rate comes down to what leaves.
 * Both are needed: holding pictures back bounds the delay at once and costs
 * pictures; the bit rate brings them back.
 *
 * Units.  The kernel counts a packet with what it needs to keep it (twice its size, or
 * so); how much that is of what was given to it is measured, too.
 *
 * Each RATE_CONTROL_INTERVAL_US is judged as a whole:
 *
 *	congested	most pictures were held back for much of the time since the one
 *			before (that something stands in the queue says little: some
 *			drivers tell late of what they have sent): the bit rate becomes
 *			RATE_CONTROL_SHARE_PERCENT of what left, and that is known as
 *			the ceiling; but no less than half of it at once
 *	free		most did: half as much again, but near the ceiling only every
 *			now and then, the longer the more often it was in vain.  The
 *			ceiling is forgotten when that was not in vain, or when what
 *			leaves is seen to be much faster
 *	between		stays
 *
 * Small pictures, and sound, say nothing of the link and are not counted.
 *
 * Pure; times are CLOCK_MONOTONIC microseconds, given by the caller, who has the lock.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A picture comes on top: together less than 50 ms. */
#define RATE_CONTROL_QUEUE_US 20000
#define RATE_CONTROL_INTERVAL_US 250000
#define RATE_CONTROL_SHARE_PERCENT 85

/**
 * struct rate_control - opaque; of one stream
 * @rate: bits per second of all that is sent; read it after an interval
 */
struct rate_control {
	guint rate;
	guint least;
	guint most;

	gint64 looked_us;	/* at the queue; 0: never */
	guint queue;		/* units then */
	double units_per_byte;

	gint64 interval_us;	/* when it began */
	guint pictures;		/* in it: that were of some size ... */
	guint standing;		/* ... and had to wait long */
	gint64 picture_us;	/* when the latest one was sent */
	gint64 held_us;		/* how long the next one was held back so far */
	guint64 drained;	/* in it: units that left while there was a queue ... */
	gint64 drained_us;	/* ... in so long */
	double units_per_us;	/* how fast they left last; 0: not known */

	guint ceiling;		/* bits per second; 0: none is known */
	guint fast;		/* intervals in which much more left */
	gint64 try_us;		/* when to go beyond it */
	gint64 patience_us;	/* ... and how long to wait if that was in vain */
};

/* @most: what the encoder may have at best, where it begins; @least: what it needs */
void rate_control_init(struct rate_control *rc, guint least, guint most);
/* Other bounds from now on; the rate is kept within them. */
void rate_control_set_bounds(struct rate_control *rc, guint least, guint most);

/* The queue is so long now. Returns TRUE if the rate has changed. */
gboolean rate_control_look(struct rate_control *rc, gint64 now_us, guint queue);
/* A picture was held back for so long. */
void rate_control_held(struct rate_control *rc, gint64 us);
/* @bytes were given to it after the latest look, and now it is so long. */
void rate_control_sent(struct rate_control *rc, gint64 now_us, gsize bytes, guint queue);
/* What is in it needs so long, as it was looked at last. */
gint64 rate_control_delay(const struct rate_control *rc);
/* Near the ceiling: it is worth a look how fast the queue gets shorter. */
gboolean rate_control_is_curious(const struct rate_control *rc);

G_END_DECLS
