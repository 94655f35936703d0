// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Whose a name on the bus is: see dbus-caller.h.
 */
#include "dbus-caller.h"

struct question {
	dbus_caller_known *done;
	gpointer user_data;
};

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autofree struct question *question = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	guint32 uid = 0;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (reply)
		g_variant_get(reply, "(u)", &uid);
	question->done(reply ? (gint64)uid : -1, question->user_data);
}

void dbus_caller_ask(GDBusConnection *bus, const char *name, GCancellable *cancellable, dbus_caller_known *done,
		     gpointer user_data)
{
	struct question *question = g_new0(struct question, 1);

	question->done = done;
	question->user_data = user_data;
	g_dbus_connection_call(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
			       "GetConnectionUnixUser", g_variant_new("(s)", name), G_VARIANT_TYPE("(u)"),
			       G_DBUS_CALL_FLAGS_NONE, DBUS_CALLER_MS, cancellable, answered, question);
}
