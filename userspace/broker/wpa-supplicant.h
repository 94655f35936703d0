/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-supplicant.h - the P2P part of wpa_supplicant's D-Bus interface
 *
 * One P2P device of the wpa_supplicant that the system runs anyway, beside
 * NetworkManager or whoever else uses it.  Nothing here decides anything: calls
 * go out, signals come in as the functions below.
 *
 * Acquiring and releasing
 * =======================
 *
 *	idle -> acquiring -> ready -> releasing -> idle
 *	            |  failed  |          ^
 *	    idle <--+----------+          |
 *	            +-- wpas_release() ---+
 *
 * What was set up on the way is undone on every way back: an interface that was
 * created and cannot do P2P is removed before "failed" is said, and so is the one
 * in use on release.  An interface that somebody else has begun to use meanwhile
 * stays.  An interface is created only where nobody has the adapter
 * (wifi-users.h).
 *
 * wpa_supplicant has one P2P device for all its adapters, on the first of them
 * that can do P2P; calls on any interface go to it, signals come from it.
 *
 * All runs in the main context and nothing waits; each call has a time limit.
 * Functions of struct wpas_funcs are never called from inside of a call of this
 * header.  Errors are of the domain REASON_ERROR.
 */
#pragma once

#include <gio/gio.h>

#include "reason.h"
#include "wifi-users.h"
#include "wpa-connect.h"
#include "wpa-persistent.h"

G_BEGIN_DECLS

#define WPAS_NAME "fi.w1.wpa_supplicant1"

/**
 * struct wpas_peer - a P2P device in reach
 * @path: object path, names it in calls
 * @address: P2P device address
 * @name, @manufacturer, @model: as sent, maybe no UTF-8 before it came by D-Bus; ""
 * @ies: WFD subelements, NULL if it sent none
 * @vendor: aay: WPS Vendor Extension attributes, each from its vendor's id on, or NULL
 * @config_methods: WPS configuration methods, WPAS_CAN_...; 0: it does not say
 * @group_owner: it is owner of a group already and can only be joined
 * @level: dBm, 0 if not known
 * @frequency: MHz: of its group if it owns one, else where it was heard last; 0: not known
 */
struct wpas_peer {
	const char *path;
	guint8 address[6];
	const char *name;
	const char *manufacturer;
	const char *model;
	GBytes *ies;
	GVariant *vendor;
	guint16 config_methods;
	gboolean group_owner;
	gint level;
	guint frequency;
};

/**
 * struct wpas_negotiation - a GO negotiation that has succeeded
 * @peer: object path of the other device; NULL if it was not told
 * @role_known, @owner: whether we become group owner
 * @ssid: name of the network that the group will have, or NULL
 */
struct wpas_negotiation {
	const char *peer;
	gboolean role_known;
	gboolean owner;
	GBytes *ssid;
};

/**
 * struct wpas_group - a group that has started, ours or another program's
 * @path: D-Bus object of its network interface
 * @ifname: network interface
 * @owner: this machine is group owner
 * @ssid: name of its network, or NULL if it was not told
 * @ip, @prefix: address that the owner has given us in the 4-way handshake, or
 *	NULL (Wi-Fi P2P 1.7, 4.2.8); a mask that is none is the prefix -1
 * @owner_ip: that of the owner, if it has told it
 * @kept: object path of what wpa_supplicant keeps of it, which was made with this group; NULL: nothing
 * @key: the key to it, NULL if it is not known
 */
struct wpas_group {
	const char *path;
	const char *ifname;
	gboolean owner;
	GBytes *ssid;
	GInetAddress *ip;
	int prefix;
	GInetAddress *owner_ip;
	const char *kept;
	const struct p2p_key *key;
};

