// SPDX-License-Identifier: LGPL-2.1-or-later
#include "media-delay.h"

/* At the slowest modes of all two periods would be more than is of use. */
#define MAX_PERIODS_NS (50 * GST_MSECOND)

static const struct {
	guint periods;
	GstClockTime air_ns;
	guint spread_percent; /* of a period */
} delays[CHANNEL_N_LATENCIES] = {
	[CHANNEL_LATENCY_LOW] = { 1, 0, 25 },
	[CHANNEL_LATENCY_NORMAL] = { 1, 10 * GST_MSECOND, 50 },
	[CHANNEL_LATENCY_HIGH] = { 2, 100 * GST_MSECOND, 100 },
};

GstClockTime media_delay_lag(enum channel_latency latency, guint lead_ms, guint refresh_hz)
{
	if (lead_ms)
		return lead_ms * GST_MSECOND;
	return delays[latency].air_ns + MIN(delays[latency].periods * GST_SECOND / refresh_hz, MAX_PERIODS_NS);
}

gint64 media_delay_spread_us(enum channel_latency latency, guint refresh_hz)
{
	return (gint64)delays[latency].spread_percent * G_USEC_PER_SEC / 100 / refresh_hz;
}
