/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-avahi.h - an Avahi that finds what a test wants
 *
 * Serves org.freedesktop.Avahi on a bus connection of its own, in the test's main
 * context.  As the real one it tells of what is in its cache only after Start.
 */
#pragma once

#include <gio/gio.h>

typedef struct mock_avahi {
	GDBusConnection *bus;
	guint objects[3];
	guint name;
	GPtrArray *services; /* struct mock_service */
	gboolean silent; /* nothing is resolved */
	const char *container; /* container id of what is resolved; NULL: one that is none */

	/* seen by the test */
	guint browsers, freed, resolved, asked_for_host;
	gboolean started;
} mock_avahi;

/* @bus: given to it */
mock_avahi *mock_avahi_new(GDBusConnection *bus);
/* Closes its connection, as with the end of the process. */
void mock_avahi_free(mock_avahi *avahi);
/* A service appears; all its text may be anything. */
void mock_avahi_add(mock_avahi *avahi, const char *name, const char *host, const char *address,
		    guint16 port);
void mock_avahi_remove(mock_avahi *avahi, const char *name);
/* The browser says that it cannot go on. */
void mock_avahi_fail(mock_avahi *avahi);
