// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * NetworkManager, played: see mock-nm.h.
 */
#include "mock-nm.h"

#include <string.h>

#define NAME "org.freedesktop.NetworkManager"
#define ROOT "/org/freedesktop/NetworkManager"
#define WIFI ROOT "/Devices/2"
#define P2P ROOT "/Devices/3"
#define ACTIVE ROOT "/ActiveConnection/"
#define WPAS "fi.w1.wpa_supplicant1"
#define WPAS_ROOT "/fi/w1/wpa_supplicant1"
#define RADIO WPAS_ROOT "/Interfaces/0"
#define TV RADIO "/Peers/020000000100"

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.DBus.ObjectManager'>"
	" <method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager'>"
	" <method name='AddAndActivateConnection2'>"
	"  <arg type='a{sa{sv}}' direction='in'/><arg type='o' direction='in'/>"
	"  <arg type='o' direction='in'/><arg type='a{sv}' direction='in'/>"
	"  <arg type='o' direction='out'/><arg type='o' direction='out'/>"
	"  <arg type='a{sv}' direction='out'/>"
	" </method>"
	" <method name='DeactivateConnection'><arg type='o' direction='in'/></method>"
	"</interface>"
	"<interface name='org.freedesktop.NetworkManager.Connection.Active'>"
	" <property name='State' type='u' access='read'/>"
	" <signal name='StateChanged'><arg type='u'/><arg type='u'/></signal>"
	"</interface>"
	"</node>";

static char *active_path(mock_nm *nm)
{
	return g_strdup_printf(ACTIVE "%u", nm->asks);
}

