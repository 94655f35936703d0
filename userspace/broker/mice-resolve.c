// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Addresses of displays that were named by host: see mice-resolve.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "mice-resolve.h"

#include <string.h>

#include "avahi.h"
#include "mice-message.h"
#include "reason.h"

/* RFC 1035, 2.3.4 */
#define MAX_NAME 253
#define MAX_LABEL 63

struct mice_resolve {
	char *host;
	guint16 port;
	GResolver *resolver;
	GCancellable *cancellable;
	guint open; /* questions that were not answered */
	guint timer;
	guint idle; /* for what is known at once */
	GPtrArray *known;
	GError *first; /* what the first question failed with */
	mice_resolved *resolved;
	gpointer user_data;
};

gboolean mice_host_is_numeric(const char *host)
{
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(host, 0);

	return address != NULL;
}

static gboolean is_label(const char *label)
{
	gsize len = strlen(label);

	if (len == 0 || len > MAX_LABEL || label[0] == '-')
		return FALSE;
	for (gsize i = 0; i < len; i++) {
		if (!g_ascii_isalnum(label[i]) && label[i] != '-' && label[i] != '_')
			return FALSE;
	}
	return TRUE;
}

static gboolean is_name(const char *name)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);

	if (strlen(name) > MAX_NAME)
		return FALSE;
	for (char **label = labels; *label; label++) {
		if (!is_label(*label))
			return FALSE;
	}
	return labels[0] != NULL;
}

char *mice_host_parse(const char *text, guint16 *port)
{
	g_autoptr(GSocketConnectable) parsed = NULL;
	g_autofree char *ascii = NULL;
	g_autofree char *lower = NULL;
	const char *host = text;
	gsize len;

	*port = MICE_PORT;
	if (!g_utf8_validate(text, -1, NULL))
		return NULL;
	if (!mice_host_is_numeric(text)) {
		parsed = g_network_address_parse(text, MICE_PORT, NULL);
		if (!parsed)
			return NULL;
		host = g_network_address_get_hostname(G_NETWORK_ADDRESS(parsed));
		*port = g_network_address_get_port(G_NETWORK_ADDRESS(parsed));
	}
	if (*port == 0)
		return NULL;
	if (mice_host_is_numeric(host))
		return g_strdup(host);
	ascii = g_hostname_to_ascii(host);
	if (!ascii)
		return NULL;
	lower = g_ascii_strdown(ascii, -1);
	/* The root may be said, and means nothing here. */
	len = strlen(lower);
	if (len > 1 && lower[len - 1] == '.')
		lower[len - 1] = '\0';
	return is_name(lower) ? g_steal_pointer(&lower) : NULL;
}

/* Any domain will do. */
static gboolean is_local(const char *domain)
{
	return !*domain || g_str_equal(domain, ".local");
}

int mice_host_compare(const char *host, const char *other)
{
	gsize len = strcspn(host, ".");

	if (len != strcspn(other, ".") || strncmp(host, other, len) != 0)
		return 1;
	if (g_str_equal(host + len, other + len) || is_local(host + len) || is_local(other + len))
		return 0;
	return -1;
}

static void done(mice_resolve *r, GPtrArray *addresses, const GError *error)
{
	g_cancellable_cancel(r->cancellable);
	g_clear_handle_id(&r->timer, g_source_remove);
	g_clear_handle_id(&r->idle, g_source_remove);
	r->resolved(r, addresses, error, r->user_data);
}

static void fail(mice_resolve *r, const char *why)
{
	g_autoptr(GError) error = g_error_new(REASON_ERROR, REASON_HOST_UNKNOWN,
					      "no address of %s was found: %s", r->host, why);

	done(r, NULL, error);
}

static gboolean is_of_use(GInetAddress *address)
{
	return !g_inet_address_get_is_any(address) && !g_inet_address_get_is_multicast(address) &&
	       !(g_inet_address_get_family(address) == G_SOCKET_FAMILY_IPV6 &&
		 g_inet_address_get_is_link_local(address));
}

/* The first one that has something is believed; @error: it has nothing. */
static void take_answer(mice_resolve *r, GPtrArray *addresses, const GError *error)
{
	r->open--;
	if (addresses->len) {
		done(r, addresses, NULL);
		return;
	}
	if (!r->first)
		r->first = error ? g_error_copy(error) :
				   g_error_new_literal(REASON_ERROR, REASON_HOST_UNKNOWN,
						       "it has none that can be used from here");
	if (r->open == 0)
		fail(r, r->first->message);
}

