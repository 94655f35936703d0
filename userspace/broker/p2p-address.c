// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * IPv4 networks of a P2P group: see p2p-address.h.
 */
#include "p2p-address.h"

#include <string.h>

/* Where the search for a free network starts; the value that Android uses. */
#define FIRST_CHOICE 49

/* No network of anybody is this large; routes are, instead of a default route. */
#define NETWORK_PREFIX_MIN 8

/* Private networks (RFC 1918). */
static const struct {
	guint32 network;
	guint prefix;
} private_networks[] = {
	{ 10u << 24, 8 },
	{ 172u << 24 | 16 << 16, 12 },
	{ 192u << 24 | 168 << 16, 16 },
};

static guint32 number(const guint8 bytes[4])
{
	return (guint32)bytes[0] << 24 | (guint32)bytes[1] << 16 | (guint32)bytes[2] << 8 | bytes[3];
}

static guint32 address_number(GInetAddress *address)
{
	return number(g_inet_address_to_bytes(address));
}

static guint32 mask_of(guint prefix)
{
	return prefix ? ~0u << (32 - prefix) : 0;
}

int p2p_address_prefix(const guint8 mask[4])
{
	guint32 bits = number(mask);
	int prefix = __builtin_popcount(bits);

	return bits == mask_of(prefix) ? prefix : -1;
}

GInetAddressMask *p2p_address_network(GInetAddress *address, guint prefix)
{
	guint32 network = GUINT32_TO_BE(address_number(address) & mask_of(prefix));
	g_autoptr(GInetAddress) base = g_inet_address_new_from_bytes((const guint8 *)&network,
								     G_SOCKET_FAMILY_IPV4);

	return g_object_new(G_TYPE_INET_ADDRESS_MASK, "address", base, "length", prefix, NULL);
}

void p2p_address_add_used(GPtrArray *used, const guint8 address[4], guint prefix)
{
	g_autoptr(GInetAddress) inet = NULL;

	if (prefix < NETWORK_PREFIX_MIN || prefix > 32)
		return;
	inet = g_inet_address_new_from_bytes(address, G_SOCKET_FAMILY_IPV4);
	g_ptr_array_add(used, p2p_address_network(inet, prefix));
}

/* The first of @used that shares an address with the network, or NULL. */
static GInetAddressMask *find_overlap(GPtrArray *used, guint32 network, guint prefix)
{
	for (guint i = 0; i < used->len; i++) {
		GInetAddressMask *mask = g_ptr_array_index(used, i);
		guint length = MIN(g_inet_address_mask_get_length(mask), prefix);
		guint32 other = address_number(g_inet_address_mask_get_address(mask));

		if (((network ^ other) & mask_of(length)) == 0)
			return mask;
	}
	return NULL;
}

int p2p_address_choose(GPtrArray *used)
{
	for (guint i = 0; i < 256; i++) {
		guint third = (FIRST_CHOICE + i) % 256;

		if (!find_overlap(used, 192u << 24 | 168 << 16 | third << 8, P2P_ADDRESS_PREFIX))
			return third;
	}
	return -1;
}

static gboolean is_private(guint32 address)
{
	for (guint i = 0; i < G_N_ELEMENTS(private_networks); i++) {
		if (((address ^ private_networks[i].network) & mask_of(private_networks[i].prefix)) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Neither the network's own address nor that for all in it. */
static gboolean is_host(guint32 address, guint32 mask)
{
	return (address & ~mask) != 0 && (address & ~mask) != ~mask;
}

gboolean p2p_address_check(GInetAddress *local, int prefix, GInetAddress *owner, GPtrArray *used,
			   GError **error)
{
	g_autofree char *text = g_inet_address_to_string(local);
	guint32 address, mask;
	GInetAddressMask *other;

	if (g_inet_address_get_family(local) != G_SOCKET_FAMILY_IPV4 ||
	    (owner && g_inet_address_get_family(owner) != G_SOCKET_FAMILY_IPV4)) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED,
			    "the display gives addresses that are not IPv4");
		return FALSE;
	}
	address = address_number(local);
	if (prefix < P2P_ADDRESS_PREFIX_MIN || prefix > P2P_ADDRESS_PREFIX_MAX) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED,
			    "the display gives the address %s in a network of an impossible size",
			    text);
		return FALSE;
	}
	mask = mask_of(prefix);
	if (!is_private(address) || !is_host(address, mask)) {
		g_set_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED,
			    "the display gives the address %s/%d, which is none of a private network",
			    text, prefix);
		return FALSE;
	}
	if (owner && (((address ^ address_number(owner)) & mask) != 0 || address_number(owner) == address ||
		      !is_host(address_number(owner), mask))) {
		g_autofree char *owner_text = g_inet_address_to_string(owner);

		g_set_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED,
			    "the display gives the address %s/%d, but is not in that network itself: %s",
			    text, prefix, owner_text);
		return FALSE;
	}
	other = find_overlap(used, address & mask, prefix);
	if (other) {
		g_autofree char *other_text = g_inet_address_mask_to_string(other);

		g_set_error(error, REASON_ERROR, REASON_ADDRESS_REFUSED,
			    "the display gives the address %s/%d, but this machine uses the network %s",
			    text, prefix, other_text);
		return FALSE;
	}
	return TRUE;
}

static gboolean read_bytes(const char *text, guint8 bytes[4])
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);

	if (!address || g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV4)
		return FALSE;
	memcpy(bytes, g_inet_address_to_bytes(address), 4);
	return TRUE;
}

GInetAddress *p2p_address_parse_lease(const char *line, int *prefix)
{
	g_auto(GStrv) fields = g_strsplit(line, " ", 4);
	guint8 address[4], mask[4];

	*prefix = -1;
	if (g_strv_length(fields) != 3 ||
	    (strcmp(fields[0], "bound") != 0 && strcmp(fields[0], "renew") != 0) ||
	    !read_bytes(fields[1], address))
		return NULL;
	/* Without a mask the client leaves the field empty or "-": no prefix, to be refused. */
	if (read_bytes(fields[2], mask))
		*prefix = p2p_address_prefix(mask);
	return g_inet_address_new_from_bytes(address, G_SOCKET_FAMILY_IPV4);
}
