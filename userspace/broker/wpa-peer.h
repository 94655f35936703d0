/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-peer.h - where a peer was heard
 *
 * The Peer object of D-Bus tells a peer's signal, and not on which channel that is.  The control interface does
 * (wpa-control.h): the answer to P2P_PEER has a line for each thing that is known, "NAME=VALUE", among them
 *
 *	listen_freq	MHz, of its last frame
 *	oper_freq	of the group that it owns, or has spoken of last
 *
 * Before them all is the peer's address, and between the two is what it calls itself and its maker, in which there may
 * be anything, line ends, too.  So the first listen_freq counts, and the last oper_freq.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * wpa_peer_frequency - from such an answer, or from anything else
 * @group_owner: it owns a group, so that oper_freq is that group's
 *
 * Returns: MHz; 0: it does not say
 */
guint wpa_peer_frequency(const char *answer, gboolean group_owner);

G_END_DECLS
