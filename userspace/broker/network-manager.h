/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-manager.h - a group that NetworkManager knows of
 *
 * Where NetworkManager runs an adapter with wpa_supplicant it has a P2P device of its
 * own there, "p2p-dev-IFNAME", managed or not.  It looks at every group that starts on
 * it; one that it has not asked for it has wpa_supplicant remove at once.  So there it
 * is NetworkManager that has to ask the display: by a connection of type wifi-p2p,
 * which is in memory only, ends with the daemon's bus connection, and has no IP, since
 * addresses are p2p-net.h's: with both methods "disabled" NetworkManager configures
 * nothing, and of addresses it removes only those that it has set.
 *
 * NetworkManager puts the group's interface into a zone of firewalld's, if that runs, before we know of the interface: into the
 * one that it is asked for, or into the default one, which would keep the display out.
 *
 * The connection is also a permission: as long as NetworkManager activates it, it
 * takes any group that starts on the device for its own, whoever has asked for it. So
 * the display is asked once more, or in another way, by wpas_connect() as elsewhere.
 * All that wpa_supplicant says of a group it says to us as well.
 *
 * What is wanted is the peer of the last network_manager_ask(), or none; what has been
 * reached is the state; the one follows the other:
 *
 *	state	   waits for			then				limit
 *	idle	   -				looking, if one is wanted	-
 *	looking	   whether there is one, and	absent: idle; busy or no	5 s
 *		   its P2P device		answer: refused, idle;
 *						else asking
 *	asking	   AddAndActivateConnection2	refused: idle; else active	25 s
 *	active	   -				ending if none is wanted;	-: has its own, 45 s
 *						it has ended: idle		until a group starts
 *	ending	   DeactivateConnection, and	idle; looking, if one is	5 s
 *		   that it is deactivated	wanted meanwhile
 *	any	   NetworkManager goes away	idle; looking: absent		-
 *
 * Released while looking, the state is idle there and then; while asking, the answer
 * is waited for, since there may be something to end.
 *
 * A NetworkManager that goes away, or dies, leaves the group to us; one that comes
 * while a group is up has not seen it start and leaves it alone.  Only one that comes
 * between our Connect and the group's start removes it; then the connection ends with
 * REASON_GROUP_ENDED and the next one is NetworkManager's.
 *
 * If NetworkManager refuses there is no group: by wpa_supplicant alone it would come
 * up and be removed.  Without a P2P device, with one that is not available, or where
 * it manages neither this nor the adapter, NetworkManager does not listen to
 * wpa_supplicant: absent.  A P2P device that has another connection is its user's:
 * REASON_LINK_BUSY.
 *
 * All runs in the main context and nothing waits.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

#define NETWORK_MANAGER_LOOK_SECONDS 5
/* It asks polkit and may have much to do. */
#define NETWORK_MANAGER_ASK_SECONDS 25
#define NETWORK_MANAGER_END_SECONDS 5

typedef struct network_manager network_manager;

/**
 * struct network_manager_funcs - what the owner hears; never from inside of a call
 * @absent: answer to ask(): it has nothing to do with the adapter; connect yourself
 * @asked: answer to ask(): it asks the display
 * @refused: answer to ask(): it does not; REASON_LINK_BUSY or _LINK_UNAVAILABLE
 * @ended: what it was asked for is over, by network_manager_release() or not; with its
 *	group, if NetworkManager is still there
 */
struct network_manager_funcs {
	void (*absent)(network_manager *nm, gpointer user_data);
	void (*asked)(network_manager *nm, gpointer user_data);
	void (*refused)(network_manager *nm, const GError *error, gpointer user_data);
	void (*ended)(network_manager *nm, gpointer user_data);
};

/**
 * network_manager_new - nothing happens before something is asked
 * @bus: connection to use, or NULL for the system bus
 * @wfd: the WFD subelements that it is to announce, as wpas_config.wfd
 */
network_manager *network_manager_new(GDBusConnection *bus, GBytes *wfd,
				     const struct network_manager_funcs *funcs,
				     gpointer user_data);
/* Forgets everything; NetworkManager ends what it has with the bus connection. */
void network_manager_free(network_manager *nm);

/**
 * network_manager_ask - ask the display, if that is NetworkManager's business
 * @ifname: network interface of the adapter
 * @peer: P2P device address, xx:xx:xx:xx:xx:xx
 * @zone: of firewalld, for the group's interface (connection.zone); NULL: the default one
 *
 * One answer follows, once, or ended if NetworkManager goes away; asking again before
 * that changes nothing, nor does it while active.
 */
void network_manager_ask(network_manager *nm, const char *ifname, const char *peer, const char *zone);
/* End what was asked for; ended follows unless it is idle. */
void network_manager_release(network_manager *nm);

/* Nothing of us is in NetworkManager. */
gboolean network_manager_is_idle(network_manager *nm);
/* It has what was last asked for: a group that starts is its own. */
gboolean network_manager_is_active(network_manager *nm);

G_END_DECLS
