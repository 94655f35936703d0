// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Avahi on D-Bus: see avahi.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "avahi.h"

#include <string.h>

#define SERVER AVAHI_NAME ".Server"
#define SERVER2 AVAHI_NAME ".Server2"
#define BROWSER AVAHI_NAME ".ServiceBrowser"

#define ANY_INTERFACE -1
#define ANY_PROTOCOL -1

#define CONTAINER_KEY "container_id="
/* RFC 6763, 6.1 */
#define MAX_TXT 255

/* What is in ItemNew, ItemRemove and the arguments of ResolveService. */
#define ITEM "(iisssu)"
#define RESOLVED "(iissssisqaayu)"

struct avahi {
	GDBusConnection *bus;
	GCancellable *cancellable; /* of what goes on while it browses; NULL: it does not */
	char *type;
	char *browser; /* object path, NULL: not prepared */
	guint signals;
	guint watch;
	GHashTable *services; /* set of keys: found, or being resolved */
	const struct avahi_funcs *funcs;
	gpointer user_data;
};

/* A service that is being resolved. */
struct resolving {
	avahi *avahi;
	char *key;
};

static void resolving_free(struct resolving *resolving)
{
	g_free(resolving->key);
	g_free(resolving);
}

GSocketAddress *avahi_make_address(const char *text, gint32 interface, guint16 port)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
	gboolean scoped;

	if (!address || !port || g_inet_address_get_is_any(address) ||
	    g_inet_address_get_is_multicast(address))
		return NULL;
	scoped = g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
		 g_inet_address_get_is_link_local(address);
	if (scoped && interface <= 0)
		return NULL;
	return g_object_new(G_TYPE_INET_SOCKET_ADDRESS, "address", address, "port", (guint)port,
			    "scope-id", scoped ? (guint)interface : 0, NULL);
}

static void fail(avahi *a, const GError *error)
{
	avahi_stop(a);
	a->funcs->failed(a, error, a->user_data);
}

/* ---- services ------------------------------------------------------------------- */

char *avahi_find_container(GVariant *txt)
{
	for (gsize i = 0; i < g_variant_n_children(txt); i++) {
		g_autoptr(GVariant) one = g_variant_get_child_value(txt, i);
		gsize len;
		const char *bytes = g_variant_get_fixed_array(one, &len, 1);
		g_autofree char *text = g_strndup(len ? bytes : "", MIN(len, MAX_TXT));
		gsize key = strlen(CONTAINER_KEY);

		if (g_ascii_strncasecmp(text, CONTAINER_KEY, key) != 0)
			continue;
		/* With braces or without. */
		g_strdelimit(text + key, "{}", ' ');
		g_strstrip(text + key);
		if (g_uuid_string_is_valid(text + key))
			return g_ascii_strdown(text + key, -1);
	}
	return NULL;
}

static void resolved(GObject *source, GAsyncResult *result, gpointer user_data)
{
	struct resolving *resolving = user_data;
	avahi *a = resolving->avahi;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	g_autoptr(GSocketAddress) address = NULL;
	g_autoptr(GVariant) txt = NULL;
	g_autofree char *container = NULL;
	const char *name, *host, *text;
	gint32 interface;
	guint16 port;

	/* Then @a may have gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		resolving_free(resolving);
		return;
	}
	/* What has gone meanwhile is not told of. */
	if (reply && g_hash_table_contains(a->services, resolving->key)) {
		g_variant_get(reply, "(ii&s&s&s&si&sq@aayu)", &interface, NULL, &name, NULL, NULL, &host,
			      NULL, &text, &port, &txt, NULL);
		container = avahi_find_container(txt);
		address = avahi_make_address(text, interface, port);
	} else if (error) {
		g_debug("avahi: %s: %s", resolving->key, error->message);
	}
	if (address)
		a->funcs->found(a, &(struct avahi_service){ .key = resolving->key, .name = name,
							    .host = host, .address = address,
							    .container = container },
				a->user_data);
	else
		g_hash_table_remove(a->services, resolving->key);
	resolving_free(resolving);
}

static void item_new(avahi *a, char *key, gint32 interface, gint32 protocol, const char *name,
		     const char *domain)
{
	struct resolving *resolving;

	if (g_hash_table_size(a->services) >= AVAHI_MAX_SERVICES ||
	    !g_hash_table_add(a->services, g_strdup(key))) {
		g_free(key);
		return;
	}
	resolving = g_new0(struct resolving, 1);
	resolving->avahi = a;
	resolving->key = key;
	/* Over IPv6 an IPv6 address is asked for, since others may not be reached. */
	g_dbus_connection_call(a->bus, AVAHI_NAME, "/", SERVER, "ResolveService",
			       g_variant_new("(iisssiu)", interface, protocol, name, a->type, domain,
					     protocol, 0),
			       G_VARIANT_TYPE(RESOLVED), G_DBUS_CALL_FLAGS_NO_AUTO_START, AVAHI_CALL_MS,
			       a->cancellable, resolved, resolving);
}

