/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * network-manager.h - NetworkManager's P2P device keeps out while we use the adapter
 *
 * NetworkManager has a device "p2p-dev-IFNAME" of its own for each adapter that can
 * do P2P.  It looks at every group that wpa_supplicant starts there, finds that it
 * is none of its own, and has wpa_supplicant remove the interface: the group ends
 * in the middle of the join.  So that device is not managed while we have ours, by
 * the property that `nmcli device set ... managed no` sets, and is again afterwards.
 * The Wi-Fi device itself, and what it is connected to, are not touched.  A P2P
 * device that NetworkManager is using is left alone.
 *
 * What has been set stands in a file of the runtime directory until it is set back,
 * for the next daemon should this one be killed.  It is about one NetworkManager,
 * named by its unique bus name: one that was started again knows nothing of it.
 *
 * All runs in the main context and nothing waits.  Where there is no NetworkManager
 * nothing happens.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct network_manager network_manager;

/**
 * network_manager_new - sets back what an earlier process has left
 * @bus: connection to use, or NULL for the system bus
 * @runtime_dir: exists
 */
network_manager *network_manager_new(GDBusConnection *bus, const char *runtime_dir);
void network_manager_free(network_manager *nm);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(network_manager, network_manager_free)

/* We use the P2P device of the adapter @ifname from now on. */
void network_manager_hold(network_manager *nm, const char *ifname);

/**
 * network_manager_release - we do not use it any more
 * @done: called once, never from inside, at the latest after two seconds; or NULL
 */
void network_manager_release(network_manager *nm, void (*done)(gpointer user_data),
			     gpointer user_data);

G_END_DECLS
