/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wpa-control.h - commands to wpa_supplicant over its control interface, and events of it
 *
 * What D-Bus has no words for: how wide a group is that we are going to own (its
 * Connect always asks for 20 MHz of 802.11n, the command P2P_CONNECT takes more),
 * on which channel a peer was heard (wpa-peer.h), and why a group has ended
 * (GroupFinished says that it has).  Not every wpa_supplicant has the socket
 * (Debian's, Ubuntu's and Arch's have), so whoever asks needs another way, or can
 * do without.
 *
 * The protocol is described in wpa_supplicant's doc/ctrl_iface.doxygen: a datagram
 * to the socket of an interface, and one back, to whatever address it came from; to one that
 * has said "ATTACH" its events, too.
 *
 * All runs in the main context and nothing waits.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define WPA_CONTROL_SECONDS 10

/**
 * wpa_control_path - the socket of an interface
 * @setting: wpa_supplicant's ctrl_interface: "DIRECTORY" or "DIR=DIRECTORY GROUP=..."
 * @ifname: the interface
 *
 * Returns: (transfer full): NULL if @setting names no directory
 */
char *wpa_control_path(const char *setting, const char *ifname);

/**
 * wpa_control_done - the answer, or the error
 * @answer: without line end, "OK" or "FAIL..." for most commands; NULL if there is none
 * @error: why; G_IO_ERROR_CANCELLED is not reported at all
 */
typedef void wpa_control_done(const char *answer, const GError *error, gpointer user_data);

/**
 * wpa_control_request - send a command
 * @seconds: how long an answer is waited for; WPA_CONTROL_SECONDS where nothing else counts
 * @cancellable: drops the request; @done is not called then
 * @done: called once and never from inside; without an answer in time with an error
 * @destroy: frees @user_data, whether @done was called or not; or NULL
 */
void wpa_control_request(const char *path, const char *command, guint seconds, GCancellable *cancellable,
			 wpa_control_done *done, gpointer user_data, GDestroyNotify destroy);

typedef struct wpa_control_ear wpa_control_ear;

/*
 * An event without its level, "P2P-GROUP-REMOVED p2p-wlan0-0 GO reason=REQUESTED", or the answer to what was told. By the main
 * loop; it must not free the ear.
 */
typedef void wpa_control_heard(const char *text, gpointer user_data);

/**
 * wpa_control_listen - hear the events of an interface
 *
 * Returns: NULL: it has no such socket. One that refuses says nothing.
 */
wpa_control_ear *wpa_control_listen(const char *path, wpa_control_heard *heard, gpointer user_data);
/* FALSE: it could not be sent. What it says of events that were before, it has said when it answers. */
gboolean wpa_control_tell(wpa_control_ear *ear, const char *command);
void wpa_control_ear_free(wpa_control_ear *ear);

G_END_DECLS