/**
 * struct wpas_funcs - what comes in
 * @found: within wpas_acquire(): wpa_supplicant is there, under the bus name
 *	@owner, and nothing has been set up yet; the moment for
 *	wpas_adopt_created(), wpas_set_back() and wpas_disconnect() of what a killed process left
 * @created: an interface was created by us; NULL: there is none any more
 * @configured: an interface that is not ours is about to be called and announced as we are;
 *	@former is for wpas_set_back()
 * @ready: answer to wpas_acquire()
 * @failed: acquiring failed, or wpa_supplicant or the adapter has gone: everything
 *	that was set up is gone with it, and wpas_acquire() may be called again
 * @released: answer to wpas_release()
 * @peer: a peer is there or has changed
 * @peer_heard: on the air, just now, and what there is to say of it follows; @peer is also said of what has changed otherwise
 * @peer_lost: it was not heard of for a while
 * @find_stopped: a find is over
 * @connect_failed: wpas_connect() was refused
 * @provisioned: the peer shows a PIN (WPAS_KEYPAD), or waits for @pin, which was made
 *	for it, to be typed there (WPAS_DISPLAY)
 * @provision_failed: it does not answer (REASON_SINK_NOT_IN_SIGHT), refuses
 *	(REASON_PIN_REFUSED), or wpa_supplicant does
 * @negotiated: GO negotiation has succeeded, WPS follows
 * @negotiation_failed: P2P status code (enum p2p_status), or -1: no answer; @peer
 *	as in struct wpas_negotiation
 * @invited: answer to wpas_invite(): P2P status code (enum p2p_status), as with @negotiation_failed
 * @wps_failed: what WPS says; @password: the two have not the same PIN
 * @formation_failed: group formation has failed after the negotiation
 * @group_started: @group is borrowed
 * @group_ended: the group of that object path is over; @displaced: since the adapter's own network
 *	has gone to another channel, and it serves one at a time. That is known where there is a control socket
 * @station: a device has joined the group that we own, or left it
 * @cancelled: answer to wpas_cancel(); groups that had started before it have been
 *	reported
 */
struct wpas_funcs {
	void (*found)(wpas *w, const char *owner, gpointer user_data);
	void (*created)(wpas *w, const char *path, gpointer user_data);
	void (*configured)(wpas *w, GVariant *former, gpointer user_data);
	void (*ready)(wpas *w, gpointer user_data);
	void (*failed)(wpas *w, const GError *error, gpointer user_data);
	void (*released)(wpas *w, gpointer user_data);
	void (*peer)(wpas *w, const struct wpas_peer *peer, gpointer user_data);
	void (*peer_heard)(wpas *w, const char *path, gpointer user_data);
	void (*peer_lost)(wpas *w, const char *path, gpointer user_data);
	void (*find_stopped)(wpas *w, gpointer user_data);
	void (*connect_failed)(wpas *w, const GError *error, gpointer user_data);
	void (*provisioned)(wpas *w, const char *peer, enum wpas_method method, const char *pin,
			    gpointer user_data);
	void (*provision_failed)(wpas *w, const char *peer, const GError *error,
				 gpointer user_data);
	void (*negotiated)(wpas *w, const struct wpas_negotiation *result, gpointer user_data);
	void (*negotiation_failed)(wpas *w, const char *peer, int status, gpointer user_data);
	void (*invited)(wpas *w, int status, gpointer user_data);
	void (*wps_failed)(wpas *w, const char *why, gboolean password, gpointer user_data);
	void (*formation_failed)(wpas *w, const char *why, gpointer user_data);
	void (*group_started)(wpas *w, const struct wpas_group *group, gpointer user_data);
	void (*group_ended)(wpas *w, const char *path, gboolean displaced, gpointer user_data);
	void (*station)(wpas *w, const char *path, gboolean joined, gpointer user_data);
	void (*cancelled)(wpas *w, gpointer user_data);
};

/* Status codes of P2P frames (Wi-Fi P2P 1.7, Table 9) that are told apart. */
enum p2p_status {
	P2P_STATUS_NO_ANSWER = -1,
	P2P_STATUS_SUCCESS = 0,
	P2P_STATUS_UNAVAILABLE = 1,
	P2P_STATUS_NO_COMMON_CHANNEL = 7,
	P2P_STATUS_BOTH_WANT_OWNER = 9,
	P2P_STATUS_PROVISIONING = 10,
	P2P_STATUS_REJECTED = 11,
};

