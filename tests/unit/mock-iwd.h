/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-iwd.h - an iwd that has one adapter, and does what a test wants
 *
 * Serves net.connman.iwd on a connection, in the test's own main context.
 */
#pragma once

#include <gio/gio.h>

#define MOCK_IWD_TV "02:00:00:00:05:00"

/* What comes of PushButton and StartPin. */
enum mock_iwd_answer {
	MOCK_IWD_ACCEPTS,
	MOCK_IWD_IGNORES, /* until it is cancelled */
	MOCK_IWD_SAYS, /* an error of the name @error */
	MOCK_IWD_ONLY_SAYS_SO, /* accepts, and is not connected */
};

typedef struct mock_iwd {
	GDBusConnection *bus;
	GArray *objects; /* guint, registrations */
	guint timeout; /* of @registering */

	/* set by the test */
	gboolean no_p2p; /* the adapter cannot */
	gboolean no_display; /* no display service can be registered */
	gboolean gives_no_addresses; /* it is configured so */
	gboolean taken; /* another program has one */
	gboolean slow; /* to register one */
	gboolean cannot_enable;
	gboolean deaf; /* RequestDiscovery has no answer */
	gboolean silent_end; /* the end of a connection is only that there is room again */
	gboolean hidden; /* the TV */
	gboolean odd_types; /* of all that is said of the TV */
	const char *name; /* of the TV */
	enum mock_iwd_answer answer;
	const char *error;

	/* seen by the test */
	gboolean enabled;
	guint enables, disables;
	gboolean registered;
	guint16 port;
	gboolean source, sink;
	gboolean discovery;
	guint discoveries;
	gboolean connected;
	guint buttons, disconnects;
	char *pin; /* of the last StartPin */
	GDBusMethodInvocation *asked, *registering; /* has no answer yet */
} mock_iwd;

/* @bus: taken */
mock_iwd *mock_iwd_new(GDBusConnection *bus, gboolean enabled);
void mock_iwd_free(mock_iwd *iwd);
/* The TV is there, or not; or something of it has changed. */
void mock_iwd_show(mock_iwd *iwd, gboolean there);
/* The radio link ends. */
void mock_iwd_end(mock_iwd *iwd);
