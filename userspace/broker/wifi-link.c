// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel says of a Wi-Fi link: see wifi-link.h.
 */
#include "wifi-link.h"

#include <linux/nl80211.h>

#include <netlink/attr.h>

/* What a bit rate is counted in. */
#define RATE_UNIT G_GUINT64_CONSTANT(100000)

/* ---- what the kernel says --------------------------------------------------------- */

/* MHz; 0: one that no P2P group has */
static guint32 width_of(guint32 width)
{
	switch (width) {
	case NL80211_CHAN_WIDTH_20_NOHT:
	case NL80211_CHAN_WIDTH_20:
		return 20;
	case NL80211_CHAN_WIDTH_40:
		return 40;
	case NL80211_CHAN_WIDTH_80:
		return 80;
	/* Twice 80, side by side or apart. */
	case NL80211_CHAN_WIDTH_80P80:
	case NL80211_CHAN_WIDTH_160:
		return 160;
	/* NL80211_CHAN_WIDTH_320, which older headers do not have. */
	case 13:
		return 320;
	default:
		return 0;
	}
}

/* libnl looks, and changes nothing. */
static struct nlattr *first_of(const void *attributes)
{
	return (struct nlattr *)attributes;
}

gboolean wifi_link_hear_interface(struct wifi_link *link, const void *attributes, gsize length)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_WIPHY_FREQ] = { .type = NLA_U32 },
		[NL80211_ATTR_CHANNEL_WIDTH] = { .type = NLA_U32 },
	};
	struct nlattr *parts[NL80211_ATTR_MAX + 1];

	if (length > G_MAXINT || nla_parse(parts, NL80211_ATTR_MAX, first_of(attributes), length, policy) < 0)
		return FALSE;
	if (parts[NL80211_ATTR_WIPHY_FREQ])
		link->frequency = nla_get_u32(parts[NL80211_ATTR_WIPHY_FREQ]);
	if (parts[NL80211_ATTR_CHANNEL_WIDTH])
		link->width = width_of(nla_get_u32(parts[NL80211_ATTR_CHANNEL_WIDTH]));
	return TRUE;
}

/* The old attribute ends at 6.5 Gbit/s, and is left out beyond. */
static gboolean hear_rate(struct wifi_link *link, struct nlattr *nest)
{
	static const struct nla_policy policy[NL80211_RATE_INFO_MAX + 1] = {
		[NL80211_RATE_INFO_BITRATE] = { .type = NLA_U16 },
		[NL80211_RATE_INFO_BITRATE32] = { .type = NLA_U32 },
	};
	struct nlattr *parts[NL80211_RATE_INFO_MAX + 1];

	if (nla_parse_nested(parts, NL80211_RATE_INFO_MAX, nest, policy) < 0)
		return FALSE;
	if (parts[NL80211_RATE_INFO_BITRATE32])
		link->rate = nla_get_u32(parts[NL80211_RATE_INFO_BITRATE32]) * RATE_UNIT;
	else if (parts[NL80211_RATE_INFO_BITRATE])
		link->rate = nla_get_u16(parts[NL80211_RATE_INFO_BITRATE]) * RATE_UNIT;
	return TRUE;
}

