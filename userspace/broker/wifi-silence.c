// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whether the other side has gone: see wifi-silence.h.
 */
#include "wifi-silence.h"

static enum wifi_silence_state next_state(struct wifi_silence *silence, guint32 inactive_ms)
{
	gboolean quick = inactive_ms <= WIFI_SILENCE_QUICK_MS;

	switch (silence->state) {
	case WIFI_LEARNING:
		silence->quick = quick ? silence->quick + 1 : 0;
		return silence->quick >= WIFI_SILENCE_LEARN ? WIFI_HEARD : WIFI_LEARNING;
	case WIFI_HEARD:
	case WIFI_SILENT:
		if (inactive_ms >= WIFI_SILENCE_END_MS)
			return WIFI_LOST;
		if (inactive_ms >= WIFI_SILENCE_MS)
			return WIFI_SILENT;
		return quick ? WIFI_HEARD : silence->state;
	case WIFI_LOST:
		break;
	}
	return WIFI_LOST;
}

gboolean wifi_silence_hear(struct wifi_silence *silence, const struct wifi_link *link)
{
	enum wifi_silence_state before = silence->state;

	if (link->has_inactive)
		silence->state = next_state(silence, link->inactive_ms);
	return silence->state != before;
}