static void answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	mice_resolve *r = user_data;
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GError) error = NULL;
	GList *list = g_resolver_lookup_by_name_finish(G_RESOLVER(source), result, &error);

	/* Then @r may have gone. */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	for (GList *l = list; l && addresses->len < MICE_MAX_ADDRESSES; l = l->next) {
		if (is_of_use(l->data))
			g_ptr_array_add(addresses, g_inet_socket_address_new(l->data, r->port));
	}
	g_resolver_free_addresses(list);
	take_answer(r, addresses, error);
}

static void avahi_answered(GObject *source, GAsyncResult *result, gpointer user_data)
{
	mice_resolve *r = user_data;
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error);
	GSocketAddress *address = NULL;
	const char *text;
	gint32 interface;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return;
	if (reply) {
		g_variant_get(reply, "(iisi&su)", &interface, NULL, NULL, NULL, &text, NULL);
		address = avahi_make_address(text, interface, r->port);
	}
	if (address)
		g_ptr_array_add(addresses, address);
	take_answer(r, addresses, error);
}

static void ask_avahi(mice_resolve *r, GDBusConnection *bus, const char *name)
{
	r->open++;
	g_dbus_connection_call(bus, AVAHI_NAME, "/", AVAHI_NAME ".Server", "ResolveHostName",
			       g_variant_new("(iisiu)", -1, -1, name, -1, 0),
			       G_VARIANT_TYPE("(iisisu)"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
			       AVAHI_CALL_MS, r->cancellable, avahi_answered, r);
}

static void ask(mice_resolve *r, const char *name)
{
	r->open++;
	g_resolver_lookup_by_name_async(r->resolver, name, r->cancellable, answered, r);
}

static gboolean timed_out(gpointer user_data)
{
	mice_resolve *r = user_data;
	g_autofree char *why = g_strdup_printf("there was no answer within %.1f s",
					       MICE_RESOLVE_MS / 1000.0);

	r->timer = 0;
	fail(r, why);
	return G_SOURCE_REMOVE;
}

static gboolean tell_known(gpointer user_data)
{
	mice_resolve *r = user_data;

	r->idle = 0;
	done(r, r->known, NULL);
	return G_SOURCE_REMOVE;
}

static GPtrArray *from_numeric(const char *host, guint16 port)
{
	GSocketAddress *address = g_inet_socket_address_new_from_string(host, port);
	GPtrArray *addresses;

	if (!address)
		return NULL;
	addresses = g_ptr_array_new_with_free_func(g_object_unref);
	g_ptr_array_add(addresses, address);
	return addresses;
}

mice_resolve *mice_resolve_new(const char *host, guint16 port, GPtrArray *known,
			       GDBusConnection *bus, mice_resolved *resolved, gpointer user_data)
{
	mice_resolve *r = g_new0(mice_resolve, 1);
	g_autofree char *local = NULL;

	r->host = g_strdup(host);
	r->port = port;
	r->resolved = resolved;
	r->user_data = user_data;
	r->cancellable = g_cancellable_new();
	r->resolver = g_resolver_get_default();
	r->known = known ? g_ptr_array_ref(known) : from_numeric(host, port);
	if (r->known) {
		r->idle = g_idle_add(tell_known, r);
		return r;
	}
	r->timer = g_timeout_add(MICE_RESOLVE_MS, timed_out, r);
	ask(r, host);
	if (!strchr(host, '.')) {
		local = g_strconcat(host, ".local", NULL);
		ask(r, local);
	} else if (g_str_has_suffix(host, ".local")) {
		local = g_strdup(host);
	}
	if (local && bus)
		ask_avahi(r, bus, local);
	return r;
}

void mice_resolve_free(mice_resolve *r)
{
	if (!r)
		return;
	g_cancellable_cancel(r->cancellable);
	g_object_unref(r->cancellable);
	g_object_unref(r->resolver);
	g_clear_handle_id(&r->timer, g_source_remove);
	g_clear_handle_id(&r->idle, g_source_remove);
	g_clear_error(&r->first);
	g_clear_pointer(&r->known, g_ptr_array_unref);
	g_free(r->host);
	g_free(r);
}
