// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a Wi-Fi adapter can be at once: see radio.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "radio.h"

#include <linux/nl80211.h>

#include <netlink/genl/genl.h>

#include "nl80211.h"
#include "rfkill.h"

/* Drivers have up to a dozen. */
#define MAX_COMBINATIONS 64
#define MAX_LIMITS 16

#define BIT_OF(type) (1u << (type))

/* Up to @max interfaces of @types, bits. */
struct limit {
	guint max;
	guint32 types;
};

struct combination {
	guint max; /* of all interfaces */
	guint channels;
	guint n_limits;
	struct limit limits[MAX_LIMITS];
};

struct radio {
	guint32 types; /* that an interface may have, bits */
	GArray *combinations; /* struct combination */
};

radio *radio_new(void)
{
	radio *r = g_new0(radio, 1);

	r->combinations = g_array_new(FALSE, TRUE, sizeof(struct combination));
	return r;
}

void radio_free(radio *r)
{
	if (!r)
		return;
	g_array_unref(r->combinations);
	g_free(r);
}

/* ---- what the kernel says ------------------------------------------------------- */

/* A nest of flags, the type of each of which is an interface type. */
static guint32 read_types(struct nlattr *nest)
{
	struct nlattr *flag;
	guint32 types = 0;
	int rest;

	nla_for_each_nested(flag, nest, rest) {
		if (nla_type(flag) < 32)
			types |= BIT_OF(nla_type(flag));
	}
	return types;
}

/* FALSE: the kernel would not say it so. */
static gboolean read_limit(struct nlattr *nest, struct limit *limit)
{
	static const struct nla_policy policy[NUM_NL80211_IFACE_LIMIT] = {
		[NL80211_IFACE_LIMIT_MAX] = { .type = NLA_U32 },
		[NL80211_IFACE_LIMIT_TYPES] = { .type = NLA_NESTED },
	};
	struct nlattr *parts[NUM_NL80211_IFACE_LIMIT];

	if (nla_parse_nested(parts, MAX_NL80211_IFACE_LIMIT, nest, policy) < 0 || !parts[NL80211_IFACE_LIMIT_MAX] ||
	    !parts[NL80211_IFACE_LIMIT_TYPES])
		return FALSE;
	limit->max = nla_get_u32(parts[NL80211_IFACE_LIMIT_MAX]);
	limit->types = read_types(parts[NL80211_IFACE_LIMIT_TYPES]);
	return TRUE;
}

static gboolean read_combination(struct nlattr *nest, struct combination *combination)
{
	static const struct nla_policy policy[NUM_NL80211_IFACE_COMB] = {
		[NL80211_IFACE_COMB_LIMITS] = { .type = NLA_NESTED },
		[NL80211_IFACE_COMB_MAXNUM] = { .type = NLA_U32 },
		[NL80211_IFACE_COMB_NUM_CHANNELS] = { .type = NLA_U32 },
	};
	struct nlattr *parts[NUM_NL80211_IFACE_COMB], *limit;
	int rest;

	*combination = (struct combination){ 0 };
	if (nla_parse_nested(parts, MAX_NL80211_IFACE_COMB, nest, policy) < 0 || !parts[NL80211_IFACE_COMB_LIMITS] ||
	    !parts[NL80211_IFACE_COMB_MAXNUM] || !parts[NL80211_IFACE_COMB_NUM_CHANNELS])
		return FALSE;
	combination->max = nla_get_u32(parts[NL80211_IFACE_COMB_MAXNUM]);
	combination->channels = nla_get_u32(parts[NL80211_IFACE_COMB_NUM_CHANNELS]);
	nla_for_each_nested(limit, parts[NL80211_IFACE_COMB_LIMITS], rest) {
		if (combination->n_limits == MAX_LIMITS ||
		    !read_limit(limit, &combination->limits[combination->n_limits]))
			return FALSE;
		combination->n_limits++;
	}
	return TRUE;
}

void radio_hear(radio *r, struct nl_msg *message)
{
	struct genlmsghdr *header = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *attributes[NL80211_ATTR_MAX + 1], *nest;
	struct combination combination;
	int rest;

	if (nla_parse(attributes, NL80211_ATTR_MAX, genlmsg_attrdata(header, 0), genlmsg_attrlen(header, 0), NULL) < 0)
		return;
	if (attributes[NL80211_ATTR_SUPPORTED_IFTYPES])
		r->types = read_types(attributes[NL80211_ATTR_SUPPORTED_IFTYPES]);
	if (!attributes[NL80211_ATTR_INTERFACE_COMBINATIONS])
		return;
	nla_for_each_nested(nest, attributes[NL80211_ATTR_INTERFACE_COMBINATIONS], rest) {
		if (r->combinations->len < MAX_COMBINATIONS && read_combination(nest, &combination))
			g_array_append_val(r->combinations, combination);
	}
}

static int said(struct nl_msg *message, void *arg)
{
	radio_hear(arg, message);
	return NL_OK;
}

radio *radio_ask(const char *ifname)
{
	radio *r = radio_new();

	/* In one message there may be no room for all of it. */
	if (!nl80211_ask(ifname, NL80211_CMD_GET_WIPHY, NLM_F_DUMP, NL80211_ATTR_SPLIT_WIPHY_DUMP, said, r) || !r->types)
		g_clear_pointer(&r, radio_free);
	return r;
}

gboolean radio_is_off(const char *ifname)
{
	g_autofree char *phy = g_build_filename("/sys/class/net", ifname, "phy80211", NULL);

	return rfkill_read(phy) != RFKILL_ON;
}

/* ---- what follows --------------------------------------------------------------- */

/* Is there room for each of these @n interfaces, of one type each? @used: of each limit */
static gboolean has_room(const struct combination *combination, guint *used, const guint32 *types, guint n)
{
	if (n == 0)
		return TRUE;
	for (guint i = 0; i < combination->n_limits; i++) {
		const struct limit *limit = &combination->limits[i];
		gboolean room;

		if (!(limit->types & types[0]) || used[i] >= limit->max)
			continue;
		used[i]++;
		room = has_room(combination, used, types + 1, n - 1);
		used[i]--;
		if (room)
			return TRUE;
	}
	return FALSE;
}

gboolean radio_is_owner(const radio *r)
{
	return (r->types & BIT_OF(NL80211_IFTYPE_P2P_GO)) != 0;
}

guint radio_channels(const radio *r)
{
	/* The last one only where there are such interfaces. */
	const guint32 wanted[] = { BIT_OF(NL80211_IFTYPE_STATION), BIT_OF(NL80211_IFTYPE_P2P_GO),
				   BIT_OF(NL80211_IFTYPE_P2P_DEVICE) };
	guint n = r->types & BIT_OF(NL80211_IFTYPE_P2P_DEVICE) ? 3 : 2, channels = 0;

	for (guint i = 0; i < r->combinations->len; i++) {
		const struct combination *combination = &g_array_index(r->combinations, struct combination, i);
		guint used[MAX_LIMITS] = { 0 };

		if (combination->max >= n && has_room(combination, used, wanted, n))
			channels = MAX(channels, combination->channels);
	}
	return channels;
}
