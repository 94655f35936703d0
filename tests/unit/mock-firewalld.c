// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * firewalld, played: see mock-firewalld.h.
 */
#include "mock-firewalld.h"

#define NAME "org.fedoraproject.FirewallD1"
#define PATH "/org/fedoraproject/FirewallD1"

static const char xml[] =
	"<node>"
	"<interface name='org.fedoraproject.FirewallD1.zone'>"
	" <method name='addInterface'>"
	"  <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='out'/>"
	" </method>"
	" <method name='removeInterface'>"
	"  <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='out'/>"
	" </method>"
	"</interface>"
	"</node>";

const char *mock_firewalld_zone(mock_firewalld *firewalld, const char *ifname)
{
	return g_hash_table_lookup(firewalld->zones, ifname);
}

void mock_firewalld_put(mock_firewalld *firewalld, const char *ifname, const char *zone)
{
	g_hash_table_insert(firewalld->zones, g_strdup(ifname), g_strdup(zone));
}

G_GNUC_PRINTF(3, 4)
static void refuse(GDBusMethodInvocation *call, const char *name, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	g_dbus_method_invocation_return_dbus_error(call, name ? name : NAME ".Exception", message);
}

static void add(mock_firewalld *firewalld, const char *zone, const char *ifname, GDBusMethodInvocation *call)
{
	const char *there = mock_firewalld_zone(firewalld, ifname);

	if (firewalld->refuses) {
		refuse(call, firewalld->refuses_as, "%s", firewalld->refuses);
	} else if (g_strcmp0(there, zone) == 0) {
		refuse(call, NULL, "ZONE_ALREADY_SET: '%s' already bound to '%s'", ifname, zone);
	} else if (there) {
		refuse(call, NULL, "ZONE_CONFLICT: '%s' already bound to '%s'", ifname, there);
	} else {
		mock_firewalld_put(firewalld, ifname, zone);
		g_dbus_method_invocation_return_value(call, g_variant_new("(s)", zone));
	}
}

static void take_out(mock_firewalld *firewalld, const char *zone, const char *ifname, GDBusMethodInvocation *call)
{
	const char *there = mock_firewalld_zone(firewalld, ifname);

	if (firewalld->keeps) {
		refuse(call, NULL, "%s", firewalld->keeps);
	} else if (!there) {
		refuse(call, NULL, "UNKNOWN_INTERFACE: '%s' is not in any zone", ifname);
	} else if (!g_str_equal(there, zone)) {
		refuse(call, NULL, "ZONE_CONFLICT: remove_interface(%s, %s): zoi='%s'", zone, ifname, there);
	} else {
		g_hash_table_remove(firewalld->zones, ifname);
		g_dbus_method_invocation_return_value(call, g_variant_new("(s)", zone));
	}
}

static void answer(mock_firewalld *firewalld, GDBusMethodInvocation *call)
{
	const char *zone, *ifname;

	g_variant_get(g_dbus_method_invocation_get_parameters(call), "(&s&s)", &zone, &ifname);
	if (g_str_equal(g_dbus_method_invocation_get_method_name(call), "addInterface"))
		add(firewalld, zone, ifname, call);
	else
		take_out(firewalld, zone, ifname, call);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path, const char *iface,
			  const char *method, GVariant *args, GDBusMethodInvocation *call, gpointer user_data)
{
	mock_firewalld *firewalld = user_data;

	if (g_str_equal(method, "addInterface"))
		firewalld->adds++;
	else
		firewalld->removes++;
	if (firewalld->asked)
		firewalld->asked(method, firewalld->user_data);
	if (firewalld->silent)
		g_queue_push_tail(&firewalld->waiting, call);
	else
		answer(firewalld, call);
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

void mock_firewalld_answer(mock_firewalld *firewalld)
{
	GDBusMethodInvocation *call;

	firewalld->silent = FALSE;
	while ((call = g_queue_pop_head(&firewalld->waiting)))
		answer(firewalld, call);
}

void mock_firewalld_reload(mock_firewalld *firewalld, gboolean flush)
{
	if (flush)
		g_hash_table_remove_all(firewalld->zones);
	g_dbus_connection_emit_signal(firewalld->bus, NULL, PATH, NAME, "Reloaded", NULL, NULL);
}

mock_firewalld *mock_firewalld_new(GDBusConnection *bus)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	mock_firewalld *firewalld = g_new0(mock_firewalld, 1);

	firewalld->bus = bus;
	firewalld->zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_queue_init(&firewalld->waiting);
	firewalld->object = g_dbus_connection_register_object(bus, PATH, info->interfaces[0], &vtable, firewalld,
							      NULL, NULL);
	/* At once, so that it is there for who looks. */
	g_variant_unref(g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", NAME, 0), NULL,
						    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
	return firewalld;
}

void mock_firewalld_free(mock_firewalld *firewalld)
{
	if (!firewalld)
		return;
	g_dbus_connection_unregister_object(firewalld->bus, firewalld->object);
	g_dbus_connection_close_sync(firewalld->bus, NULL, NULL);
	g_queue_clear_full(&firewalld->waiting, g_object_unref);
	g_object_unref(firewalld->bus);
	g_hash_table_unref(firewalld->zones);
	g_free(firewalld);
}
