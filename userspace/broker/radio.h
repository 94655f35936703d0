/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * radio.h - what else a Wi-Fi adapter can do while it is in a network
 *
 * A cast over Wi-Fi P2P wants an adapter to be two or three things at once: station
 * of the user's network, owner of a P2P group, and, where the driver has it as an
 * interface of its own, P2P device.  Whether it can, and on how many channels, is in
 * the interface combinations of its driver (nl80211): each is a list of limits, "up to
 * so many interfaces of these types", a largest number of all of them, and a number
 * of channels.  One combination has to have room for all.
 *
 * Threads: any; an object is for one at a time.  The kernel answers a netlink request
 * before sending it returns; receiving has a limit of a second all the same.
 */
#pragma once

#include <glib.h>

struct nl_msg;

G_BEGIN_DECLS

typedef struct radio radio;

/* That of the network interface @ifname; NULL: the kernel does not say. */
radio *radio_ask(const char *ifname);

/*
 * Is Wi-Fi switched off for @ifname, by software or at the machine (rfkill.h)?  A few small reads of
 * sysfs; FALSE as well: not known.
 */
gboolean radio_is_off(const char *ifname);

/* Of which nothing is known yet. */
radio *radio_new(void);
/**
 * radio_hear - the kernel says something of it
 * @message: NL80211_CMD_NEW_WIPHY; a radio is told in several of them.  What is
 *	malformed in it is left out, as is what is beyond reason
 */
void radio_hear(radio *r, struct nl_msg *message);
void radio_free(radio *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(radio, radio_free)

/* Can it own a P2P group at all? */
gboolean radio_is_owner(const radio *r);
/* On how many channels it can be station and owner of a group at once; 0: it cannot. */
guint radio_channels(const radio *r);

G_END_DECLS
