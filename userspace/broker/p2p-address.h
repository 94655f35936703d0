/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-address.h - which IPv4 networks a P2P group may have
 *
 * The group's owner names the network.  As owner we take one that nothing on this
 * machine uses.  As client we are told one by a device that nobody has vouched
 * for, in the 4-way handshake or by DHCP, and a network is also a route: whatever
 * lies in it goes to the display from then on.  So it has to be a small private
 * one that does not overlap any that is in use here.
 *
 * Pure functions; any thread.  Errors are of the domain REASON_ERROR.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

/* Prefix of the networks that we choose, and the bounds for those that we are given. */
#define P2P_ADDRESS_PREFIX 24
#define P2P_ADDRESS_PREFIX_MIN 16
#define P2P_ADDRESS_PREFIX_MAX 30

/**
 * p2p_address_prefix - length of a netmask
 * @mask: in network order
 *
 * Returns: 0 to 32, or -1 if the ones in it are not all at the front
 */
int p2p_address_prefix(const guint8 mask[4]);

/**
 * p2p_address_network - the network that an IPv4 address is in
 * @prefix: 0 to 32
 *
 * Returns: (transfer full)
 */
GInetAddressMask *p2p_address_network(GInetAddress *address, guint prefix);

/**
 * p2p_address_add_used - a network that is in use
 * @used: (element-type GInetAddressMask)
 * @address: 4 bytes, in network order
 *
 * What is shorter than a real network stands for the way to everywhere, in one
 * route or, as VPNs have it, in two or four halves of one: it is not added.
 */
void p2p_address_add_used(GPtrArray *used, const guint8 address[4], guint prefix);

/**
 * p2p_address_choose - third byte of a free 192.168.x.0/24
 * @used: see p2p_address_add_used()
 *
 * Returns: 0 to 255, or -1 if all are in use
 */
int p2p_address_choose(GPtrArray *used);

/**
 * p2p_address_check - may we take the address that a display gives us?
 * @local: our address
 * @prefix: of its network; a negative one is no prefix at all
 * @owner: the display's own address, or NULL if it did not say
 * @used: see p2p_address_add_used()
 *
 * Returns: FALSE with REASON_ADDRESS_REFUSED if not
 */
gboolean p2p_address_check(GInetAddress *local, int prefix, GInetAddress *owner, GPtrArray *used,
			   GError **error);

/**
 * p2p_address_parse_lease - what the DHCP client's script says
 * @line: without its end; see data/miracast-dhcp-event
 * @prefix: (out): as p2p_address_check() takes it
 *
 * Returns: (transfer full): the address of a lease that began or was renewed, or
 * NULL: something else has happened
 */
GInetAddress *p2p_address_parse_lease(const char *line, int *prefix);

G_END_DECLS
