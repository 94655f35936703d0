/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * link-p2p.h - Wi-Fi P2P (Wi-Fi Direct) through wpa_supplicant
 *
 * Uses the wpa_supplicant that the system runs, beside NetworkManager.  Sinks are
 * peers whose WFD element says that they can be connected; they are remembered
 * when they go out of sight.  A connection is a P2P group by push button, or with a PIN
 * where the user or the display wants that (p2p-pin.h), as group owner unless the sink insists, made by NetworkManager where that has the
 * adapter (network-manager.h), with IPv4 (p2p-net.h) and a TCP port that
 * only this group can reach.
 *
 * Phases of a connection, as progress() names them:
 *	searching		not in sight, looking for it
 *	provisioning		the display is told that a PIN is wanted
 *	pin-wanted		it shows one, which has to be typed here
 *	pin-wrong		what was typed cannot be it; it is asked for again
 *	pin-shown		we show one, which has to be typed at the display
 *	inviting		the display knows this computer and is asked to join without a question
 *	waiting-for-acceptance	the display may be asking its user
 *	group-forming		accepted; keys are being agreed on
 *	group-started		the radio link is up
 *	leased			the display has its IP address (as group owner)
 *	firewalld-refused	firewalld may keep the display out: what to do
 *
 * One connection at a time.  Nothing of us is in wpa_supplicant before the first
 * find or connect, nor when neither was wanted for linger_seconds; what a killed
 * process has left is removed with the next one.
 *
 * The group is encrypted in any case (WPA2), so "encryption", of the option "security",
 * asks for nothing more.
 *
 * States, limits and the parts' borders: p2p.h.
 */
#pragma once

#include "link.h"
#include "p2p-net.h"
#include "remembered.h"
#include "wifi-users.h"
#include "wifi-watch.h"

G_BEGIN_DECLS

/* The user's walk to the display is in it. */
#define LINK_P2P_ACCEPT_SECONDS 120

/**
 * struct link_p2p_config - read by link_p2p_new() only
 * @bus: where wpa_supplicant and firewalld are; NULL: system bus
 * @interface: network interface, NULL: first that can do P2P
 * @runtime_dir: for files, NULL: /run/miracast; made if missing
 * @net: NULL: &p2p_net_system
 * @watch: NULL: &wifi_watch_system
 * @remembered: how a group with a display came about last time; borrowed, outlives the
 *	backend. NULL: nothing is remembered
 * @rtsp_port: 0: LINK_DEFAULT_PORT
 * @accept_seconds: 0: LINK_P2P_ACCEPT_SECONDS
 * @linger_seconds: how long the P2P device is kept when nobody needs it,
 *	0: P2P_DEVICE_LINGER_SECONDS
 * @device_name: what displays show, NULL: link_own_name()
 * @users: who else has an adapter, NULL: &wifi_users_system
 */
struct link_p2p_config {
	GDBusConnection *bus;
	const char *interface;
	const char *runtime_dir;
	const struct p2p_net_impl *net;
	const struct wifi_watch_impl *watch;
	remembered *remembered;
	guint16 rtsp_port;
	guint accept_seconds;
	guint linger_seconds;
	const char *device_name;
	const struct wifi_users *users;
};

link_backend *link_p2p_new(const struct link_p2p_config *config, const struct link_events *events,
			   gpointer user_data);

G_END_DECLS
