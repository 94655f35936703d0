/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-bus.h - programs on a test's own bus, several of them in one process
 */
#pragma once

#include <string.h>

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

/*
 * What a program played here is told to set comes to its method_call(), by a vtable without set_property():
 * GLib still calls that one for an object that is no longer registered (GLib 2.74 to 2.84,
 * invoke_set_property_in_idle_cb()), and what it then writes to is gone.
 *
 * TRUE: it is such a call. @property: of @args; @value: to be freed
 */
static inline gboolean test_bus_is_set(const char *interface, const char *method, GVariant *args,
				       const char **property, GVariant **value)
{
	if (strcmp(interface, "org.freedesktop.DBus.Properties") != 0)
		return FALSE;
	g_assert_cmpstr(method, ==, "Set");
	g_variant_get(args, "(&s&sv)", NULL, property, value);
	return TRUE;
}
