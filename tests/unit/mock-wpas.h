/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-wpas.h - a wpa_supplicant that has one radio and does what a test wants
 *
 * Serves fi.w1.wpa_supplicant1 on a connection, in the test's own main context.
 */
#pragma once

#include <gio/gio.h>

/* What the peer, or wpa_supplicant, does when we want to connect. */
enum mock_answer {
	MOCK_ACCEPT, /* group, we are owner */
	MOCK_ACCEPT_AS_OWNER, /* group, the peer is owner */
	MOCK_IGNORE, /* nothing ever happens */
	MOCK_STATUS, /* GO negotiation fails with @status, each time */
	MOCK_STATUS_ONCE, /* the first time; then the peer accepts */
	MOCK_WPS_FAILS,
	MOCK_FORMATION_FAILS,
	MOCK_REFUSE, /* Connect() fails at once */
};

/* How it is built, and what it has. */
enum mock_build {
	MOCK_COMPLETE,
	MOCK_NO_INTERFACE, /* one can be created */
	MOCK_NO_WFD,
	MOCK_NO_P2P,
	MOCK_NO_RADIO, /* and none can be created */
};

typedef struct mock_wpas {
	GDBusConnection *bus;
	enum mock_build build;
	guint name_id;
	GArray *objects; /* guint, registrations */
	guint idle;

	/* set by the test */
	enum mock_answer answer;
	int status;
	gboolean peer_hidden; /* not found before it is shown */

	/* seen by the test */
	GVariant *wfd; /* ay */
	gboolean interface; /* it exists */
	gboolean group; /* it exists */
	guint finds, connects, cancels, removes;
	guint last_intent;
	char *device_name;
} mock_wpas;

#define MOCK_PEER_ID "02:00:00:00:01:00"
#define MOCK_PEER_NAME "Living room TV"

mock_wpas *mock_wpas_new(GDBusConnection *bus, enum mock_build build);
void mock_wpas_free(mock_wpas *mock);
/* DeviceFound or DeviceLost of the TV */
void mock_wpas_show_peer(mock_wpas *mock, gboolean there);
/* The peer joins the group that we own, or leaves it; the group stays. */
void mock_wpas_station(mock_wpas *mock, gboolean joined);
/* The radio is unplugged. */
void mock_wpas_unplug(mock_wpas *mock);
/* The group is over. */
void mock_wpas_end_group(mock_wpas *mock);
