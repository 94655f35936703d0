// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Displays of the network: see mice-sinks.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "mice-sinks.h"

#include <string.h>

#include "mice-message.h"
#include "mice-resolve.h"

struct mice_sinks {
	link_backend *backend;
	GHashTable *known; /* id -> struct known */
};

struct known {
	link_sink *sink;
	GHashTable *services; /* key -> GSocketAddress: those that say that it is there */
	gboolean found; /* at some time */
	gboolean used;
};

static void known_free(struct known *known)
{
	link_sink_unref(known->sink);
	g_hash_table_unref(known->services);
	g_free(known);
}

static char *id_of(const char *host, guint16 port)
{
	if (port == MICE_PORT)
		return g_strconcat(LINK_MICE_PREFIX, host, NULL);
	return g_strdup_printf(strchr(host, ':') ? LINK_MICE_PREFIX "[%s]:%u" :
						   LINK_MICE_PREFIX "%s:%u", host, port);
}

static struct known *add(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_new0(struct known, 1);

	known->sink = link_sink_ref(sink);
	known->services = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	g_hash_table_insert(sinks->known, known->sink->id, known);
	return known;
}

static void forget(mice_sinks *sinks, struct known *known)
{
	g_autoptr(link_sink) held = link_sink_ref(known->sink);

	g_hash_table_remove(sinks->known, held->id);
	link_emit_sink_gone(sinks->backend, held);
}

/* FALSE: all that are known are needed. */
static gboolean make_room(mice_sinks *sinks)
{
	struct known *oldest = NULL, *known;
	GHashTableIter iter;

	if (g_hash_table_size(sinks->known) < MICE_MAX_SINKS)
		return TRUE;
	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (!known->used && !known->sink->present &&
		    (!oldest || known->sink->last_seen_us < oldest->sink->last_seen_us))
			oldest = known;
	}
	if (oldest)
		forget(sinks, oldest);
	return oldest != NULL;
}

void mice_sinks_found(mice_sinks *sinks, const struct avahi_service *service)
{
	guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(service->address));
	guint16 none;
	g_autofree char *host = mice_host_parse(service->host, &none);
	g_autofree char *name = link_clean_text(service->name);
	g_autofree char *id = NULL;
	struct known *known;

	if (!host || none != MICE_PORT) {
		g_debug("a service is on a host that is none");
		return;
	}
	id = id_of(host, port);
	known = g_hash_table_lookup(sinks->known, id);
	if (!known) {
		g_autoptr(link_sink) sink = NULL;

		if (!make_room(sinks))
			return;
		sink = link_sink_new(sinks->backend->impl->name, id, *name ? name : host);
		known = add(sinks, sink);
	}
	if (*name && !g_str_equal(known->sink->name, name)) {
		g_free(known->sink->name);
		known->sink->name = g_steal_pointer(&name);
	}
	g_hash_table_replace(known->services, g_strdup(service->key), g_object_ref(service->address));
	known->found = TRUE;
	known->sink->present = TRUE;
	known->sink->last_seen_us = g_get_monotonic_time();
	link_emit_sink_changed(sinks->backend, known->sink);
}

static void out_of_sight(mice_sinks *sinks, struct known *known)
{
	known->sink->present = FALSE;
	known->sink->last_seen_us = g_get_monotonic_time();
	link_emit_sink_changed(sinks->backend, known->sink);
}

void mice_sinks_lost(mice_sinks *sinks, const char *key)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (!g_hash_table_remove(known->services, key))
			continue;
		if (g_hash_table_size(known->services) == 0)
			out_of_sight(sinks, known);
		return;
	}
}

void mice_sinks_lose_all(mice_sinks *sinks)
{
	GHashTableIter iter;
	struct known *known;

	g_hash_table_iter_init(&iter, sinks->known);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&known)) {
		if (g_hash_table_size(known->services) == 0)
			continue;
		g_hash_table_remove_all(known->services);
		out_of_sight(sinks, known);
	}
}

link_sink *mice_sinks_reach(mice_sinks *sinks, const char *host, guint16 port)
{
	g_autofree char *id = id_of(host, port);
	g_autofree char *name = link_clean_text(host);
	struct known *known = g_hash_table_lookup(sinks->known, id);

	return known ? link_sink_ref(known->sink) :
		       link_sink_new(sinks->backend->impl->name, id, name);
}

void mice_sinks_use(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	if (!known)
		known = add(sinks, sink);
	known->used = TRUE;
}

void mice_sinks_unuse(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	if (!known)
		return;
	known->used = FALSE;
	if (!known->found)
		forget(sinks, known);
}

/* A link-local address last: not everybody answers there. */
GPtrArray *mice_sinks_addresses(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);
	g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_object_unref);
	GHashTableIter iter;
	GSocketAddress *address;

	if (!known)
		return NULL;
	g_hash_table_iter_init(&iter, known->services);
	while (addresses->len < MICE_MAX_ADDRESSES &&
	       g_hash_table_iter_next(&iter, NULL, (gpointer *)&address)) {
		gboolean v6 = g_socket_address_get_family(address) == G_SOCKET_FAMILY_IPV6;

		g_ptr_array_insert(addresses, v6 ? -1 : 0, g_object_ref(address));
	}
	return addresses->len ? g_steal_pointer(&addresses) : NULL;
}

gboolean mice_sinks_forget(mice_sinks *sinks, link_sink *sink)
{
	struct known *known = g_hash_table_lookup(sinks->known, sink->id);

	return known && !known->used && !sink->present && g_hash_table_remove(sinks->known, sink->id);
}

mice_sinks *mice_sinks_new(link_backend *backend)
{
	mice_sinks *sinks = g_new0(mice_sinks, 1);

	sinks->backend = backend;
	sinks->known = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)known_free);
	return sinks;
}

void mice_sinks_free(mice_sinks *sinks)
{
	g_hash_table_unref(sinks->known);
	g_free(sinks);
}
