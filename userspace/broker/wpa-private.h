/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-private.h - between wpa-supplicant.c (calls and signals), wpa-acquire.c
 * (acquiring and releasing), wpa-connect.c (asking for a group), wpa-persistent.c
 * (for one that is known already) and wpa-peer.c (where a peer was heard); see
 * wpa-supplicant.h
 */
#pragma once

#include "wpa-control.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

#define WPAS_ROOT_PATH "/fi/w1/wpa_supplicant1"
#define WPAS_ROOT_IFACE WPAS_NAME
#define WPAS_INTERFACE_IFACE WPAS_NAME ".Interface"
#define WPAS_WPS_IFACE WPAS_NAME ".Interface.WPS"
#define WPAS_P2P_IFACE WPAS_NAME ".Interface.P2PDevice"
#define WPAS_PEER_IFACE WPAS_NAME ".Peer"
#define WPAS_GROUP_IFACE WPAS_NAME ".Group"
#define WPAS_PERSISTENT_IFACE WPAS_NAME ".PersistentGroup"
#define WPAS_PROPERTIES_IFACE "org.freedesktop.DBus.Properties"

/* The states of wpa-supplicant.h. */
enum wpas_state {
	WPAS_IDLE,
	WPAS_ACQUIRING,
	WPAS_READY,
	WPAS_RELEASING,
};

/**
 * struct wpas - state of all five files
 * @wanted_interface, @device_name, @wfd, @users: of struct wpas_config
 * @bus: NULL until it is there
 * @watch: of wpa_supplicant's name
 * @signals: subscriptions, as long as there is @watch
 * @cancellable: of all calls of this acquisition whose answer matters only to it
 * @owner: unique name of wpa_supplicant
 * @state: where we are
 * @start: D-Bus may start wpa_supplicant for a call
 * @release_wanted: wpas_release() came while acquiring: the next step turns round
 * @interface: object path of the one in use, from its choice on
 * @ifname: its network interface
 * @created: object path of the interface that is ours to remove, or NULL
 * @created_ifname: its network interface, or NULL if an earlier process made it
 * @announced: our WFD element has been set
 * @former_wfd: what was there before
 * @former_config: a{sv} DeviceName and PrimaryDeviceType, while the rest of @former is asked for; or NULL
 * @former: WPAS_FORMER_TYPE: what is to be set back, as we have set it, or NULL
 * @interfaces: to look at: object paths
 * @radios: those that are no groups: object path -> struct wpas_radio
 * @adapters: network interfaces that wpa_supplicant could be given
 * @groups: groups that exist, ours and others': object path -> network interface
 * @adapters_listed: @adapters has been filled
 * @problem: what stood in the way first: an adapter that somebody else has, or
 *	what is to be said when releasing is over; or NULL
 * @lost: object paths of peers that were lost, and of interfaces that were removed:
 *	an answer about one of them that was asked for before, and that a signal may
 *	overtake, does not bring it back
 * @asked: peers about which the control socket is being asked: object path -> struct wpas_asked
 * @unheard: it did not answer, and is asked no more
 * @ended: object paths of groups that we have told to end
 * @ears: from a group of ours on until there is none: at the control sockets where its end is told of
 * @displaced: network interface of the group that was ended last for the channel, or NULL
 * @over: object paths of groups that have ended, until it is known why, and they are reported
 * @asked_why: questions at the control sockets that are not answered
 * @why_limit: for the answers, or the source that reports
 * @forming: a group is being formed for us; the object of its interface has no
 *	name yet
 * @starting: groups that have started and are not reported yet, for want of their
 *	names: number -> struct wpas_starting
 * @starts: how many there were
 * @cancel_answered: cancelled is due when there are none of these
 * @connecting: of what is not answered yet of a wide connect, see wpas_connect()
 * @asked_wide: the last connect was one, and what came of it is not known
 * @width: which of the widths is asked for; the ones before it have failed
 * @new_groups: object paths of persistent groups that somebody has made, of which nothing has been asked
 * @invitation: one that is under way, or NULL
 * @invitations: how many there were
 */
struct wpas {
	char *wanted_interface;
	char *device_name;
	GBytes *wfd;
	const struct wifi_users *users;
	const struct wpas_funcs *funcs;
	gpointer user_data;

	GDBusConnection *bus;
	guint watch;
	guint signals[4];
	GCancellable *cancellable;
	char *owner;

	enum wpas_state state;
	gboolean start;
	gboolean release_wanted;
	char *interface;
	char *ifname;
	char *created;
	char *created_ifname;
	gboolean announced;
	GBytes *former_wfd;
	GVariant *former_config;
	GVariant *former;

	GQueue interfaces;
	GHashTable *radios;
	GQueue adapters;
	GHashTable *groups;
	gboolean adapters_listed;
	GError *problem;

