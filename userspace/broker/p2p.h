/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * p2p.h - the parts of the P2P link, and what they share
 *
 *	link-p2p.c		the backend (link.h): makes the parts, hands
 *				wpa_supplicant's signals to them
 *	p2p-device.c		the P2P device: taken while it is needed
 *	p2p-find.c		looking for displays
 *	p2p-connection.c	the group with one display
 *	p2p-incoming.c		... what it is told of
 *	p2p-steps.c		... its states
 *	p2p-retry.c		... what is tried once more
 *	p2p-pin.c		... its PIN, or push button
 *	p2p-claim.c		which group that is
 *	network-manager.c	the same, where NetworkManager has to ask for it
 *	p2p-persistent.c	a display that knows this computer already
 *	p2p-memory.c		how a group with it came about last time
 *	p2p-path.c		IPv4 and the RTSP port on it
 *	firewalld.c		... and what firewalld lets through to it
 *	p2p-watch.c		how good the radio link is
 *	p2p-sinks.c		which peers are displays
 *
 * The three machines do not know each other's states.  Finding and connections hold
 * the device; a connection finds when its display is out of sight, and asks for quiet
 * when it has the radio; that is all they want of each other.
 */
#pragma once

#include "link.h"
#include "network-manager.h"
#include "p2p-device.h"
#include "p2p-net.h"
#include "p2p-sinks.h"
#include "remembered.h"
#include "wifi-watch.h"
#include "wpa-supplicant.h"

G_BEGIN_DECLS

typedef struct p2p_find p2p_find;
typedef struct p2p_connection p2p_connection;

/**
 * struct p2p - the backend
 * @connection: the one that has the radio, or NULL
 * @bus: NULL: system bus
 * @late: a group that may still come of a connection that is over; see
 *	p2p-connection.h
 */
struct p2p {
	link_backend base;
	GDBusConnection *bus;
	wpas *wpas;
	network_manager *nm;
	p2p_device *device;
	p2p_sinks *sinks;
	p2p_find *find;
	p2p_connection *connection;
	struct p2p_claim *late;
	guint late_timer;

	const struct p2p_net_impl *net;
	const struct wifi_watch_impl *watch;
	remembered *remembered; /* NULL: nothing is */
	char *runtime_dir;
	guint16 rtsp_port;
	guint accept_seconds;
};

/* NULL: Wi-Fi is on; else the error for the user, since it is switched off. */
GError *p2p_wifi_off(const struct p2p *p2p);

G_END_DECLS
