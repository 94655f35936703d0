/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-nm.h - a NetworkManager that has the adapter of mock-wpas.h, and does what a test
 * wants
 *
 * Serves org.freedesktop.NetworkManager on a bus connection of its own, in the test's
 * main context.  As the real one it ends a group that starts while it activates
 * nothing, and clears the WFD element with the end of each connection.
 */
#pragma once

#include <gio/gio.h>

/* NMDeviceState */
enum mock_nm_device {
	MOCK_NM_NO_DEVICE = 0,
	MOCK_NM_UNMANAGED = 10,
	MOCK_NM_UNAVAILABLE = 20,
	MOCK_NM_DISCONNECTED = 30,
	MOCK_NM_ACTIVATED = 100,
};

typedef struct mock_nm {
	GDBusConnection *bus;
	guint objects[2];
	GPtrArray *actives; /* guint, registrations */
	guint signals[2];
	guint timeout;
	GDBusMethodInvocation *asked;

	/* set by the test */
	enum mock_nm_device p2p_device, wifi_device;
	gboolean refuses; /* AddAndActivateConnection2 */
	gboolean silent; /* it is not answered before mock_nm_answer() */
	gboolean deaf; /* DeactivateConnection does nothing */
	gboolean tolerant; /* groups of others go on */
	guint gives_up_after; /* ms, if no group has come; 0: never */

	/* seen by the test */
	guint asks, ends, removed;
	gboolean active;
	gboolean group; /* and it is that of the connection */
	GVariant *settings; /* of the last one, a{sa{sv}} */
	GVariant *options; /* a{sv} */
} mock_nm;

mock_nm *mock_nm_new(GDBusConnection *bus);
/* Closes its connection, as with the end of the process; what is active stays in wpa_supplicant. */
void mock_nm_free(mock_nm *nm);
/* What was not answered. */
void mock_nm_answer(mock_nm *nm);
/* As `nmcli connection down`. */
void mock_nm_end(mock_nm *nm);
