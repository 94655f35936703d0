/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-net.h - three machines, in network namespaces of the test's own
 *
 *	TV 192.168.77.2 ---- 192.168.77.1 HERE 192.168.88.1 ---- 192.168.88.2 PC
 *	                       LINK_NET_IFNAME              lan
 *
 * The process itself is HERE, which forwards between the two; a socket belongs to the
 * machine that it was made in, for its whole life.  Needs no root where the kernel lets
 * users have namespaces.
 */
#pragma once

#include <glib.h>

#define LINK_NET_IFNAME "p2p-veth0-0"
#define LINK_NET_HERE "192.168.77.1"
#define LINK_NET_TV "192.168.77.2"
#define LINK_NET_LAN "192.168.88.1"
#define LINK_NET_PC "192.168.88.2"

enum machine { HERE, TV, PC, N_MACHINES };

/* Once; NULL: they are there. Otherwise why they cannot be, (transfer full). */
char *link_net_enter(void);
/* The same, with rules of nftables; FALSE: this kernel has nothing to try it with, and the test is skipped. */
gboolean link_net_has_rules(void);

/* HERE has its way to everywhere through the TV, as one that asks it by DHCP may have. */
void link_net_go_through_tv(void);
/* A service of @machine on all its addresses, of @type SOCK_STREAM or SOCK_DGRAM; @port 0: any. */
int link_net_serve(enum machine machine, int type, guint16 port);
guint16 link_net_port(int fd);
/* A socket of @machine that hears all ARP (packet(7), SOCK_DGRAM). */
int link_net_hear_arp(enum machine machine);
/* Whether somebody on @from can call @address. */
gboolean link_net_calls(enum machine from, const char *address, guint16 port);
/* Whether a datagram comes to @to, which has @port on @address. */
gboolean link_net_sends(enum machine from, guint16 from_port, const char *address, guint16 port, int to);
/* Whether @address answers an echo request. */
gboolean link_net_echoes(enum machine from, const char *address);
