// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Avahi, played: see mock-avahi.h.
 */
#include "mock-avahi.h"

#include <string.h>

#define NAME "org.freedesktop.Avahi"
#define BROWSER "/Client0/ServiceBrowser0"
#define TYPE "_display._tcp"
#define INTERFACE 1 /* lo */

struct mock_service {
	char *name, *host, *address;
	guint16 port;
};

static const char xml[] =
	"<node>"
	"<interface name='org.freedesktop.Avahi.Server'>"
	" <method name='ResolveService'>"
	"  <arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='i' direction='in'/>"
	"  <arg type='u' direction='in'/>"
	"  <arg type='i' direction='out'/><arg type='i' direction='out'/><arg type='s' direction='out'/>"
	"  <arg type='s' direction='out'/><arg type='s' direction='out'/><arg type='s' direction='out'/>"
	"  <arg type='i' direction='out'/><arg type='s' direction='out'/><arg type='q' direction='out'/>"
	"  <arg type='aay' direction='out'/><arg type='u' direction='out'/>"
	" </method>"
	" <method name='ResolveHostName'>"
	"  <arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='i' direction='in'/><arg type='u' direction='in'/>"
	"  <arg type='i' direction='out'/><arg type='i' direction='out'/><arg type='s' direction='out'/>"
	"  <arg type='i' direction='out'/><arg type='s' direction='out'/><arg type='u' direction='out'/>"
	" </method>"
	"</interface>"
	"<interface name='org.freedesktop.Avahi.Server2'>"
	" <method name='ServiceBrowserPrepare'>"
	"  <arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='s' direction='in'/>"
	"  <arg type='s' direction='in'/><arg type='u' direction='in'/><arg type='o' direction='out'/>"
	" </method>"
	"</interface>"
	"<interface name='org.freedesktop.Avahi.ServiceBrowser'>"
	" <method name='Free'/><method name='Start'/>"
	"</interface>"
	"</node>";

static void service_free(struct mock_service *service)
{
	g_free(service->name);
	g_free(service->host);
	g_free(service->address);
	g_free(service);
}

static void browser_says(mock_avahi *avahi, const char *signal, GVariant *arguments)
{
	g_dbus_connection_emit_signal(avahi->bus, NULL, BROWSER, NAME ".ServiceBrowser", signal,
				      arguments, NULL);
}

static int protocol_of(const struct mock_service *service)
{
	return strchr(service->address, ':') ? 1 : 0;
}

static void say_item(mock_avahi *avahi, const char *signal, const struct mock_service *service)
{
	browser_says(avahi, signal, g_variant_new("(iisssu)", INTERFACE, protocol_of(service),
						  service->name, TYPE, "local", 0));
}

static struct mock_service *find(mock_avahi *avahi, const char *name, const char *host)
{
	for (guint i = 0; i < avahi->services->len; i++) {
		struct mock_service *service = g_ptr_array_index(avahi->services, i);

		if (g_strcmp0(service->name, name) == 0 || g_strcmp0(service->host, host) == 0)
			return service;
	}
	return NULL;
}

static void not_found(GDBusMethodInvocation *call)
{
	g_dbus_method_invocation_return_dbus_error(call, NAME ".TimeoutError", "Timeout reached");
}

static void resolve_service(mock_avahi *avahi, GVariant *args, GDBusMethodInvocation *call)
{
	g_autofree char *container = g_strdup_printf("container_id={%s}",
						     avahi->container ? avahi->container : "0");
	const char *name;
	struct mock_service *service;

	g_variant_get(args, "(ii&sssiu)", NULL, NULL, &name, NULL, NULL, NULL, NULL);
	avahi->resolved++;
	service = find(avahi, name, NULL);
	if (!service) {
		not_found(call);
		return;
	}
	g_dbus_method_invocation_return_value(
		call, g_variant_new("(iissssisq@aayu)", INTERFACE, protocol_of(service), service->name,
				    TYPE, "local", service->host, protocol_of(service),
				    service->address, service->port,
				    g_variant_new_parsed("[b'txtvers=1', b'', %^ay]", container), 0));
}

