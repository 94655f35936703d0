// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The arithmetic of rate-control.h.
 */
#include "rate-control.h"

/* Below that a measurement is noise. */
#define LEAST_DRAINED_US 2000
/* Of a size that takes part in a queue. */
#define PICTURE_BYTES 3000
#define CONGESTED_PERCENT 80
/* Of the time from picture to picture: at 85 % of what the link takes it is a quarter. */
#define HELD_PERCENT 40
#define FREE_PERCENT 40
#define LEAST_PICTURES 3
#define LEAST_STANDING 2
/* So much more than the ceiling is another link. */
#define FAST_PERCENT 150
#define FAST_INTERVALS 2
#define FIRST_PATIENCE_US (1 * G_USEC_PER_SEC)
#define MOST_PATIENCE_US (16 * G_USEC_PER_SEC)
/* As long as nothing was measured; what the kernel needs for packets of 1344 bytes. */
#define UNITS_PER_BYTE 1.7

static guint within(const struct rate_control *rc, double rate)
{
	return CLAMP(rate, rc->least, rc->most);
}

void rate_control_init(struct rate_control *rc, guint least, guint most)
{
	*rc = (struct rate_control){
		.rate = most,
		.least = MIN(least, most),
		.most = most,
		.units_per_byte = UNITS_PER_BYTE,
		.patience_us = FIRST_PATIENCE_US,
	};
}

void rate_control_set_bounds(struct rate_control *rc, guint least, guint most)
{
	gboolean at_best = rc->rate == rc->most;

	rc->most = most;
	rc->least = MIN(least, most);
	rc->rate = within(rc, at_best ? most : rc->rate);
}

/* Bits per second that leave. */
static double capacity(const struct rate_control *rc)
{
	return rc->units_per_us / rc->units_per_byte * 8 * G_USEC_PER_SEC;
}

static void measure(struct rate_control *rc)
{
	if (rc->drained_us >= LEAST_DRAINED_US)
		rc->units_per_us = (double)rc->drained / rc->drained_us;
}

static void go_down(struct rate_control *rc, gint64 now_us)
{
	/* It was tried to go beyond a ceiling that is still there. */
	if (rc->ceiling && capacity(rc) < rc->ceiling * 1.2)
		rc->patience_us = MIN(rc->patience_us * 2, MOST_PATIENCE_US);
	else
		rc->patience_us = FIRST_PATIENCE_US;
	rc->ceiling = MAX(capacity(rc), 1);
	rc->fast = 0;
	rc->try_us = now_us + rc->patience_us;
	/* Not all at once: what was measured in one interval may be a pause. */
	rc->rate = within(rc, MAX(rc->rate / 2.0, MIN(capacity(rc), rc->rate) * RATE_CONTROL_SHARE_PERCENT / 100));
}

static void go_up(struct rate_control *rc, gint64 now_us)
{
	guint top = rc->ceiling / 100 * RATE_CONTROL_SHARE_PERCENT;

	if (rc->ceiling && rc->drained_us >= LEAST_DRAINED_US &&
	    capacity(rc) * 100 > (double)rc->ceiling * FAST_PERCENT)
		rc->fast++;
	if (rc->fast >= FAST_INTERVALS || rc->rate == rc->most)
		rc->ceiling = rc->fast = 0;
	if (!rc->ceiling) {
		rc->rate = within(rc, rc->rate * 1.5);
	} else if (rc->rate < top) {
		rc->rate = within(rc, MIN(rc->rate * 1.5, top));
	} else if (now_us >= rc->try_us && rc->rate > rc->ceiling) {
		/* The last try was not in vain. */
		rc->ceiling = 0;
	} else if (now_us >= rc->try_us) {
		rc->rate = within(rc, rc->rate * 1.5);
		rc->try_us = now_us + rc->patience_us;
	}
}

static gboolean judge(struct rate_control *rc, gint64 now_us)
{
	guint before = rc->rate;

	measure(rc);
	if (rc->standing >= LEAST_STANDING && rc->standing * 100 >= rc->pictures * CONGESTED_PERCENT &&
	    rc->units_per_us > 0)
		go_down(rc, now_us);
	else if (rc->standing * 100 <= rc->pictures * FREE_PERCENT)
		go_up(rc, now_us);
	rc->interval_us = now_us;
	rc->pictures = rc->standing = 0;
	rc->drained = 0;
	rc->drained_us = 0;
	return rc->rate != before;
}

/* Few pictures tell little; where they take so long, it needs more time. */
static gboolean is_over(const struct rate_control *rc, gint64 length)
{
	if (rc->pictures && rc->pictures < LEAST_PICTURES)
		return length >= 4 * RATE_CONTROL_INTERVAL_US;
	return length >= RATE_CONTROL_INTERVAL_US;
}

gboolean rate_control_look(struct rate_control *rc, gint64 now_us, guint queue)
{
	/* Not when it has become empty meanwhile: nobody knows when. */
	if (rc->looked_us && queue && queue <= rc->queue) {
		rc->drained += rc->queue - queue;
		rc->drained_us += now_us - rc->looked_us;
	}
	rc->looked_us = now_us;
	rc->queue = queue;
	if (!rc->interval_us)
		rc->interval_us = now_us;
	return is_over(rc, now_us - rc->interval_us) && judge(rc, now_us);
}

void rate_control_held(struct rate_control *rc, gint64 us)
{
	rc->held_us += us;
}

void rate_control_sent(struct rate_control *rc, gint64 now_us, gsize bytes, guint queue)
{
	/* Of many packets, of which few have left before they were counted. */
	if (bytes > 8192 && queue > rc->queue + bytes)
		rc->units_per_byte += ((double)(queue - rc->queue) / bytes - rc->units_per_byte) / 8;
	if (bytes >= PICTURE_BYTES) {
		rc->pictures++;
		rc->standing += rc->held_us * 100 > (now_us - rc->picture_us) * HELD_PERCENT;
		rc->picture_us = now_us;
		rc->held_us = 0;
	}
	rc->looked_us = now_us;
	rc->queue = queue;
}

gint64 rate_control_delay(const struct rate_control *rc)
{
	double units_per_us = rc->units_per_us;

	if (!rc->queue)
		return 0;
	/* What it is taken to be able to do. */
	if (units_per_us <= 0)
		units_per_us = (double)rc->rate / 8 * rc->units_per_byte / G_USEC_PER_SEC;
	return MIN(rc->queue / units_per_us, 10.0 * G_USEC_PER_SEC);
}

gboolean rate_control_is_curious(const struct rate_control *rc)
{
	return rc->ceiling && rc->queue;
}
