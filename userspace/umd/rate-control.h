/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rate-control.h - as many bits as the link carries, and no queue in front of it
 *
 * The rate that was agreed on is what the link seemed to carry when the session began.  Links
 * change: somebody walks away, a neighbour's network wakes up.  What is sent beyond what the
 * link carries waits in a queue, and is late; after half a second of that it is of no use.
 *
 * Inputs, all of them with the time at which they were so (nothing here reads a clock):
 *
 *	rate_control_sent()	packets are about to leave: how many bytes the kernel still has of those
 *				before them (SIOCOUTQ), for how long the send blocked.  Of what was
 *				given to the kernel when, and of what is left, follow how long the oldest
 *				of it has waited, and, while there is always something left, what the
 *				link carries.
 *	rate_control_report()	a receiver report: what has come (and so for how long it was on its
 *				way), and what was lost.  Of use where the narrow place is not
 *				ours to see: the access point's radio, a driver that keeps its own queue.
 *	rate_control_limit()	what the Wi-Fi driver believes in (nl80211): never more than that.
 *
 * Outputs: rate_control_get(), between the floor and the least of what was agreed on and the limit; and
 * rate_control_get_burst(), what may be sent for a moment after a pause, as long as nothing speaks against it:
 * the rate is all that was agreed on, and no queue has stood, nor has a report cut it, for RATE_CALM_US.
 *
 * States
 *
 *	HOLDING ----queue stays empty, and the rate is used----> PROBING
 *	   ^  ^                                                     |
 *	   |  '-----------at the most, or not used------------------'
 *	   |                                                        |
 *	   '---queue gone--- BACKING OFF <----queue stands----------'  (also from HOLDING)
 *
 *	HOLDING     the rate stays; RATE_HOLD_US at least after BACKING OFF.
 *	PROBING     a step up each RATE_STEP_US, or with each report where reports have found the
 *	            narrow place.
 *	BACKING OFF a queue stands: even the least wait of the last RATE_WINDOW_US was longer than
 *	            RATE_QUEUE_US, and the link does not carry so much that it would go by itself.
 *	            Less is sent than the link carries, until the queue is gone; what it carries is
 *	            measured meanwhile.  Each RATE_STEP_US that is looked at anew: there is no time
 *	            limit but that of the queue, and of rtp-sender.h for a link that carries nothing.
 *
 * A report that tells of a longer way (RATE_LATE_US more than the shortest that was seen), or of a
 * loss that is not there at lower rates, too (RATE_LOSS), makes a step down to what has come, at once.
 * Loss alone, as of interference, is no reason: fewer bits do not make it less.
 *
 * A rate that is not used, because the desktop is still, is not raised: nobody knows
 * whether the link carries more.
 *
 * Limits: a link that has neither a queue that the kernel knows of nor a sink that reports is only
 * seen by rate_control_limit().  With reports a second apart it takes some of them until a better
 * link is used.
 *
 * Pure: no I/O, no clock, no allocation; one thread at a time.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Longer than what the air's own turns make of it, shorter than what one sees. */
#define RATE_QUEUE_US (12 * 1000)
/* No single picture: three of them at 30 Hz. */
#define RATE_WINDOW_US (100 * 1000)
/* After it the queue shall be gone. */
#define RATE_DRAIN_US (300 * 1000)
#define RATE_STEP_US (100 * 1000)
/* After a queue has stood, here or behind, what comes at once is no more than the rate, for so long. */
#define RATE_CALM_US (60 * G_USEC_PER_SEC)
#define RATE_HOLD_US (300 * 1000)
/* Jitter, and the way of the report, are below it. */
#define RATE_LATE_US (150 * 1000)
/* Of 256. */
#define RATE_LOSS 24
/* Of what the link carries; the rest is for what is measured wrongly, and what others send. */
#define RATE_SHARE_PERCENT 90

#define RATE_HISTORY 512

enum rate_state {
	RATE_HOLDING,
	RATE_PROBING,
	RATE_BACKING_OFF,
};

/* One call of rate_control_sent(). */
struct rate_sent {
	gint64 time_us;
	gint64 wait_us; /* of the oldest that was waiting then */
	guint waiting;	/* bytes then ... */
	guint bytes;	/* ... and of the call */
	guint64 total;	/* so far, with these */
	guint16 seq;	/* of the last packet */
};

/* struct rate_control - all fields private */
struct rate_control {
	guint floor, agreed, burst, limit; /* limit 0: none */
	guint rate;
	enum rate_state state;
	gint64 stepped_us; /* when the rate, or the state, was looked at last */
	gint64 held_us;	   /* HOLDING until then, at least */
	gint64 stood_us;   /* when a queue stood last; 0: it never did */

	struct rate_sent sent[RATE_HISTORY];
	guint64 n; /* calls so far */

	gint64 cut_us;	 /* when a report made the rate less; 0: none did */

	double too_much; /* what the link carried after it was asked for more */
	double drained, drained_us; /* of late, while something was waiting */

	gboolean by_reports; /* they have found the narrow place last */
	gboolean draining; /* they told of what is on its way, too */
	gint64 reported_us; /* the latest report; 0: there was none ... */
	guint64 reported_total; /* ... and what had left with the highest packet that it told of */
	double base_loss; /* of 256, as a rule */
	guint loss_when_cut; /* the loss for which the rate was cut last; 0: it was not */
	gint64 way_us, next_way_us, way_since_us; /* the shortest one, of late */
};

/* @floor, @agreed, @burst: bits per second; begins with @agreed; a @burst below that is none. */
void rate_control_init(struct rate_control *control, guint floor, guint agreed, guint burst);
/* The Wi-Fi driver's word; 0: it has none. */
void rate_control_limit(struct rate_control *control, guint limit);
/* Another mode: another rate was agreed on. What is known of the link stays. */
void rate_control_agree(struct rate_control *control, guint agreed, guint burst);

/**
 * rate_control_sent() - packets leave
 * @now_us: when the first of them was given to the kernel
 * @waiting: bytes that it still had then
 * @bytes: of the packets
 * @seq: RTP sequence number of the last one
 * @blocked_us: for how long the kernel took nothing
 */
void rate_control_sent(struct rate_control *control, gint64 now_us, guint waiting, guint bytes, guint16 seq,
		       gint64 blocked_us);
/**
 * rate_control_report() - the sink says what has come
 * @loss: part of 256 that was lost since its report before
 * @seq: the highest sequence number that has come
 */
void rate_control_report(struct rate_control *control, gint64 now_us, guint loss, guint16 seq);

/* Bits per second. */
guint rate_control_get(const struct rate_control *control);
/* The same, for a tenth of a second after a pause; no less than the rate. */
guint rate_control_get_burst(const struct rate_control *control);
const char *rate_state_name(enum rate_state state);

G_END_DECLS