gboolean wifi_link_hear_station(struct wifi_link *link, const void *attributes, gsize length)
{
	static const struct nla_policy policy[NL80211_ATTR_MAX + 1] = {
		[NL80211_ATTR_STA_INFO] = { .type = NLA_NESTED },
	};
	static const struct nla_policy info_policy[NL80211_STA_INFO_MAX + 1] = {
		[NL80211_STA_INFO_INACTIVE_TIME] = { .type = NLA_U32 },
		[NL80211_STA_INFO_SIGNAL] = { .type = NLA_U8 },
		[NL80211_STA_INFO_SIGNAL_AVG] = { .type = NLA_U8 },
		[NL80211_STA_INFO_TX_BITRATE] = { .type = NLA_NESTED },
	};
	struct nlattr *parts[NL80211_ATTR_MAX + 1], *info[NL80211_STA_INFO_MAX + 1];

	if (length > G_MAXINT || nla_parse(parts, NL80211_ATTR_MAX, first_of(attributes), length, policy) < 0)
		return FALSE;
	if (!parts[NL80211_ATTR_STA_INFO])
		return TRUE;
	if (nla_parse_nested(info, NL80211_STA_INFO_MAX, parts[NL80211_ATTR_STA_INFO], info_policy) < 0)
		return FALSE;
	if (info[NL80211_STA_INFO_INACTIVE_TIME]) {
		link->has_inactive = TRUE;
		link->inactive_ms = nla_get_u32(info[NL80211_STA_INFO_INACTIVE_TIME]);
	}
	/* One frame says little. */
	if (info[NL80211_STA_INFO_SIGNAL_AVG])
		link->signal = (gint8)nla_get_u8(info[NL80211_STA_INFO_SIGNAL_AVG]);
	else if (info[NL80211_STA_INFO_SIGNAL])
		link->signal = (gint8)nla_get_u8(info[NL80211_STA_INFO_SIGNAL]);
	return !info[NL80211_STA_INFO_TX_BITRATE] || hear_rate(link, info[NL80211_STA_INFO_TX_BITRATE]);
}

/* ---- what people call it ---------------------------------------------------------- */

/* @first, @last: of the band, MHz; @zero: where channel 0 would be; @step: from one number to the next */
static const struct band {
	guint32 first, last, zero, step;
	const char *name;
} bands[] = {
	{ 2412, 2472, 2407, 5, "2.4 GHz" },
	{ 5160, 5895, 5000, 5, "5 GHz" },
	{ 5955, 7115, 5950, 5, "6 GHz" },
	{ 58320, 70200, 56160, 2160, "60 GHz" },
};

/* Both lie beside their band's row. */
#define CHANNEL_14 2484
#define CHANNEL_2_OF_6_GHZ 5935

static const struct band *band_of(guint32 frequency)
{
	for (guint i = 0; i < G_N_ELEMENTS(bands); i++) {
		if (frequency >= bands[i].first && frequency <= bands[i].last)
			return &bands[i];
	}
	return NULL;
}

const char *wifi_link_band(guint32 frequency)
{
	const struct band *band = band_of(frequency == CHANNEL_14	     ? bands[0].first :
					  frequency == CHANNEL_2_OF_6_GHZ ? bands[2].first : frequency);

	return band ? band->name : NULL;
}

guint wifi_link_channel(guint32 frequency)
{
	const struct band *band = band_of(frequency);

	if (frequency == CHANNEL_14)
		return 14;
	if (frequency == CHANNEL_2_OF_6_GHZ)
		return 2;
	if (!band || (frequency - band->zero) % band->step)
		return 0;
	return (frequency - band->zero) / band->step;
}

GVariant *wifi_link_to_variant(const struct wifi_link *link)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(NULL);
	const char *band = wifi_link_band(link->frequency);
	guint channel = wifi_link_channel(link->frequency);

	if (link->frequency)
		g_variant_dict_insert(&dict, "radio-frequency", "u", link->frequency);
	if (band)
		g_variant_dict_insert(&dict, "radio-band", "s", band);
	if (channel)
		g_variant_dict_insert(&dict, "radio-channel", "u", channel);
	if (link->width)
		g_variant_dict_insert(&dict, "radio-width", "u", link->width);
	if (link->rate)
		g_variant_dict_insert(&dict, "radio-rate", "t", link->rate);
	if (link->signal)
		g_variant_dict_insert(&dict, "radio-signal", "i", link->signal);
	return g_variant_dict_end(&dict);
}

GVariant *wifi_link_beside(GVariant *stats, GVariant *radio)
{
	g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(stats);
	GVariantIter iter;
	const char *key;
	GVariant *value;

	if (radio) {
		g_variant_iter_init(&iter, radio);
		while (g_variant_iter_loop(&iter, "{&sv}", &key, &value))
			g_variant_dict_insert_value(&dict, key, value);
	}
	return g_variant_dict_end(&dict);
}
