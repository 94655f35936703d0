// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What nl80211 says of a link, in messages as the kernel builds them.
 */
#include <string.h>

#include <linux/nl80211.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "wifi-link.h"

static struct nl_msg *message_new(void)
{
	struct nl_msg *message = nlmsg_alloc();

	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, 0, 0, 0);
	return message;
}

typedef gboolean hear(struct wifi_link *link, const void *attributes, gsize length);

/* What was heard of it; the message is freed. */
static gboolean hear_message(hear *how, struct wifi_link *link, struct nl_msg *message)
{
	struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(message));
	gboolean valid = how(link, genlmsg_attrdata(header, 0), genlmsg_attrlen(header, 0));

	nlmsg_free(message);
	return valid;
}

static void test_interface(void)
{
	static const struct {
		guint32 width, mhz;
	} cases[] = {
		{ NL80211_CHAN_WIDTH_20_NOHT, 20 }, { NL80211_CHAN_WIDTH_20, 20 },     { NL80211_CHAN_WIDTH_40, 40 },
		{ NL80211_CHAN_WIDTH_80, 80 },	    { NL80211_CHAN_WIDTH_80P80, 160 }, { NL80211_CHAN_WIDTH_160, 160 },
		{ 13, 320 },			    { NL80211_CHAN_WIDTH_5, 0 },       { G_MAXUINT32, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct nl_msg *message = message_new();
		struct wifi_link link = { .signal = -5 };

		/* What has nothing to do with it is between the two. */
		nla_put_u32(message, NL80211_ATTR_WIPHY_FREQ, 5180);
		nla_put_string(message, NL80211_ATTR_IFNAME, "p2p-wlan0-0");
		nla_put_u32(message, NL80211_ATTR_CHANNEL_WIDTH, cases[i].width);
		g_assert_true(hear_message(wifi_link_hear_interface, &link, message));
		g_assert_cmpuint(link.frequency, ==, 5180);
		g_assert_cmpuint(link.width, ==, cases[i].mhz);
		g_assert_cmpint(link.signal, ==, -5);
	}
}

/* @average, @rate32: 0: the driver does not have it */
static struct nl_msg *station_message(gint8 signal, gint8 average, guint16 rate, guint32 rate32)
{
	struct nl_msg *message = message_new();
	struct nlattr *info, *bits;

	nla_put(message, NL80211_ATTR_MAC, 6, "\2\0\0\0\1\0");
	info = nla_nest_start(message, NL80211_ATTR_STA_INFO);
	nla_put_u32(message, NL80211_STA_INFO_TX_PACKETS, 4711);
	nla_put_u32(message, NL80211_STA_INFO_INACTIVE_TIME, 80);
	if (signal)
		nla_put_u8(message, NL80211_STA_INFO_SIGNAL, (guint8)signal);
	if (average)
		nla_put_u8(message, NL80211_STA_INFO_SIGNAL_AVG, (guint8)average);
	bits = nla_nest_start(message, NL80211_STA_INFO_TX_BITRATE);
	if (rate)
		nla_put_u16(message, NL80211_RATE_INFO_BITRATE, rate);
	if (rate32)
		nla_put_u32(message, NL80211_RATE_INFO_BITRATE32, rate32);
	nla_put_u8(message, NL80211_RATE_INFO_VHT_MCS, 9);
	nla_nest_end(message, bits);
	nla_nest_end(message, info);
	return message;
}

static void assert_station(struct nl_msg *message, gint signal, guint64 rate, gboolean heard)
{
	struct wifi_link link = { .frequency = 2437 };

	g_assert_true(hear_message(wifi_link_hear_station, &link, message));
	g_assert_cmpint(link.signal, ==, signal);
	g_assert_cmpuint(link.rate, ==, rate);
	g_assert_cmpuint(link.frequency, ==, 2437);
	g_assert_cmpint(link.has_inactive, ==, heard);
	g_assert_cmpuint(link.inactive_ms, ==, heard ? 80 : 0);
}

static void test_station(void)
{
	assert_station(station_message(-48, 0, 4333, 4333), -48, 433300000, TRUE);
	/* One frame says less than many; the old attribute less than the new one. */
	assert_station(station_message(-90, -52, 60000, 200000), -52, G_GUINT64_CONSTANT(20000000000), TRUE);
	assert_station(station_message(0, 0, 540, 0), 0, 54000000, TRUE);
	assert_station(station_message(-30, 0, 0, G_MAXUINT32), -30, G_MAXUINT32 * G_GUINT64_CONSTANT(100000), TRUE);
	assert_station(message_new(), 0, 0, FALSE);
}

/* Too short for what they are said to be, or torn. */
static void test_malformed(void)
{
	struct nl_msg *message = message_new();
	struct wifi_link link = { 0 };
	struct nlattr *nest;

	nla_put_u8(message, NL80211_ATTR_WIPHY_FREQ, 1);
	g_assert_false(hear_message(wifi_link_hear_interface, &link, message));
	message = message_new();
	nest = nla_nest_start(message, NL80211_ATTR_STA_INFO);
	nla_put(message, NL80211_STA_INFO_SIGNAL, 0, NULL);
	nla_nest_end(message, nest);
	g_assert_false(hear_message(wifi_link_hear_station, &link, message));
	message = message_new();
	nest = nla_nest_start(message, NL80211_ATTR_STA_INFO);
	nla_put(message, NL80211_STA_INFO_TX_BITRATE, 6, "\5\0\1\0\7");
	nla_nest_end(message, nest);
	g_assert_false(hear_message(wifi_link_hear_station, &link, message));
	g_assert_cmpuint(link.rate, ==, 0);
	g_assert_true(wifi_link_hear_station(&link, NULL, 0));
}

static void test_channels(void)
{
	static const struct {
		guint32 frequency;
		guint channel;
		const char *band;
	} cases[] = {
		{ 2412, 1, "2.4 GHz" },	 { 2437, 6, "2.4 GHz" },  { 2472, 13, "2.4 GHz" },  { 2484, 14, "2.4 GHz" },
		{ 5180, 36, "5 GHz" },	 { 5745, 149, "5 GHz" },  { 5885, 177, "5 GHz" },   { 5935, 2, "6 GHz" },
		{ 5955, 1, "6 GHz" },	 { 7115, 233, "6 GHz" },  { 58320, 1, "60 GHz" },   { 2413, 0, "2.4 GHz" },
		{ 0, 0, NULL },		 { 2407, 0, NULL },	  { 5000, 0, NULL },	    { 5950, 0, NULL },
		{ G_MAXUINT32, 0, NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%u MHz", cases[i].frequency);
		g_assert_cmpuint(wifi_link_channel(cases[i].frequency), ==, cases[i].channel);
		g_assert_cmpstr(wifi_link_band(cases[i].frequency), ==, cases[i].band);
	}
}

static void test_variant(void)
{
	const struct wifi_link all = { .frequency = 5180, .width = 80, .rate = 433300000, .signal = -48 };
	const struct wifi_link nothing = { 0 };
	g_autoptr(GVariant) said = g_variant_ref_sink(wifi_link_to_variant(&all));
	g_autoptr(GVariant) empty = g_variant_ref_sink(wifi_link_to_variant(&nothing));
	g_autoptr(GVariant) expected = g_variant_ref_sink(g_variant_new_parsed(
		"{'radio-frequency': <uint32 5180>, 'radio-band': <'5 GHz'>, 'radio-channel': <uint32 36>,"
		" 'radio-width': <uint32 80>, 'radio-rate': <uint64 433300000>, 'radio-signal': <-48>}"));
	GVariantIter iter;
	const char *key;
	GVariant *value;

	g_assert_cmpuint(g_variant_n_children(said), ==, g_variant_n_children(expected));
	g_variant_iter_init(&iter, expected);
	while (g_variant_iter_loop(&iter, "{&sv}", &key, &value)) {
		g_autoptr(GVariant) found = g_variant_lookup_value(said, key, NULL);

		g_assert_nonnull(found);
		g_assert_cmpvariant(found, value);
	}
	g_assert_cmpuint(g_variant_n_children(empty), ==, 0);
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/wifi-link/interface", test_interface);
	g_test_add_func("/wifi-link/station", test_station);
	g_test_add_func("/wifi-link/malformed", test_malformed);
	g_test_add_func("/wifi-link/channels", test_channels);
	g_test_add_func("/wifi-link/variant", test_variant);
	return g_test_run();
}
