/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mock-firewalld.h - a firewalld that says what a test wants
 *
 * Serves org.fedoraproject.FirewallD1.zone on a bus connection of its own, in the test's main context: which interface is
 * in which zone, with the answers of firewalld 2.3.  It filters nothing.
 */
#pragma once

#include <gio/gio.h>

typedef struct mock_firewalld {
	GDBusConnection *bus;
	guint object;
	GHashTable *zones; /* interface -> zone */
	GQueue waiting; /* GDBusMethodInvocation */

	/* set by the test */
	const char *refuses; /* addInterface: the message; NULL: it does not */
	const char *refuses_as; /* name of that error; NULL: the usual one */
	const char *keeps; /* the same of removeInterface */
	gboolean silent; /* nothing is answered, or done, before mock_firewalld_answer() */
	void (*asked)(const char *method, gpointer user_data); /* before it is done; NULL: nobody hears of it */
	gpointer user_data;

	/* seen by the test */
	guint adds, removes;
} mock_firewalld;

/* @bus: given to it */
mock_firewalld *mock_firewalld_new(GDBusConnection *bus);
/* Closes its connection, as with the end of the process, which forgets everything. NULL is allowed. */
void mock_firewalld_free(mock_firewalld *firewalld);
/* Zone of an interface, or NULL. */
const char *mock_firewalld_zone(mock_firewalld *firewalld, const char *ifname);
/* By somebody else. */
void mock_firewalld_put(mock_firewalld *firewalld, const char *ifname, const char *zone);
/* As `firewall-cmd --reload`; @flush: FlushAllOnReload. */
void mock_firewalld_reload(mock_firewalld *firewalld, gboolean flush);
/* All that has waited, in its order; silent no more. */
void mock_firewalld_answer(mock_firewalld *firewalld);