static void call_wpas(mock_nm *nm, const char *path, const char *iface, const char *method,
		      GVariant *args)
{
	g_dbus_connection_call(nm->bus, WPAS, path, iface, method, args, NULL,
			       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static void announce(mock_nm *nm, GVariant *wfd)
{
	call_wpas(nm, WPAS_ROOT, "org.freedesktop.DBus.Properties", "Set",
		  g_variant_new("(ssv)", WPAS, "WFDIEs", wfd));
}

static void call_p2p(mock_nm *nm, const char *path, const char *method, GVariant *args)
{
	call_wpas(nm, path, WPAS ".Interface.P2PDevice", method, args);
}

static void say_state(mock_nm *nm, guint32 state)
{
	g_autofree char *path = active_path(nm);

	g_dbus_connection_emit_signal(nm->bus, NULL, path, NAME ".Connection.Active", "StateChanged",
				      g_variant_new("(uu)", state, 0), NULL);
}

static void be_over(mock_nm *nm)
{
	g_clear_handle_id(&nm->timeout, g_source_remove);
	nm->active = FALSE;
	nm->group = FALSE;
	announce(nm, g_variant_new("ay", NULL));
	say_state(nm, 4);
}

void mock_nm_end(mock_nm *nm)
{
	call_p2p(nm, RADIO, "Cancel", NULL);
	if (nm->group)
		call_p2p(nm, WPAS_ROOT "/Interfaces/1", "Disconnect", NULL);
	be_over(nm);
}

static gboolean give_up(gpointer user_data)
{
	mock_nm *nm = user_data;

	nm->timeout = 0;
	mock_nm_end(nm);
	return G_SOURCE_REMOVE;
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path,
			      const char *iface, const char *property, GError **error,
			      gpointer user_data)
{
	mock_nm *nm = user_data;
	g_autofree char *active = active_path(nm);

	return g_variant_new_uint32(nm->active && strcmp(path, active) == 0 ? (nm->group ? 2 : 1) : 4);
}

static const GDBusInterfaceVTable active_vtable = { NULL, get_property, NULL, { 0 } };

static void activate(mock_nm *nm, GDBusMethodInvocation *call)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	g_autoptr(GVariant) p2p = g_variant_lookup_value(nm->settings, "wifi-p2p", G_VARIANT_TYPE_VARDICT);
	g_autoptr(GVariant) wfd = g_variant_lookup_value(p2p, "wfd-ies", G_VARIANT_TYPE_BYTESTRING);
	g_autofree char *path = NULL;

	nm->asks++;
	path = active_path(nm);
	nm->active = TRUE;
	g_ptr_array_add(nm->actives, GUINT_TO_POINTER(g_dbus_connection_register_object(
				nm->bus, path, info->interfaces[2], &active_vtable, nm, NULL, NULL)));
	g_dbus_method_invocation_return_value(
		call, g_variant_new_parsed("(%o, %o, @a{sv} {})", ROOT "/Settings/1", path));
	announce(nm, wfd);
	call_p2p(nm, RADIO, "Connect",
		 g_variant_new_parsed("({'wps_method': <'pbc'>, 'peer': <%o>, 'join': <false>,"
				      " 'persistent': <false>, 'go_intent': <7>},)", TV));
	if (nm->gives_up_after)
		nm->timeout = g_timeout_add(nm->gives_up_after, give_up, nm);
}

void mock_nm_answer(mock_nm *nm)
{
	activate(nm, g_steal_pointer(&nm->asked));
}

static void deactivate(mock_nm *nm, GVariant *args, GDBusMethodInvocation *call)
{
	g_autofree char *path = active_path(nm);
	const char *which;

	nm->ends++;
	g_variant_get(args, "(&o)", &which);
	if (!nm->active || strcmp(which, path) != 0) {
		g_dbus_method_invocation_return_dbus_error(call, NAME ".ConnectionNotActive", "no");
		return;
	}
	g_dbus_method_invocation_return_value(call, NULL);
	if (!nm->deaf)
		mock_nm_end(nm);
}

static GVariant *objects(mock_nm *nm)
{
	g_autofree char *p2p = g_strdup_printf(
		", '" P2P "': {'" NAME ".Device': {'Interface': <'p2p-dev-wlan0'>, 'State': <uint32 %u>}}",
		nm->p2p_device);
	g_autofree char *text = g_strdup_printf(
		"({objectpath '" ROOT "/Settings': {'" NAME ".Settings': @a{sv} {}},"
		" '" WIFI "': {'" NAME ".Device': {'Interface': <'wlan0'>, 'State': <uint32 %u>}}%s},)",
		nm->wifi_device, nm->p2p_device ? p2p : "");

	return g_variant_new_parsed(text);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	mock_nm *nm = user_data;
	const char *device;

	if (strcmp(method, "GetManagedObjects") == 0) {
		g_dbus_method_invocation_return_value(call, objects(nm));
	} else if (strcmp(method, "DeactivateConnection") == 0) {
		deactivate(nm, args, call);
	} else if (nm->refuses) {
		g_dbus_method_invocation_return_dbus_error(call, NAME ".PermissionDenied", "not today");
	} else {
		g_clear_pointer(&nm->settings, g_variant_unref);
		g_clear_pointer(&nm->options, g_variant_unref);
		g_variant_get(args, "(@a{sa{sv}}&oo@a{sv})", &nm->settings, &device, NULL, &nm->options);
		g_assert_cmpstr(device, ==, P2P);
		nm->asked = call;
		if (!nm->silent)
			mock_nm_answer(nm);
	}
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

static void group_started(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	mock_nm *nm = user_data;
	g_autoptr(GVariant) dict = g_variant_get_child_value(args, 0);
	const char *interface = "";

	g_variant_lookup(dict, "interface_object", "&o", &interface);
	if (nm->active && !nm->group) {
		nm->group = TRUE;
		g_clear_handle_id(&nm->timeout, g_source_remove);
		say_state(nm, 2);
	} else if (!nm->active && !nm->tolerant) {
		nm->removed++;
		call_p2p(nm, interface, "Disconnect", NULL);
	}
}

static void group_finished(GDBusConnection *bus, const char *sender, const char *path,
			   const char *iface, const char *signal, GVariant *args, gpointer user_data)
{
	mock_nm *nm = user_data;

	if (nm->group)
		be_over(nm);
}

mock_nm *mock_nm_new(GDBusConnection *bus)
{
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	mock_nm *nm = g_new0(mock_nm, 1);

	nm->bus = g_object_ref(bus);
	nm->actives = g_ptr_array_new();
	nm->p2p_device = MOCK_NM_DISCONNECTED;
	nm->wifi_device = MOCK_NM_ACTIVATED;
	nm->objects[0] = g_dbus_connection_register_object(bus, "/org/freedesktop",
							   info->interfaces[0], &vtable, nm, NULL, NULL);
	nm->objects[1] = g_dbus_connection_register_object(bus, ROOT, info->interfaces[1], &vtable, nm,
							   NULL, NULL);
	nm->signals[0] = g_dbus_connection_signal_subscribe(bus, WPAS, NULL, "GroupStarted", NULL, NULL,
							    G_DBUS_SIGNAL_FLAGS_NONE, group_started, nm,
							    NULL);
	nm->signals[1] = g_dbus_connection_signal_subscribe(bus, WPAS, NULL, "GroupFinished", NULL,
							    NULL, G_DBUS_SIGNAL_FLAGS_NONE,
							    group_finished, nm, NULL);
	/* At once, so that the broker finds it. */
	g_variant_unref(g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
						    "RequestName", g_variant_new("(su)", NAME, 0), NULL,
						    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL));
	return nm;
}

void mock_nm_free(mock_nm *nm)
{
	g_dbus_connection_signal_unsubscribe(nm->bus, nm->signals[0]);
	g_dbus_connection_signal_unsubscribe(nm->bus, nm->signals[1]);
	for (guint i = 0; i < 2; i++)
		g_dbus_connection_unregister_object(nm->bus, nm->objects[i]);
	for (guint i = 0; i < nm->actives->len; i++)
		g_dbus_connection_unregister_object(nm->bus,
						    GPOINTER_TO_UINT(g_ptr_array_index(nm->actives, i)));
	g_ptr_array_unref(nm->actives);
	g_clear_handle_id(&nm->timeout, g_source_remove);
	g_clear_object(&nm->asked);
	g_clear_pointer(&nm->settings, g_variant_unref);
	g_clear_pointer(&nm->options, g_variant_unref);
	g_dbus_connection_close_sync(nm->bus, NULL, NULL);
	g_object_unref(nm->bus);
	g_free(nm);
}
