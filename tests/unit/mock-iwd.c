// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * iwd, played: see mock-iwd.h.
 */
#include "mock-iwd.h"
#include "test-bus.h"

#include <string.h>

#define NAME "net.connman.iwd"
#define MANAGER "/net/connman/iwd"
#define DEVICE "/net/connman/iwd/0"
#define TV "/net/connman/iwd/0/p2p_peers/02_00_00_00_05_00"
#define PIN "12345670"

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.DBus.ObjectManager'>"
	" <method name='GetManagedObjects'><arg type='a{oa{sa{sv}}}' direction='out'/></method>"
	" <signal name='InterfacesAdded'><arg type='o'/><arg type='a{sa{sv}}'/></signal>"
	"</interface>"
	"<interface name='net.connman.iwd.p2p.ServiceManager'>"
	" <method name='RegisterDisplayService'><arg type='a{sv}' direction='in'/></method>"
	" <method name='UnregisterDisplayService'/>"
	"</interface>"
	"<interface name='net.connman.iwd.p2p.Device'>"
	" <method name='GetPeers'><arg type='a(on)' direction='out'/></method>"
	" <method name='RequestDiscovery'/>"
	" <method name='ReleaseDiscovery'/>"
	" <property name='Enabled' type='b' access='readwrite'/>"
	"</interface>"
	"<interface name='net.connman.iwd.p2p.Peer'>"
	" <method name='Disconnect'/>"
	" <property name='Connected' type='b' access='read'/>"
	" <property name='ConnectedInterface' type='s' access='read'/>"
	" <property name='ConnectedIP' type='s' access='read'/>"
	"</interface>"
	"<interface name='net.connman.iwd.SimpleConfiguration'>"
	" <method name='PushButton'/>"
	" <method name='GeneratePin'><arg type='s' direction='out'/></method>"
	" <method name='StartPin'><arg type='s' direction='in'/></method>"
	" <method name='Cancel'/>"
	"</interface>"
	"<interface name='net.connman.iwd.Daemon'>"
	" <method name='GetInfo'><arg type='a{sv}' direction='out'/></method>"
	"</interface>"
	"</node>";

static void refuse(GDBusMethodInvocation *call, const char *error)
{
	g_autofree char *name = g_strdup_printf(NAME ".%s", error);

	g_dbus_method_invocation_return_dbus_error(call, name, "Operation failed");
}

static void done(GDBusMethodInvocation *call)
{
	g_dbus_method_invocation_return_value(call, NULL);
}

/* ---- objects --------------------------------------------------------------------- */

static GVariant *objects_of(mock_iwd *iwd)
{
	g_autofree char *device = g_strdup_printf(
		"'net.connman.iwd.Adapter': {'Powered': <true>}%s",
		iwd->no_p2p ? "" :
		iwd->enabled ? ", 'net.connman.iwd.p2p.Device': {'Enabled': <true>}" :
			       ", 'net.connman.iwd.p2p.Device': {'Enabled': <false>}");
	g_autoptr(GVariant) name = g_variant_ref_sink(g_variant_new_string(iwd->name ? iwd->name : "Living room TV"));
	g_autofree char *text = g_variant_print(name, FALSE);
	g_autofree char *peer = g_strdup_printf(
		"objectpath '" TV "': {'net.connman.iwd.p2p.Peer': {'Name': <%s>, 'Address': <'" MOCK_IWD_TV "'>, "
		"'Device': <objectpath '" DEVICE "'>, 'Connected': <%s>}%s}",
		text, iwd->connected ? "true" : "false",
		iwd->registered ? ", 'net.connman.iwd.p2p.Display': {'Source': <false>, 'Sink': <true>, "
				  "'HasContentProtection': <true>}" : "");
	const char *odd = "objectpath '" TV "': {'net.connman.iwd.p2p.Peer': {'Name': <7>, 'Address': <uint32 9>, "
			  "'Device': <'x'>}, 'net.connman.iwd.p2p.Display': {'Sink': <'yes'>}}";
	g_autofree char *all = g_strdup_printf(
		"({objectpath '" DEVICE "': {%s}, "
		"objectpath '" DEVICE "/3': {'net.connman.iwd.Device': {'Name': <'wlan0'>, "
		"'Adapter': <objectpath '" DEVICE "'>}}%s%s},)",
		device, iwd->hidden || iwd->no_p2p ? "" : ", ",
		iwd->hidden || iwd->no_p2p ? "" : iwd->odd_types ? odd : peer);

	return g_variant_new_parsed(all);
}

