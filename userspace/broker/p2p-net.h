/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-net.h - IPv4 on a P2P group
 *
 * As group owner: an address of a free 192.168.x.0/24 on the group's interface
 * (through libnl-route), and a DHCP server (dnsmasq) bound to that interface.
 * As client: the address that came with the 4-way handshake, or a DHCP client
 * (dhcpcd), without default route and without name servers: a display must not
 * become the way to the Internet.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

typedef struct p2p_net p2p_net;

/**
 * struct p2p_net_request - the group
 * @ifname: its network interface
 * @owner: we are group owner
 * @ip, @prefix: as client: address from the handshake, or NULL
 * @runtime_dir: directory for the files of the DHCP programs; exists
 */
struct p2p_net_request {
	const char *ifname;
	gboolean owner;
	GInetAddress *ip;
	guint prefix;
	const char *runtime_dir;
};

/**
 * struct p2p_net_funcs - what the owner hears; never from inside of a call
 * @progress: as in link.h
 * @up: our address, and the network in which the peer is
 * @failed: at most once; REASON_ADDRESS_FAILED or _DHCP_MISSING
 * @closed: answer to close()
 */
struct p2p_net_funcs {
	void (*progress)(p2p_net *net, const char *phase, const char *text, gpointer user_data);
	void (*up)(p2p_net *net, GInetAddress *local, GInetAddressMask *peers,
		   gpointer user_data);
	void (*failed)(p2p_net *net, const GError *error, gpointer user_data);
	void (*closed)(p2p_net *net, gpointer user_data);
};

/**
 * struct p2p_net_impl - so that tests can do without root
 * @open: begin; up or failed follows
 * @close: end the DHCP program and remove the address; closed follows
 * @free: after closed, or at once if nothing matters any more
 */
struct p2p_net_impl {
	p2p_net *(*open)(const struct p2p_net_request *request, const struct p2p_net_funcs *funcs,
			 gpointer user_data);
	void (*close)(p2p_net *net);
	void (*free)(p2p_net *net);
};

/* The one that works on the system. */
extern const struct p2p_net_impl p2p_net_system;

/* End what a process that was killed has left in @runtime_dir. */
void p2p_net_clean_up(const char *runtime_dir);

/**
 * p2p_net_choose - third byte of a free 192.168.x.0/24
 * @used: IPv4 networks in use: (element-type GInetAddressMask)
 *
 * Returns: 0 to 255, or -1 if all are in use
 */
int p2p_net_choose(GPtrArray *used);

G_END_DECLS
