/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-filter.h - what a display can reach of this machine over a P2P link
 *
 * A service that listens on all addresses listens on the link, too, and who is at its
 * other end is no more than somebody whose button was pushed.  So there is a table of
 * nftables for each link, for as long as there is the link:
 *
 *	in	what answers to us; DHCP, as server or client; the doors below; echo requests
 *	through	nothing, neither from the link nor to it
 *
 * and whatever else comes in is dropped.  Of IPv6 that is all: the link has none
 * (p2p-net.h).  What goes out is not looked at, nor are other interfaces.
 *
 * The doors are ports that the broker or a session process has opened on the link:
 *
 *	rtsp		until the display has answered on its call (p2p-path.h)
 *	reports		RTCP, to which the display sends without having been asked; as
 *			long as the session's process lives (rtp-ports.h).  RTP goes out
 *
 * Remote input (UIBC), once it is there, needs one more.
 *
 * Beside other rules: each table has its word, and the word "drop" is final whoever says
 * it, while "accept" is of the table alone that says it.  So this makes nothing
 * reachable that firewalld, ufw or iptables keep out, and they make nothing reachable
 * that this keeps out.  No other table is touched.  The table is owned by our socket
 * (Linux 5.12), so others cannot change or flush it, and the kernel removes it with the
 * socket, however the process ends.  The socket is libnftables' own and not
 * close-on-exec, but g_subprocess_*() leaves none open in the processes that it starts.
 *
 * At the end of a link the table goes after the group (p2p-connection.h).  When the
 * process is killed it is the other way round: the table is gone at once, the group and
 * its address stay in wpa_supplicant and in the kernel until the next daemon has started and
 * takes down what is left (p2p-device.h).  Until then the display, if it stays, reaches what
 * listens on all addresses.  Where firewalld would keep it out it does so
 * again as soon as the next daemon starts, too (firewalld.h).
 *
 * Where the kernel has no nf_tables, or we have no rights, a link works without; the
 * daemon says so in its log and in `miracastctl doctor`.  Stateful rules need the
 * kernel's connection tracking, which for the time of a link looks at all packets of
 * the machine.
 *
 * firewalld is told to accept what comes in on the link, since this lets in less than it would (firewalld.h); what is
 * said above of other rules holds for those that are not its.
 *
 * Texts for nftables are made of numbers and of interface names of letters, digits and
 * "-_." alone; an interface with another name is not filtered, as above.
 *
 * All runs in the main context, which waits.  Each change reads the rules of the whole
 * machine first, as libnftables does: about a millisecond where others have few, and one
 * more for each thousand of chains that they have (tests/unit/test-link-filter.c prints
 * both).  The first call of all may wait for the kernel to load nf_tables, and the end of
 * a link waits some ten milliseconds for packets in flight.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* D(id, protocol) */
#define LINK_FILTER_DOORS(D) \
	D(RTSP, "tcp") \
	D(REPORTS, "udp")

enum link_filter_door {
#define D(id, protocol) LINK_FILTER_##id,
	LINK_FILTER_DOORS(D)
#undef D
	N_LINK_FILTER_DOORS,
};

/**
 * struct link_filter_rules - what may come in
 * @ifname: of the link
 * @owner: we give addresses, instead of asking for one
 * @doors: port of each; 0: it is shut
 */
struct link_filter_rules {
	const char *ifname;
	gboolean owner;
	guint16 doors[N_LINK_FILTER_DOORS];
};

/**
 * link_filter_text - the rules as nftables reads them, in place of former ones
 *
 * Fails with REASON_CONFIGURATION if that is not the name of an interface, or not one
 * of the names above.
 */
char *link_filter_text(const struct link_filter_rules *rules, GError **error);

typedef struct link_filter link_filter;

/**
 * link_filter_new - the rules are there from now on, with all doors shut
 *
 * Fails with REASON_CONFIGURATION; then there are none.  One per interface.
 */
link_filter *link_filter_new(const char *ifname, gboolean owner, GError **error);
/* Heard at most once, from inside of a call that opens a door: they were taken away. */
typedef void link_filter_lost(gpointer user_data);
void link_filter_when_lost(link_filter *filter, link_filter_lost *lost, gpointer user_data);
/* They are gone. NULL is allowed. */
void link_filter_free(link_filter *filter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(link_filter, link_filter_free)

/* Say in the log that a link is without, and why: the first time as a warning. */
void link_filter_do_without(const char *ifname, const GError *error);

/*
 * A port on a link, for those who know the interface alone.  Without a filter there,
 * or without an interface (NULL), nothing happens.  A door has one port: the last one
 * counts, and the end of an earlier one shuts nothing.  If the kernel refuses to open one
 * all rules of the link are taken away, and the link goes on without: lost.
 */
void link_filter_open_door(const char *ifname, enum link_filter_door door, guint16 port);
void link_filter_shut_door(const char *ifname, enum link_filter_door door, guint16 port);

/*
 * Whether a link could have a filter.  If one has, it can; else the kernel is asked, once
 * in the life of the process: that changes no rule, but may have it load its modules.
 */
gboolean link_filter_check(GError **error);

G_END_DECLS
