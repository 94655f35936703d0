/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wifi-link.h - what the kernel says of a Wi-Fi link
 *
 * From the attributes of nl80211 (linux/nl80211.h) to numbers: the channel is that of the
 * interface (NL80211_CMD_NEW_INTERFACE), bit rate, signal and silence are those of the peer
 * (NL80211_CMD_NEW_STATION).  Drivers leave out what they do not know, and so does this.
 *
 * Threads: any; nothing is kept.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * struct wifi_link - of each 0: not known
 * @frequency: of the channel, MHz
 * @width: of what is sent on, MHz
 * @rate: to the peer, bit/s, as the radio counts them: about half of it is left for data
 * @signal: of the peer, as we hear it, dBm
 * @has_inactive, @inactive_ms: how long ago the peer has said or confirmed something
 */
struct wifi_link {
	guint32 frequency;
	guint32 width;
	guint64 rate;
	gint32 signal;
	gboolean has_inactive;
	guint32 inactive_ms;
};

/**
 * wifi_link_hear_interface, wifi_link_hear_station - one message of the kernel
 * @attributes: of the message, aligned as netlink has them; they may be anything
 *
 * What is said of it is set, all else stays.  FALSE: they are no attributes.
 */
gboolean wifi_link_hear_interface(struct wifi_link *link, const void *attributes, gsize length);
gboolean wifi_link_hear_station(struct wifi_link *link, const void *attributes, gsize length);

/* "5 GHz"; NULL: none that Wi-Fi has. */
const char *wifi_link_band(guint32 frequency);
/* The number that people know it by (IEEE 802.11-2020, 17.3.8.4 and annex E); 0: it has none. */
guint wifi_link_channel(guint32 frequency);

/* a{sv}, floating: radio-frequency, -channel, -width (u), -band (s), -rate (t), -signal (i), as far as known */
GVariant *wifi_link_to_variant(const struct wifi_link *link);
/* a{sv}, floating: @stats and @radio, which is such a one, or NULL */
GVariant *wifi_link_beside(GVariant *stats, GVariant *radio);

G_END_DECLS