static void item_remove(avahi *a, const char *key)
{
	if (g_hash_table_remove(a->services, key))
		a->funcs->lost(a, key, a->user_data);
}

static void browser_said(GDBusConnection *bus, const char *sender, const char *path,
			 const char *interface_name, const char *signal, GVariant *arguments,
			 gpointer user_data)
{
	avahi *a = user_data;
	g_autoptr(GError) error = NULL;
	const char *name, *domain, *why = "";
	gint32 interface, protocol;
	char *key;

	if (g_str_equal(signal, "Failure")) {
		if (g_variant_is_of_type(arguments, G_VARIANT_TYPE("(s)")))
			g_variant_get(arguments, "(&s)", &why);
		g_set_error(&error, G_IO_ERROR, G_IO_ERROR_FAILED, "Avahi cannot look: %s", why);
		fail(a, error);
		return;
	}
	if (!g_variant_is_of_type(arguments, G_VARIANT_TYPE(ITEM)))
		return;
	g_variant_get(arguments, "(ii&ss&su)", &interface, &protocol, &name, NULL, &domain, NULL);
	key = g_strdup_printf("%d/%d/%s/%s", interface, protocol, domain, name);
	if (g_str_equal(signal, "ItemNew")) {
		item_new(a, key, interface, protocol, name, domain);
	} else {
		if (g_str_equal(signal, "ItemRemove"))
			item_remove(a, key);
		g_free(key);
	}
}

/* ---- looking --------------------------------------------------------------------- */

static void started(GObject *source, GAsyncResult *result, gpointer user_data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (!reply && !g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		fail(user_data, error);
}

static void prepared(GObject *source, GAsyncResult *result, gpointer user_data)
{
	avahi *a = user_data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (!reply) {
		fail(a, error);
		return;
	}
	g_variant_get(reply, "(o)", &a->browser);
	/* Before Start: what Avahi has in its cache is told at once. */
	a->signals = g_dbus_connection_signal_subscribe(a->bus, AVAHI_NAME, BROWSER, NULL, a->browser,
							NULL, G_DBUS_SIGNAL_FLAGS_NONE, browser_said, a,
							NULL);
	g_dbus_connection_call(a->bus, AVAHI_NAME, a->browser, BROWSER, "Start", NULL, NULL,
			       G_DBUS_CALL_FLAGS_NO_AUTO_START, AVAHI_CALL_MS, a->cancellable, started,
			       a);
}

static void vanished(GDBusConnection *bus, const char *name, gpointer user_data)
{
	g_autoptr(GError) error = g_error_new_literal(G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
						      "Avahi (avahi-daemon) is not running");

	fail(user_data, error);
}

void avahi_browse(avahi *a, const char *type)
{
	a->type = g_strdup(type);
	a->cancellable = g_cancellable_new();
	a->watch = g_bus_watch_name_on_connection(a->bus, AVAHI_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
						  NULL, vanished, a, NULL);
	g_dbus_connection_call(a->bus, AVAHI_NAME, "/", SERVER2, "ServiceBrowserPrepare",
			       g_variant_new("(iissu)", ANY_INTERFACE, ANY_PROTOCOL, type, "", 0),
			       G_VARIANT_TYPE("(o)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, AVAHI_CALL_MS,
			       a->cancellable, prepared, a);
}

void avahi_stop(avahi *a)
{
	if (a->cancellable)
		g_cancellable_cancel(a->cancellable);
	g_clear_object(&a->cancellable);
	if (a->signals)
		g_dbus_connection_signal_unsubscribe(a->bus, a->signals);
	a->signals = 0;
	if (a->watch)
		g_bus_unwatch_name(a->watch);
	a->watch = 0;
	if (a->browser)
		g_dbus_connection_call(a->bus, AVAHI_NAME, a->browser, BROWSER, "Free", NULL, NULL,
				       G_DBUS_CALL_FLAGS_NO_AUTO_START, AVAHI_CALL_MS, NULL, NULL,
				       NULL);
	g_clear_pointer(&a->browser, g_free);
	g_clear_pointer(&a->type, g_free);
	g_hash_table_remove_all(a->services);
}

gboolean avahi_browses(avahi *a)
{
	return a->cancellable != NULL;
}

avahi *avahi_new(GDBusConnection *bus, const struct avahi_funcs *funcs, gpointer user_data)
{
	avahi *a = g_new0(avahi, 1);

	a->bus = g_object_ref(bus);
	a->services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	a->funcs = funcs;
	a->user_data = user_data;
	return a;
}

void avahi_free(avahi *a)
{
	if (!a)
		return;
	avahi_stop(a);
	g_hash_table_unref(a->services);
	g_object_unref(a->bus);
	g_free(a);
}
