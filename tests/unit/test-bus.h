/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-bus.h - programs on a test's own bus, several of them in one process
 */
#pragma once

#include <gio/gio.h>

/* A connection of its own, as another program has one. */
static inline GDBusConnection *test_bus_connect(GTestDBus *bus)
{
	g_autoptr(GError) error = NULL;
	GDBusConnection *connection = g_dbus_connection_new_for_address_sync(
		g_test_dbus_get_bus_address(bus),
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL,
		&error);

	g_assert_no_error(error);
	return connection;
}
