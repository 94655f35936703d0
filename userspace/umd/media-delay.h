/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-delay.h - how long before it is shown a picture leaves, and how evenly
 *
 * What a sink gets late it cannot show in time; what it gets long before is shown late for that
 * reason.  Between the two there is a choice (enum channel_latency), which the user has, and
 * the sink, too ([MS-WFDPE] 2.4.1.1):
 *
 *		lag of the clock			a large picture is spread over
 *	low	a period				a quarter of a period
 *	normal	a period, and 10 ms			half a period
 *	high	two periods, and 100 ms			a period
 *
 * The lag is from the vertical blank that the desktop shows a picture with to the time at which a
 * sink that obeys the clock does.  An encoder that keeps up needs a period at most; the rest is
 * for the way through the air, and for what the link is slow to take.  It is how far the PTS is
 * ahead of the PCR at most, but for what the desktop commits before its vertical blank.
 *
 * Pure functions.
 */
#pragma once

#include <gst/gst.h>

#include "channel.h"

G_BEGIN_DECLS

/* Of the PCR behind the time at which it leaves; @lead_ms: the quirks' word; 0: they have none. */
GstClockTime media_delay_lag(enum channel_latency latency, guint lead_ms, guint refresh_hz);
/* What the gaps in one large picture are together, at most (rtp-sender.h). */
gint64 media_delay_spread_us(enum channel_latency latency, guint refresh_hz);

G_END_DECLS
