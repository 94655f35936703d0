/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-caller.h - whose a name on the bus is
 *
 * The bus is asked (GetConnectionCredentials).  dbus-daemon names the groups of a connection's process (UnixGroupIDs) since
 * 1.15.  An older one does not, and goes by the data base of users itself; so that is done here then, in a thread, since
 * the data base may be somewhere in the network.
 *
 * Limits: DBUS_CALLER_MS for the bus, and again for the data base; who is not known to be of the group is not.
 *
 * Threads: all functions are for the main one.
 *
 * Source: D-Bus specification, "org.freedesktop.DBus.GetConnectionCredentials"; dbus 1.15.0, NEWS.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How long each may take. */
#define DBUS_CALLER_MS 5000
/* Who is in it may cast (authority.h). */
#define DBUS_CALLER_GROUP "miracast"

/**
 * struct dbus_caller - a program's user
 * @uid: -1: it has left, or the bus does not say
 * @member: of DBUS_CALLER_GROUP; when its process began, or now if the bus does not name groups
 */
struct dbus_caller {
	gint64 uid;
	gboolean member;
};

typedef void dbus_caller_known(const struct dbus_caller *who, gpointer user_data);

/**
 * dbus_caller_ask - ask the bus, without waiting
 * @name: unique name of a caller
 * @done: called once, from the main loop; not after @cancellable was cancelled
 */
void dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
		     gpointer user_data);

G_END_DECLS