/* WPS allows a device name of so many bytes (WSC 2.0, 12). */
#define WPAS_DEVICE_NAME_MAX 32

/**
 * struct wpas_config - read by wpas_new() only
 * @bus: connection to use, or NULL for the system bus
 * @interface: network interface, or NULL for the first one that can do P2P
 * @device_name: what other devices show for us; cut to WPAS_DEVICE_NAME_MAX bytes
 * @wfd: WFD subelements, see wfd_ie_build_subelements()
 * @users: who else has an adapter, NULL: &wifi_users_system
 */
struct wpas_config {
	GDBusConnection *bus;
	const char *interface;
	const char *device_name;
	GBytes *wfd;
	const struct wifi_users *users;
};

/* Nothing happens before wpas_acquire(). */
wpas *wpas_new(const struct wpas_config *config, const struct wpas_funcs *funcs,
	       gpointer user_data);
/* Forgets everything at once; what was set up stays unless released before. */
void wpas_free(wpas *w);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(wpas, wpas_free)

/**
 * wpas_acquire - find or make a P2P device and announce us as a WFD source
 * @start: D-Bus starts a wpa_supplicant that does not run; else that is REASON_SUPPLICANT_MISSING
 *
 * ready or failed follows.  Fails with REASON_SUPPLICANT_MISSING, _NO_RIGHTS,
 * _NO_WFD_SUPPORT, _NO_P2P_SUPPORT, _NO_WIFI, _SUPPLICANT_FAILED, or
 * _LINK_UNAVAILABLE if another program has the adapter.
 */
void wpas_acquire(wpas *w, gboolean start);

/**
 * wpas_release - undo what wpas_acquire() did, or has done so far
 *
 * Stops the find, restores the WFD element, the device's name, type and methods
 * that were there before, removes the interface if it was created by us and is
 * used by nobody else.  released follows, always; ready or failed does not.
 */
void wpas_release(wpas *w);
/* Give up on one that does not answer: what is set up stays, nothing follows. */
void wpas_forget(wpas *w);

/* An interface that an earlier process created is ours to remove. */
void wpas_adopt_created(wpas *w, const char *path);
/*
 * An interface, what its P2PDeviceConfig was (a name and a type), and its ConfigMethods (NULL: not known).
 * Without it who asks wpa_supplicant again after a SIGKILL takes our own name for somebody's.
 */
#define WPAS_FORMER_TYPE "(oa{sv}ms)"
void wpas_set_back(wpas *w, GVariant *former);
/* The network interface that is used; NULL before ready. */
const char *wpas_ifname(wpas *w);
/* How often we have come down with the width of groups, since one of that width was not formed. */
guint wpas_narrowed(wpas *w);
/* Network interface of a group that is not @mine (NULL: any), or NULL. */
const char *wpas_other_group(wpas *w, const char *mine);

/**
 * wpas_find - look for @seconds
 * @full: all channels first, instead of only the social ones
 *
 * Announces us as a WFD source again: NetworkManager, for one, clears the WFD element
 * with the end of each connection of its own.
 *
 * peer for those that are known already, and find_stopped, follow; but not when a
 * connect or wpas_stop_find() comes between two of its scans.
 */
void wpas_find(wpas *w, guint seconds, gboolean full);
void wpas_stop_find(wpas *w);

/**
 * wpas_group_is_ours - of a group that has started
 *
 * From now on the network that the adapter is in comes first, where wpa_supplicant has a control socket: when
 * that goes to another channel, and the adapter serves one at a time, the group is ended, and group_ended says
 * so. That is not undone, since there is no way to; it says nothing of where there is no group.
 */
void wpas_group_is_ours(wpas *w);
/* End a group; group_ended follows if it was there. */
void wpas_disconnect(wpas *w, const char *group_path);

G_END_DECLS
