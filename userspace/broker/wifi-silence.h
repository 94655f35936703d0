/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wifi-silence.h - whether the other side of a Wi-Fi link has gone without a word
 *
 * A display whose plug was pulled, or that was carried out of reach, says nothing; neither the
 * group nor the RTSP connection ends by itself for a minute.  But pictures flow, and a radio
 * confirms each frame at once (IEEE 802.11-2020, 10.3.2.11), so most drivers know within
 * milliseconds when it was there last.  Some count only what it sends by itself, which of some
 * displays is nothing for many seconds.  So the time is believed only of a link that has been
 * seen to be quick, WIFI_SILENCE_LEARN rounds of wifi-watch.h one after another:
 *
 *	learning --quick--> heard <--quick / not for WIFI_SILENCE_MS--> silent --WIFI_SILENCE_END_MS--> lost
 *
 * What is silent may come back: somebody has walked through the beam, the display changes its
 * channel.  Lost is the end.  A round in which the driver does not say changes nothing.
 */
#pragma once

#include "wifi-link.h"

G_BEGIN_DECLS

#define WIFI_SILENCE_LEARN 3
/* At most this long ago is quick. */
#define WIFI_SILENCE_QUICK_MS 1000
/* The user is to be told within 5 s; a round later this has been seen for sure. */
#define WIFI_SILENCE_MS 3000
#define WIFI_SILENCE_END_MS 15000

enum wifi_silence_state {
	WIFI_LEARNING,
	WIFI_HEARD,
	WIFI_SILENT,
	WIFI_LOST,
};

/* Zeroed it is new; @quick: rounds one after another. */
struct wifi_silence {
	enum wifi_silence_state state;
	guint quick;
};

/* After each round. TRUE: the state is another one. */
gboolean wifi_silence_hear(struct wifi_silence *silence, const struct wifi_link *link);

G_END_DECLS
