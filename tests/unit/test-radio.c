// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an adapter can be at once, by what nl80211 says of its driver.
 */
#include "radio.h"

#include <linux/nl80211.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#define STATION (1u << NL80211_IFTYPE_STATION)
#define AP (1u << NL80211_IFTYPE_AP)
#define OWNER (1u << NL80211_IFTYPE_P2P_GO)
#define CLIENT (1u << NL80211_IFTYPE_P2P_CLIENT)
#define DEVICE (1u << NL80211_IFTYPE_P2P_DEVICE)
#define MONITOR (1u << NL80211_IFTYPE_MONITOR)

struct limit {
	guint max;
	guint32 types;
};

/* As the kernel counts them: from 1. */
struct combination {
	guint max, channels;
	struct limit limits[4];
};

static void put_types(struct nl_msg *message, int attribute, guint32 types)
{
	struct nlattr *nest = nla_nest_start(message, attribute);

	for (int type = 0; type < 32; type++) {
		if (types & 1u << type)
			nla_put_flag(message, type);
	}
	nla_nest_end(message, nest);
}

static void put_combination(struct nl_msg *message, int number, const struct combination *combination)
{
	struct nlattr *nest = nla_nest_start(message, number), *limits, *limit;

	limits = nla_nest_start(message, NL80211_IFACE_COMB_LIMITS);
	for (guint i = 0; i < G_N_ELEMENTS(combination->limits) && combination->limits[i].max; i++) {
		limit = nla_nest_start(message, i + 1);
		nla_put_u32(message, NL80211_IFACE_LIMIT_MAX, combination->limits[i].max);
		put_types(message, NL80211_IFACE_LIMIT_TYPES, combination->limits[i].types);
		nla_nest_end(message, limit);
	}
	nla_nest_end(message, limits);
	nla_put_u32(message, NL80211_IFACE_COMB_MAXNUM, combination->max);
	nla_put_u32(message, NL80211_IFACE_COMB_NUM_CHANNELS, combination->channels);
	nla_nest_end(message, nest);
}

static struct nl_msg *message_new(void)
{
	struct nl_msg *message = nlmsg_alloc_size(1 << 15);

	genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, 0, 0, NLM_F_MULTI, NL80211_CMD_NEW_WIPHY, 0);
	return message;
}

/* In two messages, combinations before or behind the types. */
static radio *radio_of(guint32 types, const struct combination *combinations, guint n, gboolean types_last)
{
	struct nl_msg *first = message_new(), *second = message_new();
	struct nlattr *nest;
	radio *r = radio_new();

	put_types(first, NL80211_ATTR_SUPPORTED_IFTYPES, types);
	nest = nla_nest_start(second, NL80211_ATTR_INTERFACE_COMBINATIONS);
	for (guint i = 0; i < n; i++)
		put_combination(second, i + 1, &combinations[i]);
	nla_nest_end(second, nest);
	radio_hear(r, types_last ? second : first);
	radio_hear(r, types_last ? first : second);
	nlmsg_free(first);
	nlmsg_free(second);
	return r;
}

