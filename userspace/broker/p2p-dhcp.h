/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p-dhcp.h - DHCP on a P2P group: somebody else's programs, kept on a short lead
 *
 * Server: dnsmasq, bound to the group's interface, without its configuration,
 * names, scripts, and without a router option.
 *
 * Client: udhcpc of busybox.  It changes nothing on the system itself but calls a
 * script; ours (data/miracast-dhcp-event) says which address was leased and
 * nothing more, so that routes, name servers and whatever else a display may send
 * have no way in.  Who asked sets the address, if he likes it.  Other clients
 * configure the interface themselves: dhcpcd writes to /proc/sys for that, has a
 * user, a chroot and a database of its own, and cannot run under the restrictions
 * of miracastd.service; dhclient has been given up by its authors.
 *
 * Where a unit runs them (unit-call.h) they have its rights, and the daemon has neither
 * those to use the ports of DHCP nor those to become whom dnsmasq becomes.
 *
 * A program that does not end when told to is killed after two seconds.  Its
 * process number is in a file of the runtime directory, for the next daemon
 * should this one be killed.
 *
 * All runs in the main context, nothing waits, errors are of the domain
 * REASON_ERROR.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

typedef struct p2p_dhcp p2p_dhcp;

/**
 * p2p_dhcp_search_path - where the programs are looked for
 * @path: the daemon's own PATH, or NULL
 *
 * They are system programs.  A shell that became root without a login keeps the
 * user's PATH, without /usr/sbin; a daemon that dbus-daemon starts has none at all.
 *
 * Returns: what to set PATH to before there is a second thread
 */
char *p2p_dhcp_search_path(const char *path);

/**
 * struct p2p_dhcp_funcs - what the owner hears; never from inside of a call
 * @leased: server: the peer has taken @address, once.  Client: we may have
 *	@address; again with each renewal.  @prefix is that of the client's
 *	network, as in p2p_address_check()
 * @ended: the program has ended by itself; REASON_ADDRESS_FAILED or _DHCP_MISSING
 * @closed: answer to p2p_dhcp_close()
 */
struct p2p_dhcp_funcs {
	void (*leased)(p2p_dhcp *dhcp, GInetAddress *address, int prefix, gpointer user_data);
	void (*ended)(p2p_dhcp *dhcp, const GError *error, gpointer user_data);
	void (*closed)(p2p_dhcp *dhcp, gpointer user_data);
};

/**
 * p2p_dhcp_serve - give addresses of @network on @ifname
 * @network: a /24, our own address being its first
 * @runtime_dir: exists
 *
 * Returns: NULL with REASON_DHCP_MISSING or _ADDRESS_FAILED
 */
p2p_dhcp *p2p_dhcp_serve(const char *ifname, GInetAddressMask *network, const char *runtime_dir,
			 const struct p2p_dhcp_funcs *funcs, gpointer user_data, GError **error);
/* p2p_dhcp_ask - ask for an address on @ifname; as p2p_dhcp_serve() */
p2p_dhcp *p2p_dhcp_ask(const char *ifname, const char *runtime_dir,
		       const struct p2p_dhcp_funcs *funcs, gpointer user_data, GError **error);
/* End the program; closed follows, nothing else does. */
void p2p_dhcp_close(p2p_dhcp *dhcp);
/* After closed, or at once if nothing matters any more. */
void p2p_dhcp_free(p2p_dhcp *dhcp);

/* End what a process that was killed has left in @runtime_dir. */
void p2p_dhcp_clean_up(const char *runtime_dir);

G_END_DECLS
