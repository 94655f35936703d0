/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-net.h - IPv4 on a P2P group
 *
 * As group owner: an address of a free 192.168.x.0/24 on the group's interface
 * (through libnl-route), and a DHCP server (p2p-dhcp.h) bound to that interface.
 * As client: the address that came with the 4-way handshake, or one by DHCP, if
 * p2p-address.h finds nothing wrong with it.
 *
 * A display must not become the way to the Internet, nor this machine one for the
 * display.  So, in both roles, nothing but this one address and the network it is
 * in comes to the interface: no route and no name server by DHCP; no IPv6 at all,
 * and with it no Router Advertisement; nothing that arrives on it is forwarded.  And
 * it is let in to nothing but what Wi-Fi Display needs (link-filter.h), before there is
 * an address; where the kernel cannot do that, the log says so, once.  Where firewalld runs it is told to leave the
 * rest to those rules, for as long as they stand (firewalld.h): after them and before the address, and until the
 * address goes.
 *
 * Where another program makes the link and gives or asks for its address ("made"), as iwd does, that
 * address is taken as it is, if p2p-address.h finds nothing wrong with it, and what else
 * the program has let the display set is taken away again: routes other than to the link's network,
 * as often as they come.  Rules and settings come with our knowledge of the interface, so a
 * moment later than the address.  Name servers that the program has taken from the display are not ours to remove.
 *
 * Where the group has no network interface of its own but that of the adapter, what
 * was set before is set again when the group is gone; after a daemon that was killed, when
 * the next one begins, which is before that one ends the group.
 *
 * A display may still have the former owner of the same address in its ARP cache,
 * say a phone, since 192.168.49.1 is everybody's. So the address is announced (RFC
 * 5227, 3) when it is set, and again when the display has come, which as a rule is
 * later.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

/*
 * As client, for an address by DHCP: some displays need half a minute before they hand one out, and a
 * DHCP client that had no answer asks again only after 10 s and more.
 */
#define P2P_NET_LEASE_SECONDS 50
/* For the address of a link that is made: the kernel has it, or is about to. */
#define P2P_NET_MADE_SECONDS 5

typedef struct p2p_net p2p_net;

/**
 * struct p2p_net_request - the group
 * @ifname: its network interface
 * @owner: we are group owner
 * @made: another program has given it its address; @owner, @ip and @prefix mean nothing
 * @ip, @prefix: as client: address from the handshake, or NULL; the prefix as in
 *	p2p_address_check()
 * @owner_ip: as client: the owner's own address from the handshake, or NULL; of one that is made: the display's
 * @runtime_dir: directory for the files of the DHCP programs; exists
 * @bus: where firewalld is; NULL: system bus
 * @in_zone: as in struct firewalld_request
 */
struct p2p_net_request {
	const char *ifname;
	gboolean owner;
	gboolean made;
	GInetAddress *ip;
	int prefix;
	GInetAddress *owner_ip;
	const char *runtime_dir;
	GDBusConnection *bus;
	gboolean in_zone;
};

/**
 * struct p2p_net_funcs - what the owner hears; never from inside of a call
 * @progress: as in link.h; also after up
 * @up: our address, and the network in which the peer is, or the peer alone if it
 *	has said which address it has
 * @failed: at most once; REASON_ADDRESS_FAILED, _ADDRESS_REFUSED or _DHCP_MISSING
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
 * @free: after closed, or at once if nothing matters any more. Only with that go the
 *	rules and settings that keep the display out: it can send until the group is gone
 * @keeps_out: whether there can be such rules, before there is an interface
 */
struct p2p_net_impl {
	p2p_net *(*open)(const struct p2p_net_request *request, const struct p2p_net_funcs *funcs,
			 gpointer user_data);
	void (*close)(p2p_net *net);
	void (*free)(p2p_net *net);
	gboolean (*keeps_out)(void);
};

/* The one that works on the system. */
extern const struct p2p_net_impl p2p_net_system;

/* Undo what a process that was killed has left: programs, settings, a zone; see @runtime_dir and @bus. */
void p2p_net_clean_up(GDBusConnection *bus, const char *runtime_dir);

G_END_DECLS