static void resolve_host(mock_avahi *avahi, GVariant *args, GDBusMethodInvocation *call)
{
	const char *host;
	struct mock_service *service;

	g_variant_get(args, "(ii&siu)", NULL, NULL, &host, NULL, NULL);
	avahi->asked_for_host++;
	service = find(avahi, NULL, host);
	if (service)
		g_dbus_method_invocation_return_value(
			call, g_variant_new("(iisisu)", INTERFACE, protocol_of(service), host,
					    protocol_of(service), service->address, 0));
	else
		not_found(call);
}

static void method_called(GDBusConnection *bus, const char *sender, const char *path,
			  const char *iface, const char *method, GVariant *args,
			  GDBusMethodInvocation *call, gpointer user_data)
{
	mock_avahi *avahi = user_data;

	if (strcmp(method, "ResolveService") == 0) {
		if (avahi->silent)
			g_object_unref(call);
		else
			resolve_service(avahi, args, call);
	} else if (strcmp(method, "ResolveHostName") == 0) {
		resolve_host(avahi, args, call);
	} else if (strcmp(method, "ServiceBrowserPrepare") == 0) {
		const char *type;

		g_variant_get(args, "(ii&ssu)", NULL, NULL, &type, NULL, NULL);
		g_assert_cmpstr(type, ==, TYPE);
		avahi->browsers++;
		g_dbus_method_invocation_return_value(call, g_variant_new("(o)", BROWSER));
	} else if (strcmp(method, "Start") == 0) {
		avahi->started = TRUE;
		g_dbus_method_invocation_return_value(call, NULL);
		for (guint i = 0; i < avahi->services->len; i++)
			say_item(avahi, "ItemNew", g_ptr_array_index(avahi->services, i));
	} else {
		avahi->freed++;
		avahi->started = FALSE;
		g_dbus_method_invocation_return_value(call, NULL);
	}
}

static const GDBusInterfaceVTable vtable = { method_called, NULL, NULL, { 0 } };

mock_avahi *mock_avahi_new(GDBusConnection *bus)
{
	mock_avahi *avahi = g_new0(mock_avahi, 1);
	g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(xml, NULL);
	g_autoptr(GVariant) reply = NULL;

	avahi->bus = bus;
	avahi->services = g_ptr_array_new_with_free_func((GDestroyNotify)service_free);
	for (guint i = 0; i < G_N_ELEMENTS(avahi->objects); i++)
		avahi->objects[i] = g_dbus_connection_register_object(
			bus, i == 2 ? BROWSER : "/", info->interfaces[i], &vtable, avahi, NULL, NULL);
	reply = g_dbus_connection_call_sync(bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus",
					    "RequestName", g_variant_new("(su)", NAME, 0), NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(reply);
	return avahi;
}

void mock_avahi_free(mock_avahi *avahi)
{
	if (!avahi)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(avahi->objects); i++)
		g_dbus_connection_unregister_object(avahi->bus, avahi->objects[i]);
	g_dbus_connection_close_sync(avahi->bus, NULL, NULL);
	g_object_unref(avahi->bus);
	g_ptr_array_unref(avahi->services);
	g_free(avahi);
}

void mock_avahi_add(mock_avahi *avahi, const char *name, const char *host, const char *address,
		    guint16 port)
{
	struct mock_service *service = g_new0(struct mock_service, 1);

	*service = (struct mock_service){ g_strdup(name), g_strdup(host), g_strdup(address), port };
	g_ptr_array_add(avahi->services, service);
	if (avahi->started)
		say_item(avahi, "ItemNew", service);
}

void mock_avahi_remove(mock_avahi *avahi, const char *name)
{
	struct mock_service *service = find(avahi, name, NULL);

	say_item(avahi, "ItemRemove", service);
	g_ptr_array_remove(avahi->services, service);
}

void mock_avahi_fail(mock_avahi *avahi)
{
	browser_says(avahi, "Failure", g_variant_new("(s)", "out of luck"));
}
