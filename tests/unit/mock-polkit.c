// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * polkit, played: see mock-polkit.h.
 */
#include "mock-polkit.h"

#include <string.h>

#define NAME "org.freedesktop.PolicyKit1"
#define ROOT "/org/freedesktop/PolicyKit1/Authority"

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.PolicyKit1.Authority'>"
	" <method name='CheckAuthorization'>"
	"  <arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/><arg type='a{ss}' direction='in'/>"
	"  <arg type='u' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='(bba{ss})' direction='out'/>"
	" </method>"
	" <method name='CancelCheckAuthorization'><arg type='s' direction='in'/></method>"
	"</interface>"
	"</node>";

static void forget(mock_polkit *p)
{
	g_clear_pointer(&p->subject, g_free);
	g_clear_pointer(&p->action, g_free);
	g_clear_pointer(&p->id, g_free);
}

static void checked(mock_polkit *p, GVariant *args, GDBusMethodInvocation *call)
{
	g_autoptr(GVariant) subject = NULL;
	const char *kind;

	forget(p);
	p->asks++;
	g_variant_get(args, "((&s@a{sv})sa{ss}us)", &kind, &subject, &p->action, NULL, &p->flags, &p->id);
	g_assert_cmpstr(kind, ==, "system-bus-name");
	g_assert_true(g_variant_lookup(subject, "name", "s", &p->subject));
	if (p->mood == MOCK_POLKIT_IS_SILENT)
		g_ptr_array_add(p->held, call);
	else
		g_dbus_method_invocation_return_value(
			call, g_variant_new("((bb@a{ss}))", p->mood == MOCK_POLKIT_ALLOWS,
					    p->mood == MOCK_POLKIT_CHALLENGES, g_variant_new("a{ss}", NULL)));
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path, const char *iface, const char *method,
			  GVariant *args, GDBusMethodInvocation *call, gpointer user_data)
{
	mock_polkit *p = user_data;

	if (strcmp(method, "CheckAuthorization") == 0) {
		checked(p, args, call);
		return;
	}
	p->taken_back++;
	g_clear_pointer(&p->taken_back_id, g_free);
	g_variant_get(args, "(s)", &p->taken_back_id);
	g_dbus_method_invocation_return_value(call, NULL);
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

mock_polkit *mock_polkit_new(GDBusConnection *bus)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	mock_polkit *p = g_new0(mock_polkit, 1);

	p->bus = g_object_ref(bus);
	p->held = g_ptr_array_new_with_free_func(g_object_unref);
	p->object = g_dbus_connection_register_object(bus, ROOT, info->interfaces[0], &vtable, p, NULL, NULL);
	g_variant_unref(g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
						    g_variant_new("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
						    NULL));
	return p;
}

void mock_polkit_free(mock_polkit *p)
{
	g_dbus_connection_unregister_object(p->bus, p->object);
	g_ptr_array_unref(p->held);
	forget(p);
	g_free(p->taken_back_id);
	g_dbus_connection_close_sync(p->bus, NULL, NULL);
	g_object_unref(p->bus);
	g_free(p);
}