static void say_changed(mock_iwd *iwd, const char *path, const char *interface, const char *property, GVariant *value)
{
	GVariantBuilder changed;

	g_variant_builder_init(&changed, G_VARIANT_TYPE_VARDICT);
	g_variant_builder_add(&changed, "{sv}", property, value);
	g_dbus_connection_emit_signal(iwd->bus, NULL, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
				      g_variant_new("(sa{sv}as)", interface, &changed, NULL), NULL);
}

void mock_iwd_show(mock_iwd *iwd, gboolean there)
{
	iwd->hidden = !there;
	g_dbus_connection_emit_signal(iwd->bus, NULL, "/", "org.freedesktop.DBus.ObjectManager",
				      there ? "InterfacesAdded" : "InterfacesRemoved",
				      there ? g_variant_new_parsed("(objectpath '" TV "', @a{sa{sv}} {})") :
					      g_variant_new_parsed("(objectpath '" TV "', @as [])"),
				      NULL);
}

void mock_iwd_end(mock_iwd *iwd)
{
	if (!iwd->connected)
		return;
	iwd->connected = FALSE;
	if (!iwd->silent_end)
		say_changed(iwd, TV, NAME ".p2p.Peer", "Connected", g_variant_new_boolean(FALSE));
	else
		say_changed(iwd, DEVICE, NAME ".p2p.Device", "AvailableConnections", g_variant_new_uint16(1));
}

/* ---- methods ----------------------------------------------------------------------- */

static void register_service(mock_iwd *iwd, GVariant *args, GDBusMethodInvocation *call);

static gboolean register_later(gpointer user_data)
{
	mock_iwd *iwd = user_data;
	GDBusMethodInvocation *call = g_steal_pointer(&iwd->registering);

	iwd->slow = FALSE;
	iwd->timeout = 0;
	register_service(iwd, g_dbus_method_invocation_get_parameters(call), call);
	return G_SOURCE_REMOVE;
}

static void register_service(mock_iwd *iwd, GVariant *args, GDBusMethodInvocation *call)
{
	g_autoptr(GVariant) service = g_variant_get_child_value(args, 0);

	if (iwd->slow) {
		iwd->registering = call;
		iwd->timeout = g_timeout_add(200, register_later, iwd);
		return;
	}
	if (iwd->no_display || iwd->taken || iwd->registered) {
		refuse(call, iwd->no_display ? "NotSupported" : "AlreadyExists");
		return;
	}
	iwd->registered = TRUE;
	g_variant_lookup(service, "Source", "b", &iwd->source);
	g_variant_lookup(service, "Sink", "b", &iwd->sink);
	g_variant_lookup(service, "Port", "q", &iwd->port);
	done(call);
}

static void answer(mock_iwd *iwd, GDBusMethodInvocation *call)
{
	g_assert_null(iwd->asked);
	switch (iwd->answer) {
	case MOCK_IWD_ACCEPTS:
	case MOCK_IWD_ONLY_SAYS_SO:
		iwd->connected = iwd->answer == MOCK_IWD_ACCEPTS;
		done(call);
		if (!iwd->silent_end && iwd->connected)
			say_changed(iwd, TV, NAME ".p2p.Peer", "Connected", g_variant_new_boolean(TRUE));
		break;
	case MOCK_IWD_IGNORES:
		iwd->asked = call;
		break;
	case MOCK_IWD_SAYS:
		refuse(call, iwd->error);
		break;
	}
}

static void disconnect(mock_iwd *iwd, GDBusMethodInvocation *call)
{
	iwd->disconnects++;
	if (iwd->asked)
		refuse(g_steal_pointer(&iwd->asked), "Aborted");
	else if (!iwd->connected) {
		refuse(call, "NotConnected");
		return;
	}
	done(call);
	mock_iwd_end(iwd);
}

static void discover(mock_iwd *iwd, gboolean on, GDBusMethodInvocation *call)
{
	if (iwd->discovery == on) {
		refuse(call, on ? "AlreadyExists" : "NotFound");
		return;
	}
	iwd->discovery = on;
	iwd->discoveries += on;
	if (!iwd->deaf)
		done(call);
	else
		g_object_unref(call);
}

