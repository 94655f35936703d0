/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * iwd.h - the P2P part of iwd's D-Bus interface
 *
 * Where iwd runs Wi-Fi the adapter is its own, and it does Wi-Fi P2P itself: it finds, negotiates,
 * encrypts, makes the network interface and gives or asks for the addresses.  Nothing here decides
 * anything: calls go out, what comes of them comes in as the functions below.
 *
 * What is used, all marked as experimental by iwd (net.connman.iwd, its doc/p2p-*.txt, wsc-api.txt):
 *
 *	p2p.ServiceManager	RegisterDisplayService: from then on we are a WFD source, and peers that are
 *				ready for a session have p2p.Display
 *	p2p.Device		Enabled, RequestDiscovery, ReleaseDiscovery, GetPeers (levels only)
 *	p2p.Peer, p2p.Display	what a peer says; Connected, ConnectedInterface, ConnectedIP, Disconnect
 *	SimpleConfiguration	PushButton, GeneratePin, StartPin; each answers when the peer has its address
 *
 * What it does not have: which of the two owns the group (iwd has the intent 2 of 15), its channel,
 * groups that are kept for the next time (nor does it join a peer that wants to keep one), what a peer can be
 * paired with, its model, the network that it is in; and a display is never asked to show a PIN.  What it says of an error is one word.
 *
 * Acquiring and releasing
 * =======================
 *
 *	idle -> acquiring -> ready -> releasing -> idle
 *	            |  failed  |
 *	    idle <--+----------+
 *
 * What is iwd's stays as it is, but for two things that are undone on each way back: the display
 * service, which goes with our bus name at the latest, and with it a connection for which it was
 * there; and "Enabled", where it was not.  That is written down (p2p-state.h), so the next daemon
 * undoes it after one that was killed.  Another program that has begun to use the P2P device
 * meanwhile cannot be seen, and finds it disabled.
 *
 *	waits for		limit
 *	each call but these	IWD_CALL_MS
 *	PushButton, StartPin	iwd_connect()'s
 *	what is iwd's is gone	-: "failed" as soon as it has left the bus
 *
 * Nothing that iwd says is trusted to have its type; what has another one is not there.
 *
 * All runs in the main context and nothing waits.  Functions of struct iwd_funcs are never called from
 * inside of a call of this header.  Errors are of the domain REASON_ERROR.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"

G_BEGIN_DECLS

#define IWD_NAME "net.connman.iwd"

#define IWD_CALL_MS 5000
/* iwd itself waits about so long for the display's user, and then says no more than that it has failed. */
#define IWD_ACCEPT_SECONDS 115
/* While it looks: how strong the peers are. */
#define IWD_LEVELS_SECONDS 3

typedef struct iwd iwd;

/**
 * struct iwd_peer - a peer that is ready for a WFD session
 * @path: object path, names it in calls
 * @address: P2P device address, "aa:bb:cc:dd:ee:ff"
 * @name: as sent
 * @sink: it can be one
 * @hdcp: it says that it has content protection
 * @level: dBm, 0 if not known
 */
struct iwd_peer {
	const char *path;
	const char *address;
	const char *name;
	gboolean sink;
	gboolean hdcp;
	gint level;
};

/**
 * struct iwd_funcs - what comes in
 * @ready: answer to iwd_acquire()
 * @failed: acquiring failed, or iwd or its P2P device has gone: what was set up is gone with it, a
 *	connection as well, and iwd_acquire() may be called again
 * @released: answer to iwd_release()
 * @peer: is there or has changed
 * @peer_lost: has gone, or is not ready for a session any more
 * @pin: of iwd_connect() with one: it is to be typed at the display
 * @connected: by iwd_connect(): the network interface, and the peer's address or NULL
 * @connect_failed: the same
 * @ended: the connection that was there is not any more
 * @disconnected: answer to iwd_disconnect()
 */
struct iwd_funcs {
	void (*ready)(iwd *w, gpointer user_data);
	void (*failed)(iwd *w, const GError *error, gpointer user_data);
	void (*released)(iwd *w, gpointer user_data);
	void (*peer)(iwd *w, const struct iwd_peer *peer, gpointer user_data);
	void (*peer_lost)(iwd *w, const char *path, gpointer user_data);
	void (*pin)(iwd *w, const char *pin, gpointer user_data);
	void (*connected)(iwd *w, const char *ifname, GInetAddress *peer, gpointer user_data);
	void (*connect_failed)(iwd *w, const GError *error, gpointer user_data);
	void (*ended)(iwd *w, gpointer user_data);
	void (*disconnected)(iwd *w, gpointer user_data);
};

/**
 * struct iwd_config - read by iwd_new() only
 * @bus: NULL: the system bus
 * @interface: only the adapter with this network interface, or NULL
 * @rtsp_port: that displays are told of
 * @runtime_dir: for p2p-state.h; exists
 */
struct iwd_config {
	GDBusConnection *bus;
	const char *interface;
	guint16 rtsp_port;
	const char *runtime_dir;
};

/* Nothing happens before iwd_acquire(). */
iwd *iwd_new(const struct iwd_config *config, const struct iwd_funcs *funcs, gpointer user_data);
/* Forgets everything at once; what was set up stays unless released before. */
void iwd_free(iwd *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(iwd, iwd_free)

/* A process before us has left something that acquiring and releasing undoes. */
gboolean iwd_has_leftovers(iwd *w);

/**
 * iwd_acquire - announce us as a WFD source
 *
 * ready or failed follows; REASON_SUPPLICANT_MISSING: there is no iwd; REASON_NO_P2P_SUPPORT: it has no
 * P2P device, or not on the adapter that is wanted; _LINK_BUSY: another program is its display service;
 * _LINK_UNAVAILABLE.
 */
void iwd_acquire(iwd *w);
/* released follows, always; ready or failed does not. */
void iwd_release(iwd *w);

/* Look for peers, or no longer; those that are known are told at once. */
void iwd_find(iwd *w, gboolean on);

/**
 * iwd_connect - by push button, or with a PIN that is made for it
 * @peer: object path
 * @seconds: how long the display's user may take
 *
 * connected or connect_failed follows unless iwd_disconnect() comes before; REASON_NOT_ACCEPTED,
 * _LINK_BUSY, _NEEDS_PIN: it takes no push button, _NO_PIN: nor a PIN, _GROUP_FAILED.
 */
void iwd_connect(iwd *w, const char *peer, gboolean pin, guint seconds);
/* Give up, or end the connection that is there; only after iwd_connect(). disconnected follows, always. */
void iwd_disconnect(iwd *w);

G_END_DECLS
