/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dbus-caller.h - whose a name on the bus is
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How long the bus may take. */
#define DBUS_CALLER_MS 5000

/* @uid: -1: it has left, or the bus does not say */
typedef void dbus_caller_known(gint64 uid, gpointer user_data);

/**
 * dbus_caller_ask - ask the bus, without waiting
 * @name: unique name of a caller
 * @done: called once, from the main loop; not after @cancellable was cancelled
 */
void dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
		     gpointer user_data);

G_END_DECLS