static void set_enabled(mock_iwd *iwd, gboolean on, GDBusMethodInvocation *call)
{
	if (on && iwd->cannot_enable) {
		refuse(call, "Failed");
		return;
	}
	iwd->enables += on && !iwd->enabled;
	iwd->disables += !on && iwd->enabled;
	iwd->enabled = on;
	done(call);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
			  const char *method, GVariant *args, GDBusMethodInvocation *call, gpointer user_data)
{
	mock_iwd *iwd = user_data;
	g_autoptr(GVariant) value = NULL;
	const char *property;

	if (test_bus_is_set(interface, method, args, &property, &value)) {
		set_enabled(iwd, g_variant_get_boolean(value), call);
	} else if (strcmp(method, "GetManagedObjects") == 0) {
		g_dbus_method_invocation_return_value(call, objects_of(iwd));
	} else if (strcmp(method, "GetInfo") == 0) {
		g_dbus_method_invocation_return_value(
			call, g_variant_new_parsed(iwd->gives_no_addresses ? "({'NetworkConfigurationEnabled': <false>},)" :
							       "({'NetworkConfigurationEnabled': <true>},)"));
	} else if (strcmp(method, "RegisterDisplayService") == 0) {
		register_service(iwd, args, call);
	} else if (strcmp(method, "UnregisterDisplayService") == 0) {
		/* Whoever has registered: as iwd. */
		g_assert_false(iwd->taken);
		g_assert_true(iwd->registered);
		iwd->registered = FALSE;
		done(call);
	} else if (strcmp(method, "GetPeers") == 0) {
		g_dbus_method_invocation_return_value(
			call, g_variant_new_parsed(iwd->hidden ? "(@a(on) [],)" : "(@a(on) [('" TV "', -4200)],)"));
	} else if (strcmp(method, "RequestDiscovery") == 0 || strcmp(method, "ReleaseDiscovery") == 0) {
		discover(iwd, strcmp(method, "RequestDiscovery") == 0, call);
	} else if (strcmp(method, "Disconnect") == 0) {
		disconnect(iwd, call);
	} else if (strcmp(method, "PushButton") == 0) {
		iwd->buttons++;
		answer(iwd, call);
	} else if (strcmp(method, "GeneratePin") == 0) {
		g_dbus_method_invocation_return_value(call, g_variant_new("(s)", PIN));
	} else {
		g_assert_cmpstr(method, ==, "StartPin");
		g_free(iwd->pin);
		g_variant_get(args, "(s)", &iwd->pin);
		answer(iwd, call);
	}
}

static GVariant *get_property(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
			      const char *property, GError **error, gpointer user_data)
{
	mock_iwd *iwd = user_data;

	if (strcmp(property, "Enabled") == 0)
		return g_variant_new_boolean(iwd->enabled);
	if (strcmp(property, "Connected") == 0)
		return g_variant_new_boolean(iwd->connected);
	if (iwd->connected)
		return g_variant_new_string(strcmp(property, "ConnectedIP") == 0 ? "192.168.1.20" : "lo");
	g_set_error_literal(error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY, "not connected");
	return NULL;
}

/* ---- life ---------------------------------------------------------------------------- */

static const GDBusInterfaceVTable vtable = { method_called, get_property, NULL, { 0 } };

mock_iwd *mock_iwd_new(GDBusConnection *bus, gboolean enabled)
{
	static const char *const paths[] = { "/", MANAGER, DEVICE, TV, TV, MANAGER };
	mock_iwd *iwd = g_new0(mock_iwd, 1);
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	g_autoptr(GVariant) reply = NULL;

	iwd->bus = bus;
	iwd->enabled = enabled;
	iwd->objects = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		guint id = g_dbus_connection_register_object(bus, paths[i], info->interfaces[i], &vtable, iwd, NULL,
							     NULL);

		g_assert_cmpuint(id, !=, 0);
		g_array_append_val(iwd->objects, id);
	}
	reply = g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName",
					    g_variant_new("(su)", NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(reply);
	return iwd;
}

void mock_iwd_free(mock_iwd *iwd)
{
	if (!iwd)
		return;
	for (guint i = 0; i < iwd->objects->len; i++)
		g_dbus_connection_unregister_object(iwd->bus, g_array_index(iwd->objects, guint, i));
	g_clear_handle_id(&iwd->timeout, g_source_remove);
	g_clear_object(&iwd->registering);
	g_clear_object(&iwd->asked);
	g_array_unref(iwd->objects);
	g_dbus_connection_close_sync(iwd->bus, NULL, NULL);
	g_object_unref(iwd->bus);
	g_free(iwd->pin);
	g_free(iwd);
}
