/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iwd-objects.h - what is in the list of iwd's objects
 *
 * Pure functions over the answer to GetManagedObjects, and a table of the peers that it had last
 * time.  Names come from the air, types from a program that is not ours: what is not as it
 * should be is not there.
 */
#pragma once

#include "iwd.h"

G_BEGIN_DECLS

#define IWD_P2P_DEVICE IWD_NAME ".p2p.Device"
#define IWD_P2P_PEER IWD_NAME ".p2p.Peer"
#define IWD_P2P_DISPLAY IWD_NAME ".p2p.Display"

/**
 * iwd_choose_device - the P2P device to use
 * @interface: only that of the adapter with this network interface; NULL: the first
 * @enabled: (out): it is
 *
 * Returns: (transfer full): object path, or NULL
 */
char *iwd_choose_device(GVariant *objects, const char *interface, gboolean *enabled);

typedef struct iwd_peers iwd_peers;

iwd_peers *iwd_peers_new(void (*peer)(const struct iwd_peer *peer, gpointer user_data),
			 void (*lost)(const char *path, gpointer user_data), gpointer user_data);
void iwd_peers_free(iwd_peers *peers);

/* What is new, changed or gone is told from inside. FALSE: the device itself is not there. */
gboolean iwd_peers_see(iwd_peers *peers, const char *device, GVariant *objects);
/* In hundredths of a dBm, as iwd has it. */
void iwd_peers_set_level(iwd_peers *peers, const char *path, gint16 level);
/* All are lost. */
void iwd_peers_forget(iwd_peers *peers);

G_END_DECLS