	GHashTable *lost;
	GHashTable *asked;
	gboolean unheard;
	GHashTable *ended;
	wpa_control_ear *ears[2];
	char *displaced;
	GQueue over;
	guint asked_why;
	guint why_limit;
	gboolean forming;
	GHashTable *starting;
	guint starts;
	gboolean cancel_answered;
	GCancellable *connecting;
	gboolean asked_wide;
	guint width;
	GQueue new_groups;
	struct wpas_invitation *invitation;
	guint invitations;
};

/* An interface of wpa_supplicant that is not a group's. */
struct wpas_radio {
	char *path;
	char *ifname;
	char *control; /* its control socket, or NULL */
	gboolean p2p;
	gboolean keeps_no_file; /* its configuration is never written */
};

/*
 * A group that has started, while its network interface, its SSID, and what wpa_supplicant
 * keeps of it are asked for. Its key in "starting" is a number of its own, since wpa_supplicant gives the same object path
 * to the next group: an answer about the one must not be taken for the other's.
 */
struct wpas_starting {
	char *path;
	GVariant *started; /* a{sv} of GroupStarted */
	char *ifname;
	GBytes *ssid; /* or NULL */
	guint asked; /* which of the new groups may be what is kept of it */
};

/* Answer to a call: @result or @error. Not called after a cancel. */
typedef void wpas_call_done(wpas *w, const char *context, GVariant *result, const GError *error);

/* @args: floating or NULL; @reply: type of the answer or NULL for any */
void wpas_call(wpas *w, const char *path, const char *iface, const char *method, GVariant *args,
	       const char *reply, wpas_call_done *done, const char *context);
void wpas_get_all(wpas *w, const char *path, const char *iface, wpas_call_done *done);
void wpas_get(wpas *w, const char *path, const char *iface, const char *name,
	      wpas_call_done *done, const char *context);
/* For what is good to have, and no reason to give up. */
void wpas_set(wpas *w, const char *path, const char *iface, const char *name, GVariant *value);
/* The remote error, by its name on D-Bus. */
gboolean wpas_is_dbus_error(const GError *error, const char *name);
/* A wpas_call_done that only logs. */
void wpas_log_error(wpas *w, const char *context, GVariant *result, const GError *error);

/* Set our WFD element, which another program may have cleared. */
void wpas_announce_again(wpas *w);

/* A peer as D-Bus has it: asked for what is not there (wpa-peer.h), then reported. */
void wpas_hear_peer(wpas *w, const char *path, GVariant *properties);
/* @heard: the control socket's answer, or NULL */
void wpas_report_peer(wpas *w, const char *path, GVariant *properties, const char *heard);
/* Of a value of @asked. */
void wpas_asked_free(gpointer asked);

/* Subscribe to the signals, once. */
void wpas_listen(wpas *w);

/* What wpa_supplicant calls the network interface of a group: p2p-wlan0-0. */
gboolean wpas_is_group_interface(const char *ifname);

/* The group of "starting" is known: tell of it. */
void wpas_report_group(wpas *w, const char *number, const char *kept, const struct p2p_key *key);
/* What wpa_supplicant keeps of that group, if it keeps anything; then wpas_report_group(). */
void wpas_read_kept(wpas *w, const char *number);
/* One of the signals of persistent groups. */
void wpas_persistent_signal(wpas *w, const char *signal, GVariant *args);

/* ay, floating */
GVariant *wpas_bytes_variant(GBytes *bytes);
/* The last part of a peer's object path: its device address, xx:xx:xx:xx:xx:xx; NULL: it is none. */
char *wpas_peer_address(const char *peer_path);
/*
 * (element-type utf8): control sockets where P2P is said: of the P2P device, if it has an interface of its own, and of the
 * adapter. Whether they are there is not known.
 */
void wpas_list_sockets(wpas *w, GQueue *paths);
/* How wide a group is asked to be that came down so often; NULL: 20 MHz. */
const char *wpas_width_words(guint narrowed);

/* Nothing more is heard at the control sockets, and nothing asked. */
void wpas_stop_listening(wpas *w);
/* What has not been answered of a connect is of no interest any more. */
void wpas_forget_connect(wpas *w);
/* Says cancelled when it is due. */
void wpas_check_cancelled(wpas *w);
/* One of the signals "ProvisionDiscovery...". */
void wpas_provision_signal(wpas *w, const char *signal, GVariant *args);

/* The way back to idle without undoing anything. */
void wpas_clear(wpas *w);
/* Forgets the acquisition and says failed; the second one takes @error. */
void wpas_fail(wpas *w, enum reason_code code, const char *format, ...) G_GNUC_PRINTF(3, 4);
void wpas_fail_error(wpas *w, GError *error);
/* The first step: ask wpa_supplicant what it has. */
void wpas_begin(wpas *w);
/* wpa_supplicant or the interface has gone while releasing: it is done. */
void wpas_released(wpas *w);
/* P2P runs on another radio than the one chosen. */
void wpas_p2p_is_on(wpas *w, const char *path);

G_END_DECLS
