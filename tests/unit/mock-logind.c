// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * logind, played: see mock-logind.h.
 */
#include "mock-logind.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib-unix.h>

#define NAME "org.freedesktop.login1"
#define ROOT "/org/freedesktop/login1"

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.login1.Manager'>"
	" <method name='Inhibit'>"
	"  <arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='s' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='h' direction='out'/>"
	" </method>"
	" <signal name='PrepareForSleep'><arg type='b'/></signal>"
	"</interface>"
	"</node>";

static void forget_pipe(mock_logind *l)
{
	if (l->pipe >= 0)
		close(l->pipe);
	l->pipe = -1;
}

static void give(mock_logind *l, GDBusMethodInvocation *call)
{
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_autoptr(GError) error = NULL;
	int ends[2];

	g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, &error));
	forget_pipe(l);
	l->pipe = ends[0];
	g_assert_cmpint(g_unix_fd_list_append(fds, ends[1], &error), ==, 0);
	close(ends[1]);
	g_dbus_method_invocation_return_value_with_unix_fd_list(call, g_variant_new("(h)", 0), fds);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	mock_logind *l = user_data;

	l->asks++;
	g_clear_pointer(&l->what, g_free);
	g_clear_pointer(&l->mode, g_free);
	g_variant_get(args, "(s&s&ss)", &l->what, NULL, NULL, &l->mode);
	if (l->refuses)
		g_dbus_method_invocation_return_dbus_error(call, "org.freedesktop.DBus.Error.AccessDenied",
							   "not today");
	else if (l->silent)
		l->asked = call;
	else
		give(l, call);
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

gboolean mock_logind_is_held(mock_logind *l)
{
	struct pollfd poll_fd = { .fd = l->pipe, .events = POLLIN };

	return l->pipe >= 0 && poll(&poll_fd, 1, 0) == 0;
}

void mock_logind_say(mock_logind *l, gboolean down)
{
	g_dbus_connection_emit_signal(l->bus, NULL, ROOT, NAME ".Manager", "PrepareForSleep",
				      g_variant_new("(b)", down), NULL);
}

mock_logind *mock_logind_new(GDBusConnection *bus)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	mock_logind *l = g_new0(mock_logind, 1);

	l->bus = g_object_ref(bus);
	l->pipe = -1;
	l->object = g_dbus_connection_register_object(bus, ROOT, info->interfaces[0], &vtable, l, NULL, NULL);
	g_variant_unref(g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", NAME, 0), NULL,
						    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
	return l;
}

void mock_logind_free(mock_logind *l)
{
	g_dbus_connection_unregister_object(l->bus, l->object);
	g_clear_object(&l->asked);
	forget_pipe(l);
	g_free(l->what);
	g_free(l->mode);
	g_dbus_connection_close_sync(l->bus, NULL, NULL);
	g_object_unref(l->bus);
	g_free(l);
}