/* Limits as drivers of different makers have them. */
static void test_drivers(void)
{
	static const struct {
		const char *what;
		guint32 types;
		struct combination combinations[2];
		gboolean owner;
		guint channels;
	} cases[] = {
		{ "a limit for each", STATION | AP | OWNER | CLIENT | DEVICE,
		  { { 3, 2, { { 1, STATION }, { 1, AP | CLIENT | OWNER }, { 1, DEVICE } } } }, TRUE, 2 },
		{ "one channel", STATION | OWNER | CLIENT,
		  { { 8, 1, { { 2048, STATION }, { 8, AP | CLIENT | OWNER } } } }, TRUE, 1 },
		{ "one limit for all, which has room", STATION | OWNER,
		  { { 2, 1, { { 2, STATION | OWNER } } } }, TRUE, 1 },
		{ "one limit for all, which has none", STATION | OWNER,
		  { { 2, 1, { { 1, STATION | OWNER } } } }, TRUE, 0 },
		{ "no room for the device", STATION | OWNER | DEVICE,
		  { { 2, 2, { { 1, STATION }, { 1, OWNER | DEVICE } } } }, TRUE, 0 },
		{ "too few of all", STATION | OWNER | DEVICE,
		  { { 2, 2, { { 1, STATION }, { 1, OWNER }, { 1, DEVICE } } } }, TRUE, 0 },
		/* The first limit must not be used up by the station. */
		{ "another way to share out", STATION | OWNER,
		  { { 2, 2, { { 1, STATION | OWNER }, { 1, STATION } } } }, TRUE, 2 },
		{ "the best of two", STATION | OWNER,
		  { { 2, 2, { { 1, STATION }, { 1, OWNER } } }, { 4, 1, { { 4, STATION | OWNER } } } }, TRUE, 2 },
		{ "two channels, but not so", STATION | OWNER,
		  { { 2, 2, { { 2, STATION } } }, { 2, 1, { { 1, STATION }, { 1, OWNER } } } }, TRUE, 1 },
		{ "none at all", STATION | OWNER, { { 0 } }, TRUE, 0 },
		{ "never an owner", STATION | CLIENT | MONITOR, { { 2, 2, { { 1, STATION }, { 1, CLIENT } } } }, FALSE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (int last = 0; last < 2; last++) {
			g_autoptr(radio) r = radio_of(cases[i].types, cases[i].combinations, 2, last);

			g_test_message("%s", cases[i].what);
			g_assert_cmpint(radio_is_owner(r), ==, cases[i].owner);
			g_assert_cmpuint(radio_channels(r), ==, cases[i].channels);
		}
	}
}

/* Beyond what any driver has: the rest is left out, and nothing is written past the end. */
static void test_bounds(void)
{
	static const struct combination good = { 2, 1, { { 1, STATION }, { 1, OWNER } } };
	struct combination many[70];
	struct nl_msg *message = message_new();
	struct nlattr *list, *nest, *limits, *limit;
	g_autoptr(radio) crowded = NULL;
	g_autoptr(radio) r = radio_new();

	for (guint i = 0; i < G_N_ELEMENTS(many); i++) {
		many[i] = good;
		many[i].channels = i + 1;
	}
	crowded = radio_of(STATION | OWNER, many, G_N_ELEMENTS(many), FALSE);
	g_assert_cmpuint(radio_channels(crowded), ==, 64);

	/* A combination with seventeen limits, one without a part, one that is empty, and a good one. */
	put_types(message, NL80211_ATTR_SUPPORTED_IFTYPES, STATION | OWNER);
	list = nla_nest_start(message, NL80211_ATTR_INTERFACE_COMBINATIONS);
	nest = nla_nest_start(message, 1);
	limits = nla_nest_start(message, NL80211_IFACE_COMB_LIMITS);
	for (int i = 0; i < 17; i++) {
		limit = nla_nest_start(message, i + 1);
		nla_put_u32(message, NL80211_IFACE_LIMIT_MAX, 9);
		put_types(message, NL80211_IFACE_LIMIT_TYPES, STATION | OWNER);
		nla_nest_end(message, limit);
	}
	nla_nest_end(message, limits);
	nla_put_u32(message, NL80211_IFACE_COMB_MAXNUM, 9);
	nla_put_u32(message, NL80211_IFACE_COMB_NUM_CHANNELS, 9);
	nla_nest_end(message, nest);
	nest = nla_nest_start(message, 2);
	nla_put_u32(message, NL80211_IFACE_COMB_MAXNUM, 9);
	nla_put_u32(message, NL80211_IFACE_COMB_NUM_CHANNELS, 8);
	nla_nest_end(message, nest);
	nla_put(message, 3, 0, NULL);
	put_combination(message, 4, &good);
	nla_nest_end(message, list);
	radio_hear(r, message);
	g_assert_cmpuint(radio_channels(r), ==, 1);
	nlmsg_free(message);
}

/* Numbers that are too short. */
static void test_malformed(void)
{
	struct nl_msg *message = message_new();
	struct nlattr *list, *nest, *limits, *limit;
	g_autoptr(radio) r = radio_new();

	put_types(message, NL80211_ATTR_SUPPORTED_IFTYPES, STATION | OWNER);
	list = nla_nest_start(message, NL80211_ATTR_INTERFACE_COMBINATIONS);
	nest = nla_nest_start(message, 1);
	limits = nla_nest_start(message, NL80211_IFACE_COMB_LIMITS);
	limit = nla_nest_start(message, 1);
	nla_put_u32(message, NL80211_IFACE_LIMIT_MAX, 2);
	put_types(message, NL80211_IFACE_LIMIT_TYPES, STATION | OWNER);
	nla_nest_end(message, limit);
	nla_nest_end(message, limits);
	nla_put_u8(message, NL80211_IFACE_COMB_MAXNUM, 9);
	nla_put_u8(message, NL80211_IFACE_COMB_NUM_CHANNELS, 9);
	nla_nest_end(message, nest);
	nla_nest_end(message, list);
	radio_hear(r, message);
	g_assert_cmpuint(radio_channels(r), ==, 0);
	nlmsg_free(message);
}

/* The real kernel, of interfaces that are no radios. */
static void test_kernel(void)
{
	g_assert_null(radio_ask("lo"));
	g_assert_null(radio_ask("no-such-iface"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/radio/drivers", test_drivers);
	g_test_add_func("/radio/bounds", test_bounds);
	g_test_add_func("/radio/malformed", test_malformed);
	g_test_add_func("/radio/kernel", test_kernel);
	return g_test_run();
}
